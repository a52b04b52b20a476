//! TLS with the world's clocks and the device's keys: certificates are checked against virtual time, and the client's
//! key signs where it lives.

use std::sync::{Arc, Mutex, PoisonError};

use oobe_agent::keys::KeyName;
use oobe_wire::crypto::KeyKind;
use oobe_wire::time::Utc;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore, SignatureAlgorithm, SignatureScheme};

use crate::world::host::KeyRing;

/// The crypto provider, named rather than taken from the process.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Tells TLS the time.
pub(super) struct Clock<F>(pub(super) F);

impl<F> std::fmt::Debug for Clock<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl<F: Fn() -> Utc + Send + Sync> TimeProvider for Clock<F> {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0().unix_seconds()).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
    }
}

/// A key store that TLS threads may use.
pub(super) type SharedKeys = Arc<Mutex<KeyRing>>;

/// A client certificate whose key lives in a key store.
#[derive(Debug)]
pub(super) struct StoreIdentity {
    certified: Arc<CertifiedKey>,
}

impl StoreIdentity {
    pub(super) fn new(certificate: &[u8], key: &KeyName, kind: KeyKind, keys: &SharedKeys) -> Self {
        let key = StoreKey { name: key.clone(), kind, keys: Arc::clone(keys) };
        let chain = vec![CertificateDer::from(certificate.to_vec())];
        Self { certified: Arc::new(CertifiedKey::new(chain, Arc::new(key))) }
    }
}

impl ResolvesClientCert for StoreIdentity {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.certified))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[derive(Clone)]
struct StoreKey {
    name: KeyName,
    kind: KeyKind,
    keys: SharedKeys,
}

impl std::fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoreKey({})", self.name)
    }
}

impl StoreKey {
    fn scheme(&self) -> SignatureScheme {
        match self.kind {
            KeyKind::P256 => SignatureScheme::ECDSA_NISTP256_SHA256,
            KeyKind::Rsa2048 => SignatureScheme::RSA_PKCS1_SHA256,
        }
    }
}

impl SigningKey for StoreKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&self.scheme()).then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.kind {
            KeyKind::P256 => SignatureAlgorithm::ECDSA,
            KeyKind::Rsa2048 => SignatureAlgorithm::RSA,
        }
    }
}

impl Signer for StoreKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.sign(&self.name, message).map_err(|error| rustls::Error::General(error.to_string()))
    }

    fn scheme(&self) -> SignatureScheme {
        Self::scheme(self)
    }
}

/// A TLS client that trusts `roots` at the time that `clock` tells. A device's RSA key signs PKCS#1 v1.5 only, which
/// TLS 1.3 does not allow in a handshake, so an RSA identity means TLS 1.2.
pub(super) fn client(
    roots: &[Vec<u8>],
    identity: Option<(StoreIdentity, KeyKind)>,
    clock: impl Fn() -> Utc + Send + Sync + 'static,
) -> Result<ClientConfig, rustls::Error> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(CertificateDer::from(root.clone()))?;
    }
    let rsa = matches!(identity, Some((_, KeyKind::Rsa2048)));
    let versions: &[&rustls::SupportedProtocolVersion] =
        if rsa { &[&rustls::version::TLS12] } else { rustls::DEFAULT_VERSIONS };
    let builder = ClientConfig::builder_with_details(provider(), Arc::new(Clock(clock)))
        .with_protocol_versions(versions)?
        .with_root_certificates(store);
    Ok(match identity {
        Some((identity, _)) => builder.with_client_cert_resolver(Arc::new(identity)),
        None => builder.with_no_client_auth(),
    })
}
