//! Apps that a tenant assigns. What an installer does is a manifest of ours (MOD-003); everything round it is real.

use oobe_catalog::codes;
use oobe_wire::model::DetectionRule;
use serde::{Deserialize, Serialize};

use super::Scope;

/// A required app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppSetup {
    /// Name.
    pub name: String,
    /// How it is delivered.
    pub kind: AppKind,
    /// Whether it is assigned to devices or to users.
    pub scope: Scope,
    /// Version.
    pub version: String,
    /// Product code of an MSI, with braces; derived from seed and name when empty.
    pub product_code: String,
    /// How long the installer runs, milliseconds.
    pub runs_ms: u64,
    /// How much there is to download, bytes.
    pub size: u64,
    /// Exit code of the installer.
    pub exit_code: u32,
    /// The installer never ends by itself.
    pub hangs: bool,
    /// What is on the disk afterwards; without any, what the detection rule looks for.
    pub leaves: Option<Vec<String>>,
    /// How to tell that it is installed; without one, a file of the app's own.
    pub detection: Option<DetectionRule>,
    /// Whether the Enrollment Status Page waits for it (ESS-008, ESD-023).
    pub blocking: bool,
    /// What exit codes mean; without any, the documented ones.
    pub return_codes: Option<Vec<ReturnCode>>,
    /// Minutes that the installer may take.
    pub timeout_minutes: u32,
    /// How often it is tried again after a failure.
    pub retries: u32,
    /// Minutes between two tries.
    pub retry_minutes: u32,
    /// Account that the installer runs under.
    pub context: InstallContext,
    /// Names of apps that have to be installed before.
    pub depends_on: Vec<String>,
}

impl Default for AppSetup {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: AppKind::Win32,
            scope: Scope::Device,
            version: "1.0.0".into(),
            product_code: String::new(),
            runs_ms: 30_000,
            size: 20_000_000,
            exit_code: 0,
            hangs: false,
            leaves: None,
            detection: None,
            blocking: true,
            return_codes: None,
            timeout_minutes: 60,
            retries: 3,
            retry_minutes: 5,
            context: InstallContext::System,
            depends_on: Vec::new(),
        }
    }
}

/// How an app is delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppKind {
    /// By the EnterpriseDesktopAppManagement CSP.
    Msi,
    /// By the Intune Management Extension.
    #[default]
    Win32,
}

/// Account that an installer runs under.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstallContext {
    /// SYSTEM.
    #[default]
    System,
    /// The signed-in user.
    User,
}

/// What an exit code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnCode {
    /// The code.
    pub code: u32,
    /// Its meaning.
    pub kind: ReturnKind,
}

/// Meaning of an exit code (reference: protocols, F).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReturnKind {
    /// Done.
    Success,
    /// Done; a restart is wanted.
    SoftReboot,
    /// Done; a restart is needed before anything else.
    HardReboot,
    /// Try again.
    Retry,
    /// Failed.
    Failed,
}

impl ReturnCode {
    /// The documented defaults (reference: protocols, F).
    pub const DEFAULTS: [Self; 5] = [
        Self { code: codes::EXIT_SUCCESS.value(), kind: ReturnKind::Success },
        Self { code: codes::EXIT_PRODUCT_INSTALLED.value(), kind: ReturnKind::Success },
        Self { code: codes::EXIT_SUCCESS_REBOOT_REQUIRED.value(), kind: ReturnKind::SoftReboot },
        Self { code: codes::EXIT_SUCCESS_REBOOT_INITIATED.value(), kind: ReturnKind::HardReboot },
        Self { code: codes::EXIT_INSTALL_ALREADY_RUNNING.value(), kind: ReturnKind::Retry },
    ];
}
