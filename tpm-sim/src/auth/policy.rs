//! Whether a policy session's assertions hold for the command that it authorises (part 1, "Policy Session Checks").

use super::CallAuth;
use crate::Tpm;
use crate::command::{Command, Role};
use crate::crypto::HashAlg;
use crate::entity::{HT_NV_INDEX, HT_PCR, HT_PERSISTENT, HT_TRANSIENT, handle_type};
use crate::params::take_2b;
use crate::rc::Rc;
use crate::state::sessions::{PolicyHash, Session};
use tpm2_protocol::data::{TpmCc, TpmRh};

/// Checks everything but password and HMAC.
#[allow(clippy::too_many_arguments)]
pub(super) fn check(
    tpm: &Tpm,
    command: &Command,
    handles: &[u32],
    params: &[u8],
    auth: &CallAuth,
    entity: u32,
    role: Role,
    session: &Session,
) -> Result<(), Rc> {
    let policy = &session.policy;
    if policy.pcr_counter.is_some_and(|counter| counter != tpm.state.pcr.update_counter()) {
        return Err(Rc::PCR_CHANGED);
    }
    let (alg, digest) = entity_policy(tpm, entity).ok_or(Rc::POLICY_FAIL)?;
    if alg != session.hash || digest != policy.digest {
        return Err(Rc::POLICY_FAIL);
    }
    if let Some(timeout) = policy.timeout {
        let clock = &tpm.state.clock;
        if policy.epoch != clock.epoch || timeout < clock.time {
            return Err(Rc::EXPIRED);
        }
    }
    if policy.command_code != 0 {
        if policy.command_code != command.code {
            return Err(Rc::POLICY_CC);
        }
    } else if matches!(role, Role::Admin | Role::Dup) {
        // ADMIN and DUP want the command's name in the policy.
        return Err(Rc::POLICY_FAIL);
    }
    if policy.locality != 0 && !locality_allowed(policy.locality, tpm.state.locality) {
        return Err(Rc::LOCALITY);
    }
    if let Some(hash) = &policy.hash
        && !digest_holds(tpm, command, handles, params, auth, session, hash)
    {
        return Err(Rc::POLICY_FAIL);
    }
    if let Some(written) = policy.nv_written {
        let index = tpm.state.nv.get(entity).ok_or(Rc::POLICY_FAIL)?;
        if index.is_written() != written {
            return Err(Rc::POLICY_FAIL);
        }
    }
    if policy.pp_required && !tpm.state.physical_presence { Err(Rc::PP) } else { Ok(()) }
}

/// The policy of an entity and its hash algorithm.
pub(crate) fn entity_policy(tpm: &Tpm, entity: u32) -> Option<(HashAlg, Vec<u8>)> {
    match handle_type(entity) {
        HT_TRANSIENT | HT_PERSISTENT => {
            let object = tpm.state.objects.object(entity)?;
            Some((object.public.name_alg?, object.public.auth_policy.clone()))
        }
        HT_NV_INDEX => tpm.state.nv.get(entity).map(|index| (index.name_alg, index.policy.clone())),
        HT_PCR => tpm.state.pcr.policy(entity).map(|(alg, digest)| (alg, digest.to_vec())),
        _ => tpm.state.hierarchies.get(TpmRh::try_from(entity).ok()?)?.policy.clone(),
    }
}

/// TPMA_LOCALITY: a bit for each of 0 to 4, or the number of an extended locality.
fn locality_allowed(allowed: u8, locality: u8) -> bool {
    if allowed < 32 { locality < 5 && allowed & 1 << locality != 0 } else { allowed == locality }
}

fn digest_holds(
    tpm: &Tpm,
    command: &Command,
    handles: &[u32],
    params: &[u8],
    auth: &CallAuth,
    session: &Session,
    hash: &PolicyHash,
) -> bool {
    match hash {
        PolicyHash::CpHash(digest) => auth.cp_hashes.get(&session.hash) == Some(digest),
        PolicyHash::NameHash(digest) => {
            let names: Vec<u8> = handles.iter().flat_map(|&handle| tpm.name(handle)).collect();
            session.hash.digest(&[&names]) == *digest
        }
        PolicyHash::Template(digest) => {
            let creates = [TpmCc::Create, TpmCc::CreatePrimary, TpmCc::CreateLoaded];
            creates.iter().any(|cc| cc.value() == command.code)
                && template(params).is_some_and(|template| session.hash.digest(&[template]) == *digest)
        }
    }
}

/// The second parameter of the commands that create objects: inPublic, or inTemplate.
fn template(mut params: &[u8]) -> Option<&[u8]> {
    take_2b(&mut params, usize::MAX).ok()?;
    take_2b(&mut params, usize::MAX).ok()
}
