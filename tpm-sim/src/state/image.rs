//! A saved state as bytes.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `tpm-sim` and a zero |
//! | 4 | [`VERSION`](super::VERSION) of the writer |
//! | 4 | length of the body |
//! | 32 | SHA-256 of all the other bytes |
//! | rest | the body: the [`State`] in postcard's form |
//!
//! Numbers have their most significant byte first. Every byte is covered: one that changed, is missing or is one too many
//! is found before the body is looked at, and what the body says is held against what the TPM relies on
//! ([`State::check`]).

use super::{DERIVATION_VERSION, State, VERSION};
use crate::crypto::HashAlg;

const MAGIC: [u8; 8] = *b"tpm-sim\0";
const HEADER: usize = MAGIC.len() + 4 + 4;
const DIGEST: usize = 32;

/// Bytes from which no TPM can be restored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// There are none.
    #[error("it is empty")]
    Empty,
    /// They are text.
    #[error("it is text, and no saved TPM")]
    Text,
    /// They do not begin as a saved TPM does.
    #[error("it is no saved TPM")]
    Foreign,
    /// Another version of this library wrote them.
    #[error("another version wrote it: it has format {found}, this one reads format {VERSION}")]
    Version {
        /// The format that they have.
        found: u32,
    },
    /// Its keys derive from its seeds in a way that this library does not know.
    #[error(
        "another version made it: its keys derive by rule {found}, this one knows rule {DERIVATION_VERSION}"
    )]
    Derivation {
        /// The rule that they follow.
        found: u32,
    },
    /// There are fewer than there were.
    #[error("it is cut off: {found} bytes of {stated}")]
    Cut {
        /// Bytes that there are.
        found: usize,
        /// Bytes that there were.
        stated: usize,
    },
    /// There are more than there were.
    #[error("{0} bytes follow behind its end")]
    Longer(usize),
    /// Some have changed.
    #[error("bytes in it have changed: its checksum does not fit")]
    Checksum,
    /// They are whole, and do not say what a state says.
    #[error("it does not read as a state: {0}")]
    Body(#[from] postcard::Error),
    /// They say what can be true of no TPM.
    #[error("it is the state of no TPM: {0}")]
    Inconsistent(&'static str),
}

fn checksum(header: &[u8], body: &[u8]) -> Vec<u8> {
    HashAlg::Sha256.digest(&[header, body])
}

impl State {
    /// The body alone: two states are the same when these are.
    pub(crate) fn to_body(&self) -> Vec<u8> {
        postcard::to_allocvec(self).expect("plain data in memory serialises")
    }

    /// The state as bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let body = self.to_body();
        let length = u32::try_from(body.len()).expect("states have some tens of kilobytes");
        let header = [&MAGIC[..], &VERSION.to_be_bytes(), &length.to_be_bytes()].concat();
        [&header[..], &checksum(&header, &body), &body].concat()
    }

    /// A state from [`State::to_bytes`]'s bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, RestoreError> {
        let body = body(bytes)?;
        let (state, rest) = postcard::take_from_bytes::<Self>(body)?;
        if state.derivation_version != DERIVATION_VERSION {
            return Err(RestoreError::Derivation { found: state.derivation_version });
        }
        if !rest.is_empty() {
            return Err(RestoreError::Longer(rest.len()));
        }
        state.check().map_err(RestoreError::Inconsistent)?;
        Ok(state)
    }
}

/// What is behind the header, when the header holds.
fn body(bytes: &[u8]) -> Result<&[u8], RestoreError> {
    let Some(rest) = bytes.strip_prefix(&MAGIC) else { return Err(stranger(bytes)) };
    let cut = |stated| RestoreError::Cut { found: bytes.len(), stated };
    let (version, rest) = rest.split_first_chunk::<4>().ok_or(cut(HEADER + DIGEST))?;
    let found = u32::from_be_bytes(*version);
    if found != VERSION {
        return Err(RestoreError::Version { found });
    }
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(cut(HEADER + DIGEST))?;
    let length = u32::from_be_bytes(*length) as usize;
    let (digest, body) = rest.split_first_chunk::<DIGEST>().ok_or(cut(HEADER + DIGEST))?;
    if body.len() < length {
        return Err(cut(HEADER + DIGEST + length));
    }
    if body.len() > length {
        return Err(RestoreError::Longer(body.len() - length));
    }
    if checksum(&bytes[..HEADER], body) == digest { Ok(body) } else { Err(RestoreError::Checksum) }
}

/// What bytes are that do not begin as they should.
fn stranger(bytes: &[u8]) -> RestoreError {
    match bytes {
        [] => RestoreError::Empty,
        _ if std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0')) => RestoreError::Text,
        _ => RestoreError::Foreign,
    }
}

#[cfg(test)]
mod tests;
