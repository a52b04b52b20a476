//! Keys, signatures, key agreement, hashes and ciphers: everything deterministic.

mod curve;
mod hash;
mod jwk;
pub mod meter;
mod private_key;
mod public_key;
mod symmetric;

pub use hash::{hmac_sha256, hmac_sha256_verify, kdf_sp800_108, sha1, sha256};
pub use jwk::Jwk;
pub use private_key::PrivateKey;
pub use public_key::PublicKey;
pub use symmetric::{aes_256_cbc_decrypt, aes_256_cbc_encrypt, aes_256_gcm_decrypt, aes_256_gcm_encrypt};

use serde::{Deserialize, Serialize};

/// Which keys a world uses. RSA is what Windows and the published protocols use; P-256 is a *model* dialect
/// that stands in for it where speed counts (design, rule 8).
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KeyKind {
    /// NIST P-256: ECDSA with SHA-256, ECDH. A model dialect.
    #[default]
    #[serde(rename = "p256")]
    P256,
    /// RSA with a 2048-bit modulus: PKCS#1 v1.5 with SHA-256, OAEP with SHA-1.
    #[serde(rename = "rsa")]
    Rsa2048,
}

/// Why a cryptographic operation gave no result.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// The bytes are not a key of a supported kind (P-256, RSA of 2048 to 4096 bits).
    #[error("not a key of a supported kind")]
    BadKey,
    /// The signature does not belong to that message and key.
    #[error("the signature does not match")]
    BadSignature,
    /// The ciphertext was not made for that key, or was changed.
    #[error("the ciphertext cannot be decrypted with this key")]
    BadCiphertext,
    /// The key is of a kind that cannot do that: ECDH with RSA, OAEP with P-256.
    #[error("a key of this kind cannot do that")]
    WrongKeyKind,
    /// More bytes than the key can encrypt at once.
    #[error("the message is too long for this key")]
    TooLong,
}
