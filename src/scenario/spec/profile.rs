//! What the administrator sets up for the experience itself: deployment profiles and the Enrollment Status Page.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::yes;
use crate::scenario::quantity::Duration;

/// Whether a page is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// Shown.
    Show,
    /// Hidden.
    #[default]
    Hide,
}

/// How a device is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileMode {
    /// A user signs in, the device joins Entra ID for that user.
    #[default]
    UserDriven,
    /// Nobody signs in: the TPM vouches for the device.
    SelfDeploying,
    /// User-driven, and a technician may prepare the device for its user ("Allow pre-provisioned deployment").
    PreProvisioned,
}

/// What the joining user becomes on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccountType {
    /// Standard user.
    #[default]
    Standard,
    /// Local administrator.
    Administrator,
}

/// An Autopilot deployment profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileSpec {
    /// A file of `fixtures/profiles` that this profile is based on; keys given here win.
    #[serde(default)]
    pub preset: Option<String>,
    /// Name that the administrator sees; the name in this file when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// Deployment mode.
    #[serde(default)]
    pub mode: ProfileMode,
    /// License terms page.
    #[serde(default)]
    pub license_terms: Visibility,
    /// Privacy settings page.
    #[serde(default)]
    pub privacy: Visibility,
    /// What the joining user becomes.
    #[serde(default)]
    pub account_type: AccountType,
    /// Language (region), e.g. `en-US`; the image's own when absent.
    #[serde(default)]
    pub language: Option<String>,
    /// Configure the keyboard by itself (needs a language).
    #[serde(default)]
    pub keyboard: bool,
    /// Template of the device name, e.g. `PC-%SERIAL%` (PRO-008).
    #[serde(default)]
    pub name_template: Option<String>,
    /// Given to every registered device that has no profile of its own.
    #[serde(default)]
    pub all_devices: bool,
}

/// The Enrollment Status Page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EspSpec {
    /// A file of `fixtures/esp` that this page is based on; keys given here win.
    #[serde(default)]
    pub preset: Option<String>,
    /// Show app and profile configuration progress.
    #[serde(default = "yes")]
    pub show: bool,
    /// Error when it takes longer: whole minutes, from 1m to 1440m (ESS-024).
    #[serde(default = "default_esp_limit")]
    pub time_limit: Duration,
    /// Block device use until everything is installed.
    #[serde(default = "yes")]
    pub block: bool,
    /// Allow users to reset the device when something failed (ESS-006).
    #[serde(default)]
    pub allow_reset: bool,
    /// Allow users to use the device when something failed (ESS-007).
    #[serde(default)]
    pub allow_use: bool,
    /// Allow users to try again (ESS-019).
    #[serde(default = "yes")]
    pub allow_retry: bool,
    /// Log collection (ESS-004).
    #[serde(default = "yes")]
    pub collect_logs: bool,
    /// Custom message on failure (ESS-003).
    #[serde(default)]
    pub message: Option<String>,
    /// Apps that block.
    #[serde(default)]
    pub apps: Blocking,
    /// Leave Account setup out (ESU-011).
    #[serde(default)]
    pub skip_account_setup: bool,
    /// How long the management extension may take in Device preparation: whole minutes (ESD-033).
    #[serde(default = "default_provider_limit")]
    pub provider_limit: Duration,
}

const fn default_provider_limit() -> Duration {
    Duration::from_secs(1_800)
}

const fn default_esp_limit() -> Duration {
    Duration::from_secs(3_600)
}

/// Which apps the page waits for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Blocking {
    /// All that are assigned.
    #[default]
    All,
    /// These, by name.
    Selected(BTreeSet<String>),
}
