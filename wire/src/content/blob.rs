//! Encrypted app content: HMAC-SHA256 (32 bytes), IV (16 bytes), AES-256-CBC of the archive. The HMAC covers
//! the IV and all that follows.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::crypto::{aes_256_cbc_decrypt, aes_256_cbc_encrypt, hmac_sha256, hmac_sha256_verify};

/// The two keys of an app's content.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// Encrypts.
    pub encryption: [u8; 32],
    /// Authenticates.
    pub mac: [u8; 32],
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(***)")
    }
}

/// Why content cannot be decrypted.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// Shorter than its header and one block, or not whole blocks.
    #[error("the content is too short or not whole blocks")]
    Length,
    /// The HMAC does not match: changed on the way, or another key.
    #[error("the content's HMAC does not match")]
    Mac,
    /// The padding is wrong: the encryption key is another.
    #[error("the content cannot be decrypted with this key")]
    Padding,
}

/// Bytes of the HMAC.
const MAC: usize = 32;
/// Bytes before the ciphertext: clients that do not check the HMAC skip them.
const HEADER: usize = MAC + 16;

/// Encrypts `plain`.
pub fn encrypt(keys: &Keys, iv: &[u8; 16], plain: &[u8]) -> Vec<u8> {
    let body = [iv.as_slice(), &aes_256_cbc_encrypt(&keys.encryption, iv, plain)].concat();
    [hmac_sha256(&keys.mac, &body).as_slice(), &body].concat()
}

/// Checks and decrypts content.
pub fn decrypt(keys: &Keys, blob: &[u8]) -> Result<Vec<u8>, BlobError> {
    if blob.len() <= HEADER || !blob.len().is_multiple_of(16) {
        return Err(BlobError::Length);
    }
    let (mac, body) = blob.split_at(MAC);
    if !hmac_sha256_verify(&keys.mac, body, mac) {
        return Err(BlobError::Mac);
    }
    let (iv, ciphertext) = body.split_first_chunk::<16>().ok_or(BlobError::Length)?;
    aes_256_cbc_decrypt(&keys.encryption, iv, ciphertext).map_err(|_| BlobError::Padding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEYS: Keys = Keys { encryption: [1; 32], mac: [2; 32] };

    #[test]
    fn what_was_changed_is_noticed() {
        let mut blob = encrypt(&KEYS, &[3; 16], b"PK");
        assert_eq!(blob.len(), HEADER + 16);
        assert_eq!(decrypt(&Keys { encryption: [9; 32], ..KEYS }, &blob), Err(BlobError::Padding));
        assert_eq!(decrypt(&KEYS, &blob[..HEADER]), Err(BlobError::Length));
        blob[40] ^= 1;
        assert_eq!(decrypt(&KEYS, &blob), Err(BlobError::Mac));
    }

    proptest! {
        #[test]
        fn round_trips(iv: [u8; 16], plain: Vec<u8>) {
            prop_assert_eq!(decrypt(&KEYS, &encrypt(&KEYS, &iv, &plain)), Ok(plain));
        }

        #[test]
        fn any_bytes_are_an_answer(bytes: Vec<u8>) {
            let _ = decrypt(&KEYS, &bytes);
        }
    }
}
