//! Any PKCS#12 file, private key and key blob is read or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oobe_wire::bcrypt::decode_public;
use oobe_wire::crypto::{PrivateKey, PublicKey};
use oobe_wire::pfx::open;

fuzz_target!(|bytes: &[u8]| {
    let _ = open(bytes, "secret");
    let _ = decode_public(bytes);
    let _ = PublicKey::from_spki_der(bytes);
    let _ = PrivateKey::from_pkcs8_der(bytes).map(|key| key.sign_x509(b"message"));
});
