//! Where keys live: in the TPM where there is one that Windows can use, in the software key store otherwise. Conversations
//! ask for key operations and do not know which of the two answers.

use oobe_wire::jwe::WrappedKey;

use super::Device;
use crate::cx::Answer;
use crate::dialogue::enrol::MDM_KEY;
use crate::dialogue::join::{DEVICE_KEY, TRANSPORT_KEY};
use crate::io::{Correlation, Effect, Slot, Timer};
use crate::keys::{KeyCommand, KeyError, KeyName, KeyReply};
use crate::time::Span;
use crate::tpm::{Blob, KeyPurpose, TpmCommand, TpmError, TpmReply};

impl Device {
    /// Asks whoever has the key.
    pub(super) fn ask_keys(&mut self, id: Correlation, command: KeyCommand) -> Effect {
        match &command {
            KeyCommand::Create { key, .. } if self.made_in_tpm(key) => {
                self.disk.tpm_keys.insert(key.clone());
            }
            KeyCommand::Create { key, .. } | KeyCommand::Import { key, .. } => {
                self.disk.tpm_keys.remove(key);
            }
            _ => {}
        }
        let in_tpm = self.disk.tpm_keys.contains(name(&command)).then(|| translate(&command)).flatten();
        match in_tpm {
            Some(for_tpm) => {
                if let KeyCommand::Delete { key } = &command {
                    self.disk.tpm_keys.remove(key);
                }
                self.memory.in_tpm.insert(id.slot, command);
                Effect::AskTpm { id, command: for_tpm }
            }
            None => Effect::AskKeys { id, command },
        }
    }

    /// SDM-026: a TPM that is at work is asked again when it should be done; the conversation does not notice.
    pub(super) fn waits_for_tpm(&self, id: Correlation, answer: &Answer) -> Option<Effect> {
        let Answer::Tpm(Err(TpmError::Busy(span))) = answer else { return None };
        self.memory.in_tpm.contains_key(&id.slot).then(|| Effect::SetTimer {
            timer: Timer::TpmReady(id.slot),
            after: (*span).max(Span::from_secs(1)),
            boot: id.boot,
            why: "the TPM to be ready".into(),
        })
    }

    /// Asks it again.
    pub(super) fn ask_busy_tpm(&self, slot: Slot) -> Option<Effect> {
        let (id, command) = (self.memory.pending.get(&slot)?, self.memory.in_tpm.get(&slot)?);
        translate(command).map(|command| Effect::AskTpm { id: *id, command })
    }

    /// Asks the TPM for what only a TPM can do; a key that it makes stays in it.
    pub(super) fn ask_tpm(&mut self, id: Correlation, command: TpmCommand) -> Effect {
        if let TpmCommand::CreateKey { key, .. } = &command {
            self.disk.tpm_keys.insert(key.clone());
        }
        Effect::AskTpm { id, command }
    }

    /// The keys of the join and of the enrolment belong into the TPM; what is imported comes from outside and stays out.
    fn made_in_tpm(&self, key: &KeyName) -> bool {
        let usable = self.memory.tpm.as_ref().is_some_and(crate::tpm::TpmProperties::holds_keys);
        usable && [DEVICE_KEY, TRANSPORT_KEY, MDM_KEY].contains(&key.0.as_str())
    }
}

const fn name(command: &KeyCommand) -> &KeyName {
    match command {
        KeyCommand::Create { key, .. }
        | KeyCommand::Public { key }
        | KeyCommand::Sign { key, .. }
        | KeyCommand::Unwrap { key, .. }
        | KeyCommand::Import { key, .. }
        | KeyCommand::Delete { key } => key,
    }
}

/// What the TPM is asked for; none for what a TPM key has no part in.
pub(super) fn translate(command: &KeyCommand) -> Option<TpmCommand> {
    Some(match command {
        KeyCommand::Create { key, kind } => {
            let purpose = match key.0.as_str() {
                TRANSPORT_KEY => KeyPurpose::Unwrap,
                MDM_KEY => KeyPurpose::SignAndUnwrap,
                _ => KeyPurpose::Sign,
            };
            TpmCommand::CreateKey { key: key.clone(), kind: *kind, purpose }
        }
        KeyCommand::Public { key } => TpmCommand::Public { key: key.clone() },
        KeyCommand::Sign { key, message, form } => {
            TpmCommand::Sign { key: key.clone(), message: message.clone(), form: *form }
        }
        KeyCommand::Unwrap { key, wrapped } => match wrapped.as_ref()? {
            WrappedKey::RsaOaep { ciphertext } => {
                TpmCommand::Decrypt { key: key.clone(), ciphertext: Blob(ciphertext.clone()) }
            }
            WrappedKey::EcdhModel { ephemeral, .. } => {
                TpmCommand::Ecdh { key: key.clone(), ephemeral: ephemeral.clone() }
            }
        },
        KeyCommand::Delete { key } => TpmCommand::Delete { key: key.clone() },
        KeyCommand::Import { .. } => return None,
    })
}

/// The TPM's answer, as the conversation that asked for `command` understands it.
pub(super) fn told(command: &KeyCommand, answer: Answer) -> Answer {
    let Answer::Tpm(result) = answer else { return answer };
    Answer::Keys(result.map_err(KeyError::Tpm).and_then(|reply| understood(command, reply)))
}

fn understood(command: &KeyCommand, reply: TpmReply) -> Result<KeyReply, KeyError> {
    match (command, reply) {
        (_, TpmReply::Key { key, .. }) => Ok(KeyReply::Public { key }),
        (_, TpmReply::Signature { bytes }) => Ok(KeyReply::Signature { bytes: bytes.0 }),
        (_, TpmReply::Done) => Ok(KeyReply::Done),
        (KeyCommand::Unwrap { wrapped: Some(wrapped), .. }, TpmReply::Plain { bytes }) => {
            let bytes: [u8; 32] = bytes.expose().as_slice().try_into().map_err(|_| KeyError::BadData)?;
            let key = match wrapped {
                WrappedKey::RsaOaep { .. } => bytes,
                WrappedKey::EcdhModel { .. } => {
                    wrapped.unwrap_with_shared_secret(&bytes).map_err(|_| KeyError::BadData)?
                }
            };
            Ok(KeyReply::Unwrapped { key })
        }
        _ => Err(KeyError::Tpm(TpmError::Transport)),
    }
}
