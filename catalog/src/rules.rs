//! The rules of the documents (`data/rules.toml`) and our own (`data/model.toml`), each with its source and basis.

#[allow(unused_imports, reason = "which of them the generated table needs depends on the data")]
use jiff::civil::date;

use crate::{AsOf, Basis, Bound, InForce, Limit, WindowsBuild, in_force};

/// One testable rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Three letters and a number, such as `USR-004`; rules of our own are `MOD-nnn`.
    pub id: &'static str,
    /// What part of the flow it is about, such as `user-driven`.
    pub area: &'static str,
    /// GIVEN, WHEN, THEN.
    pub text: &'static str,
    /// What the rule says something about.
    pub kind: Kind,
    /// The document.
    pub source: &'static str,
    /// The line in the document, for the seed documents.
    pub line: Option<u32>,
    /// One of the core rules.
    pub card: bool,
    /// What it stands on.
    pub basis: Basis,
    /// From when on it holds.
    pub since: Option<Limit>,
    /// Up to when it holds.
    pub until: Option<Limit>,
    /// What ended it.
    pub fixed_by: Option<Limit>,
    /// Ids of rules that this one replaces.
    pub supersedes: &'static [&'static str],
    /// Ids of rules that replace this one.
    pub superseded_by: &'static [&'static str],
    /// Ids of rules that add exceptions.
    pub refined_by: &'static [&'static str],
    /// What was wrong in an earlier text.
    pub corrected: Option<&'static str>,
}

/// What a rule says something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What happens after what.
    Flow,
    /// A number, a range, something unsupported.
    Limit,
    /// A failure.
    Error,
    /// What is seen.
    Ui,
    /// A file, an event, a registry value.
    Artifact,
    /// The shape of data.
    Data,
}

impl Rule {
    /// Does it hold in this world?
    pub fn in_force(&self, world: &AsOf) -> InForce {
        in_force(self, world)
    }

    /// Rule of our own.
    pub fn is_model(&self) -> bool {
        self.basis == Basis::Model
    }
}

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// All rules, by id.
pub static ALL: &[Rule] = &TABLE;

/// The rule with this id, whatever the case.
pub fn find(id: &str) -> Option<&'static Rule> {
    let id = id.trim().to_ascii_uppercase();
    ALL.binary_search_by(|rule| rule.id.cmp(&id)).ok().map(|n| &ALL[n])
}

/// All areas, each once, by name.
pub fn areas() -> Vec<&'static str> {
    let mut areas: Vec<_> = ALL.iter().map(|rule| rule.area).collect();
    areas.sort_unstable();
    areas.dedup();
    areas
}
