//! Reading the device's PKCS#10 the way a strict ASN.1 parser does.

use x509_parser::asn1_rs::Tag;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Name;

/// The extension in which Windows puts the MDM device id.
const DEVICE_ID: &str = "1.3.6.1.4.1.311.66.1.0";

/// What a request holds.
#[derive(Debug)]
pub(crate) struct Csr {
    /// SubjectPublicKeyInfo, DER.
    pub(crate) spki: Vec<u8>,
    /// Subject.
    pub(crate) subject: String,
    /// Key, e.g. `RSA-2048`.
    pub(crate) key: String,
    /// What is unusual.
    pub(crate) remarks: Vec<String>,
}

/// Reads a request and proves its signature.
pub(crate) fn read(der: &[u8], device_id: &str) -> Result<Csr, String> {
    let (rest, csr) = X509CertificationRequest::from_der(der).map_err(|e| format!("PKCS#10: {e}"))?;
    if !rest.is_empty() {
        return Err("PKCS#10: bytes behind the end".into());
    }
    csr.verify_signature().map_err(|e| format!("PKCS#10: {e}"))?;
    let info = &csr.certification_request_info;
    clean(&info.subject)?;
    let mut remarks = Vec::new();
    let key = key(&info.subject_pki.parsed().map_err(|e| e.to_string())?);
    if !matches!(key.as_str(), "RSA-2048" | "RSA-3072" | "RSA-4096") {
        remarks.push(format!("the key is {key}, the policy asks for RSA of 2048 bits or more"));
    }
    let extensions: Vec<&X509Extension<'_>> = info
        .iter_attributes()
        .filter_map(|a| match a.parsed_attribute() {
            ParsedCriAttribute::ExtensionRequest(request) => Some(&request.extensions),
            _ => None,
        })
        .flatten()
        .collect();
    extension_remarks(&extensions, device_id, &mut remarks);
    Ok(Csr { spki: info.subject_pki.raw.to_vec(), subject: info.subject.to_string(), key, remarks })
}

/// Go refuses what Windows writes here (`!` and NUL in a PrintableString), and so does this server.
fn clean(subject: &X509Name<'_>) -> Result<(), String> {
    let name = subject.iter_common_name().next().ok_or("PKCS#10: no common name")?.attr_value();
    let allowed = |b: &u8| b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(b);
    match name.tag() {
        Tag::PrintableString if !name.data.iter().all(allowed) => {
            Err("PKCS#10: the subject is not a valid PrintableString".into())
        }
        _ if name.data.contains(&0) => Err("PKCS#10: NUL in the subject".into()),
        Tag::PrintableString | Tag::Utf8String => Ok(()),
        other => Err(format!("PKCS#10: the subject is a {other:?}")),
    }
}

fn key(key: &PublicKey<'_>) -> String {
    match key {
        PublicKey::RSA(rsa) => format!("RSA-{}", rsa.key_size()),
        PublicKey::EC(point) => format!("EC-{}", point.key_size()),
        _ => "of an unknown kind".into(),
    }
}

fn extension_remarks(extensions: &[&X509Extension<'_>], device_id: &str, remarks: &mut Vec<String>) {
    let client = |e: &&&X509Extension<'_>| matches!(e.parsed_extension(), ParsedExtension::ExtendedKeyUsage(usage) if usage.client_auth);
    if extensions.iter().find(client).is_none() {
        remarks.push("the request asks for no clientAuth".into());
    }
    let holds = |e: &&X509Extension<'_>| e.value.windows(device_id.len()).any(|w| w == device_id.as_bytes());
    match extensions.iter().find(|e| e.oid.to_id_string() == DEVICE_ID) {
        None => remarks.push(format!("extension {DEVICE_ID} is missing")),
        Some(e) if !holds(e) => remarks.push(format!("extension {DEVICE_ID} does not hold the DeviceID")),
        Some(_) => {}
    }
}
