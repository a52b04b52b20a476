//! The encodings of RFC 8017: OAEP, PKCS #1 v1.5 and PSS, on byte strings as long as the modulus.

use super::RsaError;
use crate::crypto::rng::Drbg;
use crate::crypto::{HashAlg, equal};

/// Masks `data` with MGF1 (RFC 8017, B.2.1) over `seed`.
fn mgf1(alg: HashAlg, seed: &[u8], data: &mut [u8]) {
    for (counter, chunk) in (0_u32..).zip(data.chunks_mut(alg.size())) {
        let pad = alg.digest(&[seed, &counter.to_be_bytes()]);
        chunk.iter_mut().zip(pad).for_each(|(byte, pad)| *byte ^= pad);
    }
}

/// `00 || maskedSeed || maskedDB`, section 7.1.1.
pub(super) fn oaep_encode(
    size: usize,
    alg: HashAlg,
    label: &[u8],
    message: &[u8],
    rng: &mut Drbg,
) -> Result<Vec<u8>, RsaError> {
    let hash = alg.size();
    if message.len() + 2 * hash + 2 > size {
        return Err(RsaError::MessageSize);
    }
    let mut encoded = vec![0; size];
    let (seed, block) = encoded[1..].split_at_mut(hash);
    rng.fill(seed);
    block[..hash].copy_from_slice(&alg.digest(&[label]));
    let start = block.len() - message.len();
    block[start - 1] = 1;
    block[start..].copy_from_slice(message);
    mgf1(alg, seed, block);
    mgf1(alg, block, seed);
    Ok(encoded)
}

/// The message of an OAEP encoding, section 7.1.2.
pub(super) fn oaep_decode(alg: HashAlg, label: &[u8], mut encoded: Vec<u8>) -> Result<Vec<u8>, RsaError> {
    let hash = alg.size();
    if encoded.len() < 2 * hash + 2 || encoded[0] != 0 {
        return Err(RsaError::Padding);
    }
    let (seed, block) = encoded[1..].split_at_mut(hash);
    mgf1(alg, block, seed);
    mgf1(alg, seed, block);
    if !equal(&block[..hash], &alg.digest(&[label])) {
        return Err(RsaError::Padding);
    }
    let end = block[hash..].iter().position(|byte| *byte != 0).ok_or(RsaError::Padding)?;
    if block[hash + end] != 1 {
        return Err(RsaError::Padding);
    }
    Ok(block[hash + end + 1..].to_vec())
}

/// `00 02 || nonzero random || 00 || message`, section 7.2.1.
pub(super) fn rsaes_encode(size: usize, message: &[u8], rng: &mut Drbg) -> Result<Vec<u8>, RsaError> {
    if message.len() + 11 > size {
        return Err(RsaError::MessageSize);
    }
    let mut encoded = vec![0; size];
    let start = size - message.len();
    encoded[1] = 2;
    rng.fill(&mut encoded[2..start - 1]);
    for byte in &mut encoded[2..start - 1] {
        while *byte == 0 {
            rng.fill(std::slice::from_mut(byte));
        }
    }
    encoded[start..].copy_from_slice(message);
    Ok(encoded)
}

/// The message of an RSAES encoding, section 7.2.2.
pub(super) fn rsaes_decode(encoded: &[u8]) -> Result<Vec<u8>, RsaError> {
    if encoded.len() < 11 || encoded[..2] != [0, 2] {
        return Err(RsaError::Padding);
    }
    let padding = encoded[2..].iter().position(|byte| *byte == 0).ok_or(RsaError::Padding)?;
    if padding < 8 {
        return Err(RsaError::Padding);
    }
    Ok(encoded[2 + padding + 1..].to_vec())
}

/// `00 01 || FF.. || 00 || DigestInfo`, section 9.2.
pub(super) fn rsassa_encode(size: usize, alg: HashAlg, digest: &[u8]) -> Result<Vec<u8>, RsaError> {
    let prefix = alg.digest_info_prefix();
    if digest.len() != alg.size() || size < prefix.len() + digest.len() + 11 {
        return Err(RsaError::MessageSize);
    }
    let mut encoded = vec![0xff; size];
    encoded[0] = 0;
    encoded[1] = 1;
    let start = size - prefix.len() - digest.len();
    encoded[start - 1] = 0;
    encoded[start..start + prefix.len()].copy_from_slice(prefix);
    encoded[start + prefix.len()..].copy_from_slice(digest);
    Ok(encoded)
}

/// `H(eight zeros || digest || salt)`, section 9.1.1, steps 5 and 6.
fn pss_hash(alg: HashAlg, digest: &[u8], salt: &[u8]) -> Vec<u8> {
    alg.digest(&[&[0; 8], digest, salt])
}

/// The PSS encoding for a modulus of whole bytes, section 9.1.1. The salt is as long as the digest, or as long as there is
/// room for (part 1, B.7: FIPS 186 allows no longer one).
pub(super) fn pss_encode(
    size: usize,
    alg: HashAlg,
    digest: &[u8],
    rng: &mut Drbg,
) -> Result<Vec<u8>, RsaError> {
    let hash = alg.size();
    if digest.len() != hash {
        return Err(RsaError::MessageSize);
    }
    let room = size.checked_sub(hash + 2).ok_or(RsaError::MessageSize)?;
    let salt = rng.bytes(room.min(hash));
    let mut encoded = vec![0; size];
    let (block, tail) = encoded.split_at_mut(size - hash - 1);
    tail[..hash].copy_from_slice(&pss_hash(alg, digest, &salt));
    tail[hash] = 0xbc;
    let start = block.len() - salt.len();
    block[start - 1] = 1;
    block[start..].copy_from_slice(&salt);
    mgf1(alg, &tail[..hash], block);
    block[0] &= 0x7f;
    Ok(encoded)
}

/// Whether a PSS encoding holds `digest`, with a salt of any length, section 9.1.2.
pub(super) fn pss_verify(alg: HashAlg, digest: &[u8], mut encoded: Vec<u8>) -> bool {
    let hash = alg.size();
    if digest.len() != hash || encoded.len() < hash + 2 || encoded[0] >= 0x80 {
        return false;
    }
    let size = encoded.len();
    let (block, tail) = encoded.split_at_mut(size - hash - 1);
    if tail[hash] != 0xbc {
        return false;
    }
    mgf1(alg, &tail[..hash], block);
    block[0] &= 0x7f;
    match block.iter().position(|byte| *byte != 0) {
        Some(end) if block[end] == 1 => equal(&pss_hash(alg, digest, &block[end + 1..]), &tail[..hash]),
        _ => false,
    }
}
