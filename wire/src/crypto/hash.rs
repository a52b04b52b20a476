//! Hashes, HMAC and the key derivation of primary refresh tokens.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// SHA-256.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    super::meter::count(|work| work.hashed += data.len() as u64);
    Sha256::digest(data).into()
}

/// SHA-1: certificate thumbprints are made with it.
pub fn sha1(data: &[u8]) -> [u8; 20] {
    Sha1::digest(data).into()
}

/// HMAC with SHA-256.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    keyed(key).chain_update(message).finalize().into_bytes().into()
}

/// Whether `tag` is the HMAC-SHA256 of `message`; compares in constant time.
pub fn hmac_sha256_verify(key: &[u8], message: &[u8], tag: &[u8]) -> bool {
    keyed(key).chain_update(message).verify_slice(tag).is_ok()
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// NIST SP 800-108 key derivation, counter mode, HMAC-SHA256, one round of 32 bytes:
/// `HMAC(session_key, 00000001 || label || 00 || context || 00000100)` (reference: protocols, A.5).
pub fn kdf_sp800_108(session_key: &[u8], label: &[u8], context: &[u8]) -> [u8; 32] {
    const COUNTER: [u8; 4] = 1_u32.to_be_bytes();
    const OUTPUT_BITS: [u8; 4] = 256_u32.to_be_bytes();
    keyed(session_key)
        .chain_update(COUNTER)
        .chain_update(label)
        .chain_update([0])
        .chain_update(context)
        .chain_update(OUTPUT_BITS)
        .finalize()
        .into_bytes()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::hex_lower;

    #[test]
    fn hmac_vector_of_rfc_4231() {
        let (key, message) = (b"Jefe", b"what do ya want for nothing?");
        let tag = hmac_sha256(key, message);
        assert_eq!(hex_lower(&tag), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(hmac_sha256_verify(key, message, &tag));
        assert!(!hmac_sha256_verify(key, message, &tag[..31]));
        assert!(!hmac_sha256_verify(b"other", message, &tag));
    }

    #[test]
    fn hashes_of_abc() {
        assert_eq!(hex_lower(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(
            hex_lower(&sha256(b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn derivation_agrees_with_an_independent_computation() {
        // Computed with Python's hmac from the formula in the reference.
        let session_key: [u8; 32] = std::array::from_fn(|i| u8::try_from(i).unwrap());
        let context: [u8; 24] = std::array::from_fn(|i| u8::try_from(100 + i).unwrap());
        let key = kdf_sp800_108(&session_key, b"AzureAD-SecureConversation", &context);
        assert_eq!(hex_lower(&key), "fd86b1821bd2effa68009dee12e23d90b6889712dc9ec3a625075817ca47f47a");
    }
}
