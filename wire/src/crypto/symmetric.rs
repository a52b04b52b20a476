//! AES-256, in the two modes that the protocols use.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::CryptoError;

/// AES-256-CBC with PKCS#7 padding.
pub fn aes_256_cbc_encrypt(key: &[u8; 32], iv: &[u8; 16], plain: &[u8]) -> Vec<u8> {
    cbc::Encryptor::<aes::Aes256>::new(key.into(), iv.into()).encrypt_padded_vec::<Pkcs7>(plain)
}

/// AES-256-CBC with PKCS#7 padding; fails when the padding is wrong, which a wrong key usually causes.
pub fn aes_256_cbc_decrypt(key: &[u8; 32], iv: &[u8; 16], ciphertext: &[u8]) -> Result<Vec<u8>, CryptoError> {
    cbc::Decryptor::<aes::Aes256>::new(key.into(), iv.into())
        .decrypt_padded_vec::<Pkcs7>(ciphertext)
        .map_err(|_| CryptoError::BadCiphertext)
}

/// AES-256-GCM; the 16-byte tag follows the ciphertext.
pub fn aes_256_gcm_encrypt(key: &[u8; 32], nonce: &[u8; 12], plain: &[u8], associated: &[u8]) -> Vec<u8> {
    let mut buffer = plain.to_vec();
    gcm(key)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(*nonce), Aad::from(associated), &mut buffer)
        .expect("GCM takes messages of up to 64 GB");
    buffer
}

/// AES-256-GCM; the last 16 bytes are the tag.
pub fn aes_256_gcm_decrypt(
    key: &[u8; 32],
    nonce: &[u8; 12],
    ciphertext_and_tag: &[u8],
    associated: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let mut buffer = ciphertext_and_tag.to_vec();
    let plain = gcm(key)
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(associated), &mut buffer)
        .map_err(|_| CryptoError::BadCiphertext)?;
    Ok(plain.to_vec())
}

fn gcm(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("the key has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::{hex_decode, hex_lower};
    use proptest::prelude::*;

    #[test]
    fn cbc_vector_of_sp_800_38a() {
        let key = hex_decode("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4").unwrap();
        let iv = std::array::from_fn(|i| u8::try_from(i).unwrap());
        let plain = hex_decode("6bc1bee22e409f96e93d7e117393172a").unwrap();
        let out = aes_256_cbc_encrypt(&key.try_into().unwrap(), &iv, &plain);
        assert_eq!(hex_lower(&out[..16]), "f58c4c04d6e5f1ba779eabfb5f7bfbd6");
        assert_eq!(out.len(), 32);
    }

    proptest! {
        #[test]
        fn both_modes_round_trip(key: [u8; 32], iv: [u8; 16], nonce: [u8; 12], plain: Vec<u8>, aad: Vec<u8>) {
            let sealed = aes_256_cbc_encrypt(&key, &iv, &plain);
            prop_assert_eq!(aes_256_cbc_decrypt(&key, &iv, &sealed), Ok(plain.clone()));
            let mut sealed = aes_256_gcm_encrypt(&key, &nonce, &plain, &aad);
            prop_assert_eq!(aes_256_gcm_decrypt(&key, &nonce, &sealed, &aad), Ok(plain));
            sealed[0] ^= 1;
            prop_assert!(aes_256_gcm_decrypt(&key, &nonce, &sealed, &aad).is_err());
        }

        #[test]
        fn any_bytes_are_an_answer(key: [u8; 32], bytes: Vec<u8>) {
            let _ = aes_256_cbc_decrypt(&key, &[0; 16], &bytes);
            let _ = aes_256_gcm_decrypt(&key, &[0; 12], &bytes, &[]);
        }
    }
}
