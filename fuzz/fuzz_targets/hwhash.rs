//! Any hardware hash is read or refused, from bytes and from text; what was read without a warning is complete.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oobe_wire::hwhash::{LENGTH, decode, decode_base64};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(decoded) = decode(bytes) {
        assert!(!decoded.warnings.is_empty() || bytes.len() == LENGTH);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = decode_base64(text);
    }
});
