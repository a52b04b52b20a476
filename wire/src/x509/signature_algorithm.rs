//! The signature algorithms of certificates and requests: SHA-256 with either kind of key.

use const_oid::ObjectIdentifier;

use super::X509Error;
use crate::crypto::KeyKind;
use crate::derenc;

const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

/// The AlgorithmIdentifier of signatures by keys of that kind.
pub(super) fn signature_algorithm(kind: KeyKind) -> Vec<u8> {
    match kind {
        KeyKind::P256 => derenc::sequence(&[&derenc::object_id(&ECDSA_WITH_SHA256)]),
        KeyKind::Rsa2048 => derenc::sequence(&[&derenc::object_id(&SHA256_WITH_RSA), &derenc::null()]),
    }
}

/// Whether keys of that kind sign with that algorithm.
pub(super) fn check_algorithm(oid: &ObjectIdentifier, kind: KeyKind) -> Result<(), X509Error> {
    let expected = match kind {
        KeyKind::P256 => ECDSA_WITH_SHA256,
        KeyKind::Rsa2048 => SHA256_WITH_RSA,
    };
    if *oid == expected { Ok(()) } else { Err(X509Error::UnsupportedSignature) }
}
