//! TPM structures that other people's programs made: swtpm, its CA, and tpm2-tools (`fixtures/tpm/make.sh`). All of it
//! is TEST ONLY.

use std::collections::BTreeMap;

use oobe_wire::crypto::{CryptoError, KeyKind, sha256};
use oobe_wire::encoding::hex_decode;
use oobe_wire::rng::Stream;
use oobe_wire::time::Utc;
use oobe_wire::tpm::{
    Attest, Attested, EkCertificate, EventLog, PcrHash, PublicArea, Symmetric, TpmStructureError,
    VendorCertificateError, make_credential, verify_signature,
};
use oobe_wire::x509::ChainError;
use proptest::prelude::*;

macro_rules! fixture {
    ($($file:tt)*) => {
        include_bytes!(concat!("fixtures/tpm/", $($file)*)).as_slice()
    };
}

/// A TPM with keys of one kind, and what it said.
struct Tpm {
    kind: KeyKind,
    ek: &'static [u8],
    ek_certificate: &'static [u8],
    issuer: &'static [u8],
    root: &'static [u8],
    ak: &'static [u8],
    ak_name: &'static [u8],
    key: &'static [u8],
    quote: (&'static [u8], &'static [u8]),
    certify: (&'static [u8], &'static [u8]),
    pcrs: &'static [u8],
    credential: &'static [u8],
}

macro_rules! tpm {
    ($kind:ident, $folder:literal) => {
        Tpm {
            kind: KeyKind::$kind,
            ek: fixture!(concat!($folder, "/ek.tpmt")),
            ek_certificate: fixture!(concat!($folder, "/ek.der")),
            issuer: fixture!(concat!($folder, "/issuer.der")),
            root: fixture!(concat!($folder, "/root.der")),
            ak: fixture!(concat!($folder, "/ak.tpmt")),
            ak_name: fixture!(concat!($folder, "/ak.name")),
            key: fixture!(concat!($folder, "/key.tpmt")),
            quote: (fixture!(concat!($folder, "/quote")), fixture!(concat!($folder, "/quote.sig"))),
            certify: (fixture!(concat!($folder, "/certify")), fixture!(concat!($folder, "/certify.sig"))),
            pcrs: fixture!(concat!($folder, "/pcrs")),
            credential: fixture!(concat!($folder, "/credential.bin")),
        }
    };
}

fn tpms() -> [Tpm; 2] {
    [tpm!(Rsa2048, "rsa"), tpm!(P256, "ecc")]
}

const LOG: &[u8] = fixture!("event-log.bin");
const SELECTION: [u8; 9] = [0, 1, 2, 3, 4, 5, 6, 7, 11];
/// A month after the fixtures were made.
const NOW: Utc = Utc::from_unix_seconds(1_797_900_000);

#[test]
fn public_areas_are_named_as_the_tpm_names_them() {
    for tpm in tpms() {
        let ak = PublicArea::parse(tpm.ak).unwrap();
        assert_eq!(ak.name(), tpm.ak_name);
        assert_eq!((ak.key.kind(), ak.symmetric), (tpm.kind, None));
        assert!(ak.attributes.attestation_key() && !ak.attributes.storage_key());
        let key = PublicArea::parse(tpm.key).unwrap();
        assert!(key.attributes.bound_to_tpm() && key.attributes.sign && !key.attributes.restricted);
        let ek = PublicArea::parse(tpm.ek).unwrap();
        assert!(ek.attributes.storage_key() && !ek.attributes.attestation_key());
        assert_eq!((ek.symmetric, ek.auth_policy.len()), (Some(Symmetric::Aes128), 32));
        let longer = [tpm.ak, &[0]].concat();
        assert_eq!(PublicArea::parse(&longer), Err(TpmStructureError::Trailing("public area")));
    }
}

#[test]
fn credentials_are_those_that_swtpm_opened() {
    let secret: Vec<u8> = (0..32).collect();
    for tpm in tpms() {
        let ek = PublicArea::parse(tpm.ek).unwrap();
        // The stream of the example that made the fixture: the same bytes that swtpm was given.
        let mut stream = Stream::new(1, &["credential", "TEST ONLY"]);
        let made = make_credential(&ek, tpm.ak_name, &secret, &mut stream).unwrap();
        assert_eq!([made.blob, made.encrypted_secret].concat(), tpm.credential);
        let ak = PublicArea::parse(tpm.ak).unwrap();
        assert!(make_credential(&ak, tpm.ak_name, &secret, &mut stream).is_err(), "an AIK stores nothing");
        assert!(make_credential(&ek, tpm.ak_name, &[0; 33], &mut stream).is_err());
    }
}

#[test]
fn quotes_hold_and_say_what_was_quoted() {
    for tpm in tpms() {
        let ak = PublicArea::parse(tpm.ak).unwrap();
        let (statement, signature) = tpm.quote;
        assert_eq!(verify_signature(&ak.key, statement, signature), Ok(()));
        let quote = Attest::parse(statement).unwrap();
        assert_eq!(quote.extra_data, b"TEST ONLY nonce");
        let expected = Attested::Quote {
            selection: vec![(PcrHash::Sha256.alg(), SELECTION.to_vec())],
            digest: sha256(tpm.pcrs).to_vec(),
        };
        assert_eq!(quote.attested, expected);

        let mut changed = statement.to_vec();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(verify_signature(&ak.key, &changed, signature), Err(CryptoError::BadSignature));
        let other = PublicArea::parse(tpm.key).unwrap();
        assert_eq!(verify_signature(&other.key, statement, signature), Err(CryptoError::BadSignature));
        // What no TPM generated is no attestation, whoever signs it.
        changed = statement.to_vec();
        changed[0] = 0;
        assert_eq!(Attest::parse(&changed), Err(TpmStructureError::Malformed("attestation")));
    }
    let [rsa, ecc] = tpms();
    let key = PublicArea::parse(ecc.ak).unwrap().key;
    assert_eq!(verify_signature(&key, rsa.quote.0, rsa.quote.1), Err(CryptoError::WrongKeyKind));
}

#[test]
fn certifications_name_the_key() {
    for tpm in tpms() {
        let (statement, signature) = tpm.certify;
        let ak = PublicArea::parse(tpm.ak).unwrap();
        assert_eq!(verify_signature(&ak.key, statement, signature), Ok(()));
        let certified = Attest::parse(statement).unwrap();
        let key = PublicArea::parse(tpm.key).unwrap();
        assert!(
            matches!(&certified.attested, Attested::Certify { name, .. } if name == key.name()),
            "{certified:?}"
        );
    }
}

/// What tpm2_eventlog made of the same log.
fn replayed() -> BTreeMap<(&'static str, u8), Vec<u8>> {
    let mut bank = "";
    let mut values = BTreeMap::new();
    for line in include_str!("fixtures/tpm/event-log.replayed.yaml").lines() {
        match line.trim().split_once(':') {
            Some((number, digest)) if !digest.trim().is_empty() => {
                let digest = hex_decode(digest.trim().trim_start_matches("0x")).unwrap();
                values.insert((bank, number.trim().parse().unwrap()), digest);
            }
            Some((name, _)) => bank = name,
            None => {}
        }
    }
    values
}

#[test]
fn the_log_replays_to_what_another_program_and_the_tpms_have() {
    let log = EventLog::parse(LOG).unwrap();
    let mut ours = BTreeMap::new();
    for (name, bank) in [("sha1", PcrHash::Sha1), ("sha256", PcrHash::Sha256)] {
        ours.extend(log.replay(bank).unwrap().into_iter().map(|(pcr, value)| ((name, pcr), value)));
    }
    assert_eq!(ours, replayed());
    assert_eq!(log.replay(PcrHash::Sha384), None);
    let values = log.replay(PcrHash::Sha256).unwrap();
    let quoted: Vec<u8> = SELECTION.iter().flat_map(|pcr| values[pcr].clone()).collect();
    for tpm in tpms() {
        assert_eq!(quoted, tpm.pcrs, "swtpm was extended with the same digests");
    }
}

#[test]
fn a_log_that_breaks_off_is_refused() {
    for length in 0..LOG.len() {
        // At the end of an event the log is whole, only shorter.
        if let Ok(log) = EventLog::parse(&LOG[..length]) {
            assert_ne!(log, EventLog::parse(LOG).unwrap());
        }
    }
    assert!(EventLog::parse(&[LOG, &[0]].concat()).is_err());
}

#[test]
fn endorsement_key_certificates_lead_to_their_vendor() {
    for tpm in tpms() {
        let read = EkCertificate::parse(tpm.ek_certificate).unwrap();
        assert_eq!(read.certificate.public_key, PublicArea::parse(tpm.ek).unwrap().key);
        assert_eq!(
            (read.identity.model.as_str(), read.identity.manufacturer.as_str()),
            ("swtpm", "id:00001014")
        );
        assert_eq!(read.verify(&[tpm.issuer], &[tpm.root], NOW), Ok(()));
        let unknown = Err(VendorCertificateError::Chain(ChainError::UnknownIssuer));
        assert_eq!(read.verify(&[], &[tpm.root], NOW), unknown);
        let early = read.certificate.not_before.plus_seconds(-1);
        let not_yet = Err(VendorCertificateError::Validity(ChainError::NotYetValid));
        assert_eq!(read.verify(&[tpm.issuer], &[tpm.root], early), not_yet);
        assert_eq!(read.verify(&[], &[tpm.root], early), unknown, "a forged one is not merely early");
        let mut forged = tpm.ek_certificate.to_vec();
        *forged.last_mut().unwrap() ^= 1;
        let forged = EkCertificate::parse(&forged).unwrap();
        assert_eq!(
            forged.verify(&[tpm.issuer], &[tpm.root], NOW),
            Err(VendorCertificateError::Chain(ChainError::BadSignature))
        );
        assert!(EkCertificate::parse(tpm.issuer).is_err(), "a CA is no TPM");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_an_answer(bytes: Vec<u8>, at: prop::sample::Index, value: u8) {
        for tpm in tpms() {
            for whole in [tpm.ek, tpm.ak, tpm.quote.0, tpm.quote.1, tpm.certify.0, tpm.ek_certificate, LOG, &bytes] {
                let mut changed = whole.to_vec();
                if !changed.is_empty() {
                    let at = at.index(changed.len());
                    changed[at] = value;
                }
                let _ = (PublicArea::parse(&changed), Attest::parse(&changed), EkCertificate::parse(&changed));
                let key = &PublicArea::parse(tpm.ak).unwrap().key;
                let _ = verify_signature(key, tpm.quote.0, &changed);
                let _ = EventLog::parse(&changed).map(|log| log.replay(PcrHash::Sha256));
            }
        }
    }
}
