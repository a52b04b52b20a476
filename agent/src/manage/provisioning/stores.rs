//! Certificates of a provisioning document, and which of them the device will show.

use oobe_catalog::codes;
use oobe_wire::encoding::base64_decode;
use oobe_wire::wap::{Characteristic, ProvisioningDoc};
use oobe_wire::x509::{ChainError, ParsedCertificate, Usage, parse_certificate, verify_chain};
use percent_encoding::percent_decode_str;

use super::account::Account;
use super::{refused, store_uri};
use crate::cx::Cx;
use crate::manage::csp::{Format, Tree};
use crate::manage::enrolment::{EnrolmentDetails, ProvisioningError};

struct Held {
    store: String,
    location: String,
    certificate: ParsedCertificate,
}

/// Puts the certificates into their stores; gives the client certificate (DER).
pub(in crate::manage) fn install(
    cx: &mut Cx<'_>,
    doc: &ProvisioningDoc,
    details: &EnrolmentDetails,
    tree: &mut Tree,
) -> Result<Vec<u8>, ProvisioningError> {
    let mut held = Vec::new();
    for store in doc.all("CertificateStore").flat_map(|c| &c.children) {
        for location in store.children.iter().filter(|c| c.kind != "WSTEP") {
            for entry in location.children.iter().filter(|c| c.kind != "PrivateKeyContainer") {
                if entry.has_parm("EncodedCertificate") {
                    held.push(read(cx, store, location, entry)?);
                }
            }
        }
    }
    let mine = choose(cx, &held, details)?;
    check_chain(cx, &held, &mine);
    for entry in &held {
        let uri = store_uri(&entry.store, &entry.location, &entry.certificate.sha1_thumbprint_hex_upper());
        let encoded = oobe_wire::encoding::base64_encode(&entry.certificate.der);
        tree.set(&uri.child("EncodedCertificate"), Format::B64, encoded);
    }
    renewal(doc, tree);
    Ok(mine)
}

fn read(
    cx: &mut Cx<'_>,
    store: &Characteristic,
    location: &Characteristic,
    entry: &Characteristic,
) -> Result<Held, ProvisioningError> {
    let text = entry.parm("EncodedCertificate").unwrap_or_default();
    let parsed = base64_decode(text).ok().and_then(|der| parse_certificate(&der).ok());
    let Some(certificate) = parsed else {
        let detail = format!("{} certificate {} can't be read", store.kind, entry.kind);
        cx.checked("provisioning-certificate", Some(detail.clone()));
        return Err(refused(codes::MENROLL_E_PROV_CSP_CERTSTORE, detail));
    };
    let thumbprint = certificate.sha1_thumbprint_hex_upper();
    let wrong = (!thumbprint.eq_ignore_ascii_case(&entry.kind)).then(|| {
        format!("{} certificate is named {} but its thumbprint is {thumbprint}", store.kind, entry.kind)
    });
    // Windows takes the name from the certificate itself, so this is a remark about the server and no end.
    cx.checked("provisioning-thumbprint", wrong);
    Ok(Held { store: store.kind.clone(), location: location.kind.clone(), certificate })
}

/// The client certificate is the one in My that fits the key.
fn choose(cx: &mut Cx<'_>, held: &[Held], details: &EnrolmentDetails) -> Result<Vec<u8>, ProvisioningError> {
    let mut mine = held.iter().filter(|h| h.store == "My").peekable();
    if mine.peek().is_none() {
        let detail = "the document has no certificate for the device";
        cx.checked("client-certificate", Some(detail.to_owned()));
        return Err(refused(codes::MENROLL_E_PROV_CSP_CERTSTORE, detail));
    }
    if let Some(fits) = mine.find(|h| h.certificate.public_key == details.public_key) {
        cx.checked("client-certificate-key", None);
        return Ok(fits.certificate.der.clone());
    }
    let detail = "the certificate is for another key than the one it was asked for";
    cx.checked("client-certificate-key", Some(detail.to_owned()));
    Err(refused(codes::MENROLL_E_PROV_CSP_CERTSTORE, detail))
}

/// Whether the client certificate leads to a root of the same document, at the device's own time. Windows lets the
/// server decide at the next session, so a chain that does not hold is only told.
fn check_chain(cx: &mut Cx<'_>, held: &[Held], mine: &[u8]) {
    let of = |store: &str| -> Vec<&[u8]> {
        held.iter().filter(|h| h.store == store).map(|h| h.certificate.der.as_slice()).collect()
    };
    let verdict = verify_chain(mine, &of("CA"), &of("Root"), cx.utc, Usage::ClientAuth);
    let dates = matches!(verdict, Err(ChainError::Expired | ChainError::NotYetValid));
    let failed = verdict.err().map(|e| e.to_string());
    if dates {
        cx.checked("client-certificate-dates", failed);
    } else {
        cx.checked("client-certificate-chain", failed);
    }
}

/// `My/WSTEP/Renew`.
fn renewal(doc: &ProvisioningDoc, tree: &mut Tree) {
    let Some(renew) = doc.path(&["CertificateStore", "My", "WSTEP", "Renew"]) else { return };
    let node = store_uri("My", "WSTEP", "Renew");
    for (name, format) in
        [("ROBOSupport", Format::Bool), ("RenewPeriod", Format::Int), ("RetryInterval", Format::Int)]
    {
        if let Some(value) = renew.parm(name).and_then(|v| format.normalise(v)) {
            tree.set(&node.child(name), format, value);
        }
    }
}

/// SSLCLIENTCERTSEARCHCRITERIA: `Subject=<urlencoded DN>&Stores=<store>`. A criterion that no certificate meets is
/// 0x80180024.
pub(in crate::manage) fn check_search_criteria(
    cx: &mut Cx<'_>,
    account: &Account,
    mine: &[u8],
) -> Result<(), ProvisioningError> {
    let Some(search) = &account.search else { return Ok(()) };
    let wanted = search.split('&').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        (name.eq_ignore_ascii_case("Subject")).then(|| decoded(value))
    });
    let Some(wanted) = wanted else { return Ok(()) };
    let subject = parse_certificate(mine).map(|c| c.subject.to_string()).unwrap_or_default();
    let found = same_name(&wanted, &subject);
    let failed = (!found).then(|| format!("no certificate has the subject {wanted:?}; ours is {subject:?}"));
    cx.checked("client-certificate-search", failed.clone());
    match failed {
        None => Ok(()),
        Some(detail) => Err(refused(codes::MENROLL_E_PROV_SSLCERTNOTFOUND, detail)),
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Compares two printed names part by part, in any order and spacing; `CN%3D...` comes encoded twice from some
/// servers.
fn same_name(wanted: &str, subject: &str) -> bool {
    let parts = |name: &str| {
        let mut parts: Vec<String> = decoded(name)
            .split(',')
            .map(|p| p.trim().to_ascii_lowercase())
            .filter(|p| !p.is_empty())
            .collect();
        parts.sort();
        parts
    };
    parts(wanted) == parts(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_by_their_parts() {
        assert!(same_name("CN=a, O=b", "O=b,CN=A"));
        assert!(same_name("CN%3Da", "CN=a"));
        assert!(!same_name("CN=a", "CN=b"));
    }
}
