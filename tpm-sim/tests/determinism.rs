//! Same seed, same bytes; a TPM saved at any point goes on as if nothing had happened; bad input changes nothing.
#![allow(missing_docs)]

mod support;

use support::*;
use tpm_sim::Tpm;

/// A day in a TPM's life: every command of it, with the handles that a TPM gives out in this order.
fn script() -> Vec<Vec<u8>> {
    let pw = password(&[]);
    let primary = [sensitive(b"pw", &[]), sized(&storage()), vec![0; 6]].concat();
    let key = [sensitive(b"", &[]), sized(&signing(0x0004_0072)), vec![0; 6]].concat();
    let session = [&sized(&[7; 16])[..], &[0, 0, 1, 0, 0x10, 0, 0x0b]].concat();
    let parent = 0x8000_0000;
    let policy = 0x0300_0000;
    vec![
        frame(0x131, &[OWNER], Some(&pw), &primary),
        frame(0x17b, &[], None, &[0, 32]),
        frame(0x176, &[NULL, NULL], None, &session),
        frame(0x153, &[parent], Some(&password(b"pw")), &key),
        frame(0x16c, &[policy], None, &[0, 0, 1, 0x5d]),
        frame(0x131, &[ENDORSEMENT], Some(&pw), &key),
        frame(0x186, &[], None, &[0, 2, b'p', b'w', 0, 0x0b]),
        frame(0x15c, &[0x8000_0002], Some(&password(b"pw")), &sized(b"some of the message")),
        frame(0x16b, &[policy], None, &[]),
        frame(
            0x13e,
            &[0x8000_0002],
            Some(&password(b"pw")),
            &[&sized(b"the rest")[..], &OWNER.to_be_bytes()].concat(),
        ),
        frame(0x189, &[policy], None, &[]),
        frame(0x15d, &[0x8000_0001], Some(&pw), &sign_params()),
        frame(0x162, &[policy], None, &[]),
        frame(0x162, &[parent], None, &[]),
        frame(0x176, &[NULL, OWNER], None, &session),
    ]
}

#[test]
fn same_seed_same_responses_and_state() {
    let (mut a, mut b, mut c) = (started(b"twin"), started(b"twin"), started(b"other"));
    let mut differed = false;
    for command in script() {
        let response = a.execute(&command);
        assert_eq!(rc(&response), 0, "{:02x?}", &command[6..10]);
        assert_eq!(response, b.execute(&command));
        differed |= response != c.execute(&command);
    }
    assert_eq!(a.save(), b.save());
    assert!(differed, "another seed gives another TPM");
}

#[test]
fn a_tpm_restored_at_any_point_goes_on_byte_for_byte() {
    let script = script();
    for cut in 0..script.len() {
        let mut through = started(b"saved");
        let mut halted = started(b"saved");
        for command in &script[..cut] {
            assert_eq!(through.execute(command), halted.execute(command));
        }
        let mut restored = Tpm::restore(&halted.save()).unwrap();
        for command in &script[cut..] {
            assert_eq!(through.execute(command), restored.execute(command), "cut at {cut}");
        }
        assert_eq!(through.save(), restored.save(), "cut at {cut}");
    }
}

#[test]
fn commands_cut_short_or_with_a_bit_wrong_are_answered_and_failures_change_nothing() {
    let mut tpm = started(b"bad input");
    for command in script() {
        for end in 0..command.len() {
            let mut short = command[..end].to_vec();
            check(&mut tpm, &short);
            // With its header put right, so that what is behind it is looked at.
            if end >= 10 {
                short[2..6].copy_from_slice(&u32::try_from(end).unwrap().to_be_bytes());
                check(&mut tpm, &short);
            }
        }
        for at in 0..command.len() {
            let mut wrong = command.clone();
            wrong[at] ^= 1 << (at % 8);
            let mut copy = tpm.clone();
            check(&mut copy, &wrong);
        }
        assert_eq!(rc(&tpm.execute(&command)), 0);
    }
}

fn check(tpm: &mut Tpm, command: &[u8]) {
    let before = tpm.clone();
    let response = tpm.execute(command);
    assert!(response.len() >= 10);
    assert_eq!(number(&response[2..]) as usize, response.len());
    if rc(&response) != 0 {
        // Authorisation failures count, and random numbers may have been drawn.
        let mut after = tpm.clone();
        after.state.da = before.state.da.clone();
        after.state.rng = before.state.rng.clone();
        // A failure that counts ends what Shutdown has put aside.
        after.state.shutdown = before.state.shutdown;
        assert_eq!(after.save(), before.save(), "rc {:#x} of {command:02x?}", rc(&response));
    }
    *tpm = before;
}

#[test]
fn a_foreign_version_is_refused() {
    let mut bytes = started(b"version").save();
    bytes[11] = 99;
    assert_eq!(Tpm::restore(&bytes).unwrap_err(), tpm_sim::RestoreError::Version { found: 99 });
}
