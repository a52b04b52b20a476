//! What the device checks when it joins Entra ID: where to, and the certificate that comes back.

use oobe_agent::io::NoteFault;
use oobe_catalog::codes::{self, ResultCode};
use oobe_mock_cloud::{FaultKind, Matcher};
use oobe_wire::crypto::{KeyKind, PrivateKey};
use oobe_wire::encoding::base64_encode;
use oobe_wire::rng::Stream;
use oobe_wire::x509::{IssueRequest, Name, Profile, issue, parse_certificate, parse_csr};
use serde_json::json;

use crate::edit::{der_at, json as edit_json, url};
use crate::harness::{MINUTE, Trial};

/// The request that joins.
const JOIN: &str = "/EnrollmentServer/device/";

fn joining() -> Matcher {
    Matcher { path: Some(JOIN.into()), ..Matcher::default() }
}

/// The join ends on the error page with that code, and in event 304 where there is one; the device keeps nothing of it;
/// the second try succeeds.
fn refused_at_join(mut trial: Trial, check: &str, code: impl Into<Option<&'static ResultCode>>) {
    let code = code.into();
    // The event is about a code: without one there is none.
    let told = usize::from(code.is_some());
    trial.until_screen("entra.error");
    trial.refused_only(check).told(NoteFault::PeerBrokeProtocol, code).shows_error(code).not_joined();
    assert_eq!(trial.events("udr", 304), told);
    assert_eq!(trial.reaches_the_desktop().refusals(check), 1);
    assert!(trial.device().disk().kept.joined);
    assert_eq!(trial.events("udr", 304), told);
}

#[test]
fn device_refuses_json_reply_when_it_joins() {
    for (part, code) in [
        ("/Discover?", Some(codes::DSREG_AUTOJOIN_DISC_FAILED)),
        (JOIN, Some(codes::DSREG_E_DEVICE_MESSAGE_FORMAT_ERROR)),
    ] {
        let trial = Trial::new().meddle_once(url(part), |_, reply| {
            reply.body = b"<html>Welcome to the hotel.</html>".to_vec();
            true
        });
        refused_at_join(trial, "json-reply", code);
    }
}

#[test]
fn device_refuses_join_endpoint() {
    let trial = Trial::new().meddle_once(url("/Discover?"), |_, reply| {
        edit_json(reply, |found| found["DeviceJoinService"]["JoinEndpoint"] = json!(null))
    });
    refused_at_join(trial, "join-endpoint", codes::DSREG_AUTOJOIN_DISC_FAILED);
}

#[test]
fn device_refuses_device_certificate_shape() {
    for body in [json!(null), json!("no base64!"), json!("VGhpcyBpcyBubyBjZXJ0aWZpY2F0ZS4=")] {
        let trial = Trial::new().meddle_once(url(JOIN), move |_, reply| {
            edit_json(reply, |joined| joined["Certificate"]["RawBody"] = body.clone())
        });
        refused_at_join(trial, "device-certificate-shape", codes::DSREG_E_DEVICE_MESSAGE_FORMAT_ERROR);
    }
}

#[test]
fn device_refuses_join_endpoint_tls() {
    let trial = Trial::new().meddle_once(url("/Discover?"), |_, reply| {
        edit_json(reply, |found| {
            found["DeviceJoinService"]["JoinEndpoint"] =
                json!("http://enterpriseregistration.windows.net/EnrollmentServer/device/");
        })
    });
    refused_at_join(trial, "join-endpoint-tls", codes::DSREG_AUTOJOIN_DISC_FAILED);
}

#[test]
fn device_refuses_device_certificate_thumbprint() {
    let trial = Trial::new().meddle_once(url(JOIN), |_, reply| {
        edit_json(reply, |joined| joined["Certificate"]["Thumbprint"] = json!("00".repeat(20)))
    });
    refused_at_join(trial, "device-certificate-thumbprint", codes::DSREG_E_DEVICE_MESSAGE_FORMAT_ERROR);
}

#[test]
fn device_refuses_device_certificate_fits_key() {
    let trial = Trial::new().fault(joining(), FaultKind::CertificateForAnotherKey);
    refused_at_join(trial, "device-certificate-fits-key", codes::DSREG_E_DEVICE_MESSAGE_FORMAT_ERROR);
}

#[test]
fn device_refuses_device_certificate_validity() {
    // The service's clock is ahead, less than the user's token lives: its certificates are not valid yet.
    let trial = Trial::new().fault(joining(), FaultKind::ClockOff { ms: 50 * MINUTE });
    refused_at_join(trial, "device-certificate-validity", codes::DSREG_E_DEVICE_MESSAGE_FORMAT_ERROR);
}

#[test]
fn device_refuses_device_certificate_subject() {
    // A certificate for the right key, but for nobody's device.
    let trial = Trial::new().meddle_once(url(JOIN), |request, reply| {
        let csr = parse_csr(&der_at(&request.body, "/CertificateRequest/Data"))
            .expect("the device asks for a certificate");
        let issued =
            parse_certificate(&der_at(&reply.body, "/Certificate/RawBody")).expect("the cloud issues one");
        let ca = PrivateKey::generate(KeyKind::P256, &mut Stream::new(1, &["another CA"]));
        let anonymous = IssueRequest {
            serial: vec![1],
            issuer: issued.issuer,
            subject: Name::common_name("the printer on the second floor"),
            public_key: csr.public_key,
            not_before: issued.not_before,
            not_after: issued.not_after,
            profile: Profile::client(),
        };
        let der = issue(&anonymous, &ca);
        let thumbprint = parse_certificate(&der).expect("a certificate").sha1_thumbprint_hex_upper();
        edit_json(reply, |joined| {
            joined["Certificate"] = json!({ "RawBody": base64_encode(&der), "Thumbprint": thumbprint });
        })
    });
    refused_at_join(trial, "device-certificate-subject", codes::DSREG_E_DEVICE_MESSAGE_FORMAT_ERROR);
}
