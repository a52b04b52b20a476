//! Objects (part 3, chapter 12).

use crate::Tpm;
use crate::command::Call;
use crate::entity::{HT_PERMANENT, handle_type};
use crate::object::create::{self, SensitiveCreate};
use crate::object::protection::{self, BLOCK};
use crate::object::sensitive::trim_auth;
use crate::object::{Object, Parameters, Public, Sensitive, Unique, checks, ticket};
use crate::params::{self, Param, put_2b, take_2b};
use crate::rc::Rc;
use crate::state::pcr::{PcrSelection, selections_to_wire};
use tpm2_protocol::data::{Tpm2bData, TpmAlgId, TpmRh, TpmSt, TpmaObject};

mod loaded;
pub use loaded::create_loaded;

/// What goes into creation data besides the TPM's state.
pub(crate) struct Creation {
    pub(crate) outside_info: Vec<u8>,
    pub(crate) pcrs: Vec<PcrSelection>,
}

impl Creation {
    pub(crate) fn read(call: &mut Call) -> Result<Self, Rc> {
        let outside_info: Tpm2bData = call.params.read()?;
        let pcrs = call.params.read_with(params::pcr_selections)?;
        Ok(Self { outside_info: outside_info.to_vec(), pcrs })
    }

    /// TPMS_CREATION_DATA of an object below `parent`, which is an object or a hierarchy.
    fn data(&self, tpm: &Tpm, public: &Public, parent: Result<&Object, TpmRh>) -> Vec<u8> {
        let hash = public.name_alg.expect("a template without nameAlg has been refused");
        let mut out = selections_to_wire(&self.pcrs);
        put_2b(&mut out, &tpm.state.pcr.digest(hash, &tpm.state.pcr.filter(&self.pcrs)));
        out.push(locality_attribute(tpm.state.locality));
        match parent {
            Ok(parent) => {
                let alg = parent.public.name_alg.expect("a parent has a Name");
                params::put(&mut out, &alg.alg());
                put_2b(&mut out, &parent.name);
                put_2b(&mut out, &parent.qualified_name);
            }
            Err(hierarchy) => {
                params::put(&mut out, &TpmAlgId::Null);
                put_2b(&mut out, &hierarchy.value().to_be_bytes());
                put_2b(&mut out, &hierarchy.value().to_be_bytes());
            }
        }
        put_2b(&mut out, &self.outside_info);
        out
    }

    /// Appends creationData, creationHash and creationTicket.
    pub(crate) fn answer(&self, tpm: &Tpm, call: &mut Call, public: &Public, parent: Result<&Object, TpmRh>) {
        let data = self.data(tpm, public, parent);
        let hash = public.name_alg.expect("a template without nameAlg has been refused").digest(&[&data]);
        let hierarchy = parent.map_or_else(|hierarchy| hierarchy, |parent| parent.hierarchy);
        let creation = ticket::creation(tpm, hierarchy, &public.name(), &hash);
        call.out.put_2b(&data);
        call.out.put_2b(&hash);
        ticket::put(&mut call.out, TpmSt::Creation, hierarchy, &creation);
    }
}

/// TPMA_LOCALITY of one locality.
fn locality_attribute(locality: u8) -> u8 {
    if locality < 5 { 1 << locality } else { locality }
}

/// TPM2_Create.
pub fn create(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let given: SensitiveCreate = call.params.read_sized()?;
    let mut public: Public = call.params.read_sized()?;
    let creation = Creation::read(call)?;
    call.params.finish()?;
    tpm.check_curve(&public.parameters).map_err(|rc| rc.param(2))?;
    // The new object takes a slot while it is made.
    tpm.state.objects.free_handle()?;
    let parent = tpm.object(call.handles[0]).map_err(|_| Rc::TYPE.handle(1))?;
    checks::storage_parent(&parent).map_err(|rc| rc.handle(1))?;
    checks::template(Some(&parent.public), &public, given.data.len()).map_err(|rc| rc.param(2))?;
    let auth_value = create::auth_value(&public, &given.user_auth).map_err(|rc| rc.param(1))?;
    let sensitive = create::fill(&mut public, auth_value, &given.data, &mut tpm.state.rng)?;
    let private = wrap(tpm, &parent, &public, &sensitive);
    call.out.put_2b(&private);
    call.out.put_sized(&public);
    creation.answer(tpm, call, &public, Ok(&parent));
    Ok(())
}

/// TPM2B_PRIVATE (its contents) of a child.
pub(crate) fn wrap(tpm: &mut Tpm, parent: &Object, public: &Public, sensitive: &Sensitive) -> Vec<u8> {
    let iv = tpm.state.rng.bytes(BLOCK);
    let seed = parent.sensitive.as_ref().expect("a parent has a sensitive area");
    let protector = protection::of_parent(&parent.public, seed);
    protection::wrap(protector, &public.name(), &iv, public, sensitive)
}

/// TPM2_Load.
pub fn load(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let private = call.params.read_with(read_private)?;
    let public: Public = call.params.read_sized()?;
    call.params.finish()?;
    tpm.check_curve(&public.parameters).map_err(|rc| rc.param(2))?;
    tpm.state.objects.free_handle()?;
    if private.is_empty() {
        return Err(Rc::SIZE.param(1));
    }
    let parent = tpm.object(call.handles[0]).map_err(|_| Rc::TYPE.handle(1))?;
    checks::storage_parent(&parent).map_err(|rc| rc.handle(1))?;
    let seed = parent.sensitive.as_ref().expect("a parent has a sensitive area");
    let protector = protection::of_parent(&parent.public, seed);
    let sensitive = protection::unwrap(protector, &public.name(), &private).map_err(|rc| rc.param(1))?;
    checks::load_again(&parent.public, &public, &sensitive).map_err(|blame| blame.at(2, 1))?;
    let mut sensitive = sensitive.1;
    sensitive.auth_value = trim_auth(&sensitive.auth_value);
    let object = create::below(&parent, public, Some(sensitive));
    let name = object.name.clone();
    call.out.handle(tpm.state.objects.load(object)?);
    call.out.put_2b(&name);
    Ok(())
}

/// Most bytes of a TPM2B_PRIVATE: two digests with sizes, an IV, and the largest sensitive area.
const MAX_PRIVATE: usize = 1408;

/// TPM2B_PRIVATE.
pub(crate) fn read_private(buf: &mut &[u8]) -> Result<Vec<u8>, Rc> {
    Ok(take_2b(buf, MAX_PRIVATE)?.to_vec())
}

/// TPM2_LoadExternal.
pub fn load_external(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let sensitive = call.params.read_with(Sensitive::read_sized)?;
    // TPM2B_PUBLIC+: nameAlg may be TPM_ALG_NULL.
    let Nameless(public) = call.params.read_sized()?;
    let hierarchy = call.params.read_with(params::hierarchy)?;
    call.params.finish()?;
    tpm.check_curve(&public.parameters).map_err(|rc| rc.param(2))?;
    tpm.state.objects.free_handle()?;
    if !tpm.state.hierarchies.get(hierarchy).is_some_and(|hierarchy| hierarchy.enabled) {
        return Err(Rc::HIERARCHY.param(3));
    }
    if sensitive.is_some() {
        if hierarchy != TpmRh::Null {
            return Err(Rc::HIERARCHY.param(3));
        }
        let own = [TpmaObject::FIXED_TPM, TpmaObject::FIXED_PARENT, TpmaObject::RESTRICTED];
        if own.into_iter().any(|attribute| public.has(attribute)) {
            return Err(Rc::ATTRIBUTES.param(2));
        }
    }
    checks::load(None, &public, sensitive.as_ref()).map_err(|blame| blame.at(2, 1))?;
    let name = public.name();
    let qualified_name = create::qualified_name(&hierarchy.value().to_be_bytes(), &public, &name);
    let sensitive = sensitive.map(|(_, mut sensitive)| {
        sensitive.auth_value = trim_auth(&sensitive.auth_value);
        sensitive
    });
    let st_clear = public.has(TpmaObject::ST_CLEAR);
    let object =
        Object { public, sensitive, name: name.clone(), qualified_name, hierarchy, external: true, st_clear };
    call.out.handle(tpm.state.objects.load(object)?);
    call.out.put_2b(&name);
    Ok(())
}

struct Nameless(Public);

impl Param for Nameless {
    fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
        Public::read(buf, true).map(Self)
    }
}

/// TPM2_ReadPublic.
pub fn read_public(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    let object = tpm.object(call.handles[0]).map_err(|_| Rc::SEQUENCE)?;
    call.out.put_sized(&object.public);
    call.out.put_2b(&object.name);
    call.out.put_2b(&object.qualified_name);
    Ok(())
}

/// TPM2_Unseal.
pub fn unseal(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    let object = tpm.object(call.handles[0]).map_err(|_| Rc::TYPE.handle(1))?;
    if object.object_type() != TpmAlgId::KeyedHash {
        return Err(Rc::TYPE.handle(1));
    }
    let key = [TpmaObject::DECRYPT, TpmaObject::SIGN_ENCRYPT, TpmaObject::RESTRICTED];
    if key.into_iter().any(|attribute| object.has(attribute)) {
        return Err(Rc::ATTRIBUTES.handle(1));
    }
    let sensitive = object.sensitive.as_ref().ok_or(Rc::AUTH_UNAVAILABLE)?;
    call.out.put_2b(&sensitive.sensitive);
    Ok(())
}

/// TPM2_ObjectChangeAuth.
pub fn object_change_auth(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let new_auth: tpm2_protocol::data::Tpm2bAuth = call.params.read()?;
    call.params.finish()?;
    let object = tpm.object(call.handles[0]).map_err(|_| Rc::TYPE.handle(1))?;
    let parent = tpm.object(call.handles[1]).map_err(|_| Rc::TYPE.handle(2))?;
    checks::storage_parent(&parent).map_err(|rc| rc.handle(2))?;
    if create::qualified_name(&parent.qualified_name, &object.public, &object.name) != object.qualified_name {
        return Err(Rc::TYPE.handle(2));
    }
    let mut sensitive = object.sensitive.clone().ok_or(Rc::AUTH_UNAVAILABLE)?;
    sensitive.auth_value = create::auth_value(&object.public, &new_auth).map_err(|rc| rc.param(1))?;
    let private = wrap(tpm, &parent, &object.public, &sensitive);
    call.out.put_2b(&private);
    Ok(())
}

/// A hierarchy as a parent, by its handle.
pub(crate) fn hierarchy_of(handle: u32) -> Option<TpmRh> {
    (handle_type(handle) == HT_PERMANENT).then(|| TpmRh::try_from(handle).ok()).flatten()
}

/// Creates a primary object from a template that has been checked, and loads it.
pub(crate) fn load_primary(
    tpm: &mut Tpm,
    hierarchy: TpmRh,
    mut public: Public,
    given: &SensitiveCreate,
) -> Result<(u32, Object), Rc> {
    tpm.state.objects.free_handle()?;
    let mut stream = create::primary_stream(tpm, hierarchy, &public, &given.data);
    let auth_value = create::auth_value(&public, &given.user_auth).map_err(|rc| rc.param(1))?;
    let sensitive = create::fill(&mut public, auth_value, &given.data, &mut stream)?;
    let object = create::primary(hierarchy, public, sensitive);
    Ok((tpm.state.objects.load(object.clone())?, object))
}
