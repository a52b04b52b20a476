//! The CSP tree: what there is to read and write on a managed device, and what each command does to it (reference:
//! protocols, C.2 and D). The tree is a value; what has to happen because of a change is told as [`Change`]s.

mod facts;
mod first_sync;
mod msi_job;
mod node;
mod schema;
mod tree;
mod uri;
mod verbs;

pub use facts::Facts;
pub use msi_job::{JobError, JobXml, parse as parse_msi_job};
pub use node::{Format, Node, Value};
pub use tree::Tree;
pub(in crate::manage) use uri::UriText;
pub use uri::{LocUri, Scope, UriError, escape};
pub use verbs::{Change, Outcome, Request, Verb, execute};
