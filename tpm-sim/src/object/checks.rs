//! Consistency of public and sensitive areas (part 1, "Object Attributes" and annexes B and C; part 3, sections 12.1 to 12.3).

use super::{Object, Parameters, Public, Sensitive, Unique};
use crate::crypto::ecc::{self, Point};
use crate::crypto::rsa;
use crate::object::create::symmetric_unique;
use crate::object::secret::curve;
use crate::object::sensitive::MAX_SYM_DATA;
use crate::rc::Rc;
use tpm2_protocol::data::{TpmAlgId, TpmaObject as A};

/// A template that is to be created below `parent` (`None`: below a primary seed) with `data` bytes of caller's secret.
pub fn template(parent: Option<&Public>, public: &Public, data: usize) -> Result<(), Rc> {
    let origin = public.has(A::SENSITIVE_DATA_ORIGIN);
    let derived = parent.is_some_and(Public::is_derivation_parent);
    if !derived {
        if !origin && data == 0 {
            return Err(Rc::ATTRIBUTES);
        }
        if parent.is_some() && origin && data != 0 {
            return Err(Rc::ATTRIBUTES);
        }
    }
    // A restricted key that can't leave the TPM must have been made in it.
    let fixed = public.has(A::FIXED_PARENT) || public.has(A::FIXED_TPM);
    let brought = public.has(A::RESTRICTED) && !origin && fixed;
    let consistent = match public.parameters {
        // Data that is neither key nor secret of the TPM's has to come from the caller.
        Parameters::KeyedHash(_) => {
            (public.has(A::SIGN_ENCRYPT) || public.has(A::DECRYPT) || !origin) && (!brought || derived)
        }
        Parameters::SymCipher(_) => !brought,
        _ => origin || derived,
    };
    if !consistent {
        return Err(Rc::ATTRIBUTES);
    }
    attributes(parent, public)
}

/// Attributes among themselves and with the parent's.
pub fn attributes(parent: Option<&Public>, public: &Public) -> Result<(), Rc> {
    let hash = public.name_alg.ok_or(Rc::HASH)?;
    if !public.auth_policy.is_empty() && public.auth_policy.len() != hash.size() {
        return Err(Rc::SIZE);
    }
    let fixed_tpm = public.has(A::FIXED_TPM);
    // A primary seed counts as a parent with fixedTPM.
    let consistent = if parent.is_none_or(|parent| parent.has(A::FIXED_TPM)) {
        fixed_tpm == public.has(A::FIXED_PARENT)
    } else {
        !fixed_tpm
    };
    if !consistent {
        return Err(Rc::ATTRIBUTES);
    }
    let sign = public.has(A::SIGN_ENCRYPT);
    if sign == public.has(A::DECRYPT) {
        let data = public.parameters.alg() == TpmAlgId::KeyedHash;
        if public.has(A::RESTRICTED) || !sign && !data {
            return Err(Rc::ATTRIBUTES);
        }
    }
    if fixed_tpm && public.has(A::ENCRYPTED_DUPLICATION) {
        return Err(Rc::ATTRIBUTES);
    }
    if let Some(parent) = parent {
        if !parent.has(A::FIXED_TPM)
            && parent.has(A::ENCRYPTED_DUPLICATION) != public.has(A::ENCRYPTED_DUPLICATION)
        {
            return Err(Rc::ATTRIBUTES);
        }
        if parent.is_derivation_parent()
            && (parent.has(A::FIXED_TPM) != fixed_tpm || !public.has(A::FIXED_PARENT))
        {
            return Err(Rc::ATTRIBUTES);
        }
    }
    schemes(parent, public)
}

/// Schemes and symmetric algorithms against the attributes.
pub fn schemes(parent: Option<&Public>, public: &Public) -> Result<(), Rc> {
    let (sign, decrypt) = (public.has(A::SIGN_ENCRYPT), public.has(A::DECRYPT));
    let restricted = public.has(A::RESTRICTED);
    let scheme = public.parameters.scheme();
    let object_type = public.parameters.alg();
    match &public.parameters {
        Parameters::SymCipher(_) => {}
        Parameters::KeyedHash(_) => {
            let fits = match (sign, decrypt) {
                (true, false) => scheme.alg == TpmAlgId::Hmac,
                (false, true) => {
                    let kdf = TpmAlgId::Kdf1Sp800_108.value();
                    scheme.alg == TpmAlgId::Xor && (!restricted || scheme.extra == kdf)
                }
                _ => scheme.is_null(),
            };
            if !fits {
                return Err(Rc::SCHEME);
            }
        }
        Parameters::Rsa { symmetric, .. } | Parameters::Ecc { symmetric, .. } => {
            let fits = match (sign, decrypt) {
                (true, false) => is_signing(object_type, scheme.alg) || scheme.is_null() && !restricted,
                (false, true) => scheme.is_null() || !restricted && is_decrypting(object_type, scheme.alg),
                _ => scheme.is_null(),
            };
            if !fits {
                return Err(Rc::SCHEME);
            }
            if !(restricted && decrypt) && symmetric.is_some() {
                return Err(Rc::SYMMETRIC);
            }
            if let Parameters::Ecc { kdf, .. } = &public.parameters
                && !kdf.is_null()
            {
                return Err(Rc::KDF);
            }
        }
    }
    if restricted && decrypt && object_type != TpmAlgId::KeyedHash {
        let sym = public.parameters.symmetric().ok_or(Rc::SYMMETRIC)?;
        // Its mode is not looked at: children are protected in CFB mode, whatever the parent says.
        // A parent that stays below its parent has its parent's algorithms.
        if let Some(parent) = parent.filter(|_| public.has(A::FIXED_PARENT)) {
            if parent.name_alg != public.name_alg {
                return Err(Rc::HASH);
            }
            if parent.parameters.symmetric() != Some(sym) {
                return Err(Rc::SYMMETRIC);
            }
        }
    }
    Ok(())
}

/// Whether a scheme signs with keys of the type.
pub fn is_signing(object_type: TpmAlgId, scheme: TpmAlgId) -> bool {
    use TpmAlgId::{Ecc, Ecdaa, Ecdsa, Ecschnorr, Hmac, KeyedHash, Rsa, Rsapss, Rsassa};
    match object_type {
        Rsa => matches!(scheme, Rsassa | Rsapss),
        Ecc => matches!(scheme, Ecdsa | Ecdaa | Ecschnorr),
        KeyedHash => scheme == Hmac,
        _ => false,
    }
}

/// Whether a scheme decrypts (or exchanges keys) with keys of the type.
pub fn is_decrypting(object_type: TpmAlgId, scheme: TpmAlgId) -> bool {
    use TpmAlgId::{Ecc, Ecdh, Ecmqv, Oaep, Rsa, Rsaes};
    match object_type {
        Rsa => matches!(scheme, Rsaes | Oaep),
        Ecc => matches!(scheme, Ecdh | Ecmqv),
        _ => false,
    }
}

/// Which of the two areas a complaint is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The public area.
    Public(Rc),
    /// The sensitive area.
    Sensitive(Rc),
    /// Both, or neither.
    Neither(Rc),
}

impl Blame {
    /// The response code, with the numbers of the parameters that the areas came in.
    pub fn at(self, public: u32, sensitive: u32) -> Rc {
        match self {
            Self::Public(rc) => rc.param(public),
            Self::Sensitive(rc) => rc.param(sensitive),
            Self::Neither(rc) => rc,
        }
    }
}

/// An object that comes from outside: descriptions, sizes, and the binding of the two areas. `parent` is `None` for external
/// and primary objects.
pub fn load(
    parent: Option<&Public>,
    public: &Public,
    sensitive: Option<&(TpmAlgId, Sensitive)>,
) -> Result<(), Blame> {
    descriptions(parent, public, sensitive)?;
    keys(public, sensitive, Binding::Checked)
}

/// An object that comes back below its parent. What a parent that can't leave the TPM protects came to be in it, or was
/// looked at when it was imported: that the halves of its key belong together is not worked out again. (The reference
/// implementation looks at nothing of the key then.)
pub fn load_again(parent: &Public, public: &Public, sensitive: &(TpmAlgId, Sensitive)) -> Result<(), Blame> {
    descriptions(Some(parent), public, Some(sensitive))?;
    let binding = if parent.has(A::FIXED_TPM) { Binding::Trusted } else { Binding::Checked };
    keys(public, Some(sensitive), binding)
}

/// Whether it is worked out that private and public key belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binding {
    /// It is.
    Checked,
    /// Somebody did before.
    Trusted,
}

fn descriptions(
    parent: Option<&Public>,
    public: &Public,
    sensitive: Option<&(TpmAlgId, Sensitive)>,
) -> Result<(), Blame> {
    match (sensitive, public.name_alg) {
        (Some((_, sensitive)), Some(hash)) => {
            if sensitive.seed_value.len() > hash.size() {
                return Err(Blame::Sensitive(Rc::KEY_SIZE));
            }
            attributes(parent, public).map_err(Blame::Public)?;
        }
        _ => schemes(None, public).map_err(Blame::Public)?,
    }
    Ok(())
}

/// The keys of both areas, and that they belong together.
pub(crate) fn keys(
    public: &Public,
    sensitive: Option<&(TpmAlgId, Sensitive)>,
    binding: Binding,
) -> Result<(), Blame> {
    let digest_size = public.name_alg.map_or(0, crate::crypto::HashAlg::size);
    if let Some((sensitive_type, sensitive)) = sensitive {
        if *sensitive_type != public.parameters.alg() {
            return Err(Blame::Sensitive(Rc::TYPE));
        }
        if digest_size > 0 && sensitive.auth_value.len() > digest_size {
            return Err(Blame::Sensitive(Rc::SIZE));
        }
    }
    let sensitive = sensitive.map(|(_, sensitive)| sensitive);
    match (&public.parameters, &public.unique) {
        (Parameters::Rsa { key_bits, exponent, .. }, Unique::Rsa(modulus)) => {
            rsa_key(*key_bits, *exponent, modulus, sensitive, binding)?;
        }
        (Parameters::Ecc { .. }, Unique::Ecc { x, y }) => ecc_key(public, x, y, sensitive, binding)?,
        (_, Unique::Digest(unique)) => symmetric_key(public, unique, digest_size, sensitive)?,
        _ => unreachable!("Public::read gives unique the form of its type"),
    }
    if let Some(sensitive) = sensitive
        && public.is_parent()
        && public.name_alg.is_some()
        && sensitive.seed_value.len() * 2 < digest_size
    {
        return Err(Blame::Sensitive(Rc::SIZE));
    }
    Ok(())
}

fn rsa_key(
    key_bits: u16,
    exponent: u32,
    modulus: &[u8],
    sensitive: Option<&Sensitive>,
    binding: Binding,
) -> Result<(), Blame> {
    let size = usize::from(key_bits / 8);
    if modulus.len() != size || modulus[0] < 0x80 {
        return Err(Blame::Public(Rc::KEY));
    }
    if exponent != 0 && exponent < 7 {
        return Err(Blame::Public(Rc::VALUE));
    }
    let Some(sensitive) = sensitive else { return Ok(()) };
    let prime = &sensitive.sensitive;
    if prime.len() * 2 != size || prime[0] < 0x80 {
        return Err(Blame::Sensitive(Rc::KEY_SIZE));
    }
    if binding == Binding::Checked {
        rsa::PrivateKey::new(modulus, exponent, prime).map_err(|_| Blame::Neither(Rc::BINDING))?;
    }
    Ok(())
}

fn ecc_key(
    public: &Public,
    x: &[u8],
    y: &[u8],
    sensitive: Option<&Sensitive>,
    binding: Binding,
) -> Result<(), Blame> {
    let curve = curve(public).ok_or(Blame::Public(Rc::CURVE))?;
    let Some(sensitive) = sensitive else {
        if x.len() != curve.bytes() || y.len() != curve.bytes() {
            return Err(Blame::Public(Rc::KEY));
        }
        let point = Point { x: x.to_vec(), y: y.to_vec() };
        if public.name_alg.is_some() && !ecc::is_on_curve(curve, &point) {
            return Err(Blame::Public(Rc::ECC_POINT));
        }
        return Ok(());
    };
    if binding == Binding::Trusted {
        let is_key = ecc::scalar::is_private_key(curve, &sensitive.sensitive);
        return if is_key { Ok(()) } else { Err(Blame::Neither(Rc::KEY_SIZE)) };
    }
    let point = ecc::public_of(curve, &sensitive.sensitive).ok_or(Blame::Neither(Rc::KEY_SIZE))?;
    if public.name_alg.is_some() && (point.x != x || point.y != y) {
        return Err(Blame::Neither(Rc::BINDING));
    }
    Ok(())
}

fn symmetric_key(
    public: &Public,
    unique: &[u8],
    digest_size: usize,
    sensitive: Option<&Sensitive>,
) -> Result<(), Blame> {
    let Some(sensitive) = sensitive else {
        return if unique.len() == digest_size { Ok(()) } else { Err(Blame::Public(Rc::KEY)) };
    };
    let size = sensitive.sensitive.len();
    let fits = match &public.parameters {
        Parameters::SymCipher(sym) => size == sym.key_size(),
        _ => size <= max_keyedhash(public),
    };
    if !fits {
        return Err(Blame::Sensitive(Rc::KEY_SIZE));
    }
    if let Some(hash) = public.name_alg {
        if unique.len() != digest_size {
            return Err(Blame::Public(Rc::KEY));
        }
        if unique != symmetric_unique(hash, sensitive) {
            return Err(Blame::Neither(Rc::BINDING));
        }
    }
    Ok(())
}

/// Most bytes of a KEYEDHASH object's secret: of a key the block of its scheme's hash, or of its Name's; of data
/// MAX_SYM_DATA.
pub fn max_keyedhash(public: &Public) -> usize {
    let key = public.has(A::SIGN_ENCRYPT) || public.has(A::DECRYPT);
    let of_name = public.name_alg.filter(|_| key);
    public.parameters.scheme().hash.or(of_name).map_or(MAX_SYM_DATA, crate::crypto::HashAlg::block_size)
}

/// A loaded object that can be the parent of others: TPM_RC_TYPE when it can't.
pub fn storage_parent(object: &Object) -> Result<(), Rc> {
    if object.is_parent() && object.public.is_storage_parent() { Ok(()) } else { Err(Rc::TYPE) }
}
