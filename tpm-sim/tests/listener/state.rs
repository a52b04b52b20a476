//! The state directory.

use std::fs;

use std::sync::Mutex;

use tpm_sim::manufacture::{Mismatch, Order};
use tpm_sim::server::{Config, Launch, LaunchError, Protocol, Readiness, StoreError};

use crate::client::{OWN, RANDOM, Running, STARTUP, code, extend, mssim, pcr, raw, signal};

fn serve(protocol: Protocol, dir: &std::path::Path) -> Running {
    Running::new(protocol, Readiness::On, Some(dir.to_owned()))
}

#[test]
fn what_is_permanent_survives_and_what_is_volatile_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let before = {
        let server = serve(Protocol::Mssim, dir.path());
        let mut data = server.data();
        assert_eq!(code(&mssim(&mut data, 0, &STARTUP)), 0);
        assert_eq!(code(&mssim(&mut data, 0, &OWN)), 0);
        assert_eq!(code(&mssim(&mut data, 0, &extend(16, 1))), 0);
        mssim(&mut data, 0, &RANDOM)
    };
    let server = serve(Protocol::Mssim, dir.path());
    let mut data = server.data();
    assert_eq!(code(&mssim(&mut data, 0, &RANDOM)), 0x100, "power was off");
    assert_eq!(code(&mssim(&mut data, 0, &STARTUP)), 0);
    assert_eq!(code(&mssim(&mut data, 0, &OWN)), 0x9a2, "the owner has a password");
    assert_eq!(pcr(16, |command| mssim(&mut data, 0, command)), [0; 32]);
    assert_ne!(mssim(&mut data, 0, &RANDOM), before, "random numbers don't come again");
}

#[test]
fn a_command_that_was_answered_is_on_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let server = serve(Protocol::Mssim, dir.path());
    let mut data = server.data();
    mssim(&mut data, 0, &STARTUP);
    mssim(&mut data, 0, &OWN);
    // As after a crash: a copy of the directory, while the server runs.
    let copy = tempfile::tempdir().unwrap();
    fs::copy(dir.path().join("tpm.state"), copy.path().join("tpm.state")).unwrap();
    // The leftover of a write that was interrupted is no hindrance.
    fs::write(copy.path().join("tpm.state.new"), "half").unwrap();
    let other = serve(Protocol::Mssim, copy.path());
    let mut data = other.data();
    assert_eq!(code(&mssim(&mut data, 0, &STARTUP)), 0);
    assert_eq!(code(&mssim(&mut data, 0, &OWN)), 0x9a2);
}

#[test]
fn a_command_that_changes_nothing_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = serve(Protocol::Mssim, dir.path());
    let mut data = server.data();
    mssim(&mut data, 0, &STARTUP);
    let stamp = || fs::metadata(dir.path().join("tpm.state")).unwrap().modified().unwrap();
    let before = stamp();
    pcr(0, |command| mssim(&mut data, 0, command));
    // Nor do those whose change every start undoes.
    assert_eq!(code(&mssim(&mut data, 0, &extend(16, 1))), 0);
    assert_eq!(stamp(), before);
}

#[test]
fn a_state_that_can_not_be_kept_has_not_come_to_be() {
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let told = || std::mem::take(&mut *TOLD.lock().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state");
    let config = Config { port: 0, ..Config::default() };
    let server = Launch {
        readiness: Readiness::On,
        state: Some(path.clone()),
        warn: |text| TOLD.lock().unwrap().push(text.to_owned()),
        ..Launch::new(config)
    };
    let server = Running::run(server.bind_order(&Order::default()).unwrap());
    let mut data = server.data();
    mssim(&mut data, 0, &STARTUP);
    assert!(told().is_empty());
    fs::remove_dir_all(&path).unwrap();
    for _ in 0..3 {
        assert_eq!(code(&mssim(&mut data, 0, &OWN)), 0x923, "TPM_RC_NV_UNAVAILABLE (part 2, 6.6.3)");
    }
    // What changes nothing goes on.
    pcr(0, |command| mssim(&mut data, 0, command));
    let once = told();
    assert_eq!(once.len(), 1, "{once:?}");
    assert!(once[0].starts_with("the TPM can't be kept: ") && once[0].contains("tpm.state"), "{once:?}");
    fs::create_dir(&path).unwrap();
    assert_eq!(code(&mssim(&mut data, 0, &OWN)), 0, "the owner has no password yet");
    assert_eq!(told(), ["the TPM can be kept again"]);
}

#[test]
fn a_session_put_aside_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let extended;
    {
        let server = serve(Protocol::Swtpm, dir.path());
        let mut data = server.data();
        raw(&mut data, &STARTUP);
        raw(&mut data, &extend(16, 1));
        extended = pcr(16, |command| raw(&mut data, command));
        assert!(server.host.store_volatile().unwrap());
    }
    let server = serve(Protocol::Swtpm, dir.path());
    let mut data = server.data();
    assert_eq!(pcr(16, |command| raw(&mut data, command)), extended);
    assert_eq!(code(&raw(&mut data, &RANDOM)), 0);
    assert!(!dir.path().join("tpm.volatile").exists(), "it is there for one time");
}

#[test]
fn what_was_put_aside_takes_nothing_back() {
    let dir = tempfile::tempdir().unwrap();
    {
        let server = serve(Protocol::Swtpm, dir.path());
        let mut data = server.data();
        raw(&mut data, &STARTUP);
        assert!(server.host.store_volatile().unwrap());
        assert_eq!(code(&raw(&mut data, &OWN)), 0);
    }
    let server = serve(Protocol::Swtpm, dir.path());
    let mut data = server.data();
    raw(&mut data, &STARTUP);
    assert_ne!(code(&raw(&mut data, &OWN)), 0, "the owner's password was set, and that was answered");
}

/// The same of what no file needs to hold: registers that were extended, random numbers that were drawn.
#[test]
fn what_was_put_aside_is_gone_when_anything_has_changed() {
    let dir = tempfile::tempdir().unwrap();
    let server = serve(Protocol::Swtpm, dir.path());
    let aside = dir.path().join("tpm.volatile");
    let mut data = server.data();
    raw(&mut data, &STARTUP);
    for command in [&extend(16, 1)[..], &RANDOM] {
        assert!(server.host.store_volatile().unwrap());
        pcr(16, |command| raw(&mut data, command));
        assert!(aside.exists(), "nothing has changed yet");
        assert_eq!(code(&raw(&mut data, command)), 0);
        assert!(!aside.exists());
    }
}

#[test]
fn a_directory_serves_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let _server = serve(Protocol::Mssim, dir.path());
    let config = Config { port: 0, ..Config::default() };
    let launch = Launch { state: Some(dir.path().to_owned()), ..Launch::new(config) };
    let refused = launch.bind_order(&Order::default()).unwrap_err();
    assert!(matches!(refused, LaunchError::Store(StoreError::InUse(_))), "{refused}");
}

#[test]
fn a_directory_holds_the_tpm_that_was_ordered() {
    let dir = tempfile::tempdir().unwrap();
    let bind = |profile, seed, remanufacture| {
        let config = Config { port: 0, ..Config::default() };
        let launch = Launch { state: Some(dir.path().to_owned()), remanufacture, ..Launch::new(config) };
        launch.bind_order(&Order::new(profile, seed).unwrap()).map(drop)
    };
    bind(Some("hyper-v"), Some("one"), false).unwrap();
    bind(None, None, false).unwrap();
    bind(Some("hyper-v"), Some("one"), false).unwrap();
    let refused = bind(Some("intel-ptt"), None, false).unwrap_err();
    let LaunchError::Store(StoreError::Another { mismatch, .. }) = &refused else { panic!("{refused}") };
    assert_eq!(*mismatch, Mismatch::Profile { found: "hyper-v".to_owned(), ordered: "intel-ptt" });
    assert!(refused.to_string().contains("name another folder"), "{refused}");
    let refused = bind(None, Some("two"), false).unwrap_err().to_string();
    assert!(refused.contains("holds a TPM of another seed than \"two\""), "{refused}");
    bind(Some("intel-ptt"), Some("two"), true).unwrap();
    bind(Some("intel-ptt"), Some("two"), false).unwrap();
}

#[test]
fn a_journal_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    for round in 1..=2 {
        let config = Config { port: 0, ..Config::default() };
        let launch = Launch { readiness: Readiness::On, journal: Some(path.clone()), ..Launch::new(config) };
        let server = Running::run(launch.bind_order(&Order::default()).unwrap());
        let mut data = server.data();
        mssim(&mut data, 0, &STARTUP);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), round);
    }
}

#[test]
fn what_is_no_tpm_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tpm.state");
    fs::write(&path, [1, 2, 3]).unwrap();
    let config = Config { port: 0, ..Config::default() };
    let launch = Launch { state: Some(dir.path().to_owned()), ..Launch::new(config) };
    let refused = launch.bind_order(&Order::default()).unwrap_err();
    assert!(refused.to_string().contains("tpm.state"), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), [1, 2, 3]);
}

#[test]
fn power_off_keeps_what_shutdown_saved() {
    // Shutdown(STATE), power off and on, Startup(STATE): PCR 0 goes on.
    let dir = tempfile::tempdir().unwrap();
    let shutdown = [0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x45, 0, 1];
    let resume = [0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 1];
    let server = serve(Protocol::Mssim, dir.path());
    let (mut data, mut platform) = (server.data(), server.control());
    mssim(&mut data, 0, &STARTUP);
    mssim(&mut data, 0, &extend(0, 1));
    let extended = pcr(0, |command| mssim(&mut data, 0, command));
    assert_eq!(code(&mssim(&mut data, 0, &shutdown)), 0);
    signal(&mut platform, 2);
    drop((data, platform));
    drop(server);
    let server = serve(Protocol::Mssim, dir.path());
    let mut data = server.data();
    assert_eq!(code(&mssim(&mut data, 0, &resume)), 0);
    assert_eq!(pcr(0, |command| mssim(&mut data, 0, command)), extended);
}
