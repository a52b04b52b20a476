//! Public areas to make keys from, as bytes: the same that `oobe` sends.

use oobe_agent::tpm::{KeyPurpose, TpmError};
use oobe_wire::crypto::KeyKind;
use tss_esapi::structures::Public;
use tss_esapi::traits::UnMarshall;

/// fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA.
const RESIDENT: u32 = 0x472;
const RESTRICTED: u32 = 0x1_0000;
const DECRYPT: u32 = 0x2_0000;
const SIGN: u32 = 0x4_0000;

const NULL: [u8; 2] = [0x00, 0x10];
const AES_128_CFB: [u8; 6] = [0x00, 0x06, 0x00, 0x80, 0x00, 0x43];
const ECDSA_SHA256: [u8; 4] = [0x00, 0x18, 0x00, 0x0b];
const RSASSA_SHA256: [u8; 4] = [0x00, 0x14, 0x00, 0x0b];

/// The storage root key.
pub(crate) fn storage_root() -> Result<Public, TpmError> {
    let zeros = [&[0, 32][..], &[0; 32]].concat();
    ecc(RESIDENT | RESTRICTED | DECRYPT, &AES_128_CFB, &NULL, &[&zeros[..], &zeros].concat())
}

/// An attestation key.
pub(crate) fn attestation_key(kind: KeyKind) -> Result<Public, TpmError> {
    let attributes = RESIDENT | RESTRICTED | SIGN;
    match kind {
        KeyKind::P256 => ecc(attributes, &NULL, &ECDSA_SHA256, &[0; 4]),
        KeyKind::Rsa2048 => rsa(attributes, &RSASSA_SHA256),
    }
}

/// A key of the device.
pub(crate) fn device_key(kind: KeyKind, purpose: KeyPurpose) -> Result<Public, TpmError> {
    let attributes = RESIDENT
        | match purpose {
            KeyPurpose::Sign => SIGN,
            KeyPurpose::Unwrap => DECRYPT,
            KeyPurpose::SignAndUnwrap => SIGN | DECRYPT,
        };
    match kind {
        KeyKind::P256 => ecc(attributes, &NULL, &NULL, &[0; 4]),
        KeyKind::Rsa2048 => rsa(attributes, &NULL),
    }
}

/// TPMT_PUBLIC of an ECC key on P-256, name and policy of SHA-256, without a policy.
fn ecc(attributes: u32, symmetric: &[u8], scheme: &[u8], unique: &[u8]) -> Result<Public, TpmError> {
    let curve = [0x00, 0x03];
    read(&[&[0x00, 0x23][..], &head(attributes), symmetric, scheme, &curve, &NULL, unique].concat())
}

/// TPMT_PUBLIC of an RSA key of 2048 bits with the usual exponent.
fn rsa(attributes: u32, scheme: &[u8]) -> Result<Public, TpmError> {
    read(&[&[0x00, 0x01][..], &head(attributes), &NULL, scheme, &[0x08, 0x00, 0, 0, 0, 0, 0, 0]].concat())
}

fn head(attributes: u32) -> [u8; 8] {
    let [a, b, c, d] = attributes.to_be_bytes();
    [0x00, 0x0b, a, b, c, d, 0, 0]
}

fn read(area: &[u8]) -> Result<Public, TpmError> {
    Public::unmarshall(area).map_err(|_| TpmError::Transport)
}
