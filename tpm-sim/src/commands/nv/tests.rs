use proptest::prelude::*;

use crate::Tpm;
use crate::crypto::HashAlg;
use crate::rc::Rc;

const OWNER: u32 = 0x4000_0001;
const PLATFORM: u32 = 0x4000_000c;
const INDEX: u32 = 0x0150_0000;
/// ownerwrite, authwrite, ownerread, authread.
const USUAL: u32 = 0x0006_0006;

fn command(code: u32, handles: &[u32], parameters: &[u8]) -> Vec<u8> {
    let mut body: Vec<u8> = handles.iter().flat_map(|handle| handle.to_be_bytes()).collect();
    body.extend_from_slice(&9_u32.to_be_bytes());
    body.extend_from_slice(&[0x40, 0, 0, 9, 0, 0, 0, 0, 0]);
    body.extend_from_slice(parameters);
    let size = u32::try_from(10 + body.len()).unwrap();
    [&[0x80, 0x02][..], &size.to_be_bytes(), &code.to_be_bytes(), &body].concat()
}

/// Response code, and parameters when it is success.
fn run(tpm: &mut Tpm, code: u32, handles: &[u32], parameters: &[u8]) -> (u32, Vec<u8>) {
    let response = tpm.execute(&command(code, handles, parameters));
    let rc = u32::from_be_bytes(response[6..10].try_into().unwrap());
    if rc != 0 {
        return (rc, Vec::new());
    }
    let size = u32::from_be_bytes(response[10..14].try_into().unwrap()) as usize;
    (rc, response[14..14 + size].to_vec())
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

fn define(tpm: &mut Tpm, authority: u32, attributes: u32, size: u16) -> u32 {
    let public =
        [&INDEX.to_be_bytes()[..], &[0, 0x0b], &attributes.to_be_bytes(), &[0, 0], &size.to_be_bytes()]
            .concat();
    run(tpm, 0x12a, &[authority], &[sized(b""), sized(&public)].concat()).0
}

fn undefine(tpm: &mut Tpm) -> u32 {
    run(tpm, 0x122, &[OWNER, INDEX], &[]).0
}

fn write(tpm: &mut Tpm, data: &[u8], offset: u16) -> u32 {
    run(tpm, 0x137, &[OWNER, INDEX], &[sized(data), offset.to_be_bytes().to_vec()].concat()).0
}

fn read(tpm: &mut Tpm, size: u16, offset: u16) -> Result<Vec<u8>, u32> {
    let parameters = [size.to_be_bytes(), offset.to_be_bytes()].concat();
    match run(tpm, 0x14e, &[OWNER, INDEX], &parameters) {
        (0, out) => Ok(out[2..].to_vec()),
        (rc, _) => Err(rc),
    }
}

fn increment(tpm: &mut Tpm) -> u32 {
    run(tpm, 0x134, &[OWNER, INDEX], &[]).0
}

fn start(tpm: &mut Tpm, kind: u8) {
    tpm.power_on();
    let response = tpm.execute(&[0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, kind]);
    assert_eq!(response[6..10], [0; 4]);
}

fn shutdown(tpm: &mut Tpm, kind: u8) {
    let response = tpm.execute(&[0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x45, 0, kind]);
    assert_eq!(response[6..10], [0; 4]);
}

fn tpm() -> Tpm {
    let mut tpm = Tpm::new(b"seed", &[HashAlg::Sha256]);
    start(&mut tpm, 0);
    tpm
}

#[test]
fn ordinary_index_reads_what_was_written_and_ones_elsewhere() {
    let mut tpm = tpm();
    assert_eq!(define(&mut tpm, OWNER, USUAL, 8), 0);
    assert_eq!(define(&mut tpm, OWNER, USUAL, 8), Rc::NV_DEFINED.raw());
    assert_eq!(read(&mut tpm, 8, 0), Err(Rc::NV_UNINITIALIZED.raw()));
    assert_eq!(write(&mut tpm, b"ab", 3), 0);
    assert_eq!(read(&mut tpm, 8, 0).unwrap(), b"\xff\xff\xffab\xff\xff\xff");
    assert_eq!(write(&mut tpm, b"abcdef", 3), Rc::NV_RANGE.raw());
    assert_eq!(write(&mut tpm, b"", 9), Rc::VALUE.param(2).raw());
    assert_eq!(read(&mut tpm, 8, 1), Err(Rc::NV_RANGE.raw()));
    assert_eq!(read(&mut tpm, 0, 9), Err(Rc::VALUE.param(2).raw()));
    assert_eq!(increment(&mut tpm), Rc::ATTRIBUTES.handle(2).raw());
    assert_eq!(undefine(&mut tpm), 0);
    assert_eq!(undefine(&mut tpm), Rc::HANDLE.handle(2).raw());
}

#[test]
fn a_new_counter_goes_on_from_the_largest_that_was_deleted() {
    let mut tpm = tpm();
    for expected in [3_u64, 6] {
        assert_eq!(define(&mut tpm, OWNER, USUAL | 0x10, 8), 0);
        for _ in 0..3 {
            assert_eq!(increment(&mut tpm), 0);
        }
        assert_eq!(read(&mut tpm, 8, 0).unwrap(), expected.to_be_bytes());
        assert_eq!(undefine(&mut tpm), 0);
    }
}

#[test]
fn an_orderly_counter_never_goes_back() {
    let mut tpm = tpm();
    assert_eq!(define(&mut tpm, OWNER, USUAL | 0x0400_0010, 8), 0);
    for _ in 0..5 {
        increment(&mut tpm);
    }
    shutdown(&mut tpm, 0);
    start(&mut tpm, 0);
    assert_eq!(read(&mut tpm, 8, 0).unwrap(), 5_u64.to_be_bytes());
    increment(&mut tpm);
    start(&mut tpm, 0);
    assert_eq!(read(&mut tpm, 8, 0).unwrap(), 255_u64.to_be_bytes(), "the low bits were lost");
    start(&mut tpm, 0);
    increment(&mut tpm);
    assert_eq!(read(&mut tpm, 8, 0).unwrap(), 256_u64.to_be_bytes());
    start(&mut tpm, 0);
    assert_eq!(read(&mut tpm, 8, 0).unwrap(), 511_u64.to_be_bytes(), "counting up wrote 256 to NV");
}

#[test]
fn a_reset_clears_what_says_so() {
    let mut tpm = tpm();
    for (attributes, kind, kept) in [
        (USUAL, 0, true),
        (USUAL | 0x0800_0000, 0, false), // CLEAR_STCLEAR
        (USUAL | 0x0800_0000, 1, true),
        (USUAL | 0x0400_0000, 0, false), // ORDERLY
    ] {
        assert_eq!(define(&mut tpm, OWNER, attributes, 4), 0);
        assert_eq!(write(&mut tpm, b"data", 0), 0);
        shutdown(&mut tpm, kind);
        start(&mut tpm, kind);
        assert_eq!(read(&mut tpm, 4, 0).is_ok(), kept, "{attributes:#x}, {kind}");
        assert_eq!(undefine(&mut tpm), 0);
    }
}

#[test]
fn locks_last_as_long_as_their_attribute_says() {
    let mut tpm = tpm();
    for (attributes, after_reset) in [(0x2000, Rc::NV_LOCKED.raw()), (0x4000, 0), (0x8000, 0)] {
        assert_eq!(define(&mut tpm, OWNER, USUAL | attributes, 4), 0);
        assert_eq!(write(&mut tpm, b"data", 0), 0);
        let (code, handles): (u32, &[u32]) =
            if attributes == 0x8000 { (0x132, &[OWNER]) } else { (0x138, &[OWNER, INDEX]) };
        assert_eq!(run(&mut tpm, code, handles, &[]).0, 0);
        assert_eq!(run(&mut tpm, code, handles, &[]).0, 0, "locking twice is no error");
        assert_eq!(write(&mut tpm, b"more", 0), Rc::NV_LOCKED.raw());
        start(&mut tpm, 0);
        assert_eq!(write(&mut tpm, b"more", 0), after_reset, "{attributes:#x}");
        assert_eq!(undefine(&mut tpm), 0);
    }
    assert_eq!(define(&mut tpm, OWNER, USUAL | 0x8000_0000, 4), 0);
    assert_eq!(write(&mut tpm, b"data", 0), 0);
    assert_eq!(run(&mut tpm, 0x14f, &[OWNER, INDEX], &[]).0, 0);
    assert_eq!(read(&mut tpm, 4, 0), Err(Rc::NV_LOCKED.raw()));
    start(&mut tpm, 0);
    assert_eq!(read(&mut tpm, 4, 0).unwrap(), b"data");
}

#[test]
fn attributes_that_contradict_are_refused() {
    let mut tpm = tpm();
    let attributes = Rc::ATTRIBUTES.param(2).raw();
    let size = Rc::SIZE.param(2).raw();
    for (authority, bits, bytes, expected) in [
        (OWNER, USUAL | 0x20, 4, size),
        (OWNER, USUAL | 0x40, 20, size),
        (OWNER, USUAL, 2049, size),
        (OWNER, USUAL | 0x100, 8, Rc::RESERVED_BITS.param(2).raw()),
        (OWNER, USUAL | 0x30, 8, attributes),
        (OWNER, USUAL | 0x80, 8, attributes),
        (OWNER, 0x0000_0002, 8, attributes),
        (OWNER, 0x0002_0000, 8, attributes),
        (OWNER, USUAL | 0x2000_0000, 8, attributes),
        (OWNER, USUAL | 0x400, 8, attributes),
        (OWNER, USUAL | 0x0800_0010, 8, attributes),
        (OWNER, USUAL | 0x0800_2000, 8, attributes),
        (OWNER, USUAL | 0x4000_0000, 8, Rc::ATTRIBUTES.handle(1).raw()),
        (PLATFORM, USUAL, 8, Rc::ATTRIBUTES.handle(1).raw()),
        (OWNER, USUAL | 0x0400_0000, 2048, Rc::NV_SPACE.raw()),
    ] {
        assert_eq!(define(&mut tpm, authority, bits, bytes), expected, "{bits:#x}, {bytes} bytes");
    }
    assert_eq!(define(&mut tpm, PLATFORM, USUAL | 0x4000_0000, 8), 0);
    assert_eq!(undefine(&mut tpm), Rc::NV_AUTHORIZATION.raw());
    assert_eq!(run(&mut tpm, 0x122, &[PLATFORM, INDEX], &[]).0, 0);
}

#[test]
fn bits_and_digests_accumulate() {
    let mut tpm = tpm();
    assert_eq!(define(&mut tpm, OWNER, USUAL | 0x20, 8), 0);
    for bits in [5_u64, 2] {
        assert_eq!(run(&mut tpm, 0x135, &[OWNER, INDEX], &bits.to_be_bytes()).0, 0);
    }
    assert_eq!(read(&mut tpm, 8, 0).unwrap(), 7_u64.to_be_bytes());
    assert_eq!(write(&mut tpm, &[0; 8], 0), Rc::ATTRIBUTES.raw());
    undefine(&mut tpm);
    assert_eq!(define(&mut tpm, OWNER, USUAL | 0x40, 32), 0);
    for _ in 0..2 {
        assert_eq!(run(&mut tpm, 0x136, &[OWNER, INDEX], &sized(b"abc")).0, 0);
    }
    let once = HashAlg::Sha256.digest(&[&[0; 32], b"abc"]);
    assert_eq!(read(&mut tpm, 32, 0).unwrap(), HashAlg::Sha256.digest(&[&once, b"abc"]));
}

#[test]
fn space_runs_out_and_comes_back() {
    let mut tpm = tpm();
    let mut defined = Vec::new();
    for number in 0.. {
        let handle = INDEX + number;
        let public =
            [&handle.to_be_bytes()[..], &[0, 0x0b], &USUAL.to_be_bytes(), &[0, 0], &2048_u16.to_be_bytes()]
                .concat();
        match run(&mut tpm, 0x12a, &[OWNER], &[sized(b""), sized(&public)].concat()).0 {
            0 => defined.push(handle),
            rc => {
                assert_eq!(rc, Rc::NV_SPACE.raw());
                break;
            }
        }
    }
    assert!(defined.len() >= 8, "{} indexes of the largest size", defined.len());
    for handle in defined {
        assert_eq!(run(&mut tpm, 0x122, &[OWNER, handle], &[]).0, 0);
    }
    assert_eq!(define(&mut tpm, OWNER, USUAL, 2048), 0);
}

/// A command of the chapters on NV, PCRs and capabilities with parameters that are nearly right, or not at all.
fn nearly_right() -> impl Strategy<Value = Vec<u8>> {
    let codes = vec![
        0x11f_u32, 0x122, 0x12a, 0x12b, 0x12c, 0x132, 0x134, 0x135, 0x136, 0x137, 0x138, 0x13b, 0x13c, 0x13d,
        0x14e, 0x14f, 0x169, 0x17a, 0x17e, 0x182, 0x183, 0x184, 0x18a,
    ];
    let handles = vec![OWNER, PLATFORM, INDEX, 0x01c0_000a, 0x4000_0007, 0, 16, 23, 0x8000_0000];
    let number = prop_oneof![
        Just(vec![0, 0]),
        Just(vec![0, 8]),
        Just(vec![0, 0x0b]),
        Just(vec![0, 0x10]),
        Just(INDEX.to_be_bytes().to_vec()),
        Just(USUAL.to_be_bytes().to_vec()),
        Just(vec![0, 0, 0, 1]),
        proptest::collection::vec(any::<u8>(), 0..9),
    ];
    (
        proptest::sample::select(codes),
        proptest::collection::vec(proptest::sample::select(handles), 3),
        proptest::collection::vec(number, 0..7),
        0..3_usize,
    )
        .prop_map(|(code, handles, parts, sessions)| {
            let entry = crate::command::find(code).unwrap();
            let mut body: Vec<u8> =
                handles[..entry.handles.len()].iter().flat_map(|handle| handle.to_be_bytes()).collect();
            let sessions = if sessions == 2 { entry.auth_handles() } else { sessions };
            if sessions > 0 {
                body.extend_from_slice(&u32::try_from(9 * sessions).unwrap().to_be_bytes());
                body.extend_from_slice(&[0x40, 0, 0, 9, 0, 0, 0, 0, 0].repeat(sessions));
            }
            body.extend_from_slice(&parts.concat());
            let tag = if sessions > 0 { 2 } else { 1 };
            let size = u32::try_from(10 + body.len()).unwrap();
            [&[0x80, tag][..], &size.to_be_bytes(), &code.to_be_bytes(), &body].concat()
        })
}

proptest! {
    #[test]
    fn what_fails_changes_nothing(commands in proptest::collection::vec(nearly_right(), 1..40)) {
        let mut tpm = tpm();
        define(&mut tpm, OWNER, USUAL | 0x0200_0000, 8);
        for command in commands {
            let before = tpm.save();
            let response = tpm.execute(&command);
            prop_assert_eq!(response.len(), u32::from_be_bytes(response[2..6].try_into().unwrap()) as usize);
            if response[6..10] != [0; 4] {
                prop_assert_eq!(response.len(), 10);
                prop_assert!(tpm.save() == before, "{:02x?} failed and changed the TPM", command);
            }
        }
    }
}
