//! The cloud that a device meets in its out-of-box experience: Autopilot deployment service, Entra ID, device
//! registration, MDM, the side-car of the management extension, and content delivery, as one [`axum::Router`].
//!
//! It is honest: it verifies what it is sent (signatures, nonces, certificates, states) and writes every check down
//! ([`Cloud::drain_journal`], [`checks`]). It reads no clock ([`Cloud::set_now`]), draws no chance that does not come
//! from the seed, and its handlers never wait, so a driver can poll the router in place. Public protocols are spoken as
//! published (reference: protocols); what is ours is marked *model*.

mod admin;
mod attestation;
mod authority;
mod autopilot;
pub mod changes;
mod channel;
pub mod checks;
mod cloud;
mod connect;
mod directory;
mod drs;
mod entra;
mod fault;
mod graph;
mod http;
mod journal;
mod kept;
mod keys;
mod manage;
mod mdm;
mod proved;
mod route;
pub mod setup;
mod sidecar;
mod state;
mod store;
mod tpm_vendor;

pub use admin::{AdminAction, AdminError, Record};
pub use channel::{ChannelError, PeerCertificate};
pub use cloud::Cloud;
pub use fault::{FaultKind, Matcher, ServiceFault, Silence, TokenTweak};
pub use journal::{Check, JournalEntry, Service};
pub use manage::RemoteAction;
pub use setup::{CloudSetup, SetupError};
pub use store::{LoadError, STATE_VERSION};
