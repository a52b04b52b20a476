//! Extensions, as requests ask for them and certificates carry them.

use der::asn1::AnyRef;
use der::{Decode, Tag, Tagged};
use serde::{Deserialize, Serialize};

use super::oid;
use crate::derenc;

/// What a certificate is for.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Usage {
    /// It identifies a client.
    ClientAuth,
    /// It identifies a server.
    ServerAuth,
    /// It is about the endorsement key of a TPM (tcg-kp-EKCertificate).
    EndorsementKey,
    /// It is about the attestation key of a TPM (tcg-kp-AIKCertificate).
    AttestationKey,
}

impl Usage {
    /// The dotted OID of the extended key usage.
    pub const fn oid(self) -> &'static str {
        match self {
            Self::ClientAuth => oid::CLIENT_AUTH,
            Self::ServerAuth => oid::SERVER_AUTH,
            Self::EndorsementKey => oid::TCG_EK_CERTIFICATE,
            Self::AttestationKey => oid::TCG_AIK_CERTIFICATE,
        }
    }
}

/// One extension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Extension {
    /// Dotted OID; one that is not valid is refused with a panic when it is encoded.
    pub oid: String,
    /// Whether who does not know it must reject the certificate.
    pub critical: bool,
    /// What is inside the extension's OCTET STRING.
    pub value: Vec<u8>,
}

impl Extension {
    /// An extension that may be ignored.
    pub fn new(oid: impl Into<String>, value: Vec<u8>) -> Self {
        Self { oid: oid.into(), critical: false, value }
    }

    pub(super) fn critical(oid: &str, value: Vec<u8>) -> Self {
        Self { oid: oid.to_owned(), critical: true, value }
    }

    pub(super) fn to_der(&self) -> Vec<u8> {
        let critical = if self.critical { derenc::boolean(true) } else { Vec::new() };
        derenc::sequence(&[&derenc::oid(&self.oid), &critical, &derenc::octets(&self.value)])
    }

    pub(super) fn read(extension: &x509_cert::ext::Extension) -> Self {
        Self {
            oid: extension.extn_id.to_string(),
            critical: extension.critical,
            value: extension.extn_value.as_bytes().to_vec(),
        }
    }

    /// Extended key usages.
    pub fn extended_key_usage(usages: &[Usage], critical: bool) -> Self {
        let oids: Vec<Vec<u8>> = usages.iter().map(|usage| derenc::oid(usage.oid())).collect();
        let value = derenc::tlv(derenc::SEQUENCE, &oids.concat());
        Self { oid: oid::EXTENDED_KEY_USAGE.to_owned(), critical, value }
    }

    /// The registration service's nonce in a join request (reference: protocols, A.2). How the service wants
    /// it encoded is not published: a UTF8String here, a *model*.
    pub fn join_nonce(nonce: &str) -> Self {
        Self::new(oid::JOIN_NONCE, derenc::tlv(derenc::UTF8_STRING, nonce.as_bytes()))
    }

    /// The MDM device id in an enrolment request: its characters and a NUL (reference: protocols, B.5).
    pub fn mdm_device_id(device_id: &str) -> Self {
        Self::new(oid::MDM_DEVICE_ID, [device_id.as_bytes(), &[0]].concat())
    }

    /// The value as text: of an ASN.1 string in it, or its bytes when they are text. NULs at its end are
    /// dropped.
    pub fn text(&self) -> Option<String> {
        let text = AnyRef::from_der(&self.value).ok().and_then(asn1_text);
        let text = text.or_else(|| String::from_utf8(self.value.clone()).ok())?;
        Some(text.trim_end_matches('\0').to_owned())
    }
}

/// The text of an ASN.1 string of any type, however badly its characters fit the type.
pub(super) fn asn1_text(any: AnyRef<'_>) -> Option<String> {
    match any.tag() {
        Tag::BmpString => {
            let units: Vec<u16> = any
                .value()
                .chunks(2)
                .map(|pair| pair.iter().fold(0, |n, b| n << 8 | u16::from(*b)))
                .collect();
            Some(String::from_utf16_lossy(&units))
        }
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::Ia5String
        | Tag::TeletexString
        | Tag::VisibleString
        | Tag::NumericString
        | Tag::OctetString => Some(String::from_utf8_lossy(any.value()).into_owned()),
        _ => None,
    }
}
