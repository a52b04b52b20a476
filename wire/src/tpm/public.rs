//! Public areas (TPMT_PUBLIC) and names.

use tpm2_protocol::data::{
    TpmAlgId, TpmEccCurve, TpmaObject, TpmtPublic, TpmuPublicId, TpmuPublicParms, TpmuSymKeyBits, TpmuSymMode,
};

use super::{TpmStructureError, whole};
use crate::crypto::{PublicKey, sha256};

/// The public part of an asymmetric key in a TPM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicArea {
    /// The key.
    pub key: PublicKey,
    /// What it may do and where it is from.
    pub attributes: Attributes,
    /// Digest of the policy that allows its use; empty for none.
    pub auth_policy: Vec<u8>,
    /// The cipher that protects what is stored below the key; keys that store nothing have none.
    pub symmetric: Option<Symmetric>,
    name: Vec<u8>,
}

/// A cipher of a storage key: AES in CFB mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symmetric {
    /// AES-128, as the default templates of endorsement keys have it.
    Aes128,
    /// AES-256.
    Aes256,
}

impl Symmetric {
    /// Length of a key in bits.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Aes128 => 128,
            Self::Aes256 => 256,
        }
    }
}

/// Attributes of an object (TPMA_OBJECT), as far as a verifier looks at them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// It cannot leave this TPM.
    pub fixed_tpm: bool,
    /// It cannot be moved below another parent.
    pub fixed_parent: bool,
    /// The TPM made its secret itself.
    pub sensitive_data_origin: bool,
    /// It works on what the TPM made or checked itself, not on whatever it is given.
    pub restricted: bool,
    /// It decrypts.
    pub decrypt: bool,
    /// It signs.
    pub sign: bool,
}

impl Attributes {
    /// Whether the key was made in this TPM and cannot leave it.
    pub const fn bound_to_tpm(self) -> bool {
        self.fixed_tpm && self.fixed_parent && self.sensitive_data_origin
    }

    /// Whether this is a key that attests: made in this TPM and unable to leave it, and so restricted that it signs what the
    /// TPM states and nothing that looks like it.
    pub const fn attestation_key(self) -> bool {
        self.bound_to_tpm() && self.restricted && self.sign && !self.decrypt
    }

    /// Whether this is a storage key, as endorsement keys are.
    pub const fn storage_key(self) -> bool {
        self.bound_to_tpm() && self.restricted && self.decrypt && !self.sign
    }
}

impl From<TpmaObject> for Attributes {
    fn from(bits: TpmaObject) -> Self {
        Self {
            fixed_tpm: bits.contains(TpmaObject::FIXED_TPM),
            fixed_parent: bits.contains(TpmaObject::FIXED_PARENT),
            sensitive_data_origin: bits.contains(TpmaObject::SENSITIVE_DATA_ORIGIN),
            restricted: bits.contains(TpmaObject::RESTRICTED),
            decrypt: bits.contains(TpmaObject::DECRYPT),
            sign: bits.contains(TpmaObject::SIGN_ENCRYPT),
        }
    }
}

/// What a public exponent of zero stands for (part 2, TPMS_RSA_PARMS).
const DEFAULT_EXPONENT: u32 = 65_537;

impl PublicArea {
    /// Reads a TPMT_PUBLIC: RSA of 2048 to 4096 bits or ECC on P-256, named with SHA-256.
    pub fn parse(bytes: &[u8]) -> Result<Self, TpmStructureError> {
        const WHAT: &str = "public area";
        let area: TpmtPublic = whole(bytes, WHAT)?;
        if area.name_alg != TpmAlgId::Sha256 {
            return Err(TpmStructureError::Unsupported("name algorithm"));
        }
        let (key, symmetric) = match (&area.parameters, &area.unique) {
            (TpmuPublicParms::Rsa(parms), TpmuPublicId::Rsa(modulus)) => {
                let exponent = match parms.exponent.value() {
                    0 => DEFAULT_EXPONENT,
                    other => other,
                };
                (PublicKey::rsa(modulus, &exponent.to_be_bytes()), &parms.symmetric)
            }
            (TpmuPublicParms::Ecc(parms), TpmuPublicId::Ecc(point)) => {
                if parms.curve_id != TpmEccCurve::NistP256 {
                    return Err(TpmStructureError::Unsupported("curve"));
                }
                let key = padded(&point.x)
                    .zip(padded(&point.y))
                    .ok_or(TpmStructureError::Malformed(WHAT))
                    .map(|(x, y)| PublicKey::p256(x, y))?;
                (key, &parms.symmetric)
            }
            _ => return Err(TpmStructureError::Unsupported("object type")),
        };
        let symmetric = match (symmetric.algorithm, symmetric.key_bits, symmetric.mode) {
            (TpmAlgId::Null, ..) => None,
            (TpmAlgId::Aes, TpmuSymKeyBits::Aes(bits), TpmuSymMode::Aes(TpmAlgId::Cfb)) => match bits.value()
            {
                128 => Some(Symmetric::Aes128),
                256 => Some(Symmetric::Aes256),
                _ => return Err(TpmStructureError::Unsupported("cipher")),
            },
            _ => return Err(TpmStructureError::Unsupported("cipher")),
        };
        Ok(Self {
            key: key.map_err(|_| TpmStructureError::Malformed("public key"))?,
            attributes: area.object_attributes.into(),
            auth_policy: area.auth_policy.to_vec(),
            symmetric,
            // The name goes over the bytes that were sent: this reader takes only what it would write itself, but the
            // name must not rest on that.
            name: [TpmAlgId::Sha256.value().to_be_bytes().as_slice(), &sha256(bytes)].concat(),
        })
    }

    /// The object's name: the hash's number and the hash over the public area (part 1, "Names").
    pub fn name(&self) -> &[u8] {
        &self.name
    }
}

/// A coordinate in full length: some TPMs drop leading zeros.
pub(super) fn padded(coordinate: &[u8]) -> Option<[u8; 32]> {
    let mut full = [0; 32];
    let start = full.len().checked_sub(coordinate.len())?;
    full[start..].copy_from_slice(coordinate);
    Some(full)
}
