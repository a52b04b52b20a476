//! Endorsement key certificates (TCG EK Credential Profile).

use der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::derenc;
use crate::encoding::{hex_decode, hex_upper};
use crate::time::Utc;
use crate::x509::{
    AttributeType, ChainError, Extension, Name, ParsedCertificate, Usage, X509Error, oid, parse_certificate,
    verify_chain,
};

/// Extended key usage tcg-kp-EKCertificate.
pub const EK_CERTIFICATE_USAGE: &str = oid::TCG_EK_CERTIFICATE;

const MANUFACTURER: &str = "2.23.133.2.1";
const MODEL: &str = "2.23.133.2.2";
const VERSION: &str = "2.23.133.2.3";

/// Why a certificate is not that of an endorsement key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EkCertificateError {
    /// It cannot be read.
    #[error(transparent)]
    X509(#[from] X509Error),
    /// It is not meant for an endorsement key.
    #[error("the certificate is not one of an endorsement key: the usage {EK_CERTIFICATE_USAGE} is missing")]
    Usage,
    /// It may issue certificates, which no endorsement key does.
    #[error("the certificate is one of a certificate authority")]
    Authority,
    /// It does not say whose TPM that is.
    #[error("the certificate does not name the TPM's manufacturer, model and version")]
    Identity,
}

/// Why a certificate is not the vendor's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VendorCertificateError {
    /// It does not lead to a trusted root, or is not what its issuer signed.
    #[error(transparent)]
    Chain(ChainError),
    /// It, or a certificate above it, is not valid at that time; the rest holds.
    #[error(transparent)]
    Validity(ChainError),
}

/// Which TPM a certificate is about: three attributes of the directory name in its alternative names.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct TpmIdentity {
    /// Four letters of the vendor id registry, e.g. `INTC`; its number, when there are no letters to it (`id:00001014`).
    pub manufacturer: String,
    /// Model.
    pub model: String,
    /// Firmware version when it was made, e.g. `id:00010002`.
    pub version: String,
}

/// A certificate of an endorsement key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EkCertificate {
    /// The certificate.
    pub certificate: ParsedCertificate,
    /// Which TPM it is about.
    pub identity: TpmIdentity,
}

impl EkCertificate {
    /// Reads a certificate. Does not check who signed it: [`EkCertificate::verify`] does.
    pub fn parse(der: &[u8]) -> Result<Self, EkCertificateError> {
        let certificate = parse_certificate(der)?;
        if !certificate.extended_key_usages.iter().any(|usage| usage == EK_CERTIFICATE_USAGE) {
            return Err(EkCertificateError::Usage);
        }
        if certificate.is_ca {
            return Err(EkCertificateError::Authority);
        }
        let identity = certificate
            .extension(oid::SUBJECT_ALT_NAME)
            .and_then(TpmIdentity::read)
            .ok_or(EkCertificateError::Identity)?;
        Ok(Self { certificate, identity })
    }

    /// Checks that the certificate leads to one of the trusted `roots` over `intermediates` (all DER) and is valid `at` that
    /// time; when both fail, it is the chain that failed.
    pub fn verify(
        &self,
        intermediates: &[&[u8]],
        roots: &[&[u8]],
        at: Utc,
    ) -> Result<(), VendorCertificateError> {
        let holds = |at| verify_chain(&self.certificate.der, intermediates, roots, at, Usage::EndorsementKey);
        let error = match holds(at) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if !matches!(error, ChainError::Expired | ChainError::NotYetValid) {
            return Err(VendorCertificateError::Chain(error));
        }
        // Dates are looked at first: whether the rest holds shows when the certificate is valid.
        match holds(self.certificate.not_before) {
            Ok(()) | Err(ChainError::Expired | ChainError::NotYetValid) => {
                Err(VendorCertificateError::Validity(error))
            }
            Err(other) => Err(VendorCertificateError::Chain(other)),
        }
    }
}

impl TpmIdentity {
    /// Reads the alternative names of a certificate (the extension's value).
    fn read(value: &[u8]) -> Option<Self> {
        let names = SubjectAltName::from_der(value).ok()?;
        let directory = names.0.iter().find_map(|name| match name {
            GeneralName::DirectoryName(name) => Some(name),
            _ => None,
        })?;
        let name = Name::read_der(&directory.to_der().ok()?)?;
        let attribute = |oid: &str| {
            let wanted = AttributeType::Other(oid.to_owned());
            name.0.iter().find(|(kind, _)| *kind == wanted).map(|(_, value)| value.clone())
        };
        let manufacturer = attribute(MANUFACTURER)?;
        Some(Self {
            manufacturer: letters(&manufacturer).unwrap_or(manufacturer),
            model: attribute(MODEL)?,
            version: attribute(VERSION)?,
        })
    }

    /// The alternative names of a certificate about this TPM; critical, since such a certificate has no subject.
    pub fn subject_alt_name(&self) -> Extension {
        let mut id = self.manufacturer.clone().into_bytes();
        id.resize(4, 0);
        let number = self.manufacturer.starts_with("id:").then(|| self.manufacturer.clone());
        let id = number.unwrap_or_else(|| format!("id:{}", hex_upper(&id)));
        let name = Name::default()
            .with(AttributeType::Other(MANUFACTURER.into()), id)
            .with(AttributeType::Other(MODEL.into()), self.model.as_str())
            .with(AttributeType::Other(VERSION.into()), self.version.as_str());
        Extension {
            oid: oid::SUBJECT_ALT_NAME.to_owned(),
            critical: true,
            value: derenc::sequence(&[&derenc::context(4, &name.to_der())]),
        }
    }
}

/// `id:494E5443` is INTC. Not every id has letters: that of swtpm is the number `id:00001014` (IBM).
fn letters(id: &str) -> Option<String> {
    let bytes = hex_decode(id.strip_prefix("id:")?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let text = text.trim_end_matches(['\0', ' ']);
    text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ').then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_letters_or_stay_numbers() {
        assert_eq!(letters("id:494E5443").as_deref(), Some("INTC"));
        assert_eq!(letters("id:414D4400").as_deref(), Some("AMD"));
        for no_letters in ["id:00001014", "id:xyz", "INTC"] {
            assert_eq!(letters(no_letters), None);
        }
    }

    #[test]
    fn an_identity_is_read_as_it_is_written() {
        for manufacturer in ["INTC", "id:00001014"] {
            let identity = TpmIdentity {
                manufacturer: manufacturer.to_owned(),
                model: "swtpm".to_owned(),
                version: "id:20191023".to_owned(),
            };
            assert_eq!(TpmIdentity::read(&identity.subject_alt_name().value), Some(identity));
        }
    }
}
