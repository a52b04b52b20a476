//! What management tells whoever runs the device.

use crate::esp::Phase;

/// Something that the flow of the device has to know. Several of one step come in the order in which they count.
#[derive(Debug, Clone, PartialEq)]
pub enum ManageEvent {
    /// The page looks different now: ask [`Management::page`](super::Management::page).
    PageChanged,
    /// The first session is over: this is what the server wants shown.
    Decided(EspWanted),
    /// A phase came to its end.
    PhaseEnded {
        /// Which.
        phase: Phase,
        /// How.
        verdict: Verdict,
    },
    /// The device has to restart; comes last in its step.
    RestartNeeded {
        /// Why, in words a person reads.
        why: String,
    },
    /// The server had the device wiped; comes last in its step.
    WipeOrdered,
    /// The user's MDM context is up.
    UserContextUp,
}

/// Which parts of the page the server wants (ESS-014, ESS-021).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EspWanted {
    /// Device preparation and Device setup.
    pub device: bool,
    /// Account setup.
    pub user: bool,
}

/// How a phase ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that it waited for is there.
    Succeeded,
    /// Something failed for good.
    Failed {
        /// Result code as the catalogue prints it, e.g. `0x87D1041C`.
        code: Option<String>,
        /// Caption of the row that failed.
        row: String,
        /// In words.
        detail: String,
    },
    /// The time limit passed.
    TimedOut,
}
