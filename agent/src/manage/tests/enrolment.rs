//! Provisioning documents: what is taken, what is refused and with which code.

use oobe_catalog::codes;
use oobe_wire::wap::{Characteristic, Parm, ProvisioningDoc};

use super::fixtures::{certificates, details, document, enrol, entry, mdm_key};
use crate::io::{Effect, Note};
use crate::keys::SoftwareKeyStore;

fn fresh() -> (ProvisioningDoc, crate::manage::EnrolmentDetails) {
    let mut keys = SoftwareKeyStore::new(1, "pc-1");
    let key = mdm_key(&mut keys);
    (document("X", &key), details(key))
}

/// The code with which a changed document is refused, and the checks that failed.
fn refused(change: impl FnOnce(&mut ProvisioningDoc)) -> (String, Vec<String>) {
    let (mut doc, details) = fresh();
    change(&mut doc);
    let (result, effects) = enrol(&doc, details);
    let failed = effects.iter().filter_map(|effect| match effect {
        Effect::Note(Note::Checked { check, failed: Some(_) }) => Some(check.clone()),
        _ => None,
    });
    (result.err().map(|e| e.code.id.to_owned()).unwrap_or_default(), failed.map(Into::into).collect())
}

fn application(doc: &mut ProvisioningDoc) -> &mut Characteristic {
    doc.characteristics.iter_mut().find(|c| c.kind == "APPLICATION").unwrap()
}

fn set(application: &mut Characteristic, name: &str, value: &str) {
    application.parms.retain(|parm| parm.name != name);
    application.parms.push(Parm::new(name, value));
}

#[test]
fn a_sound_document_is_taken() {
    let (doc, details) = fresh();
    let (result, effects) = enrol(&doc, details);
    let management = result.unwrap();
    assert_eq!(management.enrolment().server, super::fixtures::SERVER);
    assert_eq!(management.enrolment().backoff.initial_ms, 30_000);
    let registry =
        effects.iter().filter(|e| matches!(e, Effect::WriteRegistry(w) if w.name == "EnrollmentState"));
    assert_eq!(registry.count(), 1);
}

#[test]
fn certificate_for_another_key() {
    let mut other = SoftwareKeyStore::new(2, "other");
    let foreign = mdm_key(&mut other);
    let (_, client) = certificates(&foreign, "device-1");
    let (code, failed) = refused(|doc| {
        doc.characteristics[0].children[1].children[0] =
            Characteristic::new("System").with_child(entry(&client));
    });
    assert_eq!(code, codes::MENROLL_E_PROV_CSP_CERTSTORE.id);
    assert!(failed.iter().any(|c| c == "client-certificate-key"));
}

#[test]
fn no_certificate_at_all() {
    let (code, _) = refused(|doc| doc.characteristics.retain(|c| c.kind != "CertificateStore"));
    assert_eq!(code, codes::MENROLL_E_PROV_CSP_CERTSTORE.id);
}

#[test]
fn certificate_that_can_not_be_read() {
    let (code, failed) = refused(|doc| {
        doc.characteristics[0].children[0].children[0].children[0].parms[0].value = Some("AAAA".into());
    });
    assert_eq!(code, codes::MENROLL_E_PROV_CSP_CERTSTORE.id);
    assert!(failed.iter().any(|c| c == "provisioning-certificate"));
}

#[test]
fn search_criteria_that_nothing_meets() {
    let (code, failed) = refused(|doc| {
        set(application(doc), "SSLCLIENTCERTSEARCHCRITERIA", "Subject=CN%3Dother&Stores=My%5CUser");
    });
    assert_eq!(code, codes::MENROLL_E_PROV_SSLCERTNOTFOUND.id);
    assert!(failed.iter().any(|c| c == "client-certificate-search"));
}

#[test]
fn account_without_an_address() {
    let (code, _) = refused(|doc| application(doc).parms.retain(|parm| parm.name != "ADDR"));
    assert_eq!(code, codes::MENROLL_E_PROV_CSP_W7.id);
    for bad in ["", "not a url", "ftp://x"] {
        let (code, _) = refused(|doc| set(application(doc), "ADDR", bad));
        assert_eq!(code, codes::MENROLL_E_PROV_CSP_W7.id, "{bad:?}");
    }
    let (code, _) = refused(|doc| doc.characteristics.retain(|c| c.kind != "APPLICATION"));
    assert_eq!(code, codes::MENROLL_E_PROV_CSP_W7.id);
}

#[test]
fn client_nodes_are_written_by_the_rules_of_the_csp() {
    let provider = |parm: Parm| {
        Characteristic::new("DMClient")
            .with_child(Characteristic::new("Provider").with_child(Characteristic::new("X").with_parm(parm)))
    };
    let (code, _) = refused(|doc| doc.characteristics.push(provider(Parm::new("EntDMID", "id"))));
    assert_eq!(code, "");
    let (code, failed) = refused(|doc| doc.characteristics.push(provider(Parm::new("NoSuchNode", "1"))));
    assert_eq!(code, codes::MENROLL_E_PROV_CSP_DMCLIENT.id);
    assert!(failed.iter().any(|c| c == "provisioning-dmclient"));
}

#[test]
fn chain_and_dates_are_told_but_do_not_stop() {
    let mut keys = SoftwareKeyStore::new(1, "pc-1");
    let key = mdm_key(&mut keys);
    let mut doc = document("X", &key);
    // Without the root there is no chain.
    doc.characteristics[0].children.remove(0);
    let (result, effects) = enrol(&doc, details(key));
    assert!(result.is_ok());
    let failed = effects.iter().any(|effect| {
        matches!(effect, Effect::Note(Note::Checked { check, failed: Some(_) }) if check == "client-certificate-chain")
    });
    assert!(failed);
}

#[test]
fn an_address_with_a_query_keeps_it() {
    let mut keys = SoftwareKeyStore::new(1, "pc-1");
    let key = mdm_key(&mut keys);
    let mut doc = document("X", &key);
    set(application(&mut doc), "ADDR", "https://mdm.test/manage?hwid=1");
    let (result, _) = enrol(&doc, details(key));
    assert_eq!(result.unwrap().enrolment().server, "https://mdm.test/manage?hwid=1");
}

/// A document that is taken, though this check on it fails.
fn told(check: &str, change: impl FnOnce(&mut ProvisioningDoc)) {
    let (code, failed) = refused(change);
    assert_eq!(code, "", "{check}");
    assert!(failed.iter().any(|c| c == check), "{check}: {failed:?}");
}

#[test]
fn provisioning_thumbprint() {
    told("provisioning-thumbprint", |doc| {
        doc.characteristics[0].children[0].children[0].children[0].kind = "AB".into();
    });
}

#[test]
fn provisioning_provider() {
    told("provisioning-provider", |doc| {
        let other = Characteristic::new("Provider").with_child(Characteristic::new("Other"));
        doc.characteristics.push(Characteristic::new("DMClient").with_child(other));
    });
}

#[test]
fn client_certificate_dates() {
    let mut keys = SoftwareKeyStore::new(1, "pc-1");
    let key = mdm_key(&mut keys);
    let mut doc = document("X", &key);
    let (root, client) = super::fixtures::certificates_until(&key, "device-1", -1);
    let stores = &mut doc.characteristics[0].children;
    stores[0].children[0] = Characteristic::new("System").with_child(entry(&root));
    stores[1].children[0] = Characteristic::new("System").with_child(entry(&client));
    let (result, effects) = enrol(&doc, details(key));
    assert!(result.is_ok());
    let failed = effects.iter().any(|effect| {
        matches!(effect, Effect::Note(Note::Checked { check, failed: Some(_) }) if check == "client-certificate-dates")
    });
    assert!(failed);
}
