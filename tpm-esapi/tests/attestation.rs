//! A whole attestation through the Enhanced System API, against the listener of tpm-sim. With TPM_ESAPI_TCTI set, against
//! that TPM instead (`swtpm:host=localhost,port=2321`): it is started, and nothing lasting is written to it.

use oobe_agent::keys::{KeyName, SignatureForm};
use oobe_agent::tpm::{Blob, KeyPurpose, TpmCommand, TpmError, TpmReply};
use oobe_wire::attestation::PcrHash;
use oobe_wire::crypto::{KeyKind, PrivateKey, sha256};
use oobe_wire::rng::Stream;
use oobe_wire::tpm::{Attest, Attested, PublicArea, make_credential, verify_signature};
use tpm_esapi::EsapiTpm;
use tpm_sim::manufacture::Order;
use tpm_sim::server::{Config, Launch, Protocol};

fn name(name: &str) -> KeyName {
    KeyName::new(name)
}

fn ask(tpm: &mut EsapiTpm, command: &TpmCommand) -> TpmReply {
    let executed = tpm.execute(command);
    executed.result.unwrap_or_else(|error| panic!("{command:?}: {error}; {:?}", executed.ran))
}

/// Runs against the TPM that the environment names, or a fresh one behind a listener.
fn with_tpm(test: impl FnOnce(&mut EsapiTpm)) {
    if let Ok(tcti) = std::env::var("TPM_ESAPI_TCTI") {
        let mut tpm = EsapiTpm::open(&tcti).unwrap();
        tpm.start().unwrap();
        return test(&mut tpm);
    }
    let config = Config { protocol: Protocol::Mssim, port: 0, ..Config::default() };
    let order = Order::new(None, Some("esapi")).unwrap();
    let server = Launch::new(config).bind_order(&order).unwrap();
    let port = server.data_address().unwrap().port();
    let host = server.host();
    let thread = std::thread::spawn(move || server.run().unwrap());
    let mut tpm = EsapiTpm::open(&format!("mssim:host=127.0.0.1,port={port}")).unwrap();
    tpm.start().unwrap();
    test(&mut tpm);
    drop(tpm);
    host.stop();
    thread.join().unwrap();
}

fn attest(tpm: &mut EsapiTpm, kind: KeyKind) {
    let TpmReply::EkCertificate { certificate, key: ek_key, public_area, .. } =
        ask(tpm, &TpmCommand::ReadEkCertificate { endorsement: kind })
    else {
        panic!("an EK")
    };
    if let Some(certificate) = certificate {
        assert_eq!(oobe_wire::x509::parse_certificate(&certificate).unwrap().public_key, ek_key);
    }
    let ek = PublicArea::parse(&public_area).unwrap();
    let TpmReply::Aik { key: aik_key, public_area } =
        ask(tpm, &TpmCommand::CreateAik { aik: name("aik"), kind })
    else {
        panic!("an AIK")
    };
    let aik = PublicArea::parse(&public_area).unwrap();
    let credential = make_credential(&ek, aik.name(), b"sesame", &mut Stream::new(1, &["service"])).unwrap();
    let activate = |blob: Vec<u8>| TpmCommand::ActivateCredential {
        aik: name("aik"),
        endorsement: kind,
        credential_blob: Blob(blob),
        encrypted_secret: Blob(credential.encrypted_secret.clone()),
    };
    let TpmReply::Activated { secret } = ask(tpm, &activate(credential.blob.clone())) else {
        panic!("the secret")
    };
    assert_eq!(secret.expose().as_slice(), b"sesame");
    let mut changed = credential.blob.clone();
    *changed.last_mut().unwrap() ^= 1;
    // More often than a TPM has slots for sessions: nothing may be left behind.
    for _ in 0..5 {
        let refused = tpm.execute(&activate(changed.clone()));
        assert!(
            matches!(refused.result, Err(TpmError::Code(code)) if code & 0xbf == 0x9f),
            "{:?}",
            refused.ran
        );
    }

    let pcrs: Vec<u8> = (0..=14).collect();
    let quote = TpmCommand::Quote {
        aik: name("aik"),
        nonce: Blob(b"nonce".to_vec()),
        bank: PcrHash::Sha256,
        pcrs: pcrs.clone(),
    };
    let TpmReply::Quote { attested, signature, pcrs: values } = ask(tpm, &quote) else { panic!("a quote") };
    verify_signature(&aik_key, &attested, &signature).unwrap();
    let statement = Attest::parse(&attested).unwrap();
    assert_eq!(statement.extra_data, b"nonce");
    let Attested::Quote { digest, .. } = statement.attested else { panic!("of registers") };
    assert_eq!(values.iter().map(|pcr| pcr.index).collect::<Vec<_>>(), pcrs);
    assert_eq!(digest, sha256(&values.iter().flat_map(|pcr| pcr.digest.0.clone()).collect::<Vec<_>>()));

    let create = TpmCommand::CreateKey { key: name("device"), kind, purpose: KeyPurpose::Sign };
    let TpmReply::Key { key, public_area } = ask(tpm, &create) else { panic!("a key") };
    let certify =
        TpmCommand::Certify { key: name("device"), aik: name("aik"), nonce: Blob(b"join".to_vec()) };
    let TpmReply::Certified { attested, signature } = ask(tpm, &certify) else { panic!("a statement") };
    verify_signature(&aik_key, &attested, &signature).unwrap();
    let Attested::Certify { name: certified, .. } = Attest::parse(&attested).unwrap().attested else {
        panic!("of a key")
    };
    assert_eq!(certified, PublicArea::parse(&public_area).unwrap().name());
    let sign = |key: &str, form| TpmCommand::Sign { key: name(key), message: b"message".to_vec(), form };
    for form in [SignatureForm::X509, SignatureForm::Jws] {
        let TpmReply::Signature { bytes } = ask(tpm, &sign("device", form)) else { panic!("a signature") };
        match form {
            SignatureForm::X509 => key.verify_x509(b"message", &bytes).unwrap(),
            SignatureForm::Jws => key.verify_jws(b"message", &bytes).unwrap(),
        }
    }
    let TpmReply::Signature { bytes } = ask(tpm, &sign("aik", SignatureForm::Jws)) else {
        panic!("a signature")
    };
    aik_key.verify_jws(b"message", &bytes).unwrap();
}

fn unwrap(tpm: &mut EsapiTpm) {
    let mut stream = Stream::new(2, &["peer"]);
    let create = |kind| TpmCommand::CreateKey { key: name("mdm"), kind, purpose: KeyPurpose::SignAndUnwrap };
    let TpmReply::Key { key, .. } = ask(tpm, &create(KeyKind::Rsa2048)) else { panic!("a key") };
    let ciphertext = Blob(key.oaep_sha1_encrypt(&mut stream, &[9; 32]).unwrap());
    let decrypt = TpmCommand::Decrypt { key: name("mdm"), ciphertext };
    let TpmReply::Plain { bytes } = ask(tpm, &decrypt) else { panic!("the plain text") };
    assert_eq!(bytes.expose().as_slice(), [9; 32]);
    let TpmReply::Key { key, .. } = ask(tpm, &create(KeyKind::P256)) else { panic!("a key") };
    let sender = PrivateKey::generate(KeyKind::P256, &mut stream);
    let agree = TpmCommand::Ecdh { key: name("mdm"), ephemeral: sender.public().clone() };
    let TpmReply::Plain { bytes } = ask(tpm, &agree) else { panic!("a secret") };
    assert_eq!(bytes.expose().as_slice(), sender.ecdh(&key).unwrap());
    assert_eq!(ask(tpm, &TpmCommand::Delete { key: name("mdm") }), TpmReply::Done);
    assert_eq!(tpm.execute(&decrypt).result, Err(TpmError::Code(0x910)));
}

#[test]
fn everything_a_device_asks_of_its_tpm() {
    with_tpm(|tpm| {
        let TpmReply::Properties(properties) = ask(tpm, &TpmCommand::GetProperties) else {
            panic!("properties")
        };
        assert_eq!((properties.family.as_str(), properties.reduced), ("2.0", false));
        attest(tpm, KeyKind::P256);
        attest(tpm, KeyKind::Rsa2048);
        unwrap(tpm);
    });
}

#[test]
fn nobody_at_home_is_told() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert!(EsapiTpm::open(&format!("mssim:host=127.0.0.1,port={port}")).is_err());
}
