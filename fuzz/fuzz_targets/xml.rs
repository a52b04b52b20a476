//! Any document is read or refused, and what was read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oobe_wire::xml::{Writer, parse};

fuzz_target!(|document: &[u8]| {
    if let Ok(root) = parse(document) {
        let mut writer = Writer::new();
        writer.element(&root);
        parse(writer.finish().as_bytes()).expect("what is written is well-formed");
    }
});
