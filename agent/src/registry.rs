//! The registry, as far as provisioning writes to it and diagnostic tools read it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

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
        let mut index = String::with_capacity(key.len() + 1 + name.len());
        index.push_str(key);
        index.push('\u{1f}');
        index.push_str(name);
        index.make_ascii_lowercase();
        index
    }

    /// Stores a value; gives the write, unless it stood there already.
    pub fn write(&mut self, key: &str, name: &str, value: RegistryValue) -> Option<&RegistryWrite> {
        let write = |value| RegistryWrite { key: key.to_owned(), name: name.to_owned(), value };
        match self.values.entry(Self::index(key, name)) {
            Entry::Vacant(place) => Some(place.insert(write(value))),
            Entry::Occupied(old) if old.get().value == value => None,
            Entry::Occupied(mut old) => {
                old.insert(write(value));
                Some(old.into_mut())
            }
        }
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
