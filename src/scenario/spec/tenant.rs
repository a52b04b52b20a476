//! Tenants: the organizations that the cloud knows.

use std::collections::{BTreeMap, BTreeSet};

use oobe_wire::secret::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Scalar;
use crate::scenario::quantity::{Duration, Size};

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

const fn yes() -> bool {
    true
}

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

/// Who or what something is assigned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The device: Device setup waits for it.
    #[default]
    Device,
    /// The user: Account setup waits for it.
    User,
}

/// A setting of the Policy CSP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// A file of `fixtures/policies` that this policy is based on; keys given here win.
    #[serde(default)]
    pub preset: Option<String>,
    /// Who it is assigned to.
    #[serde(default)]
    pub scope: Scope,
    /// Area, e.g. `DeviceLock`.
    pub area: String,
    /// Name, e.g. `MinDevicePasswordLength`.
    pub name: String,
    /// Value; its kind is the format on the wire.
    pub value: Scalar,
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateSpec {
    /// A file of `fixtures/certificates` that this certificate is based on; keys given here win.
    #[serde(default)]
    pub preset: Option<String>,
    /// Name: the common name of a root, the container of a PFX; the name in this file when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// Who it is assigned to.
    #[serde(default)]
    pub scope: Scope,
    /// Kind.
    #[serde(default)]
    pub kind: CertificateKind,
}

/// Kind of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateKind {
    /// A certificate with its key, as PKCS#12.
    #[default]
    Pfx,
    /// A root for the trusted store.
    TrustedRoot,
}

/// Kind of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AppKind {
    /// A line-of-business MSI, installed by the management tree (EnterpriseDesktopAppManagement).
    Msi,
    /// A Win32 app, installed by the management extension.
    Win32,
}

/// Account that an installer runs under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunsAs {
    /// SYSTEM.
    #[default]
    System,
    /// The signed-in user.
    User,
}

/// How an installed app is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Detection {
    /// A file or folder is there.
    File(String),
    /// An MSI product is installed, by product code with braces.
    Msi(String),
}

/// An app and how its installer behaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppSpec {
    /// A file of `fixtures/apps` that this app is based on; keys given here win.
    #[serde(default)]
    pub preset: Option<String>,
    /// Kind.
    pub kind: AppKind,
    /// Name for people; the name in this file when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// Version.
    #[serde(default = "default_version")]
    pub version: String,
    /// Who it is assigned to.
    #[serde(default)]
    pub scope: Scope,
    /// How much there is to download.
    #[serde(default = "default_app_size")]
    pub size: Size,
    /// How long its installer runs.
    #[serde(default = "default_runs")]
    pub runs: Duration,
    /// Its installer never ends.
    #[serde(default)]
    pub hangs: bool,
    /// Exit code of its installer: 0 and 1707 success, 3010 and 1641 restart, 1618 try again, others failed.
    #[serde(default)]
    pub exit_code: u32,
    /// How often it is tried again after a failure.
    #[serde(default = "default_retries")]
    pub retries: u32,
    /// Time between two tries: whole minutes.
    #[serde(default = "default_retry_after")]
    pub retry_after: Duration,
    /// Account that the installer runs under.
    #[serde(default)]
    pub runs_as: RunsAs,
    /// Product code of an MSI, with braces; made from the name when absent.
    #[serde(default)]
    pub product_code: Option<String>,
    /// How it is found when it is installed; a file of its own, or its product code, when absent.
    #[serde(default)]
    pub detection: Option<Detection>,
    /// What is on the disk afterwards; what the detection looks for when absent.
    #[serde(default)]
    pub leaves: Option<Vec<String>>,
    /// Apps that come first, by name.
    #[serde(default)]
    pub depends_on: BTreeSet<String>,
    /// Its own time limit: whole minutes (ESD-016).
    #[serde(default = "default_app_limit")]
    pub time_limit: Duration,
}

fn default_version() -> String {
    "1.0.0".to_owned()
}

const fn default_app_size() -> Size {
    Size(20_000_000)
}

const fn default_runs() -> Duration {
    Duration::from_secs(30)
}

const fn default_retries() -> u32 {
    3
}

const fn default_retry_after() -> Duration {
    Duration::from_secs(300)
}

const fn default_app_limit() -> Duration {
    Duration::from_secs(3_600)
}
