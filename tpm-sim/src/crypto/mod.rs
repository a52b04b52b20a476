//! Cryptographic primitives as the TPM uses them: hashes, HMAC, key derivation, the random stream, RSA, elliptic
//! curves and symmetric ciphers. Nothing here knows of handles, hierarchies or commands.
//!
//! Everything is a function of its arguments: where randomness is needed (padding, keys, nonces) it comes from the
//! caller's [`rng::Drbg`].

pub mod ecc;
pub mod hash;
pub mod hmac;
pub mod kdf;
pub mod rng;
pub mod rsa;
pub mod sym;

pub use hash::{HashAlg, Hasher};
pub use hmac::{Hmac, hmac};

/// Whether two byte strings are equal, looking at every byte whatever the outcome (for authorisation values).
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (x, y)| differ | (x ^ y)) == 0
}

#[cfg(test)]
pub(crate) mod tests_support {
    /// Bytes of a string of hexadecimal digits; blanks are skipped.
    pub(crate) fn hex(digits: &str) -> Vec<u8> {
        let digits: Vec<u8> = digits.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }
}
