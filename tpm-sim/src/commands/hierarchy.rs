//! Hierarchies (part 3, chapter 24).

use crate::Tpm;
use crate::command::{Call, find, flag};
use crate::commands::object::{Creation, load_primary};
use crate::crypto::HashAlg;
use crate::object::create::SensitiveCreate;
use crate::object::sensitive::trim_auth;
use crate::object::{Public, checks};
use crate::params::{self, Param};
use crate::rc::Rc;
use crate::state::Shutdown;
use crate::state::limits::SEED_SIZE;
use tpm2_protocol::data::{Tpm2bAuth, Tpm2bDigest, TpmCc, TpmRh};

/// The hierarchy of a handle that the table restricts to hierarchies.
fn hierarchy(handle: u32) -> TpmRh {
    TpmRh::try_from(handle).expect("the dispatcher lets only hierarchies through")
}

/// What Shutdown(STATE) has saved of the platform's and of all enables no longer holds: the next start can be no resume.
fn end_orderly(tpm: &mut Tpm) {
    tpm.state.shutdown = Shutdown::None;
}

/// TPM2_CreatePrimary.
pub fn create_primary(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let given: SensitiveCreate = call.params.read_sized()?;
    let public: Public = call.params.read_sized()?;
    let creation = Creation::read(call)?;
    call.params.finish()?;
    tpm.check_curve(&public.parameters).map_err(|rc| rc.param(2))?;
    tpm.state.objects.free_handle()?;
    let hierarchy = hierarchy(call.handles[0]);
    checks::template(None, &public, given.data.len()).map_err(|rc| rc.param(2))?;
    let (handle, object) = load_primary(tpm, hierarchy, public, &given)?;
    call.out.handle(handle);
    call.out.put_sized(&object.public);
    creation.answer(tpm, call, &object.public, Err(hierarchy));
    call.out.put_2b(&object.name);
    Ok(())
}

/// TPM2_HierarchyControl.
pub fn hierarchy_control(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let enable = call.params.read_with(|buf| match TpmRh::try_from(u32::read(buf)?) {
        Ok(rh @ (TpmRh::Owner | TpmRh::Endorsement | TpmRh::Platform | TpmRh::PlatformNv)) => Ok(rh),
        _ => Err(Rc::VALUE),
    })?;
    let state: bool = call.params.read()?;
    call.params.finish()?;
    let auth = hierarchy(call.handles[0]);
    // Everybody may disable himself; all else is the platform's.
    let own = auth == enable && matches!(enable, TpmRh::Owner | TpmRh::Endorsement) && !state;
    if auth != TpmRh::Platform && !own {
        return Err(Rc::AUTH_TYPE);
    }
    let hierarchies = &mut tpm.state.hierarchies;
    let enabled = match enable {
        TpmRh::PlatformNv => &mut hierarchies.platform_nv,
        _ => &mut hierarchies.get_mut(enable).expect("one of the hierarchies").enabled,
    };
    if *enabled == state {
        return Ok(());
    }
    *enabled = state;
    end_orderly(tpm);
    if !state && enable != TpmRh::PlatformNv {
        tpm.state.objects.transient.retain(|_, object| !object.is_in(enable));
    }
    Ok(())
}

/// TPM2_SetPrimaryPolicy.
pub fn set_primary_policy(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let policy: Tpm2bDigest = call.params.read()?;
    let alg: Option<HashAlg> = call.params.read()?;
    call.params.finish()?;
    if policy.len() != alg.map_or(0, HashAlg::size) {
        return Err(Rc::SIZE.param(1));
    }
    let hierarchy = hierarchy(call.handles[0]);
    if hierarchy == TpmRh::Platform {
        end_orderly(tpm);
    }
    let of = tpm.state.hierarchies.get_mut(hierarchy).expect("one of the hierarchies");
    of.policy = alg.map(|alg| (alg, policy.to_vec()));
    Ok(())
}

/// Forgets all objects of a hierarchy.
fn flush_hierarchy(tpm: &mut Tpm, hierarchy: TpmRh) {
    tpm.state.objects.transient.retain(|_, object| !object.is_in(hierarchy));
    tpm.state.objects.persistent.retain(|_, object| object.hierarchy != hierarchy);
}

/// TPM2_ChangePPS.
pub fn change_pps(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    let (seed, proof) = (tpm.state.rng.bytes(SEED_SIZE), tpm.state.rng.bytes(SEED_SIZE));
    let platform = &mut tpm.state.hierarchies.platform;
    (platform.seed, platform.proof, platform.policy) = (seed, proof, None);
    flush_hierarchy(tpm, TpmRh::Platform);
    Ok(())
}

/// TPM2_ChangeEPS.
pub fn change_eps(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    let (seed, proof) = (tpm.state.rng.bytes(SEED_SIZE), tpm.state.rng.bytes(SEED_SIZE));
    let endorsement = &mut tpm.state.hierarchies.endorsement;
    (endorsement.seed, endorsement.proof) = (seed, proof);
    endorsement.reset_auth();
    flush_hierarchy(tpm, TpmRh::Endorsement);
    Ok(())
}

/// TPM2_Clear.
pub fn clear(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    if tpm.state.disable_clear {
        return Err(Rc::DISABLED);
    }
    let (seed, owner_proof) = (tpm.state.rng.bytes(SEED_SIZE), tpm.state.rng.bytes(SEED_SIZE));
    let endorsement_proof = tpm.state.rng.bytes(SEED_SIZE);
    flush_hierarchy(tpm, TpmRh::Owner);
    flush_hierarchy(tpm, TpmRh::Endorsement);
    tpm.state.nv.clear_owner();
    let hierarchies = &mut tpm.state.hierarchies;
    hierarchies.owner.seed = seed;
    hierarchies.owner.proof = owner_proof;
    hierarchies.endorsement.proof = endorsement_proof;
    for of in [&mut hierarchies.owner, &mut hierarchies.endorsement, &mut hierarchies.lockout] {
        of.enabled = true;
        of.reset_auth();
    }
    tpm.state.da = crate::state::dictionary_attack::DictionaryAttack::default();
    tpm.state.clock.clear();
    // Policies that have seen PCRs have to be begun anew.
    tpm.state.pcr.count_change(0);
    Ok(())
}

/// TPM2_ClearControl.
pub fn clear_control(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let disable: bool = call.params.read()?;
    call.params.finish()?;
    if !disable && hierarchy(call.handles[0]) == TpmRh::Lockout {
        return Err(Rc::AUTH_FAIL);
    }
    tpm.state.disable_clear = disable;
    Ok(())
}

/// TPM2_HierarchyChangeAuth.
pub fn hierarchy_change_auth(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let new_auth: Tpm2bAuth = call.params.read()?;
    call.params.finish()?;
    let new_auth = trim_auth(&new_auth);
    let hierarchy = hierarchy(call.handles[0]);
    if hierarchy == TpmRh::Platform {
        end_orderly(tpm);
    }
    let of = tpm.state.hierarchies.get_mut(hierarchy).expect("one of the hierarchies");
    of.auth_value = new_auth;
    Ok(())
}

/// TPM2_PP_Commands. Who drives the TPM asserts physical presence, if anybody does ([`Tpm::set_physical_presence`]); without
/// it a command that needs it is refused.
pub fn pp_commands(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let set: Vec<u32> = call.params.read_with(|buf| params::list(buf, 256))?;
    let clear: Vec<u32> = call.params.read_with(|buf| params::list(buf, 256))?;
    call.params.finish()?;
    let may = |code: &u32| {
        *code != TpmCc::PpCommands.value() && find(*code).is_some_and(|found| found.has(flag::PP))
    };
    tpm.state.pp_commands.extend(set.into_iter().filter(may));
    for code in clear.iter().filter(|code| may(code)) {
        tpm.state.pp_commands.remove(code);
    }
    Ok(())
}

/// TPM2_SetAlgorithmSet.
pub fn set_algorithm_set(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let set = call.params.read()?;
    call.params.finish()?;
    tpm.state.algorithm_set = set;
    Ok(())
}
