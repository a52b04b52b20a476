//! What the device checks when it enrols: where to, how, and the provisioning document that ends it.

use oobe_agent::io::{HttpRequest, NoteFault};
use oobe_agent::manage::csp::LocUri;
use oobe_catalog::codes::{self, ResultCode};
use oobe_mock_cloud::{FaultKind, Matcher};
use oobe_wire::wap::{Parm, ProvisioningDoc};

use crate::edit::{characteristic, no_provisioning, provisioning, rename, replace, set, soap, url};
use crate::harness::{MINUTE, Trial};

/// The request that enrols.
const ENROL: &str = "/enroll.svc";

/// All requests of an enrolment that speak SOAP.
const SOAP: [&str; 3] = ["/discovery.svc", "/policy.svc", ENROL];

fn enrolling() -> Matcher {
    Matcher { path: Some(ENROL.into()), ..Matcher::default() }
}

/// The provisioning document is changed once.
fn document(change: impl Fn(&mut ProvisioningDoc) + Send + Sync + 'static) -> Trial {
    Trial::new().meddle_once(url(ENROL), move |_, reply| provisioning(reply, &change))
}

/// The enrolment ends on the error page with that code; the device is joined all the same, and not enrolled; the
/// second try succeeds without a second join.
fn refused_at_enrolment(
    mut trial: Trial,
    check: &str,
    fault: NoteFault,
    code: impl Into<Option<&'static ResultCode>>,
) {
    let code = code.into();
    trial.until_screen("entra.error");
    trial.refused_only(check).told(fault, code).shows_error(code).not_enrolled();
    let joined = trial.device().disk().joined.clone();
    assert!(joined.is_some() && trial.device().disk().kept.joined);
    assert_eq!(trial.reaches_the_desktop().refusals(check), 1);
    assert_eq!(trial.device().disk().joined, joined);
    assert_eq!(trial.events("mdm", 72), 1);
}

/// A document that the device refuses.
fn refused_document(
    check: &str,
    code: &'static ResultCode,
    change: impl Fn(&mut ProvisioningDoc) + Send + Sync + 'static,
) {
    refused_at_enrolment(document(change), check, NoteFault::PeerBrokeProtocol, code);
}

#[test]
fn device_refuses_enrolment_content_type() {
    // What counts is what is inside: it is told, and the enrolment goes on.
    for service in SOAP {
        for headers in [vec![], vec![("content-type".to_owned(), "text/html".to_owned())]] {
            let mut trial = Trial::new().meddle_once(url(service), move |_, reply| {
                soap(reply, |reply| reply.headers.clone_from(&headers))
            });
            trial.reaches_the_desktop().refused_only("enrolment-content-type");
            assert_eq!(trial.refusals("enrolment-content-type"), 1);
            assert_eq!(trial.events("mdm", 72), 1);
        }
    }
}

#[test]
fn device_refuses_enrolment_reply_shape() {
    let (empty, garbled) = (codes::MENROLL_E_EMPTY_MESSAGE, codes::MENROLL_E_DEVICE_MESSAGE_FORMAT_ERROR);
    let check = "enrolment-reply-shape";
    for service in SOAP {
        for (body, code) in [("", empty), (" \n", empty), ("garbage", garbled), ("<s:Envelope/>", garbled)] {
            let trial = Trial::new()
                .meddle_once(url(service), move |_, reply| soap(reply, |reply| reply.body = body.into()));
            refused_at_enrolment(trial, check, NoteFault::PeerBrokeProtocol, code);
        }
    }
    for (service, element) in [
        ("/discovery.svc", "DiscoverResult"),
        ("/discovery.svc", "AuthPolicy"),
        ("/discovery.svc", "EnrollmentServiceUrl"),
        ("/policy.svc", "GetPoliciesResponse"),
        (ENROL, "RequestSecurityTokenResponse"),
        (ENROL, "RequestedSecurityToken"),
        (ENROL, "BinarySecurityToken"),
    ] {
        let trial = Trial::new().meddle_once(url(service), move |_, reply| rename(reply, element));
        refused_at_enrolment(trial, check, NoteFault::PeerBrokeProtocol, garbled);
    }
}

#[test]
fn device_refuses_provisioning_document() {
    for document in [
        "",
        "no document",
        "<characteristic type=\"APPLICATION\"/>",
        "<wap-provisioningdoc><characteristic/></wap-provisioningdoc>",
        "<wap-provisioningdoc><characteristic type=\"APPLICATION\">",
    ] {
        let trial = Trial::new().meddle_once(url(ENROL), move |_, reply| no_provisioning(reply, document));
        let code = codes::MENROLL_E_PROV_UNKNOWN;
        refused_at_enrolment(trial, "provisioning-document", NoteFault::PeerBrokeProtocol, code);
    }
}

#[test]
fn device_refuses_json_reply_when_it_enrols() {
    let refresh =
        |request: &HttpRequest| String::from_utf8_lossy(&request.body).contains("grant_type=refresh_token");
    let look_up = |request: &HttpRequest| request.url.contains("/servicePrincipals/");
    for fits in [refresh, look_up] {
        let trial = Trial::new().meddle_once(fits, |_, reply| {
            reply.body = b"<html>Welcome to the hotel.</html>".to_vec();
            true
        });
        refused_at_enrolment(trial, "json-reply", NoteFault::PeerBrokeProtocol, None);
    }
}

#[test]
fn device_refuses_enrolment_urls_tls() {
    for element in ["EnrollmentServiceUrl", "EnrollmentPolicyServiceUrl"] {
        let trial = Trial::new().meddle_once(url("/discovery.svc"), move |_, reply| {
            replace(reply, &format!("<{element}>https://"), &format!("<{element}>http://"))
        });
        let code = codes::MENROLL_E_INSECUREREDIRECT;
        refused_at_enrolment(trial, "enrolment-urls-tls", NoteFault::PeerBrokeProtocol, code);
    }
}

#[test]
fn device_refuses_enrolment_auth_policy() {
    let trial = Trial::new().meddle_once(url("/discovery.svc"), |_, reply| {
        replace(reply, "<AuthPolicy>Federated<", "<AuthPolicy>OnPremise<")
    });
    let code = codes::MENROLL_E_DEVICE_AUTHENTICATION_ERROR;
    refused_at_enrolment(trial, "enrolment-auth-policy", NoteFault::PeerBrokeProtocol, code);
}

#[test]
fn device_refuses_policy_key_length() {
    let trial = Trial::new().meddle_once(url("/policy.svc"), |_, reply| {
        replace(reply, "<minimalKeyLength>2048<", "<minimalKeyLength>4096<")
    });
    let code = codes::MENROLL_E_CERTPOLICY_PRIVATEKEYCREATION_FAILED;
    refused_at_enrolment(trial, "policy-key-length", NoteFault::Device, code);
}

#[test]
fn device_refuses_provisioning_certificate() {
    refused_document("provisioning-certificate", codes::MENROLL_E_PROV_CSP_CERTSTORE, |doc| {
        let store = characteristic(doc, &["CertificateStore", "Root", "System"]);
        set(&mut store.children[0], "EncodedCertificate", "VGhpcyBpcyBubyBjZXJ0aWZpY2F0ZS4=");
    });
}

#[test]
fn device_refuses_provisioning_thumbprint() {
    // Windows names a certificate by itself: the server is wrong, and nothing comes of it.
    let mut trial = document(|doc| {
        characteristic(doc, &["CertificateStore", "Root", "System"]).children[0].kind = "00".repeat(20);
    });
    trial.reaches_the_desktop().refused_only("provisioning-thumbprint");
    let management = trial.device().disk().management.as_ref().expect("the device is enrolled");
    let store = LocUri::device("Vendor/MSFT/CertificateStore/Root/System");
    let names = management.tree().names(&store);
    assert!(!names.is_empty() && !names.contains(&"00".repeat(20)), "{names:?}");
}

#[test]
fn device_refuses_provisioning_account() {
    for (name, value) in [
        ("APPID", "w9"),
        ("PROVIDER-ID", ""),
        ("PROVIDER-ID", "MS/DM"),
        ("ADDR", ""),
        ("ADDR", "ftp://r.manage.microsoft.com/"),
    ] {
        refused_document("provisioning-account", codes::MENROLL_E_PROV_CSP_W7, move |doc| {
            set(characteristic(doc, &["APPLICATION"]), name, value);
        });
    }
}

#[test]
fn device_refuses_provisioning_provider() {
    // Settings for a provider that is not the account's: they are left out, the rest holds.
    let mut trial = document(|doc| {
        characteristic(doc, &["DMClient", "Provider"]).children[0].kind = "Somebody Else".into();
    });
    trial.reaches_the_desktop().refused_only("provisioning-provider");
    let management = trial.device().disk().management.as_ref().expect("the device is enrolled");
    assert_eq!(management.tree().names(&LocUri::device("Vendor/MSFT/DMClient/Provider")), ["MS DM Server"]);
    assert_eq!(management.tree().find(&management.enrolment().provider_node().child("Poll")), None);
}

#[test]
fn device_refuses_provisioning_dmclient() {
    for (name, value) in [("NoSuchNode", "1"), ("RequireMessageSigning", "perhaps")] {
        refused_document("provisioning-dmclient", codes::MENROLL_E_PROV_CSP_DMCLIENT, move |doc| {
            let provider = characteristic(doc, &["DMClient", "Provider", "MS DM Server"]);
            provider.parms.retain(|parm| parm.name != name);
            provider.parms.push(Parm::new(name, value));
        });
    }
}

#[test]
fn device_refuses_client_certificate() {
    refused_document("client-certificate", codes::MENROLL_E_PROV_CSP_CERTSTORE, |doc| {
        characteristic(doc, &["CertificateStore", "My", "System"]).children.clear();
    });
}

#[test]
fn device_refuses_client_certificate_key() {
    let trial = Trial::new().fault(enrolling(), FaultKind::CertificateForAnotherKey);
    let code = codes::MENROLL_E_PROV_CSP_CERTSTORE;
    refused_at_enrolment(trial, "client-certificate-key", NoteFault::PeerBrokeProtocol, code);
}

#[test]
fn device_refuses_client_certificate_search() {
    refused_document("client-certificate-search", codes::MENROLL_E_PROV_SSLCERTNOTFOUND, |doc| {
        let criteria = "Subject=CN%3Dsomebody%20else&Stores=My%5CSystem";
        set(characteristic(doc, &["APPLICATION"]), "SSLCLIENTCERTSEARCHCRITERIA", criteria);
    });
}

#[test]
fn device_refuses_client_certificate_dates() {
    // The enrolment service's clock is ahead: the certificate is not valid yet. Windows keeps it and lets the
    // management server decide, which refuses the channel until the time has come.
    let mut trial = Trial::new().fault(enrolling(), FaultKind::ClockOff { ms: 50 * MINUTE });
    trial.until_refused("client-certificate-dates");
    trial
        .until("a refused session", |record| record.t.as_millis() > 600_000)
        .told(NoteFault::PeerRefused, None);
    assert_eq!(trial.progress("", "installed"), 0);
    trial.until_screen("esp.device-prep").reaches_the_desktop().refused_only("client-certificate-dates");
}

#[test]
fn device_refuses_client_certificate_chain() {
    // The chain leads to no root of the document, and the management server knows the issuer as little: no session
    // is ever held, and after an hour the page counts as not wanted (ESS-021).
    let mut trial = Trial::new().fault(enrolling(), FaultKind::ForeignChain);
    trial.until_refused("client-certificate-chain");
    trial.reaches_the_desktop().refused_only("client-certificate-chain").told(NoteFault::PeerRefused, None);
    assert_eq!(trial.progress("", "installed"), 0);
    assert!(trial.records().last().is_some_and(|record| record.t.as_millis() > 3_600_000));
}
