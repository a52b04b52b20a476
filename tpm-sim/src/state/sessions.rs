//! Authorisation sessions (part 1, "Session-based authorizations") and the bookkeeping of saved ones.

use super::check::{Checked, check_counter, must};
use super::limits::{CONTEXT_GAP_MAX, MAX_ACTIVE_SESSIONS, MAX_LOADED_SESSIONS};
use crate::crypto::HashAlg;
use crate::params::wire_serde;
use crate::rc::Rc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tpm2_protocol::data::TpmAlgId;

/// First HMAC session handle; trial sessions are policy sessions.
pub const HMAC_SESSION_FIRST: u32 = 0x0200_0000;
/// First policy session handle.
pub const POLICY_SESSION_FIRST: u32 = 0x0300_0000;
const INDEX: u32 = 0x00ff_ffff;

/// Kind of a session (TPM_SE).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionKind {
    /// HMAC session.
    Hmac,
    /// Policy session.
    Policy,
    /// Policy session that computes a digest and authorises nothing.
    Trial,
}

/// Parameter encryption of a session (TPMT_SYM_DEF).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionCipher {
    /// None.
    Null,
    /// AES in a mode of this key size in bits; only CFB is allowed.
    Aes {
        /// Key size in bits.
        key_bits: u16,
        /// TPM_ALG_CFB.
        #[serde(with = "wire_serde")]
        mode: TpmAlgId,
    },
    /// XOR obfuscation with a hash.
    Xor(HashAlg),
}

/// What a policy session restricts the command to by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PolicyHash {
    /// PolicyCpHash, PolicySigned, PolicySecret, PolicyTicket with cpHashA.
    CpHash(Vec<u8>),
    /// PolicyNameHash and PolicyDuplicationSelect.
    NameHash(Vec<u8>),
    /// PolicyTemplate.
    Template(Vec<u8>),
}

impl PolicyHash {
    /// The digest, whatever it is of.
    pub fn digest(&self) -> &[u8] {
        match self {
            Self::CpHash(digest) | Self::NameHash(digest) | Self::Template(digest) => digest,
        }
    }
}

/// State of a policy or trial session (part 1, "Policy Session Context Values").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// policyDigest.
    pub digest: Vec<u8>,
    /// The command it is for (PolicyCommandCode, PolicyDuplicationSelect); 0 for any.
    pub command_code: u32,
    /// cpHash, nameHash or templateHash.
    pub hash: Option<PolicyHash>,
    /// pcrUpdateCounter at PolicyPCR.
    pub pcr_counter: Option<u32>,
    /// Localities: 0 for any, else TPMA_LOCALITY.
    pub locality: u8,
    /// PolicyAuthValue.
    pub auth_value_needed: bool,
    /// PolicyPassword.
    pub password_needed: bool,
    /// PolicyPhysicalPresence.
    pub pp_required: bool,
    /// PolicyNvWritten.
    pub nv_written: Option<bool>,
    /// Time (of this epoch) after which it has expired, in milliseconds.
    pub timeout: Option<u64>,
    /// Clock epoch in which `timeout` counts.
    pub epoch: u64,
}

impl Policy {
    /// A policy that nothing has been asserted in.
    pub fn new(hash: HashAlg) -> Self {
        Self {
            digest: vec![0; hash.size()],
            command_code: 0,
            hash: None,
            pcr_counter: None,
            locality: 0,
            auth_value_needed: false,
            password_needed: false,
            pp_required: false,
            nv_written: None,
            timeout: None,
            epoch: 0,
        }
    }
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its kind.
    pub kind: SessionKind,
    /// authHash.
    pub hash: HashAlg,
    /// symmetric.
    pub cipher: SessionCipher,
    /// sessionKey; empty for a session that is neither bound nor salted.
    pub key: Vec<u8>,
    /// nonceTPM.
    pub nonce_tpm: Vec<u8>,
    /// Name and authorisation value of the entity that it is bound to.
    pub bound: Option<Vec<u8>>,
    /// Bound to an entity with DA protection.
    pub bound_da: bool,
    /// Bound to lockoutAuth.
    pub bound_lockout: bool,
    /// Audit digest; `None` until it is first used for audit.
    pub audit_digest: Option<Vec<u8>>,
    /// Time of start, in milliseconds, and its epoch.
    pub started: (u64, u64),
    /// Policy state; kept for HMAC sessions too, where it stays empty.
    pub policy: Policy,
}

impl Session {
    /// Whether its values have the sizes that go with its hash and cipher.
    fn check(&self) -> Checked {
        let size = self.hash.size();
        let cipher = match self.cipher {
            SessionCipher::Aes { key_bits, mode } => {
                [128, 192, 256].contains(&key_bits) && mode == TpmAlgId::Cfb
            }
            SessionCipher::Null | SessionCipher::Xor(_) => true,
        };
        must(cipher, "a session has a cipher that there is not")?;
        must([0, size].contains(&self.key.len()), "a session's key has the wrong size")?;
        must(self.nonce_tpm.len() <= size, "a session's nonce is longer than its hash")?;
        must(self.policy.digest.len() == size, "a session's policy is no digest of its hash")?;
        let audit = self.audit_digest.as_ref();
        must(audit.is_none_or(|digest| digest.len() == size), "a session's audit digest has the wrong size")
    }

    /// Policy or trial.
    pub fn is_policy(&self) -> bool {
        self.kind != SessionKind::Hmac
    }
}

/// An active session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Slot {
    /// In the TPM.
    Loaded(Box<Session>),
    /// Saved outside; `sequence` is that of the one context that may be loaded.
    Saved {
        /// A policy session (its handle says so).
        policy: bool,
        /// contextID of the saved context.
        sequence: u64,
    },
}

/// What there is at the number of a session's handle.
#[derive(Debug, Clone, Copy)]
pub enum Found<'a> {
    /// The session.
    Loaded(&'a Session),
    /// An HMAC session where the handle says policy, or the other way round: TPM_RC_HANDLE.
    OfOtherKind,
    /// None, or one that was saved: TPM_RC_REFERENCE_H0 or TPM_RC_REFERENCE_S0.
    NotLoaded,
}

/// All sessions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Sessions {
    /// By index: the low 24 bits of the handle, which HMAC and policy sessions share.
    pub slots: BTreeMap<u32, Slot>,
    /// contextCounter: sequence of the last saved session context.
    pub context_counter: u64,
    /// objectContextID: sequence of the last saved object context.
    pub object_context_counter: u64,
    /// The session (by handle) whose use for audit has been exclusive since it began.
    pub exclusive: Option<u32>,
}

impl Sessions {
    /// The handle of an active session's index.
    pub fn handle(index: u32, policy: bool) -> u32 {
        index | if policy { POLICY_SESSION_FIRST } else { HMAC_SESSION_FIRST }
    }

    /// What a handle in a command names. HMAC and policy sessions share their numbers, so there may be a session with the
    /// number, but of the other kind.
    pub fn look_up(&self, handle: u32) -> Found<'_> {
        match self.slots.get(&(handle & INDEX)) {
            Some(Slot::Loaded(session)) if Self::handle(handle & INDEX, session.is_policy()) == handle => {
                Found::Loaded(session)
            }
            Some(Slot::Loaded(_)) => Found::OfOtherKind,
            _ => Found::NotLoaded,
        }
    }

    /// The loaded session of a handle.
    pub fn get(&self, handle: u32) -> Option<&Session> {
        match self.look_up(handle) {
            Found::Loaded(session) => Some(session),
            Found::OfOtherKind | Found::NotLoaded => None,
        }
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, handle: u32) -> Option<&mut Session> {
        match self.slots.get_mut(&(handle & INDEX)) {
            Some(Slot::Loaded(session)) if Self::handle(handle & INDEX, session.is_policy()) == handle => {
                Some(session)
            }
            _ => None,
        }
    }

    /// Whether a handle is that of a session saved outside.
    pub fn is_saved(&self, handle: u32) -> bool {
        match self.slots.get(&(handle & INDEX)) {
            Some(Slot::Saved { policy, .. }) => Self::handle(handle & INDEX, *policy) == handle,
            _ => false,
        }
    }

    /// Number of loaded sessions.
    pub fn loaded(&self) -> usize {
        self.slots.values().filter(|slot| matches!(slot, Slot::Loaded(_))).count()
    }

    /// Handles of loaded (`true`) or saved (`false`) sessions in the order of their indexes.
    pub fn handles(&self, loaded: bool) -> Vec<u32> {
        self.slots
            .iter()
            .filter_map(|(&index, slot)| match slot {
                Slot::Loaded(session) => loaded.then(|| Self::handle(index, session.is_policy())),
                Slot::Saved { policy, .. } => (!loaded).then(|| Self::handle(index, *policy)),
            })
            .collect()
    }

    /// Room for one more: TPM_RC_SESSION_MEMORY when as many are loaded as can be, TPM_RC_SESSION_HANDLES when as many are
    /// active, TPM_RC_CONTEXT_GAP when the oldest saved context has to be loaded first. Gives the free index.
    pub fn room(&self) -> Result<u32, Rc> {
        if self.loaded() >= MAX_LOADED_SESSIONS {
            return Err(Rc::SESSION_MEMORY);
        }
        let last = u32::try_from(MAX_ACTIVE_SESSIONS).expect("there are few sessions");
        let index = (0..last).find(|index| !self.slots.contains_key(index)).ok_or(Rc::SESSION_HANDLES)?;
        Ok(index)
    }

    /// The sequence of the oldest saved context.
    pub fn oldest_saved(&self) -> Option<u64> {
        self.slots
            .values()
            .filter_map(|slot| match slot {
                Slot::Saved { sequence, .. } => Some(*sequence),
                Slot::Loaded(_) => None,
            })
            .min()
    }

    /// Whether one more context would leave the oldest one beyond the gap.
    pub fn gap_full(&self) -> bool {
        self.oldest_saved().is_some_and(|oldest| self.context_counter + 1 - oldest >= CONTEXT_GAP_MAX)
    }

    /// Whether there are no more than can be, and each is such as TPM2_StartAuthSession makes it.
    pub(super) fn check(&self) -> Checked {
        let last = u32::try_from(MAX_ACTIVE_SESSIONS).expect("there are few sessions");
        must(self.slots.keys().all(|index| *index < last), "a session has a foreign handle")?;
        must(self.loaded() <= MAX_LOADED_SESSIONS, "more sessions are loaded than can be")?;
        check_counter(self.context_counter)?;
        check_counter(self.object_context_counter)?;
        self.slots.values().try_for_each(|slot| match slot {
            Slot::Loaded(session) => session.check(),
            Slot::Saved { sequence, .. } => {
                must(*sequence <= self.context_counter, "a session was saved in time to come")
            }
        })
    }

    /// Starts a session at the index of [`Sessions::room`]; gives its handle.
    pub fn start(&mut self, index: u32, session: Session) -> u32 {
        let handle = Self::handle(index, session.is_policy());
        self.slots.insert(index, Slot::Loaded(Box::new(session)));
        handle
    }

    /// Ends a session, loaded or saved.
    pub fn flush(&mut self, handle: u32) {
        self.slots.remove(&(handle & INDEX));
        if self.exclusive == Some(handle) {
            self.exclusive = None;
        }
    }
}
