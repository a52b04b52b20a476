//! Where firmware TPMs' EK certificates are served (NET-012), and what is served: the vendor's host, a path that is made
//! from the EK's public key, and a body that has the certificate in it.

use std::fmt::Write;

use super::ek_certificate::EkPublicKey;
use super::vendor::Vendor;
use crate::crypto::hash::HashAlg;

/// What an endpoint answers to a GET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Host; HTTPS, port 443.
    pub host: &'static str,
    /// Absolute path.
    pub path: String,
    /// Content-Type of the answer.
    pub content_type: &'static str,
    /// The answer.
    pub body: Vec<u8>,
}

/// The endpoint for a key, and its answer with that certificate (DER); `None` when the vendor has none.
pub fn endpoint(vendor: Vendor, key: &EkPublicKey, certificate: &[u8]) -> Option<Endpoint> {
    let host = vendor.data().ek_host?;
    let (path, content_type, body) = match vendor {
        Vendor::Intel => (intel_path(key), "application/json", intel_body(key, certificate)),
        Vendor::Amd => (amd_path(key), "application/pkix-cert", certificate.to_vec()),
        Vendor::Qualcomm => (qualcomm_path(key), "application/pkix-cert", certificate.to_vec()),
        _ => return None,
    };
    Some(Endpoint { host, path, content_type, body })
}

/// The path at which the vendor of a firmware TPM keeps the certificate of a key.
pub fn path(vendor: Vendor, key: &EkPublicKey) -> Option<String> {
    match vendor {
        Vendor::Intel => Some(intel_path(key)),
        Vendor::Amd => Some(amd_path(key)),
        Vendor::Qualcomm => Some(qualcomm_path(key)),
        _ => None,
    }
}

/// The certificate (DER) in an answer of the vendor; `None` when the answer has another form.
pub fn certificate(vendor: Vendor, body: &[u8]) -> Option<Vec<u8>> {
    match vendor {
        Vendor::Intel => {
            let text = std::str::from_utf8(body).ok()?;
            let value = text.split("\"certificate\"").nth(1)?.split('"').nth(1)?;
            base64_url_decode(&value.replace("%3D", ""))
        }
        Vendor::Amd | Vendor::Qualcomm => Some(body.to_vec()),
        _ => None,
    }
}

/// Intel: base64url of SHA-256 over modulus and exponent (three bytes), or over both coordinates. *Public*: the manual of
/// tpm2_getekcertificate and what that tool sends, with the padding in percent encoding.
fn intel_path(key: &EkPublicKey) -> String {
    format!("/ekcertservice/{}", intel_hash(key).replace('=', "%3D"))
}

fn intel_hash(key: &EkPublicKey) -> String {
    let digest = match key {
        EkPublicKey::Rsa { modulus, exponent } => {
            HashAlg::Sha256.digest(&[modulus, &exponent.to_be_bytes()[1..]])
        }
        EkPublicKey::Ecc { x, y, .. } => HashAlg::Sha256.digest(&[x, y]),
    };
    base64_url(&digest)
}

/// Intel: a JSON object with the hash and the certificate, both base64url. *Public*: what tpm2_getekcertificate reads.
fn intel_body(key: &EkPublicKey, certificate: &[u8]) -> Vec<u8> {
    let certificate = base64_url(certificate).replace('=', "%3D");
    format!("{{\"pubhash\":\"{}\",\"certificate\":\"{certificate}\"}}", intel_hash(key)).into_bytes()
}

/// AMD: the first 16 bytes, in hexadecimal, of SHA-256 over a tag and the key: 0x00002222, exponent and modulus for RSA,
/// 0x00004444 and both coordinates for ECC. *Public*: what tpm2_getekcertificate sends.
fn amd_path(key: &EkPublicKey) -> String {
    let digest = match key {
        EkPublicKey::Rsa { modulus, exponent } => {
            HashAlg::Sha256.digest(&[&[0, 0, 0x22, 0x22], &exponent.to_be_bytes(), modulus])
        }
        EkPublicKey::Ecc { x, y, .. } => HashAlg::Sha256.digest(&[&[0, 0, 0x44, 0x44], x, y]),
    };
    let mut path = "/pki/aia/".to_owned();
    for byte in &digest[..16] {
        write!(path, "{byte:02x}").expect("writing to a string does not fail");
    }
    path
}

/// Qualcomm: *model*. Only the host is public; the path here is base64url of SHA-256 over the SubjectPublicKeyInfo.
fn qualcomm_path(key: &EkPublicKey) -> String {
    let digest = HashAlg::Sha256.digest(&[&key.to_spki()]);
    format!("/EKCertificate/GetEKCertificate/v1/{}", base64_url(&digest).trim_end_matches('='))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64_url(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            if digit <= chunk.len() {
                out.push(char::from(ALPHABET[(group >> (18 - 6 * digit) & 0x3f) as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

fn base64_url_decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut group, mut bits) = (0_u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let digit = (0_u32..).zip(ALPHABET).find(|(_, known)| **known == byte)?.0;
        group = group << 6 | digit;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(group >> bits & 0xff).expect("the mask leaves eight bits"));
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_goes_there_and_back() {
        for (plain, encoded) in
            [(&b""[..], ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"\xfb\xff", "-_8=")]
        {
            assert_eq!(base64_url(plain), encoded);
            assert_eq!(base64_url_decode(encoded).unwrap(), plain);
        }
        assert_eq!(base64_url_decode("a+b"), None);
    }

    #[test]
    fn certificate_comes_out_of_what_is_served() {
        let key = EkPublicKey::Rsa { modulus: vec![0xaa; 256], exponent: 65_537 };
        for vendor in Vendor::ALL {
            let Some(served) = endpoint(vendor, &key, b"the certificate") else {
                assert_eq!(vendor.data().ek_host, None);
                continue;
            };
            assert_eq!(Some(&served.path), path(vendor, &key).as_ref());
            assert!(
                served.path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_%".contains(&b)),
                "{}",
                served.path
            );
            assert_eq!(certificate(vendor, &served.body).unwrap(), b"the certificate");
        }
    }
}
