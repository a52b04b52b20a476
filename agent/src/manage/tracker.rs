//! The Enrollment Status Page from the inside: which phase runs, what it waits for, when it is over (reference:
//! protocols, D.1 to D.3).

mod evaluate;
mod expected;
mod failure;
mod limits;
mod mirror;
mod page;
mod phase;
mod reseal;

use serde::{Deserialize, Serialize};

pub(crate) use failure::DEFAULT_TEXT;
pub use failure::FailurePage;
pub(crate) use mirror::mirror_phase;
pub(in crate::manage) use page::Seen;
pub(crate) use phase::page_event;

use crate::esp::Phase;
use crate::time::VirtualTime;

/// Where the page stands. On disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tracker {
    /// What the server wants shown, once the first session said so: device part, user part.
    wanted: Option<(bool, bool)>,
    /// The phase that runs.
    running: Option<Phase>,
    /// Phases that were begun.
    begun: Vec<Phase>,
    /// Phases that ended well.
    done: Vec<Phase>,
    /// Why the running phase failed.
    failure: Option<Failure>,
    /// When the running part of the page began: its time limit counts from here.
    part_since: VirtualTime,
    /// When the first session was first tried.
    waiting_since: Option<VirtualTime>,
    /// Whether out-of-box experience and page are over.
    over: bool,
    /// Whether a technician prepared the device for a user who is to come.
    #[serde(default)]
    resealed: bool,
    /// Whether an update ring holds the page.
    ring: Ring,
}

/// Where the settings of an update ring stand (ESD-042).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Ring {
    /// None came.
    #[default]
    None,
    /// Some came.
    Unsynced,
    /// A session is to be held because of them.
    Syncing,
    /// It was held.
    Synced,
}

/// Why a phase failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Failure {
    phase: Phase,
    row: Row,
    code: Option<String>,
    timed_out: bool,
}

/// A row of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Row {
    Hardware,
    Join,
    Enrolment,
    Providers,
    Policies,
    Certificates,
    Networks,
    Apps,
}

impl Row {
    const PREPARATION: [Self; 4] = [Self::Hardware, Self::Join, Self::Enrolment, Self::Providers];
    const SETUP: [Self; 4] = [Self::Policies, Self::Certificates, Self::Networks, Self::Apps];

    /// Caption (ESD-002, ESD-006).
    const fn title(self) -> &'static str {
        match self {
            Self::Hardware => "Securing your hardware",
            Self::Join => "Joining your organization's network",
            Self::Enrolment => "Registering your device for mobile management",
            Self::Providers => "Preparing your device for mobile management",
            Self::Policies => "Security policies",
            Self::Certificates => "Certificates",
            Self::Networks => "Network connections",
            Self::Apps => "Apps",
        }
    }

    const fn of(phase: Phase) -> [Self; 4] {
        match phase {
            Phase::DevicePreparation => Self::PREPARATION,
            Phase::DeviceSetup | Phase::AccountSetup => Self::SETUP,
        }
    }
}

impl Tracker {
    /// Whether a phase of the page runs.
    pub(super) const fn is_running(&self) -> bool {
        self.running.is_some() && !self.over
    }

    /// The phase that runs.
    pub(super) fn running(&self) -> Option<Phase> {
        self.running.filter(|_| !self.over)
    }

    /// Whether the device part of the page, or the time before it, is still open.
    pub(super) fn device_part_is_open(&self) -> bool {
        let (device, _) = self.wanted.unwrap_or((true, true));
        device
            && !self.over
            && !self.done.contains(&Phase::DeviceSetup)
            && !self.begun.contains(&Phase::AccountSetup)
    }

    /// Whether the management extension may install apps: from Device setup on, or when there is no page.
    pub(super) fn apps_may_run(&self) -> bool {
        let (device, _) = self.wanted.unwrap_or((true, true));
        self.over || !device || self.begun.iter().any(|phase| *phase >= Phase::DeviceSetup)
    }

    /// Whether the user's part has begun, or there is none.
    pub(super) fn account_part_begun(&self) -> bool {
        self.over || self.begun.contains(&Phase::AccountSetup)
    }

    /// Whether the first session has told what is wanted.
    pub(super) const fn knows_what_is_wanted(&self) -> bool {
        self.wanted.is_some()
    }

    /// Whether there is, or was, a page to be seen.
    pub(in crate::manage) fn has_page(&self) -> bool {
        self.wanted.is_some_and(|(device, user)| device || user)
    }

    /// Whether the page is gone for good.
    pub(super) const fn is_over(&self) -> bool {
        self.over
    }
}
