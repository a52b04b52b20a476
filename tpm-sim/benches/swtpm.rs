//! The same work by tpm-sim in process and by swtpm behind its socket, in one run: `cargo bench -p tpm-sim --bench swtpm`.
//!
//! Each row is the median of some rounds. swtpm's times hold the way over a loopback socket (a few hundredths of a
//! millisecond) because there is no other way to it; that of GetRandom shows how much that is.

#![allow(missing_docs, clippy::disallowed_methods)] // real time is what is measured

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use tpm_sim::Tpm;
use tpm_sim::manufacture::{EkTemplate, ManufactureOptions, profile};

/// TPMs in the fleet.
const FLEET: usize = 10_000;

fn main() -> ExitCode {
    let scratch = match tempfile::tempdir() {
        Ok(dir) => dir,
        Err(error) => {
            eprintln!("no folder for swtpm: {error}");
            return ExitCode::FAILURE;
        }
    };
    for (program, package) in [("swtpm", "swtpm"), ("swtpm_setup", "swtpm-tools")] {
        if Command::new(program).arg("--version").output().is_err() {
            eprintln!("{program} is missing: apt-get install -y {package}");
            return ExitCode::FAILURE;
        }
    }
    println!("{:<58}{:>12}{:>12}", "", "tpm-sim", "swtpm");
    manufacture(scratch.path());

    let mut ours = tpm("bench");
    let mut swtpm = Swtpm::start(scratch.path());
    ours.must(&startup());
    swtpm.must(&startup());
    for kind in [Kind::Ecc, Kind::Rsa] {
        let rounds = if matches!(kind, Kind::Ecc) { 50 } else { 11 };
        row(&format!("{kind:?}: CreatePrimary of an EK"), rounds, &mut ours, &mut swtpm, |tpm, round| {
            let ek = primary(tpm, kind, round);
            flush(tpm, ek);
        });
        let what = format!("{kind:?}: EK and AIK (CreatePrimary, Create, Load)");
        row(&what, rounds, &mut ours, &mut swtpm, |tpm, round| {
            let keys = keys(tpm, kind, round + 0x1000);
            keys.flush(tpm);
        });
        let (our_keys, their_keys) = (keys(&mut ours, kind, 0), keys(&mut swtpm, kind, 0));
        pair(
            &format!("{kind:?}: MakeCredential and ActivateCredential"),
            median(50, || credential(&mut ours, &our_keys)),
            median(50, || credential(&mut swtpm, &their_keys)),
        );
        pair(
            &format!("{kind:?}: Quote of 8 PCRs"),
            median(200, || quote(&mut ours, &our_keys)),
            median(200, || quote(&mut swtpm, &their_keys)),
        );
        our_keys.flush(&mut ours);
        their_keys.flush(&mut swtpm);
    }
    row("GetRandom, 32 bytes", 2000, &mut ours, &mut swtpm, |tpm, _| {
        tpm.must(&frame(0x17b, &[], None, &[0, 32]));
    });
    println!(
        "{:<58}{:>12}{:>12}",
        "a running instance, resident",
        "(below)",
        kilobytes(resident(swtpm.process.id()))
    );
    fleet();
    ExitCode::SUCCESS
}

/// Made, with EK certificates in NV; ours are made at the first look, so we look.
fn manufacture(dir: &std::path::Path) {
    let make = |round: usize, templates: &[EkTemplate]| {
        let tpm = tpm(&format!("made {round}"));
        for template in templates {
            assert!(tpm.ek_certificate(*template).is_some());
        }
    };
    let mut round = 0;
    let ecc = median(50, || {
        round += 1;
        make(round, &[EkTemplate::L2]);
    });
    let both = median(11, || {
        round += 1;
        make(round, &[EkTemplate::L1, EkTemplate::L2]);
    });
    let state = dir.join("made");
    let swtpm = median(7, || {
        let _ = fs::remove_dir_all(&state);
        fs::create_dir_all(&state).expect("a folder in a folder of ours");
        let output = Command::new("swtpm_setup")
            .args(["--tpm2", "--create-ek-cert", "--overwrite", "--tpmstate"])
            .arg(&state)
            .output()
            .expect("it answered --version");
        assert!(output.status.success(), "swtpm_setup: {}", String::from_utf8_lossy(&output.stdout));
    });
    println!("{:<58}{:>12}{:>12}", "manufacture with a P-256 EK certificate", milliseconds(ecc), "-");
    pair("manufacture with RSA-2048 and ECC EK certificates", both, swtpm);
}

/// 10,000 TPMs, each started and with an EK and an AIK, both loaded.
fn fleet() {
    let before = resident(std::process::id());
    let start = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let tpms: Vec<Tpm> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    (thread..FLEET)
                        .step_by(threads)
                        .map(|number| {
                            let mut tpm = tpm(&format!("fleet {number}"));
                            tpm.must(&startup());
                            keys(&mut tpm, Kind::Ecc, 0);
                            tpm
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker's panic is ours")).collect()
    });
    let elapsed = start.elapsed();
    let grown = resident(std::process::id()).saturating_sub(before);
    let saved: usize = tpms.iter().take(100).map(|tpm| tpm.save().len()).sum::<usize>() / 100;
    println!();
    println!("{FLEET} P-256 TPMs with EK and AIK, {threads} threads: {:.2} s", elapsed.as_secs_f64());
    println!(
        "  resident: {} MB, {} an instance; saved: {saved} bytes",
        grown >> 20,
        kilobytes(grown / FLEET as u64)
    );
}

fn tpm(seed: &str) -> Tpm {
    let simulator = profile("simulator").expect("the default profile");
    let mut tpm = Tpm::manufacture(&ManufactureOptions::new(seed.as_bytes(), simulator))
        .expect("that profile has a TPM");
    tpm.power_on();
    tpm
}

/// Something that takes commands.
trait Execute {
    fn execute_one(&mut self, command: &[u8]) -> Vec<u8>;

    /// The response behind its header; a TPM that asks to try again is asked again.
    fn must(&mut self, command: &[u8]) -> Vec<u8> {
        loop {
            let response = self.execute_one(command);
            match u32::from_be_bytes(response[6..10].try_into().expect("every response has a header")) {
                0 => return response[10..].to_vec(),
                0x922 => {}
                code => panic!("{code:#x} for {command:02x?}"),
            }
        }
    }
}

impl Execute for Tpm {
    fn execute_one(&mut self, command: &[u8]) -> Vec<u8> {
        self.execute(command)
    }
}

struct Swtpm {
    process: Child,
    stream: TcpStream,
}

impl Swtpm {
    fn start(dir: &std::path::Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port")
            .port();
        let state = dir.join("state");
        fs::create_dir_all(&state).expect("a folder in a folder of ours");
        let mut process = Command::new("swtpm")
            .args([
                "socket",
                "--tpm2",
                "--flags",
                "not-need-init",
                "--server",
                &format!("type=tcp,port={port}"),
            ])
            .arg("--tpmstate")
            .arg(format!("dir={}", state.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("it answered --version");
        for _ in 0..200 {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
                stream.set_nodelay(true).expect("a connected socket");
                return Self { process, stream };
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        let _ = process.kill();
        let _ = process.wait();
        panic!("swtpm does not listen after 5 s");
    }
}

impl Execute for Swtpm {
    fn execute_one(&mut self, command: &[u8]) -> Vec<u8> {
        self.stream.write_all(command).expect("swtpm is there");
        let mut response = vec![0; 10];
        self.stream.read_exact(&mut response).expect("swtpm answers");
        let size = u32::from_be_bytes(response[2..6].try_into().expect("ten bytes")) as usize;
        response.resize(size, 0);
        self.stream.read_exact(&mut response[10..]).expect("swtpm answers");
        response
    }
}

impl Drop for Swtpm {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Ecc,
    Rsa,
}

impl Kind {
    /// Type and nameAlg.
    fn head(self) -> [u8; 4] {
        match self {
            Self::Ecc => [0, 0x23, 0, 0x0b],
            Self::Rsa => [0, 1, 0, 0x0b],
        }
    }
}

const PASSWORD: [u8; 9] = [0x40, 0, 0, 9, 0, 0, 0, 0, 0];
/// PolicySecret(TPM_RH_ENDORSEMENT), the policy of the EK templates (EK Credential Profile 2.5, annex B).
const EK_POLICY: [u8; 32] = [
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd,
    0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa,
];

struct Keys {
    ek: u32,
    aik: u32,
    aik_name: Vec<u8>,
    session: u32,
}

impl Keys {
    fn flush(&self, tpm: &mut (impl Execute + ?Sized)) {
        for handle in [self.ek, self.aik, self.session] {
            flush(tpm, handle);
        }
    }
}

fn flush(tpm: &mut (impl Execute + ?Sized), handle: u32) {
    tpm.must(&frame(0x165, &[], None, &handle.to_be_bytes()));
}

fn startup() -> Vec<u8> {
    frame(0x144, &[], None, &[0, 0])
}

/// The EK of the standard template; `number` goes into its unique field (0 for the standard's own).
fn primary(tpm: &mut (impl Execute + ?Sized), kind: Kind, number: u32) -> u32 {
    let field = |length: usize| sized(&[&number.to_be_bytes()[..], &vec![0; length - 4]].concat());
    let tail = match kind {
        Kind::Ecc => {
            [&[0, 6, 0, 0x80, 0, 0x43, 0, 0x10, 0, 3, 0, 0x10][..], &field(32), &sized(&[0; 32])].concat()
        }
        Kind::Rsa => [&[0, 6, 0, 0x80, 0, 0x43, 0, 0x10, 8, 0, 0, 0, 0, 0][..], &field(256)].concat(),
    };
    let ek = [&kind.head()[..], &[0, 3, 0, 0xb2], &sized(&EK_POLICY), &tail].concat();
    number_of(&tpm.must(&frame(0x131, &[0x4000_000b], Some(&PASSWORD), &create(&ek))))
}

fn create(public: &[u8]) -> Vec<u8> {
    [&[0, 4, 0, 0, 0, 0][..], &sized(public), &[0; 6]].concat()
}

fn keys(tpm: &mut (impl Execute + ?Sized), kind: Kind, number: u32) -> Keys {
    let ek = primary(tpm, kind, number);
    let tail: &[u8] = match kind {
        Kind::Ecc => &[0, 0x10, 0, 0x18, 0, 0x0b, 0, 3, 0, 0x10, 0, 0, 0, 0],
        Kind::Rsa => &[0, 0x10, 0, 0x14, 0, 0x0b, 8, 0, 0, 0, 0, 0, 0, 0],
    };
    let aik = [&kind.head()[..], &[0, 5, 0, 0x72], &sized(&[]), tail].concat();
    let start = [&sized(&[7; 16])[..], &[0, 0, 1, 0, 0x10, 0, 0x0b]].concat();
    let session = number_of(&tpm.must(&frame(0x176, &[0x4000_0007, 0x4000_0007], None, &start)));
    let area = [&session.to_be_bytes()[..], &[0, 0, 1, 0, 0]].concat();
    secret(tpm, session);
    let out = tpm.must(&frame(0x153, &[ek], Some(&area), &create(&aik)));
    let mut rest = &out[4..];
    let (private, public) = (take(&mut rest), take(&mut rest));
    secret(tpm, session);
    let out = tpm.must(&frame(0x157, &[ek], Some(&area), &[sized(private), sized(public)].concat()));
    Keys { ek, aik: number_of(&out), aik_name: take(&mut &out[8..]).to_vec(), session }
}

fn secret(tpm: &mut (impl Execute + ?Sized), session: u32) {
    tpm.must(&frame(0x151, &[0x4000_000b, session], Some(&PASSWORD), &[0; 10]));
}

fn credential(tpm: &mut impl Execute, keys: &Keys) {
    let made =
        tpm.must(&frame(0x168, &[keys.ek], None, &[sized(&[0x5e; 32]), sized(&keys.aik_name)].concat()));
    secret(tpm, keys.session);
    let area = [&PASSWORD[..], &keys.session.to_be_bytes(), &[0, 0, 1, 0, 0]].concat();
    let out = tpm.must(&frame(0x147, &[keys.aik, keys.ek], Some(&area), &made));
    assert_eq!(take(&mut &out[4..]), [0x5e; 32]);
}

fn quote(tpm: &mut impl Execute, keys: &Keys) {
    let params = [&sized(&[0x4e; 20])[..], &[0, 0x10, 0, 0, 0, 1, 0, 0x0b, 3, 0xff, 0, 0]].concat();
    tpm.must(&frame(0x158, &[keys.aik], Some(&PASSWORD), &params));
}

fn frame(code: u32, handles: &[u32], area: Option<&[u8]>, params: &[u8]) -> Vec<u8> {
    let mut body = code.to_be_bytes().to_vec();
    for handle in handles {
        body.extend(handle.to_be_bytes());
    }
    if let Some(area) = area {
        body.extend(u32::try_from(area.len()).expect("a few bytes").to_be_bytes());
        body.extend(area);
    }
    body.extend(params);
    let tag: u16 = if area.is_some() { 0x8002 } else { 0x8001 };
    let size = u32::try_from(body.len() + 6).expect("a few kilobytes");
    [&tag.to_be_bytes()[..], &size.to_be_bytes(), &body].concat()
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).expect("a few hundred bytes").to_be_bytes()[..], bytes].concat()
}

fn take<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let size = usize::from(u16::from_be_bytes(rest[..2].try_into().expect("a size")));
    let (head, tail) = rest[2..].split_at(size);
    *rest = tail;
    head
}

fn number_of(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().expect("four bytes"))
}

fn row(what: &str, rounds: usize, ours: &mut Tpm, swtpm: &mut Swtpm, work: impl Fn(&mut dyn Execute, u32)) {
    // Primary keys are made from their template, so each round has a template of its own: nobody can remember the key.
    let timed = |tpm: &mut dyn Execute| {
        let mut round = 0;
        median(rounds, || {
            round += 1;
            work(tpm, round);
        })
    };
    let (our_time, their_time) = (timed(ours), timed(swtpm));
    pair(what, our_time, their_time);
}

fn pair(what: &str, ours: Duration, swtpm: Duration) {
    println!("{what:<58}{:>12}{:>12}", milliseconds(ours), milliseconds(swtpm));
}

fn median(rounds: usize, mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[rounds / 2]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1000.0)
}

fn kilobytes(bytes: u64) -> String {
    format!("{} KB", bytes >> 10)
}

/// Resident memory of a process in bytes, without what it shares with others (its program's pages).
fn resident(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or(0) << 10
}
