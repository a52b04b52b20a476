//! Management sessions (reference: protocols, C.1): the device asks, the server commands, the device answers, until
//! the server has no more commands.

mod alert;
mod carry;
mod check;
mod compose;
mod run;
mod schedule;

use serde::{Deserialize, Serialize};

pub(crate) use alert::PendingAlert;

/// What outlives a session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sessions {
    /// Id of the next session.
    pub(super) next_id: u16,
    /// Sessions that were held to their end.
    pub(super) completed: u32,
    /// Tries since the last that succeeded.
    pub(super) failures: u32,
    /// Scheduled sessions since the schedule was last written.
    pub(super) scheduled: i64,
    /// What a next session has to tell of its own accord.
    pub(super) alerts: Vec<PendingAlert>,
}

/// A session that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// As the header carries it.
    pub(super) id: String,
    /// Number of the message that was sent last.
    pub(super) message: u32,
    /// CmdIDs of that message, with the name of each command.
    pub(super) sent: Vec<(String, String)>,
    /// How many of the pending alerts this session carries.
    pub(super) alerts: usize,
    /// Why it is held.
    pub(super) reason: String,
    /// Correlation vector, without its counter.
    pub(super) vector: String,
    /// An object of which more is to come: LocURI and what there is of it.
    pub(super) partial: Option<(String, String)>,
    /// Whether it began after the settings of an update ring came (ESD-042).
    pub(super) syncs_ring: bool,
}

/// Most messages that a session may have: a server that never ends is let go (MOD-009).
pub(super) const MAX_MESSAGES: u32 = 200;
