//! What the enrolment service refuses. One test for each check.

mod common;

use common::device::TestDevice;
use common::http::{Answer, get, post};
use common::setup::*;
use common::steps::*;
use common::{nothing_refused, refused};
use oobe_mock_cloud::setup::MdmScope;
use oobe_mock_cloud::{AdminAction, Cloud, FaultKind, Matcher, Record, ServiceFault, TokenTweak, checks};
use oobe_wire::crypto::KeyKind;
use oobe_wire::soap::{
    AuthPolicy, CONTENT_TYPE, EnrollmentFault, RequestSecurityToken, RequestType, Security,
};
use oobe_wire::x509::{Extension, Name, assemble_csr, csr_to_be_signed, make_csr};

fn jwt(cloud: &Cloud) -> Security {
    Security::Jwt(token(cloud, ALICE, MDM))
}

fn by_password(password: &str) -> Security {
    Security::UsernameToken { user: ALICE.into(), password: password.into() }
}

/// Enrols with a spoilt request.
fn spoilt(cloud: &Cloud, change: impl FnOnce(&mut RequestSecurityToken)) -> Answer {
    let security = jwt(cloud);
    send_rst(cloud, &rst(&TestDevice::new(1), security, change))
}

fn with_security(cloud: &Cloud, security: Security) -> Answer {
    send_rst(cloud, &rst(&TestDevice::new(1), security, |_| ()))
}

fn bad_token(cloud: &Cloud, tweak: TokenTweak) -> Security {
    let matcher = Matcher { operation: Some("grant_type=password".into()), ..Matcher::default() };
    cloud.inject(ServiceFault { matcher, what: FaultKind::Token { tweak } });
    jwt(cloud)
}

fn set(request: &mut RequestSecurityToken, name: &str, value: &str) {
    request.context.retain(|(n, _)| n != name);
    request.context.push((name.into(), value.into()));
}

#[test]
fn refuses_mdm_envelope_garbage() {
    let cloud = cloud();
    for body in ["", "garbage", "<s:Envelope/>"] {
        let answer = post(ENROLL, CONTENT_TYPE, body).send(&cloud);
        assert_eq!(fault(&answer), EnrollmentFault::MessageFormat);
        refused(&cloud, checks::MDM_ENVELOPE);
    }
}

#[test]
fn refuses_mdm_action_unknown() {
    let cloud = cloud();
    let body = rst(&TestDevice::new(1), Security::None, |_| ()).write().replace("RST/wstep", "RST/other");
    assert_eq!(fault(&post(ENROLL, CONTENT_TYPE, body).send(&cloud)), EnrollmentFault::MessageFormat);
    refused(&cloud, checks::MDM_ACTION);
}

#[test]
fn refuses_mdm_discovery_user_of_an_unknown_domain() {
    let cloud = cloud();
    let answer = discover(&cloud, "mallory@nowhere.test", &[AuthPolicy::Federated]);
    assert_eq!(fault(&answer), EnrollmentFault::Authentication);
    refused(&cloud, checks::MDM_DISCOVERY_USER);
    // The address may be empty (reference: protocols, G item 9).
    discover(&cloud, "", &[AuthPolicy::OnPremise]).ok();
}

#[test]
fn refuses_mdm_auth_policy_not_in_common() {
    let cloud = cloud();
    let answer = discover(&cloud, ALICE, &[AuthPolicy::Certificate]);
    assert_eq!(fault(&answer), EnrollmentFault::NotSupported);
    refused(&cloud, checks::MDM_AUTH_POLICY);
}

#[test]
fn refuses_mdm_security_token_missing_and_unknown() {
    let cloud = cloud();
    for security in [Security::None, Security::DeviceEnrollmentUserToken("x".into())] {
        assert_eq!(fault(&with_security(&cloud, security)), EnrollmentFault::InvalidSecurity);
        refused(&cloud, checks::MDM_SECURITY_TOKEN);
    }
    assert_eq!(fault(&policies(&cloud, Security::None)), EnrollmentFault::InvalidSecurity);
    refused(&cloud, checks::MDM_SECURITY_TOKEN);
}

#[test]
fn refuses_mdm_token_signature() {
    let cloud = cloud();
    for tweak in [TokenTweak::BadSignature, TokenTweak::OtherKey] {
        let security = bad_token(&cloud, tweak);
        assert_eq!(fault(&with_security(&cloud, security)), EnrollmentFault::Authentication);
        refused(&cloud, checks::MDM_TOKEN_SIGNATURE);
    }
    assert_eq!(fault(&with_security(&cloud, Security::Jwt("a.b.c".into()))), EnrollmentFault::Authentication);
    refused(&cloud, checks::MDM_TOKEN_SIGNATURE);
}

#[test]
fn refuses_mdm_token_issuer() {
    let cloud = cloud();
    for tweak in [TokenTweak::WrongIssuer, TokenTweak::WrongTenant] {
        let security = bad_token(&cloud, tweak);
        assert_eq!(fault(&with_security(&cloud, security)), EnrollmentFault::Authentication);
        refused(&cloud, checks::MDM_TOKEN_ISSUER);
    }
}

#[test]
fn refuses_mdm_token_audience() {
    let cloud = cloud();
    let security = Security::Jwt(token(&cloud, ALICE, DRS));
    assert_eq!(fault(&with_security(&cloud, security)), EnrollmentFault::Authentication);
    refused(&cloud, checks::MDM_TOKEN_AUDIENCE);
}

#[test]
fn refuses_mdm_token_times_over_and_not_yet_begun() {
    let cloud = cloud();
    for tweak in [TokenTweak::Expired, TokenTweak::NotYetValid] {
        let security = bad_token(&cloud, tweak);
        assert_eq!(fault(&with_security(&cloud, security)), EnrollmentFault::Authentication);
        refused(&cloud, checks::MDM_TOKEN_TIMES);
    }
}

#[test]
fn refuses_mdm_token_device_disabled_or_deleted() {
    let cloud = cloud();
    let mut device = TestDevice::new(1);
    join(&cloud, &mut device, ALICE);
    let token = prt_token(&cloud, &prt(&cloud, &device, ALICE), MDM);
    let enrol = || send_rst(&cloud, &rst(&device, Security::Jwt(token.clone()), |_| ()));
    cloud.administer(AdminAction::EnableDevice { device: "PC-1".into(), enabled: false }).unwrap();
    assert_eq!(fault(&enrol()), EnrollmentFault::Authentication);
    refused(&cloud, checks::MDM_TOKEN_DEVICE);
    cloud.administer(AdminAction::EnableDevice { device: "PC-1".into(), enabled: true }).unwrap();
    enrol().ok();
    let delete = AdminAction::DeleteDevice { device: "PC-1".into(), which: Record::Entra };
    cloud.administer(delete).unwrap();
    assert_eq!(fault(&enrol()), EnrollmentFault::Authentication);
    refused(&cloud, checks::MDM_TOKEN_DEVICE);
}

#[test]
fn refuses_mdm_user_disabled_since() {
    let cloud = cloud();
    let security = jwt(&cloud);
    cloud.administer(AdminAction::EnableUser { user: ALICE.into(), enabled: false }).unwrap();
    assert_eq!(fault(&with_security(&cloud, security)), EnrollmentFault::Authentication);
    refused(&cloud, checks::MDM_USER);
}

#[test]
fn refuses_mdm_password() {
    let cloud = cloud();
    assert_eq!(fault(&with_security(&cloud, by_password("wrong"))), EnrollmentFault::Authentication);
    refused(&cloud, checks::MDM_PASSWORD);
    let mut device = TestDevice::new(1);
    let doc = enrol_with(&cloud, &mut device, by_password(PASSWORD));
    let criteria = doc.path(&["APPLICATION"]).unwrap().parm("SSLCLIENTCERTSEARCHCRITERIA").unwrap();
    assert_eq!(criteria, format!("Subject=CN%3D{}&Stores=My%5CSystem", device.mdm_id));
}

#[test]
fn refuses_mdm_request_type_renewal() {
    let cloud = cloud();
    let answer = spoilt(&cloud, |r| r.request_type = RequestType::Renew);
    assert_eq!(fault(&answer), EnrollmentFault::NotSupported);
    refused(&cloud, checks::MDM_REQUEST_TYPE);
}

#[test]
fn refuses_mdm_device_id() {
    let cloud = cloud();
    for id in ["", "PC-1", "zz000000000000000000000000000000"] {
        assert_eq!(fault(&spoilt(&cloud, |r| set(r, "DeviceID", id))), EnrollmentFault::MessageFormat);
        refused(&cloud, checks::MDM_DEVICE_ID);
    }
}

#[test]
fn refuses_mdm_csr_format_unreadable() {
    let cloud = cloud();
    let answer = spoilt(&cloud, |r| r.csr_der = b"no request".to_vec());
    assert_eq!(fault(&answer), EnrollmentFault::CertificateRequest);
    refused(&cloud, checks::MDM_CSR_FORMAT);
}

#[test]
fn refuses_mdm_csr_signature() {
    let cloud = cloud();
    let device = TestDevice::new(1);
    let tbs = csr_to_be_signed(&Name::common_name("x"), device.mdm_key.public(), &[]);
    let csr = assemble_csr(&tbs, &device.device_key.sign_x509(&tbs), KeyKind::P256);
    assert_eq!(fault(&spoilt(&cloud, |r| r.csr_der = csr)), EnrollmentFault::CertificateRequest);
    refused(&cloud, checks::MDM_CSR_SIGNATURE);
}

#[test]
fn refuses_mdm_csr_key_of_another_kind() {
    let cloud = rsa();
    assert_eq!(fault(&spoilt(&cloud, |_| ())), EnrollmentFault::CertificateRequest);
    refused(&cloud, checks::MDM_CSR_KEY);
}

#[test]
fn refuses_mdm_csr_device_that_is_another() {
    let cloud = cloud();
    // The extension names another MDM device id than the context.
    let other = [Extension::mdm_device_id("00000000000000000000000000000099")];
    let csr = make_csr(&Name::common_name("x"), &TestDevice::new(1).mdm_key, &other);
    assert_eq!(fault(&spoilt(&cloud, |r| r.csr_der = csr)), EnrollmentFault::CertificateRequest);
    refused(&cloud, checks::MDM_CSR_DEVICE);
    // The subject is a device that somebody else joined.
    let mut bobs = TestDevice::new(2);
    join(&cloud, &mut bobs, BOB);
    let csr = make_csr(&Name::common_name(bobs.entra_id.unwrap().to_string()), &bobs.mdm_key, &[]);
    assert_eq!(fault(&spoilt(&cloud, |r| r.csr_der = csr)), EnrollmentFault::CertificateRequest);
    refused(&cloud, checks::MDM_CSR_DEVICE);
    // The subject is not the device of the token.
    let mut alices = TestDevice::new(3);
    join(&cloud, &mut alices, ALICE);
    let mut second = TestDevice::new(4);
    join(&cloud, &mut second, ALICE);
    let token = prt_token(&cloud, &prt(&cloud, &alices, ALICE), MDM);
    let answer = send_rst(&cloud, &rst(&second, Security::Jwt(token), |_| ()));
    assert_eq!(fault(&answer), EnrollmentFault::CertificateRequest);
    refused(&cloud, checks::MDM_CSR_DEVICE);
}

const TERMS: &str = "https://portal.manage.microsoft.com/TermsofUse.aspx?redirect_uri=ms-appx-web%3A%2F%2Fterms&api-version=1.0&mode=azureadjoin";

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 302, "{}", answer.text());
    answer.headers["location"].to_str().unwrap().to_owned()
}

/// Reads the terms of use and decides.
fn terms(cloud: &Cloud, user: &str, decision: &str) -> String {
    let page = get(TERMS).bearer(&token(cloud, user, MDM)).send(cloud).ok().text();
    let blob = page.split("name=\"OpaqueBlob\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let fields = [("OpaqueBlob", blob), ("IsAccepted", decision)];
    location(&common::http::form(TERMS, &fields).send(cloud))
}

#[test]
fn refuses_mdm_terms_not_accepted() {
    let cloud = cloud_with(|t| t.mdm.terms_of_use = Some("Be <nice>.".into()));
    assert_eq!(fault(&spoilt(&cloud, |_| ())), EnrollmentFault::InvalidEnrollmentData);
    refused(&cloud, checks::MDM_TERMS);
    assert_eq!(terms(&cloud, ALICE, "false"), "ms-appx-web://terms?IsAccepted=false");
    let place = terms(&cloud, ALICE, "true");
    let blob = place.split_once("IsAccepted=true&OpaqueBlob=").unwrap().1;
    spoilt(&cloud, |r| set(r, "EnrollmentData", blob)).ok();
    nothing_refused(&cloud);
    // Somebody else's acceptance is none, and neither is a made-up one.
    let bobs = terms(&cloud, BOB, "true");
    let bobs = bobs.split_once("OpaqueBlob=").unwrap().1.to_owned();
    for blob in [bobs.as_str(), "made-up"] {
        let answer = spoilt(&cloud, |r| set(r, "EnrollmentData", blob));
        assert_eq!(fault(&answer), EnrollmentFault::InvalidEnrollmentData);
        refused(&cloud, checks::MDM_TERMS);
    }
}

#[test]
fn refuses_terms_token_missing_and_for_another_service() {
    let cloud = cloud_with(|t| t.mdm.terms_of_use = Some("Be nice.".into()));
    assert!(location(&get(TERMS).send(&cloud)).contains("error=unauthorized_client"));
    refused(&cloud, checks::TERMS_TOKEN);
    let wrong = token(&cloud, ALICE, GRAPH);
    assert!(location(&get(TERMS).bearer(&wrong).send(&cloud)).contains("error=unauthorized_client"));
    refused(&cloud, checks::TERMS_TOKEN);
    let fields = [("OpaqueBlob", "made-up"), ("IsAccepted", "true")];
    assert!(location(&common::http::form(TERMS, &fields).send(&cloud)).contains("error=access_denied"));
    refused(&cloud, checks::TERMS_TOKEN);
}

#[test]
fn refuses_terms_redirect_missing() {
    let cloud = cloud();
    let url = "https://portal.manage.microsoft.com/TermsofUse.aspx";
    assert_eq!(get(url).send(&cloud).status, 400);
    refused(&cloud, checks::TERMS_REDIRECT);
    // Without terms it goes straight back.
    let straight = get(TERMS).bearer(&token(&cloud, ALICE, MDM)).send(&cloud);
    assert!(location(&straight).contains("IsAccepted=true"));
}

#[test]
fn refuses_mdm_scope_without_the_user() {
    let cloud = cloud_with(|t| t.mdm.scope = MdmScope::None);
    assert_eq!(fault(&spoilt(&cloud, |_| ())), EnrollmentFault::Authorization);
    refused(&cloud, checks::MDM_SCOPE);
}

#[test]
fn refuses_mdm_licence_missing() {
    let cloud = cloud_with(|t| t.users[0].licensed = false);
    assert_eq!(fault(&spoilt(&cloud, |_| ())), EnrollmentFault::UserLicense);
    refused(&cloud, checks::MDM_LICENCE);
    cloud.administer(AdminAction::LicenseUser { user: ALICE.into(), licensed: true }).unwrap();
    spoilt(&cloud, |_| ()).ok();
}

#[test]
fn refuses_mdm_device_cap_exceeded() {
    let cloud = cloud_with(|t| {
        t.mdm.device_cap = 2;
        t.users[0].devices_enrolled = 1;
    });
    spoilt(&cloud, |_| ()).ok();
    // The same device again is no further one.
    spoilt(&cloud, |_| ()).ok();
    let security = jwt(&cloud);
    let second = send_rst(&cloud, &rst(&TestDevice::new(2), security.clone(), |_| ()));
    assert_eq!(fault(&second), EnrollmentFault::DeviceCapReached);
    refused(&cloud, checks::MDM_DEVICE_CAP);
    // Removing the first makes room.
    let delete = AdminAction::DeleteDevice { device: "PC".into(), which: Record::Intune };
    cloud.administer(delete).unwrap();
    send_rst(&cloud, &rst(&TestDevice::new(2), security, |_| ())).ok();
}

#[test]
fn refuses_mdm_platform_blocked() {
    let cloud = cloud_with(|t| t.mdm.block_windows = true);
    assert_eq!(fault(&spoilt(&cloud, |_| ())), EnrollmentFault::DeviceNotSupported);
    refused(&cloud, checks::MDM_PLATFORM);
}

#[test]
fn refuses_mdm_zero_touch_unknown_but_enrols_without() {
    let cloud = cloud();
    spoilt(&cloud, |r| set(r, "ZeroTouchProvisioning", "11111111-2222-3333-4444-555555555555")).ok();
    refused(&cloud, checks::MDM_ZERO_TOUCH);
}

#[test]
fn refuses_mdm_not_blocked_before_it_is_unblocked() {
    let cloud = cloud();
    let ticket = device_ticket(&cloud, 1);
    let registration = profile(&cloud, &ticket).ok().json()["ZtdRegistrationId"].as_str().unwrap().to_owned();
    cloud.administer(AdminAction::BlockDevice { device: "SN-0001".into() }).unwrap();
    let enrol = || spoilt(&cloud, |r| set(r, "ZeroTouchProvisioning", &registration));
    assert_eq!(fault(&enrol()), EnrollmentFault::DeviceNotSupported);
    refused(&cloud, checks::MDM_NOT_BLOCKED);
    cloud.administer(AdminAction::UnblockDevice { device: "SN-0001".into() }).unwrap();
    enrol().ok();
}

#[test]
fn rst_is_taken_at_the_address_that_graph_lists() {
    let cloud = cloud();
    let request = rst(&TestDevice::new(1), jwt(&cloud), |_| ());
    post(DISCOVERY, CONTENT_TYPE, request.write()).send(&cloud).ok();
    let fleet = "https://127.0.0.1/api/mdm/microsoft/enroll";
    post(fleet, CONTENT_TYPE, request.write()).send(&cloud).ok();
}

#[test]
fn fault_brings_down_what_it_names() {
    let cloud = cloud();
    let matcher = Matcher { operation: Some("RST/wstep".into()), nth: 2, ..Matcher::default() };
    let what = FaultKind::SoapFault { error: "InMaintenance".into(), reason: "Later.".into(), status: 200 };
    cloud.inject(ServiceFault { matcher, what });
    spoilt(&cloud, |_| ()).ok();
    let second = spoilt(&cloud, |_| ());
    assert_eq!(second.status, 200);
    let meaning = oobe_wire::soap::Fault::parse(&second.body).unwrap().unwrap().meaning();
    assert_eq!(meaning, EnrollmentFault::InMaintenance);
    spoilt(&cloud, |_| ()).ok();
}
