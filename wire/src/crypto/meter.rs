//! Counts the dear operations, so that a benchmark can tell what of a run's time is cryptography. Counts change nothing
//! of what anything computes; each thread has its own.

use std::cell::Cell;

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Public keys computed from private ones: new keys, and keys that were read.
    pub public_keys: u32,
    /// Signatures made.
    pub signatures: u32,
    /// Signatures verified, those of certificate chains included.
    pub verifications: u32,
    /// Key agreements (ECDH) and RSA decryptions.
    pub agreements: u32,
    /// Bytes that went through SHA-256.
    pub hashed: u64,
    /// PKCS#12 files written; what is in them is counted besides.
    pub pfx_written: u32,
    /// PKCS#12 files opened.
    pub pfx_opened: u32,
}

thread_local! {
    static WORK: Cell<Work> = const {
        Cell::new(Work {
            public_keys: 0,
            signatures: 0,
            verifications: 0,
            agreements: 0,
            hashed: 0,
            pfx_written: 0,
            pfx_opened: 0,
        })
    };
}

/// What this thread did since it was last asked.
pub fn take() -> Work {
    WORK.take()
}

pub(crate) fn count(what: impl FnOnce(&mut Work)) {
    let mut work = WORK.get();
    what(&mut work);
    WORK.set(work);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{KeyKind, PrivateKey};
    use crate::rng::Stream;

    #[test]
    fn what_is_done_is_counted_once() {
        let _ = take();
        let key = PrivateKey::generate(KeyKind::P256, &mut Stream::new(1, &[]));
        let signature = key.sign_jws(b"m");
        key.public().verify_jws(b"m", &signature).unwrap();
        key.ecdh(key.public()).unwrap();
        crate::crypto::sha256(&[0; 100]);
        let expected = Work {
            public_keys: 1,
            signatures: 1,
            verifications: 1,
            agreements: 1,
            // The message that is signed, and the hundred bytes.
            hashed: 101,
            ..Work::default()
        };
        assert_eq!((take(), take()), (expected, Work::default()));
    }
}
