//! The device's whole boundary. [`Device::step`](crate::Device::step) takes one [`Input`] and answers with
//! [`Effect`]s; nothing else passes between the device and the world. Both are closed: a new way in or out is a new
//! variant here, and every driver, trace reader and test sees it at compile time.

mod effect;
mod http;
mod input;
mod note;

pub use effect::{Correlation, Effect, Slot, Timer};
pub use http::{ClientIdentity, HttpReply, HttpRequest, Method, TlsFailure, TransportError};
pub use input::{Act, Fault, Input, Link};
pub use note::{Fault as NoteFault, Note};
