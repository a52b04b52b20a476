//! Signing and signature verification (part 3, chapter 20).

use crate::Tpm;
use crate::command::Call;
use crate::crypto::equal;
use crate::object::{Scheme, ticket};
use crate::rc::Rc;
use crate::signature;
use tpm2_protocol::data::{Tpm2bDigest, TpmRh, TpmaObject, TpmtSignature, TpmtTkHashcheck};

/// TPMA_OBJECT.x509sign: the key signs certificates (TPM2_CertifyX509) and nothing else.
pub(crate) const X509_SIGN: u32 = 1 << 19;

/// TPM2_Sign: a digest. A restricted key wants a ticket that says that the TPM made the digest, from data that doesn't pretend to
/// come from the TPM.
pub fn sign(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let digest: Tpm2bDigest = call.params.read()?;
    let asked = call.params.read_with(Scheme::read_signing)?;
    let validation: TpmtTkHashcheck = call.params.read()?;
    call.params.finish()?;
    let key = tpm.object(call.handles[0]).map_err(|_| Rc::KEY.handle(1))?;
    if !signature::can_sign(&key) {
        return Err(Rc::KEY.handle(1));
    }
    if key.public.attributes.bits() & X509_SIGN != 0 {
        return Err(Rc::ATTRIBUTES.handle(1));
    }
    let scheme = signature::select_scheme(Some(&key), asked).map_err(|rc| rc.param(2))?;
    let hash = scheme.hash.ok_or(Rc::SCHEME.param(2))?;
    if !validation.digest.is_empty() || key.has(TpmaObject::RESTRICTED) {
        let expected = ticket::hashcheck(tpm, validation.hierarchy, hash.alg(), &digest);
        if !equal(&expected, &validation.digest) {
            return Err(Rc::TICKET.param(3));
        }
    } else if digest.len() != hash.size() {
        return Err(Rc::SIZE.param(1));
    }
    let signed = signature::sign(tpm, &key, scheme, &digest)?;
    call.out.bytes.extend(signed);
    Ok(())
}

/// TPM2_VerifySignature: the ticket says that the signature over the digest was good under the key.
pub fn verify_signature(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let digest: Tpm2bDigest = call.params.read()?;
    let given: TpmtSignature = call.params.read()?;
    call.params.finish()?;
    let key = tpm.object(call.handles[0]).map_err(|_| Rc::ATTRIBUTES.handle(1))?;
    if !key.has(TpmaObject::SIGN_ENCRYPT) {
        return Err(Rc::ATTRIBUTES.handle(1));
    }
    signature::verify(&key, &digest, &given).map_err(|rc| rc.param(2))?;
    let (hierarchy, ticket) = if key.hierarchy == TpmRh::Null || key.public.name_alg.is_none() {
        (TpmRh::Null, Vec::new())
    } else {
        (key.hierarchy, ticket::verified(tpm, key.hierarchy, &digest, &key.name))
    };
    ticket::put(&mut call.out, tpm2_protocol::data::TpmSt::Verified, hierarchy, &ticket);
    Ok(())
}
