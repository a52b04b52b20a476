//! The keys of a device: made, used, kept over a restart, worthless after TPM2_Clear.

use oobe_agent::keys::SignatureForm;
use oobe_agent::time::Span;
use oobe_agent::tpm::{Blob, KeyPurpose, TpmCommand, TpmError, TpmReply};
use oobe_wire::crypto::{KeyKind, PrivateKey, PublicKey};
use oobe_wire::rng::Stream;

use super::{Bench, name};

fn create(bench: &mut Bench, key: &str, kind: KeyKind, purpose: KeyPurpose) -> PublicKey {
    let TpmReply::Key { key, .. } = bench.ask(&TpmCommand::CreateKey { key: name(key), kind, purpose })
    else {
        panic!("a key")
    };
    key
}

fn sign(key: &str, message: &[u8], form: SignatureForm) -> TpmCommand {
    TpmCommand::Sign { key: name(key), message: message.to_vec(), form }
}

fn signature(bench: &mut Bench, key: &str, message: &[u8], form: SignatureForm) -> Vec<u8> {
    match bench.ask(&sign(key, message, form)) {
        TpmReply::Signature { bytes } => bytes.0,
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_kinds_sign_in_both_forms() {
    let mut bench = Bench::new("simulator");
    for kind in [KeyKind::P256, KeyKind::Rsa2048] {
        let key = create(&mut bench, "device", kind, KeyPurpose::Sign);
        assert_eq!(
            bench.ask(&TpmCommand::Public { key: name("device") }),
            bench.ask(&TpmCommand::Public { key: name("device") })
        );
        for message in [&b"short"[..], &[7; 5_000]] {
            key.verify_x509(message, &signature(&mut bench, "device", message, SignatureForm::X509)).unwrap();
            key.verify_jws(message, &signature(&mut bench, "device", message, SignatureForm::Jws)).unwrap();
        }
    }
}

#[test]
fn an_attestation_key_signs_what_the_tpm_has_hashed() {
    let mut bench = Bench::new("simulator");
    let TpmReply::Aik { key, .. } =
        bench.ask(&TpmCommand::CreateAik { aik: name("aik"), kind: KeyKind::P256 })
    else {
        panic!("an AIK")
    };
    for message in [&b"short"[..], &[7; 1024], &[7; 5_000]] {
        key.verify_x509(message, &signature(&mut bench, "aik", message, SignatureForm::X509)).unwrap();
    }
    // What looks like a statement of the TPM's own gets no ticket, and so no signature (TPM_RC_TICKET).
    let forged = [&[0xff, b'T', b'C', b'G'][..], &[0; 40]].concat();
    assert!(
        matches!(bench.refusal(&sign("aik", &forged, SignatureForm::X509)), TpmError::Code(code) if code & 0xbf == 0xa0)
    );
    // Nothing was left behind in the TPM's slots.
    for _ in 0..4 {
        signature(&mut bench, "aik", &[1; 3_000], SignatureForm::Jws);
    }
}

#[test]
fn transport_keys_unwrap() {
    let mut bench = Bench::new("simulator");
    let mut stream = Stream::new(3, &["peer"]);
    let rsa = create(&mut bench, "transport", KeyKind::Rsa2048, KeyPurpose::Unwrap);
    let block = rsa.oaep_sha1_encrypt(&mut stream, &[9; 32]).unwrap();
    let decrypt = TpmCommand::Decrypt { key: name("transport"), ciphertext: Blob(block.clone()) };
    let TpmReply::Plain { bytes } = bench.ask(&decrypt) else { panic!("the plain text") };
    assert_eq!(bytes.expose().as_slice(), [9; 32]);
    let mut changed = block;
    changed[100] ^= 1;
    let changed = TpmCommand::Decrypt { key: name("transport"), ciphertext: Blob(changed) };
    assert!(matches!(bench.refusal(&changed), TpmError::Code(_)));

    let ecc = create(&mut bench, "transport", KeyKind::P256, KeyPurpose::Unwrap);
    let sender = PrivateKey::generate(KeyKind::P256, &mut stream);
    let agree = TpmCommand::Ecdh { key: name("transport"), ephemeral: sender.public().clone() };
    let TpmReply::Plain { bytes } = bench.ask(&agree) else { panic!("a secret") };
    assert_eq!(bytes.expose().as_slice(), sender.ecdh(&ecc).unwrap());
}

#[test]
fn a_key_does_what_it_was_made_for_and_nothing_else() {
    let mut bench = Bench::new("simulator");
    create(&mut bench, "device", KeyKind::Rsa2048, KeyPurpose::Sign);
    create(&mut bench, "transport", KeyKind::Rsa2048, KeyPurpose::Unwrap);
    let wrong = [
        sign("transport", b"x", SignatureForm::Jws),
        TpmCommand::Decrypt { key: name("device"), ciphertext: Blob(vec![1; 256]) },
        // Its own TPM has no such key.
        sign("nobody", b"x", SignatureForm::Jws),
        TpmCommand::Delete { key: name("nobody") },
        TpmCommand::Decrypt { key: name("transport"), ciphertext: Blob(vec![1; 5_000]) },
        TpmCommand::Certify { key: name("device"), aik: name("transport"), nonce: Blob(vec![1; 500]) },
    ];
    for command in wrong {
        assert!(matches!(bench.refusal(&command), TpmError::Code(_)), "{command:?}");
    }
}

#[test]
fn a_management_key_does_both() {
    let mut bench = Bench::new("simulator");
    let mut stream = Stream::new(3, &["peer"]);
    let rsa = create(&mut bench, "mdm", KeyKind::Rsa2048, KeyPurpose::SignAndUnwrap);
    rsa.verify_x509(b"m", &signature(&mut bench, "mdm", b"m", SignatureForm::X509)).unwrap();
    let ciphertext = Blob(rsa.oaep_sha1_encrypt(&mut stream, &[9; 32]).unwrap());
    let TpmReply::Plain { bytes } = bench.ask(&TpmCommand::Decrypt { key: name("mdm"), ciphertext }) else {
        panic!("the plain text")
    };
    assert_eq!(bytes.expose().as_slice(), [9; 32]);
    let ecc = create(&mut bench, "mdm", KeyKind::P256, KeyPurpose::SignAndUnwrap);
    ecc.verify_x509(b"m", &signature(&mut bench, "mdm", b"m", SignatureForm::X509)).unwrap();
    let sender = PrivateKey::generate(KeyKind::P256, &mut stream);
    bench.ask(&TpmCommand::Ecdh { key: name("mdm"), ephemeral: sender.public().clone() });
}

#[test]
fn keys_outlive_a_restart_and_a_power_cut() {
    let mut bench = Bench::new("simulator");
    let key = create(&mut bench, "device", KeyKind::P256, KeyPurpose::Sign);
    bench.wait(Span::from_mins(1));
    bench.socket.restart(bench.now);
    key.verify_jws(b"a", &signature(&mut bench, "device", b"a", SignatureForm::Jws)).unwrap();
    bench.socket.power_off(bench.now, false);
    assert_eq!(bench.refusal(&sign("device", b"a", SignatureForm::Jws)), TpmError::Absent, "without power");
    bench.wait(Span::from_mins(10));
    bench.socket.power_on(bench.now);
    key.verify_jws(b"b", &signature(&mut bench, "device", b"b", SignatureForm::Jws)).unwrap();
    assert_eq!(bench.ask(&TpmCommand::Delete { key: name("device") }), TpmReply::Done);
    assert!(matches!(bench.refusal(&sign("device", b"a", SignatureForm::Jws)), TpmError::Code(0x910)));
}

#[test]
fn another_boot_has_another_log() {
    let mut bench = Bench::new("simulator");
    let first = bench.ask(&TpmCommand::ReadEventLog);
    assert_eq!(bench.ask(&TpmCommand::ReadEventLog), first);
    bench.socket.restart(bench.now);
    assert_ne!(bench.ask(&TpmCommand::ReadEventLog), first, "the boot counter is in it");
}

#[test]
fn clearing_the_tpm_makes_keys_worthless() {
    let mut bench = Bench::new("simulator");
    create(&mut bench, "device", KeyKind::P256, KeyPurpose::Sign);
    bench.socket.clear();
    bench.socket.restart(bench.now);
    // TPM_RC_INTEGRITY of the first parameter: the wrapped part is that of another seed's tree.
    assert_eq!(bench.refusal(&sign("device", b"a", SignatureForm::Jws)), TpmError::Code(0x1df));
    let key = create(&mut bench, "device", KeyKind::P256, KeyPurpose::Sign);
    key.verify_jws(b"a", &signature(&mut bench, "device", b"a", SignatureForm::Jws)).unwrap();
}

#[test]
fn the_same_device_makes_the_same_keys_and_signatures() {
    let run = |seed| {
        let mut bench = Bench::with("simulator", seed, &super::TpmBackend::InProcess);
        let key = create(&mut bench, "device", KeyKind::P256, KeyPurpose::Sign);
        (key, signature(&mut bench, "device", b"x", SignatureForm::Jws))
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).0, run(2).0);
}

#[test]
fn a_forked_device_goes_on_by_itself() {
    let mut bench = Bench::new("simulator");
    create(&mut bench, "device", KeyKind::P256, KeyPurpose::Sign);
    let mut other = Bench { socket: bench.socket.clone(), now: bench.now };
    assert!(bench.socket.can_fork());
    assert_eq!(
        signature(&mut bench, "device", b"x", SignatureForm::Jws),
        signature(&mut other, "device", b"x", SignatureForm::Jws)
    );
    bench.ask(&TpmCommand::Delete { key: name("device") });
    signature(&mut other, "device", b"y", SignatureForm::Jws);
}
