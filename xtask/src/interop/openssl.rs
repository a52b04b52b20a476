//! What device and cloud exchange, read and verified by OpenSSL.

use std::fs;
use std::process::Command;

use super::{Scratch, need};
use crate::run;

/// OpenSSL reads and verifies what device and cloud exchange, in both key kinds.
pub(super) fn run_all() -> Result<(), String> {
    need("openssl", &["version"], "openssl")?;
    let scratch = Scratch::new("openssl")?;
    for keys in ["p256", "rsa"] {
        let dir = scratch.path().join(keys);
        fs::create_dir_all(&dir).map_err(|error| error.to_string())?;
        run(Command::new("cargo")
            .args(["run", "--quiet", "-p", "oobe-wire", "--example", "emit", "--", keys])
            .arg(&dir))?;
        let file = |name: &str| dir.join(name);
        let mut passed = 0;
        let mut check = |what: &str, expected: &str, command: &mut Command| -> Result<(), String> {
            let text = run(command).map_err(|problem| format!("openssl {keys}: {what}: {problem}"))?;
            if !text.contains(expected) {
                return Err(format!("openssl {keys}: {what}: expected {expected:?} in:\n{text}"));
            }
            passed += 1;
            Ok(())
        };
        check(
            "the certificate request's signature verifies",
            "verify OK",
            Command::new("openssl")
                .args(["req", "-inform", "DER", "-noout", "-verify", "-in"])
                .arg(file("request.der")),
        )?;
        check(
            "its subject is the one of a device join",
            "7E980AD9-B86D-4306-9425-9AC066FB014A",
            Command::new("openssl")
                .args(["req", "-inform", "DER", "-noout", "-subject", "-in"])
                .arg(file("request.der")),
        )?;
        check(
            "the issued chain verifies",
            "OK",
            Command::new("openssl")
                .args(["verify", "-purpose", "sslclient", "-CAfile"])
                .arg(file("root.pem"))
                .arg("-untrusted")
                .arg(file("issuing.pem"))
                .arg(file("leaf.pem")),
        )?;
        check(
            "the PFX opens with its password",
            "BEGIN CERTIFICATE",
            Command::new("openssl")
                .args(["pkcs12", "-nodes", "-passin", "pass:TEST ONLY", "-in"])
                .arg(file("identity.pfx")),
        )?;
        let wrong = run(Command::new("openssl")
            .args(["pkcs12", "-nodes", "-passin", "pass:wrong", "-in"])
            .arg(file("identity.pfx")));
        if wrong.is_ok() {
            return Err(format!("openssl {keys}: the PFX opens with a wrong password"));
        }
        println!("openssl {keys}: {} passed, 0 failed", passed + 1);
    }
    Ok(())
}
