use super::*;
use crate::manufacture::new_tpm;
use crate::server::Host;

const STARTUP: [u8; 12] = [0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0];
const RANDOM: [u8; 12] = [0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 64];
/// ClearControl(TPM_RH_LOCKOUT, YES).
const CLEAR_CONTROL: [u8; 28] =
    [0x80, 2, 0, 0, 0, 28, 0, 0, 1, 0x27, 0x40, 0, 0, 0x0a, 0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0, 1];

fn code(response: &[u8]) -> u32 {
    u32::from_be_bytes(response[6..10].try_into().unwrap())
}

fn serve(store: Store) -> Host {
    let tpm = store.load().unwrap().unwrap_or_else(|| new_tpm(None, None).unwrap());
    let host = Host::new(tpm).with_store(store).unwrap();
    host.power_on();
    assert_eq!(code(&host.execute(Some(0), &STARTUP).unwrap()), 0);
    host
}

/// A rename that was seen, and a directory that could not be synced: the file says what the client was told is not so.
#[test]
fn a_failure_behind_the_rename_is_taken_back() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static FAILURES: AtomicU32 = AtomicU32::new(0);
    fn sync(dir: &Path) -> io::Result<()> {
        match FAILURES.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
            Ok(_) => Err(io::Error::other("the disk is gone")),
            Err(_) => sync_dir(dir),
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    store.sync = sync;
    let host = serve(store);
    let in_file = || Tpm::restore(&fs::read(dir.path().join(STATE)).unwrap()).unwrap();

    FAILURES.store(1, Ordering::SeqCst);
    assert_eq!(code(&host.execute(Some(0), &CLEAR_CONTROL).unwrap()), 0x923, "TPM_RC_NV_UNAVAILABLE");
    assert!(!in_file().state.disable_clear, "a later process sees what the client was told");
    assert_eq!(code(&host.execute(Some(0), &CLEAR_CONTROL).unwrap()), 0);
    assert!(in_file().state.disable_clear);

    // When it can't be taken back either, the TPM fails: nobody knows what it is.
    FAILURES.store(2, Ordering::SeqCst);
    // By the platform, which may allow it again.
    let mut allow = CLEAR_CONTROL;
    (allow[13], allow[27]) = (0x0c, 0);
    assert_eq!(code(&host.execute(Some(0), &allow).unwrap()), 0x923);
    assert_eq!(code(&host.execute(Some(0), &RANDOM).unwrap()), 0x101, "TPM_RC_FAILURE");
    host.reset();
    assert_eq!(code(&host.execute(Some(0), &STARTUP).unwrap()), 0, "_TPM_Init ends it");
}

#[test]
fn random_numbers_are_not_written_one_by_one_and_never_come_twice() {
    let dir = tempfile::tempdir().unwrap();
    let stamp = || fs::read(dir.path().join(STATE)).unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let host = serve(Store::open(dir.path()).unwrap());
        let mut writes = 0;
        for _ in 0..400 {
            let before = stamp();
            let response = host.execute(Some(0), &RANDOM).unwrap();
            writes += u32::from(stamp() != before);
            assert!(!seen.contains(&response), "these bytes came before");
            seen.push(response);
        }
        // 400 times 64 bytes are 6,400 words; 4,096 are noted at a time. Clock may add one.
        assert!((1..=3).contains(&writes), "{writes} writes");
        // Dropped without an end: the process was killed.
    }
}

#[test]
fn a_process_that_ended_in_order_goes_on_where_it_stopped() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let run = |dir: &Path, finish: bool| {
        let host = serve(Store::open(dir).unwrap());
        let drawn = host.execute(Some(0), &RANDOM).unwrap();
        if finish {
            host.finish();
        }
        drawn
    };
    let through = serve(Store::open(other.path()).unwrap());
    let first = through.execute(Some(0), &RANDOM).unwrap();
    assert_eq!(run(dir.path(), true), first);
    // The same TPM in one process: power off and on between the two draws.
    through.power_off();
    through.power_on();
    through.execute(Some(0), &STARTUP).unwrap();
    let second = through.execute(Some(0), &RANDOM).unwrap();
    assert_eq!(run(dir.path(), false), second);
    // That process did not end in order: the next goes on further down the stream.
    through.power_off();
    through.power_on();
    through.execute(Some(0), &STARTUP).unwrap();
    assert_ne!(run(dir.path(), false), through.execute(Some(0), &RANDOM).unwrap());
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let above = tempfile::tempdir().unwrap();
    let dir = above.path().join("tpm");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let store = Store::open(&dir).unwrap();
    // One that was there with another mode.
    fs::write(dir.join("tpm.state.new"), "half").unwrap();
    fs::set_permissions(dir.join("tpm.state.new"), fs::Permissions::from_mode(0o644)).unwrap();
    let host = serve(store);
    assert!(host.store_volatile().unwrap());
    assert_eq!(mode(&dir), 0o700);
    for name in [STATE, VOLATILE, LOCK] {
        assert_eq!(mode(&dir.join(name)), 0o600, "{name}");
    }
}

#[test]
fn what_is_in_the_way_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let told = |path: &Path| match Store::open(path) {
        Ok(store) => store.load().unwrap_err().to_string(),
        Err(error) => error.to_string(),
    };
    let state = dir.path().join(STATE);
    let path = state.display();
    fs::write(&state, "").unwrap();
    assert_eq!(
        told(dir.path()),
        format!(
            "{path}: it is empty. Nothing was changed. Put back the file that belongs there, or begin with a new TPM: \
             tpm-sim serve --remanufacture, tpm_server -rm"
        )
    );
    fs::write(&state, "remember the milk").unwrap();
    assert!(told(dir.path()).starts_with(&format!("{path}: it is text, and no saved TPM. ")));
    fs::remove_file(&state).unwrap();
    fs::create_dir(&state).unwrap();
    assert_eq!(
        told(dir.path()),
        format!("{path}: this is a folder, and should be the file of a TPM: move it away")
    );
    fs::remove_dir(&state).unwrap();
    let aside = dir.path().join(VOLATILE);
    fs::write(&aside, [1, 2, 3]).unwrap();
    let refused = Store::open(dir.path()).unwrap().volatile().unwrap_err().to_string();
    assert!(refused.ends_with("Delete it, and the TPM goes on as after a loss of power"), "{refused}");
    assert_eq!(
        told(&aside),
        format!(
            "{}: there is a file of this name, and the TPM is kept in a folder: name another",
            aside.display()
        )
    );
}
