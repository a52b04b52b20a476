//! Any encrypted token and any sealed data is read or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oobe_wire::content::Sealed;
use oobe_wire::jwe::{WrappedKey, decrypt_reply};

fuzz_target!(|bytes: &[u8]| {
    let _ = Sealed::parse(bytes).map(|sealed| sealed.open(&[7; 32]));
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = WrappedKey::parse(text).map(|wrapped| wrapped.unwrap_with_shared_secret(&[7; 32]));
        let _ = decrypt_reply(&[7; 32], text);
    }
});
