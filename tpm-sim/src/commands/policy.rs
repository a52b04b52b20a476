//! Policies (part 3, chapter 23; part 1, "Enhanced Authorization").

mod authorization;
mod comparison;
mod digest;
mod restriction;

pub use authorization::{policy_authorize, policy_secret, policy_signed, policy_ticket};
pub use comparison::{policy_authorize_nv, policy_counter_timer, policy_nv};
pub use digest::{policy_get_digest, policy_or, policy_pcr};
pub use restriction::{
    policy_auth_value, policy_command_code, policy_cp_hash, policy_duplication_select, policy_locality,
    policy_name_hash, policy_nv_written, policy_password, policy_physical_presence, policy_template,
};

use crate::Tpm;
use crate::rc::Rc;
use crate::state::sessions::{Policy, Session, SessionKind};
use tpm2_protocol::data::TpmCc;

/// The policy session of a handle, which the dispatcher has found loaded.
fn session(tpm: &Tpm, handle: u32) -> Result<&Session, Rc> {
    tpm.state.sessions.get(handle).ok_or(Rc::HANDLE)
}

/// The same, to change it.
fn session_mut(tpm: &mut Tpm, handle: u32) -> Result<&mut Session, Rc> {
    tpm.state.sessions.get_mut(handle).ok_or(Rc::HANDLE)
}

impl Session {
    /// A trial session takes every assertion for granted.
    fn is_trial(&self) -> bool {
        self.kind == SessionKind::Trial
    }

    /// policyDigest := H(policyDigest || command code || arguments).
    fn extend(&mut self, code: TpmCc, arguments: &[&[u8]]) {
        let code = code.value().to_be_bytes();
        let mut parts: Vec<&[u8]> = vec![&self.policy.digest, &code];
        parts.extend(arguments);
        self.policy.digest = self.hash.digest(&parts);
    }

    /// PolicyUpdate (part 3, section 23.2.3): code and name, then policyRef in a second step.
    fn update(&mut self, code: TpmCc, name: &[u8], policy_ref: &[u8]) {
        self.extend(code, &[name]);
        self.policy.digest = self.hash.digest(&[&self.policy.digest, policy_ref]);
    }

    /// Back to the zero digest, as PolicyOR and PolicyAuthorize begin.
    fn zero(&mut self) {
        self.policy.digest = vec![0; self.hash.size()];
    }
}

impl Policy {
    /// Shortens the time that the policy holds.
    fn limit(&mut self, timeout: Option<u64>, epoch: u64) {
        if let Some(timeout) = timeout {
            self.timeout = Some(self.timeout.map_or(timeout, |before| before.min(timeout)));
            self.epoch = epoch;
        }
    }
}
