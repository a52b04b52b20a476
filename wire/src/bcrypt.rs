//! Public keys in the layout of Windows' key library (reference: protocols, A.3).
//!
//! RSA is as published: `RSA1`, then bit length, exponent length, modulus length, two prime lengths (0), all
//! little-endian u32, then exponent and modulus big-endian; 283 bytes for RSA-2048 with exponent 65537. The
//! join protocol knows no elliptic curves: the P-256 form (`ECK1`, coordinate length, both coordinates) is
//! the library's own layout for ECDH P-256 keys, used here as a *model*.

use crate::crypto::PublicKey;

/// The bytes are not a public key blob.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// Neither `RSA1` nor `ECK1`.
    #[error("a key blob starts with RSA1 or ECK1")]
    Magic,
    /// The lengths in the header do not fit the bytes that follow.
    #[error("the key blob's lengths do not fit its bytes")]
    Length,
    /// The numbers are not a supported key.
    #[error("the key blob holds no supported key")]
    Key,
}

const RSA_MAGIC: &[u8; 4] = b"RSA1";
const ECC_MAGIC: &[u8; 4] = b"ECK1";

/// Writes a public key blob.
pub fn encode_public(key: &PublicKey) -> Vec<u8> {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    match key {
        PublicKey::Rsa { n, e } => {
            let header =
                [number(n.len() * 8), number(e.len()), number(n.len()), number(0), number(0)].concat();
            [RSA_MAGIC.as_slice(), &header, e, n].concat()
        }
        PublicKey::P256 { x, y } => [ECC_MAGIC.as_slice(), &number(x.len()), x, y].concat(),
    }
}

/// Reads a public key blob.
pub fn decode_public(blob: &[u8]) -> Result<PublicKey, BlobError> {
    let (magic, rest) = blob.split_first_chunk::<4>().ok_or(BlobError::Magic)?;
    match magic {
        RSA_MAGIC => {
            let (header, numbers) = rest.split_first_chunk::<20>().ok_or(BlobError::Length)?;
            let field = |i: usize| {
                let bytes = header.iter().skip(4 * i).take(4);
                bytes.rev().fold(0_usize, |n, byte| n << 8 | usize::from(*byte))
            };
            let (exponent, modulus) = (field(1), field(2));
            if exponent.checked_add(modulus) != Some(numbers.len()) {
                return Err(BlobError::Length);
            }
            let (e, n) = numbers.split_at(exponent);
            PublicKey::rsa(n, e).map_err(|_| BlobError::Key)
        }
        ECC_MAGIC => {
            let coordinates = rest.strip_prefix(&32_u32.to_le_bytes()).ok_or(BlobError::Length)?;
            let (x, y) = coordinates.split_first_chunk::<32>().ok_or(BlobError::Length)?;
            let y = y.try_into().map_err(|_| BlobError::Length)?;
            PublicKey::p256(*x, y).map_err(|_| BlobError::Key)
        }
        _ => Err(BlobError::Magic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{KeyKind, PrivateKey};
    use crate::rng::Stream;
    use proptest::prelude::*;

    #[test]
    fn rsa_blob_is_the_published_one() {
        let key = PrivateKey::generate(KeyKind::Rsa2048, &mut Stream::new(1, &["blob"]));
        let blob = encode_public(key.public());
        assert_eq!(blob.len(), 283);
        // The first characters that captured clients send.
        let text = crate::encoding::base64_encode(&blob);
        assert_eq!(text.len(), 380);
        assert!(text.starts_with("UlNBMQAIAAADAAAAAAEAAAAA"), "{text}");
        assert_eq!(decode_public(&blob).as_ref(), Ok(key.public()));
    }

    #[test]
    fn elliptic_blob_round_trips() {
        let key = PrivateKey::generate(KeyKind::P256, &mut Stream::new(1, &["blob"]));
        let blob = encode_public(key.public());
        assert_eq!(blob.len(), 72);
        assert_eq!(decode_public(&blob).as_ref(), Ok(key.public()));
        assert_eq!(decode_public(&blob[..71]), Err(BlobError::Length));
        let mut off_curve = blob;
        off_curve[20] ^= 1;
        assert_eq!(decode_public(&off_curve), Err(BlobError::Key));
        assert_eq!(decode_public(b"RSA2"), Err(BlobError::Magic));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(rsa: bool, bytes: Vec<u8>) {
            let _ = decode_public(&bytes);
            let magic = if rsa { RSA_MAGIC } else { ECC_MAGIC };
            let _ = decode_public(&[magic.as_slice(), &bytes].concat());
        }
    }
}
