//! Any token is read or refused; none that was not signed is verified.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oobe_wire::jwt::parse;

fuzz_target!(|token: &str| {
    if let Ok(token) = parse(token) {
        let _ = token.header.certificate();
        assert!(token.verify_hs256(b"a key that nobody has signed with").is_err());
        assert!(token.verify_with_session_key(&[7; 32]).is_err());
    }
});
