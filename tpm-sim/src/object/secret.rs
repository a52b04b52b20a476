//! Secrets shared with the holder of a key: salts, duplication seeds, credential seeds (part 1, "Secret Sharing").

use super::{Object, Parameters, Public, Unique};
use crate::Tpm;
use crate::crypto::ecc::{self, Curve, Point};
use crate::crypto::rng::Drbg;
use crate::crypto::{HashAlg, kdf, rsa, sym};
use crate::object::protection::{BLOCK, cfb};
use crate::object::public::MAX_ECC_KEY_BYTES;
use crate::params::{put_2b, take_2b};
use crate::rc::Rc;

/// Labels (with their terminating zero, which OAEP takes in too).
pub mod label {
    /// Salt of a session.
    pub const SECRET: &[u8] = b"SECRET\0";
    /// Seed of a duplicated object.
    pub const DUPLICATE: &[u8] = b"DUPLICATE\0";
    /// Seed of a credential.
    pub const IDENTITY: &[u8] = b"IDENTITY\0";
}

impl Tpm {
    /// TPM_RC_CURVE for a key on a curve that this TPM's profile does not have.
    pub(crate) fn check_curve(&self, parameters: &Parameters) -> Result<(), Rc> {
        match parameters {
            Parameters::Ecc { curve, .. } => Curve::from_id(*curve)
                .filter(|curve| self.state.factory.profile().curves.contains(curve))
                .map(drop)
                .ok_or(Rc::CURVE),
            _ => Ok(()),
        }
    }
}

/// The curve of an ECC public area.
pub fn curve(public: &Public) -> Option<Curve> {
    match &public.parameters {
        Parameters::Ecc { curve, .. } => Curve::from_id(*curve),
        _ => None,
    }
}

fn oaep_hash(public: &Public) -> Result<HashAlg, Rc> {
    // The key's own OAEP hash, if it has that scheme; else nameAlg (part 1, annex B.10.4).
    public.parameters.scheme().hash.or(public.name_alg).ok_or(Rc::HASH)
}

fn bits(hash: HashAlg) -> u32 {
    u32::try_from(hash.size() * 8).expect("digests are small")
}

/// A new secret for the holder of `key`: the secret, and what goes over the wire. TPM_RC_TYPE for symmetric keys.
pub fn share(key: &Public, label: &[u8], rng: &mut Drbg) -> Result<(Vec<u8>, Vec<u8>), Rc> {
    let hash = key.name_alg.ok_or(Rc::HASH)?;
    match (&key.parameters, &key.unique) {
        (Parameters::Rsa { exponent, .. }, Unique::Rsa(modulus)) => {
            let secret = rng.bytes(hash.size());
            let public = rsa::PublicKey::new(modulus, *exponent).map_err(|_| Rc::KEY)?;
            let sealed =
                rsa::oaep_encrypt(&public, oaep_hash(key)?, label, &secret, rng).map_err(|_| Rc::VALUE)?;
            Ok((secret, sealed))
        }
        (Parameters::Ecc { .. }, Unique::Ecc { x, y }) => {
            let curve = curve(key).ok_or(Rc::CURVE)?;
            let ephemeral = ecc::generate(curve, rng);
            let peer = Point { x: x.clone(), y: y.clone() };
            let z = ecc::ecdh(curve, &ephemeral.private, &peer).ok_or(Rc::ECC_POINT)?;
            let secret = kdf::kdfe(hash, &z.x, label, &ephemeral.public.x, x, bits(hash));
            let mut wire = Vec::new();
            put_2b(&mut wire, &ephemeral.public.x);
            put_2b(&mut wire, &ephemeral.public.y);
            Ok((secret, wire))
        }
        _ => Err(Rc::TYPE),
    }
}

/// The secret that somebody shared with the holder of `key`. `nonce` is nonceCaller of TPM2_StartAuthSession, which
/// symmetric keys use as IV; empty elsewhere.
pub fn recover(key: &Object, label: &[u8], nonce: &[u8], wire: &[u8]) -> Result<Vec<u8>, Rc> {
    let sensitive = key.sensitive.as_ref().ok_or(Rc::KEY)?;
    let hash = key.public.name_alg.ok_or(Rc::KEY)?;
    match (&key.public.parameters, &key.public.unique) {
        (Parameters::Rsa { exponent, .. }, Unique::Rsa(modulus)) => {
            if wire.len() != modulus.len() {
                return Err(Rc::SIZE);
            }
            let private =
                rsa::PrivateKey::new(modulus, *exponent, &sensitive.sensitive).map_err(|_| Rc::KEY)?;
            let secret =
                rsa::oaep_decrypt(&private, oaep_hash(&key.public)?, label, wire).map_err(|_| Rc::VALUE)?;
            if secret.len() > hash.size() { Err(Rc::VALUE) } else { Ok(secret) }
        }
        (Parameters::Ecc { .. }, Unique::Ecc { x, .. }) => {
            let curve = curve(&key.public).ok_or(Rc::CURVE)?;
            let mut rest = wire;
            let ephemeral = Point {
                x: take_2b(&mut rest, MAX_ECC_KEY_BYTES)?.to_vec(),
                y: take_2b(&mut rest, MAX_ECC_KEY_BYTES)?.to_vec(),
            };
            if !rest.is_empty() {
                return Err(Rc::SIZE);
            }
            let z = ecc::ecdh(curve, &sensitive.sensitive, &ephemeral).ok_or(Rc::ECC_POINT)?;
            Ok(kdf::kdfe(hash, &z.x, label, &ephemeral.x, x, bits(hash)))
        }
        (Parameters::KeyedHash(scheme), _) => {
            let xor = scheme.hash.filter(|_| wire.len() <= hash.size()).ok_or(Rc::VALUE)?;
            let mut secret = wire.to_vec();
            sym::xor_obfuscate(xor, &sensitive.sensitive, nonce, &[], &mut secret);
            Ok(secret)
        }
        (Parameters::SymCipher(_), _) => {
            if wire.len() > hash.size() {
                return Err(Rc::VALUE);
            }
            let mut iv = [0; BLOCK];
            let len = nonce.len().min(BLOCK);
            iv[..len].copy_from_slice(&nonce[..len]);
            let mut secret = wire.to_vec();
            cfb(&sensitive.sensitive, &iv, &mut secret, true);
            Ok(secret)
        }
        _ => Err(Rc::TYPE),
    }
}
