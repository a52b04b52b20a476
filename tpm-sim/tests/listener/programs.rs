//! The programs, as suites and people start them.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::client::{RANDOM, STARTUP, code, connect, mssim, prepared, raw, signal};

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(name: &str, arguments: &[&str]) -> Program {
    let path = match name {
        "tpm_server" => env!("CARGO_BIN_EXE_tpm_server"),
        _ => env!("CARGO_BIN_EXE_tpm-sim"),
    };
    Program(Command::new(path).args(arguments).stdout(Stdio::piped()).spawn().unwrap())
}

/// The ports that `tpm-sim serve` tells.
fn ports(program: &mut Program) -> Vec<u16> {
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    line.split([':', ' ']).filter_map(|word| word.parse().ok()).collect()
}

fn wait(port: u16) -> TcpStream {
    for _ in 0..400 {
        // A socket that happens to get the port as its own is connected to itself: nobody listens there yet.
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", port))
            && stream.local_addr().unwrap() != stream.peer_addr().unwrap()
        {
            return prepared(stream);
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    panic!("nobody listens on port {port}");
}

fn free_port() -> u16 {
    loop {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if port < u16::MAX && std::net::TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}

#[test]
fn serve_tells_its_ports_and_starts_the_tpm() {
    let mut program = program("tpm-sim", &["serve", "--port", "0", "--startup"]);
    let ports = ports(&mut program);
    let mut data = wait(ports[0]);
    assert_eq!(code(&mssim(&mut data, 0, &RANDOM)), 0);
}

#[test]
fn tpm_server_is_started_like_the_reference_simulator() {
    let port = free_port();
    let _program = program("tpm_server", &["-rm", "-port", &port.to_string()]);
    let (mut data, mut platform) = (wait(port), wait(port + 1));
    signal(&mut platform, 1);
    signal(&mut platform, 11);
    assert_eq!(code(&mssim(&mut data, 0, &STARTUP)), 0);
}

#[test]
fn socket_is_started_like_swtpm() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    let _program = program(
        "tpm-sim",
        &[
            "socket",
            "--tpm2",
            "--server",
            &format!("port={port}"),
            "--ctrl",
            &format!("type=tcp,port={}", port + 1),
            "--flags",
            "not-need-init",
            "--tpmstate",
            &format!("dir={}", dir.path().display()),
        ],
    );
    let mut data = wait(port);
    assert_eq!(code(&raw(&mut data, &STARTUP)), 0);
    assert!(dir.path().join("tpm.state").exists());
}

#[test]
fn terminate_ends_with_the_client() {
    let port = free_port();
    let server = format!("type=tcp,port={port}");
    let mut program =
        program("tpm-sim", &["socket", "--tpm2", "--server", &server, "--flags", "startup-clear", "-t"]);
    let mut data = wait(port);
    assert_eq!(code(&raw(&mut data, &RANDOM)), 0);
    drop(data);
    assert!(program.0.wait().unwrap().success());
}

/// SIGKILL at any moment: what was answered is there afterwards.
#[test]
fn a_killed_program_loses_nothing_that_it_answered() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("tpm");
    let mut counted = 0;
    for round in 0..4 {
        let mut program = serve_state(&state);
        let ports = ports(&mut program);
        let mut data = wait(ports[0]);
        if round == 0 {
            // NV_DefineSpace(owner): a counter of eight bytes.
            let define =
                "80020000002d0000012a40000001000000094000000900000000000000000e01500002000b0002001200000008";
            assert_eq!(code(&mssim(&mut data, 0, &hex(define))), 0);
        }
        for _ in 0..5 {
            // NV_Increment(owner).
            let increment = "80020000001f00000134400000010150000200000009400000090000000000";
            assert_eq!(code(&mssim(&mut data, 0, &hex(increment))), 0);
            counted += 1;
        }
        program.0.kill().unwrap();
        program.0.wait().unwrap();
    }
    let mut program = serve_state(&state);
    let ports = ports(&mut program);
    let mut data = wait(ports[0]);
    let read = "8002000000230000014e40000001015000020000000940000009000000000000080000";
    let response = mssim(&mut data, 0, &hex(read));
    assert_eq!(code(&response), 0);
    let value = u64::from_be_bytes(response[16..24].try_into().unwrap());
    assert!(value >= counted, "{value} after {counted} increments");
}

fn serve_state(state: &Path) -> Program {
    program("tpm-sim", &["serve", "--port", "0", "--startup", "--state", state.to_str().unwrap()])
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn manufacture_makes_a_tpm_once() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("tpm");
    let manufacture = |extra: &[&str]| {
        let mut arguments = vec!["manufacture", "--seed", "one", "--state", state.to_str().unwrap()];
        arguments.extend(extra);
        let output = Command::new(env!("CARGO_BIN_EXE_tpm-sim")).args(arguments).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    assert!(manufacture(&[]).0);
    let (success, told) = manufacture(&[]);
    assert!(!success && told.contains("--force"), "{told}");
    std::fs::write(state.join("tpm.volatile"), "of the old one").unwrap();
    assert!(manufacture(&["--force"]).0);
    assert!(!state.join("tpm.volatile").exists());
    let (success, told) = manufacture(&["--force", "--profile", "teapot"]);
    assert!(!success && told.contains("there is no profile \"teapot\""), "{told}");
    // A name that is none is refused, whether a TPM is there or not.
    for arguments in [
        &["serve", "--profile", "hyper-w", "--state", state.to_str().unwrap()][..],
        &["serve", "--profile", "hyper-w"],
    ] {
        let (success, told) = ended(&["tpm-sim", arguments[0]], &arguments[1..]);
        assert!(!success && told.contains("did you mean \"hyper-v\"? There are simulator"), "{told}");
    }
    let (success, told) = ended(&["tpm_server"], &["--state", state.to_str().unwrap(), "--seed", "two"]);
    assert!(!success && told.contains("holds a TPM of another seed than \"two\""), "{told}");
}

/// Runs a program to its end: whether it succeeded, and what it said on standard error.
fn ended(program: &[&str], arguments: &[&str]) -> (bool, String) {
    let path = match program[0] {
        "tpm_server" => env!("CARGO_BIN_EXE_tpm_server"),
        _ => env!("CARGO_BIN_EXE_tpm-sim"),
    };
    let output = Command::new(path).args(&program[1..]).args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

/// TPMs that can't be started are served, so that their answers can be seen; and whoever wanted one started is told.
#[test]
fn tpms_that_can_not_be_started_are_served() {
    for (profile, answer, told) in [
        ("tpm-1.2", 0x1e, "TPM2_Startup answers 0x01e, as a TPM 1.2 does"),
        ("reduced-functionality", 0x101, "TPM2_Startup answers 0x101, as a TPM in failure mode does"),
    ] {
        let mut program = Program(
            Command::new(env!("CARGO_BIN_EXE_tpm-sim"))
                .args(["serve", "--port", "0", "--startup", "--profile", profile])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        let ports = ports(&mut program);
        assert_eq!(code(&mssim(&mut wait(ports[0]), 0, &RANDOM)), answer, "{profile}");
        let mut line = String::new();
        BufReader::new(program.0.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains(told), "{line}");
    }
}

/// `tpm-sim … | head -1`: the reader has gone before the text comes.
#[test]
fn a_closed_pipe_is_no_failure() {
    for (name, arguments) in [
        ("tpm-sim", &["--help"][..]),
        ("tpm-sim", &["serve", "--help"]),
        ("tpm-sim", &["socket", "--help"]),
        ("tpm-sim", &["socket", "--print-capabilities"]),
        ("tpm-sim", &["profiles"]),
        ("tpm-sim", &["completions", "zsh"]),
        ("tpm_server", &["--help"]),
    ] {
        let path = match name {
            "tpm_server" => env!("CARGO_BIN_EXE_tpm_server"),
            _ => env!("CARGO_BIN_EXE_tpm-sim"),
        };
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(path).args(arguments).stdout(writer).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && told.is_empty(), "{name} {arguments:?}: {told}");
    }
}

fn terminate(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
}

/// A process that is nobody's child: it is ended all the same.
struct Background(u32);

impl Drop for Background {
    fn drop(&mut self) {
        terminate(self.0);
    }
}

#[test]
fn sigterm_ends_it_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("tpm");
    let draw = |end: bool| {
        let mut program = serve_state(&state);
        let ports = ports(&mut program);
        let drawn = mssim(&mut wait(ports[0]), 0, &RANDOM);
        if end {
            terminate(program.0.id());
            assert!(program.0.wait().unwrap().success());
        }
        drawn
    };
    let first = draw(true);
    // Its stream goes on where it stopped: at the seeds of the null hierarchy, which a start makes, and then the next eight.
    let second = draw(true);
    let mut tpm = tpm_sim::manufacture::new_tpm(None, None).unwrap();
    for drawn in [first, second] {
        tpm.power_on();
        tpm.execute(&STARTUP);
        assert_eq!(tpm.execute(&RANDOM), drawn);
    }
}

#[test]
fn socket_goes_to_the_background_and_takes_its_number_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let (pid_file, port) = (dir.path().join("pid"), free_port());
    let (server, pid) = (format!("type=tcp,port={port}"), format!("file={}", pid_file.display()));
    let arguments = ["--tpm2", "--server", &server, "--flags", "startup-clear", "--daemon", "--pid", &pid];
    let (success, told) = ended(&["tpm-sim", "socket"], &arguments);
    assert!(success, "{told}");
    // It listens when the first process has ended: no waiting here.
    let mut data = connect(([127, 0, 0, 1], port).into());
    let number: u32 = std::fs::read_to_string(&pid_file).unwrap().trim().parse().unwrap();
    let background = Background(number);
    assert_eq!(code(&raw(&mut data, &RANDOM)), 0);
    // What can't listen there says so, and fails in the foreground.
    let (success, told) = ended(&["tpm-sim", "socket"], &arguments);
    assert!(!success && told.contains("can't listen on 127.0.0.1"), "{told}");
    drop((data, background));
    for _ in 0..400 {
        if !pid_file.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    panic!("the process in the background does not end");
}

#[test]
fn socket_says_what_it_is() {
    let run = |argument: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_tpm-sim")).args(["socket", argument]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run("--version").starts_with("TPM emulator version "));
    let told = run("--print-capabilities");
    assert!(told.starts_with("{ \"type\": \"swtpm\", \"features\": [ \"tpm-2.0\","), "{told}");
}

#[test]
fn profiles_are_listed_and_completions_printed() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_tpm-sim")).args(arguments).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run(&["profiles"]).lines().any(|line| line.starts_with("simulator ")));
    assert!(run(&["completions", "bash"]).contains("tpm-sim"));
}
