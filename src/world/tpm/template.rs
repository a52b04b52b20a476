//! Public areas to make keys from.

use oobe_agent::tpm::KeyPurpose;
use oobe_wire::crypto::KeyKind;
use tpm_sim::manufacture::EkTemplate;
use tpm2_protocol::TpmUnmarshal;
use tpm2_protocol::basic::{TpmUint16, TpmUint32};
use tpm2_protocol::data::{
    Tpm2bDigest, Tpm2bEccParameter, Tpm2bPublicKeyRsa, TpmAlgId, TpmEccCurve, TpmaObject, TpmsEccParms,
    TpmsEccPoint, TpmsRsaParms, TpmsSchemeHash, TpmtEccScheme, TpmtKdfScheme, TpmtPublic, TpmtRsaScheme,
    TpmtSymDefObject, TpmuAsymScheme, TpmuPublicId, TpmuPublicParms, TpmuSymKeyBits, TpmuSymMode,
};

/// Made here, stays here.
fn resident() -> TpmaObject {
    TpmaObject::FIXED_TPM
        | TpmaObject::FIXED_PARENT
        | TpmaObject::SENSITIVE_DATA_ORIGIN
        | TpmaObject::USER_WITH_AUTH
        | TpmaObject::NO_DA
}

fn aes_128_cfb() -> TpmtSymDefObject {
    TpmtSymDefObject {
        algorithm: TpmAlgId::Aes,
        key_bits: TpmuSymKeyBits::Aes(TpmUint16::new(128)),
        mode: TpmuSymMode::Aes(TpmAlgId::Cfb),
    }
}

/// The storage root key: P-256 of the TCG's provisioning guidance (7.5.1). P-256 in a world of RSA keys too: the kind of a
/// parent doesn't limit that of its children, and an RSA key costs a slow TPM seconds.
pub(super) fn storage_root() -> TpmtPublic {
    let zeros = Tpm2bEccParameter::try_from(&[0; 32][..]).expect("a coordinate has 32 bytes");
    TpmtPublic {
        unique: TpmuPublicId::Ecc(TpmsEccPoint { x: zeros, y: zeros }),
        ..ecc(resident() | TpmaObject::RESTRICTED | TpmaObject::DECRYPT, aes_128_cfb(), TpmAlgId::Null)
    }
}

/// An attestation key: restricted, so that it signs what the TPM itself has made, and hashes that the TPM has seen the
/// beginning of.
pub(super) fn attestation_key(kind: KeyKind) -> TpmtPublic {
    key(kind, resident() | TpmaObject::RESTRICTED | TpmaObject::SIGN_ENCRYPT, true)
}

/// A key of the device: for signing, for decrypting, or for both.
pub(super) fn device_key(kind: KeyKind, purpose: KeyPurpose) -> TpmtPublic {
    let use_of_it = match purpose {
        KeyPurpose::Sign => TpmaObject::SIGN_ENCRYPT,
        KeyPurpose::Unwrap => TpmaObject::DECRYPT,
        KeyPurpose::SignAndUnwrap => TpmaObject::SIGN_ENCRYPT | TpmaObject::DECRYPT,
    };
    key(kind, resident() | use_of_it, false)
}

/// An endorsement key (EK Credential Profile 2.5, annex B).
pub(super) fn endorsement_key(template: EkTemplate) -> TpmtPublic {
    let bytes = template.public_area();
    TpmtPublic::unmarshal(&bytes).expect("the templates are constants, which a test reads").0
}

fn key(kind: KeyKind, attributes: TpmaObject, fixed_scheme: bool) -> TpmtPublic {
    let none = TpmtSymDefObject::default();
    match (kind, fixed_scheme) {
        (KeyKind::P256, true) => ecc(attributes, none, TpmAlgId::Ecdsa),
        (KeyKind::P256, false) => ecc(attributes, none, TpmAlgId::Null),
        (KeyKind::Rsa2048, true) => rsa(attributes, TpmAlgId::Rsassa),
        (KeyKind::Rsa2048, false) => rsa(attributes, TpmAlgId::Null),
    }
}

fn details(scheme: TpmAlgId) -> TpmuAsymScheme {
    match scheme {
        TpmAlgId::Null => TpmuAsymScheme::Null,
        _ => TpmuAsymScheme::Hash(TpmsSchemeHash { hash_alg: TpmAlgId::Sha256 }),
    }
}

fn ecc(attributes: TpmaObject, symmetric: TpmtSymDefObject, scheme: TpmAlgId) -> TpmtPublic {
    TpmtPublic {
        object_type: TpmAlgId::Ecc,
        name_alg: TpmAlgId::Sha256,
        object_attributes: attributes,
        auth_policy: Tpm2bDigest::new(),
        parameters: TpmuPublicParms::Ecc(TpmsEccParms {
            symmetric,
            scheme: TpmtEccScheme { scheme, details: details(scheme) },
            curve_id: TpmEccCurve::NistP256,
            kdf: TpmtKdfScheme::default(),
        }),
        unique: TpmuPublicId::Ecc(TpmsEccPoint::default()),
    }
}

fn rsa(attributes: TpmaObject, scheme: TpmAlgId) -> TpmtPublic {
    TpmtPublic {
        object_type: TpmAlgId::Rsa,
        name_alg: TpmAlgId::Sha256,
        object_attributes: attributes,
        auth_policy: Tpm2bDigest::new(),
        parameters: TpmuPublicParms::Rsa(TpmsRsaParms {
            symmetric: TpmtSymDefObject::default(),
            scheme: TpmtRsaScheme { scheme, details: details(scheme) },
            key_bits: TpmUint16::new(2048),
            // The usual one, 65537.
            exponent: TpmUint32::new(0),
        }),
        unique: TpmuPublicId::Rsa(Tpm2bPublicKeyRsa::new()),
    }
}
