//! An organization and its people.

use oobe_wire::ids::Guid;
use oobe_wire::secret::Secret;
use serde::{Deserialize, Serialize};

use super::{AppSetup, AutopilotSetup, CertificateSetup, EspSetup, PolicySetup};

/// An organization in Entra ID.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TenantSetup {
    /// Tenant id; derived from seed and domain when there is none.
    pub id: Option<Guid>,
    /// Verified domain, e.g. `contoso.test`.
    pub domain: String,
    /// What people call it, e.g. `Contoso`.
    pub name: String,
    /// Text below the sign-in box of the branded page.
    pub sign_in_text: String,
    /// Region, as device certificates carry it.
    pub region: String,
    /// Its people.
    pub users: Vec<UserSetup>,
    /// Who may join devices.
    pub join: JoinSetup,
    /// Mobile device management.
    pub mdm: MdmSetup,
    /// Registered devices and deployment profiles.
    pub autopilot: AutopilotSetup,
    /// The Enrollment Status Page.
    pub esp: EspSetup,
    /// Policies assigned to its devices and users.
    pub policies: Vec<PolicySetup>,
    /// Certificates assigned to its devices and users.
    pub certificates: Vec<CertificateSetup>,
    /// Apps assigned to its devices and users.
    pub apps: Vec<AppSetup>,
}

impl Default for TenantSetup {
    fn default() -> Self {
        Self {
            id: None,
            domain: "contoso.test".into(),
            name: "Contoso".into(),
            sign_in_text: String::new(),
            region: "EU".into(),
            users: Vec::new(),
            join: JoinSetup::default(),
            mdm: MdmSetup::default(),
            autopilot: AutopilotSetup::default(),
            esp: EspSetup::default(),
            policies: Vec::new(),
            certificates: Vec::new(),
            apps: Vec::new(),
        }
    }
}

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserSetup {
    /// User principal name.
    pub upn: String,
    /// Full name.
    pub display_name: String,
    /// Password. Hidden when printed; stored in the clear when a cloud is saved, since the cloud checks against it.
    #[serde(serialize_with = "exposed")]
    pub password: Secret<String>,
    /// Whether the account may sign in.
    pub enabled: bool,
    /// Whether the user has an Intune licence (USR-015).
    pub licensed: bool,
    /// Whether the user has Entra ID P1 (USR-027).
    pub entra_p1: bool,
    /// Whether the user belongs to those who may join devices, when that is restricted (USR-008).
    pub may_join: bool,
    /// Whether the user belongs to the MDM user scope, when that is restricted (USR-010).
    pub in_mdm_scope: bool,
    /// Devices that the user had joined before the world begins: they count against the quota.
    pub devices_joined: u32,
    /// Devices that the user had enrolled before the world begins: they count against the device limit.
    pub devices_enrolled: u32,
}

fn exposed<S: serde::Serializer>(secret: &Secret<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

impl Default for UserSetup {
    fn default() -> Self {
        Self {
            upn: String::new(),
            display_name: String::new(),
            password: Secret::new(String::new()),
            enabled: true,
            licensed: true,
            entra_p1: true,
            may_join: true,
            in_mdm_scope: true,
            devices_joined: 0,
            devices_enrolled: 0,
        }
    }
}

/// Entra's device settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JoinSetup {
    /// Users may join devices (USR-008).
    pub policy: JoinPolicy,
    /// Devices per user (LIC-004, USR-017).
    pub quota: u32,
}

impl Default for JoinSetup {
    fn default() -> Self {
        Self { policy: JoinPolicy::All, quota: 50 }
    }
}

/// Who may join devices to Entra ID.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JoinPolicy {
    /// Everybody.
    #[default]
    All,
    /// Users with [`UserSetup::may_join`].
    Selected,
    /// Nobody.
    None,
}

/// Mobile device management of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MdmSetup {
    /// Whose devices are enrolled automatically (USR-010).
    pub scope: MdmScope,
    /// Whether a platform restriction blocks Windows (LIC-005).
    pub block_windows: bool,
    /// Devices per user: the enrolment device limit.
    pub device_cap: u32,
    /// Terms of use that a user has to accept before enrolment; none for none.
    pub terms_of_use: Option<String>,
    /// Minutes between sessions by schedule once the first ones are through.
    pub poll_minutes: u32,
}

impl Default for MdmSetup {
    fn default() -> Self {
        Self {
            scope: MdmScope::All,
            block_windows: false,
            device_cap: 15,
            terms_of_use: None,
            poll_minutes: 480,
        }
    }
}

/// The MDM user scope.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MdmScope {
    /// Everybody.
    #[default]
    All,
    /// Users with [`UserSetup::in_mdm_scope`].
    Some,
    /// Nobody.
    None,
}
