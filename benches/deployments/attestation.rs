//! What each step of an attestation takes: on the device, from the typed command through the adapter to the TPM's bytes
//! and back, and on the service's side the same proofs that the mock cloud makes.

use std::collections::BTreeMap;
use std::time::Duration;

use oobe::world::{TpmBackend, TpmSetup, TpmSocket};
use oobe_agent::keys::KeyName;
use oobe_agent::time::VirtualTime;
use oobe_agent::tpm::{Blob, KeyPurpose, TpmCommand, TpmReply};
use oobe_wire::attestation::PcrHash;
use oobe_wire::crypto::{KeyKind, sha256};
use oobe_wire::rng::Stream;
use oobe_wire::time::Utc;
use oobe_wire::tpm::{
    Attest, Attested, EkCertificate, EventLog, PublicArea, make_credential, verify_signature,
};
use tpm_sim::manufacture::ca::VendorCa;
use tpm_sim::manufacture::profile;

use super::{median, ms, now};

/// What the service asks for (MOD-018).
const QUOTED: [u8; 11] = [0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 14];
/// When the world begins.
pub(super) const EPOCH: Utc = Utc(1_795_161_600_000);

/// Prints the steps with their times, for both kinds of keys.
pub(super) fn print(rounds: u64) {
    for (name, kind) in [("P-256", KeyKind::P256), ("RSA-2048", KeyKind::Rsa2048)] {
        let mut times: BTreeMap<usize, (&'static str, Vec<Duration>)> = BTreeMap::new();
        for seed in 0..rounds {
            for (place, (step, took)) in attest(kind, seed).into_iter().enumerate() {
                times.entry(place).or_insert((step, Vec::new())).1.push(took);
            }
        }
        println!("attestation, {name}, median of {rounds} TPMs:");
        let mut whole = Duration::ZERO;
        for (step, took) in times.into_values() {
            let took = median(took);
            whole += took;
            println!("  {step:<62} {:>8.3} ms", ms(took));
        }
        println!("  {:<62} {:>8.3} ms", "all of it", ms(whole));
    }
}

/// Takes the time of one step after the other.
struct Watch(Vec<(&'static str, Duration)>);

impl Watch {
    fn step<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let begun = now();
        let result = work();
        self.0.push((name, begun.elapsed()));
        result
    }
}

/// The TPM of a device that was just switched on, in process.
fn socket(seed: u64) -> TpmSocket {
    let profile = profile("simulator").expect("the profile of the presets");
    let setup = TpmSetup::new(profile, seed, "pc", EPOCH, "BENCH-1", "26100.4061").expect("it has a TPM");
    let mut socket = TpmSocket::new(setup, &TpmBackend::InProcess, seed, "pc").expect("it is in process");
    socket.power_on(VirtualTime::ZERO);
    socket
}

fn ask(socket: &mut TpmSocket, command: &TpmCommand) -> TpmReply {
    socket.execute(command, VirtualTime::ZERO).result.expect("a healthy TPM does what it is asked")
}

/// One whole attestation: each step with its time. What is proved is looked at, so that nothing is timed that fails.
fn attest(kind: KeyKind, seed: u64) -> Vec<(&'static str, Duration)> {
    let mut watch = Watch(Vec::new());
    let mut tpm = socket(seed);
    let aik_name = KeyName::new("aik");

    watch.step("device: the TPM is made and started, and tells who it is", || {
        ask(&mut tpm, &TpmCommand::GetProperties)
    });
    let read = TpmCommand::ReadEkCertificate { endorsement: kind };
    let shown = watch.step("device: EK made, its certificate issued and read", || ask(&mut tpm, &read));
    let TpmReply::EkCertificate { certificate: Some(certificate), chain, public_area, .. } = shown else {
        panic!("a TPM with a certificate in its NV memory")
    };
    watch.step("device: the certificate read again", || ask(&mut tpm, &read));
    let create = TpmCommand::CreateAik { aik: aik_name.clone(), kind };
    let made = watch.step("device: AIK made (the storage root key before it)", || ask(&mut tpm, &create));
    let TpmReply::Aik { public_area: aik_area, key: aik } = made else { panic!("an AIK") };

    let credential = watch.step("service: EK certificate verified, credential made", || {
        let ek = PublicArea::parse(&public_area).expect("an EK");
        let parsed = EkCertificate::parse(&certificate).expect("a certificate");
        let ca = VendorCa::of(profile("simulator").expect("the profile").vendor);
        let intermediates: Vec<&[u8]> =
            chain.iter().map(|der| &der.0[..]).chain([ca.issuing().certificate()]).collect();
        parsed.verify(&intermediates, &[ca.root().certificate()], EPOCH).expect("the vendor's");
        assert_eq!(parsed.certificate.public_key, ek.key);
        let area = PublicArea::parse(&aik_area).expect("an AIK");
        make_credential(
            &ek,
            area.name(),
            b"a secret of the service's 32 byt",
            &mut Stream::new(seed, &["service"]),
        )
        .expect("a credential")
    });
    let activate = TpmCommand::ActivateCredential {
        aik: aik_name.clone(),
        endorsement: kind,
        credential_blob: Blob(credential.blob),
        encrypted_secret: Blob(credential.encrypted_secret),
    };
    let opened =
        watch.step("device: ActivateCredential under the endorsement policy", || ask(&mut tpm, &activate));
    let TpmReply::Activated { secret } = opened else { panic!("the secret") };
    assert_eq!(secret.expose().as_slice(), b"a secret of the service's 32 byt");

    let log = watch.step("device: boot measured, log read", || ask(&mut tpm, &TpmCommand::ReadEventLog));
    let TpmReply::EventLog { log } = log else { panic!("a log") };
    let quote = TpmCommand::Quote {
        aik: aik_name.clone(),
        nonce: Blob(b"a nonce".to_vec()),
        bank: PcrHash::Sha256,
        pcrs: QUOTED.to_vec(),
    };
    let quoted = watch.step("device: Quote (registers read before it)", || ask(&mut tpm, &quote));
    let TpmReply::Quote { attested, signature, pcrs } = quoted else { panic!("a quote") };
    watch.step("service: quote verified, log replayed", || {
        verify_signature(&aik, &attested, &signature).expect("the AIK's");
        let statement = Attest::parse(&attested).expect("a statement");
        let Attested::Quote { digest, .. } = statement.attested else { panic!("of registers") };
        let replayed = EventLog::parse(&log).expect("a log").replay(PcrHash::Sha256).expect("of that bank");
        assert!(pcrs.iter().all(|pcr| replayed.get(&pcr.index).is_none_or(|value| *value == pcr.digest.0)));
        assert_eq!(digest, sha256(&pcrs.iter().flat_map(|pcr| pcr.digest.0.clone()).collect::<Vec<_>>()));
    });

    let key = KeyName::new("device");
    let create = TpmCommand::CreateKey { key: key.clone(), kind, purpose: KeyPurpose::Sign };
    let made = watch.step("device: device key made", || ask(&mut tpm, &create));
    let TpmReply::Key { public_area, .. } = made else { panic!("a key") };
    let certify = TpmCommand::Certify { key, aik: aik_name, nonce: Blob(b"join".to_vec()) };
    let certified = watch.step("device: Certify", || ask(&mut tpm, &certify));
    let TpmReply::Certified { attested, signature } = certified else { panic!("a statement") };
    watch.step("service: key attestation verified", || {
        verify_signature(&aik, &attested, &signature).expect("the AIK's");
        let statement = Attest::parse(&attested).expect("a statement");
        let Attested::Certify { name, .. } = statement.attested else { panic!("of a key") };
        assert_eq!(name, PublicArea::parse(&public_area).expect("a key").name());
    });
    watch.0
}
