use super::*;
use crate::Tpm;
use crate::state::sessions::Slot;
use proptest::prelude::*;
use std::sync::OnceLock;

fn command(code: u32, body: &[u8], sessions: bool) -> Vec<u8> {
    let tag: [u8; 2] = if sessions { [0x80, 2] } else { [0x80, 1] };
    let size = u32::try_from(10 + body.len()).unwrap();
    [&tag[..], &size.to_be_bytes(), &code.to_be_bytes(), body].concat()
}

/// A TPM in the middle of its work: a loaded and a persistent key, sessions loaded and saved, an NV index, a sequence.
fn busy() -> Tpm {
    const EMPTY_AUTH: [u8; 13] = [0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0];
    let mut tpm = Tpm::new(b"busy", &[HashAlg::Sha1, HashAlg::Sha256]);
    tpm.power_on();
    let mut must = |code: u32, handles: &[u32], sessions: bool, params: &[u8]| {
        let handles: Vec<u8> = handles.iter().flat_map(|handle| handle.to_be_bytes()).collect();
        let area: &[u8] = if sessions { &EMPTY_AUTH } else { &[] };
        let response = tpm.execute(&command(code, &[&handles, area, params].concat(), sessions));
        assert_eq!(response[6..10], [0; 4], "command {code:#x}");
    };
    must(0x144, &[], false, &[0, 0]);
    let storage = [
        0, 4, 0, 0, 0, 0, 0, 26, 0, 0x23, 0, 0x0b, 0, 3, 0, 0x72, 0, 0, 0, 6, 0, 0x80, 0, 0x43, 0, 0x10, 0,
        3, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    must(0x131, &[0x4000_0001], true, &storage);
    must(0x120, &[0x4000_0001, 0x8000_0000], true, &0x8100_0001_u32.to_be_bytes());
    for kind in [0, 1] {
        let start = [&[0, 16][..], &[7; 16], &[0, 0, kind, 0, 0x10, 0, 0x0b]].concat();
        must(0x176, &[0x4000_0007, 0x4000_0007], false, &start);
    }
    must(0x162, &[0x0300_0001], false, &[]);
    let public = [&[0, 0, 0, 14, 1, 0x50, 0, 1, 0, 0x0b][..], &0x0006_0006_u32.to_be_bytes(), &[0, 0, 0, 8]];
    must(0x12a, &[0x4000_0001], true, &public.concat());
    must(0x186, &[], false, &[0, 0, 0, 0x0b]);
    must(0x145, &[], false, &[0, 1]);
    tpm
}

fn saved() -> &'static [u8] {
    static SAVED: OnceLock<Vec<u8>> = OnceLock::new();
    SAVED.get_or_init(|| busy().save())
}

#[test]
fn what_was_saved_is_restored_exactly() {
    assert_eq!(Tpm::restore(saved()).unwrap().save(), saved());
}

#[test]
fn every_byte_counts() {
    for at in 0..saved().len() {
        let mut bytes = saved().to_vec();
        bytes[at] ^= 1;
        assert!(Tpm::restore(&bytes).is_err(), "byte {at}");
        assert!(Tpm::restore(&saved()[..at]).is_err(), "cut to {at}");
    }
}

proptest! {
    #[test]
    fn bytes_that_changed_in_any_way_are_refused(at in 0..saved().len(), by in 1..=255_u8) {
        let mut bytes = saved().to_vec();
        bytes[at] ^= by;
        prop_assert!(Tpm::restore(&bytes).is_err());
    }

    #[test]
    fn bytes_too_many_are_refused(more in proptest::collection::vec(any::<u8>(), 1..64)) {
        let refused = Tpm::restore(&[saved(), &more].concat()).unwrap_err();
        prop_assert_eq!(refused, RestoreError::Longer(more.len()));
    }

    /// A checksum keeps accidents out. Behind a right one anything may stand, and is a TPM that works, or refused.
    #[test]
    fn a_body_of_somebodys_making_is_refused_or_works(changes in proptest::collection::vec((0_usize..4096, any::<u8>()), 1..4)) {
        let mut body = busy().state.to_body();
        for (at, byte) in changes {
            let at = at % body.len();
            body[at] = byte;
        }
        if let Ok(mut tpm) = Tpm::restore(&around(&body)) {
            for kind in [1, 0] {
                // Every part of the state is gone through.
                let again = Tpm::restore(&tpm.save());
                prop_assert!(again.is_ok(), "{again:?}");
                tpm.power_on();
                for code in [0x144, 0x145] {
                    tpm.execute(&command(code, &[0, kind], false));
                }
                for capability in [0_u32, 1, 5, 6] {
                    let asked = [capability, 0x0200_0000, 100].map(u32::to_be_bytes).concat();
                    tpm.execute(&command(0x17a, &asked, false));
                }
                tpm.execute(&command(0x17b, &[0, 8], false));
            }
        }
    }
}

/// A header with a checksum that fits.
fn around(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    let header = [&MAGIC[..], &VERSION.to_be_bytes(), &length.to_be_bytes()].concat();
    [&header[..], &checksum(&header, body), body].concat()
}

#[test]
fn what_is_wrong_is_said() {
    let refused = |bytes: &[u8]| Tpm::restore(bytes).unwrap_err().to_string();
    assert_eq!(refused(&[]), "it is empty");
    assert_eq!(refused(b"[settings]\nname = 1\n"), "it is text, and no saved TPM");
    assert_eq!(refused(&[0x7f, b'E', b'L', b'F', 0]), "it is no saved TPM");
    let mut later = saved().to_vec();
    later[11] = 9;
    assert_eq!(refused(&later), "another version wrote it: it has format 9, this one reads format 2");
    let length = saved().len();
    assert_eq!(refused(&saved()[..length - 5]), format!("it is cut off: {} bytes of {length}", length - 5));
    assert_eq!(refused(&[saved(), &[0]].concat()), "1 bytes follow behind its end");
    let mut worn = saved().to_vec();
    worn[length / 2] ^= 0x10;
    assert_eq!(refused(&worn), "bytes in it have changed: its checksum does not fit");
    let mut strange = busy();
    strange.state.derivation_version = 7;
    assert_eq!(
        refused(&strange.save()),
        "another version made it: its keys derive by rule 7, this one knows rule 1"
    );
}

#[test]
fn a_whole_file_that_is_no_tpms_is_refused() {
    type Change = fn(&mut State);
    let changes: [(Change, &str); 11] = [
        (
            |state| state.factory.profile = "abacus".to_owned(),
            "its profile is not among those of this version",
        ),
        (|state| state.hierarchies.owner.seed.truncate(3), "a hierarchy's seed or proof has the wrong size"),
        (
            |state| state.hierarchies.owner.auth_value = vec![1, 0],
            "an authorisation value is longer than any, or ends with zeros",
        ),
        (|state| state.clock.epoch = u64::MAX, "a counter is about to run over"),
        (|state| state.clock.rate = i16::MAX, "the clock's rate is out of bounds"),
        (|state| state.sessions.context_counter = 0, "a session was saved in time to come"),
        (
            |state| {
                if let Some(Slot::Loaded(session)) = state.sessions.slots.get_mut(&0) {
                    session.policy.digest.clear();
                }
            },
            "a session's policy is no digest of its hash",
        ),
        (
            |state| {
                let object = state.objects.persistent[&0x8100_0001].clone();
                state.objects.persistent.insert(0x4000_0001, object);
            },
            "a persistent object has a foreign handle",
        ),
        (
            |state| {
                let object = state.objects.persistent.get_mut(&0x8100_0001).unwrap();
                std::sync::Arc::make_mut(object).sensitive.as_mut().unwrap().sensitive[0] ^= 1;
            },
            "an object's public and sensitive areas do not belong together",
        ),
        (|state| state.nv.get_mut(0x0150_0001).unwrap().size = 4000, "an NV index is larger than any"),
        (|state| state.audit.digest = vec![1], "the audit digest has the wrong size"),
    ];
    for (change, complaint) in changes {
        let mut tpm = busy();
        change(&mut tpm.state);
        assert_eq!(Tpm::restore(&tpm.save()).unwrap_err(), RestoreError::Inconsistent(complaint));
    }
}

/// What is kept is enough: after a loss of power there is no telling the TPM from one that was restored from it.
#[test]
fn what_outlives_power_is_all_that_the_next_start_needs() {
    let start = |tpm: &mut Tpm, kind: u8| {
        tpm.power_on();
        let response = tpm.execute(&command(0x144, &[0, kind], false));
        assert_eq!(response[6..10], [0; 4]);
        tpm.save()
    };
    for (shutdown, startup) in [(None, 0), (Some(0), 0), (Some(1), 0), (Some(1), 1)] {
        let mut through = busy();
        // GetRandom, PCR_Extend would do as well: what was saved by the last Shutdown is not all that there is.
        through.state.shutdown = crate::state::Shutdown::None;
        if let Some(kind) = shutdown {
            through.execute(&command(0x145, &[0, kind], false));
        }
        let mut restored = Tpm::restore(&through.permanent().save()).unwrap();
        assert!(restored.save().len() < through.save().len());
        assert_eq!(start(&mut through, startup), start(&mut restored, startup), "{shutdown:?} {startup}");
    }
}
