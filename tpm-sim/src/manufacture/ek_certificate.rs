//! Endorsement key certificates (TCG EK Credential Profile 2.5, section 3).

use tpm2_protocol::TpmUnmarshal;
use tpm2_protocol::data::{TpmEccCurve, TpmtPublic, TpmuPublicId, TpmuPublicParms};

use super::ca::{VendorCa, ec_spki, serial_number, signature_algorithm};
use super::profile::Profile;
use super::{asn1, name};

/// An EK's public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EkPublicKey {
    /// RSA.
    Rsa {
        /// Modulus, big-endian.
        modulus: Vec<u8>,
        /// Public exponent.
        exponent: u32,
    },
    /// A point on a NIST curve.
    Ecc {
        /// Which: 256 or 384 bits.
        bits: u16,
        /// x, big-endian, of the curve's size.
        x: Vec<u8>,
        /// y, big-endian, of the curve's size.
        y: Vec<u8>,
    },
}

/// Why a public area is not an EK's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EkPublicKeyError {
    /// It is not a TPMT_PUBLIC, or has bytes left.
    #[error("not a public area")]
    Malformed,
    /// It is of a kind that no endorsement key is.
    #[error("not an RSA key, nor one on P-256 or P-384")]
    Unsupported,
}

impl EkPublicKey {
    /// Reads it from a public area on the wire (TPMT_PUBLIC).
    pub fn from_public_area(wire: &[u8]) -> Result<Self, EkPublicKeyError> {
        let (public, rest) = TpmtPublic::unmarshal(wire).map_err(|_| EkPublicKeyError::Malformed)?;
        if !rest.is_empty() {
            return Err(EkPublicKeyError::Malformed);
        }
        match (&public.parameters, &public.unique) {
            (TpmuPublicParms::Rsa(parameters), TpmuPublicId::Rsa(modulus)) => {
                let exponent = match parameters.exponent.value() {
                    0 => 65_537,
                    exponent => exponent,
                };
                Ok(Self::Rsa { modulus: modulus.to_vec(), exponent })
            }
            (TpmuPublicParms::Ecc(parameters), TpmuPublicId::Ecc(point)) => {
                let bits = match parameters.curve_id {
                    TpmEccCurve::NistP256 => 256,
                    TpmEccCurve::NistP384 => 384,
                    _ => return Err(EkPublicKeyError::Unsupported),
                };
                let size = usize::from(bits) / 8;
                Ok(Self::Ecc { bits, x: padded(&point.x, size), y: padded(&point.y, size) })
            }
            _ => Err(EkPublicKeyError::Unsupported),
        }
    }

    /// SubjectPublicKeyInfo (DER). RSA keys are rsaEncryption, not OAEP, as vendors do it.
    pub fn to_spki(&self) -> Vec<u8> {
        match self {
            Self::Rsa { modulus, exponent } => {
                let algorithm = asn1::sequence(&[&asn1::oid(name::RSA_ENCRYPTION), &asn1::null()]);
                let key = asn1::sequence(&[&asn1::unsigned(modulus), &asn1::small(*exponent)]);
                asn1::sequence(&[&algorithm, &asn1::bits(&key)])
            }
            Self::Ecc { bits, x, y } => {
                let curve = if *bits == 384 { name::P384 } else { name::P256 };
                ec_spki(curve, &[&[4], x.as_slice(), y].concat())
            }
        }
    }
}

fn padded(number: &[u8], size: usize) -> Vec<u8> {
    let mut out = vec![0; size.saturating_sub(number.len())];
    out.extend_from_slice(&number[number.len().saturating_sub(size)..]);
    out
}

/// When a certificate is valid, in seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Validity {
    /// First second.
    pub not_before: u64,
    /// Last second.
    pub not_after: u64,
}

impl Validity {
    /// So many years of 365.25 days from an instant.
    pub fn years(from: u64, years: u32) -> Self {
        Self { not_before: from, not_after: from.saturating_add(u64::from(years) * 31_557_600) }
    }
}

/// The certificate (DER) of an EK of a TPM of that profile. The same arguments give the same bytes.
pub fn issue(ca: &VendorCa, profile: &Profile, key: &EkPublicKey, validity: Validity) -> Vec<u8> {
    let spki = key.to_spki();
    let version = format!("id:{:08X}", profile.firmware.0);
    let tpm = name::multi_valued_name(&[
        (name::TPM_MANUFACTURER, &profile.vendor.certificate_id()),
        (name::TPM_MODEL, profile.model),
        (name::TPM_VERSION, &version),
    ]);
    let usage = match key {
        EkPublicKey::Rsa { .. } => 0b0010_0000, // keyEncipherment
        EkPublicKey::Ecc { .. } => 0b0000_1000, // keyAgreement
    };
    let extensions = [
        // The subject is empty, so the alternative name is critical (RFC 5280, 4.2.1.6).
        asn1::extension(name::SUBJECT_ALT_NAME, true, &name::directory_name(&tpm)),
        asn1::extension(name::BASIC_CONSTRAINTS, true, &asn1::sequence(&[])),
        asn1::extension(name::KEY_USAGE, true, &asn1::named_bits(usage)),
        asn1::extension(
            name::EXTENDED_KEY_USAGE,
            false,
            &asn1::sequence(&[&asn1::oid(name::EK_CERTIFICATE)]),
        ),
        asn1::extension(name::SUBJECT_DIRECTORY_ATTRIBUTES, false, &specification(profile)),
        asn1::extension(name::AUTHORITY_KEY_ID, false, &ca.issuing().authority_key_id()),
        asn1::extension(name::AUTHORITY_INFO_ACCESS, false, &name::ca_issuers(&ca.issuing_url())),
        asn1::extension(name::CRL_DISTRIBUTION_POINTS, false, &name::crl_distribution_point(&ca.crl_url())),
    ];
    ca.issuing().sign(&asn1::sequence(&[
        &asn1::context(0, &asn1::small(2)),
        &serial_number(&[b"EK", &spki]),
        &signature_algorithm(),
        ca.issuing().name(),
        &asn1::sequence(&[&asn1::time(validity.not_before), &asn1::time(validity.not_after)]),
        &asn1::sequence(&[]),
        &spki,
        &asn1::context(3, &asn1::tlv(asn1::SEQUENCE, &extensions.concat())),
    ]))
}

/// tpmSpecification: family, level, revision.
fn specification(profile: &Profile) -> Vec<u8> {
    let value = asn1::sequence(&[
        &asn1::utf8("2.0"),
        &asn1::small(profile.specification.level),
        &asn1::small(profile.specification.revision),
    ]);
    asn1::sequence(&[&asn1::sequence(&[&asn1::oid(name::TPM_SPECIFICATION), &asn1::set(&[&value])])])
}

#[cfg(test)]
mod tests {
    use der::{Decode, Encode};
    use p256::ecdsa::signature::Verifier;
    use p256::ecdsa::{DerSignature, VerifyingKey};
    use x509_cert::Certificate;
    use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName};

    use super::super::profile::profile;
    use super::super::vendor::Vendor;
    use super::*;

    fn verify(certificate: &Certificate, issuer: &Certificate) -> bool {
        let point = issuer.tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes();
        let key = VerifyingKey::from_sec1_bytes(point).unwrap();
        let signature = DerSignature::from_bytes(certificate.signature().raw_bytes()).unwrap();
        certificate.tbs_certificate().issuer() == issuer.tbs_certificate().subject()
            && key.verify(&certificate.tbs_certificate().to_der().unwrap(), &signature).is_ok()
    }

    fn rsa_key() -> EkPublicKey {
        let mut modulus = vec![0x5a; 256];
        modulus[0] = 0xc1;
        EkPublicKey::Rsa { modulus, exponent: 65_537 }
    }

    #[test]
    fn chain_verifies_up_to_the_root_and_no_further() {
        let ca = VendorCa::of(Vendor::Infineon);
        let profile = profile("infineon-slb9670").unwrap();
        let der = issue(ca, profile, &rsa_key(), Validity::years(1_700_000_000, 15));
        let certificate = Certificate::from_der(&der).unwrap();
        let issuing = Certificate::from_der(ca.issuing().certificate()).unwrap();
        let root = Certificate::from_der(ca.root().certificate()).unwrap();
        assert_eq!(certificate.to_der().unwrap(), der, "canonical DER");
        assert!(verify(&certificate, &issuing));
        assert!(verify(&issuing, &root));
        assert!(verify(&root, &root));
        let forged = VendorCa::derive(Vendor::Infineon, b"somebody else's");
        let forged = Certificate::from_der(forged.issuing().certificate()).unwrap();
        assert!(!verify(&certificate, &forged), "another seed's CA");
    }

    #[test]
    fn certificate_has_what_the_profile_asks_for() {
        let ca = VendorCa::of(Vendor::Infineon);
        let profile = profile("infineon-slb9670").unwrap();
        for (key, usage) in [
            (rsa_key(), "KeyEncipherment"),
            (EkPublicKey::Ecc { bits: 256, x: vec![1; 32], y: vec![2; 32] }, "KeyAgreement"),
        ] {
            let der = issue(ca, profile, &key, Validity::years(1_700_000_000, 15));
            assert!(der.len() < 1300, "{} bytes", der.len());
            let certificate = Certificate::from_der(&der).unwrap();
            let tbs = certificate.tbs_certificate();
            assert!(tbs.subject().is_empty());
            let (critical, names) = tbs.get_extension::<SubjectAltName>().unwrap().unwrap();
            assert!(critical);
            let text = format!("{names:?}");
            for part in ["2.23.133.2.1", "2.23.133.2.2", "2.23.133.2.3"] {
                assert!(text.contains(part), "{part} in {text}");
            }
            let id = names.to_der().unwrap();
            assert!(id.windows(11).any(|window| window == b"id:49465800"));
            let (critical, basic) = tbs.get_extension::<BasicConstraints>().unwrap().unwrap();
            assert!(critical && !basic.ca);
            let (critical, bits) = tbs.get_extension::<KeyUsage>().unwrap().unwrap();
            assert!(critical);
            assert!(format!("{bits:?}").contains(usage), "{bits:?}");
            let (_, usages) = tbs.get_extension::<ExtendedKeyUsage>().unwrap().unwrap();
            assert_eq!(usages.0, [name::EK_CERTIFICATE]);
        }
    }
}
