//! The device: a Windows PC going through its out-of-box experience, as a pure state machine.
//!
//! [`Device::step`] takes the time and one [`io::Input`] and answers with [`io::Effect`]s. It does no I/O, reads no
//! clock and draws randomness only from its own stream, so the same inputs give the same effects on every machine.

pub mod checks;
pub mod cx;
mod device;
pub mod dialogue;
pub mod disk;
pub mod esp;
pub mod eventlog;
pub mod flow;
pub mod io;
pub mod keys;
pub mod manage;
pub mod registry;
pub mod screen;
pub mod setup;
#[cfg(test)]
mod testing;
pub mod time;
pub mod tpm;

pub use device::{Device, prompt};
