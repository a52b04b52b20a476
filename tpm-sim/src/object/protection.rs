//! Protected storage (part 1, "Protected Storage"): the wrapping of sensitive areas for their parent, of duplicated objects
//! for their new parent, and of credentials.

use super::{Public, Sensitive, SymDef};
use crate::crypto::{HashAlg, equal, hmac, kdf::kdfa, sym};
use crate::params::{Param, put_2b, take_2b};
use crate::rc::Rc;
use tpm2_protocol::data::TpmAlgId;

/// Size of AES's block, and of an IV, in bytes.
pub const BLOCK: usize = 16;

/// AES-CFB in place. The key has a size that AES has, the IV is a block.
pub(crate) fn cfb(key: &[u8], iv: &[u8], data: &mut [u8], decrypt: bool) {
    let iv = iv.try_into().expect("IVs are one block long");
    let done = if decrypt { sym::cfb_decrypt(key, iv, data) } else { sym::cfb_encrypt(key, iv, data) };
    done.expect("keys of SymDef have a size that AES has");
}

/// What protects: a seed, the hash of its owner's Name, its owner's cipher.
#[derive(Debug, Clone, Copy)]
pub struct Protector<'a> {
    /// Hash of the derivations and of the HMAC.
    pub hash: HashAlg,
    /// Cipher, in CFB mode.
    pub sym: SymDef,
    /// The seed.
    pub seed: &'a [u8],
}

impl Protector<'_> {
    fn cipher_key(&self, name: &[u8]) -> Vec<u8> {
        kdfa(self.hash, self.seed, b"STORAGE", name, &[], u32::from(self.sym.key_bits))
    }

    fn integrity(&self, name: &[u8], parts: &[u8]) -> Vec<u8> {
        let bits = u32::try_from(self.hash.size() * 8).expect("digests are small");
        let key = kdfa(self.hash, self.seed, b"INTEGRITY", &[], &[], bits);
        hmac(self.hash, &key, &[parts, name])
    }

    /// Encrypts `data` and puts its HMAC in front. With `iv` the IV stands between the two; without, it is zero.
    pub fn wrap(&self, name: &[u8], iv: Option<&[u8]>, mut data: Vec<u8>) -> Vec<u8> {
        cfb(&self.cipher_key(name), iv.unwrap_or(&[0; BLOCK]), &mut data, false);
        let mut body = Vec::new();
        if let Some(iv) = iv {
            put_2b(&mut body, iv);
        }
        body.extend(data);
        let mut out = Vec::new();
        put_2b(&mut out, &self.integrity(name, &body));
        out.extend(body);
        out
    }

    /// The inverse of [`Protector::wrap`]: TPM_RC_INTEGRITY when the HMAC is not right.
    pub fn unwrap(&self, name: &[u8], with_iv: bool, blob: &[u8]) -> Result<Vec<u8>, Rc> {
        let mut rest = blob;
        let integrity = take_2b(&mut rest, HashAlg::MAX_SIZE)?;
        if !equal(integrity, &self.integrity(name, rest)) {
            return Err(Rc::INTEGRITY);
        }
        let iv = if with_iv { take_2b(&mut rest, BLOCK)? } else { &[0; BLOCK] };
        if iv.len() != BLOCK {
            return Err(Rc::SIZE);
        }
        let mut data = rest.to_vec();
        cfb(&self.cipher_key(name), iv, &mut data, true);
        Ok(data)
    }
}

/// The protector that a storage parent is for its children.
pub fn of_parent<'a>(parent: &Public, sensitive: &'a Sensitive) -> Protector<'a> {
    Protector { seed: &sensitive.seed_value, ..of_new_parent(parent, &[]) }
}

/// The protector for objects on their way to `parent` (duplication, credentials): its algorithms, and a seed that was
/// shared with it.
pub fn of_new_parent<'a>(parent: &Public, seed: &'a [u8]) -> Protector<'a> {
    let hash = parent.name_alg.expect("a parent has a Name");
    let sym = parent.parameters.symmetric().expect("the caller has seen to it that this is a storage parent");
    Protector { hash, sym, seed }
}

/// TPM2B_PRIVATE (its contents) of an object for its parent.
pub fn wrap(parent: Protector, name: &[u8], iv: &[u8], public: &Public, sensitive: &Sensitive) -> Vec<u8> {
    parent.wrap(name, Some(iv), sized(public, sensitive))
}

/// The sensitive area in a TPM2B_PRIVATE.
pub fn unwrap(parent: Protector, name: &[u8], private: &[u8]) -> Result<(TpmAlgId, Sensitive), Rc> {
    let data = parent.unwrap(name, true, private)?;
    parse(&data)
}

/// A sensitive area behind its size, as it is encrypted: the authorisation value padded to the size of `nameAlg`, so that
/// the blob does not tell how long it is.
pub fn sized(public: &Public, sensitive: &Sensitive) -> Vec<u8> {
    let mut padded = sensitive.clone();
    padded.auth_value.resize(public.name_alg.map_or(sensitive.auth_value.len(), HashAlg::size), 0);
    let mut data = Vec::new();
    put_2b(&mut data, &padded.to_bytes(public.parameters.alg()));
    data
}

/// The sensitive area behind its size, which has to be all there is (else TPM_RC_SIZE).
pub fn parse(mut data: &[u8]) -> Result<(TpmAlgId, Sensitive), Rc> {
    if usize::from(u16::read(&mut data)?) != data.len() {
        return Err(Rc::SIZE);
    }
    let value = Sensitive::read(&mut data)?;
    if data.is_empty() { Ok(value) } else { Err(Rc::SIZE) }
}

/// The inner wrapper of a duplicated object (part 1, "Inner Duplication Wrapper").
#[derive(Debug, Clone, Copy)]
pub struct Inner<'a> {
    /// nameAlg of the object.
    pub hash: HashAlg,
    /// encryptionKey.
    pub key: &'a [u8],
}

impl Inner<'_> {
    /// Digest and data, encrypted.
    pub fn wrap(&self, name: &[u8], data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        put_2b(&mut out, &self.hash.digest(&[data, name]));
        out.extend(data);
        cfb(self.key, &[0; BLOCK], &mut out, false);
        out
    }

    /// The data: TPM_RC_INTEGRITY when the digest is not right.
    pub fn unwrap(&self, name: &[u8], blob: &[u8]) -> Result<Vec<u8>, Rc> {
        let mut data = blob.to_vec();
        cfb(self.key, &[0; BLOCK], &mut data, true);
        let mut rest = data.as_slice();
        let digest = take_2b(&mut rest, HashAlg::MAX_SIZE)?;
        if equal(digest, &self.hash.digest(&[rest, name])) { Ok(rest.to_vec()) } else { Err(Rc::INTEGRITY) }
    }
}
