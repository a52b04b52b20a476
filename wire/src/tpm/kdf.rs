//! Key derivation of the TPM (part 1, "KDF"), with SHA-256, and AES in CFB mode.

use aes::cipher::{BlockCipherEncrypt, KeyInit};

use super::Symmetric;
use crate::crypto::{hmac_sha256, sha256};

/// KDFa: SP 800-108 in counter mode with HMAC. `label` without its terminating zero; `bits` a multiple of eight.
pub(super) fn kdfa(key: &[u8], label: &str, u: &[u8], v: &[u8], bits: u32) -> Vec<u8> {
    let fixed = [label.as_bytes(), &[0], u, v, &bits.to_be_bytes()].concat();
    stretch(bits, |counter| hmac_sha256(key, &[&counter, fixed.as_slice()].concat()))
}

/// KDFe: SP 800-56A concatenation. `label` without its terminating zero; `bits` a multiple of eight.
pub(super) fn kdfe(z: &[u8], label: &str, party_u: &[u8], party_v: &[u8], bits: u32) -> Vec<u8> {
    let fixed = [z, label.as_bytes(), &[0], party_u, party_v].concat();
    stretch(bits, |counter| sha256(&[&counter, fixed.as_slice()].concat()))
}

fn stretch(bits: u32, round: impl Fn([u8; 4]) -> [u8; 32]) -> Vec<u8> {
    let length = usize::try_from(bits / 8).unwrap_or_default();
    let mut out = Vec::with_capacity(length.next_multiple_of(32));
    for counter in 1_u32.. {
        if out.len() >= length {
            break;
        }
        out.extend(round(counter.to_be_bytes()));
    }
    out.truncate(length);
    out
}

/// Encrypts with AES in CFB mode, full blocks of feedback, and a zero vector.
pub(super) fn cfb_encrypt(cipher: Symmetric, key: &[u8], data: &mut [u8]) {
    match cipher {
        Symmetric::Aes128 => cfb::<aes::Aes128>(key, data),
        Symmetric::Aes256 => cfb::<aes::Aes256>(key, data),
    }
}

fn cfb<C: BlockCipherEncrypt + KeyInit>(key: &[u8], data: &mut [u8]) {
    let cipher = C::new_from_slice(key).expect("the key was derived in the cipher's length");
    let mut feedback = aes::cipher::Block::<C>::default();
    for chunk in data.chunks_mut(feedback.len()) {
        cipher.encrypt_block(&mut feedback);
        for (byte, mask) in chunk.iter_mut().zip(feedback.iter_mut()) {
            *byte ^= *mask;
            *mask = *byte;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::{hex_decode, hex_lower};

    #[test]
    fn cfb_agrees_with_openssl() {
        // openssl enc -aes-128-cfb -K 2b7e151628aed2a6abf7158809cf4f3c -iv 0: of forty bytes 00 01 02 ...
        let key = hex_decode("2b7e151628aed2a6abf7158809cf4f3c").unwrap();
        let mut data: Vec<u8> = (0..40).collect();
        cfb_encrypt(Symmetric::Aes128, &key, &mut data);
        assert_eq!(hex_lower(&data), CFB_128);
        let key = hex_decode("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4").unwrap();
        let mut data: Vec<u8> = (0..40).collect();
        cfb_encrypt(Symmetric::Aes256, &key, &mut data);
        assert_eq!(hex_lower(&data), CFB_256);
    }

    const CFB_128: &str = "7df6690f1ebd9fb4364bfa4cb5165a602fdd85ac5834a1a402a072591c05bee7c29d4d72b696a00b";
    const CFB_256: &str = "e569f48290ca70d11f4446cb4f1da65bfc16a1018d063db5e4a4fe6a8057a3505f8a07ffd80ef7b5";

    #[test]
    fn derivations_agree_with_an_independent_computation() {
        // Computed with Python's hmac and hashlib from the formulas of part 1.
        let key: Vec<u8> = (0..32).collect();
        assert_eq!(hex_lower(&kdfa(&key, "STORAGE", b"name", b"", 128)), "97f1ccec355e7643a61c69d29ad6404d");
        assert_eq!(
            hex_lower(&kdfa(&key, "INTEGRITY", b"", b"", 512)),
            "d46791dd29362215dde127cc788fa5429ca2b999d5b065c0d7c2035dd1537d43278aad03e3b43947cb849dde7b8648d07baafa38888e2000759a5ebe1a2a65a2"
        );
        assert_eq!(
            hex_lower(&kdfe(&key, "IDENTITY", b"u", b"v", 256)),
            "6da5229474212b74b25f47aa9ae51924928bba8b9a403fbe3de337df72d00b8c"
        );
    }
}
