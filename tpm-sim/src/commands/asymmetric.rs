//! Asymmetric primitives (part 3, chapter 14).

use super::ephemeral_ec::{curve, put_point, read_point};
use crate::Tpm;
use crate::command::Call;
use crate::crypto::ecc;
use crate::crypto::rsa::{self, RsaError};
use crate::object::public::MAX_RSA_KEY_BYTES;
use crate::object::{Object, Scheme};
use crate::params::{Param, alg, put, put_2b, take_2b};
use crate::rc::Rc;
use crate::signature;
use tpm2_protocol::data::{TpmAlgId, TpmaObject};

/// What the commands on RSA keys take: message or ciphertext, scheme, label.
struct RsaRequest {
    data: Vec<u8>,
    scheme: Scheme,
    label: Vec<u8>,
}

impl RsaRequest {
    fn read(call: &mut Call) -> Result<Self, Rc> {
        let data = call.params.read_with(|buf| Ok(take_2b(buf, MAX_RSA_KEY_BYTES)?.to_vec()))?;
        let scheme = call.params.read_with(Scheme::read_rsa_decrypt)?;
        let label = call.params.read_with(|buf| Ok(take_2b(buf, 64)?.to_vec()))?;
        call.params.finish()?;
        Ok(Self { data, scheme, label })
    }

    /// The label ends in a zero, or isn't there.
    fn check_label(&self) -> Result<(), Rc> {
        if self.label.last().is_some_and(|byte| *byte != 0) { Err(Rc::VALUE.param(3)) } else { Ok(()) }
    }

    /// The key's scheme, or the command's where the key has none.
    fn select_scheme(&self, key: &Object) -> Result<Scheme, Rc> {
        let own = key.public.parameters.scheme();
        match (own.is_null(), self.scheme.is_null()) {
            (true, _) => Ok(self.scheme),
            (false, true) => Ok(own),
            _ if own == self.scheme => Ok(own),
            _ => Err(Rc::SCHEME.param(2)),
        }
    }
}

fn rsa_key(tpm: &Tpm, call: &Call) -> Result<std::sync::Arc<Object>, Rc> {
    match tpm.object(call.handles[0]) {
        Ok(key) if key.object_type() == TpmAlgId::Rsa => Ok(key),
        _ => Err(Rc::KEY.handle(1)),
    }
}

/// TPM2_RSA_Encrypt.
pub fn rsa_encrypt(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let request = RsaRequest::read(call)?;
    let key = rsa_key(tpm, call)?;
    if !key.has(TpmaObject::DECRYPT) {
        return Err(Rc::ATTRIBUTES.handle(1));
    }
    request.check_label()?;
    let scheme = request.select_scheme(&key)?;
    let public = signature::rsa_public(&key).map_err(|rc| rc.handle(1))?;
    let rng = &mut tpm.state.rng;
    let sealed = match (scheme.alg, scheme.hash) {
        (TpmAlgId::Null, _) => public.raw(&request.data),
        (TpmAlgId::Rsaes, _) => rsa::rsaes_encrypt(&public, &request.data, rng),
        (TpmAlgId::Oaep, Some(hash)) => rsa::oaep_encrypt(&public, hash, &request.label, &request.data, rng),
        _ => return Err(Rc::SCHEME),
    };
    call.out.put_2b(&sealed.map_err(|_| Rc::VALUE)?);
    Ok(())
}

/// TPM2_RSA_Decrypt.
pub fn rsa_decrypt(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let request = RsaRequest::read(call)?;
    let key = rsa_key(tpm, call)?;
    if key.has(TpmaObject::RESTRICTED) || !key.has(TpmaObject::DECRYPT) {
        return Err(Rc::ATTRIBUTES.handle(1));
    }
    request.check_label()?;
    let scheme = request.select_scheme(&key)?;
    let private = signature::rsa_private(&key).map_err(|rc| rc.handle(1))?;
    if request.data.len() != private.public().size() {
        return Err(Rc::SIZE);
    }
    let message = match (scheme.alg, scheme.hash) {
        (TpmAlgId::Null, _) => private.raw(&request.data),
        (TpmAlgId::Rsaes, _) => rsa::rsaes_decrypt(&private, &request.data),
        (TpmAlgId::Oaep, Some(hash)) => rsa::oaep_decrypt(&private, hash, &request.label, &request.data),
        _ => return Err(Rc::SCHEME),
    };
    let message = message.map_err(|error| if error == RsaError::TooLarge { Rc::SIZE } else { Rc::VALUE })?;
    call.out.put_2b(&message);
    Ok(())
}

fn ecc_key(tpm: &Tpm, call: &Call) -> Result<std::sync::Arc<Object>, Rc> {
    match tpm.object(call.handles[0]) {
        Ok(key) if key.object_type() == TpmAlgId::Ecc => Ok(key),
        _ => Err(Rc::KEY.handle(1)),
    }
}

/// An unrestricted decryption key, whose own part the key exchange takes.
fn exchange_key(tpm: &Tpm, call: &Call) -> Result<std::sync::Arc<Object>, Rc> {
    let key = ecc_key(tpm, call)?;
    if key.has(TpmaObject::RESTRICTED) || !key.has(TpmaObject::DECRYPT) {
        return Err(Rc::ATTRIBUTES.handle(1));
    }
    Ok(key)
}

/// TPM2_ECDH_KeyGen: an ephemeral key, and its product with the key.
pub fn ecdh_key_gen(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    let key = ecc_key(tpm, call)?;
    let (curve, public) = signature::ecc_public(&key)?;
    let ephemeral = ecc::generate(curve, &mut tpm.state.rng);
    let z = ecc::ecdh(curve, &ephemeral.private, &public).ok_or(Rc::KEY.handle(1))?;
    put_point(&mut call.out, Some(&z));
    put_point(&mut call.out, Some(&ephemeral.public));
    Ok(())
}

/// TPM2_ECDH_ZGen.
pub fn ecdh_zgen(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let point = call.params.read_with(read_point)?;
    call.params.finish()?;
    let key = exchange_key(tpm, call)?;
    if !matches!(key.public.parameters.scheme().alg, TpmAlgId::Ecdh | TpmAlgId::Null) {
        return Err(Rc::SCHEME.handle(1));
    }
    let (curve, _) = signature::ecc_public(&key)?;
    let private = signature::secret(&key)?;
    let z = point.and_then(|point| ecc::ecdh(curve, private, &point)).ok_or(Rc::ECC_POINT.param(1))?;
    put_point(&mut call.out, Some(&z));
    Ok(())
}

/// TPM2_ECC_Parameters: TPMS_ALGORITHM_DETAIL_ECC.
pub fn ecc_parameters(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let curve = call.params.read_with(|buf| curve(buf, tpm))?;
    call.params.finish()?;
    let parameters = curve.parameters();
    // The key derivation that goes with the curve by default, in a hash of about its strength; none with BN P-256.
    let kdf: &[TpmAlgId] = match curve {
        ecc::Curve::BnP256 => &[TpmAlgId::Null],
        ecc::Curve::P384 => &[TpmAlgId::Kdf1Sp800_56A, TpmAlgId::Sha384],
        ecc::Curve::P521 => &[TpmAlgId::Kdf1Sp800_56A, TpmAlgId::Sha512],
        _ => &[TpmAlgId::Kdf1Sp800_56A, TpmAlgId::Sha256],
    };
    let out = &mut call.out.bytes;
    put(out, &curve.id());
    out.extend(curve.bits().to_be_bytes());
    for alg in kdf.iter().chain(&[TpmAlgId::Null]) {
        put(out, alg);
    }
    let generator = &parameters.generator;
    for number in [
        &parameters.p,
        &parameters.a,
        &parameters.b,
        &generator.x,
        &generator.y,
        &parameters.n,
        &parameters.h,
    ] {
        put_2b(out, number);
    }
    Ok(())
}

/// TPMI_ECC_KEY_EXCHANGE: ECDH is the one that is implemented.
fn key_exchange(buf: &mut &[u8]) -> Result<TpmAlgId, Rc> {
    match alg(buf, Rc::SCHEME)? {
        TpmAlgId::Ecdh => Ok(TpmAlgId::Ecdh),
        _ => Err(Rc::SCHEME),
    }
}

/// TPM2_ZGen_2Phase: two products, of the static key with the peer's static one and of the ephemeral key of
/// TPM2_EC_Ephemeral with the peer's ephemeral one.
pub fn zgen_2phase(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let peer_static = call.params.read_with(read_point)?;
    let peer_ephemeral = call.params.read_with(read_point)?;
    let asked = call.params.read_with(key_exchange)?;
    let count = call.params.read_with(u16::read)?;
    call.params.finish()?;
    let key = exchange_key(tpm, call)?;
    let own = key.public.parameters.scheme().alg;
    if own != TpmAlgId::Null && own != asked {
        return Err(Rc::SCHEME.param(3));
    }
    let (curve, _) = signature::ecc_public(&key)?;
    let on_curve = |point: Option<ecc::Point>, number| {
        point.filter(|point| ecc::is_on_curve(curve, point)).ok_or(Rc::ECC_POINT.param(number))
    };
    let (peer_static, peer_ephemeral) = (on_curve(peer_static, 1)?, on_curve(peer_ephemeral, 2)?);
    let ephemeral = tpm.state.commit.scalar(count, curve, &[]).ok_or(Rc::VALUE.param(4))?;
    let z1 = ecc::ecdh(curve, signature::secret(&key)?, &peer_static).ok_or(Rc::NO_RESULT)?;
    let z2 = ecc::ecdh(curve, &ephemeral, &peer_ephemeral).ok_or(Rc::NO_RESULT)?;
    tpm.state.commit.end(count);
    put_point(&mut call.out, Some(&z1));
    put_point(&mut call.out, Some(&z2));
    Ok(())
}
