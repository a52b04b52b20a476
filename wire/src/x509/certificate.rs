//! Reading certificates.

use der::oid::AssociatedOid;
use der::{Decode, Encode};
use x509_cert::Certificate;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, SubjectAltName};

use super::{Extension, Name, Usage, X509Error};
use crate::crypto::PublicKey;
use crate::time::Utc;

/// A certificate, read. Reading does not check the signature: [`super::verify_chain`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedCertificate {
    /// The certificate itself.
    pub der: Vec<u8>,
    /// Serial number, big-endian, without leading zeros.
    pub serial: Vec<u8>,
    /// Whom it identifies.
    pub subject: Name,
    /// The first common name of the subject; empty when there is none.
    pub subject_cn: String,
    /// Who issued it.
    pub issuer: Name,
    /// First instant of validity.
    pub not_before: Utc,
    /// Last instant of validity.
    pub not_after: Utc,
    /// The holder's key.
    pub public_key: PublicKey,
    /// Whether it may issue certificates.
    pub is_ca: bool,
    /// Extended key usages, dotted OIDs.
    pub extended_key_usages: Vec<String>,
    /// DNS names.
    pub dns_names: Vec<String>,
    /// All extensions.
    pub extensions: Vec<Extension>,
}

/// Reads a certificate (DER).
pub fn parse_certificate(der: &[u8]) -> Result<ParsedCertificate, X509Error> {
    let malformed = |e: der::Error| X509Error::Malformed(e.to_string());
    let certificate = Certificate::from_der(der).map_err(malformed)?;
    let tbs = certificate.tbs_certificate();
    let spki = tbs.subject_public_key_info().to_der().map_err(malformed)?;
    let public_key = PublicKey::from_spki_der(&spki).map_err(|_| X509Error::UnsupportedKey)?;
    let extensions = tbs.extensions().map(Vec::as_slice).unwrap_or_default();
    let subject = Name::read(tbs.subject());
    let serial = tbs.serial_number().as_bytes();
    let alt_names = decode_extension::<SubjectAltName>(extensions)?;
    Ok(ParsedCertificate {
        der: der.to_vec(),
        serial: serial[serial.iter().take_while(|b| **b == 0).count()..].to_vec(),
        subject_cn: subject.cn().unwrap_or_default().trim_end_matches('\0').to_owned(),
        subject,
        issuer: Name::read(tbs.issuer()),
        not_before: instant(tbs.validity().not_before),
        not_after: instant(tbs.validity().not_after),
        public_key,
        is_ca: decode_extension::<BasicConstraints>(extensions)?.is_some_and(|c| c.ca),
        extended_key_usages: decode_extension::<ExtendedKeyUsage>(extensions)?
            .map(|usages| usages.0.iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        dns_names: alt_names.map(|names| names.0.iter().filter_map(dns_name).collect()).unwrap_or_default(),
        extensions: extensions.iter().map(Extension::read).collect(),
    })
}

fn decode_extension<T>(extensions: &[x509_cert::ext::Extension]) -> Result<Option<T>, X509Error>
where
    T: AssociatedOid + for<'a> Decode<'a, Error = der::Error>,
{
    let Some(extension) = extensions.iter().find(|e| e.extn_id == T::OID) else { return Ok(None) };
    T::from_der(extension.extn_value.as_bytes()).map(Some).map_err(|e| X509Error::Malformed(e.to_string()))
}

fn dns_name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        _ => None,
    }
}

fn instant(time: x509_cert::time::Time) -> Utc {
    Utc::from_unix_seconds(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX))
}

impl ParsedCertificate {
    /// Upper-case hexadecimal SHA-1 of the certificate, Windows' name for it.
    pub fn sha1_thumbprint_hex_upper(&self) -> String {
        crate::encoding::hex_upper(&crate::crypto::sha1(&self.der))
    }

    /// The value of the extension with that dotted OID.
    pub fn extension(&self, oid: &str) -> Option<&[u8]> {
        self.extensions.iter().find(|e| e.oid == oid).map(|e| e.value.as_slice())
    }

    /// Whether the extended key usages allow `usage`; without the extension everything is allowed.
    pub fn allows(&self, usage: Usage) -> bool {
        self.extended_key_usages.is_empty() || self.extended_key_usages.iter().any(|oid| oid == usage.oid())
    }
}
