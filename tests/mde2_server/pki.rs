//! The test CA: server certificate, device certificates, and reading PKCS#10.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, SubjectPublicKeyInfo, date_time_ymd,
};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A root CA with its key.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// A new root.
    pub(crate) fn new(name: &str) -> Self {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("ring makes P-256 keys");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a root can be signed");
        Self { issuer }
    }

    /// The root certificate.
    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// The root certificate as PEM.
    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate and key for this server on loopback.
    pub(crate) fn server(&self) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let mut params = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()])
            .expect("an address and a host name");
        dress(&mut params, "oobetest");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().expect("ring makes P-256 keys");
        let certificate = params.signed_by(&key, &self.issuer).expect("a leaf can be signed");
        (certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }

    /// A device certificate over a SubjectPublicKeyInfo.
    pub(crate) fn device(&self, name: &str, spki: &[u8]) -> Result<CertificateDer<'static>, String> {
        let key = SubjectPublicKeyInfo::from_der(spki).map_err(|e| e.to_string())?;
        let mut params = params(name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.issuer).map_err(|e| e.to_string())?;
        Ok(certificate.der().clone())
    }
}

/// SHA-1 in upper-case hex, the name of a certificate in Windows' stores.
pub(crate) fn thumbprint(der: &[u8]) -> String {
    let digits = digest(&SHA1_FOR_LEGACY_USE_ONLY, der);
    digits.as_ref().iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().concat()
}

/// The SubjectPublicKeyInfo of a key that nobody asked for.
pub(crate) fn stray_key() -> Vec<u8> {
    use rcgen::PublicKeyData as _;
    KeyPair::generate().expect("ring makes P-256 keys").subject_public_key_info()
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    dress(&mut params, name);
    params
}

fn dress(params: &mut CertificateParams, name: &str) {
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2048, 1, 1);
    if params.is_ca == IsCa::NoCa {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    }
}
