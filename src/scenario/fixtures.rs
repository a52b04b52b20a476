//! Presets: named parts of scenarios. They ship inside the program; a folder may add to them or replace them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

include!(concat!(env!("OUT_DIR"), "/fixtures.rs"));

/// What presets there are, folder by folder.
pub const KINDS: &[(&str, &str)] = &[
    ("apps", "apps and how their installers behave"),
    ("certificates", "certificates with their keys"),
    ("devices", "machines and the image on their disk"),
    ("esp", "Enrollment Status Pages"),
    ("people", "people and their habits"),
    ("policies", "policies"),
    ("profiles", "Autopilot deployment profiles"),
    ("tenants", "organizations"),
];

/// Where presets come from: folders first, in order, then those inside the program.
#[derive(Debug, Clone, Default)]
pub struct Fixtures {
    folders: Vec<PathBuf>,
}

/// A preset's text.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// What people call it.
    pub name: String,
    /// The text, or why it can't be read.
    pub text: Result<String, String>,
}

impl Fixtures {
    /// Those inside the program only.
    pub fn built_in() -> Self {
        Self::default()
    }

    /// Looks into `folder` before all that were there.
    #[must_use]
    pub fn with_folder(mut self, folder: &Path) -> Self {
        if folder.is_dir() {
            self.folders.insert(0, folder.to_owned());
        }
        self
    }

    /// The preset `name` of a kind.
    pub fn find(&self, kind: &str, name: &str) -> Option<Fixture> {
        // A name is a file name and nothing else: no folder can be left by it.
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', ':', '\0']) {
            return None;
        }
        let in_folders = self.folders.iter().find_map(|folder| {
            let path = folder.join(kind).join(format!("{name}.toml"));
            path.is_file().then(|| Fixture {
                name: path.display().to_string(),
                text: super::load::read_text(&path).map_err(|(message, _)| message),
            })
        });
        in_folders.or_else(|| {
            let (_, _, text) = EMBEDDED.iter().find(|(k, n, _)| *k == kind && *n == name)?;
            Some(Fixture { name: format!("fixtures/{kind}/{name}.toml"), text: Ok((*text).to_owned()) })
        })
    }

    /// The names of all presets of a kind.
    pub fn names(&self, kind: &str) -> BTreeSet<String> {
        let embedded = EMBEDDED.iter().filter(|(k, ..)| *k == kind).map(|(_, name, _)| (*name).to_owned());
        let in_folders = self.folders.iter().flat_map(|folder| {
            std::fs::read_dir(folder.join(kind))
                .into_iter()
                .flatten()
                .flatten()
                .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
        });
        embedded.chain(in_folders).collect()
    }
}
