//! A device and what it is plugged into: its key store, its TPM, its timers, its link.

use std::collections::BTreeMap;

use oobe_agent::Device;
use oobe_agent::io::{Input, Link, Note, Timer};
use oobe_agent::keys::SoftwareKeyStore;
use oobe_agent::setup::DeviceSetup;
use oobe_agent::time::VirtualTime;
use oobe_agent::tpm::{TpmCommand, TpmError, TpmProperties, TpmReply};

use super::record;

/// A device in its world.
#[derive(Debug, Clone)]
pub(super) struct Host {
    pub(super) device: Device,
    pub(super) keys: SoftwareKeyStore,
    pub(super) tpm: TpmSocket,
    pub(super) link: Link,
    /// The outcome the device reported.
    pub(super) ended: Option<String>,
    /// Every input since the world began, when somebody asked for them: enough to run the device again without a world.
    pub(super) inputs: Option<Vec<(VirtualTime, Input)>>,
    timers: BTreeMap<Timer, u64>,
    tickets: u64,
    /// Whom each client certificate names: a session shows the same one with every request.
    clients: BTreeMap<Vec<u8>, String>,
}

impl Host {
    pub(super) fn new(setup: DeviceSetup, tpm: TpmSocket) -> Self {
        Self {
            keys: SoftwareKeyStore::new(setup.seed, &setup.name),
            tpm,
            link: setup.link,
            device: Device::new(setup),
            ended: None,
            inputs: None,
            timers: BTreeMap::new(),
            tickets: 0,
            clients: BTreeMap::new(),
        }
    }

    /// Whom a client certificate names.
    pub(super) fn client_name(&mut self, certificate: &[u8]) -> String {
        if let Some(name) = self.clients.get(certificate) {
            return name.clone();
        }
        let name = record::client(certificate);
        self.clients.insert(certificate.to_vec(), name.clone());
        name
    }

    /// Sets a timer; the ticket tells this setting from earlier ones.
    pub(super) fn set_timer(&mut self, timer: Timer) -> u64 {
        self.tickets += 1;
        self.timers.insert(timer, self.tickets);
        self.tickets
    }

    /// Whether the timer runs with that ticket; if so it no longer does.
    pub(super) fn take_timer(&mut self, timer: Timer, ticket: u64) -> bool {
        let runs = self.timers.get(&timer) == Some(&ticket);
        if runs {
            self.timers.remove(&timer);
        }
        runs
    }

    /// Cancels a timer; tells whether it ran.
    pub(super) fn cancel_timer(&mut self, timer: Timer) -> bool {
        self.timers.remove(&timer).is_some()
    }

    /// A restart or a power cut: no timer survives.
    pub(super) fn forget_timers(&mut self) {
        self.timers.clear();
    }

    /// Hears what the device tells of itself.
    pub(super) fn listen(&mut self, note: &Note) {
        if let Note::Ended { outcome } = note {
            self.ended = Some(outcome.clone());
        }
    }
}

/// What sits in the device's TPM socket. A software TPM will; until then, what the scenario says of it: user-driven
/// mode only asks whether there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TpmSocket {
    /// Nothing.
    Empty,
    /// A TPM that tells who it is.
    Properties(TpmProperties),
}

impl TpmSocket {
    pub(super) fn execute(&self, command: &TpmCommand) -> Result<TpmReply, TpmError> {
        match (self, command) {
            (Self::Empty, _) => Err(TpmError::Absent),
            (Self::Properties(properties), TpmCommand::GetProperties) => {
                Ok(TpmReply::Properties(properties.clone()))
            }
        }
    }
}
