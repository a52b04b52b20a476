//! Duplication (part 3, chapter 13; part 1, "Duplication").

use crate::Tpm;
use crate::command::Call;
use crate::commands::object::{read_private, wrap};

use crate::entity::RH_NULL;
use crate::object::protection::{self, Inner, of_new_parent};
use crate::object::secret::{self, label};
use crate::object::sensitive::trim_auth;
use crate::object::{Object, Public, SymDef, checks};
use crate::rc::Rc;
use std::sync::Arc;
use tpm2_protocol::data::{Tpm2bData, Tpm2bEncryptedSecret, Tpm2bName, TpmAlgId, TpmaObject};

/// The new parent of a duplicate: a public area of a storage key, with or without its private part.
fn new_parent(tpm: &Tpm, handle: u32) -> Result<Option<Arc<Object>>, Rc> {
    if handle == RH_NULL {
        return Ok(None);
    }
    let object = tpm.object(handle).map_err(|_| Rc::TYPE)?;
    let asymmetric = matches!(object.object_type(), TpmAlgId::Rsa | TpmAlgId::Ecc);
    if object.public.is_storage_parent() && asymmetric { Ok(Some(object)) } else { Err(Rc::TYPE) }
}

/// TPMT_SYM_DEF_OBJECT+ of an inner wrapper. Its mode is not looked at: inner wrappers are in CFB mode.
fn read_inner(call: &mut Call) -> Result<Option<SymDef>, Rc> {
    call.params.read_with(SymDef::read_nullable)
}

/// TPM2_Duplicate.
pub fn duplicate(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let key_in: Tpm2bData = call.params.read()?;
    let inner = read_inner(call)?;
    call.params.finish()?;
    let object = tpm.object(call.handles[0]).map_err(|_| Rc::TYPE.handle(1))?;
    let parent = new_parent(tpm, call.handles[1]).map_err(|rc| rc.handle(2))?;
    if object.has(TpmaObject::FIXED_PARENT) {
        return Err(Rc::ATTRIBUTES.handle(1));
    }
    let hash = object.public.name_alg.ok_or(Rc::TYPE.handle(1))?;
    if object.has(TpmaObject::ENCRYPTED_DUPLICATION) {
        if inner.is_none() {
            return Err(Rc::SYMMETRIC.param(2));
        }
        if parent.is_none() {
            return Err(Rc::HIERARCHY.handle(2));
        }
    }
    if !key_in.is_empty() && inner.is_none_or(|inner| key_in.len() != inner.key_size()) {
        return Err(Rc::SIZE.param(1));
    }
    let sensitive = object.sensitive.as_ref().ok_or(Rc::AUTH_UNAVAILABLE)?;
    let mut data = protection::sized(&object.public, sensitive);
    let mut key_out = Vec::new();
    if let Some(inner) = inner {
        let key = if key_in.is_empty() {
            key_out = tpm.state.rng.bytes(inner.key_size());
            key_out.clone()
        } else {
            key_in.to_vec()
        };
        data = Inner { hash, key: &key }.wrap(&object.name, &data);
    }
    let mut wire = Vec::new();
    if let Some(parent) = parent {
        let (seed, shared) =
            secret::share(&parent.public, label::DUPLICATE, &mut tpm.state.rng).map_err(|rc| rc.handle(2))?;
        data = of_new_parent(&parent.public, &seed).wrap(&object.name, None, data);
        wire = shared;
    }
    call.out.put_2b(&key_out);
    call.out.put_2b(&data);
    call.out.put_2b(&wire);
    Ok(())
}

/// TPM2_Rewrap.
pub fn rewrap(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let duplicate = call.params.read_with(read_private)?;
    let name: Tpm2bName = call.params.read()?;
    let wire: Tpm2bEncryptedSecret = call.params.read()?;
    call.params.finish()?;
    let (old, new) = (call.handles[0], call.handles[1]);
    if (wire.is_empty()) != (old == RH_NULL) {
        return Err(Rc::HANDLE.handle(1));
    }
    let mut data = duplicate;
    if old != RH_NULL {
        let old = tpm.object(old).map_err(|_| Rc::TYPE.handle(1))?;
        checks::storage_parent(&old).map_err(|rc| rc.handle(1))?;
        let seed = secret::recover(&old, label::DUPLICATE, &[], &wire).map_err(|_| Rc::VALUE.param(3))?;
        data = of_new_parent(&old.public, &seed).unwrap(&name, false, &data).map_err(|rc| rc.param(1))?;
    }
    let mut shared = Vec::new();
    if let Some(parent) = new_parent(tpm, new).map_err(|rc| rc.handle(2))? {
        let (seed, out) =
            secret::share(&parent.public, label::DUPLICATE, &mut tpm.state.rng).map_err(|rc| rc.handle(2))?;
        data = of_new_parent(&parent.public, &seed).wrap(&name, None, data);
        shared = out;
    }
    call.out.put_2b(&data);
    call.out.put_2b(&shared);
    Ok(())
}

/// TPM2_Import.
pub fn import(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let key: Tpm2bData = call.params.read()?;
    let public: Public = call.params.read_sized()?;
    let duplicate = call.params.read_with(read_private)?;
    let wire: Tpm2bEncryptedSecret = call.params.read()?;
    let inner = read_inner(call)?;
    call.params.finish()?;
    tpm.check_curve(&public.parameters).map_err(|rc| rc.param(2))?;
    if public.has(TpmaObject::FIXED_TPM) || public.has(TpmaObject::FIXED_PARENT) {
        return Err(Rc::ATTRIBUTES.param(2));
    }
    let parent = tpm.object(call.handles[0]).map_err(|_| Rc::TYPE.handle(1))?;
    checks::storage_parent(&parent).map_err(|rc| rc.handle(1))?;
    if public.has(TpmaObject::ENCRYPTED_DUPLICATION) {
        // Encrypted duplication wants both wrappers.
        if inner.is_none() {
            return Err(Rc::ATTRIBUTES.param(1));
        }
        if wire.is_empty() {
            return Err(Rc::ATTRIBUTES.param(4));
        }
    }
    match inner {
        None if !key.is_empty() => return Err(Rc::SIZE.param(1)),
        Some(inner) if key.len() != inner.key_size() => return Err(Rc::SIZE.param(1)),
        _ => {}
    }
    let hash = public.name_alg.ok_or(Rc::HASH.param(2))?;
    let name = public.name();
    let mut data = duplicate;
    if !wire.is_empty() {
        let seed = secret::recover(&parent, label::DUPLICATE, &[], &wire).map_err(|rc| rc.param(4))?;
        data = of_new_parent(&parent.public, &seed).unwrap(&name, false, &data).map_err(|rc| rc.param(3))?;
    }
    if inner.is_some() {
        data = Inner { hash, key: &key }.unwrap(&name, &data).map_err(|rc| rc.param(3))?;
    }
    let mut sensitive = protection::parse(&data).map_err(|rc| rc.param(3))?;
    checks::load(Some(&parent.public), &public, Some(&sensitive)).map_err(|blame| blame.at(2, 3))?;
    sensitive.1.auth_value = trim_auth(&sensitive.1.auth_value);
    let private = wrap(tpm, &parent, &public, &sensitive.1);
    call.out.put_2b(&private);
    Ok(())
}
