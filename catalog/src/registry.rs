//! Registry values and CSP nodes that a device writes (`data/events.toml`).

use crate::Basis;

/// A registry value or a CSP node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistryFact {
    /// The name of its const.
    pub id: &'static str,
    /// The key, or the path of the node; `{name}` is a placeholder.
    pub key: &'static str,
    /// The value, or the last part of the path.
    pub value: &'static str,
    /// The type, such as `REG_DWORD`.
    pub kind: &'static str,
    /// What the type stands on: `seed`, `public`, `inferred`.
    pub kind_source: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// When it is written.
    pub written_when: &'static str,
    /// Remarks: bits, examples, spellings.
    pub notes: &'static [&'static str],
    /// The document.
    pub source: &'static str,
    /// One of the core values.
    pub card: bool,
    /// What it stands on.
    pub basis: Basis,
    /// Ids of related rules.
    pub rules: &'static [&'static str],
}

impl RegistryFact {
    /// A node of the CSP tree, not a registry value.
    pub fn is_csp(&self) -> bool {
        self.key.starts_with("./")
    }

    /// Key and value joined.
    pub fn path(&self) -> String {
        format!("{}{}{}", self.key, if self.is_csp() { '/' } else { '\\' }, self.value)
    }
}

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

/// All of them, in the order of the table.
pub static ALL: &[RegistryFact] = &TABLE;
