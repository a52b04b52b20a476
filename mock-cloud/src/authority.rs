//! The cloud's certificate authorities, and what they issue. Keys and CA certificates are the same in every world, so
//! they are made once for each kind of keys and shared.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use oobe_wire::crypto::{KeyKind, PrivateKey, PublicKey};
use oobe_wire::encoding::base64url_encode;
use oobe_wire::ids::Guid;
use oobe_wire::time::Utc;
use oobe_wire::x509::{AttributeType, ChainError, IssueRequest, Name, Profile, Usage, issue, verify_chain};

use crate::keys::{Role, load};

/// CA certificates are valid from 2015 to 2049: wider than any world.
const CA_FROM: Utc = Utc::from_unix_seconds(1_420_070_400);
const CA_UNTIL: Utc = Utc::from_unix_seconds(2_493_072_000);

/// How many certificates of each sort are kept for other worlds.
const MOST: usize = 64;

/// A certificate authority.
pub(crate) struct Ca {
    pub(crate) key: PrivateKey,
    pub(crate) name: Name,
    pub(crate) certificate: Vec<u8>,
}

impl Ca {
    fn root(key: PrivateKey, name: Name) -> Self {
        let certificate = certify(&key, &name, &key, &name, Profile::ca(None), "root");
        Self { key, name, certificate }
    }

    fn below(&self, key: PrivateKey, name: Name) -> Self {
        let certificate = certify(&self.key, &self.name, &key, &name, Profile::ca(Some(0)), "issuing");
        Self { key, name, certificate }
    }

    /// Issues a certificate.
    pub(crate) fn issue(
        &self,
        serial: Guid,
        subject: Name,
        key: &PublicKey,
        validity: (Utc, Utc),
        profile: Profile,
    ) -> Vec<u8> {
        let request = IssueRequest {
            serial: serial.to_bytes().to_vec(),
            issuer: self.name.clone(),
            subject,
            public_key: key.clone(),
            not_before: validity.0,
            not_after: validity.1,
            profile,
        };
        issue(&request, &self.key)
    }
}

fn certify(
    ca: &PrivateKey,
    issuer: &Name,
    key: &PrivateKey,
    subject: &Name,
    profile: Profile,
    what: &str,
) -> Vec<u8> {
    let request = IssueRequest {
        serial: Guid::derive(0, &["mock-cloud CA", what, subject.cn().unwrap_or_default()])
            .to_bytes()
            .to_vec(),
        issuer: issuer.clone(),
        subject: subject.clone(),
        public_key: key.public().clone(),
        not_before: CA_FROM,
        not_after: CA_UNTIL,
        profile,
    };
    issue(&request, ca)
}

/// All authorities of a cloud with keys of one kind.
pub(crate) struct Authority {
    /// Signs Entra's tokens.
    pub(crate) tokens: PrivateKey,
    /// The key id of it in tokens and in the JWKS.
    pub(crate) tokens_kid: String,
    /// Its self-signed certificate, for the JWKS.
    pub(crate) tokens_certificate: Vec<u8>,
    /// Issues device certificates: MS-Organization-Access.
    pub(crate) devices: Ca,
    /// Root of the MDM CA.
    pub(crate) mdm_root: Ca,
    /// Issues MDM client certificates.
    pub(crate) mdm: Ca,
    /// Root of the TLS servers.
    pub(crate) tls_root: Ca,
    /// The TLS server's key.
    pub(crate) tls_key: PrivateKey,
    /// A CA that nobody trusts: what an injected fault issues with.
    pub(crate) foreign: Ca,
    /// Issues certificates of attestation keys.
    pub(crate) aik: Ca,
    /// Key of the customers' own CAs.
    customers: PrivateKey,
    customer_roots: Mutex<BTreeMap<String, Arc<Ca>>>,
    tls_servers: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Authority {
    /// The authorities for keys of that kind.
    pub(crate) fn of(kind: KeyKind) -> &'static Self {
        static P256: OnceLock<Authority> = OnceLock::new();
        static RSA: OnceLock<Authority> = OnceLock::new();
        let cell = match kind {
            KeyKind::P256 => &P256,
            KeyKind::Rsa2048 => &RSA,
        };
        cell.get_or_init(|| Self::make(kind))
    }

    fn make(kind: KeyKind) -> Self {
        let tokens = load(kind, Role::TokenSigning);
        let signer = Name::common_name("accounts.accesscontrol.windows.net");
        let unit = Guid::derive(0, &["mock-cloud", "MS-Organization-Access"]);
        let mdm_root =
            Ca::root(load(kind, Role::MdmRoot), test_only("Microsoft Intune Root Certification Authority"));
        let mdm = mdm_root.below(load(kind, Role::MdmIssuing), test_only("Microsoft Intune MDM Device CA"));
        Self {
            tokens_kid: base64url_encode(&oobe_wire::crypto::sha1(&tokens.public().to_spki_der())),
            tokens_certificate: certify(&tokens, &signer, &tokens, &signer, Profile::default(), "tokens"),
            tokens,
            devices: Ca::root(load(kind, Role::OrganizationAccess), Name::organization_access(unit)),
            mdm_root,
            mdm,
            tls_root: Ca::root(load(kind, Role::TlsRoot), test_only("oobe TEST ONLY TLS root")),
            tls_key: load(kind, Role::TlsServer),
            foreign: Ca::root(load(kind, Role::Foreign), test_only("Somebody else's root")),
            aik: Ca::root(load(kind, Role::AikRoot), test_only("Microsoft TPM Root Certificate Authority")),
            customers: load(kind, Role::CustomerRoot),
            customer_roots: Mutex::default(),
            tls_servers: Mutex::default(),
        }
    }

    /// Whether a certificate was issued by MS-Organization-Access and is valid.
    pub(crate) fn verify_device(&self, leaf: &[u8], at: Utc) -> Result<(), ChainError> {
        verify_chain(leaf, &[], &[&self.devices.certificate], at, Usage::ClientAuth)
    }

    /// Whether a certificate was issued by the MDM CA and is valid.
    pub(crate) fn verify_mdm(&self, leaf: &[u8], at: Utc) -> Result<(), ChainError> {
        let intermediates: [&[u8]; 1] = [&self.mdm.certificate];
        verify_chain(leaf, &intermediates, &[&self.mdm_root.certificate], at, Usage::ClientAuth)
    }

    /// Whether a certificate was issued by the attestation service and is valid.
    pub(crate) fn verify_aik(&self, leaf: &[u8], at: Utc) -> Result<(), ChainError> {
        verify_chain(leaf, &[], &[&self.aik.certificate], at, Usage::AttestationKey)
    }

    /// A TLS server's certificate for those names, valid from a month before `now` to a year after. The same names and
    /// time always give the same certificate, so those made last are kept for other worlds.
    pub(crate) fn tls_server(&self, names: &[&str], now: Utc) -> Vec<u8> {
        let of = format!("{} {}", now.unix_seconds(), names.join(" "));
        let mut servers = self.tls_servers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(certificate) = servers.get(&of) {
            return certificate.clone();
        }
        if servers.len() >= MOST {
            servers.clear();
        }
        let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let certificate = self.tls_root.issue(
            Guid::derive(0, &["tls-server", &of]),
            Name::common_name("oobe TEST ONLY cloud"),
            self.tls_key.public(),
            (now.plus_days(-30), now.plus_days(365)),
            Profile::server(names, &addresses),
        );
        servers.insert(of, certificate.clone());
        certificate
    }

    /// A customer's own root, self-signed, with that common name. The same name always gives the same root, so those
    /// made last are kept for other worlds.
    pub(crate) fn customer_root(&self, common_name: &str) -> Arc<Ca> {
        let mut roots = self.customer_roots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(root) = roots.get(common_name) {
            return Arc::clone(root);
        }
        if roots.len() >= MOST {
            roots.clear();
        }
        let root = Arc::new(Ca::root(self.customers.clone(), Name::common_name(common_name)));
        roots.insert(common_name.to_owned(), Arc::clone(&root));
        root
    }
}

fn test_only(common_name: &str) -> Name {
    Name::common_name(common_name).with(AttributeType::OrganizationalUnit, "TEST ONLY")
}
