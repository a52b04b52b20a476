//! Checking certificate chains.

use std::time::Duration;

use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, UnixTime,
};
use webpki::{EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

use super::Usage;
use crate::crypto::meter;
use crate::time::Utc;

/// Why a chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A certificate's validity is over.
    #[error("a certificate has expired")]
    Expired,
    /// A certificate's validity has not begun.
    #[error("a certificate is not valid yet")]
    NotYetValid,
    /// No path leads to one of the roots.
    #[error("the issuer is unknown")]
    UnknownIssuer,
    /// A signature does not match its issuer's key.
    #[error("a certificate's signature does not match")]
    BadSignature,
    /// The certificate, or a CA above it, is not meant for that.
    #[error("the certificate is not meant for this use")]
    WrongUsage,
    /// Not a certificate.
    #[error("a certificate is malformed")]
    Malformed,
    /// Anything else.
    #[error("the chain was refused: {0}")]
    Other(String),
}

/// Checks that `leaf` leads to one of `roots` over `intermediates` (all DER), that every certificate is valid
/// at `at`, and that the chain is meant for `usage`.
pub fn verify_chain(
    leaf: &[u8],
    intermediates: &[&[u8]],
    roots: &[&[u8]],
    at: Utc,
    usage: Usage,
) -> Result<(), ChainError> {
    let intermediates: Vec<CertificateDer<'_>> = intermediates.iter().map(|&der| der.into()).collect();
    let roots: Vec<CertificateDer<'_>> = roots.iter().map(|&der| der.into()).collect();
    let anchors =
        roots.iter().map(anchor_from_trusted_cert).collect::<Result<Vec<_>, _>>().map_err(|e| reason(&e))?;
    let leaf = CertificateDer::from(leaf);
    let leaf = EndEntityCert::try_from(&leaf).map_err(|e| reason(&e))?;
    let now = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at.unix_seconds()).unwrap_or(0)));
    let usage = match usage {
        Usage::ClientAuth => KeyUsage::client_auth(),
        Usage::ServerAuth => KeyUsage::server_auth(),
        // 2.23.133.8.1 and .3: what is missing in a CA is not asked of it.
        Usage::EndorsementKey => KeyUsage::required_if_present(&[0x67, 0x81, 0x05, 0x08, 0x01]),
        Usage::AttestationKey => KeyUsage::required_if_present(&[0x67, 0x81, 0x05, 0x08, 0x03]),
    };
    leaf.verify_for_usage(ALGORITHMS, &anchors, &intermediates, now, usage, None, None)
        .map(|_| ())
        .map_err(|e| reason(&e))
}

const ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    &Counted(webpki::ring::ECDSA_P256_SHA256),
    &Counted(webpki::ring::ECDSA_P256_SHA384),
    &Counted(webpki::ring::ECDSA_P384_SHA256),
    &Counted(webpki::ring::ECDSA_P384_SHA384),
    &Counted(webpki::ring::RSA_PKCS1_2048_8192_SHA256),
    &Counted(webpki::ring::RSA_PKCS1_2048_8192_SHA384),
    &Counted(webpki::ring::RSA_PKCS1_2048_8192_SHA512),
];

/// An algorithm whose use is counted.
#[derive(Debug)]
struct Counted(&'static dyn SignatureVerificationAlgorithm);

impl SignatureVerificationAlgorithm for Counted {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        meter::count(|work| work.verifications += 1);
        self.0.verify_signature(public_key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0.signature_alg_id()
    }
}

fn reason(error: &Error) -> ChainError {
    match error {
        Error::CertExpired { .. } => ChainError::Expired,
        Error::CertNotValidYet { .. } => ChainError::NotYetValid,
        Error::UnknownIssuer => ChainError::UnknownIssuer,
        Error::InvalidSignatureForPublicKey => ChainError::BadSignature,
        Error::RequiredEkuNotFoundContext(_)
        | Error::EndEntityUsedAsCa
        | Error::CaUsedAsEndEntity
        | Error::PathLenConstraintViolated => ChainError::WrongUsage,
        Error::BadDer
        | Error::BadDerTime
        | Error::ExtensionValueInvalid
        | Error::MalformedExtensions
        | Error::InvalidCertValidity
        | Error::TrailingData(_)
        | Error::UnsupportedCertVersion => ChainError::Malformed,
        other => ChainError::Other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{KeyKind, PrivateKey};
    use crate::ids::Guid;
    use crate::rng::Stream;
    use crate::x509::{
        AttributeType, DeviceExtensions, Extension, IssueRequest, Name, Profile, issue, oid,
        parse_certificate,
    };
    use proptest::prelude::*;

    const NOW: Utc = Utc::from_unix_seconds(1_795_161_600);

    /// A root, a CA below it, and the means to issue more.
    struct Pki {
        kind: KeyKind,
        stream: Stream,
        root: Vec<u8>,
        ca_key: PrivateKey,
        ca_name: Name,
        ca: Vec<u8>,
    }

    impl Pki {
        fn new(kind: KeyKind) -> Self {
            let mut stream = Stream::new(1, &["pki"]);
            let (root_key, ca_key) =
                (PrivateKey::generate(kind, &mut stream), PrivateKey::generate(kind, &mut stream));
            let root_name = Name::common_name("Root").with(AttributeType::Country, "US");
            let ca_name = Name::organization_access(Guid::NIL);
            let root = request(&root_name, &root_name, &root_key, Profile::ca(Some(1)));
            // Real CAs often carry the usages that they may give.
            let profile =
                Profile { usages: vec![Usage::ClientAuth, Usage::ServerAuth], ..Profile::ca(Some(0)) };
            let ca = request(&root_name, &ca_name, &ca_key, profile);
            let (root, ca) = (issue(&root, &root_key), issue(&ca, &root_key));
            Self { kind, stream, root, ca_key, ca_name, ca }
        }

        fn issue(&mut self, profile: Profile) -> Vec<u8> {
            let key = PrivateKey::generate(self.kind, &mut self.stream);
            issue(&request(&self.ca_name, &Name::common_name("leaf"), &key, profile), &self.ca_key)
        }

        fn verify(&self, leaf: &[u8], at: Utc, usage: Usage) -> Result<(), ChainError> {
            verify_chain(leaf, &[&self.ca], &[&self.root], at, usage)
        }
    }

    fn request(issuer: &Name, subject: &Name, key: &PrivateKey, profile: Profile) -> IssueRequest {
        IssueRequest {
            serial: vec![0x80, 1],
            issuer: issuer.clone(),
            subject: subject.clone(),
            public_key: key.public().clone(),
            not_before: NOW.plus_days(-1),
            not_after: NOW.plus_days(3650),
            profile,
        }
    }

    #[test]
    fn good_chains_hold() {
        for kind in [KeyKind::P256, KeyKind::Rsa2048] {
            let mut pki = Pki::new(kind);
            let client = pki.issue(Profile::client());
            assert_eq!(pki.verify(&client, NOW, Usage::ClientAuth), Ok(()));
            let server = pki.issue(Profile::server(&["mdm.test"], &["127.0.0.1".parse().unwrap()]));
            assert_eq!(pki.verify(&server, NOW, Usage::ServerAuth), Ok(()));
            assert_eq!(parse_certificate(&server).unwrap().dns_names, ["mdm.test"]);
        }
    }

    #[test]
    fn bad_chains_do_not() {
        let mut pki = Pki::new(KeyKind::P256);
        let client = pki.issue(Profile::client());
        assert_eq!(pki.verify(&client, NOW.plus_days(3651), Usage::ClientAuth), Err(ChainError::Expired));
        assert_eq!(pki.verify(&client, NOW.plus_days(-2), Usage::ClientAuth), Err(ChainError::NotYetValid));
        assert_eq!(pki.verify(&client, NOW, Usage::ServerAuth), Err(ChainError::WrongUsage));
        assert_eq!(pki.verify(&pki.ca, NOW, Usage::ClientAuth), Err(ChainError::WrongUsage));
        assert_eq!(pki.verify(b"MII", NOW, Usage::ClientAuth), Err(ChainError::Malformed));
        let alone = verify_chain(&client, &[], &[&pki.root], NOW, Usage::ClientAuth);
        assert_eq!(alone, Err(ChainError::UnknownIssuer));
        let mut changed = client.clone();
        let last = changed.len() - 1;
        changed[last] ^= 1;
        assert_eq!(pki.verify(&changed, NOW, Usage::ClientAuth), Err(ChainError::BadSignature));
        // A client certificate issues nothing.
        let (key, name) = (PrivateKey::generate(KeyKind::P256, &mut pki.stream), Name::common_name("middle"));
        let middle = issue(&request(&pki.ca_name, &name, &key, Profile::client()), &pki.ca_key);
        let leaf = issue(&request(&name, &Name::common_name("leaf"), &key, Profile::client()), &key);
        let chain = verify_chain(&leaf, &[&middle, &pki.ca], &[&pki.root], NOW, Usage::ClientAuth);
        assert_eq!(chain, Err(ChainError::WrongUsage));
    }

    #[test]
    fn entra_device_certificate() {
        let mut pki = Pki::new(KeyKind::P256);
        let extensions = DeviceExtensions {
            device_id: Guid::derive(1, &["device"]),
            user_id: Guid::derive(1, &["user"]),
            tenant_id: Guid::derive(1, &["tenant"]),
            join_type: 0,
            region: Some("EU".into()),
        };
        let leaf = pki.issue(Profile { extensions: extensions.encode(), ..Profile::client() });
        assert_eq!(pki.verify(&leaf, NOW, Usage::ClientAuth), Ok(()));
        let parsed = parse_certificate(&leaf).unwrap();
        assert_eq!(DeviceExtensions::decode(&parsed), Ok(extensions));
        assert_eq!(
            parsed.issuer.to_string(),
            "DC=net, DC=windows, CN=MS-Organization-Access, OU=00000000-0000-0000-0000-000000000000"
        );
        let critical = |oid: &str| parsed.extensions.iter().any(|e| e.oid == oid && e.critical);
        assert!(critical(oid::EXTENDED_KEY_USAGE) && critical(oid::BASIC_CONSTRAINTS));
        assert!(!parsed.is_ca && parsed.allows(Usage::ClientAuth) && !parsed.allows(Usage::ServerAuth));
        assert_eq!((parsed.subject_cn.as_str(), parsed.serial.as_slice()), ("leaf", [0x80, 1].as_slice()));
        assert_eq!((parsed.not_before, parsed.not_after), (NOW.plus_days(-1), NOW.plus_days(3650)));
        assert_eq!(parsed.sha1_thumbprint_hex_upper().len(), 40);
        let plain = parse_certificate(&pki.issue(Profile::client())).unwrap();
        assert!(DeviceExtensions::decode(&plain).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes: Vec<u8>, at: prop::sample::Index, value: u8) {
            let mut pki = Pki::new(KeyKind::P256);
            let usages = vec![Extension::new("1.2.3", bytes.clone())];
            let mut leaf = pki.issue(Profile { extensions: usages, ..Profile::server(&["a.test"], &[]) });
            let at = at.index(leaf.len());
            leaf[at] = value;
            for der in [&leaf, &bytes] {
                let _ = parse_certificate(der).map(|certificate| DeviceExtensions::decode(&certificate));
                let _ = pki.verify(der, NOW, Usage::ServerAuth);
                let _ = verify_chain(&pki.ca, &[der], &[der], NOW, Usage::ServerAuth);
            }
        }
    }
}
