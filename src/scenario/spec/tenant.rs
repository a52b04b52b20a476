//! Tenants: the organizations that the cloud knows.

use std::collections::BTreeMap;

use oobe_wire::secret::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::yes;
use super::{AppSpec, CertificateSpec, EspSpec, PolicySpec, ProfileSpec};
use crate::scenario::quantity::Duration;

/// An organization: its users and what its administrator set up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantSpec {
    /// A file of `fixtures/tenants` that this tenant is based on; keys given here win.
    #[serde(default)]
    pub preset: Option<String>,
    /// Name of the organization, as the sign-in page greets.
    pub organization: String,
    /// Verified domain, the part of user names behind the `@`.
    pub domain: String,
    /// Text on the sign-in page.
    #[serde(default)]
    pub sign_in_text: String,
    /// Who may join devices to Entra ID.
    #[serde(default)]
    pub join: JoinSpec,
    /// Mobile device management.
    #[serde(default)]
    pub mdm: MdmSpec,
    /// Users, by a name that this file uses.
    #[serde(default)]
    pub user: BTreeMap<String, UserSpec>,
    /// Autopilot deployment profiles, by name.
    #[serde(default)]
    pub profile: BTreeMap<String, ProfileSpec>,
    /// Enrollment Status Page. Without it, the page is not shown (ESS-001).
    #[serde(default)]
    pub esp: Option<EspSpec>,
    /// Policies, by name.
    #[serde(default)]
    pub policy: BTreeMap<String, PolicySpec>,
    /// Certificates, by name.
    #[serde(default)]
    pub certificate: BTreeMap<String, CertificateSpec>,
    /// Apps, by name.
    #[serde(default)]
    pub app: BTreeMap<String, AppSpec>,
}

/// Who may join devices to Entra ID, and how many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JoinSpec {
    /// Who (USR-008).
    pub users: Members,
    /// Devices per user (USR-017).
    pub quota: u32,
}

impl Default for JoinSpec {
    fn default() -> Self {
        Self { users: Members::All, quota: 50 }
    }
}

/// Mobile device management.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MdmSpec {
    /// Whose devices are enrolled by themselves (USR-010).
    pub users: Members,
    /// A platform restriction blocks Windows.
    pub block_windows: bool,
    /// Devices per user.
    pub device_limit: u32,
    /// Terms of use that a user has to accept before enrolment.
    pub terms_of_use: Option<String>,
    /// Time between sessions by schedule: whole minutes.
    pub poll: Duration,
}

impl Default for MdmSpec {
    fn default() -> Self {
        let poll = Duration::from_secs(8 * 3_600);
        Self { users: Members::All, block_windows: false, device_limit: 15, terms_of_use: None, poll }
    }
}

/// Which users something holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Members {
    /// All of them.
    #[default]
    All,
    /// Those whose own setting says so.
    Selected,
    /// None of them.
    None,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserSpec {
    /// User principal name.
    pub upn: String,
    /// Name for people.
    #[serde(default)]
    pub name: String,
    /// Password. For tests only: never put a real one here.
    #[schemars(with = "String")]
    pub password: Secret<String>,
    /// Has a license for MDM (USR-015).
    #[serde(default = "yes")]
    pub licensed: bool,
    /// May sign in at all.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Has Entra ID P1 (USR-027).
    #[serde(default = "yes")]
    pub entra_p1: bool,
    /// Is one of the selected who may join devices.
    #[serde(default = "yes")]
    pub may_join: bool,
    /// Is one of the selected whose devices are enrolled.
    #[serde(default = "yes")]
    pub may_enroll: bool,
    /// Devices joined before the world begins: they count against the quota.
    #[serde(default)]
    pub devices_joined: u32,
    /// Devices enrolled before the world begins: they count against the limit.
    #[serde(default)]
    pub devices_enrolled: u32,
}
