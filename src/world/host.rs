//! A device and what it is plugged into: its key store, its TPM, its timers, its link.

use std::collections::BTreeMap;

use oobe_agent::Device;
use oobe_agent::io::{Input, Link, Note, Timer};
use oobe_agent::keys::{KeyCommand, KeyError, KeyName, KeyReply, SignatureForm, SoftwareKeyStore};
use oobe_agent::screen::technician::RESEALED;
use oobe_agent::setup::DeviceSetup;
use oobe_agent::time::VirtualTime;

use super::record;
use super::tpm::TpmSocket;

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

    /// Whether the timer runs with that ticket.
    pub(super) fn timer_runs(&self, timer: Timer, ticket: u64) -> bool {
        self.timers.get(&timer) == Some(&ticket)
    }

    /// Whether the timer runs with that ticket; if so it no longer does.
    pub(super) fn take_timer(&mut self, timer: Timer, ticket: u64) -> bool {
        let runs = self.timer_runs(timer, ticket);
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

    /// A device that was resealed, or that waits for its first user, was at an end that is not the last: started again, it
    /// comes to one anew. At the desktop a run is over for good.
    pub(super) fn goes_on(&mut self) {
        let kept = self.device.flow().kept;
        // What was wiped is at no end any more.
        let begins_anew = !(kept.finished || kept.enrolled || kept.joined);
        self.ended = self.ended.take().filter(|end| !begins_anew && end != RESEALED && end != Note::SIGN_IN);
    }

    /// Hears what the device tells of itself.
    pub(super) fn listen(&mut self, note: &Note) {
        if let Note::Ended { outcome } = note {
            self.ended = Some(outcome.clone());
        }
    }
}

/// A device's keys, for whoever proves a channel with one of them: TLS, or what stands for it in process.
#[derive(Debug, Clone)]
pub(super) enum KeyRing {
    /// The software key store.
    Software(Box<SoftwareKeyStore>),
    /// The TPM.
    Tpm(TpmSocket),
}

impl KeyRing {
    /// The store that holds a key. It is a copy: how often a channel is proved differs from transport to transport, and
    /// must not show in what the device's own store does next.
    pub(super) fn of(host: &Host, key: &KeyName) -> Self {
        if host.device.disk().tpm_keys.contains(key) {
            Self::Tpm(host.tpm.clone())
        } else {
            Self::Software(Box::new(host.keys.clone()))
        }
    }

    /// Signs, as certificates carry it.
    pub(super) fn sign(&mut self, key: &KeyName, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match self {
            Self::Tpm(tpm) => tpm.sign(key, message).map_err(KeyError::Tpm),
            Self::Software(keys) => {
                let command = KeyCommand::Sign {
                    key: key.clone(),
                    message: message.to_vec(),
                    form: SignatureForm::X509,
                };
                match keys.execute(&command)? {
                    KeyReply::Signature { bytes } => Ok(bytes),
                    _ => Err(KeyError::WrongUse),
                }
            }
        }
    }
}
