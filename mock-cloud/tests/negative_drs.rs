//! What the registration service refuses. One test for each check.

mod common;

use common::device::{JOIN_CN, TestDevice};
use common::http::{Answer, call, get};
use common::setup::*;
use common::steps::*;
use common::{nothing_refused, refused, told};
use oobe_mock_cloud::setup::JoinPolicy;
use oobe_mock_cloud::{AdminAction, Cloud, FaultKind, Matcher, Record, ServiceFault, TokenTweak, checks};
use oobe_wire::crypto::{KeyKind, PrivateKey};
use oobe_wire::encoding::base64_encode;
use oobe_wire::rng::Stream;
use oobe_wire::x509::{Extension, Name, assemble_csr, csr_to_be_signed, make_csr};
use serde_json::{Value, json};

#[track_caller]
fn error(answer: &Answer, status: u16, kind: &str) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    let json = answer.json();
    assert_eq!(json["ErrorType"], kind);
    json
}

/// Joins with a spoilt request.
fn spoilt(cloud: &Cloud, change: impl FnOnce(&mut Value)) -> Answer {
    let token = token(cloud, ALICE, DRS);
    join_with(cloud, &token, &TestDevice::new(1).join_body(change))
}

/// A token that is not right.
fn bad_token(cloud: &Cloud, tweak: TokenTweak) -> String {
    let matcher = Matcher { operation: Some("grant_type=password".into()), ..Matcher::default() };
    cloud.inject(ServiceFault { matcher, what: FaultKind::Token { tweak } });
    token(cloud, ALICE, DRS)
}

fn join_by(cloud: &Cloud, token: &str) -> Answer {
    join_with(cloud, token, &TestDevice::new(1).join_body(|_| ()))
}

#[test]
fn refuses_drs_tenant_unknown() {
    let cloud = cloud();
    let answer =
        get("https://enterpriseregistration.windows.net/nowhere.test/Discover?api-version=1.9").send(&cloud);
    error(&answer, 400, "InvalidRequest");
    refused(&cloud, checks::DRS_TENANT);
}

#[test]
fn drs_discovery_lists_its_services() {
    let cloud = cloud();
    let url = "https://enterpriseregistration.windows.net/contoso.test/Discover?api-version=1.9&managed=True";
    let answer = get(url).send(&cloud).ok().json();
    assert_eq!(answer["DeviceJoinService"]["JoinEndpoint"], JOIN.split('?').next().unwrap());
    assert_eq!(answer["TenantInfo"]["TenantName"], "contoso.test");
    let nonce = answer["NonceService"]["Endpoint"].as_str().unwrap().to_owned();
    let nonce = get(format!("{nonce}?api-version=1.0")).send(&cloud).ok().json();
    assert!(nonce["ReponseStatus"]["traceId"].is_string());
    let mut device = TestDevice::new(1);
    let text = nonce["Value"].as_str().unwrap();
    let csr = make_csr(&Name::common_name(JOIN_CN), &device.device_key, &[Extension::join_nonce(text)]);
    let token = token(&cloud, ALICE, DRS);
    device.ticket = None;
    let body = device.join_body(|b| b["CertificateRequest"]["Data"] = json!(base64_encode(&csr)));
    join_with(&cloud, &token, &body).ok();
    nothing_refused(&cloud);
}

#[test]
fn refuses_drs_token_present_nowhere() {
    let cloud = cloud();
    let body = TestDevice::new(1).join_body(|_| ());
    let answer = common::http::post(JOIN, "application/json", body.to_string()).send(&cloud);
    error(&answer, 401, "AuthenticationError");
    refused(&cloud, checks::DRS_TOKEN_PRESENT);
}

#[test]
fn refuses_drs_token_signature() {
    let cloud = cloud();
    for tweak in [TokenTweak::BadSignature, TokenTweak::OtherKey] {
        let token = bad_token(&cloud, tweak);
        error(&join_by(&cloud, &token), 401, "AuthenticationError");
        refused(&cloud, checks::DRS_TOKEN_SIGNATURE);
    }
}

#[test]
fn refuses_drs_token_issuer() {
    let cloud = cloud();
    for tweak in [TokenTweak::WrongIssuer, TokenTweak::WrongTenant] {
        let token = bad_token(&cloud, tweak);
        error(&join_by(&cloud, &token), 401, "AuthenticationError");
        refused(&cloud, checks::DRS_TOKEN_ISSUER);
    }
}

#[test]
fn refuses_drs_token_audience() {
    let cloud = cloud();
    let token = token(&cloud, ALICE, GRAPH);
    error(&join_by(&cloud, &token), 401, "AuthenticationError");
    refused(&cloud, checks::DRS_TOKEN_AUDIENCE);
}

#[test]
fn refuses_drs_token_times_over_and_not_yet_begun() {
    let cloud = cloud();
    let token = token(&cloud, ALICE, DRS);
    cloud.set_now(EPOCH.plus_seconds(2 * 3600));
    error(&join_by(&cloud, &token), 401, "AuthenticationError");
    refused(&cloud, checks::DRS_TOKEN_TIMES);
    let token = bad_token(&cloud, TokenTweak::NotYetValid);
    error(&join_by(&cloud, &token), 401, "AuthenticationError");
    refused(&cloud, checks::DRS_TOKEN_TIMES);
}

#[test]
fn refuses_drs_user_disabled_since() {
    let cloud = cloud();
    let token = token(&cloud, ALICE, DRS);
    cloud.administer(AdminAction::EnableUser { user: ALICE.into(), enabled: false }).unwrap();
    error(&join_by(&cloud, &token), 401, "AuthenticationError");
    refused(&cloud, checks::DRS_USER);
}

#[test]
fn refuses_drs_request_malformed() {
    let cloud = cloud();
    let spoils: [fn(&mut Value); 4] = [
        |b| *b = json!([]),
        |b| b["CertificateRequest"]["Type"] = json!("pkcs7"),
        |b| b["DeviceType"] = json!("Toaster"),
        // Attributes are texts, not booleans (reference: protocols, A.3).
        |b| b["Attributes"]["ReuseDevice"] = json!(true),
    ];
    for spoil in spoils {
        error(&spoilt(&cloud, spoil), 400, "InvalidRequest");
        refused(&cloud, checks::DRS_REQUEST);
    }
}

#[test]
fn drs_takes_attributes_in_lower_case() {
    let cloud = cloud();
    let answer = spoilt(&cloud, |b| {
        b["attributes"] = b["Attributes"].take();
        b.as_object_mut().unwrap().remove("Attributes");
    });
    assert!(answer.ok().json()["MembershipChanges"].is_array());
}

#[test]
fn refuses_drs_join_type_unsupported() {
    let cloud = cloud();
    error(&spoilt(&cloud, |b| b["JoinType"] = json!(6)), 400, "InvalidRequest");
    refused(&cloud, checks::DRS_JOIN_TYPE);
}

fn with_csr(cloud: &Cloud, csr: &[u8]) -> Answer {
    spoilt(cloud, |b| b["CertificateRequest"]["Data"] = json!(base64_encode(csr)))
}

#[test]
fn refuses_drs_csr_format_unreadable() {
    let cloud = cloud();
    error(&with_csr(&cloud, b"no request"), 400, "InvalidRequest");
    refused(&cloud, checks::DRS_CSR_FORMAT);
}

#[test]
fn refuses_drs_csr_subject() {
    let cloud = cloud();
    let csr = make_csr(&Name::common_name("Mallory"), &TestDevice::new(1).device_key, &[]);
    error(&with_csr(&cloud, &csr), 400, "InvalidRequest");
    refused(&cloud, checks::DRS_CSR_SUBJECT);
}

#[test]
fn refuses_drs_csr_signature() {
    let cloud = cloud();
    let device = TestDevice::new(1);
    let to_be_signed = csr_to_be_signed(&Name::common_name(JOIN_CN), device.device_key.public(), &[]);
    let csr = assemble_csr(&to_be_signed, &device.transport_key.sign_x509(&to_be_signed), KeyKind::P256);
    error(&with_csr(&cloud, &csr), 400, "InvalidRequest");
    refused(&cloud, checks::DRS_CSR_SIGNATURE);
}

#[test]
fn refuses_drs_csr_key_of_another_kind() {
    let cloud = rsa();
    let csr = TestDevice::new(1).join_csr();
    error(&with_csr(&cloud, &csr), 400, "InvalidRequest");
    refused(&cloud, checks::DRS_CSR_KEY);
}

#[test]
fn refuses_drs_transport_key_unreadable_and_of_another_kind() {
    let cloud = cloud();
    let rsa = PrivateKey::generate(KeyKind::Rsa2048, &mut Stream::new(1, &["rsa"]));
    for blob in [b"RSA1".to_vec(), oobe_wire::bcrypt::encode_public(rsa.public())] {
        error(&spoilt(&cloud, |b| b["TransportKey"] = json!(base64_encode(&blob))), 400, "InvalidRequest");
        refused(&cloud, checks::DRS_TRANSPORT_KEY);
    }
}

#[test]
fn refuses_drs_csr_nonce_made_up() {
    let cloud = cloud();
    let key = TestDevice::new(1).device_key;
    let csr = make_csr(&Name::common_name(JOIN_CN), &key, &[Extension::join_nonce("made up")]);
    error(&with_csr(&cloud, &csr), 401, "AuthenticationError");
    refused(&cloud, checks::DRS_CSR_NONCE);
}

#[test]
fn refuses_drs_csr_nonce_a_second_time() {
    let cloud = cloud();
    let key = TestDevice::new(1).device_key;
    let nonce = Extension::join_nonce(&nonce(&cloud));
    let csr = make_csr(&Name::common_name(JOIN_CN), &key, &[nonce]);
    with_csr(&cloud, &csr).ok();
    nothing_refused(&cloud);
    error(&with_csr(&cloud, &csr), 401, "AuthenticationError");
    refused(&cloud, checks::DRS_CSR_NONCE);
}

#[test]
fn refuses_drs_device_ticket_unknown() {
    let cloud = cloud();
    let answer = spoilt(&cloud, |b| b["Attributes"]["MSA-DDID"] = json!(base64_encode(b"t=made up")));
    error(&answer, 401, "AuthenticationError");
    refused(&cloud, checks::DRS_DEVICE_TICKET);
}

#[test]
fn refuses_drs_join_policy_that_leaves_the_user_out() {
    for policy in [JoinPolicy::None, JoinPolicy::Selected] {
        let cloud = cloud_with(|t| {
            t.join.policy = policy;
            t.users[0].may_join = false;
        });
        let json = error(&join_by(&cloud, &token(&cloud, ALICE, DRS)), 403, "AuthorizationError");
        assert_eq!(json["subcode"], "error_join_not_allowed");
        assert_eq!(refused(&cloud, checks::DRS_JOIN_POLICY).rule.as_deref(), Some("USR-008"));
    }
}

#[test]
fn refuses_drs_quota_exceeded() {
    let cloud = cloud_with(|t| {
        t.join.quota = 3;
        t.users[0].devices_joined = 2;
    });
    let mut first = TestDevice::new(1);
    join(&cloud, &mut first, ALICE);
    // The same device again is no further one.
    join(&cloud, &mut first, ALICE);
    cloud.drain_journal();
    let second = TestDevice::new(2);
    let answer = join_with(&cloud, &token(&cloud, ALICE, DRS), &second.join_body(|_| ()));
    let json = error(&answer, 403, "AuthorizationError");
    assert_eq!(json["subcode"], "error_device_quota_exceeded");
    refused(&cloud, checks::DRS_QUOTA);
    join(&cloud, &mut TestDevice::new(3), BOB);
}

#[test]
fn refuses_drs_device_object_deleted() {
    let cloud = cloud();
    let mut device = TestDevice::new(1);
    device.ticket = Some(device_ticket(&cloud, 1));
    let delete = AdminAction::DeleteDevice { device: "SN-0001".into(), which: Record::Entra };
    cloud.administer(delete).unwrap();
    let token = token(&cloud, ALICE, DRS);
    let answer = join_with(&cloud, &token, &device.join_body(|_| ()));
    assert_eq!(error(&answer, 404, "DirectoryError")["subcode"], "error_device_object_not_found");
    refused(&cloud, checks::DRS_DEVICE_OBJECT);
    // Deleting and importing the registration again mends it (REG-003).
    let delete = AdminAction::DeleteDevice { device: "SN-0001".into(), which: Record::Autopilot };
    cloud.administer(delete).unwrap();
    let again = contoso().tenants[0].autopilot.devices[0].clone();
    cloud.administer(AdminAction::RegisterDevice { tenant: "contoso.test".into(), device: again }).unwrap();
    join_with(&cloud, &token, &device.join_body(|_| ())).ok();
}

#[test]
fn drs_registered_device_of_another_tenant_joins_like_any_other() {
    let cloud = cloud();
    let mut device = TestDevice::new(1);
    device.ticket = Some(device_ticket(&cloud, 1));
    join(&cloud, &mut device, EVE);
    let profile = profile(&cloud, device.ticket.as_ref().unwrap()).ok().json();
    assert_ne!(json!(device.entra_id), profile["AadDeviceId"]);
}

fn leave(cloud: &Cloud, id: &str, certificate: Option<&[u8]>) -> Answer {
    let request =
        call("DELETE", format!("https://enterpriseregistration.windows.net/EnrollmentServer/device/{id}"));
    match certificate {
        Some(certificate) => request.peer(certificate).send(cloud),
        None => request.send(cloud),
    }
}

#[test]
fn refuses_drs_delete_certificate_missing_and_of_management() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let id = device.entra_id.unwrap().to_string();
    // Nor does the MDM certificate do.
    for certificate in [None, Some(device.mdm_certificate.as_slice())] {
        error(&leave(&cloud, &id, certificate), 401, "AuthenticationError");
        refused(&cloud, checks::DRS_DELETE_CERTIFICATE);
    }
}

#[test]
fn refuses_drs_delete_device_that_is_another() {
    let cloud = cloud();
    let (mut first, mut second) = (TestDevice::new(1), TestDevice::new(2));
    join(&cloud, &mut first, ALICE);
    join(&cloud, &mut second, ALICE);
    let id = second.entra_id.unwrap().to_string();
    error(&leave(&cloud, &id, Some(&first.device_certificate)), 401, "AuthenticationError");
    refused(&cloud, checks::DRS_DELETE_DEVICE);
    let own = first.entra_id.unwrap().to_string();
    assert!(leave(&cloud, &own, Some(&first.device_certificate)).ok().body.is_empty());
    assert!(told(&nothing_refused(&cloud), "device-left"));
    // And it is gone.
    error(&leave(&cloud, &own, Some(&first.device_certificate)), 401, "AuthenticationError");
}

#[test]
fn drs_faults_give_certificates_that_a_device_must_refuse() {
    let cloud = cloud();
    let device = TestDevice::new(1);
    let token = token(&cloud, ALICE, DRS);
    let join = |what| {
        let matcher = Matcher { path: Some("/enrollmentserver/device".into()), ..Matcher::default() };
        cloud.inject(ServiceFault { matcher, what });
        let answer = join_with(&cloud, &token, &device.join_body(|_| ())).ok().json();
        let der =
            oobe_wire::encoding::base64_decode(answer["Certificate"]["RawBody"].as_str().unwrap()).unwrap();
        oobe_wire::x509::parse_certificate(&der).unwrap()
    };
    let right = join(FaultKind::ClockOff { ms: 0 });
    assert_eq!(&right.public_key, device.device_key.public());
    assert_ne!(&join(FaultKind::CertificateForAnotherKey).public_key, device.device_key.public());
    assert_ne!(join(FaultKind::ForeignChain).issuer, right.issuer);
    let year = 365 * 86_400_000;
    // The token is still good within the allowance only when the clock is; so a small error shows in the times.
    let late = join(FaultKind::ClockOff { ms: 60_000 });
    assert_eq!(late.not_before, right.not_before.plus_seconds(60));
    let matcher = Matcher { path: Some("/enrollmentserver/device".into()), ..Matcher::default() };
    cloud.inject(ServiceFault { matcher, what: FaultKind::ClockOff { ms: year } });
    error(&join_with(&cloud, &token, &device.join_body(|_| ())), 401, "AuthenticationError");
    assert_eq!(cloud.now(), EPOCH);
}
