//! The listener, by sockets: both protocols, clients that misbehave, the state directory, the programs.

mod client;
mod mssim;
mod programs;
mod state;
mod swtpm;
