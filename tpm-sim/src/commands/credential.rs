//! Credentials (part 3, sections 12.5 and 12.6; part 1, "Credential Protection").

use crate::Tpm;
use crate::command::Call;
use crate::object::protection::of_new_parent;
use crate::object::secret::{self, label};
use crate::object::{Object, Parameters};
use crate::params::{put_2b, take_2b};
use crate::rc::Rc;
use tpm2_protocol::data::{Tpm2bDigest, Tpm2bEncryptedSecret, Tpm2bIdObject, Tpm2bName, TpmaObject};

/// An asymmetric storage key, as an EK is: TPM_RC_TYPE for any other.
fn check_key(key: &Object) -> Result<(), Rc> {
    let asymmetric = matches!(key.public.parameters, Parameters::Rsa { .. } | Parameters::Ecc { .. });
    if asymmetric && key.has(TpmaObject::RESTRICTED | TpmaObject::DECRYPT) { Ok(()) } else { Err(Rc::TYPE) }
}

/// TPM2_MakeCredential.
pub fn make_credential(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let credential: Tpm2bDigest = call.params.read()?;
    let name: Tpm2bName = call.params.read()?;
    call.params.finish()?;
    let key = tpm.object(call.handles[0]).map_err(|_| Rc::TYPE.handle(1))?;
    check_key(&key).map_err(|rc| rc.handle(1))?;
    if credential.len() > key.public.name_alg.map_or(0, crate::crypto::HashAlg::size) {
        return Err(Rc::SIZE.param(1));
    }
    let (seed, wire) =
        secret::share(&key.public, label::IDENTITY, &mut tpm.state.rng).map_err(|rc| rc.handle(1))?;
    let mut identity = Vec::new();
    put_2b(&mut identity, &credential);
    let blob = of_new_parent(&key.public, &seed).wrap(&name, None, identity);
    call.out.put_2b(&blob);
    call.out.put_2b(&wire);
    Ok(())
}

/// TPM2_ActivateCredential.
pub fn activate_credential(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let blob: Tpm2bIdObject = call.params.read()?;
    let wire: Tpm2bEncryptedSecret = call.params.read()?;
    call.params.finish()?;
    let activated = tpm.object(call.handles[0]).map_err(|_| Rc::TYPE.handle(1))?;
    let key = tpm.object(call.handles[1]).map_err(|_| Rc::TYPE.handle(2))?;
    check_key(&key).map_err(|rc| rc.handle(2))?;
    // The reference implementation answers a secret that does not decrypt with TPM_RC_FAILURE, and clients know it.
    let refuse = |rc: Rc| if rc == Rc::VALUE { Rc::FAILURE } else { rc.param(2) };
    let seed = secret::recover(&key, label::IDENTITY, &[], &wire).map_err(refuse)?;
    let protector = of_new_parent(&key.public, &seed);
    let identity = protector.unwrap(&activated.name, false, &blob).map_err(|rc| rc.param(1))?;
    let mut rest = identity.as_slice();
    let credential = take_2b(&mut rest, crate::crypto::HashAlg::MAX_SIZE).map_err(|rc| rc.param(1))?;
    if !rest.is_empty() {
        return Err(Rc::SIZE.param(1));
    }
    call.out.put_2b(credential);
    Ok(())
}
