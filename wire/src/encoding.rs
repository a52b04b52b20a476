//! Hexadecimal and base64, as the protocols write them and as peers really send them.

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, Engine};

/// The text is not hexadecimal or base64.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not valid {0}")]
pub struct EncodingError(&'static str);

// Peers leave padding out, or leave stray bits in the last character: both decode to the bytes that were
// meant.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD_LENIENT: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_LENIENT: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Lower-case hexadecimal.
pub fn hex_lower(bytes: &[u8]) -> String {
    hex(bytes, b"0123456789abcdef")
}

/// Upper-case hexadecimal, as certificate thumbprints are written.
pub fn hex_upper(bytes: &[u8]) -> String {
    hex(bytes, b"0123456789ABCDEF")
}

fn hex(bytes: &[u8], digits: &[u8; 16]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.extend([byte >> 4, byte & 15].map(|nibble| char::from(digits[usize::from(nibble)])));
    }
    text
}

/// Reads hexadecimal in either case; white space between digits is skipped.
pub fn hex_decode(text: &str) -> Result<Vec<u8>, EncodingError> {
    let error = EncodingError("hexadecimal");
    let mut nibbles = Vec::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        nibbles.push(c.to_digit(16).and_then(|n| u8::try_from(n).ok()).ok_or_else(|| error.clone())?);
    }
    if nibbles.len() % 2 != 0 {
        return Err(error);
    }
    Ok(nibbles.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Base64 of RFC 4648 section 4, padded.
pub fn base64_encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads base64; white space anywhere and missing padding are accepted (reference: protocols, G item 6).
pub fn base64_decode(text: &str) -> Result<Vec<u8>, EncodingError> {
    let error = |_| EncodingError("base64");
    // Most comes in one piece, and white space is no base64: only what can't be read is looked at again.
    STANDARD_LENIENT.decode(text).or_else(|_| {
        let compact: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        STANDARD_LENIENT.decode(compact).map_err(error)
    })
}

/// Base64url of RFC 4648 section 5, without padding.
pub fn base64url_encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url, padded or not.
pub fn base64url_decode(text: &str) -> Result<Vec<u8>, EncodingError> {
    URL_LENIENT.decode(text).map_err(|_| EncodingError("base64url"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_values() {
        assert_eq!(hex_lower(&[0xde, 0xad]), "dead");
        assert_eq!(hex_upper(&[0xde, 0xad]), "DEAD");
        assert_eq!(hex_decode("DE ad"), Ok(vec![0xde, 0xad]));
        assert!(hex_decode("abc").is_err());
        assert_eq!(base64_decode(" Zm9v\r\n YmE"), Ok(b"fooba".to_vec()));
        assert_eq!(base64url_decode("_-8"), Ok(vec![0xff, 0xef]));
        assert_eq!(base64url_decode("_-8="), Ok(vec![0xff, 0xef]));
    }

    proptest! {
        #[test]
        fn everything_round_trips(bytes: Vec<u8>) {
            prop_assert_eq!(hex_decode(&hex_upper(&bytes)), Ok(bytes.clone()));
            prop_assert_eq!(hex_decode(&hex_lower(&bytes)), Ok(bytes.clone()));
            prop_assert_eq!(base64_decode(&base64_encode(&bytes)), Ok(bytes.clone()));
            prop_assert_eq!(base64url_decode(&base64url_encode(&bytes)), Ok(bytes));
        }

        #[test]
        fn any_text_is_an_answer(text in ".*") {
            let _ = (hex_decode(&text), base64_decode(&text), base64url_decode(&text));
        }
    }
}
