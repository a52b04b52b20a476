//! The out-of-box experience as a reducer: which page or step comes after which. Small, closed and free of protocol
//! bytes, so that every state it can be in is visited by a test (`flow/search.rs`); the device runs this very reducer and
//! nothing beside it.
//!
//! The diagrams it follows are those of the reference (flows, sections 1, 2 and 14).

mod event;
mod prepare;
mod reduce;
#[cfg(test)]
mod search;
mod state;
mod technician;

pub use event::{Action, Event};
pub use reduce::reduce;
pub use state::{Deployment, Flow, Kept, ProfileTraits, SignOnFor, Stage, Start};
pub use technician::options_open_here;
