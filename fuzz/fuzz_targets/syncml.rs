//! Any message is read or refused, and what was read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oobe_wire::syncml::{Message, complete_enough};

fuzz_target!(|body: &[u8]| {
    let _ = complete_enough(body);
    if let Ok(message) = Message::parse(body) {
        Message::parse(message.write().as_bytes()).expect("what is written is a message");
    }
});
