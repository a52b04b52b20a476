//! Signing and verifying with loaded keys: which scheme applies, and what each type of key does with it (part 1, annexes B and
//! C; part 3, chapter 20). Commands that sign or verify (attestation, policies, NV) come here.

use crate::Tpm;
use crate::crypto::{HashAlg, ecc, equal, hmac, rsa};
use crate::object::{Object, Parameters, Scheme, Unique};
use crate::params::put_2b;
use crate::rc::Rc;
use tpm2_protocol::data::{TpmAlgId, TpmaObject, TpmtSignature, TpmuHa, TpmuSignature};

/// Whether an object may sign: attribute `sign`, and not a symmetric cipher, for which that attribute means encryption.
pub(crate) fn can_sign(key: &Object) -> bool {
    key.has(TpmaObject::SIGN_ENCRYPT) && key.object_type() != TpmAlgId::SymCipher
}

/// Whether signatures of a scheme may not be linked to their key.
pub(crate) fn is_anonymous(alg: TpmAlgId) -> bool {
    alg == TpmAlgId::Ecdaa
}

/// The scheme that `key` signs with when a command asks for `asked` (part 3, 18.1): without key none, whatever was asked for;
/// else the one of the two that isn't null, or both when they agree. TPM_RC_SCHEME when there is none.
pub(crate) fn select_scheme(key: Option<&Object>, asked: Scheme) -> Result<Scheme, Rc> {
    let Some(key) = key else { return Ok(Scheme::NULL) };
    let own = key.public.parameters.scheme();
    match (own.is_null(), asked.is_null()) {
        (true, false) if fits(key, asked) => Ok(asked),
        // An anonymous scheme is half given by the command: the commitment's counter.
        (false, true) if !is_anonymous(own.alg) => Ok(own),
        (false, false) if own.alg == asked.alg && own.hash == asked.hash => Ok(asked),
        _ => Err(Rc::SCHEME),
    }
}

/// Whether a type of key can sign with a scheme.
fn fits(key: &Object, scheme: Scheme) -> bool {
    use TpmAlgId::{Ecc, Ecdaa, Ecdsa, Ecschnorr, Hmac, KeyedHash, Rsa, Rsapss, Rsassa};
    matches!(
        (key.object_type(), scheme.alg),
        (Rsa, Rsassa | Rsapss) | (Ecc, Ecdsa | Ecdaa | Ecschnorr) | (KeyedHash, Hmac)
    )
}

/// The private RSA key of an object.
pub(crate) fn rsa_private(key: &Object) -> Result<rsa::PrivateKey, Rc> {
    let (Parameters::Rsa { exponent, .. }, Unique::Rsa(modulus), Some(sensitive)) =
        (&key.public.parameters, &key.public.unique, &key.sensitive)
    else {
        return Err(Rc::KEY);
    };
    rsa::PrivateKey::new(modulus, *exponent, &sensitive.sensitive).map_err(|_| Rc::BINDING)
}

/// The public RSA key of an object.
pub(crate) fn rsa_public(key: &Object) -> Result<rsa::PublicKey, Rc> {
    let (Parameters::Rsa { exponent, .. }, Unique::Rsa(modulus)) =
        (&key.public.parameters, &key.public.unique)
    else {
        return Err(Rc::KEY);
    };
    rsa::PublicKey::new(modulus, *exponent).map_err(|_| Rc::KEY)
}

/// Curve and public point of an elliptic curve key.
pub(crate) fn ecc_public(key: &Object) -> Result<(ecc::Curve, ecc::Point), Rc> {
    let (Parameters::Ecc { curve, .. }, Unique::Ecc { x, y }) = (&key.public.parameters, &key.public.unique)
    else {
        return Err(Rc::KEY);
    };
    let curve = ecc::Curve::from_id(*curve).ok_or(Rc::CURVE)?;
    Ok((curve, ecc::Point { x: x.clone(), y: y.clone() }))
}

/// The private part of an object: scalar, HMAC key, symmetric key. TPM_RC_AUTH_UNAVAILABLE when only its public area is
/// loaded, which the command's authorisation has refused already.
pub(crate) fn secret(key: &Object) -> Result<&[u8], Rc> {
    key.sensitive.as_ref().map(|sensitive| sensitive.sensitive.as_slice()).ok_or(Rc::AUTH_UNAVAILABLE)
}

/// TPMT_SIGNATURE of TPM_ALG_NULL: what commands answer that were given no key.
pub(crate) fn null() -> Vec<u8> {
    TpmAlgId::Null.value().to_be_bytes().to_vec()
}

/// Signs a digest and gives TPMT_SIGNATURE as bytes. TPM_RC_SCHEME (without number) when the scheme isn't one of the key's
/// type, TPM_RC_VALUE when the digest does not fit it. An ECDAA signature uses its commitment up.
pub(crate) fn sign(tpm: &mut Tpm, key: &Object, scheme: Scheme, digest: &[u8]) -> Result<Vec<u8>, Rc> {
    let Some(hash) = scheme.hash else { return Ok(null()) };
    let mut out = [scheme.alg.value().to_be_bytes(), hash.alg().value().to_be_bytes()].concat();
    match (key.object_type(), scheme.alg) {
        (TpmAlgId::Rsa, TpmAlgId::Rsassa) => {
            put_2b(&mut out, &rsa::rsassa_sign(&rsa_private(key)?, hash, digest).map_err(|_| Rc::VALUE)?);
        }
        (TpmAlgId::Rsa, TpmAlgId::Rsapss) => {
            let private = rsa_private(key)?;
            let signature = rsa::rsapss_sign(&private, hash, digest, &mut tpm.state.rng);
            put_2b(&mut out, &signature.map_err(|_| Rc::VALUE)?);
        }
        (TpmAlgId::Ecc, alg) => {
            let (curve, _) = ecc_public(key)?;
            let private = secret(key)?;
            let signature = match alg {
                TpmAlgId::Ecdsa => ecc::ecdsa_sign(curve, private, hash, digest),
                TpmAlgId::Ecschnorr => ecc::ecschnorr_sign(curve, private, hash, digest, &mut tpm.state.rng),
                TpmAlgId::Ecdaa => {
                    let state = &mut tpm.state;
                    let commit = state.commit.scalar(scheme.extra, curve, &key.name).ok_or(Rc::VALUE)?;
                    let signature = ecc::ecdaa_sign(curve, private, &commit, hash, digest, &mut state.rng);
                    state.commit.end(scheme.extra);
                    signature
                }
                _ => return Err(Rc::SCHEME),
            };
            let signature = signature.ok_or(Rc::BINDING)?;
            put_2b(&mut out, &signature.r);
            put_2b(&mut out, &signature.s);
        }
        (TpmAlgId::KeyedHash, TpmAlgId::Hmac) => out.extend(hmac(hash, secret(key)?, &[digest])),
        _ => return Err(Rc::SCHEME),
    }
    Ok(out)
}

/// Verifies a signature over a digest: TPM_RC_SIGNATURE when it isn't good, TPM_RC_SCHEME when its scheme is none of the
/// key's type, TPM_RC_HANDLE when an HMAC key has no sensitive area (all without number).
pub(crate) fn verify(key: &Object, digest: &[u8], signature: &TpmtSignature) -> Result<(), Rc> {
    let good = match key.object_type() {
        TpmAlgId::Rsa => verify_rsa(key, digest, &signature.signature)?,
        TpmAlgId::Ecc => verify_ecc(key, digest, &signature.signature)?,
        TpmAlgId::KeyedHash => verify_hmac(key, digest, &signature.signature)?,
        _ => return Err(Rc::SCHEME),
    };
    if good { Ok(()) } else { Err(Rc::SIGNATURE) }
}

fn hash_of(alg: TpmAlgId) -> Result<HashAlg, Rc> {
    HashAlg::from_alg(alg).ok_or(Rc::SCHEME)
}

fn verify_rsa(key: &Object, digest: &[u8], signature: &TpmuSignature) -> Result<bool, Rc> {
    let public = rsa_public(key)?;
    Ok(match signature {
        TpmuSignature::Rsassa(s) => rsa::rsassa_verify(&public, hash_of(s.hash)?, digest, &s.sig),
        TpmuSignature::Rsapss(s) => rsa::rsapss_verify(&public, hash_of(s.hash)?, digest, &s.sig),
        _ => return Err(Rc::SCHEME),
    })
}

fn verify_ecc(key: &Object, digest: &[u8], signature: &TpmuSignature) -> Result<bool, Rc> {
    let (curve, public) = ecc_public(key)?;
    match signature {
        TpmuSignature::Ecdsa(s) => {
            let signature = ecc::Signature { r: s.signature_r.to_vec(), s: s.signature_s.to_vec() };
            Ok(ecc::ecdsa_verify(curve, &public, digest, &signature))
        }
        TpmuSignature::Ecschnorr(s) => {
            let signature = ecc::Signature { r: s.signature_r.to_vec(), s: s.signature_s.to_vec() };
            Ok(ecc::ecschnorr_verify(curve, &public, hash_of(s.hash)?, digest, &signature))
        }
        _ => Err(Rc::SCHEME),
    }
}

fn verify_hmac(key: &Object, digest: &[u8], signature: &TpmuSignature) -> Result<bool, Rc> {
    let Some(sensitive) = &key.sensitive else { return Err(Rc::HANDLE) };
    let TpmuSignature::Hmac(given) = signature else { return Err(Rc::SCHEME) };
    let hash = hash_of(given.hash_alg)?;
    // A key that is bound to a scheme doesn't verify under a weaker one.
    let own = key.public.parameters.scheme();
    if !own.is_null() && (own.alg != TpmAlgId::Hmac || own.hash != Some(hash)) {
        return Err(Rc::SIGNATURE);
    }
    let TpmuHa::Digest(mac) = &given.digest else { return Err(Rc::SIGNATURE) };
    Ok(equal(mac, &hmac(hash, &sensitive.sensitive, &[digest])))
}

/// Whether a signing object was given a key to sign with; TPM_RC_KEY otherwise (numbered by the caller). TPM_RH_NULL gives `None`.
pub(crate) fn signer(tpm: &Tpm, handle: u32) -> Result<Option<std::sync::Arc<Object>>, Rc> {
    if handle == crate::entity::RH_NULL {
        return Ok(None);
    }
    let key = tpm.object(handle)?;
    if can_sign(&key) { Ok(Some(key)) } else { Err(Rc::KEY) }
}
