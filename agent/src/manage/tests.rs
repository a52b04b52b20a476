//! Management against a small peer that is written from the reference alone.

mod apps;
mod device_phase;
mod enrolment;
pub(crate) mod fixtures;
pub(crate) mod peer;
mod properties;
mod restart;
mod session;
mod tree;
pub(crate) mod user_phase;
mod world;
