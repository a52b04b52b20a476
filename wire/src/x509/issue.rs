//! Issuing certificates.

use std::net::IpAddr;

use super::signature_algorithm::signature_algorithm;
use super::{Extension, Name, Usage, oid};
use crate::crypto::{KeyKind, PrivateKey, PublicKey};
use crate::derenc;
use crate::time::Utc;

/// What a certificate allows its holder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Whether it may issue certificates.
    pub ca: bool,
    /// How many CA certificates may follow below it; only for a CA.
    pub path_length: Option<u8>,
    /// Extended key usages; none leaves the extension out.
    pub usages: Vec<Usage>,
    /// Whether the extended key usages are critical.
    pub usages_critical: bool,
    /// DNS names that a server answers to.
    pub dns_names: Vec<String>,
    /// Addresses that a server answers to.
    pub ip_addresses: Vec<IpAddr>,
    /// Further extensions, in order.
    pub extensions: Vec<Extension>,
}

impl Profile {
    /// A CA that may issue end-entity certificates and, below it, `path_length` levels of CAs (any when
    /// `None`).
    pub fn ca(path_length: Option<u8>) -> Self {
        Self { ca: true, path_length, ..Self::default() }
    }

    /// A TLS server with these names.
    pub fn server(dns_names: &[&str], ip_addresses: &[IpAddr]) -> Self {
        Self {
            usages: vec![Usage::ServerAuth],
            dns_names: dns_names.iter().map(|&name| name.to_owned()).collect(),
            ip_addresses: ip_addresses.to_vec(),
            ..Self::default()
        }
    }

    /// A TLS client; the usage is critical, as in Entra's device certificates (reference: protocols, A.3).
    pub fn client() -> Self {
        Self { usages: vec![Usage::ClientAuth], usages_critical: true, ..Self::default() }
    }
}

/// Everything that goes into a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueRequest {
    /// Serial number, big-endian, taken as positive; at most 20 bytes, the rest is cut off.
    pub serial: Vec<u8>,
    /// Who issues: the subject of the CA's certificate, or the subject itself when self-signed.
    pub issuer: Name,
    /// Whom it identifies.
    pub subject: Name,
    /// The holder's key.
    pub public_key: PublicKey,
    /// First instant of validity; whole seconds.
    pub not_before: Utc,
    /// Last instant of validity; whole seconds.
    pub not_after: Utc,
    /// What it allows.
    pub profile: Profile,
}

/// Issues a certificate (DER), signed with `ca_key`.
pub fn issue(request: &IssueRequest, ca_key: &PrivateKey) -> Vec<u8> {
    let algorithm = signature_algorithm(ca_key.kind());
    let extensions: Vec<Vec<u8>> =
        extensions(request, ca_key.public()).iter().map(Extension::to_der).collect();
    let to_be_signed = derenc::sequence(&[
        &derenc::context(0, &derenc::small(2)),
        &serial(&request.serial),
        &algorithm,
        &request.issuer.to_der(),
        &derenc::sequence(&[&derenc::time(request.not_before), &derenc::time(request.not_after)]),
        &request.subject.to_der(),
        &request.public_key.to_spki_der(),
        &derenc::context(3, &derenc::tlv(derenc::SEQUENCE, &extensions.concat())),
    ]);
    let signature = ca_key.sign_x509(&to_be_signed);
    derenc::sequence(&[&to_be_signed, &algorithm, &derenc::bits(&signature)])
}

/// At most 20 bytes and positive (RFC 5280, 4.1.2.2).
fn serial(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes[..bytes.len().min(20)].to_vec();
    if let [first, rest @ ..] = bytes.as_mut_slice()
        && rest.len() == 19
    {
        *first &= 0x7f;
    }
    derenc::unsigned(&bytes)
}

fn extensions(request: &IssueRequest, ca: &PublicKey) -> Vec<Extension> {
    let profile = &request.profile;
    let mut extensions = vec![
        Extension::critical(oid::BASIC_CONSTRAINTS, basic_constraints(profile)),
        Extension::critical(oid::KEY_USAGE, key_usage(profile.ca, request.public_key.kind())),
    ];
    if !profile.usages.is_empty() {
        extensions.push(Extension::extended_key_usage(&profile.usages, profile.usages_critical));
    }
    if !profile.dns_names.is_empty() || !profile.ip_addresses.is_empty() {
        extensions.push(Extension::new(oid::SUBJECT_ALT_NAME, subject_alt_name(profile)));
    }
    let subject_id = derenc::octets(&request.public_key.key_identifier());
    extensions.push(Extension::new(oid::SUBJECT_KEY_IDENTIFIER, subject_id));
    let authority_id = derenc::sequence(&[&derenc::context_primitive(0, &ca.key_identifier())]);
    extensions.push(Extension::new(oid::AUTHORITY_KEY_IDENTIFIER, authority_id));
    extensions.extend(profile.extensions.iter().cloned());
    extensions
}

fn basic_constraints(profile: &Profile) -> Vec<u8> {
    if !profile.ca {
        return derenc::sequence(&[]);
    }
    let path_length = profile.path_length.map(|n| derenc::small(n.into())).unwrap_or_default();
    derenc::sequence(&[&derenc::boolean(true), &path_length])
}

/// The BIT STRING of key usages (RFC 5280, 4.2.1.3): a CA signs certificates and lists, others sign, and RSA
/// keys may also have keys encrypted for them.
fn key_usage(ca: bool, kind: KeyKind) -> Vec<u8> {
    let (unused_bits, flags) = match (ca, kind) {
        (true, _) => (1, 0b0000_0110),
        (false, KeyKind::P256) => (7, 0b1000_0000),
        (false, KeyKind::Rsa2048) => (5, 0b1010_0000),
    };
    derenc::tlv(3, &[unused_bits, flags])
}

fn subject_alt_name(profile: &Profile) -> Vec<u8> {
    let dns = profile.dns_names.iter().map(|name| derenc::context_primitive(2, name.as_bytes()));
    let ip = profile.ip_addresses.iter().map(|address| match address {
        IpAddr::V4(v4) => derenc::context_primitive(7, &v4.octets()),
        IpAddr::V6(v6) => derenc::context_primitive(7, &v6.octets()),
    });
    let names: Vec<Vec<u8>> = dns.chain(ip).collect();
    derenc::tlv(derenc::SEQUENCE, &names.concat())
}
