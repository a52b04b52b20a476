//! A software TPM 2.0: command bytes in, response bytes out; deterministic from a seed.
//!
//! [`Tpm::execute`] is the whole face of the TPM: it takes one command and gives one response, as the TCG TPM 2.0 Library
//! specification (parts 1 to 3, revision 1.59) has them. There is no clock and no randomness inside: [`Tpm::advance`] lets
//! time pass, and the random stream is part of the [`State`], which is saved and restored exactly.

/// The README's example, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

pub mod attest;
mod auth;
pub mod command;
pub mod commands;
pub mod crypto;
mod dispatch;
pub mod entity;
pub mod manufacture;
pub mod object;
pub mod params;
pub mod rc;
pub mod server;
mod signature;
pub mod state;

pub use rc::Rc;
pub use state::RestoreError;

use crypto::HashAlg;
use state::State;

/// A manufactured TPM.
#[derive(Debug, Clone)]
pub struct Tpm {
    /// Everything that it is.
    pub state: State,
}

impl Tpm {
    /// A TPM whose secrets derive from `seed` (of any length), with the given PCR banks and without power. It has no EK
    /// certificates and no vendor profile.
    pub fn new(seed: &[u8], banks: &[HashAlg]) -> Self {
        Self { state: State::new(seed, banks) }
    }

    /// `_TPM_Init`: power comes on, or the reset line is pulled. What is volatile is gone; TPM2_Startup has to come next.
    pub fn power_on(&mut self) {
        self.power_off();
        self.state.powered = true;
        self.state.clock.start();
    }

    /// Power goes off. Without TPM2_Shutdown before it this is an unorderly shutdown.
    pub fn power_off(&mut self) {
        self.state.power_off();
    }

    /// Whether power is on.
    pub fn is_powered(&self) -> bool {
        self.state.powered
    }

    /// Sets the locality of the commands that follow: 0 to 4, or 32 to 255. There are none from 5 to 31 (part 1, "Locality");
    /// as with the reference implementation, commands that come there are commands at 0.
    pub fn set_locality(&mut self, locality: u8) {
        self.state.locality = if matches!(locality, 5..=31) { 0 } else { locality };
    }

    /// The platform says whether somebody asserts physical presence.
    pub fn set_physical_presence(&mut self, present: bool) {
        self.state.physical_presence = present;
    }

    /// Lets `ms` milliseconds pass.
    pub fn advance(&mut self, ms: u64) {
        if self.state.powered {
            self.state.clock.advance(ms);
            self.state.da.heal(self.state.clock.time);
        }
    }

    /// Executes one command and gives its response. Whatever the bytes are, there is a response: a response code alone
    /// when the command fails, and then nothing has changed: but for dictionary attack protection, the random stream, and EK
    /// certificates that were made because the command asked for them.
    pub fn execute(&mut self, command: &[u8]) -> Vec<u8> {
        dispatch::execute(self, command)
    }

    /// The state as bytes, with its format's version and a checksum.
    pub fn save(&self) -> Vec<u8> {
        self.state.to_bytes()
    }

    /// A TPM from [`Tpm::save`]'s bytes. Bytes that were damaged, cut or lengthened are refused, and so are those of
    /// another version of this library.
    pub fn restore(bytes: &[u8]) -> Result<Self, RestoreError> {
        State::from_bytes(bytes).map(|state| Self { state })
    }

    /// What of it outlives a loss of power: the same TPM without power, and without what its next start forgets in any
    /// case (registers, loaded objects and sessions).
    #[must_use]
    pub fn permanent(&self) -> Self {
        Self { state: self.state.permanent() }
    }
}
