//! HMAC (RFC 2104) over any of the TPM's hashes, at once or in mid-stream.

use super::{HashAlg, Hasher};
use serde::{Deserialize, Serialize};

/// HMAC of the concatenation of `parts` under `key`, which may have any length.
pub fn hmac(alg: HashAlg, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::new(alg, key);
    for part in parts {
        mac.update(part);
    }
    mac.finish()
}

/// An HMAC in mid-stream: the inner and the outer hash, each past its padded key. Serialises as those two hashes, so the
/// key itself is not kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hmac {
    inner: Hasher,
    outer: Hasher,
}

impl Hmac {
    /// An HMAC that has seen nothing but its key.
    pub fn new(alg: HashAlg, key: &[u8]) -> Self {
        let mut block = if key.len() > alg.block_size() { alg.digest(&[key]) } else { key.to_vec() };
        block.resize(alg.block_size(), 0);
        let (mut inner, mut outer) = (Hasher::new(alg), Hasher::new(alg));
        let pad = |with: u8| block.iter().map(|byte| byte ^ with).collect::<Vec<u8>>();
        inner.update(&pad(0x36));
        outer.update(&pad(0x5c));
        Self { inner, outer }
    }

    /// Its hash algorithm.
    pub fn alg(&self) -> HashAlg {
        self.inner.alg()
    }

    /// Takes in more data.
    pub fn update(&mut self, data: &[u8]) {
        self.inner.update(data);
    }

    /// The HMAC of all that was taken in; as long as the hash's digest.
    pub fn finish(mut self) -> Vec<u8> {
        self.outer.update(&self.inner.finish());
        self.outer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::tests_support::hex;

    /// RFC 4231, test cases 1, 2, 4 and 6 for SHA-256; RFC 2202 cases 1 and 6 for SHA-1.
    #[test]
    fn published_vectors() {
        let cases: [(HashAlg, Vec<u8>, &[u8], &str); 6] = [
            (
                HashAlg::Sha256,
                vec![0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                HashAlg::Sha256,
                b"Jefe".to_vec(),
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                HashAlg::Sha256,
                vec![0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                HashAlg::Sha384,
                b"Jefe".to_vec(),
                b"what do ya want for nothing?",
                "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            ),
            (HashAlg::Sha1, vec![0x0b; 20], b"Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
            (
                HashAlg::Sha1,
                vec![0xaa; 80],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "aa4ae5e15272d00e95705637ce8a3b55ed402112",
            ),
        ];
        for (alg, key, data, want) in cases {
            assert_eq!(hmac(alg, &key, &[data]), hex(want), "{alg:?}");
        }
    }

    #[test]
    fn a_saved_hmac_goes_on() {
        for alg in HashAlg::ALL {
            let mut mac = Hmac::new(alg, b"key");
            mac.update(b"first ");
            let saved = postcard::to_allocvec(&mac).unwrap();
            let mut restored: Hmac = postcard::from_bytes(&saved).unwrap();
            restored.update(b"second");
            assert_eq!(restored.finish(), hmac(alg, b"key", &[b"first second"]));
        }
    }
}
