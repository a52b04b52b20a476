//! The hash algorithms, and a hash that can be stopped, saved and taken up again.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha1::Sha1;
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::digest::{Digest, FixedOutputReset};
use sha2::{Sha256, Sha384, Sha512};
use tpm2_protocol::data::TpmAlgId;

/// A hash algorithm that the TPM implements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HashAlg {
    /// SHA-1, 20 bytes.
    Sha1,
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
    /// SHA-512, 64 bytes.
    Sha512,
}

impl HashAlg {
    /// All of them, in the order of their algorithm identifiers.
    pub const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];
    /// The largest digest, in bytes.
    pub const MAX_SIZE: usize = 64;

    /// The hash of an algorithm identifier; `None` when it names no implemented hash (TPM_ALG_NULL included).
    pub fn from_alg(alg: TpmAlgId) -> Option<Self> {
        Some(match alg {
            TpmAlgId::Sha1 => Self::Sha1,
            TpmAlgId::Sha256 => Self::Sha256,
            TpmAlgId::Sha384 => Self::Sha384,
            TpmAlgId::Sha512 => Self::Sha512,
            _ => return None,
        })
    }

    /// Its algorithm identifier.
    pub fn alg(self) -> TpmAlgId {
        match self {
            Self::Sha1 => TpmAlgId::Sha1,
            Self::Sha256 => TpmAlgId::Sha256,
            Self::Sha384 => TpmAlgId::Sha384,
            Self::Sha512 => TpmAlgId::Sha512,
        }
    }

    /// Size of the digest in bytes.
    pub fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Size of the block that the compression function takes, in bytes.
    pub fn block_size(self) -> usize {
        match self {
            Self::Sha1 | Self::Sha256 => 64,
            Self::Sha384 | Self::Sha512 => 128,
        }
    }

    /// Digest of the concatenation of `parts`.
    pub fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        let mut hasher = Hasher::new(self);
        for part in parts {
            hasher.update(part);
        }
        hasher.finish()
    }

    /// The DER prefix of a `DigestInfo` (RFC 8017, section 9.2, note 1): all of it but the digest.
    pub fn digest_info_prefix(self) -> &'static [u8] {
        const SHA1: &[u8] = &[0x30, 0x21, 0x30, 0x09, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 0x14];
        const SHA256: &[u8] =
            &[0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
        const SHA384: &[u8] =
            &[0x30, 0x41, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0, 4, 0x30];
        const SHA512: &[u8] =
            &[0x30, 0x51, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 0x40];
        match self {
            Self::Sha1 => SHA1,
            Self::Sha256 => SHA256,
            Self::Sha384 => SHA384,
            Self::Sha512 => SHA512,
        }
    }
}

/// A hash in mid-stream. Serialises to the algorithm and the inner state, so that a sequence that was saved with its TPM
/// goes on where it stood.
#[derive(Debug, Clone)]
pub struct Hasher(State);

#[derive(Debug, Clone)]
enum State {
    Sha1(Sha1),
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

macro_rules! each {
    ($state:expr, $hasher:ident => $body:expr) => {
        match $state {
            State::Sha1($hasher) => $body,
            State::Sha256($hasher) => $body,
            State::Sha384($hasher) => $body,
            State::Sha512($hasher) => $body,
        }
    };
}

impl Hasher {
    /// A hash that has seen nothing yet.
    pub fn new(alg: HashAlg) -> Self {
        Self(match alg {
            HashAlg::Sha1 => State::Sha1(Sha1::new()),
            HashAlg::Sha256 => State::Sha256(Sha256::new()),
            HashAlg::Sha384 => State::Sha384(Sha384::new()),
            HashAlg::Sha512 => State::Sha512(Sha512::new()),
        })
    }

    /// Its algorithm.
    pub fn alg(&self) -> HashAlg {
        match self.0 {
            State::Sha1(_) => HashAlg::Sha1,
            State::Sha256(_) => HashAlg::Sha256,
            State::Sha384(_) => HashAlg::Sha384,
            State::Sha512(_) => HashAlg::Sha512,
        }
    }

    /// Takes in more data.
    pub fn update(&mut self, data: &[u8]) {
        each!(&mut self.0, hasher => Digest::update(hasher, data));
    }

    /// The digest of all that was taken in.
    pub fn finish(self) -> Vec<u8> {
        each!(self.0, hasher => finish(hasher))
    }
}

fn finish<D: Digest + FixedOutputReset>(hasher: D) -> Vec<u8> {
    Digest::finalize(hasher).to_vec()
}

fn restore<D: SerializableState>(state: &[u8]) -> Option<D> {
    let state = SerializedState::<D>::try_from(state).ok()?;
    D::deserialize(&state).ok()
}

impl Serialize for Hasher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let state = each!(&self.0, hasher => hasher.serialize().to_vec());
        (self.alg(), state).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Hasher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (alg, state) = <(HashAlg, Vec<u8>)>::deserialize(deserializer)?;
        let restored = match alg {
            HashAlg::Sha1 => restore(&state).map(State::Sha1),
            HashAlg::Sha256 => restore(&state).map(State::Sha256),
            HashAlg::Sha384 => restore(&state).map(State::Sha384),
            HashAlg::Sha512 => restore(&state).map(State::Sha512),
        };
        restored.map(Self).ok_or_else(|| D::Error::custom("not the inner state of a hash"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_saved_at_any_point_ends_with_the_digest_of_the_whole() {
        let data: Vec<u8> = (0..300_u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
        for alg in HashAlg::ALL {
            let whole = alg.digest(&[&data]);
            assert_eq!(whole.len(), alg.size());
            for split in [0, 1, 55, 63, 64, 65, 127, 128, 129, 256, 300] {
                let mut hasher = Hasher::new(alg);
                hasher.update(&data[..split]);
                let saved = postcard::to_allocvec(&hasher).unwrap();
                let mut restored: Hasher = postcard::from_bytes(&saved).unwrap();
                assert_eq!(restored.alg(), alg);
                restored.update(&data[split..]);
                assert_eq!(restored.finish(), whole, "{alg:?} split at {split}");
            }
        }
    }

    #[test]
    fn a_mangled_state_is_refused() {
        let mut saved = postcard::to_allocvec(&Hasher::new(HashAlg::Sha256)).unwrap();
        saved.truncate(saved.len() - 1);
        saved[1] -= 1;
        assert!(postcard::from_bytes::<Hasher>(&saved).is_err());
    }
}
