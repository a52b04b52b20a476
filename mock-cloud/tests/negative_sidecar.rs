//! What side-car and content delivery refuse. One test for each check.

mod common;

use common::device::TestDevice;
use common::http::{Answer, call, get};
use common::refused;
use common::setup::*;
use common::steps::*;
use oobe_mock_cloud::{AdminAction, Cloud, Record, checks};
use oobe_wire::content::unpack;
use oobe_wire::encoding::{base64_decode, base64_encode};
use oobe_wire::soap::Security;
use serde_json::{Value, json};

const SESSION: &str = "e8b482aa-3f82-4692-b111-92d62cd7db71";
const ADDRESSES: &str = "https://manage.microsoft.com/RestUserAuthLocationService/RestUserAuthLocationService/Certificate/ServiceAddresses";

fn url() -> String {
    format!(
        "https://fef.manage.microsoft.com/SideCar/StatelessSideCarGatewayService/SideCarGatewaySessions('{SESSION}')?api-version=1.5"
    )
}

fn body(kind: &str, payload: &str) -> Value {
    json!({ "Key": SESSION, "SessionId": SESSION, "RequestContentType": kind, "RequestPayload": payload })
}

fn ask(cloud: &Cloud, device: &TestDevice, kind: &str, payload: &str, token: Option<&str>) -> Answer {
    let request = call("PUT", url()).peer(&device.mdm_certificate).body(body(kind, payload).to_string());
    match token {
        Some(token) => request.bearer(token).send(cloud),
        None => request.send(cloud),
    }
}

#[test]
fn refuses_sidecar_certificate_missing() {
    let cloud = cloud();
    assert_eq!(get(ADDRESSES).send(&cloud).status, 401);
    refused(&cloud, checks::SIDECAR_CERTIFICATE);
}

#[test]
fn refuses_sidecar_chain_of_the_device_certificate_and_out_of_date() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    assert_eq!(get(ADDRESSES).peer(&device.device_certificate).send(&cloud).status, 401);
    refused(&cloud, checks::SIDECAR_CHAIN);
    cloud.set_now(EPOCH.plus_days(366));
    assert_eq!(get(ADDRESSES).peer(&device.mdm_certificate).send(&cloud).status, 401);
    refused(&cloud, checks::SIDECAR_CHAIN);
}

#[test]
fn refuses_sidecar_enrolled_but_removed_device() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let delete = AdminAction::DeleteDevice { device: device.mdm_id.clone(), which: Record::Intune };
    cloud.administer(delete).unwrap();
    assert_eq!(ask(&cloud, &device, "PolicyRequest", "[]", None).status, 403);
    refused(&cloud, checks::SIDECAR_ENROLLED);
}

#[test]
fn refuses_sidecar_certificate_current_at_an_earlier_enrolment() {
    let cloud = cloud();
    let mut device = enrolled(&cloud, 1, ALICE);
    let old = device.mdm_certificate.clone();
    device.mdm_key = TestDevice::new(2).mdm_key;
    let token = token(&cloud, ALICE, MDM);
    enrol_with(&cloud, &mut device, Security::Jwt(token));
    assert_eq!(get(ADDRESSES).peer(&old).send(&cloud).status, 403);
    refused(&cloud, checks::SIDECAR_CERTIFICATE_CURRENT);
}

#[test]
fn refuses_sidecar_request_malformed() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let request = call("PUT", url()).peer(&device.mdm_certificate).body("[]");
    assert_eq!(request.send(&cloud).status, 400);
    refused(&cloud, checks::SIDECAR_REQUEST);
    for (kind, payload) in [("Nonsense", "[]"), ("GetContentInfo", "x"), ("ReportAppResults", "{}")] {
        assert_eq!(ask(&cloud, &device, kind, payload, None).status, 400);
        refused(&cloud, checks::SIDECAR_REQUEST);
    }
}

#[test]
fn refuses_sidecar_session_that_is_not_the_one_of_the_address() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let mut other = body("PolicyRequest", "[]");
    other["Key"] = json!("00000000-0000-0000-0000-000000000000");
    let request = call("PUT", url()).peer(&device.mdm_certificate).body(other.to_string());
    assert_eq!(request.send(&cloud).status, 400);
    refused(&cloud, checks::SIDECAR_SESSION);
}

#[test]
fn refuses_sidecar_user_token_of_another_device_tenant_or_audience() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let other = enrolled(&cloud, 2, ALICE);
    let foreign = prt_token(&cloud, &prt(&cloud, &other, ALICE), MDM);
    for token in [foreign, token(&cloud, EVE, MDM), token(&cloud, ALICE, DRS)] {
        assert_eq!(ask(&cloud, &device, "GetSelectedApp", "[]", Some(&token)).status, 400);
        refused(&cloud, checks::SIDECAR_USER_TOKEN);
    }
}

/// The device's app.
fn editor(cloud: &Cloud, device: &TestDevice) -> String {
    let list = ask(cloud, device, "GetSelectedApp", "[]", None).ok().json();
    let packed = base64_decode(list["ResponsePayload"].as_str().unwrap()).unwrap();
    let apps: Value = serde_json::from_slice(&unpack(&packed).unwrap()).unwrap();
    apps[0]["Id"].as_str().unwrap().to_owned()
}

#[test]
fn refuses_sidecar_content_certificate_of_another_device() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let other = enrolled(&cloud, 2, ALICE);
    let app = editor(&cloud, &device);
    let wanted = json!({ "ApplicationId": app, "CertificateBlob": base64_encode(&other.mdm_certificate) });
    assert_eq!(ask(&cloud, &device, "GetContentInfo", &wanted.to_string(), None).status, 400);
    refused(&cloud, checks::SIDECAR_CONTENT_CERTIFICATE);
}

#[test]
fn refuses_sidecar_app_that_is_not_assigned() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, EVE);
    let contosos = editor(&cloud, &enrolled(&cloud, 2, ALICE));
    let wanted =
        json!({ "ApplicationId": contosos, "CertificateBlob": base64_encode(&device.mdm_certificate) });
    assert_eq!(ask(&cloud, &device, "GetContentInfo", &wanted.to_string(), None).status, 400);
    refused(&cloud, checks::SIDECAR_APP);
    let report = json!([{ "ApplicationId": contosos, "EnforcementState": 1000 }]);
    assert_eq!(ask(&cloud, &device, "ReportAppResults", &report.to_string(), None).status, 400);
    refused(&cloud, checks::SIDECAR_APP);
}

#[test]
fn refuses_content_exists_nowhere() {
    let cloud = cloud();
    let place = "00000000-0000-0000-0000-000000000000";
    let url = format!("https://swda01-mscdn.manage.microsoft.com/content/{place}/IntuneWindowsAgent.msi");
    assert_eq!(get(url).send(&cloud).status, 404);
    refused(&cloud, checks::CONTENT_EXISTS);
}
