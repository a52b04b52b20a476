//! Symmetric ciphers: AES in the modes of part 2 (table "TPMI_ALG_CIPHER_MODE"), with the initialisation vector that
//! TPM2_EncryptDecrypt returns for the next call, and the XOR obfuscation of sessions.

use super::HashAlg;
use super::kdf::kdfa;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256, Block};
use tpm2_protocol::data::TpmAlgId;

/// Size of an AES block, and so of an initialisation vector, in bytes.
pub const BLOCK: usize = 16;

/// A mode of operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Counter mode; the counter is the whole block, most significant byte first.
    Ctr,
    /// Output feedback.
    Ofb,
    /// Cipher block chaining, without padding.
    Cbc,
    /// Cipher feedback over whole blocks.
    Cfb,
    /// Electronic codebook.
    Ecb,
}

impl Mode {
    /// The mode of an algorithm identifier.
    pub fn from_alg(alg: TpmAlgId) -> Option<Self> {
        Some(match alg {
            TpmAlgId::Ctr => Self::Ctr,
            TpmAlgId::Ofb => Self::Ofb,
            TpmAlgId::Cbc => Self::Cbc,
            TpmAlgId::Cfb => Self::Cfb,
            TpmAlgId::Ecb => Self::Ecb,
            _ => return None,
        })
    }

    /// Whether the data must be a multiple of [`BLOCK`].
    pub fn needs_whole_blocks(self) -> bool {
        matches!(self, Self::Cbc | Self::Ecb)
    }
}

/// Why a cipher refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SymError {
    /// The key has none of AES's lengths.
    #[error("an AES key has 16, 24 or 32 bytes, not {0}")]
    KeySize(usize),
    /// The mode needs whole blocks.
    #[error("{0} bytes are no whole number of blocks")]
    DataSize(usize),
}

enum Aes {
    Aes128(Box<Aes128>),
    Aes192(Box<Aes192>),
    Aes256(Box<Aes256>),
}

impl Aes {
    fn new(key: &[u8]) -> Result<Self, SymError> {
        let wrong = |_| SymError::KeySize(key.len());
        Ok(match key.len() {
            16 => Self::Aes128(Box::new(Aes128::new_from_slice(key).map_err(wrong)?)),
            24 => Self::Aes192(Box::new(Aes192::new_from_slice(key).map_err(wrong)?)),
            32 => Self::Aes256(Box::new(Aes256::new_from_slice(key).map_err(wrong)?)),
            size => return Err(SymError::KeySize(size)),
        })
    }

    fn encrypt(&self, block: &mut [u8; BLOCK]) {
        let mut buffer = Block::from(*block);
        match self {
            Self::Aes128(aes) => aes.encrypt_block(&mut buffer),
            Self::Aes192(aes) => aes.encrypt_block(&mut buffer),
            Self::Aes256(aes) => aes.encrypt_block(&mut buffer),
        }
        *block = buffer.into();
    }

    fn decrypt(&self, block: &mut [u8; BLOCK]) {
        let mut buffer = Block::from(*block);
        match self {
            Self::Aes128(aes) => aes.decrypt_block(&mut buffer),
            Self::Aes192(aes) => aes.decrypt_block(&mut buffer),
            Self::Aes256(aes) => aes.decrypt_block(&mut buffer),
        }
        *block = buffer.into();
    }
}

/// Encrypts `data` in place with AES; `key` has 16, 24 or 32 bytes. `iv` becomes the one for the next call.
pub fn encrypt(mode: Mode, key: &[u8], iv: &mut [u8; BLOCK], data: &mut [u8]) -> Result<(), SymError> {
    run(mode, true, key, iv, data)
}

/// Decrypts `data` in place with AES; `key` has 16, 24 or 32 bytes. `iv` becomes the one for the next call.
pub fn decrypt(mode: Mode, key: &[u8], iv: &mut [u8; BLOCK], data: &mut [u8]) -> Result<(), SymError> {
    run(mode, false, key, iv, data)
}

fn run(mode: Mode, encrypt: bool, key: &[u8], iv: &mut [u8; BLOCK], data: &mut [u8]) -> Result<(), SymError> {
    let aes = Aes::new(key)?;
    if mode.needs_whole_blocks() && !data.len().is_multiple_of(BLOCK) {
        return Err(SymError::DataSize(data.len()));
    }
    for chunk in data.chunks_mut(BLOCK) {
        match mode {
            Mode::Ctr => {
                let mut pad = *iv;
                aes.encrypt(&mut pad);
                xor(chunk, &pad);
                *iv = u128::from_be_bytes(*iv).wrapping_add(1).to_be_bytes();
            }
            Mode::Ofb => {
                aes.encrypt(iv);
                xor(chunk, iv);
            }
            Mode::Cfb => {
                let mut pad = *iv;
                aes.encrypt(&mut pad);
                // What is chained is the ciphertext; a short last block leaves zeros behind it.
                *iv = [0; BLOCK];
                if !encrypt {
                    iv[..chunk.len()].copy_from_slice(chunk);
                }
                xor(chunk, &pad);
                if encrypt {
                    iv[..chunk.len()].copy_from_slice(chunk);
                }
            }
            Mode::Cbc | Mode::Ecb => {
                let input: [u8; BLOCK] =
                    (&*chunk).try_into().expect("the length was checked to be whole blocks");
                let mut block = input;
                if encrypt {
                    if mode == Mode::Cbc {
                        xor(&mut block, iv);
                    }
                    aes.encrypt(&mut block);
                    *iv = block;
                } else {
                    aes.decrypt(&mut block);
                    if mode == Mode::Cbc {
                        xor(&mut block, iv);
                    }
                    *iv = input;
                }
                chunk.copy_from_slice(&block);
            }
        }
    }
    Ok(())
}

/// Encrypts `data` in place with AES-CFB from an IV of `iv` (part 1: object and parameter encryption).
pub fn cfb_encrypt(key: &[u8], iv: &[u8; BLOCK], data: &mut [u8]) -> Result<(), SymError> {
    encrypt(Mode::Cfb, key, &mut iv.clone(), data)
}

/// Decrypts `data` in place with AES-CFB from an IV of `iv`.
pub fn cfb_decrypt(key: &[u8], iv: &[u8; BLOCK], data: &mut [u8]) -> Result<(), SymError> {
    decrypt(Mode::Cfb, key, &mut iv.clone(), data)
}

/// XOR obfuscation (part 1, "XOR Parameter Obfuscation"): masks `data` in place with KDFa over the two nonces. Its own
/// inverse.
pub fn xor_obfuscate(alg: HashAlg, key: &[u8], context_u: &[u8], context_v: &[u8], data: &mut [u8]) {
    let bits = u32::try_from(data.len() * 8).expect("a TPM parameter is far below 512 MB");
    xor(data, &kdfa(alg, key, b"XOR", context_u, context_v, bits));
}

fn xor(data: &mut [u8], pad: &[u8]) {
    data.iter_mut().zip(pad).for_each(|(byte, pad)| *byte ^= pad);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::tests_support::hex;

    const PLAIN: &str = "6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51";

    /// NIST SP 800-38A, appendix F, AES-128, first two blocks.
    #[test]
    fn nist_vectors() {
        let key = hex("2b7e151628aed2a6abf7158809cf4f3c");
        let iv = hex("000102030405060708090a0b0c0d0e0f");
        let counter = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
        let cases = [
            (Mode::Ecb, &iv, "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf"),
            (Mode::Cbc, &iv, "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"),
            (Mode::Cfb, &iv, "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"),
            (Mode::Ofb, &iv, "3b3fd92eb72dad20333449f8e83cfb4a7789508d16918f03f53c52dac54ed825"),
            (Mode::Ctr, &counter, "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"),
        ];
        for (mode, iv, want) in cases {
            let start: [u8; BLOCK] = iv.as_slice().try_into().unwrap();
            let mut data = hex(PLAIN);
            encrypt(mode, &key, &mut start.clone(), &mut data).unwrap();
            assert_eq!(data, hex(want), "{mode:?}");
            decrypt(mode, &key, &mut start.clone(), &mut data).unwrap();
            assert_eq!(data, hex(PLAIN), "{mode:?}");
            // In two calls, chained by the returned IV, in either direction.
            let mut chained = start;
            let (first, second) = data.split_at_mut(BLOCK);
            encrypt(mode, &key, &mut chained, first).unwrap();
            encrypt(mode, &key, &mut chained, second).unwrap();
            assert_eq!(data, hex(want), "{mode:?} chained");
            let mut chained = start;
            let (first, second) = data.split_at_mut(BLOCK);
            decrypt(mode, &key, &mut chained, first).unwrap();
            decrypt(mode, &key, &mut chained, second).unwrap();
            assert_eq!(data, hex(PLAIN), "{mode:?} chained");
        }
    }

    #[test]
    fn short_blocks_and_wrong_sizes() {
        let key = [7; 32];
        for mode in [Mode::Cfb, Mode::Ofb, Mode::Ctr] {
            let mut data = b"nineteen bytes long".to_vec();
            encrypt(mode, &key, &mut [1; BLOCK], &mut data).unwrap();
            assert_ne!(data, b"nineteen bytes long");
            decrypt(mode, &key, &mut [1; BLOCK], &mut data).unwrap();
            assert_eq!(data, b"nineteen bytes long");
        }
        let refused = encrypt(Mode::Cbc, &key, &mut [1; BLOCK], &mut [0; 17]);
        assert_eq!(refused, Err(SymError::DataSize(17)));
        assert_eq!(cfb_encrypt(&[0; 17], &[0; BLOCK], &mut [0; 4]), Err(SymError::KeySize(17)));
    }

    #[test]
    fn xor_obfuscation_undoes_itself() {
        let mut data = b"parameter".to_vec();
        xor_obfuscate(HashAlg::Sha256, b"key", b"newer", b"older", &mut data);
        assert_ne!(data, b"parameter");
        xor_obfuscate(HashAlg::Sha256, b"key", b"newer", b"older", &mut data);
        assert_eq!(data, b"parameter");
    }
}
