//! What a cloud is made of before anybody talks to it: tenants, their people, their devices, and what they assign.
//!
//! Plain values that a scenario fills in. Everything has a default that stands for an ordinary tenant, so a setup
//! says only what matters to it.

mod apps;
mod attestation;
mod autopilot;
mod esp;
mod management;
mod tenant;

use oobe_wire::crypto::KeyKind;
use oobe_wire::time::Utc;
use serde::{Deserialize, Serialize};

pub use apps::{AppKind, AppSetup, InstallContext, ReturnCode, ReturnKind};
pub use attestation::{AttestationSetup, EkEndpoint, VendorCa, VulnerableFirmware};
pub use autopilot::{
    AutopilotSetup, DeploymentMode, JoinMethod, OobeSettings, ProfileSetup, RegisteredDevice,
};
pub use esp::EspSetup;
pub use management::{CertificateKind, CertificateSetup, PolicySetup, Scope};
pub use tenant::{JoinPolicy, JoinSetup, MdmScope, MdmSetup, TenantSetup, UserSetup};

/// Everything that makes a cloud.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CloudSetup {
    /// World seed: ids and secrets are derived from it.
    pub seed: u64,
    /// What kind of keys the cloud signs with: RSA is the published protocol, P-256 a model dialect (MOD-002).
    pub keys: KeyKind,
    /// The date the services stand at: year, month, day.
    pub as_of: (i16, i8, i8),
    /// The cloud's UTC when the world begins.
    pub epoch: Utc,
    /// What the attestation service trusts and what it does not.
    pub attestation: AttestationSetup,
    /// The organizations in it.
    pub tenants: Vec<TenantSetup>,
}

impl Default for CloudSetup {
    fn default() -> Self {
        Self {
            seed: 0,
            keys: KeyKind::P256,
            as_of: (2026, 11, 1),
            epoch: Utc::from_unix_seconds(1_795_161_600),
            attestation: AttestationSetup::default(),
            tenants: Vec::new(),
        }
    }
}

/// Why a setup makes no cloud.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// A tenant without a domain, or with one that is no domain name.
    #[error("{0:?} is not a domain name")]
    Domain(String),
    /// Two tenants have the same domain or id.
    #[error("two tenants are called {0:?}")]
    DuplicateTenant(String),
    /// A user name that is not `name@domain`.
    #[error("{0:?} is not a user principal name")]
    Upn(String),
    /// The same user twice.
    #[error("two users are called {0:?}")]
    DuplicateUser(String),
    /// A registered device's hardware hash cannot be read.
    #[error("the hardware hash of {serial:?} cannot be read: {reason}")]
    HardwareHash {
        /// The device's serial number, as the setup says.
        serial: String,
        /// What is wrong.
        reason: String,
    },
    /// Something refers to a profile that is not there.
    #[error("there is no deployment profile called {0:?}")]
    NoSuchProfile(String),
    /// Something refers to a user that is not there.
    #[error("there is no user called {0:?}")]
    NoSuchUser(String),
    /// Two apps of a tenant have the same name.
    #[error("two apps are called {0:?}")]
    DuplicateApp(String),
    /// A number is outside what the service takes.
    #[error("{what} is {value}, but must be from {least} to {most}")]
    OutOfRange {
        /// Which.
        what: &'static str,
        /// Its value.
        value: u64,
        /// Smallest value.
        least: u64,
        /// Largest value.
        most: u64,
    },
    /// A TPM vendor's CA certificate that cannot be read, or is none.
    #[error("the CA certificate of TPM vendor {0:?} cannot be read, or is not that of a CA")]
    VendorCa(String),
    /// A firmware version that is not numbers with dots.
    #[error("{0:?} is not a firmware version: four numbers with dots")]
    FirmwareVersion(String),
    /// An MSI without a product code, or with one that is no GUID.
    #[error("the product code of {0:?} is not a GUID in braces")]
    ProductCode(String),
}
