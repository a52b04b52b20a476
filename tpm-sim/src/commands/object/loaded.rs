//! TPM2_CreateLoaded (part 3, section 12.9): a primary, ordinary or derived object, created and loaded at once.

use super::{
    Object, Parameters, Public, SensitiveCreate, Unique, checks, create, hierarchy_of, load_primary, wrap,
};
use crate::Tpm;
use crate::command::Call;
use crate::params::take_2b;
use crate::rc::Rc;
use tpm2_protocol::data::TpmaObject;

/// TPM2_CreateLoaded.
pub fn create_loaded(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let given: SensitiveCreate = call.params.read_sized()?;
    // TPM2B_TEMPLATE: what it holds depends on the parent, and has to fill it.
    let template = call.params.read_with(|buf| Ok(take_2b(buf, 1024)?.to_vec()))?;
    call.params.finish()?;
    tpm.state.objects.free_handle()?;
    if let Some(hierarchy) = hierarchy_of(call.handles[0]) {
        let public = read_template(&template).map_err(|rc| rc.param(2))?;
        tpm.check_curve(&public.parameters).map_err(|rc| rc.param(2))?;
        checks::template(None, &public, given.data.len()).map_err(|rc| rc.param(2))?;
        let (handle, object) = load_primary(tpm, hierarchy, public, &given)?;
        answer(call, handle, &[], &object);
        return Ok(());
    }
    let parent = tpm.object(call.handles[0]).map_err(|_| Rc::TYPE.handle(1))?;
    if !parent.is_parent() {
        return Err(Rc::TYPE.handle(1));
    }
    let (public, sensitive, private) = if parent.public.is_derivation_parent() {
        let (mut public, label, context) = read_derived(&template).map_err(|rc| rc.param(2))?;
        tpm.check_curve(&public.parameters).map_err(|rc| rc.param(2))?;
        let (label, context) = override_label(&given.data, label, context)?;
        if public.has(TpmaObject::SENSITIVE_DATA_ORIGIN) {
            return Err(Rc::ATTRIBUTES);
        }
        if matches!(public.parameters, Parameters::Rsa { .. }) {
            return Err(Rc::TYPE.param(2));
        }
        checks::template(Some(&parent.public), &public, 0).map_err(|rc| rc.param(2))?;
        let mut stream = create::derived_stream(&parent, &label, &context);
        let auth_value = create::auth_value(&public, &given.user_auth).map_err(|rc| rc.param(1))?;
        let sensitive = create::fill(&mut public, auth_value, &[], &mut stream)?;
        (public, sensitive, Vec::new())
    } else {
        let mut public = read_template(&template).map_err(|rc| rc.param(2))?;
        tpm.check_curve(&public.parameters).map_err(|rc| rc.param(2))?;
        checks::template(Some(&parent.public), &public, given.data.len()).map_err(|rc| rc.param(2))?;
        let auth_value = create::auth_value(&public, &given.user_auth).map_err(|rc| rc.param(1))?;
        let sensitive = create::fill(&mut public, auth_value, &given.data, &mut tpm.state.rng)?;
        let private = wrap(tpm, &parent, &public, &sensitive);
        (public, sensitive, private)
    };
    let object = create::below(&parent, public, Some(sensitive));
    let handle = tpm.state.objects.load(object.clone())?;
    answer(call, handle, &private, &object);
    Ok(())
}

fn answer(call: &mut Call, handle: u32, private: &[u8], object: &Object) {
    call.out.handle(handle);
    call.out.put_2b(private);
    call.out.put_sized(&object.public);
    call.out.put_2b(&object.name);
}

fn read_template(template: &[u8]) -> Result<Public, Rc> {
    let mut rest = template;
    let public = Public::read(&mut rest, false)?;
    if rest.is_empty() { Ok(public) } else { Err(Rc::SIZE) }
}

/// TPMT_TEMPLATE below a derivation parent: TPMS_DERIVE (label, context) stands in the place of `unique`. The public area
/// with an empty `unique`, label and context.
fn read_derived(template: &[u8]) -> Result<(Public, Vec<u8>, Vec<u8>), Rc> {
    // An ECC point has the form of TPMS_DERIVE, the other forms of unique are one buffer short of it.
    let mut rest = template;
    let mut public = Public::read(&mut rest, false)?;
    let (label, context) = match &public.unique {
        Unique::Ecc { x, y } => (x.clone(), y.clone()),
        Unique::Digest(label) | Unique::Rsa(label) => {
            (label.clone(), take_2b(&mut rest, MAX_LABEL)?.to_vec())
        }
    };
    if label.len() > MAX_LABEL || context.len() > MAX_LABEL || !rest.is_empty() {
        return Err(Rc::SIZE);
    }
    public.unique = match public.unique {
        Unique::Ecc { .. } => Unique::Ecc { x: Vec::new(), y: Vec::new() },
        Unique::Rsa(_) => Unique::Rsa(Vec::new()),
        Unique::Digest(_) => Unique::Digest(Vec::new()),
    };
    Ok((public, label, context))
}

/// Most bytes of a TPM2B_LABEL (LABEL_MAX_BUFFER).
const MAX_LABEL: usize = 48;

/// Label and context from inSensitive, where it has them, in the place of the template's.
fn override_label(data: &[u8], label: Vec<u8>, context: Vec<u8>) -> Result<(Vec<u8>, Vec<u8>), Rc> {
    if data.is_empty() {
        return Ok((label, context));
    }
    let mut rest = data;
    let own_label = take_2b(&mut rest, MAX_LABEL)?.to_vec();
    let own_context = take_2b(&mut rest, MAX_LABEL)?.to_vec();
    if !rest.is_empty() {
        return Err(Rc::SIZE);
    }
    let choose = |own: Vec<u8>, template| if own.is_empty() { template } else { own };
    Ok((choose(own_label, label), choose(own_context, context)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::put_2b;

    #[test]
    fn label_and_context_of_the_caller_win_where_they_are_given() {
        let mut data = Vec::new();
        put_2b(&mut data, b"own");
        put_2b(&mut data, b"");
        let chosen = override_label(&data, b"label".to_vec(), b"context".to_vec()).unwrap();
        assert_eq!(chosen, (b"own".to_vec(), b"context".to_vec()));
        assert_eq!(override_label(&[0, 9], Vec::new(), Vec::new()), Err(Rc::INSUFFICIENT));
    }
}
