//! What the administrator assigns: policies, certificates, apps.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Scalar;
use super::values::yes;
use crate::scenario::quantity::{Duration, Size};

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
    /// Whether it is assigned when the world begins. If not, an administrator does it in the middle of the run
    /// (`assign-app`).
    #[serde(default = "yes")]
    pub assigned: bool,
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
