//! Writes the mock cloud's TEST ONLY keys, from a fixed stream: the same files each time.
//!
//! `cargo run -p oobe-mock-cloud --example make_test_keys`

use std::path::Path;
use std::{fs, io};

use oobe_wire::crypto::{KeyKind, PrivateKey};
use oobe_wire::encoding::base64_encode;
use oobe_wire::rng::Stream;

const NAMES: [&str; 9] = [
    "token-signing",
    "organization-access",
    "mdm-root",
    "mdm-issuing",
    "tls-root",
    "tls-server",
    "customer-root",
    "aik-root",
    "foreign",
];

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("keys");
    for (folder, kind) in [("p256", KeyKind::P256), ("rsa", KeyKind::Rsa2048)] {
        fs::create_dir_all(root.join(folder))?;
        for name in NAMES {
            let mut stream = Stream::new(0, &["mock-cloud test keys", folder, name]);
            let key = PrivateKey::generate(kind, &mut stream);
            fs::write(root.join(folder).join(format!("{name}.TEST-ONLY.pem")), pem(name, &key))?;
        }
    }
    Ok(())
}

fn pem(name: &str, key: &PrivateKey) -> String {
    let mut text = format!(
        "TEST ONLY: {name} of oobe's mock cloud. Published with the source, worth nothing.\n\
         Made by: cargo run -p oobe-mock-cloud --example make_test_keys\n\
         -----BEGIN PRIVATE KEY-----\n"
    );
    let body = base64_encode(&key.to_pkcs8_der());
    for line in body.as_bytes().chunks(64) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    text
}
