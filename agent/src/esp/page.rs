//! The page as a person sees it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What stands on the page. Most of it is a caption that never changes, and the page is put together after every step.
pub type Text = Cow<'static, str>;

/// The three phases (reference: screens, esp_phase).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Device preparation: hardware, join, enrolment, management extension.
    DevicePreparation,
    /// Device setup: policies, certificates, networks and apps of the device.
    DeviceSetup,
    /// Account setup: the same of the user.
    AccountSetup,
}

impl Phase {
    /// Caption.
    pub const fn title(self) -> &'static str {
        match self {
            Self::DevicePreparation => "Device preparation",
            Self::DeviceSetup => "Device setup",
            Self::AccountSetup => "Account setup",
        }
    }
}

/// Where a phase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseState {
    /// Not yet its turn.
    Waiting,
    /// At work.
    Working,
    /// Done.
    Complete,
    /// Failed.
    Error,
}

/// Where a row stands; what is printed is [`RowView::status`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowState {
    /// Not known yet what there is to do.
    Identifying,
    /// An earlier row is not done.
    Waiting,
    /// At work.
    Working,
    /// Done.
    Completed,
    /// There was nothing to do.
    NoSetupNeeded,
    /// Failed.
    Error,
    /// An earlier row failed.
    PreviousFailed,
}

/// The whole page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EspPage {
    /// Phases, top to bottom; a phase that does not run here is absent.
    pub phases: Vec<PhaseView>,
    /// The message above them when something failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// One phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseView {
    /// Which.
    pub phase: Phase,
    /// Where it stands.
    pub state: PhaseState,
    /// Its status line, e.g. `Working on it...`.
    pub status: Text,
    /// Its rows.
    pub rows: Vec<RowView>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowView {
    /// Caption, e.g. `Security policies`.
    pub title: Text,
    /// Where it stands.
    pub state: RowState,
    /// What is printed in brackets behind it, e.g. `1 of 2 installed`.
    pub status: Text,
}
