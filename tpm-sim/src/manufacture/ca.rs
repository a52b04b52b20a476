//! Certification authorities of the vendors: a root and an issuing CA each, whose keys derive from a seed that is
//! public. TEST ONLY: anybody can issue certificates with them.
//!
//! *Model*: real vendors have several CAs, with RSA keys too; here each has one chain, with P-256 keys.

use std::sync::OnceLock;

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};

use super::vendor::Vendor;
use super::{asn1, name};
use crate::crypto::hash::HashAlg;

/// 2010-01-01T00:00:00Z: the CAs are older than every TPM.
const NOT_BEFORE: u64 = 1_262_304_000;
/// 2070-01-01T00:00:00Z.
const NOT_AFTER: u64 = 3_155_760_000;

/// One CA.
#[derive(Debug, Clone)]
pub struct Authority {
    key: SigningKey,
    name: Vec<u8>,
    key_id: Vec<u8>,
    certificate: Vec<u8>,
}

impl Authority {
    fn new(common_name: &str, organization: &str, key: SigningKey) -> Self {
        let name = name::name(&[
            (name::ORGANIZATION, organization),
            (name::ORGANIZATIONAL_UNIT, "TEST ONLY"),
            (name::COMMON_NAME, common_name),
        ]);
        let key_id = HashAlg::Sha1.digest(&[&public_point(&key)]);
        Self { key, name, key_id, certificate: Vec::new() }
    }

    /// Its certificate (DER).
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Its name (DER).
    pub(super) fn name(&self) -> &[u8] {
        &self.name
    }

    /// Value of the authority key identifier extension of what it issues.
    pub(super) fn authority_key_id(&self) -> Vec<u8> {
        asn1::sequence(&[&asn1::context_primitive(0, &self.key_id)])
    }

    /// Signs what is to be signed: the whole certificate. RFC 6979, so that it is the same every time.
    pub(super) fn sign(&self, to_be_signed: &[u8]) -> Vec<u8> {
        let signature: DerSignature = self.key.sign(to_be_signed);
        asn1::sequence(&[to_be_signed, &signature_algorithm(), &asn1::bits(signature.as_bytes())])
    }

    /// Certifies `subject` as a CA.
    fn certify(&self, subject: &Authority, path_length: u32, host: Option<&str>) -> Vec<u8> {
        let basic = asn1::sequence(&[&asn1::boolean(true), &asn1::small(path_length)]);
        let mut extensions = vec![
            asn1::extension(name::BASIC_CONSTRAINTS, true, &basic),
            // keyCertSign and cRLSign.
            asn1::extension(name::KEY_USAGE, true, &asn1::named_bits(0b0000_0110)),
            asn1::extension(name::SUBJECT_KEY_ID, false, &asn1::octets(&subject.key_id)),
            asn1::extension(name::AUTHORITY_KEY_ID, false, &self.authority_key_id()),
        ];
        if let Some(host) = host {
            let url = format!("http://{host}/root.crl");
            extensions.push(asn1::extension(
                name::CRL_DISTRIBUTION_POINTS,
                false,
                &name::crl_distribution_point(&url),
            ));
            let url = format!("http://{host}/root.crt");
            extensions.push(asn1::extension(name::AUTHORITY_INFO_ACCESS, false, &name::ca_issuers(&url)));
        }
        let point = public_point(&subject.key);
        self.sign(&asn1::sequence(&[
            &asn1::context(0, &asn1::small(2)),
            &serial_number(&[b"CA", &subject.key_id]),
            &signature_algorithm(),
            &self.name,
            &asn1::sequence(&[&asn1::time(NOT_BEFORE), &asn1::time(NOT_AFTER)]),
            &subject.name,
            &ec_spki(name::P256, &point),
            &asn1::context(3, &asn1::tlv(asn1::SEQUENCE, &extensions.concat())),
        ]))
    }
}

/// A vendor's CAs.
#[derive(Debug, Clone)]
pub struct VendorCa {
    vendor: Vendor,
    root: Authority,
    issuing: Authority,
}

impl VendorCa {
    /// The vendor's CAs, which all its TPMs share. Made once.
    pub fn of(vendor: Vendor) -> &'static Self {
        static MADE: [OnceLock<VendorCa>; Vendor::ALL.len()] = [const { OnceLock::new() }; Vendor::ALL.len()];
        // `ALL` has the vendors in the order of their declaration.
        MADE[vendor as usize].get_or_init(|| Self::derive(vendor, b"tpm-sim vendor seed, TEST ONLY"))
    }

    /// CAs with the vendor's names, from a seed of the caller's: another seed makes a CA that nobody trusts.
    pub fn derive(vendor: Vendor, seed: &[u8]) -> Self {
        let data = vendor.data();
        let named = |role: &str| {
            let common_name = format!("{} TPM {role} (TEST ONLY)", data.organization);
            Authority::new(&common_name, data.organization, derive_key(&[seed, &data.id, role.as_bytes()]))
        };
        let mut root = named("Root CA");
        let mut issuing = named("Issuing CA");
        root.certificate = root.certify(&root, 1, None);
        issuing.certificate = root.certify(&issuing, 0, Some(data.ca_host));
        Self { vendor, root, issuing }
    }

    /// Whose they are.
    pub fn vendor(&self) -> Vendor {
        self.vendor
    }

    /// The root, for a cloud to trust.
    pub fn root(&self) -> &Authority {
        &self.root
    }

    /// The CA that issues EK certificates.
    pub fn issuing(&self) -> &Authority {
        &self.issuing
    }

    /// Where the issuing CA's certificate is (authority information access).
    pub fn issuing_url(&self) -> String {
        format!("http://{}/issuing.crt", self.vendor.data().ca_host)
    }

    /// Where the issuing CA's revocation list is. *Model*: nothing is ever on it.
    pub fn crl_url(&self) -> String {
        format!("http://{}/issuing.crl", self.vendor.data().ca_host)
    }
}

impl Authority {
    /// The CA of a maker of platforms, self-signed, from the maker's name. TEST ONLY. *Model*: one level.
    pub fn of_platform_maker(maker: &str) -> Self {
        let key = derive_key(&[b"tpm-sim platform CA seed, TEST ONLY", maker.as_bytes()]);
        let mut authority = Self::new(&format!("{maker} Platform CA (TEST ONLY)"), maker, key);
        authority.certificate = authority.certify(&authority, 0, None);
        authority
    }
}

/// A positive serial number of at most 16 bytes, from what it belongs to.
pub(super) fn serial_number(parts: &[&[u8]]) -> Vec<u8> {
    let mut number = HashAlg::Sha256.digest(parts);
    number.truncate(16);
    number[0] = number[0] & 0x7f | 0x40;
    asn1::unsigned(&number)
}

/// ecdsa-with-SHA256, with which all CAs sign.
pub(super) fn signature_algorithm() -> Vec<u8> {
    asn1::sequence(&[&asn1::oid(name::ECDSA_SHA256)])
}

/// SubjectPublicKeyInfo of a point on a named curve.
pub(super) fn ec_spki(curve: const_oid::ObjectIdentifier, point: &[u8]) -> Vec<u8> {
    let algorithm = asn1::sequence(&[&asn1::oid(name::EC_PUBLIC_KEY), &asn1::oid(curve)]);
    asn1::sequence(&[&algorithm, &asn1::bits(point)])
}

fn public_point(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
}

/// A key from what it derives from: the first of a row of digests that is a scalar of the curve.
pub(super) fn derive_key(parts: &[&[u8]]) -> SigningKey {
    let seed = HashAlg::Sha256.digest(parts);
    (0_u32..)
        .find_map(|counter| {
            let scalar =
                HashAlg::Sha256.digest(&[b"tpm-sim CA key, TEST ONLY", &seed, &counter.to_be_bytes()]);
            SigningKey::from_slice(&scalar).ok()
        })
        .expect("one digest in 2^32 is no scalar of P-256: the first or the second is one")
}
