//! The Enrollment Status Page profile.

use serde::{Deserialize, Serialize};

/// An Enrollment Status Page profile (reference: protocols, E.3 and D.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EspSetup {
    /// Show app and profile configuration progress (ESS-001).
    pub show: bool,
    /// Show Account setup too.
    pub show_user_phase: bool,
    /// Show an error when installation takes longer, minutes (ESS-002, ESS-024).
    pub timeout_minutes: u32,
    /// Block device use until everything is installed (ESS-005).
    pub block: bool,
    /// Allow users to reset the device on failure (ESS-006).
    pub allow_reset: bool,
    /// Allow users to try again (ESS-019).
    pub allow_retry: bool,
    /// Allow users to use the device on failure (ESS-007).
    pub allow_use_anyway: bool,
    /// Turn on log collection (ESS-004).
    pub log_collection: bool,
    /// Message shown on failure (ESS-003); none for the text of Windows.
    pub custom_error: Option<String>,
    /// Minutes that the management extension may take in Device preparation (ESD-033).
    pub provider_timeout_minutes: u32,
}

impl Default for EspSetup {
    fn default() -> Self {
        Self {
            show: true,
            show_user_phase: true,
            timeout_minutes: 60,
            block: true,
            allow_reset: false,
            allow_retry: true,
            allow_use_anyway: false,
            log_collection: true,
            custom_error: None,
            provider_timeout_minutes: 30,
        }
    }
}

impl EspSetup {
    /// `BlockInStatusPage`: 1 Reset, 2 Try again, 4 Continue anyway; 0 when the page does not block (ESS-017, ESS-019).
    pub const fn block_mask(&self) -> u32 {
        if !self.block {
            return 0;
        }
        (if self.allow_reset { 1 } else { 0 })
            + (if self.allow_retry { 2 } else { 0 })
            + (if self.allow_use_anyway { 4 } else { 0 })
    }
}
