//! The same TPM behind sockets.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use oobe_agent::tpm::TpmCommand;
use oobe_wire::crypto::KeyKind;
use tpm_sim::server::{Config, Host, Protocol, Server};

use super::attestation::attest;
use super::{Bench, TpmBackend, name, setup};

/// A listener with the TPM that [`setup`] describes.
fn listen(protocol: Protocol) -> (u16, u16, thread::JoinHandle<()>, std::sync::Arc<Host>) {
    let host = Host::new(setup("simulator", 1).manufacture());
    let server = Server::bind(Config { protocol, port: 0, ..Config::default() }, host).unwrap();
    let data = server.data_address().unwrap().port();
    let control = server.control_address().unwrap().port();
    let host = server.host();
    (data, control, thread::spawn(move || server.run().unwrap()), host)
}

fn on_the_wire(protocol: Protocol) {
    let (data, control, thread, host) = listen(protocol);
    let backend = match protocol {
        Protocol::Mssim => TpmBackend::Mssim { host: "127.0.0.1".to_owned(), port: data },
        Protocol::Swtpm => TpmBackend::Swtpm { host: "127.0.0.1".to_owned(), port: data, control },
    };
    let run = |backend: &TpmBackend, kind| {
        let mut bench = Bench::with("simulator", 1, backend);
        let key = attest(&mut bench, kind);
        bench.socket.restart(bench.now);
        let log = bench.ask(&TpmCommand::ReadEventLog);
        bench.ask(&TpmCommand::Public { key: name("aik") });
        assert_eq!(bench.socket.can_fork(), *backend == TpmBackend::InProcess);
        (key, log, bench.now)
    };
    // The same seed, the same keys, the same virtual time.
    assert_eq!(run(&backend, KeyKind::P256), run(&TpmBackend::InProcess, KeyKind::P256));
    run(&backend, KeyKind::Rsa2048);
    host.stop();
    thread.join().unwrap();
}

#[test]
fn the_reference_simulators_protocol_carries_a_whole_attestation() {
    on_the_wire(Protocol::Mssim);
}

#[test]
fn swtpms_protocol_carries_a_whole_attestation() {
    on_the_wire(Protocol::Swtpm);
}

#[test]
fn nobody_at_home_is_told_at_once() {
    // Bound and dropped: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for backend in [
        TpmBackend::Mssim { host: "127.0.0.1".to_owned(), port },
        TpmBackend::Swtpm { host: "127.0.0.1".to_owned(), port, control: port },
        TpmBackend::Device(PathBuf::from("/nonexistent/tpmrm0")),
    ] {
        let error = super::TpmSocket::new(setup("simulator", 1), &backend, 1, "pc").unwrap_err();
        assert!(
            error.to_string().contains("nonexistent") || error.to_string().contains("127.0.0.1"),
            "{error}"
        );
    }
}

#[test]
fn a_tpm_that_goes_away_does_not_answer() {
    let (data, _, thread, host) = listen(Protocol::Mssim);
    let backend = TpmBackend::Mssim { host: "127.0.0.1".to_owned(), port: data };
    let mut bench = Bench::with("simulator", 1, &backend);
    bench.ask(&TpmCommand::GetProperties);
    host.stop();
    thread.join().unwrap();
    assert_eq!(bench.refusal(&TpmCommand::GetProperties), oobe_agent::tpm::TpmError::Transport);
}

/// swtpm of the distribution, in a folder of its own.
struct Swtpm {
    child: Child,
    folder: PathBuf,
}

impl Swtpm {
    fn spawn(port: u16) -> Self {
        let folder = std::env::temp_dir().join(format!("oobe-swtpm-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let child = Command::new("swtpm")
            .args(["socket", "--tpm2", "--flags", "not-need-init"])
            .args(["--tpmstate", &format!("dir={}", folder.display())])
            .args(["--server", &format!("type=tcp,port={port},bindaddr=127.0.0.1")])
            .args(["--ctrl", &format!("type=tcp,port={},bindaddr=127.0.0.1", port + 1)])
            .stdin(Stdio::null())
            .spawn()
            .expect("swtpm is installed (Debian, Ubuntu: apt-get install swtpm)");
        Self { child, folder }
    }
}

impl Drop for Swtpm {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all::<&Path>(&self.folder);
    }
}

/// `cargo xtask interop swtpm` runs this.
#[test]
#[ignore = "needs swtpm"]
fn swtpm_of_the_distribution_carries_a_whole_attestation() {
    // Two ports side by side: swtpm takes numbers, so they are looked for before it binds them.
    let port = loop {
        let data = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = data.local_addr().unwrap().port();
        if port < u16::MAX && std::net::TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            break port;
        }
    };
    let swtpm = Swtpm::spawn(port);
    let backend = TpmBackend::Swtpm { host: "127.0.0.1".to_owned(), port, control: port + 1 };
    // It needs a moment until it listens, and each look at its ports is a connection: look with the real thing.
    let mut attempts = 0;
    let mut socket = loop {
        match super::TpmSocket::new(setup("simulator", 1), &backend, 1, "pc") {
            Ok(socket) => break socket,
            Err(error) if attempts == 100 => panic!("{error}"),
            Err(_) => attempts += 1,
        }
        thread::sleep(Duration::from_millis(50));
    };
    socket.power_on(oobe_agent::time::VirtualTime::ZERO);
    let mut bench = Bench { socket, now: oobe_agent::time::VirtualTime::ZERO };
    attest(&mut bench, KeyKind::P256);
    attest(&mut bench, KeyKind::Rsa2048);
    bench.socket.restart(bench.now);
    bench.ask(&TpmCommand::ReadEventLog);
    drop(bench);
    drop(swtpm);
}
