//! A whole attestation.

use oobe_agent::tpm::{Blob, KeyPurpose, TpmCommand, TpmReply};
use oobe_wire::attestation::PcrHash;
use oobe_wire::crypto::{KeyKind, PublicKey, sha256};
use oobe_wire::tpm::{Attest, Attested, EventLog, PublicArea, make_credential, verify_signature};

use super::{Bench, name};

/// The registers that the service asks for.
const PCRS: [u8; 13] = [0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 23];

/// Everything that proves a TPM to a service, with what the service does in between.
pub(super) fn attest(bench: &mut Bench, kind: KeyKind) -> PublicKey {
    let TpmReply::EkCertificate { certificate, key: ek_key, public_area, .. } =
        bench.ask(&TpmCommand::ReadEkCertificate { endorsement: kind })
    else {
        panic!("an EK certificate")
    };
    let ek = PublicArea::parse(&public_area).unwrap();
    assert_eq!(ek.key, ek_key);
    if let Some(certificate) = certificate {
        let parsed = oobe_wire::x509::parse_certificate(&certificate).unwrap();
        assert_eq!(parsed.public_key, ek_key, "the certificate is that of the key which the TPM makes");
    }
    let TpmReply::Aik { public_area, key: aik_key } =
        bench.ask(&TpmCommand::CreateAik { aik: name("aik"), kind })
    else {
        panic!("an AIK")
    };
    let aik = PublicArea::parse(&public_area).unwrap();
    assert!(aik.attributes.restricted && aik.attributes.sign && aik.attributes.fixed_tpm);
    assert_eq!(aik.key, aik_key);

    // The service closes a secret that this TPM alone opens, and for this AIK alone.
    let mut random = oobe_wire::rng::Stream::new(7, &["service"]);
    let credential = make_credential(&ek, aik.name(), b"sesame, and 25 bytes more", &mut random).unwrap();
    let activate = |aik: &str, blob: &[u8]| TpmCommand::ActivateCredential {
        aik: name(aik),
        endorsement: kind,
        credential_blob: Blob(blob.to_vec()),
        encrypted_secret: Blob(credential.encrypted_secret.clone()),
    };
    let TpmReply::Activated { secret } = bench.ask(&activate("aik", &credential.blob)) else {
        panic!("the secret")
    };
    assert_eq!(secret.expose().as_slice(), b"sesame, and 25 bytes more");
    bench.ask(&TpmCommand::CreateAik { aik: name("other"), kind });
    assert!(
        bench.execute(&activate("other", &credential.blob)).result.is_err(),
        "another AIK's name is not in it"
    );
    let mut changed = credential.blob.clone();
    *changed.last_mut().unwrap() ^= 1;
    let refused = bench.execute(&activate("aik", &changed));
    assert!(refused.result.is_err());
    let flushed: Vec<u32> =
        refused.ran.iter().filter(|e| e.command == "TPM2_FlushContext").map(|e| e.code).collect();
    assert!(!flushed.is_empty() && flushed.iter().all(|code| *code == 0), "{:?}", refused.ran);

    quote(bench, &aik_key, PcrHash::Sha256);
    certify(bench, &aik_key, kind);
    aik_key
}

fn quote(bench: &mut Bench, aik: &PublicKey, bank: PcrHash) {
    let nonce = b"the service's nonce".to_vec();
    let ask = TpmCommand::Quote { aik: name("aik"), nonce: Blob(nonce.clone()), bank, pcrs: PCRS.to_vec() };
    let TpmReply::Quote { attested, signature, pcrs } = bench.ask(&ask) else { panic!("a quote") };
    verify_signature(aik, &attested, &signature).unwrap();
    let statement = Attest::parse(&attested).unwrap();
    assert_eq!(statement.extra_data, nonce);
    let Attested::Quote { selection, digest } = statement.attested else { panic!("of registers") };
    assert_eq!(selection, [(bank.alg(), PCRS.to_vec())]);
    assert_eq!(pcrs.iter().map(|pcr| pcr.index).collect::<Vec<_>>(), PCRS);
    let concatenated: Vec<u8> = pcrs.iter().flat_map(|pcr| pcr.digest.0.clone()).collect();
    assert_eq!(digest, sha256(&concatenated));

    let TpmReply::EventLog { log } = bench.ask(&TpmCommand::ReadEventLog) else { panic!("a log") };
    let replayed = EventLog::parse(&log).unwrap().replay(bank).unwrap();
    for pcr in pcrs.iter().filter(|pcr| pcr.index != 23) {
        if let Some(value) = replayed.get(&pcr.index) {
            assert_eq!(*value, pcr.digest.0, "register {} is what the log says", pcr.index);
        } else {
            assert!(pcr.digest.0.iter().all(|byte| *byte == 0), "register {} is not in the log", pcr.index);
        }
    }
}

fn certify(bench: &mut Bench, aik: &PublicKey, kind: KeyKind) {
    let create = TpmCommand::CreateKey { key: name("device"), kind, purpose: KeyPurpose::Sign };
    let TpmReply::Key { public_area, .. } = bench.ask(&create) else { panic!("a key") };
    let certify =
        TpmCommand::Certify { key: name("device"), aik: name("aik"), nonce: Blob(b"join".to_vec()) };
    let TpmReply::Certified { attested, signature } = bench.ask(&certify) else { panic!("a statement") };
    verify_signature(aik, &attested, &signature).unwrap();
    let statement = Attest::parse(&attested).unwrap();
    assert_eq!(statement.extra_data, b"join");
    let Attested::Certify { name, .. } = statement.attested else { panic!("of a key") };
    assert_eq!(name, PublicArea::parse(&public_area).unwrap().name());
}

#[test]
fn a_tpm_proves_itself_with_p256_keys() {
    attest(&mut Bench::new("simulator"), KeyKind::P256);
}

#[test]
fn a_tpm_proves_itself_with_rsa_keys() {
    attest(&mut Bench::new("simulator"), KeyKind::Rsa2048);
}

#[test]
fn a_key_of_the_high_range_is_used_where_its_certificate_is() {
    attest(&mut Bench::new("simulator-high-range"), KeyKind::P256);
}

#[test]
fn a_firmware_tpm_has_no_certificate_in_nv_and_an_on_die_ca_a_chain() {
    let mut bench = Bench::new("intel-ptt");
    let TpmReply::EkCertificate { certificate, chain, .. } =
        bench.ask(&TpmCommand::ReadEkCertificate { endorsement: KeyKind::P256 })
    else {
        panic!("an answer")
    };
    assert_eq!((certificate, chain), (None, Vec::new()));
    let mut bench = Bench::new("intel-ptt-on-die");
    let TpmReply::EkCertificate { certificate, chain, .. } =
        bench.ask(&TpmCommand::ReadEkCertificate { endorsement: KeyKind::P256 })
    else {
        panic!("an answer")
    };
    assert!(certificate.is_some());
    assert!(!chain.is_empty());
    for certificate in chain {
        oobe_wire::x509::parse_certificate(&certificate).unwrap();
    }
}

#[test]
fn registers_of_another_bank_can_be_quoted() {
    let mut bench = Bench::new("simulator");
    let TpmReply::Aik { key, .. } =
        bench.ask(&TpmCommand::CreateAik { aik: name("aik"), kind: KeyKind::P256 })
    else {
        panic!("an AIK")
    };
    quote(&mut bench, &key, PcrHash::Sha1);
    quote(&mut bench, &key, PcrHash::Sha384);
}

#[test]
fn commands_are_told_and_so_is_the_time_they_take() {
    let mut bench = Bench::new("infineon-slb9670");
    bench.ask(&TpmCommand::CreateAik { aik: name("aik"), kind: KeyKind::P256 });
    let create = bench.execute(&TpmCommand::CreateAik { aik: name("aik"), kind: KeyKind::P256 });
    let ran: Vec<(&str, u32)> = create.ran.iter().map(|e| (e.command.as_str(), e.code)).collect();
    assert_eq!(ran, [("TPM2_ReadPublic", 0), ("TPM2_Create", 0)], "the storage root key is there already");
    assert_eq!(create.took.as_millis(), 190);
}
