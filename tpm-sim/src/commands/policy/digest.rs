//! PolicyOR, PolicyPCR, PolicyGetDigest.

use super::{session, session_mut};
use crate::Tpm;
use crate::command::Call;
use crate::params;
use crate::rc::Rc;
use crate::state::pcr::selections_to_wire;
use tpm2_protocol::data::{Tpm2bDigest, TpmCc};

/// TPM2_PolicyOR.
pub fn policy_or(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let branches: Vec<Tpm2bDigest> = call.params.read_with(|buf| {
        let branches = params::list(buf, 8)?;
        if branches.len() < 2 { Err(Rc::SIZE) } else { Ok(branches) }
    })?;
    call.params.finish()?;
    let session = session_mut(tpm, call.handles[0])?;
    if !session.is_trial() && !branches.iter().any(|branch| **branch == *session.policy.digest) {
        return Err(Rc::VALUE.param(1));
    }
    session.zero();
    let branches: Vec<&[u8]> = branches.iter().map(|branch| &**branch).collect();
    session.extend(TpmCc::PolicyOr, &branches);
    Ok(())
}

/// TPM2_PolicyPCR.
pub fn policy_pcr(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let given: Tpm2bDigest = call.params.read()?;
    let selections = call.params.read_with(params::pcr_selections)?;
    call.params.finish()?;
    let state = session(tpm, call.handles[0])?;
    let selections = tpm.state.pcr.filter(&selections);
    let mut digest = tpm.state.pcr.digest(state.hash, &selections);
    let counter = tpm.state.pcr.update_counter();
    let trial = state.is_trial();
    if trial {
        if !given.is_empty() {
            digest = given.to_vec();
        }
    } else {
        if state.policy.pcr_counter.is_some_and(|before| before != counter) {
            return Err(Rc::PCR_CHANGED);
        }
        if !given.is_empty() && *given != *digest {
            return Err(Rc::VALUE.param(1));
        }
    }
    let session = session_mut(tpm, call.handles[0])?;
    session.extend(TpmCc::PolicyPcr, &[&selections_to_wire(&selections), &digest]);
    if !trial {
        session.policy.pcr_counter = Some(counter);
    }
    Ok(())
}

/// TPM2_PolicyGetDigest.
pub fn policy_get_digest(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    let digest = &session(tpm, call.handles[0])?.policy.digest;
    call.out.put_2b(digest);
    Ok(())
}
