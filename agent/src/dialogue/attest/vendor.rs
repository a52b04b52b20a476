//! Where the certificate of a firmware TPM's endorsement key is fetched (NET-012), and how an answer carries it.

use oobe_wire::crypto::{PublicKey, sha256};
use oobe_wire::encoding::{base64url_decode, base64url_encode, hex_lower};

/// A vendor that serves certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vendor {
    /// Intel, `ekop.intel.com`.
    Intel,
    /// AMD, `ftpm.amd.com`.
    Amd,
    /// Qualcomm, `ekcert.spserv.microsoft.com`.
    Qualcomm,
}

impl Vendor {
    /// By the four letters of TPM_PT_MANUFACTURER.
    pub(super) fn of(manufacturer: &str) -> Option<Self> {
        match manufacturer.trim_end_matches(['\0', ' ']) {
            "INTC" => Some(Self::Intel),
            "AMD" => Some(Self::Amd),
            "QCOM" => Some(Self::Qualcomm),
            _ => None,
        }
    }

    /// The certificate of `key`. Intel's and AMD's paths are public (what tpm2_getekcertificate asks for), of Qualcomm only
    /// the host is: its path is *model*.
    pub(super) fn url(self, key: &PublicKey) -> String {
        match self {
            Self::Intel => {
                // The padding is part of the name, percent-encoded.
                let name = base64url_encode(&sha256(&intel(key)));
                format!("https://ekop.intel.com/ekcertservice/{name}%3D")
            }
            Self::Amd => {
                format!("https://ftpm.amd.com/pki/aia/{}", hex_lower(&sha256(&amd(key))[..16]))
            }
            Self::Qualcomm => {
                let name = base64url_encode(&sha256(&key.to_spki_der()));
                format!("https://ekcert.spserv.microsoft.com/EKCertificate/GetEKCertificate/v1/{name}")
            }
        }
    }

    /// The certificate, DER, out of an answer: Intel wraps it into JSON.
    pub(super) fn certificate(self, body: &[u8]) -> Option<Vec<u8>> {
        if self != Self::Intel {
            return (!body.is_empty()).then(|| body.to_vec());
        }
        let value: serde_json::Value = serde_json::from_slice(body).ok()?;
        let text = value.get("certificate")?.as_str()?;
        base64url_decode(text.trim_end_matches("%3D").trim_end_matches('=')).ok()
    }
}

/// Modulus and exponent (three bytes), or both coordinates.
fn intel(key: &PublicKey) -> Vec<u8> {
    match key {
        PublicKey::Rsa { n, e, .. } => [n.as_slice(), &four(e)[1..]].concat(),
        PublicKey::P256 { x, y, .. } => [x.as_slice(), y].concat(),
    }
}

/// A tag, exponent and modulus, or a tag and both coordinates.
fn amd(key: &PublicKey) -> Vec<u8> {
    match key {
        PublicKey::Rsa { n, e, .. } => [&[0, 0, 0x22, 0x22], four(e).as_slice(), n].concat(),
        PublicKey::P256 { x, y, .. } => [&[0, 0, 0x44, 0x44], x.as_slice(), y].concat(),
    }
}

/// An exponent as four bytes.
fn four(e: &[u8]) -> [u8; 4] {
    let mut out = [0; 4];
    for (to, from) in out.iter_mut().rev().zip(e.iter().rev()) {
        *to = *from;
    }
    out
}

#[cfg(test)]
mod tests {
    use oobe_wire::crypto::{KeyKind, PrivateKey};
    use oobe_wire::rng::Stream;

    use super::*;

    #[test]
    fn vendors_are_known_by_their_letters() {
        assert_eq!(Vendor::of("AMD\0"), Some(Vendor::Amd));
        assert_eq!(Vendor::of("INTC"), Some(Vendor::Intel));
        assert_eq!(Vendor::of("MSFT"), None, "a virtual TPM has no vendor to ask");
    }

    #[test]
    fn an_exponent_has_four_bytes() {
        assert_eq!(four(&[1, 0, 1]), [0, 1, 0, 1]);
    }

    #[test]
    fn an_intel_answer_is_json_and_the_others_are_plain() {
        let body = format!(r#"{{"pubhash":"x","certificate":"{}%3D%3D"}}"#, base64url_encode(b"a cert"));
        assert_eq!(Vendor::Intel.certificate(body.as_bytes()), Some(b"a cert".to_vec()));
        assert_eq!(Vendor::Intel.certificate(b"a cert"), None);
        assert_eq!(Vendor::Amd.certificate(b"a cert"), Some(b"a cert".to_vec()));
        assert_eq!(Vendor::Amd.certificate(b""), None);
    }

    #[test]
    fn every_key_has_an_address_of_its_own() {
        let key = |n: u64| PrivateKey::generate(KeyKind::P256, &mut Stream::new(n, &["k"])).public().clone();
        for vendor in [Vendor::Intel, Vendor::Amd, Vendor::Qualcomm] {
            assert_ne!(vendor.url(&key(1)), vendor.url(&key(2)));
            assert!(vendor.url(&key(1)).starts_with("https://"));
        }
    }
}
