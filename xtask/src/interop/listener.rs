//! A simulator in a process of its own, ours or swtpm, for as long as a suite needs it.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{need, target};
use crate::run;

/// What a client speaks to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Mssim,
    Swtpm,
}

impl Protocol {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mssim => "mssim",
            Self::Swtpm => "swtpm",
        }
    }
}

/// Our programs, built: the folder in which `tpm-sim` and `tpm_server` are.
pub(super) fn programs() -> Result<PathBuf, String> {
    run(Command::new("cargo").args([
        "build",
        "--quiet",
        "--release",
        "--locked",
        "-p",
        "tpm-sim",
        "--bins",
    ]))?;
    let dir = target().join("release");
    dir.canonicalize().map_err(|error| format!("{}: {error}", dir.display()))
}

/// A simulator that listens, with the power on and TPM2_Startup done.
#[derive(Debug)]
pub(super) struct Listener {
    process: Child,
    protocol: Protocol,
    pub(super) port: u16,
    pub(super) control_port: u16,
}

impl Listener {
    /// Ours. `arguments` go to `tpm-sim serve`.
    pub(super) fn ours(protocol: Protocol, arguments: &[&str]) -> Result<Self, String> {
        let program = programs()?.join("tpm-sim");
        let mut process = Command::new(&program)
            .args(["serve", "--port", "0", "--startup", "--protocol", protocol.name()])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let mut line = String::new();
        let out = process.stdout.take().expect("its output is piped");
        // The line comes when both ports are bound, and an empty one when the program ends.
        BufReader::new(out).read_line(&mut line).map_err(|error| error.to_string())?;
        let mut ports = line.split([':', ' ']).filter_map(|word| word.parse::<u16>().ok());
        match (ports.next(), ports.next()) {
            (Some(port), Some(control_port)) => Ok(Self { process, protocol, port, control_port }),
            _ => Err(format!("tpm-sim serve does not listen; it says {line:?}")),
        }
    }

    /// Ours, started as the reference simulator is; `arguments` are those that are beyond it.
    pub(super) fn tpm_server(arguments: &[&str]) -> Result<Self, String> {
        let program = programs()?.join("tpm_server");
        let (port, control_port) = free_ports()?;
        let mut process = Command::new(&program)
            .args(["-rm", "-port", &port.to_string()])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let mut line = String::new();
        let out = process.stdout.take().expect("its output is piped");
        // It tells both ports, the platform's last, when they are bound.
        let mut told = BufReader::new(out);
        for _ in 0..2 {
            told.read_line(&mut line).map_err(|error| error.to_string())?;
        }
        if line.contains(&control_port.to_string()) {
            Ok(Self { process, protocol: Protocol::Mssim, port, control_port })
        } else {
            let _ = process.kill();
            let _ = process.wait();
            Err(format!("tpm_server does not listen; it says {line:?}"))
        }
    }

    /// The reference that we are compared with; its state goes into `dir`.
    pub(super) fn swtpm(dir: &Path) -> Result<Self, String> {
        need("swtpm", &["--version"], "swtpm swtpm-tools")?;
        let (port, control_port) = free_ports()?;
        let mut process = Command::new("swtpm")
            .args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"])
            .args([
                "--server",
                &format!("type=tcp,port={port}"),
                "--ctrl",
                &format!("type=tcp,port={control_port}"),
            ])
            .arg("--tpmstate")
            .arg(format!("dir={}", dir.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("swtpm: {error}"))?;
        // The control channel: a look at the data port would count as its one client.
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", control_port)).is_ok() {
                return Ok(Self { process, protocol: Protocol::Swtpm, port, control_port });
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        let _ = process.kill();
        let _ = process.wait();
        Err("swtpm does not listen after 5 s".to_owned())
    }

    /// What tools of the TSS call it.
    pub(super) fn tcti(&self) -> String {
        format!("{}:host=127.0.0.1,port={}", self.protocol.name(), self.port)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Two ports, side by side, that were free a moment ago.
fn free_ports() -> Result<(u16, u16), String> {
    for _ in 0..16 {
        let first = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let port = first.local_addr().map_err(|error| error.to_string())?.port();
        if let Some(above) = port.checked_add(1)
            && TcpListener::bind(("127.0.0.1", above)).is_ok()
        {
            return Ok((port, above));
        }
    }
    Err("no two free ports side by side".to_owned())
}
