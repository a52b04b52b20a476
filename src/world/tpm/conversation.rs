//! One typed command's conversation with the TPM: the TPM 2.0 commands that it takes, one after the other.

use oobe_agent::time::Span;
use oobe_agent::tpm::{TpmError, TpmExchange};
use oobe_wire::crypto::KeyKind;
use tpm_sim::manufacture::profile::Kind;
use tpm2_protocol::basic::TpmHandle;
use tpm2_protocol::constant::TPM_MAX_COMMAND_SIZE;
use tpm2_protocol::data::{Tpm2bAuth, Tpm2bNonce, TpmRh, TpmSt, TpmaSession, TpmsAuthCommand};
use tpm2_protocol::frame::{
    TpmFlushContextCommand, TpmFlushContextResponse, TpmFrame, TpmResponse, TpmUnmarshalBody,
    tpm_marshal_command,
};
use tpm2_protocol::{TpmMarshal, TpmSized, TpmUnmarshal, TpmWriter};

use super::backend::{Backend, BackendError, Owner};
use super::pace;

/// Response codes that ask for the same command once more (Part 2, 6.6.3).
mod again {
    pub(super) const YIELDED: u32 = 0x908;
    pub(super) const TESTING: u32 = 0x90a;
    pub(super) const RETRY: u32 = 0x922;
}

/// Waits before a command is sent again, as a driver makes them (MOD-040); a TPM that wants still more is busy.
const RESTS: [Span; 3] = [Span::from_millis(100), Span::from_millis(200), Span::from_millis(400)];
/// How long a busy TPM is taken to be busy (MOD-040: it doesn't tell).
pub(super) const BUSY: Span = Span::from_secs(10);
/// Tag of a TPM 1.2's responses (TPM_TAG_RSP_COMMAND).
const TPM12_RESPONSE: [u8; 2] = [0x00, 0xc4];

/// A conversation.
pub(super) struct Conversation<'b> {
    backend: &'b mut dyn Backend,
    tpm: Kind,
    /// The kind of key that is worked with: how long it takes depends on it.
    pub(super) key: KeyKind,
    /// What was sent.
    pub(super) ran: Vec<TpmExchange>,
    /// How long it took, in virtual time.
    pub(super) took: Span,
    /// Time of this that the TPM was told of already.
    pub(super) rested: Span,
    /// What has to be flushed: objects and sessions that would stay in the TPM's few slots.
    open: Vec<TpmHandle>,
}

impl<'b> Conversation<'b> {
    pub(super) fn new(backend: &'b mut dyn Backend, tpm: Kind) -> Self {
        Self {
            backend,
            tpm,
            key: KeyKind::P256,
            ran: Vec::new(),
            took: Span::ZERO,
            rested: Span::ZERO,
            open: Vec::new(),
        }
    }

    /// Whose TPM it is.
    pub(super) fn owner(&self) -> Owner {
        self.backend.owner()
    }

    /// Sends a command and reads its answer.
    pub(super) fn run<C: TpmFrame, R: TpmUnmarshalBody>(
        &mut self,
        command: &C,
        sessions: &[TpmsAuthCommand],
    ) -> Result<R, TpmError> {
        let tag = if sessions.is_empty() { TpmSt::NoSessions } else { TpmSt::Sessions };
        let mut buffer = vec![0; TPM_MAX_COMMAND_SIZE];
        let mut writer = TpmWriter::new(&mut buffer);
        tpm_marshal_command(command, tag, sessions, &mut writer)
            .map_err(|error| garbled(&format!("{:?} can't be written: {error}", command.cc())))?;
        let bytes = writer.as_bytes();
        let response = self.transmit(
            &name_of(&command.cc().to_string()),
            bytes,
            pace::of(command.cc(), self.key, self.tpm),
        )?;
        TpmResponse::cast(&response)
            .and_then(TpmResponse::unmarshal)
            .map_err(|error| garbled(&format!("the answer to {:?} can't be read: {error}", command.cc())))
    }

    /// Sends the bytes of a command whose answer is nothing but a response code.
    pub(super) fn run_bytes(&mut self, name: &str, command: &[u8]) -> Result<(), TpmError> {
        self.transmit(name, command, Span::ZERO).map(drop)
    }

    /// Sends a command, again if the TPM asks for it; gives its response if that is one of success.
    fn transmit(&mut self, name: &str, command: &[u8], time: Span) -> Result<Vec<u8>, TpmError> {
        let mut rests = RESTS.into_iter();
        loop {
            let response = self.backend.transmit(command).map_err(|error| broken(&error))?;
            let Some([tag0, tag1, _, _, _, _, code @ ..]) = response.first_chunk::<10>() else {
                return Err(garbled(&format!("{name} is answered with {} bytes", response.len())));
            };
            let code = u32::from_be_bytes(*code);
            self.ran.push(TpmExchange { command: name.to_owned(), code });
            if [*tag0, *tag1] == TPM12_RESPONSE {
                return Err(TpmError::Tpm12);
            }
            self.took = plus(self.took, time);
            match code {
                0 => return Ok(response),
                again::YIELDED | again::TESTING | again::RETRY => {
                    let Some(rest) = rests.next() else { return Err(TpmError::Busy(BUSY)) };
                    self.backend.rest(rest);
                    self.took = plus(self.took, rest);
                    self.rested = plus(self.rested, rest);
                }
                code => return Err(TpmError::Code(code)),
            }
        }
    }

    /// Takes note of something loaded: it is flushed at the end, or by [`close`](Self::close).
    pub(super) fn opened(&mut self, handle: TpmHandle) -> TpmHandle {
        self.open.push(handle);
        handle
    }

    /// A session that went with its last command.
    pub(super) fn gone(&mut self, handle: TpmHandle) {
        self.open.retain(|open| *open != handle);
    }

    /// Flushes something loaded, to make room.
    pub(super) fn close(&mut self, handle: TpmHandle) {
        if self.open.contains(&handle) {
            self.gone(handle);
            let flush = TpmFlushContextCommand { handles: [], flush_handle: handle };
            // What can't be flushed is not there; that the TPM doesn't answer shows with the next command.
            let _: Result<TpmFlushContextResponse, TpmError> = self.run(&flush, &[]);
        }
    }

    /// Flushes all that is left.
    pub(super) fn close_all(&mut self) {
        while let Some(handle) = self.open.last().copied() {
            self.close(handle);
        }
    }
}

const fn plus(one: Span, other: Span) -> Span {
    Span::from_millis(one.as_millis() + other.as_millis())
}

/// `TPM2_NV_Read` for `TPM_CC_NV_Read`.
fn name_of(code: &str) -> String {
    format!("TPM2_{}", code.trim_start_matches("TPM_CC_"))
}

/// Nothing came back.
pub(super) fn broken(error: &BackendError) -> TpmError {
    tracing::warn!(%error, "TPM");
    TpmError::Transport
}

/// Something came back that is no answer.
pub(super) fn garbled(what: &str) -> TpmError {
    tracing::warn!(what, "TPM");
    TpmError::Transport
}

/// The empty password: hierarchies and keys of the device have no other (Windows gives its own to nobody either; what
/// guards a key is that it can't leave the TPM).
pub(super) fn password() -> TpmsAuthCommand {
    TpmsAuthCommand {
        session_handle: permanent(TpmRh::Pw),
        nonce: Tpm2bNonce::new(),
        session_attributes: TpmaSession::empty(),
        hmac: Tpm2bAuth::new(),
    }
}

/// A session that has satisfied its policy, and ends with the command.
pub(super) fn policy(handle: TpmHandle) -> TpmsAuthCommand {
    TpmsAuthCommand { session_handle: handle, ..password() }
}

/// The handle of a hierarchy or of the password session.
pub(super) const fn permanent(handle: TpmRh) -> TpmHandle {
    TpmHandle::new(handle.value())
}

/// The structure's bytes, as the TPM marshalled them: the format has one form for each value.
pub(super) fn bytes_of(structure: &(impl TpmMarshal + TpmSized)) -> Vec<u8> {
    let mut bytes = vec![0; structure.len()];
    structure
        .marshal(&mut TpmWriter::new(&mut bytes))
        .expect("what was read, or built here, has room where its size says so");
    bytes
}

/// TPM_RC_SIZE: what the TPM would say of it, were there a way to bring it that.
const SIZE: TpmError = TpmError::Code(0x95);

/// A TPM2B around what a caller brought.
pub(super) fn sized<'a, T: TryFrom<&'a [u8]>>(bytes: &'a [u8]) -> Result<T, TpmError> {
    T::try_from(bytes).map_err(|_| SIZE)
}

/// A TPM2B that a caller brought, its size in front.
pub(super) fn whole<T: TpmUnmarshal>(bytes: &[u8]) -> Result<T, TpmError> {
    match T::unmarshal(bytes) {
        Ok((value, [])) => Ok(value),
        _ => Err(SIZE),
    }
}
