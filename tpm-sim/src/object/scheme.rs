//! Schemes and symmetric definitions of public areas and commands (part 2, chapter 11).
//!
//! Our own types, not tpm2-protocol's: those have no room for the `count` of ECDAA, read a hash behind the KDF of an XOR
//! scheme (part 2 has an algorithm identifier alone there), and do not tell which field was wrong.

use crate::crypto::HashAlg;
use crate::params::{Param, alg, wire_serde};
use crate::rc::Rc;
use serde::{Deserialize, Serialize};
use tpm2_protocol::data::TpmAlgId;
use tpm2_protocol::{TpmMarshal, TpmResult, TpmSized, TpmWriter};

/// A scheme of any kind: signing, decryption, key exchange, key derivation, keyed hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheme {
    /// The scheme's algorithm; TPM_ALG_NULL for none.
    #[serde(with = "wire_serde")]
    pub alg: TpmAlgId,
    /// Its hash; `None` for TPM_ALG_NULL and TPM_ALG_RSAES.
    pub hash: Option<HashAlg>,
    /// ECDAA: `count`, the value that TPM2_Commit returned. XOR: the KDF's algorithm identifier. Otherwise 0.
    pub extra: u16,
}

impl Scheme {
    /// No scheme.
    pub const NULL: Self = Self { alg: TpmAlgId::Null, hash: None, extra: 0 };

    /// A scheme with a hash.
    pub const fn new(alg: TpmAlgId, hash: HashAlg) -> Self {
        Self { alg, hash: Some(hash), extra: 0 }
    }

    /// Whether it is TPM_ALG_NULL.
    pub fn is_null(&self) -> bool {
        self.alg == TpmAlgId::Null
    }

    fn details(buf: &mut &[u8], alg: TpmAlgId) -> Result<Self, Rc> {
        if matches!(alg, TpmAlgId::Null | TpmAlgId::Rsaes) {
            return Ok(Self { alg, hash: None, extra: 0 });
        }
        let hash = Some(HashAlg::read(buf)?);
        let extra = match alg {
            TpmAlgId::Ecdaa => u16::read(buf)?,
            TpmAlgId::Xor => kdf_alg(buf)?.value(),
            _ => 0,
        };
        Ok(Self { alg, hash, extra })
    }

    fn one_of(buf: &mut &[u8], allowed: &[TpmAlgId], refuse: Rc) -> Result<Self, Rc> {
        let alg = alg(buf, refuse)?;
        if !allowed.contains(&alg) {
            return Err(refuse);
        }
        Self::details(buf, alg)
    }

    /// TPMT_SIG_SCHEME+ of a command: TPM_RC_SCHEME for what cannot sign.
    pub fn read_signing(buf: &mut &[u8]) -> Result<Self, Rc> {
        use TpmAlgId::{Ecdaa, Ecdsa, Ecschnorr, Hmac, Null, Rsapss, Rsassa};
        Self::one_of(buf, &[Null, Rsassa, Rsapss, Ecdsa, Ecdaa, Ecschnorr, Hmac], Rc::SCHEME)
    }

    /// TPMT_RSA_DECRYPT+ of a command: TPM_RC_VALUE for what cannot encrypt.
    pub fn read_rsa_decrypt(buf: &mut &[u8]) -> Result<Self, Rc> {
        Self::one_of(buf, &[TpmAlgId::Null, TpmAlgId::Rsaes, TpmAlgId::Oaep], Rc::VALUE)
    }

    /// TPMT_RSA_SCHEME+ of an RSA key.
    pub fn read_rsa(buf: &mut &[u8]) -> Result<Self, Rc> {
        use TpmAlgId::{Null, Oaep, Rsaes, Rsapss, Rsassa};
        Self::one_of(buf, &[Null, Rsassa, Rsapss, Rsaes, Oaep], Rc::VALUE)
    }

    /// TPMT_ECC_SCHEME+ of an elliptic curve key.
    pub fn read_ecc(buf: &mut &[u8]) -> Result<Self, Rc> {
        use TpmAlgId::{Ecdaa, Ecdh, Ecdsa, Ecschnorr, Null};
        Self::one_of(buf, &[Null, Ecdsa, Ecdaa, Ecschnorr, Ecdh], Rc::SCHEME)
    }

    /// TPMT_KDF_SCHEME+.
    pub fn read_kdf(buf: &mut &[u8]) -> Result<Self, Rc> {
        let alg = kdf_alg(buf)?;
        Self::details(buf, alg)
    }

    /// TPMT_KEYEDHASH_SCHEME+.
    pub fn read_keyedhash(buf: &mut &[u8]) -> Result<Self, Rc> {
        Self::one_of(buf, &[TpmAlgId::Null, TpmAlgId::Hmac, TpmAlgId::Xor], Rc::VALUE)
    }
}

/// TPMI_ALG_KDF+.
fn kdf_alg(buf: &mut &[u8]) -> Result<TpmAlgId, Rc> {
    use TpmAlgId::{Kdf1Sp800_56A, Kdf1Sp800_108, Kdf2, Mgf1, Null};
    let alg = alg(buf, Rc::KDF)?;
    if matches!(alg, Null | Mgf1 | Kdf1Sp800_56A | Kdf2 | Kdf1Sp800_108) { Ok(alg) } else { Err(Rc::KDF) }
}

impl TpmSized for Scheme {
    const SIZE: usize = 6;
    fn len(&self) -> usize {
        let extra = matches!(self.alg, TpmAlgId::Ecdaa | TpmAlgId::Xor);
        2 + if self.hash.is_some() { 2 } else { 0 } + if extra { 2 } else { 0 }
    }
}

impl TpmMarshal for Scheme {
    fn marshal(&self, writer: &mut TpmWriter) -> TpmResult<()> {
        self.alg.marshal(writer)?;
        if let Some(hash) = self.hash {
            hash.alg().marshal(writer)?;
        }
        if matches!(self.alg, TpmAlgId::Ecdaa | TpmAlgId::Xor) {
            writer.write_bytes(&self.extra.to_be_bytes())?;
        }
        Ok(())
    }
}

/// A symmetric cipher with its key size and mode (TPMT_SYM_DEF_OBJECT without TPM_ALG_NULL): AES alone is implemented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymDef {
    /// Key size in bits: 128, 192 or 256.
    pub key_bits: u16,
    /// CTR, OFB, CBC, CFB, ECB, or TPM_ALG_NULL where the user of the key chooses.
    #[serde(with = "wire_serde")]
    pub mode: TpmAlgId,
}

impl SymDef {
    /// AES in cipher feedback mode.
    pub const fn aes_cfb(key_bits: u16) -> Self {
        Self { key_bits, mode: TpmAlgId::Cfb }
    }

    /// Key size in bytes.
    pub fn key_size(self) -> usize {
        usize::from(self.key_bits / 8)
    }

    /// TPMT_SYM_DEF_OBJECT+: `None` for TPM_ALG_NULL.
    pub fn read_nullable(buf: &mut &[u8]) -> Result<Option<Self>, Rc> {
        match alg(buf, Rc::SYMMETRIC)? {
            TpmAlgId::Null => Ok(None),
            TpmAlgId::Aes => {
                let key_bits = u16::read(buf)?;
                if ![128, 192, 256].contains(&key_bits) {
                    return Err(Rc::VALUE);
                }
                Ok(Some(Self { key_bits, mode: sym_mode(buf)? }))
            }
            _ => Err(Rc::SYMMETRIC),
        }
    }

    /// Appends TPMT_SYM_DEF_OBJECT+.
    pub fn marshal_nullable(sym: Option<Self>, writer: &mut TpmWriter) -> TpmResult<()> {
        let Some(sym) = sym else { return TpmAlgId::Null.marshal(writer) };
        TpmAlgId::Aes.marshal(writer)?;
        writer.write_bytes(&sym.key_bits.to_be_bytes())?;
        sym.mode.marshal(writer)
    }

    /// Length of TPMT_SYM_DEF_OBJECT+ in bytes.
    pub fn len_nullable(sym: Option<Self>) -> usize {
        if sym.is_some() { 6 } else { 2 }
    }
}

/// TPMI_ALG_SYM_MODE+.
pub fn sym_mode(buf: &mut &[u8]) -> Result<TpmAlgId, Rc> {
    use TpmAlgId::{Cbc, Cfb, Ctr, Ecb, Null, Ofb};
    let mode = alg(buf, Rc::MODE)?;
    if matches!(mode, Null | Ctr | Ofb | Cbc | Cfb | Ecb) { Ok(mode) } else { Err(Rc::MODE) }
}
