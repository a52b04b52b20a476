//! Random streams: all chance in a world comes out of a seed.

use std::convert::Infallible;

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng, TryCryptoRng, TryRng};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::Guid;

/// One random stream: ChaCha20 keyed by SHA-256 over the seed and the labels. Streams with different labels
/// do not depend on each other, so a device's stream does not shift when another device draws more.
/// Serialises as its key and position and goes on from there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Position", try_from = "Position")]
pub struct Stream(ChaCha20Rng);

impl Stream {
    /// The stream of `labels` under `seed`, at its beginning.
    pub fn new(seed: u64, labels: &[&str]) -> Self {
        let mut hash = Sha256::new_with_prefix(seed.to_be_bytes());
        for label in labels {
            hash.update([0]);
            hash.update(label.as_bytes());
        }
        Self(ChaCha20Rng::from_seed(hash.finalize().into()))
    }

    /// The next `N` bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// Fills `buffer` with the next bytes.
    pub fn fill(&mut self, buffer: &mut [u8]) {
        self.0.fill_bytes(buffer);
    }

    /// The next number.
    pub fn u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 to `bound - 1`, every one as likely; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // Numbers from the incomplete last round would favour small results.
        let rounds_end = u64::MAX - u64::MAX % bound;
        loop {
            let number = self.u64();
            if number < rounds_end {
                return number % bound;
            }
        }
    }

    /// A version 4 GUID.
    pub fn guid(&mut self) -> Guid {
        Guid::random_from(self.bytes())
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(buffer);
        Ok(())
    }
}

impl TryCryptoRng for Stream {}

/// How a stream is stored: its key in hexadecimal and how many 32-bit words were drawn.
#[derive(Serialize, Deserialize)]
struct Position {
    key: String,
    words: u64,
}

impl From<Stream> for Position {
    fn from(stream: Stream) -> Self {
        // The position has 68 bits; at a gigabyte a second the upper four would be touched after 2,000 years.
        let words = u64::try_from(stream.0.get_word_pos()).unwrap_or(u64::MAX);
        Self { key: crate::encoding::hex_lower(&stream.0.get_seed()), words }
    }
}

impl TryFrom<Position> for Stream {
    type Error = &'static str;

    fn try_from(position: Position) -> Result<Self, &'static str> {
        let key = crate::encoding::hex_decode(&position.key).ok().and_then(|k| k.try_into().ok());
        let mut rng = ChaCha20Rng::from_seed(key.ok_or("a stream's key is 64 hexadecimal digits")?);
        rng.set_word_pos(u128::from(position.words));
        Ok(Self(rng))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn labels_are_kept_apart() {
        let first = |labels: &[&str]| Stream::new(1, labels).u64();
        assert_eq!(first(&["a", "b"]), first(&["a", "b"]));
        assert_ne!(first(&["a", "b"]), first(&["ab"]));
        assert_ne!(first(&["a"]), Stream::new(2, &["a"]).u64());
    }

    #[test]
    fn the_first_bytes_are_fixed_for_good() {
        // A change here changes every recorded trace.
        assert_eq!(Stream::new(42, &["device"]).guid().to_string(), "5c731c1c-2bba-4b7c-a713-965c0dd49398");
    }

    proptest! {
        #[test]
        fn a_stored_stream_goes_on_where_it_was(seed: u64, drawn in 0_usize..200) {
            let mut stream = Stream::new(seed, &["x"]);
            stream.fill(&mut vec![0; drawn]);
            let stored = serde_json::to_string(&stream).unwrap();
            let mut again: Stream = serde_json::from_str(&stored).unwrap();
            prop_assert_eq!(stream.bytes::<70>(), again.bytes::<70>());
        }

        #[test]
        fn below_stays_below(seed: u64, bound in 1_u64..) {
            prop_assert!(Stream::new(seed, &[]).below(bound) < bound);
        }
    }
}
