//! What the factory left in a TPM.

use serde::{Deserialize, Serialize};

use crate::manufacture::ManufactureRecord;
use crate::manufacture::profile::{PROFILES, Profile, profile};

/// The profile that a TPM was made by, and what of it is still to be made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FactoryState {
    /// Id of the profile.
    pub profile: String,
    /// What the manufacturer knows of this TPM; `None` for one that no manufacturer certified.
    pub record: Option<ManufactureRecord>,
    /// Whether a TPM that is slow at its first boot has been busy long enough.
    pub ready: bool,
    /// Whether the last start followed an orderly shutdown (TPMA_STARTUP_CLEAR.orderly).
    pub orderly_start: bool,
}

impl Default for FactoryState {
    fn default() -> Self {
        Self { profile: PROFILES[0].id.to_owned(), record: None, ready: false, orderly_start: true }
    }
}

impl FactoryState {
    /// The profile; a state that names one of another version of this crate gets the first.
    pub fn profile(&self) -> &'static Profile {
        profile(&self.profile).unwrap_or(&PROFILES[0])
    }

    /// Both halves of the firmware version (TPMS_ATTEST.firmwareVersion).
    pub fn firmware_version(&self) -> u64 {
        self.profile().firmware_version()
    }

    /// Whether this endorsement seed is the one that the manufacturer put in.
    pub fn has_manufacturers_eps(&self, seed: &[u8]) -> bool {
        self.record.as_ref().is_some_and(|record| record.endorsement_seed == seed)
    }
}
