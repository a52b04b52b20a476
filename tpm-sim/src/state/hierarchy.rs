//! Hierarchies: authorisation, policy, seed, proof (part 1, "TPM Entities").

use super::limits::SEED_SIZE;
use crate::crypto::HashAlg;
use crate::crypto::rng::Drbg;
use serde::{Deserialize, Serialize};
use tpm2_protocol::data::TpmRh;

/// One hierarchy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hierarchy {
    /// May be used (phEnable, shEnable, ehEnable).
    pub enabled: bool,
    /// The authorisation value, without trailing zeros.
    pub auth_value: Vec<u8>,
    /// The policy of TPM2_SetPrimaryPolicy.
    pub policy: Option<(HashAlg, Vec<u8>)>,
    /// The primary seed.
    pub seed: Vec<u8>,
    /// The proof, which protects tickets and contexts.
    pub proof: Vec<u8>,
}

impl Hierarchy {
    fn new(rng: &mut Drbg) -> Self {
        let (seed, proof) = (rng.bytes(SEED_SIZE), rng.bytes(SEED_SIZE));
        Self { enabled: true, auth_value: Vec::new(), policy: None, seed, proof }
    }

    /// Back to the empty authorisation value and no policy.
    pub fn reset_auth(&mut self) {
        self.auth_value.clear();
        self.policy = None;
    }
}

/// The four hierarchies and the lockout authority (which has neither seed nor proof of its own).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hierarchies {
    /// Platform.
    pub platform: Hierarchy,
    /// Storage (owner).
    pub owner: Hierarchy,
    /// Endorsement.
    pub endorsement: Hierarchy,
    /// Null: new seed and proof at each TPM Reset.
    pub null: Hierarchy,
    /// lockoutAuth and lockoutPolicy.
    pub lockout: Hierarchy,
    /// phEnableNV: NV indexes that the platform created may be used.
    pub platform_nv: bool,
}

impl Hierarchies {
    /// Hierarchies with seeds and proofs from `rng`.
    pub fn new(rng: &mut Drbg) -> Self {
        let platform = Hierarchy::new(rng);
        let owner = Hierarchy::new(rng);
        let endorsement = Hierarchy::new(rng);
        let null = Hierarchy::new(rng);
        let lockout = Hierarchy {
            enabled: true,
            auth_value: Vec::new(),
            policy: None,
            seed: Vec::new(),
            proof: Vec::new(),
        };
        Self { platform, owner, endorsement, null, lockout, platform_nv: true }
    }

    /// The hierarchy of a permanent handle; `None` for any other.
    pub fn get(&self, handle: TpmRh) -> Option<&Hierarchy> {
        Some(match handle {
            TpmRh::Platform => &self.platform,
            TpmRh::Owner => &self.owner,
            TpmRh::Endorsement => &self.endorsement,
            TpmRh::Null => &self.null,
            TpmRh::Lockout => &self.lockout,
            _ => return None,
        })
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, handle: TpmRh) -> Option<&mut Hierarchy> {
        Some(match handle {
            TpmRh::Platform => &mut self.platform,
            TpmRh::Owner => &mut self.owner,
            TpmRh::Endorsement => &mut self.endorsement,
            TpmRh::Null => &mut self.null,
            TpmRh::Lockout => &mut self.lockout,
            _ => return None,
        })
    }

    /// The proof of a hierarchy of objects (owner, platform, endorsement, null).
    pub fn proof(&self, hierarchy: TpmRh) -> &[u8] {
        &self.get(hierarchy).expect("objects and tickets are of one of the four hierarchies").proof
    }
}
