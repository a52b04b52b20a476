//! Any sequence of commands gets well-formed responses, and one that fails leaves the TPM as it was: but for the random
//! stream and the protection against guessing.
//!
//! The bytes are a program: most steps pick a command from the TPM's own table, handles that exist, and sessions that hold,
//! so that parameters are reached; some are frames as they come.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use tpm_sim::Tpm;
use tpm_sim::command::{COMMANDS, Command};
use tpm_sim::manufacture::{ManufactureOptions, profile};

/// Handles of everything that the TPM of these runs has, and of some things that it hasn't.
const HANDLES: [u32; 20] = [
    0x4000_0001,
    0x4000_000b,
    0x4000_000c,
    0x4000_000a,
    0x4000_0007,
    0x8000_0000,
    0x8000_0001,
    0x8000_0002,
    0x8100_0001,
    0x0150_0001,
    0x0150_0002,
    0x0200_0000,
    0x0300_0000,
    0x0300_0001,
    0,
    16,
    17,
    0x01c0_000a,
    0x4000_0009,
    0xffff_ffff,
];

fuzz_target!(|bytes: &[u8]| {
    let mut tpm = prepared().clone();
    let mut input = Input(bytes);
    for _ in 0..24 {
        let Some(choice) = input.byte() else { break };
        match choice {
            0..=7 => {
                let length = usize::from(input.byte().unwrap_or(0)) * 4;
                run(&mut tpm, &input.take(length).to_vec());
            }
            8..=11 => tpm.advance(u64::from(input.number()) << (choice - 8)),
            12 => tpm.set_locality(input.byte().unwrap_or(0) % 5),
            13 => {
                tpm.power_on();
                run(&mut tpm, &frame(0x144, &[], None, &[0, input.byte().unwrap_or(0) & 1]));
            }
            14 => {
                tpm.hash_start();
                tpm.hash_data(input.take(16));
                tpm.hash_end();
            }
            15 => {
                let saved = tpm.save();
                let restored = Tpm::restore(&saved).expect("what was saved is restored");
                assert_eq!(restored.save(), saved);
                tpm = restored;
            }
            _ => {
                let command = &COMMANDS[usize::from(choice) % COMMANDS.len()];
                let built = build(command, &mut input);
                run(&mut tpm, &built);
            }
        }
    }
});

fn run(tpm: &mut Tpm, command: &[u8]) {
    let before = tpm.clone();
    let response = tpm.execute(command);
    assert!((10..=4096).contains(&response.len()), "{} bytes", response.len());
    assert_eq!(u32::from_be_bytes(response[2..6].try_into().unwrap()) as usize, response.len());
    let code = u32::from_be_bytes(response[6..10].try_into().unwrap());
    if code != 0 {
        assert_eq!(response.len(), 10, "an error says nothing but its code");
        unchanged(&before, tpm, code, command);
    }
}

/// TPM_RC_AUTH_FAIL without the number of its session.
const AUTH_FAIL: u32 = 0x08e;

/// What a command that fails may change is this: the random stream goes on; protection against guessing notes that it was used,
/// which ends what Shutdown has put aside; and a wrong guess counts.
fn unchanged(before: &Tpm, after: &Tpm, code: u32, command: &[u8]) {
    assert!(after.state.rng.position() >= before.state.rng.position(), "the stream goes back");
    let [mut before, mut after] = [before.clone(), after.clone()];
    let da = before.state.da.clone();
    if after.state.da.used {
        before.state.da.used = true;
        before.state.shutdown = after.state.shutdown;
    }
    if code & 0x0bf == AUTH_FAIL {
        assert!(after.state.da.failed_tries <= da.failed_tries + 1, "a guess counts once");
        let counted = &after.state.da;
        (before.state.da.failed_tries, before.state.da.healed_at) = (counted.failed_tries, counted.healed_at);
        (before.state.da.lockout_auth_enabled, before.state.da.lockout_at) =
            (counted.lockout_auth_enabled, counted.lockout_at);
    }
    for tpm in [&mut before, &mut after] {
        // To the same far place of what has to be the same stream.
        tpm.state.rng.reserve(1 << 40);
    }
    assert_eq!(after.save(), before.save(), "{code:#x} for {command:02x?} has changed something");
}

/// A TPM with a storage key (loaded, and persistent), an HMAC and two policy sessions, two NV indexes and an audit.
fn prepared() -> &'static Tpm {
    static TPM: OnceLock<Tpm> = OnceLock::new();
    TPM.get_or_init(|| {
        let simulator = profile("simulator").expect("the default profile");
        let mut tpm = Tpm::manufacture(&ManufactureOptions::new(b"fuzz", simulator)).expect("it has a TPM");
        tpm.power_on();
        let empty = [0x40, 0, 0, 9, 0, 0, 0, 0, 0];
        let mut must = |code: u32, handles: &[u32], authorised: bool, params: &[u8]| {
            let response = tpm.execute(&frame(code, handles, authorised.then_some(&empty[..]), params));
            assert_eq!(response[6..10], [0; 4], "command {code:#x}");
        };
        must(0x144, &[], false, &[0, 0]);
        let storage = [
            0, 4, 0, 0, 0, 0, 0, 26, 0, 0x23, 0, 0x0b, 0, 3, 0, 0x72, 0, 0, 0, 6, 0, 0x80, 0, 0x43, 0, 0x10,
            0, 3, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        must(0x131, &[0x4000_0001], true, &storage);
        must(0x120, &[0x4000_0001, 0x8000_0000], true, &0x8100_0001u32.to_be_bytes());
        for kind in [0, 1, 1] {
            let start = [&[0, 16][..], &[7; 16], &[0, 0, kind, 0, 0x10, 0, 0x0b]].concat();
            must(0x176, &[0x4000_0007, 0x4000_0007], false, &start);
        }
        for (index, attributes, size) in
            [(0x0150_0001u32, 0x0006_0006u32, 32u8), (0x0150_0002, 0x0002_0012, 8)]
        {
            let public = [
                &[0, 0, 0, 14][..],
                &index.to_be_bytes(),
                &[0, 0x0b],
                &attributes.to_be_bytes(),
                &[0, 0, 0, size],
            ];
            must(0x12a, &[0x4000_0001], true, &public.concat());
        }
        // The certificates, which are made when somebody looks.
        for index in [0x01c0_0002u32, 0x01c0_000a, 0x01c0_0016, 0x01c0_001c, 0x01c0_0100] {
            tpm.execute(&frame(0x169, &[index], None, &[]));
        }
        tpm
    })
}

/// A frame in which everything but the parameters is likely to hold.
fn build(command: &Command, input: &mut Input<'_>) -> Vec<u8> {
    let handles: Vec<u32> = command
        .handles
        .iter()
        .map(|(kind, _)| {
            let wish = usize::from(input.byte().unwrap_or(0));
            // The next one that is of the kind, if the wish isn't.
            let at = (0..HANDLES.len())
                .map(|step| (wish + step) % HANDLES.len())
                .find(|at| kind.allows(HANDLES[*at]));
            HANDLES[at.unwrap_or(wish % HANDLES.len())]
        })
        .collect();
    let style = input.byte().unwrap_or(0);
    let mut area = Vec::new();
    for number in 0..command.auth_handles().max(usize::from(style & 0x40 != 0)) {
        match (style >> (2 * number)) & 3 {
            0 | 1 => area.extend([0x40, 0, 0, 9, 0, 0, 0, 0, 0]),
            2 => area.extend([&[0x03, 0, 0, 0, 0, 0][..], &[input.byte().unwrap_or(0)], &[0, 0]].concat()),
            _ => area.extend([&[0x02, 0, 0, 0, 0, 0][..], &[input.byte().unwrap_or(0)], &[0, 0]].concat()),
        }
    }
    let length = usize::from(input.byte().unwrap_or(0));
    let params = input.take(length).to_vec();
    let with_area = (!area.is_empty() && style & 0x80 == 0).then_some(&area[..]);
    frame(command.code, &handles, with_area, &params)
}

fn frame(code: u32, handles: &[u32], area: Option<&[u8]>, params: &[u8]) -> Vec<u8> {
    let mut body = code.to_be_bytes().to_vec();
    for handle in handles {
        body.extend(handle.to_be_bytes());
    }
    if let Some(area) = area {
        body.extend(u32::try_from(area.len()).unwrap().to_be_bytes());
        body.extend(area);
    }
    body.extend(params);
    let tag: u16 = if area.is_some() { 0x8002 } else { 0x8001 };
    [&tag.to_be_bytes()[..], &u32::try_from(body.len() + 6).unwrap().to_be_bytes(), &body].concat()
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> u16 {
        u16::from_be_bytes([self.byte().unwrap_or(0), self.byte().unwrap_or(0)])
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }
}
