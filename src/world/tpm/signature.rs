//! Signatures in the forms in which others carry them.

use oobe_agent::keys::SignatureForm;
use oobe_agent::tpm::TpmError;
use tpm2_protocol::data::{TpmtSignature, TpmuSignature};

use super::container::coordinate;
use super::conversation::garbled;

/// A TPM's signature in the form that was asked for: RSA has one, ECDSA two.
pub(super) fn in_form(signature: &TpmtSignature, form: SignatureForm) -> Result<Vec<u8>, TpmError> {
    match &signature.signature {
        TpmuSignature::Rsassa(rsa) => Ok(rsa.sig.to_vec()),
        TpmuSignature::Ecdsa(ecdsa) => {
            let (r, s) = coordinate(&ecdsa.signature_r)
                .zip(coordinate(&ecdsa.signature_s))
                .ok_or_else(|| garbled("a signature with more than P-256 has room for"))?;
            Ok(match form {
                SignatureForm::Jws => [r, s].concat(),
                SignatureForm::X509 => {
                    let content = [integer(&r), integer(&s)].concat();
                    // At most 70 bytes: one byte says it.
                    [&[0x30, low(content.len())][..], &content].concat()
                }
            })
        }
        _ => Err(garbled("a signature of another kind than the key")),
    }
}

/// A DER integer: without leading zeros, but for the one that keeps it from being negative.
fn integer(number: &[u8; 32]) -> Vec<u8> {
    let first = number.iter().position(|byte| *byte != 0).unwrap_or(31);
    let digits = &number[first..];
    let sign: &[u8] = if digits[0] & 0x80 == 0 { &[] } else { &[0] };
    [&[0x02, low(sign.len() + digits.len())][..], sign, digits].concat()
}

fn low(length: usize) -> u8 {
    u8::try_from(length).expect("two numbers of 33 bytes fit into one length byte")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_as_short_as_der_wants_them() {
        let mut number = [0; 32];
        assert_eq!(integer(&number), [2, 1, 0]);
        number[31] = 0x7f;
        assert_eq!(integer(&number), [2, 1, 0x7f]);
        number[31] = 0x80;
        assert_eq!(integer(&number), [2, 2, 0, 0x80]);
        number[0] = 0xff;
        assert_eq!(integer(&number)[..3], [2, 33, 0]);
    }
}
