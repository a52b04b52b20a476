//! Platform certificates: a platform's maker says which TPM is on it (TCG Platform Certificate Profile 1.1, the form of
//! an attribute certificate, RFC 5755).
//!
//! Simplified: no list of components (platformConfiguration), no security assertions, one level of CA, no revocation.

use der::{Decode, Encode};
use x509_cert::Certificate;

use super::ca::{Authority, serial_number, signature_algorithm};
use super::ek_certificate::Validity;
use super::{asn1, name};

/// Whose platform it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// Its maker.
    pub manufacturer: String,
    /// Its model.
    pub model: String,
    /// Its version.
    pub version: String,
    /// Its serial number.
    pub serial: String,
}

/// Issues the certificate (DER) that binds the platform to the TPM of that EK certificate (DER).
pub fn issue(
    maker: &Authority,
    platform: &Platform,
    ek_certificate: &[u8],
    validity: Validity,
) -> Result<Vec<u8>, der::Error> {
    let ek = Certificate::from_der(ek_certificate)?;
    let ek = ek.tbs_certificate();
    let ek_issuer = asn1::sequence(&[&asn1::context(4, &ek.issuer().to_der()?)]);
    let holder = asn1::sequence(&[&asn1::context(0, &[ek_issuer, ek.serial_number().to_der()?].concat())]);
    let issuer = asn1::context(0, &asn1::sequence(&[&asn1::context(4, maker.name())]));
    let subject = name::multi_valued_name(&[
        (name::PLATFORM_MANUFACTURER, &platform.manufacturer),
        (name::PLATFORM_MODEL, &platform.model),
        (name::PLATFORM_VERSION, &platform.version),
        (name::PLATFORM_SERIAL, &platform.serial),
    ]);
    let extensions = [
        asn1::extension(name::SUBJECT_ALT_NAME, false, &name::directory_name(&subject)),
        asn1::extension(name::AUTHORITY_KEY_ID, false, &maker.authority_key_id()),
        asn1::extension(name::CERTIFICATE_POLICIES, true, &policies()),
    ];
    Ok(maker.sign(&asn1::sequence(&[
        &asn1::small(1),
        &holder,
        &issuer,
        &signature_algorithm(),
        &serial_number(&[b"platform", platform.serial.as_bytes(), ek.serial_number().as_bytes()]),
        &asn1::sequence(&[
            &asn1::generalized_time(validity.not_before),
            &asn1::generalized_time(validity.not_after),
        ]),
        &attributes(),
        &asn1::tlv(asn1::SEQUENCE, &extensions.concat()),
    ])))
}

/// Which profile it follows, and that it is a platform's.
fn attributes() -> Vec<u8> {
    let attribute = |id, value: &[u8]| asn1::sequence(&[&asn1::oid(id), &asn1::set(&[value])]);
    let version = asn1::sequence(&[&asn1::small(1), &asn1::small(1), &asn1::small(17)]);
    let kind = asn1::sequence(&[&asn1::oid(name::PLATFORM_CERTIFICATE)]);
    asn1::sequence(&[
        &attribute(name::CREDENTIAL_SPECIFICATION, &version),
        &attribute(name::CREDENTIAL_TYPE, &kind),
    ])
}

/// anyPolicy: a maker's own policy would stand here.
fn policies() -> Vec<u8> {
    let any = const_oid::ObjectIdentifier::new_unwrap("2.5.29.32.0");
    asn1::sequence(&[&asn1::sequence(&[&asn1::oid(any)])])
}

#[cfg(test)]
mod tests {
    use super::super::ca::VendorCa;
    use super::super::ek_certificate::{self, EkPublicKey};
    use super::super::profile::profile;
    use super::*;

    #[test]
    fn certificate_names_the_ek_certificate_and_the_platform() {
        let profile = profile("infineon-slb9670").unwrap();
        let ca = VendorCa::of(profile.vendor);
        let key = EkPublicKey::Rsa { modulus: vec![0xc5; 256], exponent: 65_537 };
        let validity = Validity::years(1_700_000_000, 10);
        let ek = ek_certificate::issue(ca, profile, &key, validity);
        let platform = Platform {
            manufacturer: "Contoso".into(),
            model: "Model 1".into(),
            version: "1.0".into(),
            serial: "0001".into(),
        };
        let maker = Authority::of_platform_maker("Contoso");
        let certificate = issue(&maker, &platform, &ek, validity).unwrap();
        let serial = Certificate::from_der(&ek).unwrap().tbs_certificate().serial_number().to_der().unwrap();
        assert!(certificate.windows(serial.len()).any(|window| window == serial));
        assert!(certificate.windows(7).any(|window| window == b"Model 1"));
        // One whole DER value, with nothing behind it.
        assert_eq!(der::Any::from_der(&certificate).unwrap().to_der().unwrap(), certificate);
        assert!(issue(&maker, &platform, b"no certificate", validity).is_err());
    }
}
