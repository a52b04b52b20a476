//! Files that a device reads or writes (`data/events.toml`).

use crate::Basis;

/// A file or a folder of the simulated device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFact {
    /// The name of its const.
    pub id: &'static str,
    /// The path on the device; `{name}` is a placeholder.
    pub path: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// A remark.
    pub note: Option<&'static str>,
    /// The document.
    pub source: &'static str,
    /// What it stands on.
    pub basis: Basis,
    /// Ids of related rules.
    pub rules: &'static [&'static str],
}

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// All of them, in the order of the table.
pub static ALL: &[FileFact] = &TABLE;
