//! What a TPM is between two commands: one value, saved and restored exactly.

pub mod audit;
pub(crate) mod check;
pub mod clock;
pub mod dictionary_attack;
pub mod factory;
pub mod hierarchy;
mod image;
pub mod limits;
pub mod nv;
pub mod objects;
pub mod pcr;
pub mod sessions;
mod startup;

pub use image::RestoreError;

use crate::crypto::HashAlg;
use crate::crypto::rng::Drbg;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Version of the serialised form; a value of another version is refused. No version before 2 was ever released.
pub const VERSION: u32 = 2;

/// Version of the derivation of primary keys from seed and template. Another version may give other keys, so it is part of
/// the state and never changes for a TPM that exists.
pub const DERIVATION_VERSION: u32 = 1;

/// The state of a TPM, volatile parts included: a TPM saved in mid-session goes on in mid-session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// [`DERIVATION_VERSION`] at manufacture.
    pub derivation_version: u32,
    /// Whether power is on (`_TPM_Init` has been signalled since it was off).
    pub powered: bool,
    /// Whether TPM2_Startup has run since `_TPM_Init`.
    pub started: bool,
    /// How the TPM was shut down last; what the next TPM2_Startup may do depends on it.
    pub shutdown: Shutdown,
    /// Locality of the next command (0 to 4, or 32 to 255).
    pub locality: u8,
    /// What the factory knows: the profile, and what comes into being at the first command that needs it.
    pub factory: factory::FactoryState,
    /// Hierarchies, with seeds, proofs, authorisation.
    pub hierarchies: hierarchy::Hierarchies,
    /// PCR banks.
    pub pcr: pcr::Pcrs,
    /// NV indexes.
    pub nv: nv::NvState,
    /// Transient and persistent objects.
    pub objects: objects::Objects,
    /// Sessions, loaded and saved.
    pub sessions: sessions::Sessions,
    /// Dictionary attack protection.
    pub da: dictionary_attack::DictionaryAttack,
    /// Time and Clock.
    pub clock: clock::Clock,
    /// Command audit.
    pub audit: audit::CommandAudit,
    /// The TPM's random stream.
    pub rng: Drbg,
    /// State of TPM2_Commit and TPM2_EC_Ephemeral.
    pub commit: crate::commands::ephemeral_ec::CommitState,
    /// TPM Resets in all; contexts of objects and sessions end with it.
    pub total_resets: u64,
    /// TPM Resets and TPM Restarts in all; contexts of objects with stClear end with it.
    pub total_clears: u64,
    /// TPM2_ClearControl has disabled TPM2_Clear.
    pub disable_clear: bool,
    /// Commands that need physical presence (TPM2_PP_Commands), by command code.
    pub pp_commands: BTreeSet<u32>,
    /// Somebody asserts physical presence (a signal of the platform, gone with power).
    pub physical_presence: bool,
    /// The value of TPM2_SetAlgorithmSet.
    pub algorithm_set: u32,
}

/// How the TPM was shut down last (part 1, "Startup and shutdown").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shutdown {
    /// Not at all, or something changed after it: the next start is a TPM Reset, and not orderly.
    None,
    /// TPM2_Shutdown(CLEAR): the next start is a TPM Reset.
    Clear,
    /// TPM2_Shutdown(STATE): the next start is a TPM Restart (CLEAR) or TPM Resume (STATE).
    State,
}

impl State {
    /// A TPM as it leaves the production line: hierarchies and random stream from `seed`, PCR banks of `banks`, no NV
    /// indexes, power off.
    pub fn new(seed: &[u8], banks: &[HashAlg]) -> Self {
        let mut secrets = Drbg::from_seed(seed, "hierarchies");
        Self {
            derivation_version: DERIVATION_VERSION,
            powered: false,
            started: false,
            // What leaves the factory was not lost in mid-work: the first start is an orderly one.
            shutdown: Shutdown::Clear,
            locality: 0,
            factory: factory::FactoryState::default(),
            hierarchies: hierarchy::Hierarchies::new(&mut secrets),
            pcr: pcr::Pcrs::new(banks),
            nv: nv::NvState::default(),
            objects: objects::Objects::default(),
            sessions: sessions::Sessions::default(),
            da: dictionary_attack::DictionaryAttack::default(),
            clock: clock::Clock::default(),
            audit: audit::CommandAudit::default(),
            rng: Drbg::from_seed(seed, "random"),
            commit: crate::commands::ephemeral_ec::CommitState::default(),
            total_resets: 0,
            total_clears: 0,
            disable_clear: false,
            // TPM2_PP_Commands itself needs physical presence from the start (part 3, section 26.2).
            pp_commands: BTreeSet::from([tpm2_protocol::data::TpmCc::PpCommands.value()]),
            physical_presence: false,
            algorithm_set: 0,
        }
    }
}
