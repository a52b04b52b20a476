//! PKCS#12 files (RFC 7292): a key, its certificate and its chain under a password.
//!
//! Written here, because the crate that reads them draws its salts from the system.

mod cost;

use std::num::NonZeroU32;

use const_oid::ObjectIdentifier;
use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error;

use crate::crypto::{PrivateKey, aes_256_cbc_encrypt, hmac_sha256, meter, sha1, sha256};
use crate::derenc;
use crate::rng::Stream;
use crate::x509::{ParsedCertificate, parse_certificate};

/// Rounds of each key derivation (MOD-041), where Windows writes 2,000: they slow down whoever guesses the password of a stolen
/// file, and the files here are made up, by the thousand.
const ITERATIONS: u32 = 64;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const HMAC_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.9");
const AES_256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const CERT_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const SHROUDED_KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const X509_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");
const FRIENDLY_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.20");
const LOCAL_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.21");

/// Why a PKCS#12 file could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PfxError {
    /// Not a PKCS#12 file, or one that uses what is not supported.
    #[error("not a PKCS#12 file: {0}")]
    Format(String),
    /// The password is wrong.
    #[error("the PKCS#12 password is wrong")]
    WrongPassword,
    /// Opening it would take more work than any honest file does.
    #[error("the PKCS#12 file is too costly to open: {0}")]
    TooCostly(String),
    /// There is no key with a certificate in it.
    #[error("the PKCS#12 file holds no key with a certificate")]
    NoKey,
}

/// What a PKCS#12 file held.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The private key.
    pub key: PrivateKey,
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// The certificates above it, DER, nearest first.
    pub chain: Vec<Vec<u8>>,
}

/// Makes a PKCS#12 file: PBES2 with AES-256-CBC for key and certificates, HMAC-SHA256 over all. Salts and IVs
/// come from `stream`. Readers know passwords of the basic multilingual plane only.
pub fn make(
    key: &PrivateKey,
    certificate: &[u8],
    chain: &[&[u8]],
    password: &str,
    friendly_name: &str,
    stream: &mut Stream,
) -> Vec<u8> {
    meter::count(|work| work.pfx_written += 1);
    let attributes = attributes(friendly_name, &sha1(certificate));
    let mut bags = vec![bag(CERT_BAG, &cert_bag(certificate), Some(&attributes))];
    bags.extend(chain.iter().map(|der| bag(CERT_BAG, &cert_bag(der), None)));
    let certificates = encrypted_data(&derenc::tlv(derenc::SEQUENCE, &bags.concat()), password, stream);

    let (algorithm, ciphertext) = encrypt(&key.to_pkcs8_der(), password, stream);
    let shrouded = derenc::sequence(&[&algorithm, &derenc::octets(&ciphertext)]);
    let key = data(&derenc::sequence(&[&bag(SHROUDED_KEY_BAG, &shrouded, Some(&attributes))]));

    let safe = derenc::sequence(&[&certificates, &key]);
    derenc::sequence(&[&derenc::small(3), &data(&safe), &mac(&safe, password, stream)])
}

/// ContentInfo around plain data.
fn data(content: &[u8]) -> Vec<u8> {
    derenc::sequence(&[&derenc::object_id(&DATA), &derenc::context(0, &derenc::octets(content))])
}

/// ContentInfo around encrypted data.
fn encrypted_data(content: &[u8], password: &str, stream: &mut Stream) -> Vec<u8> {
    let (algorithm, ciphertext) = encrypt(content, password, stream);
    let info = derenc::sequence(&[
        &derenc::object_id(&DATA),
        &algorithm,
        &derenc::context_primitive(0, &ciphertext),
    ]);
    let encrypted = derenc::sequence(&[&derenc::small(0), &info]);
    derenc::sequence(&[&derenc::object_id(&ENCRYPTED_DATA), &derenc::context(0, &encrypted)])
}

fn bag(kind: ObjectIdentifier, value: &[u8], attributes: Option<&[u8]>) -> Vec<u8> {
    derenc::sequence(&[&derenc::object_id(&kind), &derenc::context(0, value), attributes.unwrap_or_default()])
}

fn cert_bag(der: &[u8]) -> Vec<u8> {
    derenc::sequence(&[&derenc::object_id(&X509_CERTIFICATE), &derenc::context(0, &derenc::octets(der))])
}

fn attributes(friendly_name: &str, key_id: &[u8]) -> Vec<u8> {
    let attribute =
        |kind, value: &[u8]| derenc::sequence(&[&derenc::object_id(&kind), &derenc::set(&[value])]);
    let mut attributes = [
        attribute(FRIENDLY_NAME, &derenc::tlv(derenc::BMP_STRING, &utf16(friendly_name))),
        attribute(LOCAL_KEY_ID, &derenc::octets(key_id)),
    ];
    // DER wants the elements of a set in the order of their bytes.
    attributes.sort();
    derenc::tlv(derenc::SET, &attributes.concat())
}

/// Big-endian UTF-16.
fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// PBES2 (RFC 8018): the AlgorithmIdentifier and the ciphertext.
fn encrypt(plain: &[u8], password: &str, stream: &mut Stream) -> (Vec<u8>, Vec<u8>) {
    let (salt, iv) = (stream.bytes::<16>(), stream.bytes::<16>());
    let mut key = [0; 32];
    ring::pbkdf2::derive(
        ring::pbkdf2::PBKDF2_HMAC_SHA256,
        NonZeroU32::new(ITERATIONS).unwrap_or(NonZeroU32::MIN),
        &salt,
        password.as_bytes(),
        &mut key,
    );
    let prf = derenc::sequence(&[&derenc::object_id(&HMAC_WITH_SHA256), &derenc::null()]);
    let kdf = derenc::sequence(&[&derenc::octets(&salt), &derenc::small(ITERATIONS), &prf]);
    let kdf = derenc::sequence(&[&derenc::object_id(&PBKDF2), &kdf]);
    let cipher = derenc::sequence(&[&derenc::object_id(&AES_256_CBC), &derenc::octets(&iv)]);
    let algorithm = derenc::sequence(&[&derenc::object_id(&PBES2), &derenc::sequence(&[&kdf, &cipher])]);
    (algorithm, aes_256_cbc_encrypt(&key, &iv, plain))
}

fn mac(content: &[u8], password: &str, stream: &mut Stream) -> Vec<u8> {
    let salt = stream.bytes::<16>();
    let digest = hmac_sha256(&mac_key(password, &salt), content);
    let algorithm = derenc::sequence(&[&derenc::object_id(&SHA256), &derenc::null()]);
    let digest = derenc::sequence(&[&algorithm, &derenc::octets(&digest)]);
    derenc::sequence(&[&digest, &derenc::octets(&salt), &derenc::small(ITERATIONS)])
}

/// The key derivation of RFC 7292, B.2, for a MAC key of one SHA-256 block: then only the rounds of hashing
/// are left.
fn mac_key(password: &str, salt: &[u8; 16]) -> [u8; 32] {
    const BLOCK: usize = 64;
    const MAC_KEY: u8 = 3;
    let fill = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().copied().cycle().take(bytes.len().div_ceil(BLOCK) * BLOCK).collect()
    };
    // The password counts with its terminating NUL.
    let password = [utf16(password), vec![0, 0]].concat();
    let first = sha256(&[vec![MAC_KEY; BLOCK], fill(salt), fill(&password)].concat());
    (1..ITERATIONS).fold(first, |hash, _| sha256(&hash))
}

/// Opens a PKCS#12 file made by anyone, unless it is made to cost the one who opens it. Of several keys the first that
/// has a certificate counts.
pub fn open(file: &[u8], password: &str) -> Result<Opened, PfxError> {
    meter::count(|work| work.pfx_opened += 1);
    cost::check(file, password)?;
    let archive = Pkcs12Archive::from_pkcs12(file, password).map_err(|error| match error {
        Error::MacError(_) => PfxError::WrongPassword,
        other => PfxError::Format(other.to_string()),
    })?;
    let certificates: Vec<ParsedCertificate> =
        archive.certs.iter().filter_map(|bag| parse_certificate(bag.cert.as_der()).ok()).collect();
    for bag in &archive.keys {
        let Ok(key) = PrivateKey::from_pkcs8_der(bag.key.as_der()) else { continue };
        let Some(own) = certificates.iter().find(|c| c.public_key == *key.public()) else { continue };
        return Ok(Opened { chain: chain_above(own, &certificates), certificate: own.der.clone(), key });
    }
    Err(PfxError::NoKey)
}

/// The certificates above `leaf`, by the names of their issuers.
fn chain_above(leaf: &ParsedCertificate, all: &[ParsedCertificate]) -> Vec<Vec<u8>> {
    let mut chain: Vec<Vec<u8>> = Vec::new();
    let mut current = leaf;
    while let Some(issuer) = all.iter().find(|c| c.subject == current.issuer) {
        // A root issues itself, and names in a circle would never end.
        if issuer.der == leaf.der || chain.contains(&issuer.der) {
            break;
        }
        chain.push(issuer.der.clone());
        current = issuer;
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::KeyKind;
    use crate::time::Utc;
    use crate::x509::{IssueRequest, Name, Profile, issue};
    use proptest::prelude::*;

    pub(super) fn issued(kind: KeyKind) -> (PrivateKey, Vec<u8>, Vec<u8>) {
        let mut stream = Stream::new(1, &["pfx"]);
        let (ca, key) = (PrivateKey::generate(kind, &mut stream), PrivateKey::generate(kind, &mut stream));
        let request = IssueRequest {
            serial: vec![1],
            issuer: Name::common_name("root"),
            subject: Name::common_name("root"),
            public_key: ca.public().clone(),
            not_before: Utc(0),
            not_after: Utc::from_unix_seconds(2_000_000_000),
            profile: Profile::ca(None),
        };
        let root = issue(&request, &ca);
        let leaf = IssueRequest {
            subject: Name::common_name("leaf"),
            public_key: key.public().clone(),
            profile: Profile::client(),
            ..request
        };
        let leaf = issue(&leaf, &ca);
        (key, leaf, root)
    }

    #[test]
    fn opens_what_it_makes() {
        for kind in [KeyKind::P256, KeyKind::Rsa2048] {
            let (key, leaf, root) = issued(kind);
            let make = || make(&key, &leaf, &[&root], "pä§§", "Wi-Fi", &mut Stream::new(2, &[]));
            let file = make();
            assert_eq!(file, make());
            let opened = open(&file, "pä§§").unwrap();
            assert_eq!((&opened.key, &opened.certificate, opened.chain), (&key, &leaf, vec![root]));
            assert_eq!(open(&file, "other").unwrap_err(), PfxError::WrongPassword);
        }
    }

    #[test]
    fn the_crate_that_reads_agrees_on_every_part() {
        let (key, leaf, root) = issued(KeyKind::P256);
        let file = make(&key, &leaf, &[&root], "", "name", &mut Stream::new(2, &[]));
        let archive = Pkcs12Archive::from_pkcs12(&file, "").unwrap();
        assert_eq!(archive.keys[0].friendly_name.as_deref(), Some("name"));
        assert_eq!(
            archive.keys[0].local_key_id.as_ref().map(|id| id.0.clone()),
            archive.certs[0].local_key_id
        );
        assert_eq!(archive.certs[1].friendly_name, None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_bytes_are_an_answer(bytes: Vec<u8>, at: prop::sample::Index, value: u8) {
            let _ = open(&bytes, "");
            let (key, leaf, root) = issued(KeyKind::P256);
            let mut file = make(&key, &leaf, &[&root], "x", "name", &mut Stream::new(2, &[]));
            let at = at.index(file.len());
            file[at] = value;
            let _ = open(&file, "x");
        }
    }
}
