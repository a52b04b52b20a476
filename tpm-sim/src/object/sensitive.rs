//! The sensitive area of an object (TPMT_SENSITIVE, part 2, section 12.3.2).

use crate::crypto::HashAlg;
use crate::params::{Param, put_2b, take_2b};
use crate::rc::Rc;
use serde::{Deserialize, Serialize};
use std::fmt;
use tpm2_protocol::data::TpmAlgId;

use super::public::{MAX_ECC_KEY_BYTES, MAX_RSA_KEY_BYTES};

/// Most bytes of sealed data (MAX_SYM_DATA).
pub const MAX_SYM_DATA: usize = 128;

/// A sensitive area; its type is that of the public area.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sensitive {
    /// The authorisation value, without trailing zeros.
    pub auth_value: Vec<u8>,
    /// Storage keys: the seed that protects children. Others: the obfuscation value of `unique`, or empty.
    pub seed_value: Vec<u8>,
    /// RSA: one prime factor. ECC: the private scalar. KEYEDHASH: data or key. SYMCIPHER: the key.
    pub sensitive: Vec<u8>,
}

impl fmt::Debug for Sensitive {
    /// Lengths alone: secrets stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Sensitive({}, {}, {} bytes)",
            self.auth_value.len(),
            self.seed_value.len(),
            self.sensitive.len()
        )
    }
}

impl Sensitive {
    /// TPMT_SENSITIVE, with the type in front of it.
    pub fn read(buf: &mut &[u8]) -> Result<(TpmAlgId, Self), Rc> {
        let sensitive_type = super::public::read_type(buf)?;
        let auth_value = take_2b(buf, HashAlg::MAX_SIZE)?.to_vec();
        let seed_value = take_2b(buf, HashAlg::MAX_SIZE)?.to_vec();
        let max = match sensitive_type {
            TpmAlgId::Rsa => MAX_RSA_KEY_BYTES / 2,
            TpmAlgId::Ecc => MAX_ECC_KEY_BYTES,
            TpmAlgId::SymCipher => 32,
            _ => MAX_SYM_DATA,
        };
        let sensitive = take_2b(buf, max)?.to_vec();
        Ok((sensitive_type, Self { auth_value, seed_value, sensitive }))
    }

    /// Its wire bytes as the sensitive area of an object of `object_type`.
    pub fn to_bytes(&self, object_type: TpmAlgId) -> Vec<u8> {
        let mut out = object_type.value().to_be_bytes().to_vec();
        put_2b(&mut out, &self.auth_value);
        put_2b(&mut out, &self.seed_value);
        put_2b(&mut out, &self.sensitive);
        out
    }

    /// TPM2B_SENSITIVE of LoadExternal and Import: `None` for the empty buffer.
    pub fn read_sized(buf: &mut &[u8]) -> Result<Option<(TpmAlgId, Self)>, Rc> {
        let size = usize::from(u16::read(buf)?);
        if size == 0 {
            return Ok(None);
        }
        let before = buf.len();
        let value = Self::read(buf)?;
        if before - buf.len() == size { Ok(Some(value)) } else { Err(Rc::SIZE) }
    }
}

/// An authorisation value as it is stored: trailing zeros removed (part 1, "Authorization Values").
pub fn trim_auth(auth_value: &[u8]) -> Vec<u8> {
    let len = auth_value.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    auth_value[..len].to_vec()
}
