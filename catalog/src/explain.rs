//! What a code, an event, a screen, a rule, a registry value or an update is about, as data: the program prints it.

mod search;
mod topics;

use std::fmt;

pub use self::search::{explain, suggestions};
use crate::Basis;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// What it is: `0x800705B4 ERROR_TIMEOUT`.
    pub title: String,
    /// The table that it comes from.
    pub kind: TopicKind,
    /// One sentence.
    pub summary: String,
    /// The rest, label by label.
    pub fields: Vec<Field>,
    /// What it stands on.
    pub basis: Basis,
    /// The documents.
    pub sources: Vec<&'static str>,
    /// Queries that lead on.
    pub see_also: Vec<String>,
}

/// One labelled part of a [`Topic`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The label, such as `Causes`.
    pub label: &'static str,
    /// One or more lines.
    pub lines: Vec<String>,
}

/// The table that a [`Topic`] comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TopicKind {
    /// [`crate::codes`].
    Code,
    /// [`crate::events`].
    Event,
    /// [`crate::screens`].
    Screen,
    /// [`crate::rules`].
    Rule,
    /// [`crate::registry`].
    Registry,
    /// [`crate::files`].
    File,
    /// [`crate::kbs`].
    Kb,
}

impl fmt::Display for TopicKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Code => "code",
            Self::Event => "event",
            Self::Screen => "screen",
            Self::Rule => "rule",
            Self::Registry => "registry",
            Self::File => "file",
            Self::Kb => "update",
        })
    }
}

impl Topic {
    /// The lines under a label.
    pub fn field(&self, label: &str) -> &[String] {
        self.fields.iter().find(|field| field.label == label).map_or(&[], |field| &field.lines)
    }
}
