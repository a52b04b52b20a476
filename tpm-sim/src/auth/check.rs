//! Whether a session authorises what it is meant to (part 1, "Authorization Checks"; part 3, section 5.6).

use super::{CallAuth, hmac, policy};
use crate::Tpm;
use crate::command::{Command, Role};
use crate::crypto::equal;
use crate::entity::{HT_NV_INDEX, HT_PCR, HT_PERSISTENT, HT_TRANSIENT, RS_PW, handle_type};
use crate::object::sensitive::trim_auth;
use crate::rc::Rc;
use crate::state::Shutdown;
use crate::state::nv::{NvAttributes, NvIndex, NvKind};
use crate::state::sessions::Session;
use tpm2_protocol::data::{TpmCc, TpmRh, TpmaObject, TpmaSession};

const RH_LOCKOUT: u32 = TpmRh::Lockout as u32;

/// Checks one session of a command. On failure the dictionary attack counters may have changed.
pub(super) fn session(
    tpm: &mut Tpm,
    command: &Command,
    handles: &[u32],
    params: &[u8],
    auth: &mut CallAuth,
    index: usize,
) -> Result<(), Rc> {
    let used = &auth.uses[index];
    let state = tpm.state.sessions.get(used.handle).cloned();
    let Some(entity) = used.entity else {
        if used.handle == RS_PW {
            return Err(Rc::HANDLE);
        }
        let working = TpmaSession::AUDIT.bits() | TpmaSession::DECRYPT.bits() | TpmaSession::ENCRYPT.bits();
        if used.attributes.bits() & working == 0 {
            return Err(Rc::ATTRIBUTES);
        }
        let state = state.expect("the area was read with the session loaded");
        if state.bound_da {
            locked_out(tpm, state.bound_lockout)?;
        }
        return check_hmac(tpm, auth, index, &state);
    };
    let role = command.handles[index].1;
    let is_policy = state.as_ref().is_some_and(Session::is_policy);
    let needs_presence = entity == TpmRh::Platform as u32 && tpm.state.pp_commands.contains(&command.code);
    if needs_presence && !tpm.state.physical_presence {
        return Err(Rc::PP);
    }
    let takes_auth_value = match &state {
        Some(state) if is_policy => state.policy.auth_value_needed || state.policy.password_needed,
        _ => true,
    };
    if takes_auth_value && has_da(tpm, entity) {
        locked_out(tpm, entity == RH_LOCKOUT)?;
    }
    if policy_required(tpm, entity, role) && !is_policy {
        return Err(Rc::AUTH_TYPE);
    }
    let available = if is_policy {
        policy_available(tpm, entity, command, role)
    } else {
        auth_value_available(tpm, entity, command, role)
    };
    if !available {
        return Err(Rc::AUTH_UNAVAILABLE);
    }
    let Some(state) = state else {
        return check_password(tpm, auth, index, entity);
    };
    if state.bound_da && !is_policy {
        locked_out(tpm, state.bound_lockout)?;
    }
    if is_policy {
        policy::check(tpm, command, handles, params, auth, entity, role, &state)?;
        auth.uses[index].include_auth = state.policy.auth_value_needed;
        if state.policy.password_needed {
            auth.uses[index].password = true;
            return check_password(tpm, auth, index, entity);
        }
    } else {
        auth.uses[index].include_auth = !is_bound_to(tpm, &state, entity);
    }
    check_hmac(tpm, auth, index, &state)?;
    if takes_auth_value {
        count_pin(tpm, entity, true);
    }
    Ok(())
}

/// Whether a session is bound to an entity with this Name and authorisation value.
fn is_bound_to(tpm: &Tpm, session: &Session, entity: u32) -> bool {
    session.bound.as_ref().is_some_and(|bound| *bound == bind_value(tpm, entity))
}

/// What a session that is bound to an entity remembers of it: Name and authorisation value as they are now.
pub(crate) fn bind_value(tpm: &Tpm, entity: u32) -> Vec<u8> {
    let mut value = Vec::new();
    crate::params::put_2b(&mut value, &tpm.name(entity));
    crate::params::put_2b(&mut value, tpm.auth_value(entity));
    value
}

fn check_password(tpm: &mut Tpm, auth: &CallAuth, index: usize, entity: u32) -> Result<(), Rc> {
    let used = &auth.uses[index];
    if equal(&trim_auth(&used.hmac), tpm.auth_value(entity)) {
        count_pin(tpm, entity, true);
        return Ok(());
    }
    count_pin(tpm, entity, false);
    if has_da(tpm, entity) { Err(failed(tpm, entity == RH_LOCKOUT)) } else { Err(Rc::BAD_AUTH) }
}

fn check_hmac(tpm: &mut Tpm, auth: &CallAuth, index: usize, session: &Session) -> Result<(), Rc> {
    let used = &auth.uses[index];
    if equal(&used.hmac, &hmac::command(tpm, auth, index, session)) {
        return Ok(());
    }
    let entity = used.entity.filter(|_| used.include_auth);
    if let Some(entity) = entity {
        count_pin(tpm, entity, false);
    }
    let protected = session.bound_da || entity.is_some_and(|entity| has_da(tpm, entity));
    let lockout = session.bound_lockout || entity == Some(RH_LOCKOUT);
    if protected { Err(failed(tpm, lockout)) } else { Err(Rc::BAD_AUTH) }
}

fn count_pin(tpm: &mut Tpm, entity: u32, success: bool) {
    if handle_type(entity) == HT_NV_INDEX
        && let Some(index) = tpm.state.nv.get_mut(entity)
    {
        index.count_pin(success);
    }
}

fn failed(tpm: &mut Tpm, lockout: bool) -> Rc {
    let time = tpm.state.clock.time;
    tpm.state.da.fail(lockout, time);
    Rc::AUTH_FAIL
}

/// Whether an authorisation failure of the entity counts as a dictionary attack.
pub(crate) fn has_da(tpm: &Tpm, entity: u32) -> bool {
    match handle_type(entity) {
        HT_TRANSIENT | HT_PERSISTENT => {
            tpm.state.objects.object(entity).is_some_and(|object| !object.has(TpmaObject::NO_DA))
        }
        HT_NV_INDEX => {
            tpm.state.nv.get(entity).is_some_and(|index| !index.attributes.has(NvAttributes::NO_DA))
        }
        _ => entity == RH_LOCKOUT,
    }
}

fn locked_out(tpm: &mut Tpm, lockout_auth: bool) -> Result<(), Rc> {
    let da = &mut tpm.state.da;
    if lockout_auth {
        return if da.lockout_auth_enabled { Ok(()) } else { Err(Rc::LOCKOUT) };
    }
    da.used = true;
    let locked = da.in_lockout();
    // After TPM2_Shutdown that is a change which it has not put aside: a loss of power now is no orderly one (part 1, 19.8.6).
    tpm.state.shutdown = Shutdown::None;
    if locked { Err(Rc::LOCKOUT) } else { Ok(()) }
}

/// Whether nothing but a policy session will do.
fn policy_required(tpm: &Tpm, entity: u32, role: Role) -> bool {
    // A PCR with a policy has lost its authorisation value (part 3, "TPM2_PCR_SetAuthPolicy").
    if handle_type(entity) == HT_PCR {
        return tpm.state.pcr.policy(entity).is_some();
    }
    match role {
        Role::Dup => true,
        Role::Admin => match handle_type(entity) {
            HT_NV_INDEX => true,
            HT_TRANSIENT | HT_PERSISTENT => tpm
                .state
                .objects
                .object(entity)
                .is_some_and(|object| object.has(TpmaObject::ADMIN_WITH_POLICY)),
            _ => false,
        },
        Role::User | Role::None => false,
    }
}

fn writes_nv(code: u32) -> bool {
    use TpmCc::{NvExtend, NvIncrement, NvSetBits, NvWrite, NvWriteLock};
    [NvWrite, NvIncrement, NvSetBits, NvExtend, NvWriteLock].iter().any(|cc| cc.value() == code)
}

/// Whether the entity's authorisation value may be used for this command.
fn auth_value_available(tpm: &Tpm, entity: u32, command: &Command, role: Role) -> bool {
    match handle_type(entity) {
        HT_TRANSIENT | HT_PERSISTENT => match tpm.state.objects.object(entity) {
            None => true,
            Some(object) => {
                let admin = role == Role::Admin && !object.has(TpmaObject::ADMIN_WITH_POLICY);
                object.sensitive.is_some() && (object.has(TpmaObject::USER_WITH_AUTH) || admin)
            }
        },
        HT_NV_INDEX => tpm.state.nv.get(entity).is_some_and(|index| match index.kind() {
            _ if writes_nv(command.code) => index.attributes.has(NvAttributes::AUTHWRITE),
            // A PIN's value is there to be used in a policy, with or without AUTHREAD.
            NvKind::PinFail | NvKind::PinPass => index.is_auth_available(),
            _ => index.attributes.has(NvAttributes::AUTHREAD),
        }),
        _ => true,
    }
}

/// Whether the entity's policy may be used for this command.
fn policy_available(tpm: &Tpm, entity: u32, command: &Command, role: Role) -> bool {
    match handle_type(entity) {
        HT_TRANSIENT | HT_PERSISTENT => {
            tpm.state.objects.object(entity).is_some_and(|object| object.sensitive.is_some())
        }
        HT_NV_INDEX => {
            tpm.state.nv.get(entity).is_some_and(|index| nv_policy_available(index, command, role))
        }
        HT_PCR => tpm.state.pcr.policy(entity).is_some(),
        _ => TpmRh::try_from(entity)
            .ok()
            .and_then(|rh| tpm.state.hierarchies.get(rh))
            .is_some_and(|hierarchy| hierarchy.policy.is_some()),
    }
}

fn nv_policy_available(index: &NvIndex, command: &Command, role: Role) -> bool {
    if index.policy.is_empty() {
        return false;
    }
    let needed = if writes_nv(command.code) { NvAttributes::POLICYWRITE } else { NvAttributes::POLICYREAD };
    role == Role::Admin || index.attributes.has(needed)
}
