//! Between the library's types and the bytes that go on to the cloud.

use oobe_agent::keys::SignatureForm;
use oobe_agent::tpm::{Blob, TpmError};
use oobe_wire::crypto::PublicKey;
use oobe_wire::tpm::PublicArea;
use tss_esapi::constants::response_code::Tss2ResponseCode;
use tss_esapi::structures::{Public, Signature};
use tss_esapi::traits::Marshall;

/// The TPM's response code; `Transport` when it was not the TPM that refused.
pub(crate) fn response_code(error: tss_esapi::Error) -> Result<u32, TpmError> {
    let tss_esapi::Error::Tss2Error(code) = error else { return Err(TpmError::Transport) };
    // The number itself is private in the library; what it prints ends with it.
    let printed = match code {
        Tss2ResponseCode::Success => return Ok(0),
        Tss2ResponseCode::FormatZero(code) => code.to_string(),
        Tss2ResponseCode::FormatOne(code) => code.to_string(),
    };
    let number = printed.rsplit("0x").next().and_then(|digits| u32::from_str_radix(digits, 16).ok());
    match number {
        // Bits 16 to 23 name the layer of the stack: 0 is the TPM (TSS 2.0 Overview, TSS2_RC).
        Some(code) if code >> 16 == 0 => Ok(code),
        _ => Err(TpmError::Transport),
    }
}

/// A structure's bytes.
pub(crate) fn bytes(structure: &impl Marshall) -> Result<Blob, TpmError> {
    structure.marshall().map(Blob).map_err(|_| TpmError::Transport)
}

/// A structure of the library's from what a caller brought; TPM_RC_SIZE when it doesn't fit.
pub(crate) fn fitting<T: TryFrom<Vec<u8>>>(bytes: &[u8]) -> Result<T, TpmError> {
    T::try_from(bytes.to_vec()).map_err(|_| TpmError::Code(0x95))
}

/// What a TPM2B holds, whose size stands in front.
pub(crate) fn inside(sized: &[u8]) -> Result<&[u8], TpmError> {
    match sized.split_first_chunk() {
        Some((size, content)) if usize::from(u16::from_be_bytes(*size)) == content.len() => Ok(content),
        _ => Err(TpmError::Code(0x95)),
    }
}

/// A public area: the key, as certificates carry it, and its bytes.
pub(crate) fn public_area(public: &Public) -> Result<(PublicKey, Blob), TpmError> {
    let area = bytes(public)?;
    let parsed = PublicArea::parse(&area).map_err(|_| TpmError::Transport)?;
    Ok((parsed.key, area))
}

/// A signature in the form that was asked for.
pub(crate) fn in_form(signature: &Signature, form: SignatureForm) -> Result<Vec<u8>, TpmError> {
    match signature {
        Signature::RsaSsa(rsa) => Ok(rsa.signature().value().to_vec()),
        Signature::EcDsa(ecdsa) => {
            let r = whole(ecdsa.signature_r().value()).ok_or(TpmError::Transport)?;
            let s = whole(ecdsa.signature_s().value()).ok_or(TpmError::Transport)?;
            Ok(match form {
                SignatureForm::Jws => [r, s].concat(),
                SignatureForm::X509 => {
                    let content = [integer(&r), integer(&s)].concat();
                    [&[0x30, short(content.len())][..], &content].concat()
                }
            })
        }
        _ => Err(TpmError::Transport),
    }
}

/// A number of P-256 in full length.
pub(crate) fn whole(bytes: &[u8]) -> Option<[u8; 32]> {
    let mut number = [0; 32];
    number.get_mut(32_usize.checked_sub(bytes.len())?..)?.copy_from_slice(bytes);
    Some(number)
}

fn integer(number: &[u8; 32]) -> Vec<u8> {
    let digits = &number[number.iter().position(|byte| *byte != 0).unwrap_or(31)..];
    let sign: &[u8] = if digits[0] & 0x80 == 0 { &[] } else { &[0] };
    [&[0x02, short(sign.len() + digits.len())][..], sign, digits].concat()
}

fn short(length: usize) -> u8 {
    u8::try_from(length).expect("two numbers of 33 bytes fit into one length byte")
}
