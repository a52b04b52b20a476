//! Algorithms and curves that the TPM implements.

use tpm2_protocol::data::TpmAlgId;

use super::Items;
use crate::Tpm;

/// Bits of TPMA_ALGORITHM (part 2, 8.2).
mod attribute {
    pub(super) const ASYMMETRIC: u32 = 1;
    pub(super) const SYMMETRIC: u32 = 1 << 1;
    pub(super) const HASH: u32 = 1 << 2;
    pub(super) const OBJECT: u32 = 1 << 3;
    pub(super) const SIGNING: u32 = 1 << 8;
    pub(super) const ENCRYPTING: u32 = 1 << 9;
    pub(super) const METHOD: u32 = 1 << 10;
}
use attribute::{ASYMMETRIC, ENCRYPTING, HASH, METHOD, OBJECT, SIGNING, SYMMETRIC};

/// In the order of their identifiers.
const ALGORITHMS: [(TpmAlgId, u32); 28] = [
    (TpmAlgId::Rsa, ASYMMETRIC | OBJECT),
    (TpmAlgId::Sha1, HASH),
    (TpmAlgId::Hmac, HASH | SIGNING),
    (TpmAlgId::Aes, SYMMETRIC),
    (TpmAlgId::Mgf1, HASH | METHOD),
    (TpmAlgId::KeyedHash, HASH | OBJECT | SIGNING | ENCRYPTING),
    (TpmAlgId::Xor, HASH | SYMMETRIC),
    (TpmAlgId::Sha256, HASH),
    (TpmAlgId::Sha384, HASH),
    (TpmAlgId::Sha512, HASH),
    (TpmAlgId::Rsassa, ASYMMETRIC | SIGNING),
    (TpmAlgId::Rsaes, ASYMMETRIC | ENCRYPTING),
    (TpmAlgId::Rsapss, ASYMMETRIC | SIGNING),
    (TpmAlgId::Oaep, ASYMMETRIC | ENCRYPTING),
    (TpmAlgId::Ecdsa, ASYMMETRIC | SIGNING),
    (TpmAlgId::Ecdh, ASYMMETRIC | METHOD),
    (TpmAlgId::Ecdaa, ASYMMETRIC | SIGNING),
    (TpmAlgId::Ecschnorr, ASYMMETRIC | SIGNING),
    (TpmAlgId::Kdf1Sp800_56A, HASH | METHOD),
    (TpmAlgId::Kdf2, HASH | METHOD),
    (TpmAlgId::Kdf1Sp800_108, HASH | METHOD),
    (TpmAlgId::Ecc, ASYMMETRIC | OBJECT),
    (TpmAlgId::SymCipher, OBJECT | SYMMETRIC),
    (TpmAlgId::Ctr, SYMMETRIC | ENCRYPTING),
    (TpmAlgId::Ofb, SYMMETRIC | ENCRYPTING),
    (TpmAlgId::Cbc, SYMMETRIC | ENCRYPTING),
    (TpmAlgId::Cfb, SYMMETRIC | ENCRYPTING),
    (TpmAlgId::Ecb, SYMMETRIC | ENCRYPTING),
];

/// TPM_CAP_ALGS.
pub(super) fn algorithms() -> Items {
    ALGORITHMS
        .iter()
        .map(|(alg, attributes)| {
            let id = *alg as u16;
            (u32::from(id), [&id.to_be_bytes()[..], &attributes.to_be_bytes()].concat())
        })
        .collect()
}

/// TPM_CAP_ECC_CURVES: those of the profile.
pub(super) fn curves(tpm: &Tpm) -> Items {
    let curves = tpm.state.factory.profile().curves;
    let mut curves: Vec<u16> = curves.iter().map(|curve| curve.id() as u16).collect();
    curves.sort_unstable();
    curves.into_iter().map(|id| (u32::from(id), id.to_be_bytes().to_vec())).collect()
}
