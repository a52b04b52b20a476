//! What the operations cost that every simulated device repeats.

use divan::{Bencher, black_box};
use oobe_wire::crypto::{KeyKind, PrivateKey};
use oobe_wire::pfx;
use oobe_wire::rng::Stream;
use oobe_wire::syncml::{Body, Command, Header, Item, Message};
use oobe_wire::time::Utc;
use oobe_wire::x509::{Extension, IssueRequest, Name, Profile, Usage, issue, make_csr, verify_chain};

const KINDS: [KeyKind; 2] = [KeyKind::P256, KeyKind::Rsa2048];
const NOW: Utc = Utc::from_unix_seconds(1_795_161_600);

fn main() {
    divan::main();
}

fn key(kind: KeyKind) -> PrivateKey {
    PrivateKey::generate(kind, &mut Stream::new(1, &["bench"]))
}

#[divan::bench(args = KINDS, sample_count = 20)]
fn generate_key(bencher: Bencher, kind: KeyKind) {
    let mut stream = Stream::new(1, &["bench"]);
    bencher.bench_local(|| PrivateKey::generate(kind, &mut stream));
}

#[divan::bench(args = KINDS)]
fn sign(bencher: Bencher, kind: KeyKind) {
    let key = key(kind);
    bencher.bench_local(|| key.sign_jws(black_box(b"message")));
}

#[divan::bench(args = KINDS)]
fn verify(bencher: Bencher, kind: KeyKind) {
    let key = key(kind);
    let signature = key.sign_jws(b"message");
    bencher.bench_local(|| key.public().verify_jws(black_box(b"message"), &signature));
}

#[divan::bench(args = KINDS)]
fn certificate_request(bencher: Bencher, kind: KeyKind) {
    let (key, name) = (key(kind), Name::common_name("7E980AD9-B86D-4306-9425-9AC066FB014A"));
    let usage = [Extension::extended_key_usage(&[Usage::ClientAuth], false)];
    bencher.bench_local(|| make_csr(black_box(&name), &key, &usage));
}

fn request(key: &PrivateKey, subject: &str, profile: Profile) -> IssueRequest {
    IssueRequest {
        serial: vec![1],
        issuer: Name::common_name("root"),
        subject: Name::common_name(subject),
        public_key: key.public().clone(),
        not_before: NOW.plus_days(-1),
        not_after: NOW.plus_days(3650),
        profile,
    }
}

#[divan::bench(args = KINDS)]
fn issue_certificate(bencher: Bencher, kind: KeyKind) {
    let key = key(kind);
    let request = request(&key, "leaf", Profile::client());
    bencher.bench_local(|| issue(black_box(&request), &key));
}

#[divan::bench(args = KINDS)]
fn verify_certificate_chain(bencher: Bencher, kind: KeyKind) {
    let key = key(kind);
    let root = issue(&request(&key, "root", Profile::ca(None)), &key);
    let leaf = issue(&request(&key, "leaf", Profile::client()), &key);
    bencher.bench_local(|| verify_chain(black_box(&leaf), &[], &[&root], NOW, Usage::ClientAuth));
}

#[divan::bench]
fn make_pfx(bencher: Bencher) {
    let key = key(KeyKind::P256);
    let root = issue(&request(&key, "root", Profile::ca(None)), &key);
    bencher.bench_local(|| pfx::make(&key, black_box(&root), &[], "secret", "n", &mut Stream::new(1, &[])));
}

#[divan::bench]
fn open_pfx(bencher: Bencher) {
    let key = key(KeyKind::P256);
    let root = issue(&request(&key, "root", Profile::ca(None)), &key);
    let file = pfx::make(&key, &root, &[], "secret", "n", &mut Stream::new(1, &[]));
    bencher.bench_local(|| pfx::open(black_box(&file), "secret"));
}

/// A server's message of some 8 KB.
fn message() -> Message {
    let node = |i: usize| format!("./Device/Vendor/MSFT/Policy/Config/Area{i}/Setting");
    let item = |i| Item::target(node(i)).with_format("chr").with_type("text/plain").with_data("<enabled/>");
    let command = |i| Command::new(format!("{i}"), Body::Replace { items: vec![item(i)] });
    Message { header: Header::default(), commands: (0..35).map(command).collect(), final_: true }
}

#[divan::bench]
fn write_syncml(bencher: Bencher) {
    let message = message();
    bencher.bench_local(|| black_box(&message).write());
}

#[divan::bench]
fn parse_syncml(bencher: Bencher) {
    let text = message().write();
    bencher
        .counter(divan::counter::BytesCount::of_str(&text))
        .bench_local(|| Message::parse(black_box(text.as_bytes())));
}
