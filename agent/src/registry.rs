//! The registry, as far as provisioning writes to it and diagnostic tools read it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A registry value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum RegistryValue {
    /// REG_DWORD.
    #[serde(rename = "REG_DWORD")]
    Dword(u32),
    /// REG_SZ.
    #[serde(rename = "REG_SZ")]
    String(String),
}

/// One write: for the trace, and for the hive on the device's disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryWrite {
    /// Full key path.
    pub key: String,
    /// Value name.
    pub name: String,
    /// The value.
    pub value: RegistryValue,
}

/// What is on disk, ordered. Names compare without case (PRO-032), so they are stored as written and looked up folded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registry {
    values: BTreeMap<String, RegistryWrite>,
}

impl Registry {
    fn index(key: &str, name: &str) -> String {
        format!("{}\u{1f}{}", key.to_ascii_lowercase(), name.to_ascii_lowercase())
    }

    /// Stores a value; tells whether that changed anything.
    pub fn write(&mut self, write: RegistryWrite) -> bool {
        let index = Self::index(&write.key, &write.name);
        if self.values.get(&index).is_some_and(|old| old.value == write.value) {
            return false;
        }
        self.values.insert(index, write);
        true
    }

    /// Looks a value up.
    pub fn read(&self, key: &str, name: &str) -> Option<&RegistryValue> {
        self.values.get(&Self::index(key, name)).map(|w| &w.value)
    }

    /// All values, ordered by key and name.
    pub fn iter(&self) -> impl Iterator<Item = &RegistryWrite> {
        self.values.values()
    }
}
