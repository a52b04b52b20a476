//! What is refused on the way without a user: device token, join, and enrolment. One test for each check; those of them
//! that are attacks are called so.

mod common;

use common::device::TestDevice;
use common::http::Answer;
use common::setup::*;
use common::steps::*;
use common::tpm::*;
use common::{nothing_refused, refused, told};
use oobe_mock_cloud::setup::DeploymentMode;
use oobe_mock_cloud::{
    AdminAction, Check, Cloud, FaultKind, Matcher, Record, ServiceFault, TokenTweak, checks,
};
use oobe_wire::attestation::*;
use oobe_wire::encoding::base64_encode;
use oobe_wire::soap::{EnrollmentFault, Security};
use oobe_wire::x509::DeviceExtensions;
use serde_json::{Value, json};

#[track_caller]
fn says(answer: &Answer, check: Check) {
    assert!((400..410).contains(&answer.status), "{} {}", answer.status, answer.text());
    let refusal: AttestationRefusal = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(refusal.check, check.name);
}

/// The join was refused for want of a proof: what Windows shows as 0x801C03EA.
#[track_caller]
fn unproven(answer: &Answer) {
    assert_eq!((answer.status, &answer.json()["subcode"]), (403, &json!("error_attestation_failed")));
}

/// Joined without a user.
#[track_caller]
fn joined(cloud: &Cloud, number: u8) -> TestDevice {
    let mut device = TestDevice::new(number);
    let join = Run::new(cloud, number).to_join(&device);
    keep(&join.send(cloud), &mut device);
    device
}

/// A token of the device itself.
fn own_token(cloud: &Cloud, device: &TestDevice, resource: &str) -> String {
    let claims = json!({
        "resource": resource,
        "client_id": BROKER,
        "request_nonce": nonce(cloud),
        "win_ver": "10.0.26100.4061",
        "grant_type": "device_token",
        "scope": "sid",
        "redirect_uri": "ms-aadj-redir://auth/mdm",
        "iss": "aad:brokerplugin",
    });
    let answer = bearer_grant(cloud, &device_jwt(device, &claims)).ok().json();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// Enrols without a user, with further items of the context.
fn enrol(cloud: &Cloud, device: &TestDevice, items: &[(&str, &str)]) -> Answer {
    let token = own_token(cloud, device, MDM);
    let request = rst(device, Security::Jwt(token), |r| {
        r.context.extend(items.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
    });
    send_rst(cloud, &request)
}

#[test]
fn a_device_joins_and_enrols_without_a_user() {
    let cloud = cloud_with(|t| t.autopilot.profiles[0].mode = DeploymentMode::SelfDeploying);
    let run = Run::new(&cloud, 1);
    let mut device = TestDevice::new(1);
    let join = run.to_join(&device);
    let answer = join.send(&cloud);
    assert_eq!(answer.json()["User"]["Upn"], Value::Null);
    keep(&answer, &mut device);
    let certificate = oobe_wire::x509::parse_certificate(&device.device_certificate).unwrap();
    let extensions = DeviceExtensions::decode(&certificate).unwrap();
    assert_eq!(extensions.user_id, extensions.device_id, "the device stands in for the user");
    let graph = "https://graph.microsoft.com/v1.0/servicePrincipals/appId=0000000a-0000-0000-c000-000000000000/endpoints";
    let listed = common::http::get(graph).bearer(&own_token(&cloud, &device, GRAPH)).send(&cloud).ok().text();
    assert!(listed.contains("WindowsEnrollment"));
    let id = run.registration.to_string();
    enrol(&cloud, &device, &[("ZeroTouchProvisioning", &id), ("PlugandForget", "true")]).ok();
    let journal = nothing_refused(&cloud);
    assert!(told(&journal, "device-joined") && told(&journal, "deployed-without-user"));
}

#[test]
fn refuses_token_aik_certificate_of_another_issuer_and_an_old_one() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let key = TestDevice::new(1).device_key;
    let request = run.certified(&run.attest(), key.public());
    let own = ek_certificate(
        "own CA",
        run.tpm.aik.public(),
        (EPOCH.plus_days(-1), EPOCH.plus_days(1)),
        oobe_wire::x509::Usage::AttestationKey,
    );
    says(
        &run.token_as(&DeviceTokenRequest { aik_certificate: own, ..request.clone() }),
        checks::TOKEN_AIK_CERTIFICATE,
    );
    refused(&cloud, checks::TOKEN_AIK_CERTIFICATE);
    cloud.set_now(EPOCH.plus_days(91));
    says(&run.token_as(&request), checks::TOKEN_AIK_CERTIFICATE);
    refused(&cloud, checks::TOKEN_AIK_CERTIFICATE);
}

#[test]
fn refuses_token_aik_certificate_that_the_service_itself_issued_from_the_wrong_ca() {
    let cloud = cloud();
    let matcher = Matcher { path: Some(ATTEST_PATH.into()), times: 1, ..Matcher::default() };
    cloud.inject(ServiceFault { matcher, what: FaultKind::ForeignChain });
    let run = Run::new(&cloud, 1);
    let key = TestDevice::new(1).device_key;
    let token = || run.token_as(&run.certified(&run.attest(), key.public()));
    says(&token(), checks::TOKEN_AIK_CERTIFICATE);
    refused(&cloud, checks::TOKEN_AIK_CERTIFICATE);
    token().ok();
    nothing_refused(&cloud);
}

/// Attack: one device's proof for another device's registration.
#[test]
fn refuses_token_aik_registration_of_another_device() {
    let cloud = two_devices();
    let other = Run::new(&cloud, 2).registration;
    let run = Run::new(&cloud, 1);
    let mut request = run.certified(&run.attest(), TestDevice::new(1).device_key.public());
    request.ztd_registration_id = other;
    says(&run.token_as(&request), checks::TOKEN_AIK_REGISTRATION);
    refused(&cloud, checks::TOKEN_AIK_REGISTRATION);
}

/// A request for a device token that is spoilt; signed again by the AIK, over what it is then.
fn token_with(run: &Run<'_>, change: impl FnOnce(&mut DeviceTokenRequest)) -> Answer {
    let mut request = run.certified(&run.attest(), TestDevice::new(1).device_key.public());
    change(&mut request);
    request.signature = sign(&run.tpm.aik, &request.certification);
    run.token_as(&request)
}

#[test]
fn refuses_token_certification_signature_of_another_signer() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let mut request = run.certified(&run.attest(), TestDevice::new(1).device_key.public());
    request.signature = sign(&TestDevice::new(1).device_key, &request.certification);
    says(&run.token_as(&request), checks::TOKEN_CERTIFICATION_SIGNATURE);
    refused(&cloud, checks::TOKEN_CERTIFICATION_SIGNATURE);
}

#[test]
fn refuses_token_certification_key_that_is_another() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let software = area(TestDevice::new(9).device_key.public(), KEY);
    says(&token_with(&run, |r| r.key_public = software), checks::TOKEN_CERTIFICATION_KEY);
    refused(&cloud, checks::TOKEN_CERTIFICATION_KEY);
    let quote = quote_statement(b"", &[0], &[0; 32]);
    says(&token_with(&run, |r| r.certification = quote), checks::TOKEN_CERTIFICATION_KEY);
    refused(&cloud, checks::TOKEN_CERTIFICATION_KEY);
}

/// Attributes of keys that may leave their TPM, or that are for another use.
const WEAK: [u32; 5] =
    [KEY & !FIXED_TPM, KEY & !FIXED_PARENT, KEY & !ORIGIN, KEY | RESTRICTED, KEY & !SIGN | DECRYPT];

#[test]
fn refuses_token_key_attributes_of_a_key_that_may_leave() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let key = TestDevice::new(1).device_key;
    for weak in WEAK {
        let answer = token_with(&run, |r| {
            let nonce = oobe_wire::tpm::Attest::parse(&r.certification).unwrap().extra_data;
            r.key_public = area(key.public(), weak);
            r.certification = certify_statement(&nonce, &name(&r.key_public));
        });
        says(&answer, checks::TOKEN_KEY_ATTRIBUTES);
        refused(&cloud, checks::TOKEN_KEY_ATTRIBUTES);
    }
}

#[test]
fn refuses_token_nonce_that_is_another() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let answer = token_with(&run, |r| r.certification = certify_statement(b"mine", &name(&r.key_public)));
    says(&answer, checks::TOKEN_NONCE);
    refused(&cloud, checks::TOKEN_NONCE);
}

#[test]
fn refuses_token_nonce_single_use_a_second_time() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let request = run.certified(&run.attest(), TestDevice::new(1).device_key.public());
    assert_eq!(run.token_as(&request).status, 200);
    says(&run.token_as(&request), checks::TOKEN_NONCE_SINGLE_USE);
    refused(&cloud, checks::TOKEN_NONCE_SINGLE_USE);
}

#[test]
fn refuses_token_nonce_fresh_no_more() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let request = run.certified(&run.attest(), TestDevice::new(1).device_key.public());
    cloud.set_now(EPOCH.plus_seconds(11 * 60));
    says(&run.token_as(&request), checks::TOKEN_NONCE_FRESH);
    refused(&cloud, checks::TOKEN_NONCE_FRESH);
}

#[test]
fn refuses_drs_device_token_known_to_another_cloud() {
    // Signed with the same key, since test keys are the same in every world; but not given out here.
    let elsewhere = cloud();
    let join = Run::new(&elsewhere, 1).to_join(&TestDevice::new(1));
    let cloud = Cloud::new(oobe_mock_cloud::CloudSetup { seed: 7, ..contoso() }).unwrap();
    unproven(&join.send(&cloud));
    refused(&cloud, checks::DRS_DEVICE_TOKEN_KNOWN);
}

/// Attack: a device token used twice.
#[test]
fn refuses_drs_device_token_single_use_a_second_time() {
    let cloud = cloud();
    let join = Run::new(&cloud, 1).to_join(&TestDevice::new(1));
    assert_eq!(join.send(&cloud).status, 200);
    nothing_refused(&cloud);
    unproven(&join.send(&cloud));
    refused(&cloud, checks::DRS_DEVICE_TOKEN_SINGLE_USE);
}

/// Attack: a device token used by another device.
#[test]
fn refuses_drs_device_token_device_that_is_another() {
    let cloud = two_devices();
    let first = Run::new(&cloud, 1).to_join(&TestDevice::new(1));
    let mut second = Run::new(&cloud, 2).to_join(&TestDevice::new(2));
    second.token = first.token;
    unproven(&second.send(&cloud));
    refused(&cloud, checks::DRS_DEVICE_TOKEN_DEVICE);
    // A device that does not say which one it is, is none of the registered ones.
    let mut third = Run::new(&cloud, 1).to_join(&TestDevice::new(1));
    third.body["Attributes"].as_object_mut().unwrap().remove("MSA-DDID");
    unproven(&third.send(&cloud));
    refused(&cloud, checks::DRS_DEVICE_TOKEN_DEVICE);
}

#[test]
fn refuses_drs_token_times_of_an_old_device_token() {
    let cloud = cloud();
    let join = Run::new(&cloud, 1).to_join(&TestDevice::new(1));
    cloud.set_now(EPOCH.plus_seconds(16 * 60));
    assert_eq!(join.send(&cloud).status, 401);
    refused(&cloud, checks::DRS_TOKEN_TIMES);
}

/// Joins with a device token that is not right: it is an Entra token like any other.
fn join_with_bad_device_token(cloud: &Cloud, tweak: TokenTweak) -> u16 {
    let matcher = Matcher { path: Some(DEVICE_TOKEN_PATH.into()), ..Matcher::default() };
    cloud.inject(ServiceFault { matcher, what: FaultKind::Token { tweak } });
    Run::new(cloud, 1).to_join(&TestDevice::new(1)).send(cloud).status
}

#[test]
fn refuses_drs_token_signature_of_a_device_token() {
    let cloud = cloud();
    assert_eq!(join_with_bad_device_token(&cloud, TokenTweak::OtherKey), 401);
    refused(&cloud, checks::DRS_TOKEN_SIGNATURE);
}

#[test]
fn refuses_drs_token_issuer_of_a_device_token() {
    let cloud = cloud();
    assert_eq!(join_with_bad_device_token(&cloud, TokenTweak::WrongIssuer), 401);
    refused(&cloud, checks::DRS_TOKEN_ISSUER);
}

#[test]
fn refuses_drs_token_audience_of_a_device_token() {
    let cloud = cloud();
    assert_eq!(join_with_bad_device_token(&cloud, TokenTweak::WrongAudience), 401);
    refused(&cloud, checks::DRS_TOKEN_AUDIENCE);
}

#[test]
fn refuses_drs_aik_certificate_missing_and_of_another_issuer() {
    let cloud = cloud();
    let own = ek_certificate(
        "own CA",
        PaperTpm::new(1).aik.public(),
        (EPOCH.plus_days(-1), EPOCH.plus_days(1)),
        oobe_wire::x509::Usage::AttestationKey,
    );
    for certificate in [String::new(), base64_encode(&own)] {
        let mut join = Run::new(&cloud, 1).to_join(&TestDevice::new(1));
        join.body["AikCertificate"] = json!(certificate);
        unproven(&join.send(&cloud));
        refused(&cloud, checks::DRS_AIK_CERTIFICATE);
    }
}

#[test]
fn refuses_drs_aik_token_of_another_attestation_key() {
    let cloud = two_devices();
    let mut join = Run::new(&cloud, 1).to_join(&TestDevice::new(1));
    join.body["AikCertificate"] = json!(base64_encode(&Run::new(&cloud, 2).attest().aik_certificate));
    unproven(&join.send(&cloud));
    refused(&cloud, checks::DRS_AIK_TOKEN);
}

#[test]
fn refuses_drs_attestation_data_that_is_no_statement() {
    let cloud = cloud();
    for data in ["", "AAAA"] {
        let mut join = Run::new(&cloud, 1).to_join(&TestDevice::new(1));
        join.body["AttestationData"] = json!(data);
        unproven(&join.send(&cloud));
        refused(&cloud, checks::DRS_ATTESTATION_DATA);
    }
}

#[test]
fn refuses_drs_attestation_signature_of_another_signer() {
    let cloud = cloud();
    let join = Run::new(&cloud, 1).to_join(&TestDevice::new(1));
    let join = join.stating(|s| s.signature = sign(&TestDevice::new(1).device_key, &s.attest));
    unproven(&join.send(&cloud));
    refused(&cloud, checks::DRS_ATTESTATION_SIGNATURE);
}

#[test]
fn refuses_drs_attestation_key_that_is_another() {
    let cloud = cloud();
    let join = Run::new(&cloud, 1).to_join(&TestDevice::new(1));
    let join = join.stating(|s| s.public = area(TestDevice::new(9).device_key.public(), KEY));
    unproven(&join.send(&cloud));
    refused(&cloud, checks::DRS_ATTESTATION_KEY);
}

#[test]
fn refuses_drs_attestation_attributes_of_a_key_that_may_leave() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let device = TestDevice::new(1);
    for weak in WEAK {
        let join = run.to_join(&device).stating(|s| {
            s.public = area(device.device_key.public(), weak);
            s.attest = certify_statement(b"", &name(&s.public));
            s.signature = sign(&run.tpm.aik, &s.attest);
        });
        unproven(&join.send(&cloud));
        refused(&cloud, checks::DRS_ATTESTATION_ATTRIBUTES);
    }
}

/// Attack: a proven key in the statement, a software key in the request.
#[test]
fn refuses_drs_attested_key_when_another_joins() {
    let cloud = cloud();
    let run = Run::new(&cloud, 1);
    let software = TestDevice::new(9);
    let mut join = run.to_join(&TestDevice::new(1));
    join.body["CertificateRequest"]["Data"] = json!(base64_encode(&software.join_csr()));
    unproven(&join.send(&cloud));
    refused(&cloud, checks::DRS_ATTESTED_KEY);
    // Nor does it help that another key lives in the TPM as well: the token was given for one.
    let join = run.to_join(&TestDevice::new(1)).stating(|s| {
        s.public = area(software.device_key.public(), KEY);
        s.attest = certify_statement(b"", &name(&s.public));
        s.signature = sign(&run.tpm.aik, &s.attest);
    });
    let mut join = join;
    join.body["CertificateRequest"]["Data"] = json!(base64_encode(&software.join_csr()));
    unproven(&join.send(&cloud));
    refused(&cloud, checks::DRS_ATTESTED_KEY);
}

#[test]
fn refuses_drs_device_object_deleted_and_not_as_a_failed_proof() {
    let cloud = cloud();
    let join = Run::new(&cloud, 1).to_join(&TestDevice::new(1));
    cloud.administer(AdminAction::DeleteDevice { device: "SN-0001".into(), which: Record::Entra }).unwrap();
    let answer = join.send(&cloud);
    assert_eq!((answer.status, &answer.json()["subcode"]), (404, &json!("error_device_object_not_found")));
    refused(&cloud, checks::DRS_DEVICE_OBJECT);
}

#[test]
fn refuses_mdm_pre_provisioning_when_the_profile_does_not_allow_it() {
    for (mode, allowed) in [
        (DeploymentMode::UserDriven, false),
        (DeploymentMode::SelfDeploying, false),
        (DeploymentMode::PreProvisioned, true),
    ] {
        let cloud = cloud_with(|t| t.autopilot.profiles[0].mode = mode);
        let device = joined(&cloud, 1);
        let answer = enrol(&cloud, &device, &[("WhiteGlove", "true")]);
        if allowed {
            answer.ok();
            nothing_refused(&cloud);
        } else {
            assert_eq!(fault(&answer), EnrollmentFault::EnrollmentServer);
            refused(&cloud, checks::MDM_PRE_PROVISIONING);
        }
    }
}

#[test]
fn refuses_mdm_one_time_limit_at_the_second_deployment() {
    let cloud = cloud_with(|t| t.autopilot.profiles[0].mode = DeploymentMode::SelfDeploying);
    let device = joined(&cloud, 1);
    enrol(&cloud, &device, &[]).ok();
    // The same deployment may ask again: its answer may have been lost.
    enrol(&cloud, &device, &[]).ok();
    nothing_refused(&cloud);
    // After a reset the device has new keys.
    let mut again = TestDevice::with_keys(1, oobe_wire::crypto::KeyKind::P256);
    again.device_key = TestDevice::new(77).device_key;
    let join = Run::new(&cloud, 1).to_join(&again);
    keep(&join.send(&cloud), &mut again);
    let id = Run::new(&cloud, 1).registration.to_string();
    for items in [&[("ZeroTouchProvisioning", id.as_str())][..], &[]] {
        let answer = enrol(&cloud, &again, items);
        assert_eq!(fault(&answer), EnrollmentFault::DeviceNotSupported);
        assert!(answer.text().contains("Enrollment blocked for AP device by SDM One Time Limit Check"));
        refused(&cloud, checks::MDM_ONE_TIME_LIMIT);
    }
    for remedy in [
        AdminAction::UnblockDevice { device: "SN-0001".into() },
        AdminAction::DeleteDevice { device: "SN-0001".into(), which: Record::Intune },
    ] {
        let cloud = cloud.fork();
        cloud.administer(remedy).unwrap();
        enrol(&cloud, &again, &[]).ok();
        nothing_refused(&cloud);
    }
}

#[test]
fn mdm_one_time_limit_does_not_hit_vendors_that_opted_in() {
    // Only the enrolment matters here: the join is a user's, the token the device's own.
    for (manufacturer, product, limited) in [
        ("LENOVO", "20XW", false),
        ("Dell Inc.", "Latitude", false),
        ("Microsoft Corporation", "Surface Pro", false),
        ("Microsoft Corporation", "Virtual Machine", true),
        ("Contoso Computers", "Book 9", true),
    ] {
        let cloud = cloud_with(|t| {
            let mut machine = hardware(1);
            machine.smbios.system_manufacturer = manufacturer.into();
            machine.smbios.product_name = product.into();
            t.autopilot.devices[0].hardware_hash = hash(&machine, EPOCH);
        });
        let ticket = {
            let mut machine = hardware(1);
            machine.smbios.system_manufacturer = manufacturer.into();
            machine.smbios.product_name = product.into();
            let body = json!({ "modelVersion": 1, "hardwareHash": hash(&machine, EPOCH) });
            let url = "https://login.live.com/ppsecure/deviceaddcredential.srf";
            let answer = common::http::post(url, "application/json", body.to_string()).send(&cloud).ok();
            answer.json()["deviceTicket"].as_str().unwrap().to_owned()
        };
        let mut outcome = Vec::new();
        for keys in [1, 77] {
            let mut device = TestDevice::new(1);
            device.device_key = TestDevice::new(keys).device_key;
            device.ticket = Some(ticket.clone());
            join(&cloud, &mut device, ALICE);
            outcome.push(enrol(&cloud, &device, &[]).status);
        }
        assert_eq!(outcome, [200, if limited { 500 } else { 200 }], "{manufacturer} {product}");
    }
}

#[test]
fn a_device_that_is_not_registered_has_no_limit() {
    let cloud = cloud();
    for keys in [2, 3] {
        let mut device = TestDevice::new(keys);
        join(&cloud, &mut device, ALICE);
        enrol(&cloud, &device, &[]).ok();
    }
    nothing_refused(&cloud);
}
