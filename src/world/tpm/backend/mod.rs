//! Where TPM commands go.

mod chip;
mod in_process;
mod mssim;
mod stream;
mod swtpm;

pub(super) use chip::Chip;
pub(super) use in_process::InProcess;
pub(super) use mssim::Mssim;
pub(super) use swtpm::Swtpm;

use oobe_agent::time::Span;

/// Why a TPM can't be reached, or gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The system said no.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Something came back that the protocol of the socket does not know.
    #[error("{0}")]
    Protocol(String),
}

/// Carries commands to a TPM, and does to it what the platform does.
pub(super) trait Backend: Send {
    /// Sends a command and waits for its response.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, BackendError>;

    /// The platform's power comes on or goes. A chip of this machine doesn't notice.
    fn power(&mut self, on: bool) -> Result<(), BackendError>;

    /// Virtual time goes by. Only a TPM in this process notices: the others have clocks of their own.
    fn pass(&mut self, span: Span);

    /// The TPM asked for some time before a command is sent again.
    fn rest(&mut self, span: Span);

    /// Whose TPM it is.
    fn owner(&self) -> Owner;
}

/// Whose TPM it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    /// The device's alone: it starts it, measures its boot into it, and keeps primary keys in its NV memory.
    Device,
    /// This machine's, which has started it and measured its own boot. Nothing lasting is written to it.
    Machine {
        /// The log of that boot, when it can be read.
        log: Option<Vec<u8>>,
    },
}
