//! A job of EnterpriseDesktopAppManagement, and where it stands (reference: protocols, D.4).

use serde::{Deserialize, Serialize};

use crate::manage::csp::{JobXml, LocUri};

/// The file that brings the management extension (reference: protocols, D.4).
const AGENT_PACKAGE: &str = "IntuneWindowsAgent.msi";

/// A job, on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MsiJob {
    /// Number: names the slot.
    pub(in crate::manage) number: u16,
    /// `MSI/<product>`.
    pub(in crate::manage) node: LocUri,
    /// What the server handed over.
    pub(in crate::manage) job: JobXml,
    /// Where it stands.
    pub(in crate::manage) state: MsiState,
    /// Tries that failed.
    pub(in crate::manage) failed: u32,
}

/// Where a job stands; the number is that of its `Status` node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MsiState {
    /// 10.
    Initialised,
    /// 20.
    Downloading,
    /// 25.
    DownloadRetry,
    /// 30.
    DownloadFailed,
    /// 40.
    Downloaded,
    /// 48.
    AwaitingUser,
    /// 50.
    Enforcing,
    /// 55.
    EnforcementRetry,
    /// 60.
    EnforcementFailed,
    /// 70.
    Completed,
}

impl MsiState {
    /// As the `Status` node says it.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Initialised => 10,
            Self::Downloading => 20,
            Self::DownloadRetry => 25,
            Self::DownloadFailed => 30,
            Self::Downloaded => 40,
            Self::AwaitingUser => 48,
            Self::Enforcing => 50,
            Self::EnforcementRetry => 55,
            Self::EnforcementFailed => 60,
            Self::Completed => 70,
        }
    }

    /// Whether nothing more happens by itself.
    pub(crate) const fn is_final(self) -> bool {
        matches!(self, Self::DownloadFailed | Self::EnforcementFailed | Self::Completed)
    }
}

impl MsiJob {
    /// Whether this package brings the management extension: by its file name.
    pub(super) fn brings_agent(&self) -> bool {
        self.job.urls.iter().any(|url| {
            let path = url.split(['?', '#']).next().unwrap_or_default();
            path.rsplit('/').next().is_some_and(|file| file.eq_ignore_ascii_case(AGENT_PACKAGE))
        })
    }
}
