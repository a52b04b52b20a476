//! The public area of an object (TPMT_PUBLIC, part 2, section 12.2.4) and its Name (part 1, "Names").

use super::scheme::{Scheme, SymDef};
use crate::crypto::{HashAlg, rsa};
use crate::params::{Param, alg, marshal, put_2b, take_2b, wire_serde};
use crate::rc::Rc;
use serde::{Deserialize, Serialize};
use tpm2_protocol::data::{TpmAlgId, TpmEccCurve, TpmaObject};
use tpm2_protocol::{TpmMarshal, TpmResult, TpmSized, TpmWriter};

/// The largest RSA modulus, in bytes (MAX_RSA_KEY_BYTES).
pub const MAX_RSA_KEY_BYTES: usize = 512;
/// The largest coordinate of a point, in bytes (MAX_ECC_KEY_BYTES).
pub const MAX_ECC_KEY_BYTES: usize = 66;

/// A public area. `nameAlg` TPM_ALG_NULL is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Public {
    /// The algorithm of `nameAlg`, which digests the public area into the object's Name.
    pub name_alg: Option<HashAlg>,
    /// objectAttributes.
    #[serde(with = "wire_serde")]
    pub attributes: TpmaObject,
    /// authPolicy: empty, or a digest of `name_alg`.
    pub auth_policy: Vec<u8>,
    /// Type and its parameters.
    pub parameters: Parameters,
    /// unique.
    pub unique: Unique,
}

/// `type` and `parameters` of a public area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Parameters {
    /// TPM_ALG_KEYEDHASH: an HMAC key, sealed data, or a derivation parent.
    KeyedHash(Scheme),
    /// TPM_ALG_SYMCIPHER.
    SymCipher(SymDef),
    /// TPM_ALG_RSA.
    Rsa {
        /// The cipher that protects children of a storage key.
        symmetric: Option<SymDef>,
        /// The scheme that is bound to the key.
        scheme: Scheme,
        /// Size of the modulus in bits.
        key_bits: u16,
        /// Public exponent; 0 stands for 65537.
        exponent: u32,
    },
    /// TPM_ALG_ECC.
    Ecc {
        /// The cipher that protects children of a storage key.
        symmetric: Option<SymDef>,
        /// The scheme that is bound to the key.
        scheme: Scheme,
        /// The curve.
        #[serde(with = "wire_serde")]
        curve: TpmEccCurve,
        /// Key derivation scheme; no command uses it.
        kdf: Scheme,
    },
}

/// `unique` of a public area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unique {
    /// KEYEDHASH and SYMCIPHER: a digest over seed and sensitive.
    Digest(Vec<u8>),
    /// RSA: the modulus.
    Rsa(Vec<u8>),
    /// ECC: the point.
    Ecc {
        /// x coordinate.
        x: Vec<u8>,
        /// y coordinate.
        y: Vec<u8>,
    },
}

impl Unique {
    /// Bytes of its largest part.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Digest(bytes) | Self::Rsa(bytes) => bytes.len(),
            Self::Ecc { x, y } => x.len().max(y.len()),
        }
    }
}

impl Parameters {
    /// The object type.
    pub fn alg(&self) -> TpmAlgId {
        match self {
            Self::KeyedHash(_) => TpmAlgId::KeyedHash,
            Self::SymCipher(_) => TpmAlgId::SymCipher,
            Self::Rsa { .. } => TpmAlgId::Rsa,
            Self::Ecc { .. } => TpmAlgId::Ecc,
        }
    }

    /// TPMU_PUBLIC_PARMS of a type.
    pub fn read(buf: &mut &[u8], object_type: TpmAlgId) -> Result<Self, Rc> {
        Ok(match object_type {
            TpmAlgId::KeyedHash => Self::KeyedHash(Scheme::read_keyedhash(buf)?),
            TpmAlgId::SymCipher => Self::SymCipher(SymDef::read_nullable(buf)?.ok_or(Rc::SYMMETRIC)?),
            TpmAlgId::Rsa => {
                let (symmetric, scheme) = (SymDef::read_nullable(buf)?, Scheme::read_rsa(buf)?);
                let key_bits = u16::read(buf)?;
                if !rsa::KEY_BITS.contains(&key_bits) {
                    return Err(Rc::VALUE);
                }
                Self::Rsa { symmetric, scheme, key_bits, exponent: u32::read(buf)? }
            }
            TpmAlgId::Ecc => {
                let (symmetric, scheme) = (SymDef::read_nullable(buf)?, Scheme::read_ecc(buf)?);
                let curve = read_curve(buf)?;
                Self::Ecc { symmetric, scheme, curve, kdf: Scheme::read_kdf(buf)? }
            }
            _ => return Err(Rc::TYPE),
        })
    }

    /// The cipher of a storage key, if it has one (asymmetric keys and SYMCIPHER).
    pub fn symmetric(&self) -> Option<SymDef> {
        match self {
            Self::KeyedHash(_) => None,
            Self::SymCipher(sym) => Some(*sym),
            Self::Rsa { symmetric, .. } | Self::Ecc { symmetric, .. } => *symmetric,
        }
    }

    /// The scheme of the key; TPM_ALG_NULL for SYMCIPHER.
    pub fn scheme(&self) -> Scheme {
        match self {
            Self::KeyedHash(scheme) | Self::Rsa { scheme, .. } | Self::Ecc { scheme, .. } => *scheme,
            Self::SymCipher(_) => Scheme::NULL,
        }
    }
}

/// TPMI_ECC_CURVE: TPM_RC_CURVE for a curve that is not implemented.
pub fn read_curve(buf: &mut &[u8]) -> Result<TpmEccCurve, Rc> {
    match TpmEccCurve::try_from(u16::read(buf)?) {
        Ok(curve) if crate::crypto::ecc::Curve::from_id(curve).is_some() => Ok(curve),
        _ => Err(Rc::CURVE),
    }
}

/// TPMI_ALG_PUBLIC: TPM_RC_TYPE for what no object can be.
pub fn read_type(buf: &mut &[u8]) -> Result<TpmAlgId, Rc> {
    use TpmAlgId::{Ecc, KeyedHash, Rsa, SymCipher};
    let object_type = alg(buf, Rc::TYPE)?;
    if matches!(object_type, Rsa | Ecc | KeyedHash | SymCipher) { Ok(object_type) } else { Err(Rc::TYPE) }
}

/// Bits of TPMA_OBJECT that have a meaning (part 2, section 8.3; x509sign, bit 19, included).
const ATTRIBUTES: u32 = 0x000f_0cf6;

impl Public {
    /// TPMT_PUBLIC, or TPMT_PUBLIC+ when `null_name_alg` (LoadExternal, where TPM_ALG_NULL may stand for `nameAlg`).
    pub fn read(buf: &mut &[u8], null_name_alg: bool) -> Result<Self, Rc> {
        let object_type = read_type(buf)?;
        let name_alg = Option::<HashAlg>::read(buf)?;
        if name_alg.is_none() && !null_name_alg {
            return Err(Rc::HASH);
        }
        let attributes = u32::read(buf)?;
        if attributes & !ATTRIBUTES != 0 {
            return Err(Rc::RESERVED_BITS);
        }
        let auth_policy = take_2b(buf, HashAlg::MAX_SIZE)?.to_vec();
        let parameters = Parameters::read(buf, object_type)?;
        let unique = match object_type {
            TpmAlgId::Rsa => Unique::Rsa(take_2b(buf, MAX_RSA_KEY_BYTES)?.to_vec()),
            TpmAlgId::Ecc => Unique::Ecc {
                x: take_2b(buf, MAX_ECC_KEY_BYTES)?.to_vec(),
                y: take_2b(buf, MAX_ECC_KEY_BYTES)?.to_vec(),
            },
            _ => Unique::Digest(take_2b(buf, HashAlg::MAX_SIZE)?.to_vec()),
        };
        let attributes = TpmaObject::from_bits_truncate(attributes);
        Ok(Self { name_alg, attributes, auth_policy, parameters, unique })
    }

    /// Whether all of `attributes` are SET.
    pub fn has(&self, attributes: TpmaObject) -> bool {
        self.attributes.contains(attributes)
    }

    /// The Name: `nameAlg` and the digest of the public area; empty when `nameAlg` is TPM_ALG_NULL.
    pub fn name(&self) -> Vec<u8> {
        let Some(hash) = self.name_alg else { return Vec::new() };
        let mut name = marshal(&hash.alg());
        name.extend(hash.digest(&[&marshal(self)]));
        name
    }

    /// A parent: a storage key or a derivation parent (`restricted` and `decrypt`, not `sign`).
    pub fn is_parent(&self) -> bool {
        self.has(TpmaObject::RESTRICTED | TpmaObject::DECRYPT) && !self.has(TpmaObject::SIGN_ENCRYPT)
    }

    /// A derivation parent: a parent of type KEYEDHASH.
    pub fn is_derivation_parent(&self) -> bool {
        self.is_parent() && self.parameters.alg() == TpmAlgId::KeyedHash
    }

    /// A storage parent: a parent whose children are wrapped with its cipher.
    pub fn is_storage_parent(&self) -> bool {
        self.is_parent() && self.parameters.alg() != TpmAlgId::KeyedHash
    }
}

impl Param for Public {
    /// TPMT_PUBLIC: `nameAlg` TPM_ALG_NULL is TPM_RC_HASH.
    fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
        Self::read(buf, false)
    }
}

impl TpmSized for Public {
    const SIZE: usize = 1024;
    fn len(&self) -> usize {
        let parameters = match &self.parameters {
            Parameters::KeyedHash(scheme) => scheme.len(),
            Parameters::SymCipher(sym) => SymDef::len_nullable(Some(*sym)),
            Parameters::Rsa { symmetric, scheme, .. } => SymDef::len_nullable(*symmetric) + scheme.len() + 6,
            Parameters::Ecc { symmetric, scheme, kdf, .. } => {
                SymDef::len_nullable(*symmetric) + scheme.len() + 2 + kdf.len()
            }
        };
        let unique = match &self.unique {
            Unique::Digest(bytes) | Unique::Rsa(bytes) => 2 + bytes.len(),
            Unique::Ecc { x, y } => 4 + x.len() + y.len(),
        };
        8 + 2 + self.auth_policy.len() + parameters + unique
    }
}

impl TpmMarshal for Public {
    fn marshal(&self, writer: &mut TpmWriter) -> TpmResult<()> {
        self.parameters.alg().marshal(writer)?;
        self.name_alg.map_or(TpmAlgId::Null, HashAlg::alg).marshal(writer)?;
        self.attributes.marshal(writer)?;
        let mut bytes = Vec::new();
        put_2b(&mut bytes, &self.auth_policy);
        writer.write_bytes(&bytes)?;
        self.parameters.marshal(writer)?;
        bytes.clear();
        match &self.unique {
            Unique::Digest(unique) | Unique::Rsa(unique) => put_2b(&mut bytes, unique),
            Unique::Ecc { x, y } => {
                put_2b(&mut bytes, x);
                put_2b(&mut bytes, y);
            }
        }
        writer.write_bytes(&bytes)
    }
}

impl TpmMarshal for Parameters {
    fn marshal(&self, writer: &mut TpmWriter) -> TpmResult<()> {
        match self {
            Self::KeyedHash(scheme) => scheme.marshal(writer),
            Self::SymCipher(sym) => SymDef::marshal_nullable(Some(*sym), writer),
            Self::Rsa { symmetric, scheme, key_bits, exponent } => {
                SymDef::marshal_nullable(*symmetric, writer)?;
                scheme.marshal(writer)?;
                writer.write_bytes(&key_bits.to_be_bytes())?;
                writer.write_bytes(&exponent.to_be_bytes())
            }
            Self::Ecc { symmetric, scheme, curve, kdf } => {
                SymDef::marshal_nullable(*symmetric, writer)?;
                scheme.marshal(writer)?;
                curve.marshal(writer)?;
                kdf.marshal(writer)
            }
        }
    }
}
