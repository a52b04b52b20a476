//! What survives power loss: one versioned value (design, rule 7). Credentials and everything in flight are not part
//! of it.

use std::collections::BTreeSet;

use oobe_wire::model::AutopilotProfile;
use oobe_wire::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::device::technician::Run;
use crate::dialogue::join::JoinedDevice;
use crate::flow::Kept;
use crate::keys::KeyName;
use crate::manage::Management;
use crate::registry::Registry;

/// Version of [`Disk`] as it is stored. Raised with every change that an older reader would get wrong, together with
/// the migration in [`Disk::read`].
pub const DISK_VERSION: u32 = 1;

/// The device's disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Disk {
    /// [`DISK_VERSION`].
    pub version: u32,
    /// How often the device has started: the generation that tells old replies and timers from new ones.
    pub boots: u32,
    /// Where the out-of-box experience stands.
    pub kept: Kept,
    /// Name the device goes by.
    pub computer_name: String,
    /// Name that the profile's template gave (PRO-008): pending until the next start takes it, then kept, so that a
    /// template is expanded once.
    #[serde(default)]
    pub assigned_name: Option<String>,
    /// The technician's run, while there is one.
    #[serde(default)]
    pub technician: Option<Run>,
    /// The profile on disk: from its download until OOBE is over (PRO-018).
    pub profile: Option<AutopilotProfile>,
    /// The device credential that came with it.
    pub ticket: Option<StoredTicket>,
    /// The Entra join.
    pub joined: Option<JoinedDevice>,
    /// Keys that live in the TPM; all others are in the software key store.
    #[serde(default)]
    pub tpm_keys: BTreeSet<KeyName>,
    /// Everything that management did and left.
    pub management: Option<Management>,
    /// The registry.
    pub registry: Registry,
}

/// The device credential on disk: stored in the clear, masked wherever it is printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoredTicket(String);

impl StoredTicket {
    /// Puts a ticket to disk.
    pub fn new(ticket: &Secret<String>) -> Self {
        Self(ticket.expose().clone())
    }

    /// Reads it back.
    pub fn secret(&self) -> Secret<String> {
        Secret::new(self.0.clone())
    }
}

impl std::fmt::Debug for StoredTicket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Why a stored disk can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// Not one of ours, or damaged.
    #[error("the stored disk can't be read: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Written by a newer program.
    #[error("the stored disk has version {found}; this program knows up to {DISK_VERSION}")]
    TooNew {
        /// Its version.
        found: u64,
    },
}

impl Disk {
    /// A disk with a fresh image on it.
    pub fn fresh(computer_name: impl Into<String>) -> Self {
        Self {
            version: DISK_VERSION,
            boots: 0,
            kept: Kept::FRESH,
            computer_name: computer_name.into(),
            assigned_name: None,
            technician: None,
            profile: None,
            ticket: None,
            joined: None,
            tpm_keys: BTreeSet::new(),
            management: None,
            registry: Registry::default(),
        }
    }

    /// Stores it as JSON.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a disk holds only values that serialise: no maps with compound keys")
    }

    /// Reads one back; later versions add their migrations here.
    pub fn read(bytes: &[u8]) -> Result<Self, DiskError> {
        let value: serde_json::Value = serde_json::from_slice(bytes)?;
        let found = value.get("version").and_then(serde_json::Value::as_u64).unwrap_or(0);
        if found > u64::from(DISK_VERSION) {
            return Err(DiskError::TooNew { found });
        }
        Ok(serde_json::from_value(value)?)
    }
}
