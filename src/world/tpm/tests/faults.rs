//! Sockets that are empty, and TPMs with something wrong.

use oobe_agent::time::{Span, VirtualTime};
use oobe_agent::tpm::{Blob, TpmCommand, TpmError, TpmProperties, TpmReply};
use oobe_wire::crypto::KeyKind;
use oobe_wire::time::Utc;
use tpm_sim::manufacture::{profile, profile_list};

use super::{Bench, TpmSetup, TpmSocket, name};

fn properties(bench: &mut Bench) -> TpmProperties {
    match bench.ask(&TpmCommand::GetProperties) {
        TpmReply::Properties(properties) => properties,
        other => panic!("{other:?}"),
    }
}

fn create_aik() -> TpmCommand {
    TpmCommand::CreateAik { aik: name("aik"), kind: KeyKind::P256 }
}

#[test]
fn an_empty_socket_is_absent() {
    let none = profile("none").unwrap();
    assert_eq!(TpmSetup::new(none, 1, "pc", Utc::from_unix_seconds(0), "S", "26100.1"), None);
    let mut socket = TpmSocket::empty();
    socket.power_on(VirtualTime::ZERO);
    socket.restart(VirtualTime::ZERO);
    let executed = socket.execute(&TpmCommand::GetProperties, VirtualTime::ZERO);
    assert_eq!(executed.result, Err(TpmError::Absent));
    assert!(executed.ran.is_empty());
}

#[test]
fn every_tpm_tells_who_it_is() {
    let told = |id| {
        let mut bench = Bench::new(id);
        let TpmProperties { manufacturer, firmware, is_virtual, reduced, family, locked_out } =
            properties(&mut bench);
        assert_eq!((family.as_str(), locked_out), ("2.0", false), "{id}");
        (manufacturer, firmware, is_virtual, reduced)
    };
    let fact = |id: &str, firmware: &str, is_virtual, reduced| {
        (id.to_owned(), firmware.to_owned(), is_virtual, reduced)
    };
    assert_eq!(told("infineon-slb9670"), fact("IFX", "7.85.17.51970", false, false));
    assert_eq!(told("intel-ptt"), fact("INTC", "403.2.0.0", false, false));
    assert_eq!(told("st-rsa3072").0, "STM");
    assert_eq!(told("hyper-v"), fact("MSFT", "8215.1561.22.13878", true, false));
    assert!(told("reduced-functionality").3);
}

#[test]
fn asking_who_it_is_takes_no_time() {
    for (id, _) in profile_list().filter(|(id, _)| !["none", "tpm-1.2"].contains(id)) {
        let mut bench = Bench::new(id);
        let executed = bench.execute(&TpmCommand::GetProperties);
        assert!(executed.result.is_ok(), "{id}");
        assert_eq!(executed.took, Span::ZERO, "{id}");
    }
}

#[test]
fn a_tpm_1_2_says_so() {
    let mut bench = Bench::new("tpm-1.2");
    assert_eq!(bench.refusal(&TpmCommand::GetProperties), TpmError::Tpm12);
    assert_eq!(bench.refusal(&create_aik()), TpmError::Tpm12);
}

#[test]
fn reduced_functionality_makes_no_keys() {
    let mut bench = Bench::new("reduced-functionality");
    // TPM_RC_FAILURE.
    assert_eq!(bench.refusal(&create_aik()), TpmError::Code(0x101));
    assert_eq!(bench.refusal(&TpmCommand::ReadEventLog), TpmError::Code(0x101));
}

#[test]
fn a_slow_first_boot_is_busy_and_then_not() {
    let mut bench = Bench::new("slow-first-boot");
    let executed = bench.execute(&create_aik());
    assert_eq!(executed.result, Err(TpmError::Busy(Span::from_secs(10))));
    assert_eq!(executed.ran.iter().filter(|e| e.code == 0x922).count(), 4, "{:?}", executed.ran);
    // A device that was on for long enough before anybody asked.
    let mut patient = Bench::new("slow-first-boot");
    patient.wait(Span::from_secs(76));
    patient.ask(&create_aik());
    // The same device later, and restarts are no first boots.
    while let Err(TpmError::Busy(span)) = bench.execute(&create_aik()).result {
        bench.wait(span);
        assert!(bench.now < VirtualTime(90_000));
    }
    assert!(bench.now >= VirtualTime(75_000));
    bench.socket.restart(bench.now);
    bench.ask(&create_aik());
}

#[test]
fn new_firmware_takes_hold_at_the_next_start_and_keeps_the_keys() {
    let mut bench = Bench::new("vulnerable-firmware");
    let before = properties(&mut bench);
    bench.ask(&create_aik());
    let aik = bench.ask(&TpmCommand::Public { key: name("aik") });
    let mended = profile("infineon-slb9665").unwrap();
    bench.socket.install_firmware(mended);
    assert_eq!(properties(&mut bench), before, "it runs on with the old one");
    bench.socket.restart(bench.now);
    let after = properties(&mut bench);
    assert_ne!(after, before);
    assert_eq!(
        TpmProperties { firmware: before.firmware.clone(), ..after.clone() },
        before,
        "nothing else is new"
    );
    assert_eq!(bench.ask(&TpmCommand::Public { key: name("aik") }), aik);
    // One that is updated before anybody has asked it for anything is the same in the end.
    let mut early = Bench::new("vulnerable-firmware");
    early.socket.install_firmware(mended);
    early.socket.restart(early.now);
    assert_eq!(properties(&mut early), after);
}

#[test]
fn an_endorsement_key_that_is_never_ready_stays_busy() {
    let mut bench = Bench::new("infineon-slb9672-15.22");
    bench.ask(&create_aik());
    let activate = TpmCommand::ActivateCredential {
        aik: name("aik"),
        endorsement: KeyKind::P256,
        credential_blob: Blob([&[0, 38][..], &[0; 38]].concat()),
        encrypted_secret: Blob([&[0, 38][..], &[0; 38]].concat()),
    };
    for _ in 0..5 {
        assert_eq!(bench.refusal(&activate), TpmError::Busy(Span::from_secs(10)));
        bench.wait(Span::from_mins(3));
    }
}

#[test]
fn an_rsa_3072_key_is_not_the_one_that_windows_asks_for() {
    let mut bench = Bench::new("nuvoton-rsa3072");
    let read = TpmCommand::ReadEkCertificate { endorsement: KeyKind::P256 };
    let TpmReply::EkCertificate { certificate, .. } = bench.ask(&read) else { panic!("an answer") };
    assert_eq!(certificate, None);
}
