//! The socket on the device's board: empty, or with a TPM in it, and what the device keeps on its disk for it.

use std::sync::{Arc, Mutex, PoisonError};

use oobe_agent::keys::{KeyName, SignatureForm};
use oobe_agent::time::VirtualTime;
use oobe_agent::tpm::{Blob, TpmCommand, TpmError, TpmExecuted, TpmReply};
use oobe_wire::rng::Stream;
use tpm_sim::manufacture::Profile;

use super::backend::{Backend, BackendError, InProcess, Owner};
use super::choice::TpmBackend;
use super::container::Containers;
use super::conversation::{Conversation, broken};
use super::setup::TpmSetup;
use super::{attestation, boot, endorsement, properties, usage};

/// A TPM socket.
#[derive(Debug, Clone, Default)]
pub struct TpmSocket(Option<Box<Plugged>>);

/// A TPM in its socket.
#[derive(Debug, Clone)]
struct Plugged {
    setup: TpmSetup,
    tpm: Chip,
    /// What the driver needs of chance: nonces.
    random: Stream,
    /// On the device's disk.
    containers: Containers,
    power: Power,
    boots: u64,
    /// Firmware that takes hold at the next start.
    firmware: Option<&'static Profile>,
}

#[derive(Clone)]
enum Chip {
    /// In this process.
    Inside(InProcess),
    /// Elsewhere. A copy of the socket is the same TPM: worlds with one are not forked.
    Outside(Arc<Mutex<Box<dyn Backend>>>),
}

impl std::fmt::Debug for Chip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Inside(_) => "Inside",
            Self::Outside(_) => "Outside",
        })
    }
}

#[derive(Debug, Clone)]
enum Power {
    Off,
    On {
        /// Up to when the TPM has heard of time.
        clock: VirtualTime,
        started: bool,
        /// The log, once the boot was measured.
        log: Option<Vec<u8>>,
    },
}

impl TpmSocket {
    /// Nothing in it.
    pub(in crate::world) const fn empty() -> Self {
        Self(None)
    }

    /// A TPM: a software TPM in this process, or that one outside. `seed` and `name` are those of world and device.
    pub fn new(setup: TpmSetup, backend: &TpmBackend, seed: u64, name: &str) -> Result<Self, BackendError> {
        let tpm = match backend.open()? {
            Some(outside) => Chip::Outside(Arc::new(Mutex::new(outside))),
            None => Chip::Inside(InProcess::new(setup.clone())),
        };
        Ok(Self(Some(Box::new(Plugged {
            setup,
            tpm,
            random: Stream::new(seed, &["tpm-driver", name]),
            containers: Containers::default(),
            power: Power::Off,
            boots: 0,
            firmware: None,
        }))))
    }

    /// Whether it can be copied: sockets to the outside can't.
    pub(in crate::world) fn can_fork(&self) -> bool {
        !matches!(&self.0, Some(plugged) if matches!(plugged.tpm, Chip::Outside(_)))
    }

    /// The device's power comes on.
    pub fn power_on(&mut self, now: VirtualTime) {
        if let Some(plugged) = &mut self.0
            && matches!(plugged.power, Power::Off)
        {
            plugged.boots += 1;
            if let (Chip::Inside(tpm), Some(profile)) = (&mut plugged.tpm, plugged.firmware.take()) {
                tpm.update_firmware(profile);
            }
            plugged.power = Power::On { clock: now, started: false, log: None };
            plugged.switch(true);
        }
    }

    /// The device's power goes; in order when Windows shuts down, without warning when it is cut.
    pub(in crate::world) fn power_off(&mut self, now: VirtualTime, in_order: bool) {
        if let Some(plugged) = &mut self.0
            && let Power::On { started, .. } = plugged.power
        {
            plugged.catch_up(now);
            if in_order && started {
                plugged.talk(boot::shut_down);
            }
            plugged.power = Power::Off;
            plugged.switch(false);
        }
    }

    /// The device restarts: the TPM's reset line is pulled.
    pub(in crate::world) fn restart(&mut self, now: VirtualTime) {
        self.power_off(now, true);
        self.power_on(now);
    }

    /// Puts in new firmware, which takes hold at the next start. Only a TPM of this process takes it.
    pub(in crate::world) fn install_firmware(&mut self, profile: &'static Profile) {
        if let Some(plugged) = &mut self.0 {
            plugged.firmware = Some(profile);
        }
    }

    /// TPM2_Clear, with the lockout authorisation that nobody has changed.
    #[cfg(test)]
    pub(in crate::world) fn clear(&mut self) {
        use tpm2_protocol::data::TpmRh;
        use tpm2_protocol::frame::{TpmClearCommand, TpmClearResponse};

        use super::conversation::{password, permanent};

        let plugged = self.0.as_mut().expect("there is a TPM");
        plugged.talk(|tpm| {
            let clear = TpmClearCommand { handles: [permanent(TpmRh::Lockout)] };
            tpm.run::<_, TpmClearResponse>(&clear, &[password()]).expect("it may be cleared");
        });
    }

    /// Signs with a key, as certificates carry it, at the moment up to which the TPM knows of time.
    pub(in crate::world) fn sign(&mut self, key: &KeyName, message: &[u8]) -> Result<Vec<u8>, TpmError> {
        let clock = match &self.0 {
            Some(plugged) => match plugged.power {
                Power::On { clock, .. } => clock,
                Power::Off => return Err(TpmError::Absent),
            },
            None => return Err(TpmError::Absent),
        };
        let sign =
            TpmCommand::Sign { key: key.clone(), message: message.to_vec(), form: SignatureForm::X509 };
        match self.execute(&sign, clock).result? {
            TpmReply::Signature { bytes } => Ok(bytes.0),
            _ => Err(TpmError::Transport),
        }
    }

    /// Carries out a typed command.
    pub fn execute(&mut self, command: &TpmCommand, now: VirtualTime) -> TpmExecuted {
        let Some(plugged) = &mut self.0 else { return Err(TpmError::Absent).into() };
        if let Err(error) =
            plugged.get_ready(now, matches!(command, TpmCommand::Quote { .. } | TpmCommand::ReadEventLog))
        {
            return Err(error).into();
        }
        plugged.execute(command)
    }
}

impl Plugged {
    fn backend<T>(&mut self, f: impl FnOnce(&mut dyn Backend) -> T) -> T {
        match &mut self.tpm {
            Chip::Inside(tpm) => f(tpm),
            Chip::Outside(tpm) => f(tpm.lock().unwrap_or_else(PoisonError::into_inner).as_mut()),
        }
    }

    fn talk<T>(&mut self, f: impl FnOnce(&mut Conversation<'_>) -> T) -> T {
        let kind = self.setup.profile.kind;
        self.backend(|backend| f(&mut Conversation::new(backend, kind)))
    }

    fn switch(&mut self, on: bool) {
        // A TPM that can't be switched does not answer either, and that is told to whoever asks it for something.
        if let Err(error) = self.backend(|backend| backend.power(on)) {
            broken(&error);
        }
    }

    /// Lets the TPM know how late it is.
    fn catch_up(&mut self, now: VirtualTime) {
        if let Power::On { clock, .. } = &mut self.power {
            let passed = now - *clock;
            *clock = (*clock).max(now);
            self.backend(|backend| backend.pass(passed));
        }
    }

    /// What firmware and boot loader have done before Windows runs. It is made up for at the first command, and the measured
    /// boot when somebody asks for what came of it: most devices are never asked.
    fn get_ready(&mut self, now: VirtualTime, measured: bool) -> Result<(), TpmError> {
        self.catch_up(now);
        let Power::On { started, log, .. } = &self.power else { return Err(TpmError::Absent) };
        let (started, has_log) = (*started, log.is_some());
        if !started {
            if self.backend(|backend| backend.owner()) == Owner::Device {
                self.talk(boot::start)?;
            }
            if let Power::On { started, .. } = &mut self.power {
                *started = true;
            }
        }
        if measured && !has_log {
            let measured = match self.backend(|backend| backend.owner()) {
                Owner::Device => {
                    let mut platform = self.setup.platform.clone();
                    platform.boot_count = self.boots;
                    self.talk(|tpm| boot::measure_boot(tpm, &platform))?
                }
                Owner::Machine { log } => log.unwrap_or_default(),
            };
            if let Power::On { log, .. } = &mut self.power {
                *log = Some(measured);
            }
        }
        Ok(())
    }

    fn execute(&mut self, command: &TpmCommand) -> TpmExecuted {
        if let (TpmCommand::ReadEventLog, Power::On { log: Some(log), .. }) = (command, &self.power) {
            return Ok(TpmReply::EventLog { log: Blob(log.clone()) }).into();
        }
        let kind = self.setup.profile.kind;
        let Self { tpm, random, containers, power, .. } = self;
        let mut guard;
        let backend: &mut dyn Backend = match tpm {
            Chip::Inside(tpm) => tpm,
            Chip::Outside(tpm) => {
                guard = tpm.lock().unwrap_or_else(PoisonError::into_inner);
                guard.as_mut()
            }
        };
        let mut talk = Conversation::new(backend, kind);
        let result = carry_out(&mut talk, containers, random, command);
        talk.close_all();
        if let Power::On { clock, .. } = power {
            *clock = *clock + talk.rested;
        }
        TpmExecuted { result, ran: talk.ran, took: talk.took }
    }
}

fn carry_out(
    tpm: &mut Conversation<'_>,
    containers: &mut Containers,
    random: &mut Stream,
    command: &TpmCommand,
) -> Result<TpmReply, TpmError> {
    match command {
        TpmCommand::GetProperties => properties::read(tpm),
        TpmCommand::ReadEkCertificate { endorsement } => endorsement::read_certificate(tpm, *endorsement),
        TpmCommand::CreateAik { aik, kind } => usage::create_aik(tpm, containers, aik, *kind),
        TpmCommand::ActivateCredential { aik, endorsement, credential_blob, encrypted_secret } => {
            endorsement::activate(
                tpm,
                containers,
                random,
                (aik, *endorsement),
                credential_blob,
                encrypted_secret,
            )
        }
        TpmCommand::Quote { aik, nonce, bank, pcrs } => {
            attestation::quote(tpm, containers, aik, nonce, (*bank, pcrs))
        }
        TpmCommand::ReadEventLog => Ok(TpmReply::EventLog { log: Blob::default() }),
        TpmCommand::CreateKey { key, kind, purpose } => {
            usage::create_key(tpm, containers, key, (*kind, *purpose))
        }
        TpmCommand::Certify { key, aik, nonce } => attestation::certify(tpm, containers, key, aik, nonce),
        TpmCommand::Public { key } => usage::public(containers, key),
        TpmCommand::Sign { key, message, form } => usage::sign(tpm, containers, key, message, *form),
        TpmCommand::Decrypt { key, ciphertext } => usage::decrypt(tpm, containers, key, ciphertext),
        TpmCommand::Ecdh { key, ephemeral } => usage::ecdh(tpm, containers, key, ephemeral),
        TpmCommand::Delete { key } => containers.delete(key),
    }
}
