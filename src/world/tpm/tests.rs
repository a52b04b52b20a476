//! What Windows asks of a TPM, from the typed command to the bytes and back: a whole attestation, the keys of a device,
//! restarts, and TPMs with something wrong. Credentials are made and statements verified by `oobe_wire`, which shares
//! nothing with the TPM but the format.

mod attestation;
mod faults;
mod keys;
mod outside;

use oobe_agent::keys::KeyName;
use oobe_agent::time::{Span, VirtualTime};
use oobe_agent::tpm::{TpmCommand, TpmError, TpmExecuted, TpmReply};
use oobe_wire::time::Utc;
use tpm_sim::manufacture::profile;

use super::{TpmBackend, TpmSetup, TpmSocket};

/// The TPM of a device that was switched on at the beginning.
struct Bench {
    socket: TpmSocket,
    now: VirtualTime,
}

impl Bench {
    /// A TPM of that profile, in process.
    fn new(id: &str) -> Self {
        Self::with(id, 1, &TpmBackend::InProcess)
    }

    fn with(id: &str, seed: u64, backend: &TpmBackend) -> Self {
        let mut socket = TpmSocket::new(setup(id, seed), backend, seed, "pc").unwrap();
        socket.power_on(VirtualTime::ZERO);
        Self { socket, now: VirtualTime::ZERO }
    }

    fn execute(&mut self, command: &TpmCommand) -> TpmExecuted {
        let executed = self.socket.execute(command, self.now);
        self.now = self.now + executed.took;
        executed
    }

    fn ask(&mut self, command: &TpmCommand) -> TpmReply {
        let executed = self.execute(command);
        executed.result.unwrap_or_else(|error| panic!("{command:?}: {error}; {:?}", executed.ran))
    }

    fn refusal(&mut self, command: &TpmCommand) -> TpmError {
        self.execute(command).result.unwrap_err()
    }

    fn wait(&mut self, span: Span) {
        self.now = self.now + span;
    }
}

fn setup(id: &str, seed: u64) -> TpmSetup {
    let epoch = Utc::from_unix_seconds(1_795_161_600);
    TpmSetup::new(profile(id).unwrap(), seed, "pc", epoch, "FAKE-0001", "26100.4061").unwrap()
}

fn name(name: &str) -> KeyName {
    KeyName::new(name)
}
