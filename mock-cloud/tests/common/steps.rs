//! The steps of a deployment, each as a device takes it.

use oobe_mock_cloud::Cloud;
use oobe_wire::crypto::{kdf_sp800_108, sha256};
use oobe_wire::encoding::{base64_decode, base64_encode};
use oobe_wire::ids::Guid;
use oobe_wire::jwe::{WrappedKey, decrypt_reply};
use oobe_wire::jwt::{self, Algorithm, Header};
use oobe_wire::soap::{
    AuthPolicy, Discover, GetPolicies, RequestHeader, RequestSecurityToken, RequestType, Security, ns,
};
use oobe_wire::wap::ProvisioningDoc;
use serde_json::{Value, json};

use super::device::TestDevice;
use super::http::{Answer, form, post};
use super::setup::{hardware, hash};

pub const TOKEN: &str = "https://login.microsoftonline.com/common/oauth2/token";
pub const BROKER: &str = "29d9ed98-a469-4536-ade2-f981bc1d605e";
pub const SIGN_ON: &str = "38aa3b87-a06d-4817-b275-7a316988d93b";
pub const DRS: &str = "urn:ms-drs:enterpriseregistration.windows.net";
pub const MDM: &str = "https://enrollment.manage.microsoft.com/";
pub const GRAPH: &str = "https://graph.microsoft.com";
pub const JOIN: &str = "https://enterpriseregistration.windows.net/EnrollmentServer/device/?api-version=2.0";
pub const ENROLL: &str = "https://enrollment.manage.microsoft.com/EnrollmentServer/Enroll.svc";
pub const DISCOVERY: &str = "https://enrollment.manage.microsoft.com/EnrollmentServer/Discovery.svc";
pub const POLICY: &str = "https://enrollment.manage.microsoft.com/EnrollmentServer/Policy.svc";
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

pub fn password(cloud: &Cloud, user: &str, password: &str, resource: &str) -> Answer {
    form(
        TOKEN,
        &[
            ("client_id", BROKER),
            ("grant_type", "password"),
            ("resource", resource),
            ("username", user),
            ("password", password),
            ("client_info", "1"),
        ],
    )
    .send(cloud)
}

/// An access token by password.
pub fn token(cloud: &Cloud, user: &str, resource: &str) -> String {
    let answer = password(cloud, user, super::setup::PASSWORD, resource).ok();
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

pub fn nonce(cloud: &Cloud) -> String {
    let answer = form(TOKEN, &[("grant_type", "srv_challenge")]).send(cloud).ok();
    answer.json()["Nonce"].as_str().unwrap().to_owned()
}

pub fn device_ticket(cloud: &Cloud, number: u8) -> String {
    let body = json!({ "modelVersion": 1, "hardwareHash": hash(&hardware(number), cloud.now()) });
    let url = "https://login.live.com/ppsecure/deviceaddcredential.srf";
    let answer = post(url, "application/json", body.to_string()).send(cloud).ok();
    answer.json()["deviceTicket"].as_str().unwrap().to_owned()
}

pub fn profile(cloud: &Cloud, ticket: &str) -> Answer {
    let body = json!({ "modelVersion": 1, "osVersion": "10.0.26100.4061" });
    post("https://ztd.dds.microsoft.com/ztd/v1/profile", "application/json", body.to_string())
        .header("x-device-token", ticket)
        .send(cloud)
}

pub fn join_with(cloud: &Cloud, token: &str, body: &Value) -> Answer {
    post(JOIN, "application/json", body.to_string()).bearer(token).send(cloud)
}

/// Joins, and keeps what came back.
pub fn join(cloud: &Cloud, device: &mut TestDevice, user: &str) -> Value {
    let token = token(cloud, user, DRS);
    let answer = join_with(cloud, &token, &device.join_body(|_| ())).ok().json();
    device.device_certificate = base64_decode(answer["Certificate"]["RawBody"].as_str().unwrap()).unwrap();
    let certificate = oobe_wire::x509::parse_certificate(&device.device_certificate).unwrap();
    device.entra_id = Some(certificate.subject_cn.parse().unwrap());
    answer
}

/// A request signed with the device key.
pub fn device_jwt(device: &TestDevice, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::of(device.device_key.kind()));
    header.typ = Some("JWT".into());
    header.x5c = Some(vec![base64_encode(&device.device_certificate)]);
    header.kdf_ver = Some(2);
    jwt::sign(&header, claims, &device.device_key)
}

pub fn prt_claims(nonce: &str, user: &str) -> Value {
    json!({
        "client_id": SIGN_ON,
        "request_nonce": nonce,
        "scope": "openid aza ugs",
        "win_ver": "10.0",
        "group_sids": [],
        "grant_type": "password",
        "username": user,
        "password": super::setup::PASSWORD,
    })
}

pub fn bearer_grant(cloud: &Cloud, request: &str) -> Answer {
    form(
        TOKEN,
        &[
            ("windows_api_version", "2.2"),
            ("grant_type", JWT_BEARER),
            ("request", request),
            ("client_info", "1"),
            ("tgt", "true"),
        ],
    )
    .send(cloud)
}

pub struct TestPrt {
    pub token: String,
    pub session_key: [u8; 32],
}

pub fn prt(cloud: &Cloud, device: &TestDevice, user: &str) -> TestPrt {
    let request = device_jwt(device, &prt_claims(&nonce(cloud), user));
    let answer = bearer_grant(cloud, &request).ok().json();
    let wrapped = WrappedKey::parse(answer["session_key_jwe"].as_str().unwrap()).unwrap();
    TestPrt {
        token: answer["refresh_token"].as_str().unwrap().to_owned(),
        session_key: device.transport_key.unwrap(&wrapped).unwrap(),
    }
}

pub fn prt_use_claims(cloud: &Cloud, prt: &TestPrt, nonce: &str, resource: &str) -> Value {
    let now = cloud.now().unix_seconds();
    json!({
        "client_id": BROKER,
        "grant_type": "refresh_token",
        "refresh_token": prt.token,
        "request_nonce": nonce,
        "resource": resource,
        "scope": "openid",
        "iss": "aad:brokerplugin",
        "win_ver": "10.0",
        "iat": now,
        "exp": now + 300,
    })
}

/// A request signed with a key derived from the session key.
pub fn session_jwt(prt: &TestPrt, claims: &Value, kdf_ver: u32) -> String {
    let context = [9_u8; 24];
    let mut header = Header::new(Algorithm::Hs256);
    header.ctx = Some(base64_encode(&context));
    header.kdf_ver = (kdf_ver == 2).then_some(2);
    let body = serde_json::to_vec(claims).unwrap();
    let bound =
        if kdf_ver == 2 { sha256(&[&context[..], &body].concat()).to_vec() } else { context.to_vec() };
    jwt::sign_hs256(&header, claims, &kdf_sp800_108(&prt.session_key, b"AzureAD-SecureConversation", &bound))
}

pub fn open(prt: &TestPrt, answer: &Answer) -> Value {
    serde_json::from_slice(&decrypt_reply(&prt.session_key, &answer.text()).unwrap()).unwrap()
}

/// An access token by primary refresh token.
pub fn prt_token(cloud: &Cloud, prt: &TestPrt, resource: &str) -> String {
    let claims = prt_use_claims(cloud, prt, &nonce(cloud), resource);
    let answer = bearer_grant(cloud, &session_jwt(prt, &claims, 2)).ok();
    open(prt, &answer)["access_token"].as_str().unwrap().to_owned()
}

pub fn header(url: &str, security: Security) -> RequestHeader {
    RequestHeader::new(Guid::from_bytes([3; 16]), url, security)
}

pub fn discover(cloud: &Cloud, user: &str, policies: &[AuthPolicy]) -> Answer {
    let body = Discover {
        header: header(DISCOVERY, Security::None),
        email: user.into(),
        request_version: "4.0".into(),
        device_type: "CIMClient_Windows".into(),
        application_version: "10.0.26100.4061".into(),
        os_edition: 4,
        auth_policies: policies.to_vec(),
    };
    post(DISCOVERY, oobe_wire::soap::CONTENT_TYPE, body.write()).send(cloud)
}

pub fn policies(cloud: &Cloud, security: Security) -> Answer {
    let body = GetPolicies { header: header(POLICY, security), client_hints: Vec::new() };
    post(POLICY, oobe_wire::soap::CONTENT_TYPE, body.write()).send(cloud)
}

/// An enrolment request; `change` spoils it.
pub fn rst(
    device: &TestDevice,
    security: Security,
    change: impl FnOnce(&mut RequestSecurityToken),
) -> RequestSecurityToken {
    let mut request = RequestSecurityToken {
        header: header(ENROLL, security),
        token_type: ns::DEVICE_ENROLLMENT_TOKEN.into(),
        request_type: RequestType::Issue,
        csr_der: device.mdm_csr(),
        context: [
            ("DeviceType", "CIMClient_Windows"),
            ("OSEdition", "4"),
            ("OSVersion", "10.0.26100.4061"),
            ("ApplicationVersion", "10.0.26100.4061"),
            ("DeviceName", "PC"),
            ("DeviceID", device.mdm_id.as_str()),
            ("EnrollmentType", "Device"),
            ("NotInOobe", "false"),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .to_vec(),
    };
    change(&mut request);
    request
}

pub fn send_rst(cloud: &Cloud, request: &RequestSecurityToken) -> Answer {
    post(ENROLL, oobe_wire::soap::CONTENT_TYPE, request.write()).send(cloud)
}

/// The provisioning document of an enrolment that succeeds.
pub fn enrol_with(cloud: &Cloud, device: &mut TestDevice, security: Security) -> ProvisioningDoc {
    let answer = send_rst(cloud, &rst(device, security, |_| ())).ok();
    let doc = oobe_wire::soap::TokenResponse::parse(&answer.body).unwrap();
    let doc = ProvisioningDoc::parse(&doc.provisioning_doc).unwrap();
    let mine = doc.path(&["CertificateStore", "My"]).unwrap();
    let mut leaf = mine.children.iter().filter(|c| c.kind != "WSTEP").flat_map(|c| &c.children);
    let encoded = leaf.find_map(|c| c.parm("EncodedCertificate")).unwrap();
    device.mdm_certificate = base64_decode(encoded).unwrap();
    doc
}

/// Joined and enrolled by that user.
pub fn enrolled(cloud: &Cloud, number: u8, user: &str) -> TestDevice {
    let mut device = TestDevice::new(number);
    join(cloud, &mut device, user);
    let token = token(cloud, user, MDM);
    enrol_with(cloud, &mut device, Security::Jwt(token));
    cloud.drain_journal();
    device
}

/// The fault of an answer.
#[track_caller]
pub fn fault(answer: &Answer) -> oobe_wire::soap::EnrollmentFault {
    assert_eq!(answer.status, 500, "{}", answer.text());
    oobe_wire::soap::Fault::parse(&answer.body).unwrap().expect("a fault").meaning()
}
