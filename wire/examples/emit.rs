//! Writes what device and cloud exchange to files, for other people's programs to read and verify:
//! `cargo run -p oobe-wire --example emit -- p256|rsa DIR`. All keys are TEST ONLY and follow from a fixed seed.

use std::fs;
use std::path::PathBuf;

use oobe_wire::crypto::{KeyKind, PrivateKey};
use oobe_wire::encoding::base64_encode;
use oobe_wire::ids::Guid;
use oobe_wire::pfx;
use oobe_wire::rng::Stream;
use oobe_wire::time::Utc;
use oobe_wire::x509::{IssueRequest, Name, Profile, issue, make_csr};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, dir] = arguments.as_slice() else { return Err("usage: emit p256|rsa DIR".into()) };
    let kind = match kind.as_str() {
        "p256" => KeyKind::P256,
        "rsa" => KeyKind::Rsa2048,
        other => return Err(format!("{other:?} is neither p256 nor rsa").into()),
    };
    let dir = PathBuf::from(dir);
    let mut stream = Stream::new(1, &["emit", "TEST ONLY"]);
    let key = |stream: &mut Stream| PrivateKey::generate(kind, stream);
    let (root_key, issuing_key, leaf_key) = (key(&mut stream), key(&mut stream), key(&mut stream));

    let valid = (Utc::from_unix_seconds(946_684_800), Utc::from_unix_seconds(2_493_072_000));
    let certificate = |name: &str, subject: &PrivateKey, issuer: &str, ca: &PrivateKey, profile: Profile| {
        let request = IssueRequest {
            serial: Guid::derive(1, &["emit", name]).to_bytes().to_vec(),
            issuer: Name::common_name(issuer),
            subject: Name::common_name(name),
            public_key: subject.public().clone(),
            not_before: valid.0,
            not_after: valid.1,
            profile,
        };
        issue(&request, ca)
    };
    let root = certificate("TEST ONLY root", &root_key, "TEST ONLY root", &root_key, Profile::ca(None));
    let issuing =
        certificate("TEST ONLY issuing", &issuing_key, "TEST ONLY root", &root_key, Profile::ca(Some(0)));
    let leaf = certificate("TEST ONLY leaf", &leaf_key, "TEST ONLY issuing", &issuing_key, Profile::client());

    let request = make_csr(&Name::common_name("7E980AD9-B86D-4306-9425-9AC066FB014A"), &leaf_key, &[]);
    let identity = pfx::make(&leaf_key, &leaf, &[&issuing], "TEST ONLY", "TEST ONLY identity", &mut stream);
    fs::write(dir.join("request.der"), request)?;
    fs::write(dir.join("root.pem"), pem(&root))?;
    fs::write(dir.join("issuing.pem"), pem(&issuing))?;
    fs::write(dir.join("leaf.pem"), pem(&leaf))?;
    fs::write(dir.join("identity.pfx"), identity)?;
    Ok(())
}

fn pem(der: &[u8]) -> String {
    let text = base64_encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
