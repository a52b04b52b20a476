//! Events of the Windows logs (`data/events.toml`), and the sequences in which they come.

mod channel;
mod render;

pub use self::channel::Channel;
use crate::Basis;

/// One event.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// The name of its const, such as `AUTOPILOT_164`.
    pub name: &'static str,
    /// The log.
    pub channel: Channel,
    /// The id; negative where the id is not public.
    pub id: i32,
    /// The level.
    pub level: Level,
    /// The text; `{name}` is a placeholder.
    pub template: &'static str,
    /// Names of the event data in the order of the provider's manifest, where that is public.
    pub params: &'static [&'static str],
    /// Whose words the template is.
    pub text_source: TextSource,
    /// When the device writes it.
    pub emit_when: &'static str,
    /// States of the device that write it.
    pub states: &'static [&'static str],
    /// Deployment modes that write it; empty: any.
    pub modes: &'static [&'static str],
    /// Ids of events of the same log that follow.
    pub followed_by: &'static [i32],
    /// Ids of events of the same log that come before.
    pub after: &'static [i32],
    /// Known values of the placeholders.
    pub known: &'static [&'static str],
    /// What it does to the registry.
    pub registry_effect: Option<&'static str>,
    /// A remark.
    pub note: Option<&'static str>,
    /// The document.
    pub source: &'static str,
    /// One of the core events.
    pub card: bool,
    /// What it stands on.
    pub basis: Basis,
    /// Ids of related rules.
    pub rules: &'static [&'static str],
}

/// Level of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Information.
    Info,
    /// Warning.
    Warning,
    /// Error.
    Error,
}

impl Level {
    /// The number that Windows stores: 2 error, 3 warning, 4 information.
    pub const fn number(self) -> u8 {
        match self {
            Self::Error => 2,
            Self::Warning => 3,
            Self::Info => 4,
        }
    }
}

/// Whose words a template is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextSource {
    /// Printed in the document that the entry names.
    Document,
    /// Read on a device or in a public log.
    Observed,
    /// Public knowledge.
    Public,
    /// The text of Windows is not public or was not seen: the words are ours.
    Ours,
}

/// A sequence of events that a run shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// What happens.
    pub name: &'static str,
    /// Ids of the Autopilot log in their order; empty where steps are given.
    pub ids: &'static [i32],
    /// Steps in words, where an id does not tell them apart.
    pub steps: &'static [&'static str],
    /// What may vary.
    pub note: Option<&'static str>,
    /// What it stands on.
    pub basis: Basis,
    /// Ids of related rules.
    pub rules: &'static [&'static str],
}

include!(concat!(env!("OUT_DIR"), "/events.rs"));

/// All events, by channel and id.
pub static ALL: &[Event] = &TABLE;

/// The golden sequences.
pub fn sequences() -> &'static [Sequence] {
    SEQUENCES
}

/// The event of this channel and id.
pub fn find(channel: Channel, id: i32) -> Option<&'static Event> {
    ALL.binary_search_by_key(&(channel, id), |e| (e.channel, e.id)).ok().map(|n| &ALL[n])
}
