//! New objects: their keys and secrets, from random or from derivation (part 1, "Object Creation", annexes B and C).

use super::{Object, Parameters, Public, Sensitive, Unique, checks};
use crate::Tpm;
use crate::crypto::ecc;
use crate::crypto::rng::Drbg;
use crate::crypto::{HashAlg, kdf::kdfa, rsa};
use crate::object::secret::curve;
use crate::object::sensitive::{MAX_SYM_DATA, trim_auth};
use crate::params::{Param, marshal, put_2b, take_2b};
use crate::rc::Rc;
use tpm2_protocol::data::{TpmRh, TpmaObject};

/// TPMS_SENSITIVE_CREATE.
#[derive(Debug, Clone, Default)]
pub struct SensitiveCreate {
    /// The authorisation value of the new object.
    pub user_auth: Vec<u8>,
    /// The caller's secret; or label and context of a derivation.
    pub data: Vec<u8>,
}

impl Param for SensitiveCreate {
    fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
        let user_auth = take_2b(buf, HashAlg::MAX_SIZE)?.to_vec();
        let data = take_2b(buf, MAX_SYM_DATA)?.to_vec();
        Ok(Self { user_auth, data })
    }
}

/// `unique` of KEYEDHASH and SYMCIPHER objects: digest over seedValue and sensitive.
pub fn symmetric_unique(hash: HashAlg, sensitive: &Sensitive) -> Vec<u8> {
    hash.digest(&[&sensitive.seed_value, &sensitive.sensitive])
}

/// The authorisation value of a new object: TPM_RC_SIZE when it is longer than a digest of `nameAlg`.
pub fn auth_value(public: &Public, user_auth: &[u8]) -> Result<Vec<u8>, Rc> {
    let auth_value = trim_auth(user_auth);
    let max = public.name_alg.map_or(HashAlg::MAX_SIZE, HashAlg::size);
    if auth_value.len() > max { Err(Rc::SIZE) } else { Ok(auth_value) }
}

/// Makes the keys of a template that [`checks::template`] has accepted: fills in `unique` and gives the sensitive area.
/// `data` is the caller's secret, if he has one. Complaints (TPM_RC_RANGE of the exponent, TPM_RC_SIZE, TPM_RC_KEY_SIZE of the
/// data) go to the caller without a parameter's number, as the reference implementation's do.
pub fn fill(public: &mut Public, auth_value: Vec<u8>, data: &[u8], rng: &mut Drbg) -> Result<Sensitive, Rc> {
    let hash = public.name_alg.ok_or(Rc::HASH)?;
    let own = public.has(TpmaObject::SENSITIVE_DATA_ORIGIN);
    let mut sensitive = Sensitive { auth_value, seed_value: Vec::new(), sensitive: Vec::new() };
    match public.parameters.clone() {
        Parameters::Rsa { key_bits, exponent, .. } => {
            if exponent != 0 && (exponent < 65537 || !is_prime(exponent)) {
                return Err(Rc::RANGE);
            }
            let key = rsa::generate(key_bits, exponent, rng).map_err(|_| Rc::RANGE)?;
            public.unique = Unique::Rsa(key.modulus);
            sensitive.sensitive = key.prime;
        }
        Parameters::Ecc { .. } => {
            let key = ecc::generate(curve(public).ok_or(Rc::CURVE)?, rng);
            public.unique = Unique::Ecc { x: key.public.x, y: key.public.y };
            sensitive.sensitive = key.private;
        }
        // With sensitiveDataOrigin the TPM makes the key, whatever the caller gave: that is what the attribute vouches for.
        Parameters::SymCipher(sym) => {
            sensitive.sensitive = match data.len() {
                _ if own || data.is_empty() => rng.bytes(sym.key_size()),
                size if size == sym.key_size() => data.to_vec(),
                _ => return Err(Rc::KEY_SIZE),
            };
        }
        Parameters::KeyedHash(scheme) => {
            sensitive.sensitive = match data.len() {
                _ if own || data.is_empty() => rng.bytes(scheme.hash.unwrap_or(hash).size()),
                size if size <= checks::max_keyedhash(public) => data.to_vec(),
                _ => return Err(Rc::SIZE),
            };
        }
    }
    let symmetric = matches!(public.unique, Unique::Digest(_));
    // The seed protects children, or hides what a symmetric object's `unique` is the digest of (part 1, "Seed values").
    if symmetric || public.is_parent() {
        sensitive.seed_value = rng.bytes(hash.size());
    }
    if symmetric {
        public.unique = Unique::Digest(symmetric_unique(hash, &sensitive));
    }
    Ok(sensitive)
}

fn is_prime(n: u32) -> bool {
    n % 2 == 1 && (3..).step_by(2).take_while(|d| d * d <= u64::from(n)).all(|d| u64::from(n) % d != 0)
}

/// The random stream that a primary object's secrets come from: from the hierarchy's primary seed, the whole template and
/// the caller's data, so that the same template gives the same key. The version of the derivation is part of it.
pub fn primary_stream(tpm: &Tpm, hierarchy: TpmRh, template: &Public, data: &[u8]) -> Drbg {
    let seed =
        &tpm.state.hierarchies.get(hierarchy).expect("primaries are of one of the four hierarchies").seed;
    let mut context = Vec::new();
    put_2b(&mut context, &marshal(template));
    put_2b(&mut context, data);
    let context = HashAlg::Sha512.digest(&[&context]);
    let version = tpm.state.derivation_version.to_be_bytes();
    Drbg::from_seed(&kdfa(HashAlg::Sha512, seed, b"PRIMARY", &context, &version, 512), "primary object")
}

/// The random stream of an object that is derived from a derivation parent (part 1, "Derived Objects"). *Model*: the
/// reference implementation takes the bits of KDFa as they are; here they seed the stream.
pub fn derived_stream(parent: &Object, label: &[u8], context: &[u8]) -> Drbg {
    let hash = parent.public.parameters.scheme().hash.expect("a derivation parent has a hash");
    let secret = &parent.sensitive.as_ref().expect("a parent has a sensitive area").sensitive;
    Drbg::from_seed(&kdfa(hash, secret, label, context, &[], 512), "derived object")
}

/// The Qualified Name: digest over the parent's Qualified Name and the object's Name.
pub fn qualified_name(parent_qualified_name: &[u8], public: &Public, name: &[u8]) -> Vec<u8> {
    let Some(hash) = public.name_alg else { return Vec::new() };
    let mut qualified = marshal(&hash.alg());
    qualified.extend(hash.digest(&[parent_qualified_name, name]));
    qualified
}

/// A loaded object below `parent`.
pub fn below(parent: &Object, public: Public, sensitive: Option<Sensitive>) -> Object {
    let name = public.name();
    let qualified_name = qualified_name(&parent.qualified_name, &public, &name);
    let st_clear = parent.st_clear || public.has(TpmaObject::ST_CLEAR);
    Object { name, qualified_name, hierarchy: parent.hierarchy, external: false, st_clear, public, sensitive }
}

/// A loaded primary object.
pub fn primary(hierarchy: TpmRh, public: Public, sensitive: Sensitive) -> Object {
    let name = public.name();
    let qualified_name = qualified_name(&hierarchy.value().to_be_bytes(), &public, &name);
    let st_clear = public.has(TpmaObject::ST_CLEAR);
    Object { name, qualified_name, hierarchy, external: false, st_clear, public, sensitive: Some(sensitive) }
}
