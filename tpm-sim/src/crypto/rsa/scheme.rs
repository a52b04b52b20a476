//! The encryption and signature schemes: a padding around a raw operation.

use super::{PrivateKey, PublicKey, RsaError, padding};
use crate::crypto::HashAlg;
use crate::crypto::rng::Drbg;

/// The longest message that OAEP carries under `key`, in bytes; `None` when the modulus is too small for the hash.
pub fn oaep_max_message(key: &PublicKey, alg: HashAlg) -> Option<usize> {
    key.size().checked_sub(2 * alg.size() + 2)
}

/// OAEP (with MGF1 over the same hash). `label` goes into the hash as it is: a TPM's label carries its terminating zero.
pub fn oaep_encrypt(
    key: &PublicKey,
    alg: HashAlg,
    label: &[u8],
    message: &[u8],
    rng: &mut Drbg,
) -> Result<Vec<u8>, RsaError> {
    key.raw(&padding::oaep_encode(key.size(), alg, label, message, rng)?)
}

/// The message of an OAEP ciphertext.
pub fn oaep_decrypt(
    key: &PrivateKey,
    alg: HashAlg,
    label: &[u8],
    ciphertext: &[u8],
) -> Result<Vec<u8>, RsaError> {
    padding::oaep_decode(alg, label, key.raw(ciphertext)?)
}

/// The longest message that RSAES carries under `key`, in bytes.
pub fn rsaes_max_message(key: &PublicKey) -> usize {
    key.size() - 11
}

/// RSAES-PKCS1-v1_5.
pub fn rsaes_encrypt(key: &PublicKey, message: &[u8], rng: &mut Drbg) -> Result<Vec<u8>, RsaError> {
    key.raw(&padding::rsaes_encode(key.size(), message, rng)?)
}

/// The message of an RSAES ciphertext.
pub fn rsaes_decrypt(key: &PrivateKey, ciphertext: &[u8]) -> Result<Vec<u8>, RsaError> {
    padding::rsaes_decode(&key.raw(ciphertext)?)
}

/// RSASSA-PKCS1-v1_5 over a digest of `alg`.
pub fn rsassa_sign(key: &PrivateKey, alg: HashAlg, digest: &[u8]) -> Result<Vec<u8>, RsaError> {
    key.raw(&padding::rsassa_encode(key.public().size(), alg, digest)?)
}

/// Whether an RSASSA signature over a digest is good.
pub fn rsassa_verify(key: &PublicKey, alg: HashAlg, digest: &[u8], signature: &[u8]) -> bool {
    signature.len() == key.size()
        && match (key.raw(signature), padding::rsassa_encode(key.size(), alg, digest)) {
            (Ok(got), Ok(want)) => got == want,
            _ => false,
        }
}

/// RSASSA-PSS over a digest of `alg`, with MGF1 over the same hash and a salt as long as the digest, or as long as fits.
pub fn rsapss_sign(
    key: &PrivateKey,
    alg: HashAlg,
    digest: &[u8],
    rng: &mut Drbg,
) -> Result<Vec<u8>, RsaError> {
    key.raw(&padding::pss_encode(key.public().size(), alg, digest, rng)?)
}

/// Whether a PSS signature over a digest is good, whatever its salt's length.
pub fn rsapss_verify(key: &PublicKey, alg: HashAlg, digest: &[u8], signature: &[u8]) -> bool {
    signature.len() == key.size()
        && key.raw(signature).is_ok_and(|encoded| padding::pss_verify(alg, digest, encoded))
}
