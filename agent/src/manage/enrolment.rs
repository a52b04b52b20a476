//! What an enrolment is, once its provisioning document is on the disk.

use oobe_catalog::codes::Code;
use oobe_wire::crypto::PublicKey;
use oobe_wire::ids::Guid;
use oobe_wire::secret::Secret;
use serde::{Deserialize, Serialize};

use super::csp::LocUri;
use crate::io::ClientIdentity;
use crate::keys::KeyName;

/// Intune's PROVIDER-ID (reference: protocols, B.6).
pub const INTUNE_PROVIDER: &str = "MS DM Server";

/// What the enrolment dialogue knows and the provisioning document does not say.
#[derive(Debug, Clone, PartialEq)]
pub struct EnrolmentDetails {
    /// MDM DeviceID, 32 hex digits: the SyncML Source of every session.
    pub device_id: String,
    /// User principal name of who enrolled; none for a device without a user.
    pub user: Option<String>,
    /// The Entra join that the enrolment belongs to.
    pub entra: Option<EntraIdentity>,
    /// Name of the key that the certificate was asked for.
    pub key: KeyName,
    /// Its public part.
    pub public_key: PublicKey,
    /// Whether an Autopilot profile led here.
    pub autopilot: bool,
    /// Whether the device joined by itself, with what its TPM proved: nobody is its user.
    pub attested: bool,
    /// Computer name.
    pub device_name: String,
}

/// The Entra device object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntraIdentity {
    /// Tenant.
    pub tenant: Guid,
    /// Device object.
    pub device_id: Guid,
}

/// Who signed on to Windows.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedOnUser {
    /// User principal name.
    pub upn: String,
    /// Entra user object, when there is one.
    pub oid: Option<Guid>,
    /// Entra token for the MDM. Memory only.
    pub token: Option<Secret<String>>,
}

/// Why a provisioning document can't be used: one code for each CSP that can refuse it (reference: protocols, B.7).
#[derive(Debug, Clone, thiserror::Error)]
#[error("{detail}")]
pub struct ProvisioningError {
    /// Result code.
    pub code: &'static Code,
    /// In words.
    pub detail: String,
}

/// A running enrolment, on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// Enrolment id: names the registry keys.
    pub id: Guid,
    /// PROVIDER-ID.
    pub provider: String,
    /// NAME.
    pub name: String,
    /// ADDR: management URL, maybe with a query of its own (reference: protocols, G item 7).
    pub server: String,
    /// SyncML Source.
    pub device_id: String,
    /// Who enrolled.
    pub user: Option<String>,
    /// The Entra join.
    pub entra: Option<EntraIdentity>,
    /// Client certificate and its key.
    pub identity: ClientIdentity,
    /// Whether an Autopilot profile led here.
    pub autopilot: bool,
    /// Whether the device joined by itself, with what its TPM proved: nobody is its user.
    #[serde(default)]
    pub attested: bool,
    /// Computer name.
    pub device_name: String,
    /// How a session that could not be held is tried again.
    pub backoff: Backoff,
}

/// w7 APPLICATION: CONNRETRYFREQ, INITIALBACKOFFTIME, MAXBACKOFFTIME.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backoff {
    /// Tries after the first before the next scheduled session is waited for.
    pub retries: u32,
    /// First wait, milliseconds; doubled each time.
    pub initial_ms: u64,
    /// Longest wait, milliseconds.
    pub max_ms: u64,
}

impl Default for Backoff {
    /// The values that the documentation of the w7 APPLICATION CSP prints as defaults.
    fn default() -> Self {
        Self { retries: 3, initial_ms: 16_000, max_ms: 86_400_000 }
    }
}

impl Enrolment {
    /// Whether Intune is the server: by its PROVIDER-ID.
    pub fn is_intune(&self) -> bool {
        self.provider == INTUNE_PROVIDER
    }

    /// `DMClient/Provider/<id>` of the device half.
    pub fn provider_node(&self) -> LocUri {
        LocUri::device("Vendor/MSFT/DMClient/Provider").into_child(&self.provider)
    }

    /// Registry key of the enrolment.
    pub fn registry_key(&self) -> String {
        format!("HKLM\\SOFTWARE\\Microsoft\\Enrollments\\{}", self.id.to_string().to_uppercase())
    }
}
