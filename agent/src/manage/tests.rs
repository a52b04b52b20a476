//! Management against a small peer that is written from the reference alone.

mod apps;
mod device_phase;
mod enrolment;
mod fixtures;
mod peer;
mod properties;
mod restart;
mod session;
mod tree;
mod user_phase;
mod world;
