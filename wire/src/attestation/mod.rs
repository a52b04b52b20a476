//! What a device and the attestation service say to each other (MOD-017): JSON over HTTPS on the service's AIK host. The
//! real exchange is not public (reference: protocols, section 0, row 5). Its pattern is the public key attestation of
//! MS-WCCE (certificate enrolment with an encrypted certificate, which only the TPM of the endorsement key can open), and
//! everything inside is as the TPM 2.0 Library and the TCG profiles have it: public areas, credentials, quotes and logs
//! are the bytes of a TPM, in base64 of the standard alphabet.
//!
//! One run has three requests:
//!
//! 1. [`CHALLENGE_PATH`]: the device shows its endorsement key and its attestation key (AIK), and gets a credential that
//!    its TPM alone can open (`TPM2_MakeCredential` on the service's side), and a nonce.
//! 2. [`ATTEST_PATH`]: it shows the opened secret, a quote over the nonce and the event log behind it, and gets a
//!    certificate for its AIK, and another nonce.
//! 3. [`DEVICE_TOKEN_PATH`]: it shows that the key that it will join with lives in the same TPM (`TPM2_Certify` by the AIK
//!    over that nonce), and gets a device token: the authority to join without a user, once.
//!
//! The join then carries the AIK's certificate in `AikCertificate` and the same statement, [`KeyAttestation::encode`] in
//! base64, in `AttestationData` (reference: protocols, A.3), with the device token as its bearer token.

mod base64_bytes;
mod key_attestation;

use serde::{Deserialize, Serialize};

use crate::ids::Guid;

pub use key_attestation::{KeyAttestation, KeyAttestationError};

/// Version of the messages.
pub const VERSION: u32 = 1;

/// Domain of the AIK hosts (reference: protocols, section 0, row 5). A host is `{vendor}-keyid-{hash}` below it.
pub const AIK_DOMAIN: &str = "microsoftaik.azure.net";

/// `POST`: [`ChallengeRequest`], [`ChallengeReply`].
pub const CHALLENGE_PATH: &str = "/aik/v1/challenge";
/// `POST`: [`AttestRequest`], [`AttestReply`].
pub const ATTEST_PATH: &str = "/aik/v1/attest";
/// `POST`: [`DeviceTokenRequest`], [`DeviceTokenReply`].
pub const DEVICE_TOKEN_PATH: &str = "/aik/v1/devicetoken";

/// The AIK host of a TPM. The real names are `{vendor}-keyid-{hash of the vendor CA's key}`, which needs the vendor's CA;
/// here the hash is the one of the vendor's name (*model*).
pub fn aik_host(manufacturer: &str) -> String {
    let vendor: String =
        manufacturer.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let hash = crate::encoding::hex_lower(&crate::crypto::sha1(vendor.as_bytes()));
    let vendor = if vendor.is_empty() { "tpm" } else { &vendor };
    format!("{vendor}-keyid-{hash}.{AIK_DOMAIN}")
}

/// First request: who the TPM is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChallengeRequest {
    /// [`VERSION`].
    pub version: u32,
    /// The registration, `ZtdRegistrationId` of the Autopilot profile.
    pub ztd_registration_id: Guid,
    /// The device ticket, as the device credential service gave it out (MOD-007): which hardware this is.
    pub device_ticket: String,
    /// Certificate of the endorsement key, DER: from the TPM's NV memory or from its vendor. Absent when there is none.
    #[serde(default, with = "base64_bytes::optional", skip_serializing_if = "Option::is_none")]
    pub ek_certificate: Option<Vec<u8>>,
    /// Certificates between it and the vendor's root, DER, where the TPM or its vendor gave some.
    #[serde(default, with = "base64_bytes::list", skip_serializing_if = "Vec::is_empty")]
    pub ek_chain: Vec<Vec<u8>>,
    /// The endorsement key, TPMT_PUBLIC.
    #[serde(with = "base64_bytes")]
    pub ek_public: Vec<u8>,
    /// The attestation key, TPMT_PUBLIC.
    #[serde(with = "base64_bytes")]
    pub aik_public: Vec<u8>,
    /// What the TPM says of itself.
    pub tpm: TpmDescription,
}

/// What a TPM says of itself (`TPM2_GetCapability`, fixed properties).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TpmDescription {
    /// `TPM_PT_MANUFACTURER`, four letters, e.g. `INTC`.
    pub manufacturer: String,
    /// Firmware version as the vendor prints it: four numbers with dots, `TPM_PT_FIRMWARE_VERSION_1` and `_2` by halves.
    pub firmware: String,
}

/// Answer to [`ChallengeRequest`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChallengeReply {
    /// Names this run in the second request.
    pub request_id: Guid,
    /// TPM2B_ID_OBJECT: the first parameter of `TPM2_ActivateCredential`.
    #[serde(with = "base64_bytes")]
    pub credential_blob: Vec<u8>,
    /// TPM2B_ENCRYPTED_SECRET: the second one.
    #[serde(with = "base64_bytes")]
    pub encrypted_secret: Vec<u8>,
    /// Qualifying data of the quote. To be used once, within minutes.
    #[serde(with = "base64_bytes")]
    pub nonce: Vec<u8>,
    /// What has to be quoted.
    pub pcr_selection: PcrSelection,
    /// The service's clock, RFC 3339: the device does not go on while its own differs by much (NET-016).
    #[serde(default)]
    pub server_time: String,
}

/// Registers of one bank.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PcrSelection {
    /// The bank's hash.
    pub bank: PcrHash,
    /// Numbers, ascending.
    pub pcrs: Vec<u8>,
}

/// Hash of a bank of platform configuration registers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PcrHash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
}

impl PcrHash {
    /// TPM_ALG_ID.
    pub const fn alg(self) -> u16 {
        match self {
            Self::Sha1 => 0x0004,
            Self::Sha256 => 0x000b,
            Self::Sha384 => 0x000c,
        }
    }

    /// The hash of that TPM_ALG_ID.
    pub const fn of_alg(alg: u16) -> Option<Self> {
        match alg {
            0x0004 => Some(Self::Sha1),
            0x000b => Some(Self::Sha256),
            0x000c => Some(Self::Sha384),
            _ => None,
        }
    }

    /// Length of a digest.
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

/// Value of one register.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PcrValue {
    /// Number.
    pub index: u8,
    /// Value.
    #[serde(with = "base64_bytes")]
    pub digest: Vec<u8>,
}

/// Second request: the proof.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttestRequest {
    /// [`VERSION`].
    pub version: u32,
    /// [`ChallengeReply::request_id`].
    pub request_id: Guid,
    /// What the credential held. Not printed.
    #[serde(with = "base64_bytes")]
    pub secret: Vec<u8>,
    /// TPMS_ATTEST of the quote.
    #[serde(with = "base64_bytes")]
    pub quote: Vec<u8>,
    /// TPMT_SIGNATURE over it, by the AIK.
    #[serde(with = "base64_bytes")]
    pub signature: Vec<u8>,
    /// The quoted values, in the order of [`PcrSelection::pcrs`].
    pub pcrs: Vec<PcrValue>,
    /// The measured-boot log (TCG PC Client Platform Firmware Profile, crypto-agile form).
    #[serde(with = "base64_bytes")]
    pub event_log: Vec<u8>,
}

impl std::fmt::Debug for AttestRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttestRequest").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

/// Answer to [`AttestRequest`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttestReply {
    /// The AIK's certificate, DER.
    #[serde(with = "base64_bytes")]
    pub aik_certificate: Vec<u8>,
    /// Certificates above it, DER, root last.
    #[serde(with = "base64_bytes::list")]
    pub chain: Vec<Vec<u8>>,
    /// Qualifying data for the `TPM2_Certify` that the third request carries. To be used once, within minutes.
    #[serde(with = "base64_bytes")]
    pub nonce: Vec<u8>,
}

/// Third request: which key will join.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceTokenRequest {
    /// [`VERSION`].
    pub version: u32,
    /// The registration, as in the first request.
    pub ztd_registration_id: Guid,
    /// [`AttestReply::aik_certificate`].
    #[serde(with = "base64_bytes")]
    pub aik_certificate: Vec<u8>,
    /// TPMT_PUBLIC of the key that will join.
    #[serde(with = "base64_bytes")]
    pub key_public: Vec<u8>,
    /// TPMS_ATTEST: the AIK certifies that key over [`AttestReply::nonce`].
    #[serde(with = "base64_bytes")]
    pub certification: Vec<u8>,
    /// TPMT_SIGNATURE over it.
    #[serde(with = "base64_bytes")]
    pub signature: Vec<u8>,
}

/// Answer to [`DeviceTokenRequest`].
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceTokenReply {
    /// The bearer token for the join: a JWT of Entra ID for device registration. It joins one device, once. Not printed.
    pub device_token: String,
    /// How many seconds it is good for.
    pub expires_in: u32,
}

impl std::fmt::Debug for DeviceTokenReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceTokenReply").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// Why the service says no, with HTTP status 400, 401, 403 or 409.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttestationRefusal {
    /// Name of the check that did not hold, as the cloud's journal has it.
    pub check: String,
    /// In words.
    pub message: String,
    /// The result code that the documents name for this cause, where they name one (SDM-021: vulnerable firmware).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_base64_and_what_is_absent_is_left_out() {
        let request = ChallengeRequest { version: 1, ek_public: vec![0, 1, 0xff], ..Default::default() };
        let json = serde_json::to_value(&request).unwrap();
        assert_eq!(json["ekPublic"], "AAH/");
        assert!(json.get("ekCertificate").is_none());
        assert_eq!(serde_json::from_value::<ChallengeRequest>(json).unwrap(), request);
        let with = ChallengeRequest {
            ek_certificate: Some(vec![0x30]),
            ek_chain: vec![vec![1], vec![2, 3]],
            ..request
        };
        let json = serde_json::to_string(&with).unwrap();
        assert_eq!(serde_json::from_str::<ChallengeRequest>(&json).unwrap(), with);
    }

    #[test]
    fn secrets_are_not_printed() {
        let request = AttestRequest { secret: b"TOPSECRET".to_vec(), ..Default::default() };
        assert!(!format!("{request:?}").contains("84"));
        let reply = DeviceTokenReply { device_token: "eyJ".into(), expires_in: 1 };
        assert!(!format!("{reply:?}").contains("eyJ"));
    }

    #[test]
    fn hosts_are_told_apart_by_vendor() {
        let host = aik_host("INTC");
        assert!(host.starts_with("intc-keyid-") && host.ends_with(".microsoftaik.azure.net"), "{host}");
        assert_ne!(host, aik_host("AMD\0"));
        assert!(aik_host("").starts_with("tpm-keyid-"));
    }
}
