//! What sits in a device's TPM socket: the adapter that turns the typed commands of the device into the bytes of TPM 2.0
//! commands, and the backends that those go to.
//!
//! ```text
//!   TpmCommand --> socket --> properties, endorsement, attestation, use of keys   (which commands, in which order)
//!                               |
//!                               v
//!                             conversation     (one command after the other: marshalled by tpm2-protocol, sent, read;
//!                               |               sent again when the TPM asks for it; what was loaded is flushed)
//!                               v
//!                             backend          in process | mssim | swtpm | a chip of this machine
//! ```
//!
//! Keys go by their container's name. What the TPM wrapped lies on the device's disk ([`container`]), as Windows keeps
//! it: it outlives a restart, and is worth nothing in another TPM or after TPM2_Clear.

mod attestation;
mod backend;
mod boot;
mod choice;
mod container;
mod conversation;
mod endorsement;
mod outside;
mod pace;
mod primary;
mod properties;
mod setup;
mod signature;
mod socket;
mod template;
mod usage;

#[cfg(test)]
mod tests;

pub use backend::BackendError;
pub use choice::{TpmBackend, TpmBackendError};
pub(super) use outside::endorsement_key;
pub use setup::TpmSetup;
pub use socket::TpmSocket;
