//! Any text is a scenario or is refused with a message that says where: never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oobe::scenario::{Fixtures, parse};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Err(error) = parse("fuzz", "fuzz.toml", text, &Fixtures::built_in(), &[])
    {
        assert!(!error.to_string().is_empty());
    }
});
