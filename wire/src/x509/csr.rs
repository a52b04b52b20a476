//! Certificate requests (PKCS#10). Building is split from signing, which may have to wait for a TPM.

use const_oid::ObjectIdentifier;
use der::{Decode, Encode, Reader, SliceReader};
use x509_cert::request::CertReq;

use super::signature_algorithm::{check_algorithm, signature_algorithm};
use super::{Extension, Name, X509Error};
use crate::crypto::{KeyKind, PrivateKey, PublicKey};
use crate::derenc;

/// The attribute that holds extensions (PKCS#9), and the one that old Windows versions use.
const EXTENSION_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");
const CERT_EXTENSIONS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.14");

/// The part of a request that is signed. Sign it as certificates are, then [`assemble_csr`].
pub fn csr_to_be_signed(subject: &Name, key: &PublicKey, extensions: &[Extension]) -> Vec<u8> {
    let attributes = if extensions.is_empty() {
        Vec::new()
    } else {
        let list: Vec<Vec<u8>> = extensions.iter().map(Extension::to_der).collect();
        let list = derenc::tlv(derenc::SEQUENCE, &list.concat());
        derenc::sequence(&[&derenc::object_id(&EXTENSION_REQUEST), &derenc::set(&[&list])])
    };
    derenc::sequence(&[
        &derenc::small(0),
        &subject.to_der(),
        &key.to_spki_der(),
        &derenc::context(0, &attributes),
    ])
}

/// The request (DER) from its signed part and the signature over it.
pub fn assemble_csr(to_be_signed: &[u8], signature: &[u8], kind: KeyKind) -> Vec<u8> {
    derenc::sequence(&[to_be_signed, &signature_algorithm(kind), &derenc::bits(signature)])
}

/// A request (DER) signed with a software key.
pub fn make_csr(subject: &Name, key: &PrivateKey, extensions: &[Extension]) -> Vec<u8> {
    let to_be_signed = csr_to_be_signed(subject, key.public(), extensions);
    assemble_csr(&to_be_signed, &key.sign_x509(&to_be_signed), key.kind())
}

/// A certificate request, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedCsr {
    /// Who asks.
    pub subject: Name,
    /// The first common name of the subject, without a NUL at its end; empty when there is none.
    pub subject_cn: String,
    /// The key that the certificate shall hold.
    pub public_key: PublicKey,
    /// The extensions that the certificate is asked to have.
    pub extensions: Vec<Extension>,
    to_be_signed: Vec<u8>,
    signature: Vec<u8>,
}

/// Reads a request (DER).
pub fn parse_csr(der: &[u8]) -> Result<ParsedCsr, X509Error> {
    let malformed = |e: der::Error| X509Error::Malformed(e.to_string());
    let request = CertReq::from_der(der).map_err(malformed)?;
    let spki = request.info.public_key.to_der().map_err(malformed)?;
    let public_key = PublicKey::from_spki_der(&spki).map_err(|_| X509Error::UnsupportedKey)?;
    check_algorithm(&request.algorithm.oid, public_key.kind())?;
    let mut extensions = Vec::new();
    for attribute in request.info.attributes.iter() {
        if ![EXTENSION_REQUEST, CERT_EXTENSIONS].contains(&attribute.oid) {
            continue;
        }
        for value in attribute.values.iter() {
            let list: Vec<x509_cert::ext::Extension> = value.decode_as().map_err(malformed)?;
            extensions.extend(list.iter().map(Extension::read));
        }
    }
    let subject = Name::read(&request.info.subject);
    Ok(ParsedCsr {
        subject_cn: subject.cn().unwrap_or_default().trim_end_matches('\0').to_owned(),
        subject,
        public_key,
        extensions,
        to_be_signed: first_inside(der).map_err(malformed)?.to_vec(),
        signature: request.signature.as_bytes().unwrap_or_default().to_vec(),
    })
}

/// The first element inside a SEQUENCE, as it was sent: the signature is over these bytes.
fn first_inside(der: &[u8]) -> der::Result<&[u8]> {
    SliceReader::new(der)?.sequence(|reader| {
        let first = reader.tlv_bytes()?;
        while !reader.is_finished() {
            reader.tlv_bytes()?;
        }
        Ok(first)
    })
}

impl ParsedCsr {
    /// Checks that whoever made the request has the private key.
    pub fn verify_signature(&self) -> Result<(), X509Error> {
        self.public_key.verify_x509(&self.to_be_signed, &self.signature).map_err(|_| X509Error::BadSignature)
    }

    /// The extension with that dotted OID.
    pub fn extension(&self, oid: &str) -> Option<&Extension> {
        self.extensions.iter().find(|e| e.oid == oid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;
    use crate::x509::{Usage, oid};
    use proptest::prelude::*;

    #[test]
    fn what_is_asked_for_is_read() {
        for kind in [KeyKind::P256, KeyKind::Rsa2048] {
            let key = PrivateKey::generate(kind, &mut Stream::new(1, &["csr"]));
            let subject = Name::common_name("7E980AD9-B86D-4306-9425-9AC066FB014A");
            let extensions = [
                Extension::extended_key_usage(&[Usage::ClientAuth], false),
                Extension::mdm_device_id("B9A0"),
                Extension::join_nonce("nonce"),
            ];
            let csr = make_csr(&subject, &key, &extensions);
            let parsed = parse_csr(&csr).unwrap();
            assert_eq!(parsed.subject_cn, "7E980AD9-B86D-4306-9425-9AC066FB014A");
            assert_eq!((&parsed.subject, &parsed.public_key), (&subject, key.public()));
            assert_eq!(parsed.extensions, extensions);
            assert_eq!(
                parsed.extension(oid::MDM_DEVICE_ID).and_then(Extension::text).as_deref(),
                Some("B9A0")
            );
            assert_eq!(parsed.extension(oid::JOIN_NONCE).and_then(Extension::text).as_deref(), Some("nonce"));
            assert_eq!(parsed.verify_signature(), Ok(()));
            assert_eq!(csr, make_csr(&subject, &key, &extensions));
            let plain = parse_csr(&make_csr(&subject, &key, &[])).unwrap();
            assert_eq!((plain.extensions, plain.to_be_signed.is_empty()), (vec![], false));
        }
    }

    #[test]
    fn a_subject_as_windows_writes_it_is_read() {
        // `!` and NUL in a PrintableString, which has neither (reference: protocols, B.5).
        let key = PrivateKey::generate(KeyKind::P256, &mut Stream::new(1, &["csr"]));
        let name = Name::default().with(crate::x509::AttributeType::Country, "B9A0!2C45\0");
        assert_eq!(parse_csr(&make_csr(&name, &key, &[])).unwrap().subject, name);
    }

    #[test]
    fn a_request_for_another_key_is_noticed() {
        let mut stream = Stream::new(1, &["csr"]);
        let key = PrivateKey::generate(KeyKind::P256, &mut stream);
        let other = PrivateKey::generate(KeyKind::P256, &mut stream);
        let to_be_signed = csr_to_be_signed(&Name::common_name("a"), key.public(), &[]);
        let csr = assemble_csr(&to_be_signed, &other.sign_x509(&to_be_signed), KeyKind::P256);
        assert_eq!(parse_csr(&csr).unwrap().verify_signature(), Err(X509Error::BadSignature));
        let csr = assemble_csr(&to_be_signed, &[], KeyKind::Rsa2048);
        assert_eq!(parse_csr(&csr), Err(X509Error::UnsupportedSignature));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes: Vec<u8>, at: prop::sample::Index, value: u8) {
            let _ = parse_csr(&bytes);
            let key = PrivateKey::generate(KeyKind::P256, &mut Stream::new(1, &["csr"]));
            let extensions = [Extension::mdm_device_id("B9A0")];
            let mut csr = make_csr(&Name::common_name("a"), &key, &extensions);
            let at = at.index(csr.len());
            csr[at] = value;
            let _ = parse_csr(&csr).map(|csr| csr.verify_signature());
        }

        #[test]
        fn any_name_is_kept(cn in "[^\0]{0,20}", ou in "[^\0]{0,20}") {
            use crate::x509::AttributeType::{OrganizationalUnit, Other};
            let key = PrivateKey::generate(KeyKind::P256, &mut Stream::new(1, &["csr"]));
            let name = Name::common_name(cn).with(OrganizationalUnit, ou).with(Other("2.5.4.5".into()), "1");
            prop_assert_eq!(parse_csr(&make_csr(&name, &key, &[])).unwrap().subject, name);
        }
    }
}
