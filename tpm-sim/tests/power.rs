//! TPM Reset, TPM Restart, TPM Resume: what each keeps (part 1, "TPM Reset, TPM Restart, TPM Resume").
#![allow(missing_docs)]

mod support;

use support::*;
use tpm_sim::Tpm;

const CLEAR: [u8; 2] = [0, 0];
const STATE: [u8; 2] = [0, 1];

fn cycle(tpm: &mut Tpm, shutdown: Option<[u8; 2]>, startup: [u8; 2]) -> Result<(), u32> {
    if let Some(kind) = shutdown {
        plain(tpm, 0x145, &[], &kind).unwrap();
    }
    tpm.power_off();
    tpm.power_on();
    plain(tpm, 0x144, &[], &startup).map(drop)
}

struct Before {
    tpm: Tpm,
    object: Vec<u8>,
    st_clear: Vec<u8>,
    session: Vec<u8>,
    loaded_session: u32,
    null_proof: Vec<u8>,
}

/// A TPM with contexts outside, a loaded session and object, the platform's authorisation set, endorsement disabled.
fn before() -> Before {
    let mut tpm = started(b"power");
    let (object, _) = primary(&mut tpm, OWNER, &signing(0x0004_0072), &[]);
    let (st_clear, _) = primary(&mut tpm, OWNER, &signing(0x0004_0076), &[]);
    let object = plain(&mut tpm, 0x162, &[object], &[]).unwrap();
    let st_clear = plain(&mut tpm, 0x162, &[st_clear], &[]).unwrap();
    let session = start(&mut tpm, 1);
    let session = plain(&mut tpm, 0x162, &[session], &[]).unwrap();
    let loaded_session = start(&mut tpm, 1);
    with(&mut tpm, 0x129, &[PLATFORM], &[&[]], &sized(b"platform")).unwrap();
    let disable = [&ENDORSEMENT.to_be_bytes()[..], &[0]].concat();
    with(&mut tpm, 0x121, &[ENDORSEMENT], &[&[]], &disable).unwrap();
    tpm.advance(10_000);
    let null_proof = tpm.state.hierarchies.null.proof.clone();
    Before { tpm, object, st_clear, session, loaded_session, null_proof }
}

#[test]
fn resume_keeps_all_but_what_was_loaded() {
    let Before { mut tpm, object, st_clear, session, loaded_session, null_proof } = before();
    let (resets, clock) = (tpm.state.clock.reset_count, tpm.state.clock.clock);
    cycle(&mut tpm, Some(STATE), STATE).unwrap();
    assert!(tpm.state.objects.transient.is_empty());
    assert_eq!(flush(&mut tpm, loaded_session), Err(0x1cb), "a loaded session is gone");
    plain(&mut tpm, 0x161, &[], &session).expect("a saved session is not");
    plain(&mut tpm, 0x161, &[], &object).unwrap();
    plain(&mut tpm, 0x161, &[], &st_clear).unwrap();
    with(&mut tpm, 0x129, &[PLATFORM], &[b"platform"], &sized(b"platform")).unwrap();
    assert_eq!(with(&mut tpm, 0x129, &[ENDORSEMENT], &[&[]], &[0, 0]), Err(0x185), "still disabled");
    assert_eq!(tpm.state.hierarchies.null.proof, null_proof);
    let after = &tpm.state.clock;
    assert_eq!((after.reset_count, after.restart_count, after.clock, after.time), (resets, 1, clock, 0));
}

#[test]
fn restart_forgets_the_platform_and_what_has_st_clear() {
    let Before { mut tpm, object, st_clear, session, null_proof, .. } = before();
    cycle(&mut tpm, Some(STATE), CLEAR).unwrap();
    plain(&mut tpm, 0x161, &[], &session).unwrap();
    plain(&mut tpm, 0x161, &[], &object).unwrap();
    assert_eq!(plain(&mut tpm, 0x161, &[], &st_clear), Err(0x1df), "TPM_RC_INTEGRITY, parameter 1");
    with(&mut tpm, 0x129, &[PLATFORM], &[b""], &[0, 0]).unwrap();
    with(&mut tpm, 0x129, &[ENDORSEMENT], &[&[]], &[0, 0]).unwrap();
    assert_eq!(tpm.state.hierarchies.null.proof, null_proof);
    assert_eq!(tpm.state.clock.restart_count, 1);
}

#[test]
fn reset_forgets_contexts_and_the_null_hierarchy() {
    let Before { mut tpm, object, session, null_proof, .. } = before();
    let resets = tpm.state.clock.reset_count;
    cycle(&mut tpm, Some(CLEAR), CLEAR).unwrap();
    assert_eq!(plain(&mut tpm, 0x161, &[], &session), Err(0x1df));
    assert_eq!(plain(&mut tpm, 0x161, &[], &object), Err(0x1df));
    assert_ne!(tpm.state.hierarchies.null.proof, null_proof);
    assert_eq!((tpm.state.clock.reset_count, tpm.state.clock.restart_count), (resets + 1, 0));
    assert!(tpm.state.clock.safe);
}

#[test]
fn without_shutdown_clock_is_not_safe_and_an_open_authorisation_counts() {
    let Before { mut tpm, .. } = before();
    let (key, _) = primary(&mut tpm, OWNER, &signing(0x0004_0072), b"pw");
    with(&mut tpm, 0x15d, &[key], &[b"pw"], &sign_params()).unwrap();
    assert_eq!(cycle(&mut tpm, None, STATE), Err(0x1c4), "TPM_RC_VALUE, parameter 1");
    plain(&mut tpm, 0x144, &[], &CLEAR).unwrap();
    assert!(!tpm.state.clock.safe);
    assert_eq!(tpm.state.clock.clock, 8192, "the last multiple of 4096 ms that went to NV");
    assert_eq!(tpm.state.da.failed_tries, 1);
    tpm.advance(4096);
    assert!(tpm.state.clock.safe);
}

#[test]
fn clear_takes_the_owners_things_and_leaves_the_platforms() {
    let Before { mut tpm, .. } = before();
    let persist = |tpm: &mut Tpm, hierarchy, auth: &[u8], handle: u32| {
        let params = [sensitive(&[], &[]), sized(&storage()), vec![0; 6]].concat();
        let out = with(tpm, 0x131, &[hierarchy], &[auth], &params).unwrap();
        let object = number(&out);
        with(tpm, 0x120, &[hierarchy, object], &[auth], &handle.to_be_bytes()).unwrap();
        flush(tpm, object).unwrap();
    };
    flush(&mut tpm, 0x8000_0000).unwrap();
    persist(&mut tpm, OWNER, b"", 0x8100_0001);
    persist(&mut tpm, PLATFORM, b"platform", 0x8180_0001);
    with(&mut tpm, 0x129, &[OWNER], &[&[]], &sized(b"owner")).unwrap();
    let before = primary_public(&mut tpm, b"owner");
    with(&mut tpm, 0x126, &[PLATFORM], &[b"platform"], &[]).unwrap();
    assert_eq!(plain(&mut tpm, 0x173, &[0x8100_0001], &[]), Err(0x18b), "TPM_RC_HANDLE, handle 1");
    plain(&mut tpm, 0x173, &[0x8180_0001], &[]).unwrap();
    assert_ne!(primary_public(&mut tpm, b""), before, "the storage seed is a new one");
    assert_eq!((tpm.state.clock.reset_count, tpm.state.clock.clock), (0, 0));
    with(&mut tpm, 0x127, &[LOCKOUT], &[&[]], &[1]).unwrap();
    assert_eq!(with(&mut tpm, 0x126, &[LOCKOUT], &[&[]], &[]), Err(0x120), "TPM_RC_DISABLED");
    assert_eq!(with(&mut tpm, 0x127, &[LOCKOUT], &[&[]], &[0]), Err(0x8e), "TPM_RC_AUTH_FAIL");
}

fn primary_public(tpm: &mut Tpm, auth: &[u8]) -> Vec<u8> {
    let params = [sensitive(&[], &[]), sized(&storage()), vec![0; 6]].concat();
    let out = with(tpm, 0x131, &[OWNER], &[auth], &params).unwrap();
    flush(tpm, number(&out)).unwrap();
    take(&mut &out[8..]).to_vec()
}
