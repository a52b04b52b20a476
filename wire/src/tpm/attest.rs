//! Attestations (TPMS_ATTEST) and their signatures (TPMT_SIGNATURE).

use tpm2_protocol::data::{TpmAlgId, TpmsAttest, TpmtSignature, TpmuAttest, TpmuSignature};

use super::public::padded;
use super::{TpmStructureError, whole};
use crate::crypto::{CryptoError, PublicKey};

/// A statement of a TPM. Reading it checks its form and that it says to come from a TPM (TPM_GENERATED_VALUE), not its
/// signature: [`verify_signature`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attest {
    /// Qualified name of the key that signed.
    pub qualified_signer: Vec<u8>,
    /// The caller's qualifying data: the nonce.
    pub extra_data: Vec<u8>,
    /// Clock and counts. Obfuscated unless the signing key is of the endorsement or platform hierarchy (part 1).
    pub clock: ClockInfo,
    /// Firmware version, `TPM_PT_FIRMWARE_VERSION_1` and `_2`. Obfuscated likewise.
    pub firmware_version: u64,
    /// What is stated.
    pub attested: Attested,
}

/// TPMS_CLOCK_INFO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockInfo {
    /// Milliseconds that the TPM was powered.
    pub clock: u64,
    /// Number of resets.
    pub reset_count: u32,
    /// Number of restarts since the last reset.
    pub restart_count: u32,
    /// Whether no higher clock was ever told.
    pub safe: bool,
}

/// What is stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attested {
    /// The state of platform configuration registers.
    Quote {
        /// Which registers, bank by bank: TPM_ALG_ID of the bank's hash, numbers in ascending order.
        selection: Vec<(u16, Vec<u8>)>,
        /// Hash over their values, with the hash of the signing scheme.
        digest: Vec<u8>,
    },
    /// That an object is loaded in this TPM.
    Certify {
        /// Its name.
        name: Vec<u8>,
        /// Its qualified name.
        qualified_name: Vec<u8>,
    },
    /// Something else.
    Other,
}

impl Attest {
    /// Reads a TPMS_ATTEST.
    pub fn parse(bytes: &[u8]) -> Result<Self, TpmStructureError> {
        let attest: TpmsAttest = whole(bytes, "attestation")?;
        let attested = match &attest.attested {
            TpmuAttest::Quote(quote) => Attested::Quote {
                selection: quote
                    .pcr_select
                    .iter()
                    .map(|bank| (bank.hash.value(), registers(&bank.pcr_select)))
                    .collect(),
                digest: quote.pcr_digest.to_vec(),
            },
            TpmuAttest::Certify(certified) => Attested::Certify {
                name: certified.name.to_vec(),
                qualified_name: certified.qualified_name.to_vec(),
            },
            _ => Attested::Other,
        };
        let clock = &attest.clock_info;
        Ok(Self {
            qualified_signer: attest.qualified_signer.to_vec(),
            extra_data: attest.extra_data.to_vec(),
            clock: ClockInfo {
                clock: clock.clock.value(),
                reset_count: clock.reset_count.value(),
                restart_count: clock.restart_count.value(),
                safe: bool::from(clock.safe),
            },
            firmware_version: attest.firmware_version.value(),
            attested,
        })
    }
}

/// The numbers of a bit map (TPMS_PCR_SELECT), ascending.
fn registers(map: &[u8]) -> Vec<u8> {
    let bits = map.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
    (0_u8..).zip(bits).filter_map(|(number, set)| set.then_some(number)).collect()
}

/// Checks a TPMT_SIGNATURE over `message`: RSASSA or ECDSA on P-256, both with SHA-256.
pub fn verify_signature(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    let signature: TpmtSignature = whole(signature, "signature").map_err(|_| CryptoError::BadSignature)?;
    match (&signature.signature, key) {
        (TpmuSignature::Rsassa(rsa), PublicKey::Rsa { .. }) if rsa.hash == TpmAlgId::Sha256 => {
            key.verify_x509(message, &rsa.sig)
        }
        (TpmuSignature::Ecdsa(ecc), PublicKey::P256 { .. }) if ecc.hash == TpmAlgId::Sha256 => {
            let (r, s) =
                padded(&ecc.signature_r).zip(padded(&ecc.signature_s)).ok_or(CryptoError::BadSignature)?;
            key.verify_jws(message, &[r, s].concat())
        }
        (TpmuSignature::Rsassa(_) | TpmuSignature::Ecdsa(_), _) => Err(CryptoError::WrongKeyKind),
        _ => Err(CryptoError::BadSignature),
    }
}
