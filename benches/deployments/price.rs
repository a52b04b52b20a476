//! What the cryptography of a deployment takes.

use std::hint::black_box;
use std::time::Duration;

use oobe_wire::crypto::{KeyKind, PrivateKey, meter, sha256};
use oobe_wire::pfx;
use oobe_wire::rng::Stream;
use oobe_wire::time::Utc;
use oobe_wire::x509::{IssueRequest, Name, Profile, issue};

use super::{median, time};

/// What that much cryptography takes: each operation timed by itself, times how often it was counted.
pub(super) fn of(work: meter::Work) -> Duration {
    let mut stream = Stream::new(1, &["bench"]);
    let key = PrivateKey::generate(KeyKind::P256, &mut stream);
    let name = Name::common_name("bench");
    let certificate = issue(
        &IssueRequest {
            serial: vec![1],
            issuer: name.clone(),
            subject: name,
            public_key: key.public().clone(),
            not_before: Utc(0),
            not_after: Utc(1_000),
            profile: Profile::client(),
        },
        &key,
    );
    let message = vec![7; 1024];
    let signature = key.sign_jws(&message);
    let file = pfx::make(&key, &certificate, &[], "x", "bench", &mut stream);
    let price = |operation: &mut dyn FnMut()| {
        median(
            (0..9)
                .map(|_| {
                    let hundred = time(|| {
                        for _ in 0..100 {
                            operation();
                        }
                    });
                    hundred / 100
                })
                .collect(),
        )
    };
    let hashing = price(&mut || {
        let _ = black_box(sha256(&message));
    });
    let keys = price(&mut || {
        let _ = black_box(PrivateKey::generate(KeyKind::P256, &mut stream));
    });
    let signing = price(&mut || {
        let _ = black_box(key.sign_jws(&message));
    });
    let verifying = price(&mut || {
        let _ = black_box(key.public().verify_jws(&message, &signature));
    });
    let agreeing = price(&mut || {
        let _ = black_box(key.ecdh(key.public()));
    });
    let mut stream = Stream::new(2, &["bench"]);
    let writing = price(&mut || {
        let _ = black_box(pfx::make(&key, &certificate, &[], "x", "b", &mut stream));
    });
    let opening = price(&mut || {
        let _ = black_box(pfx::open(&file, "x"));
    });
    let kib = u32::try_from(work.hashed / 1024).expect("a deployment hashes less than four TiB");
    keys * work.public_keys
        + signing * work.signatures
        + verifying * work.verifications
        + agreeing * work.agreements
        + hashing * kib
        + writing * work.pfx_written
        // The key in it is among the keys.
        + opening.saturating_sub(keys) * work.pfx_opened
}
