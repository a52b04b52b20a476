//! The TPM's random stream: ChaCha20 keyed from a seed, so that the same seed gives the same bytes. There is no other
//! source of randomness in this library.

use super::HashAlg;
use rand_chacha::ChaCha20Rng;
use rand_core::{SeedableRng, TryCryptoRng, TryRng};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::convert::Infallible;

/// A deterministic random bit generator. Serialises as its key and its position in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drbg {
    // Not `ChaCha20Rng` itself: that carries four blocks of look-ahead, which a fleet of thousands would pay for.
    key: [u8; 32],
    /// Position in 32-bit words.
    position: u64,
}

#[derive(Serialize, Deserialize)]
struct Saved([u8; 32], u64);

impl Drbg {
    /// The stream of a seed (any length) for one purpose: different labels give unrelated streams.
    pub fn from_seed(seed: &[u8], label: &str) -> Self {
        let length = (label.len() as u64).to_be_bytes();
        let key = HashAlg::Sha256.digest(&[b"tpm-sim drbg", &length, label.as_bytes(), seed]);
        Self { key: key.try_into().expect("a SHA-256 digest has 32 bytes"), position: 0 }
    }

    /// Fills `out` with the next bytes of the stream.
    pub fn fill(&mut self, out: &mut [u8]) {
        let mut stream = ChaCha20Rng::from_seed(self.key);
        stream.set_word_pos(u128::from(self.position));
        let Ok(()) = stream.try_fill_bytes(out);
        self.position = u64::try_from(stream.get_word_pos()).expect("nobody draws 2^64 words");
    }

    /// The next `n` bytes of the stream.
    pub fn bytes(&mut self, n: usize) -> Vec<u8> {
        let mut out = vec![0; n];
        self.fill(&mut out);
        out
    }

    /// Position in the stream, in words of four bytes.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Goes on to the next multiple of `words`, if it is not at one: a stream that was noted there gives no byte twice,
    /// whatever was drawn before that point and never noted.
    pub fn reserve(&mut self, words: u64) {
        self.position = self.position.next_multiple_of(words);
    }

    /// Mixes `data` into the state (TPM2_StirRandom): the stream from here on depends on it and on all that was before.
    pub fn stir(&mut self, data: &[u8]) {
        let position = self.position.to_be_bytes();
        let key = HashAlg::Sha256.digest(&[b"tpm-sim stir", &self.key, &position, data]);
        *self = Self { key: key.try_into().expect("a SHA-256 digest has 32 bytes"), position: 0 };
    }
}

impl TryRng for Drbg {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut out = [0; 4];
        self.fill(&mut out);
        Ok(u32::from_le_bytes(out))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut out = [0; 8];
        self.fill(&mut out);
        Ok(u64::from_le_bytes(out))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Drbg {}

impl Serialize for Drbg {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Saved(self.key, self.position).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Drbg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Saved(key, position) = Saved::deserialize(deserializer)?;
        Ok(Self { key, position })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_label_give_the_same_stream_and_no_other_does() {
        let stream = |seed: &[u8], label| Drbg::from_seed(seed, label).bytes(64);
        assert_eq!(stream(b"seed", "a"), stream(b"seed", "a"));
        assert_ne!(stream(b"seed", "a"), stream(b"seed", "b"));
        assert_ne!(stream(b"seed", "a"), stream(b"seee", "a"));
        assert_ne!(stream(b"bseed", "a"), stream(b"seed", "ab"));
    }

    #[test]
    fn a_saved_stream_goes_on_and_stirring_changes_it() {
        let mut rng = Drbg::from_seed(b"seed", "test");
        let first = rng.bytes(7);
        let saved = postcard::to_allocvec(&rng).unwrap();
        let mut restored: Drbg = postcard::from_bytes(&saved).unwrap();
        let mut stirred = rng.clone();
        stirred.stir(b"entropy");
        let next = rng.bytes(100);
        assert_eq!(restored.bytes(100), next);
        assert_ne!(stirred.bytes(100), next);
        assert_ne!(first, next[..7]);
    }
}
