//! GUIDs, and the Entra SIDs made from them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A GUID. Shown lower-case with hyphens; compared and ordered by its bytes in the order they are shown.
#[derive(Copy, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Guid([u8; 16]);

/// The text is not a GUID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a GUID: {0:?}")]
pub struct GuidError(String);

impl Guid {
    /// All zeros.
    pub const NIL: Self = Self([0; 16]);

    /// From bytes in the order they are shown.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes in the order they are shown.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// From Microsoft's binary layout: the first three fields little-endian.
    pub const fn from_le_bytes(b: [u8; 16]) -> Self {
        Self([
            b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
            b[15],
        ])
    }

    /// Microsoft's binary layout: the first three fields little-endian.
    pub const fn to_le_bytes(self) -> [u8; 16] {
        Self::from_le_bytes(self.0).0
    }

    /// The same GUID for the same seed and labels: SHA-256 over both, with the bits of a version 4 GUID set.
    pub fn derive(seed: u64, labels: &[&str]) -> Self {
        let mut hash = Sha256::new_with_prefix(b"oobe guid\0");
        hash.update(seed.to_be_bytes());
        for label in labels {
            hash.update([0]);
            hash.update(label.as_bytes());
        }
        let digest = hash.finalize();
        Self::random_from(std::array::from_fn(|i| digest[i]))
    }

    /// The bytes with the version (4) and variant bits of RFC 9562 put in.
    pub const fn random_from(mut bytes: [u8; 16]) -> Self {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }

    /// 32 lower-case hexadecimal digits, no hyphens.
    pub fn simple(self) -> String {
        crate::encoding::hex_lower(&self.0)
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By hand: ids are written a thousand times in a deployment, and `{:02x}` sixteen times each is felt.
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'-'; 36];
        let mut at = 0;
        for (i, byte) in self.0.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                at += 1;
            }
            text[at] = DIGITS[usize::from(byte >> 4)];
            text[at + 1] = DIGITS[usize::from(byte & 15)];
            at += 2;
        }
        f.write_str(std::str::from_utf8(&text).expect("hexadecimal digits and hyphens are ASCII"))
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Guid {
    type Err = GuidError;

    /// Either case, with hyphens or without any, with braces or without.
    fn from_str(text: &str) -> Result<Self, GuidError> {
        let error = || GuidError(text.chars().take(80).collect());
        let trimmed = text.trim();
        let inner = trimmed.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(trimmed);
        let digits = match inner.len() {
            36 => {
                let parts: Vec<&str> = inner.split('-').collect();
                if !parts.iter().map(|p| p.len()).eq([8, 4, 4, 4, 12]) {
                    return Err(error());
                }
                parts.concat()
            }
            32 => inner.to_owned(),
            _ => return Err(error()),
        };
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(error());
        }
        let bytes = crate::encoding::hex_decode(&digits).map_err(|_| error())?;
        bytes.try_into().map(Self).map_err(|_| error())
    }
}

impl From<Guid> for String {
    fn from(guid: Guid) -> Self {
        guid.to_string()
    }
}

impl TryFrom<String> for Guid {
    type Error = GuidError;

    fn try_from(text: String) -> Result<Self, GuidError> {
        text.parse()
    }
}

/// The SID by which Windows knows an Entra object: `S-1-12-1-` and the object id's 16 little-endian bytes as
/// four 32-bit numbers (reference: protocols, A.3).
pub fn entra_sid(object_id: Guid) -> String {
    let bytes = object_id.to_le_bytes();
    bytes.chunks_exact(4).fold(String::from("S-1-12-1"), |sid, part| {
        let number = part.iter().rev().fold(0_u32, |n, b| n << 8 | u32::from(*b));
        format!("{sid}-{number}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_usual_spelling_is_read() {
        let guid = Guid::from_bytes([
            0x7e, 0x98, 0x0a, 0xd9, 0xb8, 0x6d, 0x43, 0x06, 0x94, 0x25, 0x9a, 0xc0, 0x66, 0xfb, 0x01, 0x4a,
        ]);
        for text in [
            "7E980AD9-B86D-4306-9425-9AC066FB014A",
            "{7e980ad9-b86d-4306-9425-9ac066fb014a}",
            "7e980ad9b86d430694259ac066fb014a",
        ] {
            assert_eq!(text.parse(), Ok(guid));
        }
        assert_eq!(guid.to_string(), "7e980ad9-b86d-4306-9425-9ac066fb014a");
        assert!("7e980ad9-b86d-4306-9425-9ac066fb01".parse::<Guid>().is_err());
        assert!("7e980ad9-b86d4-306-9425-9ac066fb014a".parse::<Guid>().is_err());
        // As many bytes as a GUID has, and other characters in them; hyphens where digits belong.
        for text in ["é".repeat(16), "é".repeat(18), "-".repeat(32), "-".repeat(36)] {
            assert!(text.parse::<Guid>().is_err(), "{text}");
        }
        for text in ["7e980aé-b86d-4306-9425-9ac066fb014a", "+e980ad9b86d430694259ac066fb014a"] {
            assert!(text.parse::<Guid>().is_err(), "{text}");
        }
    }

    #[test]
    fn sid_of_a_known_object() {
        // The pair is printed in Microsoft's and many others' articles on Entra SIDs.
        let id: Guid = "73d664e4-0886-4a73-b745-c694da45ddb4".parse().unwrap();
        assert_eq!(entra_sid(id), "S-1-12-1-1943430372-1249052806-2496021943-3034400218");
    }

    #[test]
    fn derived_guids_depend_on_every_label() {
        let guid = Guid::derive(7, &["device", "a"]);
        assert_eq!(guid, Guid::derive(7, &["device", "a"]));
        assert_ne!(guid, Guid::derive(8, &["device", "a"]));
        assert_ne!(guid, Guid::derive(7, &["devicea"]));
        assert_eq!(guid.to_string().as_bytes()[14], b'4');
    }

    proptest! {
        #[test]
        fn round_trips(bytes: [u8; 16]) {
            let guid = Guid::from_bytes(bytes);
            prop_assert_eq!(guid.to_string().parse::<Guid>(), Ok(guid));
            prop_assert_eq!(guid.simple().parse::<Guid>(), Ok(guid));
            prop_assert_eq!(Guid::from_le_bytes(guid.to_le_bytes()), guid);
        }

        #[test]
        fn any_text_is_an_answer(text in ".*") {
            let _ = text.parse::<Guid>();
        }
    }
}
