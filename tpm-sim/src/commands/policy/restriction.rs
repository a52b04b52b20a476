//! Assertions that restrict the command which the session will authorise.

use super::session_mut;
use crate::Tpm;
use crate::command::{self, Call};
use crate::rc::Rc;
use crate::state::sessions::{PolicyHash, Session};
use tpm2_protocol::data::{Tpm2bDigest, Tpm2bName, TpmCc};

/// TPM2_PolicyLocality.
pub fn policy_locality(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let locality: u8 = call.params.read()?;
    call.params.finish()?;
    let session = session_mut(tpm, call.handles[0])?;
    let before = session.policy.locality;
    // Localities 0 to 4 have bits that assertions intersect; an extended locality is a number of its own.
    let both = match (before, locality) {
        (_, 0) => 0,
        (0, new) => new,
        (before, new) if before < 32 && new < 32 => before & new,
        (before, new) if before == new => new,
        _ => 0,
    };
    if both == 0 {
        return Err(Rc::RANGE.param(1));
    }
    session.extend(TpmCc::PolicyLocality, &[&[locality]]);
    session.policy.locality = both;
    Ok(())
}

/// TPM2_PolicyCommandCode.
pub fn policy_command_code(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let code: u32 = call.params.read()?;
    call.params.finish()?;
    let session = session_mut(tpm, call.handles[0])?;
    if session.policy.command_code != 0 && session.policy.command_code != code {
        return Err(Rc::VALUE.param(1));
    }
    if command::find(code).is_none() {
        return Err(Rc::POLICY_CC.param(1));
    }
    session.extend(TpmCc::PolicyCommandCode, &[&code.to_be_bytes()]);
    session.policy.command_code = code;
    Ok(())
}

/// TPM2_PolicyPhysicalPresence.
pub fn policy_physical_presence(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    let session = session_mut(tpm, call.handles[0])?;
    session.extend(TpmCc::PolicyPhysicalPresence, &[]);
    session.policy.pp_required = true;
    Ok(())
}

/// Reads a digest that has to be of the session's hash: TPM_RC_SIZE otherwise.
fn read_digest<'a>(tpm: &'a mut Tpm, call: &mut Call) -> Result<(Vec<u8>, &'a mut Session), Rc> {
    let digest: Tpm2bDigest = call.params.read()?;
    call.params.finish()?;
    let session = session_mut(tpm, call.handles[0])?;
    if digest.len() == session.hash.size() { Ok((digest.to_vec(), session)) } else { Err(Rc::SIZE.param(1)) }
}

/// TPM2_PolicyCpHash.
pub fn policy_cp_hash(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let (digest, session) = read_digest(tpm, call)?;
    let hash = Some(PolicyHash::CpHash(digest.clone()));
    if session.policy.hash.is_some() && session.policy.hash != hash {
        return Err(Rc::CPHASH);
    }
    session.extend(TpmCc::PolicyCpHash, &[&digest]);
    session.policy.hash = hash;
    Ok(())
}

/// TPM2_PolicyNameHash.
pub fn policy_name_hash(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let (digest, session) = read_digest(tpm, call)?;
    if session.policy.hash.is_some() {
        return Err(Rc::CPHASH);
    }
    session.extend(TpmCc::PolicyNameHash, &[&digest]);
    session.policy.hash = Some(PolicyHash::NameHash(digest));
    Ok(())
}

/// TPM2_PolicyTemplate.
pub fn policy_template(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let digest: Tpm2bDigest = call.params.read()?;
    call.params.finish()?;
    let digest = digest.to_vec();
    let session = session_mut(tpm, call.handles[0])?;
    // What the session is restricted to already comes first, then the size, as in the reference implementation.
    match &session.policy.hash {
        Some(PolicyHash::Template(before)) if *before != digest => return Err(Rc::VALUE.param(1)),
        None | Some(PolicyHash::Template(_)) => {}
        Some(_) => return Err(Rc::CPHASH),
    }
    if digest.len() != session.hash.size() {
        return Err(Rc::SIZE.param(1));
    }
    session.extend(TpmCc::PolicyTemplate, &[&digest]);
    session.policy.hash = Some(PolicyHash::Template(digest));
    Ok(())
}

/// TPM2_PolicyDuplicationSelect.
pub fn policy_duplication_select(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let object: Tpm2bName = call.params.read()?;
    let parent: Tpm2bName = call.params.read()?;
    let include_object: bool = call.params.read()?;
    call.params.finish()?;
    let session = session_mut(tpm, call.handles[0])?;
    if session.policy.hash.is_some() {
        return Err(Rc::CPHASH);
    }
    if session.policy.command_code != 0 {
        return Err(Rc::COMMAND_CODE);
    }
    let included: &[u8] = if include_object { &object } else { &[] };
    session.extend(TpmCc::PolicyDuplicationSelect, &[included, &parent, &[u8::from(include_object)]]);
    session.policy.hash = Some(PolicyHash::NameHash(session.hash.digest(&[&object, &parent])));
    session.policy.command_code = TpmCc::Duplicate.value();
    Ok(())
}

/// TPM2_PolicyAuthValue.
pub fn policy_auth_value(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    let session = session_mut(tpm, call.handles[0])?;
    session.extend(TpmCc::PolicyAuthValue, &[]);
    (session.policy.auth_value_needed, session.policy.password_needed) = (true, false);
    Ok(())
}

/// TPM2_PolicyPassword: in the digest the same as TPM2_PolicyAuthValue, so that either will do.
pub fn policy_password(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    let session = session_mut(tpm, call.handles[0])?;
    session.extend(TpmCc::PolicyAuthValue, &[]);
    (session.policy.auth_value_needed, session.policy.password_needed) = (false, true);
    Ok(())
}

/// TPM2_PolicyNvWritten.
pub fn policy_nv_written(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let written: bool = call.params.read()?;
    call.params.finish()?;
    let session = session_mut(tpm, call.handles[0])?;
    if session.policy.nv_written.is_some_and(|before| before != written) {
        return Err(Rc::VALUE.param(1));
    }
    session.extend(TpmCc::PolicyNvWritten, &[&[u8::from(written)]]);
    session.policy.nv_written = Some(written);
    Ok(())
}
