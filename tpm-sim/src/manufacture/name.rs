//! Distinguished names and the object identifiers of the TCG's certificates.

use const_oid::ObjectIdentifier;

use super::asn1;

const fn id(dotted: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(dotted)
}

pub(super) const COMMON_NAME: ObjectIdentifier = id("2.5.4.3");
pub(super) const ORGANIZATION: ObjectIdentifier = id("2.5.4.10");
pub(super) const ORGANIZATIONAL_UNIT: ObjectIdentifier = id("2.5.4.11");

pub(super) const SUBJECT_DIRECTORY_ATTRIBUTES: ObjectIdentifier = id("2.5.29.9");
pub(super) const SUBJECT_KEY_ID: ObjectIdentifier = id("2.5.29.14");
pub(super) const KEY_USAGE: ObjectIdentifier = id("2.5.29.15");
pub(super) const SUBJECT_ALT_NAME: ObjectIdentifier = id("2.5.29.17");
pub(super) const BASIC_CONSTRAINTS: ObjectIdentifier = id("2.5.29.19");
pub(super) const CRL_DISTRIBUTION_POINTS: ObjectIdentifier = id("2.5.29.31");
pub(super) const CERTIFICATE_POLICIES: ObjectIdentifier = id("2.5.29.32");
pub(super) const AUTHORITY_KEY_ID: ObjectIdentifier = id("2.5.29.35");
pub(super) const EXTENDED_KEY_USAGE: ObjectIdentifier = id("2.5.29.37");
pub(super) const AUTHORITY_INFO_ACCESS: ObjectIdentifier = id("1.3.6.1.5.5.7.1.1");
pub(super) const CA_ISSUERS: ObjectIdentifier = id("1.3.6.1.5.5.7.48.2");

pub(super) const RSA_ENCRYPTION: ObjectIdentifier = id("1.2.840.113549.1.1.1");
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier = id("1.2.840.10045.2.1");
pub(super) const P256: ObjectIdentifier = id("1.2.840.10045.3.1.7");
pub(super) const P384: ObjectIdentifier = id("1.3.132.0.34");
pub(super) const ECDSA_SHA256: ObjectIdentifier = id("1.2.840.10045.4.3.2");

/// tcg-at-tpmManufacturer.
pub(super) const TPM_MANUFACTURER: ObjectIdentifier = id("2.23.133.2.1");
/// tcg-at-tpmModel.
pub(super) const TPM_MODEL: ObjectIdentifier = id("2.23.133.2.2");
/// tcg-at-tpmVersion.
pub(super) const TPM_VERSION: ObjectIdentifier = id("2.23.133.2.3");
/// tcg-at-tpmSpecification.
pub(super) const TPM_SPECIFICATION: ObjectIdentifier = id("2.23.133.2.16");
/// tcg-at-tcgCredentialSpecification.
pub(super) const CREDENTIAL_SPECIFICATION: ObjectIdentifier = id("2.23.133.2.23");
/// tcg-at-tcgCredentialType.
pub(super) const CREDENTIAL_TYPE: ObjectIdentifier = id("2.23.133.2.25");
/// tcg-kp-EKCertificate.
pub(super) const EK_CERTIFICATE: ObjectIdentifier = id("2.23.133.8.1");
/// tcg-kp-PlatformAttributeCertificate.
pub(super) const PLATFORM_CERTIFICATE: ObjectIdentifier = id("2.23.133.8.2");
/// tcg-at-platformManufacturerStr.
pub(super) const PLATFORM_MANUFACTURER: ObjectIdentifier = id("2.23.133.5.1.1");
/// tcg-at-platformModel.
pub(super) const PLATFORM_MODEL: ObjectIdentifier = id("2.23.133.5.1.4");
/// tcg-at-platformVersion.
pub(super) const PLATFORM_VERSION: ObjectIdentifier = id("2.23.133.5.1.5");
/// tcg-at-platformSerial.
pub(super) const PLATFORM_SERIAL: ObjectIdentifier = id("2.23.133.5.1.6");

/// An attribute of a name, a UTF8String.
pub(super) fn attribute(id: ObjectIdentifier, text: &str) -> Vec<u8> {
    asn1::sequence(&[&asn1::oid(id), &asn1::utf8(text)])
}

/// A name of one attribute after the other.
pub(super) fn name(attributes: &[(ObjectIdentifier, &str)]) -> Vec<u8> {
    let parts: Vec<Vec<u8>> =
        attributes.iter().map(|(id, text)| asn1::set(&[&attribute(*id, text)])).collect();
    asn1::tlv(asn1::SEQUENCE, &parts.concat())
}

/// A name of one relative name that has all attributes, as the TCG's profiles write the TPM's and the platform's.
pub(super) fn multi_valued_name(attributes: &[(ObjectIdentifier, &str)]) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = attributes.iter().map(|(id, text)| attribute(*id, text)).collect();
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    asn1::sequence(&[&asn1::set(&parts)])
}

/// A name inside GeneralNames: `[4] directoryName`.
pub(super) fn directory_name(name: &[u8]) -> Vec<u8> {
    asn1::sequence(&[&asn1::context(4, name)])
}

/// The value of a CRL distribution point extension with one URL.
pub(super) fn crl_distribution_point(url: &str) -> Vec<u8> {
    let general_name = asn1::context_primitive(6, url.as_bytes());
    let full_name = asn1::context(0, &asn1::context(0, &general_name));
    asn1::sequence(&[&asn1::sequence(&[&full_name])])
}

/// The value of an authority information access extension that says where the CA's certificate is.
pub(super) fn ca_issuers(url: &str) -> Vec<u8> {
    let location = asn1::context_primitive(6, url.as_bytes());
    asn1::sequence(&[&asn1::sequence(&[&asn1::oid(CA_ISSUERS), &location])])
}
