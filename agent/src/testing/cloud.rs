//! A cloud that answers by rote, for tests of the device alone. What a real one checks is the mock cloud's business.

use oobe_wire::attestation::{
    AttestReply, AttestRequest, ChallengeReply, ChallengeRequest, DeviceTokenReply, DeviceTokenRequest,
    PcrHash, PcrSelection, VERSION,
};
use oobe_wire::crypto::{KeyKind, PrivateKey};
use oobe_wire::encoding::{base64_decode, base64_encode};
use oobe_wire::ids::Guid;
use oobe_wire::jwe;
use oobe_wire::jwt::{self, Algorithm, Header};
use oobe_wire::model::AutopilotProfile;
use oobe_wire::rng::Stream;
use oobe_wire::soap::{AuthPolicy, DiscoverResult, EnrollmentFault, Fault, ResponseHeader, TokenResponse};
use oobe_wire::x509::parse_certificate;
use serde::Serialize;
use serde_json::{Value, json};

use super::{EPOCH, ScriptedTpm, certificate};
use crate::dialogue::attest::AIK;
use crate::dialogue::enrol::MDM_KEY;
use crate::dialogue::join::{DEVICE_KEY, TRANSPORT_KEY};
use crate::dialogue::probe;
use crate::dialogue::prt::MDM_RESOURCE;
use crate::io::{HttpReply, HttpRequest, TransportError};
use crate::manage::tests::fixtures;

/// What came back.
pub(crate) type Heard = Result<HttpReply, TransportError>;

/// An answer in JSON.
#[expect(clippy::unnecessary_wraps, reason = "what comes back may also be a transport error")]
pub(crate) fn answer<T: Serialize>(status: u16, body: &T) -> Heard {
    Ok(HttpReply { status, headers: Vec::new(), body: serde_json::to_vec(body).unwrap() })
}

/// The path of a request.
pub(crate) fn path(request: &HttpRequest) -> &str {
    request.url.trim_start_matches("https://").find('/').map_or("", |at| &request.url[8 + at..])
}

/// A service that believes everything: it keeps the order of the questions, and what it is shown has to fit.
pub(crate) fn attestation(request: &HttpRequest) -> Heard {
    match path(request) {
        "/aik/v1/challenge" => {
            let shown: ChallengeRequest = serde_json::from_slice(&request.body).unwrap();
            assert_eq!((shown.version, shown.device_ticket.as_str()), (VERSION, "ticket"));
            assert_eq!(shown.ek_public, b"ek public");
            assert_eq!(shown.aik_public, b"aik public");
            answer(
                200,
                &ChallengeReply {
                    request_id: Guid::derive(1, &["run"]),
                    credential_blob: b"secret".to_vec(),
                    encrypted_secret: b"sealed".to_vec(),
                    nonce: b"nonce 1".to_vec(),
                    pcr_selection: PcrSelection { bank: PcrHash::Sha256, pcrs: vec![0, 7] },
                    server_time: String::new(),
                },
            )
        }
        "/aik/v1/attest" => {
            let proof: AttestRequest = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(proof.secret, b"secret");
            assert_eq!(proof.quote, b"nonce 1", "the quote is over the service's nonce");
            assert_eq!(proof.pcrs.iter().map(|p| p.index).collect::<Vec<_>>(), [0, 7]);
            assert_eq!(proof.event_log, b"event log");
            let aik = ScriptedTpm::key(AIK).public().clone();
            answer(
                200,
                &AttestReply {
                    aik_certificate: certificate(&aik, "AIK", -5),
                    chain: Vec::new(),
                    nonce: b"nonce 2".to_vec(),
                },
            )
        }
        "/aik/v1/devicetoken" => {
            let shown: DeviceTokenRequest = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(shown.certification, b"nonce 2", "the key is certified over the second nonce");
            assert_eq!(shown.key_public, b"key public");
            answer(200, &DeviceTokenReply { device_token: "device token".into(), expires_in: 600 })
        }
        other => panic!("nobody asks for {other:?}"),
    }
}

/// The tenant.
pub(crate) fn tenant() -> Guid {
    Guid::derive(1, &["tenant"])
}

/// The device object that a join makes.
pub(crate) fn device() -> Guid {
    Guid::derive(1, &["device"])
}

/// A self-deploying profile, everything preset (PRO-003, PRO-021).
pub(crate) fn profile() -> AutopilotProfile {
    AutopilotProfile {
        cloud_assigned_tenant_id: tenant(),
        cloud_assigned_tenant_domain: "contoso.test".into(),
        cloud_assigned_tenant_upn: String::new(),
        cloud_assigned_oobe_config: 1406,
        cloud_assigned_domain_join_method: 0,
        cloud_assigned_forced_enrollment: 1,
        cloud_assigned_device_name: String::new(),
        cloud_assigned_language: "en-US".into(),
        cloud_assigned_region: "US".into(),
        cloud_assigned_mdm_id: String::new(),
        ztd_registration_id: Guid::derive(1, &["registration"]),
        aad_device_id: device(),
        deployment_profile_name: "Kiosks".into(),
        organization_name: "Contoso".into(),
        sign_in_text: String::new(),
        autopilot_mode: 1,
        policy_download_date: String::new(),
    }
}

/// The directory's signing key.
fn signer() -> PrivateKey {
    PrivateKey::generate(KeyKind::P256, &mut Stream::new(3, &["entra"]))
}

/// A token of the directory's for the device itself.
pub(crate) fn device_token(resource: &str, device: Guid) -> String {
    token(resource, device, &json!({ "oid": device.to_string(), "idtyp": "device" }))
}

/// One for somebody of the organization.
pub(crate) fn user_token(audience: &str) -> String {
    let user = Guid::derive(1, &["user"]).to_string();
    token(audience, device(), &json!({ "oid": user, "upn": "alice@contoso.test" }))
}

fn token(audience: &str, device: Guid, whose: &Value) -> String {
    let mut header = Header::new(Algorithm::of(KeyKind::P256));
    header.kid = Some("1".into());
    let now = EPOCH.unix_seconds();
    let mut claims = json!({
        "aud": audience,
        "iss": format!("https://sts.windows.net/{}/", tenant()),
        "tid": tenant().to_string(),
        "deviceid": device.to_string(),
        "nbf": now - 300,
        "exp": now + 86_400,
    });
    let more = whose.as_object().cloned().unwrap_or_default();
    claims.as_object_mut().expect("claims are an object").extend(more);
    jwt::sign(&header, &claims, &signer())
}

/// The session key of whoever signs on.
const SESSION_KEY: [u8; 32] = [9; 32];

/// A signed request for a token: of the device itself, of a user at the sign-on screen, or by a primary refresh token.
fn granted(form: &str) -> Heard {
    let request = form_urlencoded::parse(form.as_bytes()).find(|(name, _)| name == "request");
    let (_, request) = request.expect("a signed request");
    let jwt = jwt::parse(&request).unwrap();
    let mut stream = Stream::new(4, &["entra"]);
    if jwt.header.alg == Algorithm::Hs256 {
        let plain = json!({ "access_token": user_token(MDM_RESOURCE) }).to_string();
        let sealed = jwe::encrypt_reply(&SESSION_KEY, &mut stream, plain.as_bytes());
        return Ok(HttpReply { status: 200, headers: Vec::new(), body: sealed.into_bytes() });
    }
    let certificate = parse_certificate(&jwt.header.certificate().unwrap()).unwrap();
    let claims = jwt.verify(&certificate.public_key).unwrap().claims;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("grant_type") == "device_token" {
        return answer(200, &json!({ "access_token": device_token(text("resource"), device()) }));
    }
    assert_eq!((text("grant_type"), text("username")), ("password", "alice@contoso.test"));
    let transport = ScriptedTpm::key(TRANSPORT_KEY);
    answer(
        200,
        &json!({
            "refresh_token": "prt",
            "id_token": user_token(text("client_id")),
            "session_key_jwe": jwe::wrap_session_key(transport.public(), &mut stream, &SESSION_KEY),
        }),
    )
}

/// Everything that a self-deploying device and its first user ask for, save management sessions, which are not held.
pub(crate) fn whole(request: &HttpRequest) -> Heard {
    let url = request.url.as_str();
    let body = || String::from_utf8_lossy(&request.body).into_owned();
    if url.ends_with("/connecttest.txt") {
        return Ok(HttpReply { status: 200, headers: Vec::new(), body: probe::EXPECTED.to_vec() });
    }
    if url.contains("deviceaddcredential") {
        return answer(200, &json!({ "devicePuid": "0018000000000001", "deviceTicket": "ticket" }));
    }
    match path(request) {
        "/ztd/v1/profile" => answer(200, &profile()),
        at if at.starts_with("/aik/v1/") => attestation(request),
        at if at.contains("/Discover?") => {
            let endpoint = "https://enterpriseregistration.windows.net/EnrollmentServer/device/";
            answer(200, &json!({ "DeviceJoinService": { "JoinEndpoint": endpoint } }))
        }
        at if at.contains("/EnrollmentServer/device/") => {
            let der = certificate(ScriptedTpm::key(DEVICE_KEY).public(), &device().to_string(), -5);
            let thumbprint = parse_certificate(&der).unwrap().sha1_thumbprint_hex_upper();
            answer(
                200,
                &json!({ "Certificate": { "RawBody": base64_encode(&der), "Thumbprint": thumbprint } }),
            )
        }
        at if at.ends_with("/openid-configuration") => {
            let login = "https://login.microsoftonline.com";
            answer(
                200,
                &json!({
                    "issuer": format!("https://sts.windows.net/{}/", tenant()),
                    "token_endpoint": format!("{login}/{}/oauth2/token", tenant()),
                    "jwks_uri": format!("{login}/common/discovery/keys"),
                }),
            )
        }
        at if at.ends_with("/discovery/keys") => {
            let mut key = signer().public().to_jwk();
            key.kid = Some("1".into());
            answer(200, &json!({ "keys": [key] }))
        }
        at if at.ends_with("/oauth2/token") && body() == "grant_type=srv_challenge" => {
            answer(200, &json!({ "Nonce": "nonce" }))
        }
        at if at.ends_with("/oauth2/token") => granted(&body()),
        at if at.starts_with("/common/UserRealm/") => answer(200, &json!({ "account_type": "Managed" })),
        at if at.contains("/servicePrincipals/") => answer(
            200,
            &json!({ "value": [{ "providerName": "WindowsEnrollment", "uri": "https://mdm.test/discovery" }] }),
        ),
        "/discovery" if request.body.is_empty() => answer(200, &""),
        "/discovery" => soap(
            &DiscoverResult {
                auth_policy: AuthPolicy::Federated,
                enrollment_version: "4.0".into(),
                policy_url: None,
                enrollment_url: "https://mdm.test/enrol".into(),
                authentication_url: None,
            }
            .write(&ResponseHeader::default()),
        ),
        "/enrol" => {
            let key = ScriptedTpm::key(MDM_KEY).public().clone();
            let document = fixtures::document("Fleet", &key).write();
            soap(&TokenResponse { provisioning_doc: document.into_bytes() }.write(&ResponseHeader::default()))
        }
        _ => answer(503, &""),
    }
}

/// The refusal of a device that deployed itself once already (SDM-008).
pub(crate) fn one_time_limit() -> Heard {
    let reason = "Enrollment blocked for AP device by SDM One Time Limit Check";
    let fault = Fault::of(&EnrollmentFault::DeviceNotSupported, reason, "1");
    let mut reply = soap(&fault.write(&ResponseHeader::default()))?;
    reply.status = 500;
    Ok(reply)
}

#[expect(clippy::unnecessary_wraps, reason = "what comes back may also be a transport error")]
fn soap(xml: &str) -> Heard {
    Ok(HttpReply { status: 200, headers: Vec::new(), body: xml.as_bytes().to_vec() })
}

/// A field of a JSON request, out of its base64.
pub(crate) fn decoded(request: &HttpRequest, field: &str) -> Vec<u8> {
    let value: Value = serde_json::from_slice(&request.body).unwrap();
    base64_decode(value[field].as_str().unwrap_or_default()).unwrap()
}
