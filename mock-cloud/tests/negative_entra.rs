//! What Entra ID refuses. One test for each check.

mod common;

use common::device::TestDevice;
use common::http::{Answer, form, get, post};
use common::setup::*;
use common::steps::*;
use common::{nothing_refused, refused, told};
use oobe_mock_cloud::{AdminAction, Cloud, FaultKind, Matcher, Record, ServiceFault, checks};
use oobe_wire::jwt::{self, Algorithm, Header};
use oobe_wire::secret::Secret;
use serde_json::{Value, json};

#[track_caller]
fn oauth(answer: &Answer, error: &str, number: Option<u64>) {
    assert!(matches!(answer.status, 400 | 401), "{}", answer.text());
    assert_eq!(answer.oauth(), (error.to_owned(), number.into_iter().collect()));
    if let Some(number) = number {
        let text = answer.json()["error_description"].as_str().unwrap().to_owned();
        assert!(text.starts_with(&format!("AADSTS{number}: ")), "{text}");
    }
}

fn joined(cloud: &Cloud) -> TestDevice {
    let mut device = TestDevice::new(1);
    join(cloud, &mut device, ALICE);
    cloud.drain_journal();
    device
}

#[test]
fn refuses_tenant_exists_nowhere() {
    let cloud = cloud();
    let url = "https://login.microsoftonline.com/nowhere.test/oauth2/token";
    oauth(&form(url, &[("grant_type", "srv_challenge")]).send(&cloud), "invalid_request", Some(90002));
    refused(&cloud, checks::TENANT_EXISTS);
}

#[test]
fn refuses_grant_fields_missing() {
    let cloud = cloud();
    for fields in [&[][..], &[("grant_type", "password"), ("client_id", BROKER), ("username", ALICE)]] {
        oauth(&form(TOKEN, fields).send(&cloud), "invalid_request", None);
        refused(&cloud, checks::GRANT_FIELDS);
    }
}

#[test]
fn refuses_grant_type_unknown() {
    let cloud = cloud();
    oauth(&form(TOKEN, &[("grant_type", "implicit")]).send(&cloud), "unsupported_grant_type", None);
    refused(&cloud, checks::GRANT_TYPE);
    let device = joined(&cloud);
    let mut claims = prt_claims(&nonce(&cloud), ALICE);
    claims["grant_type"] = json!("client_credentials");
    let answer = bearer_grant(&cloud, &device_jwt(&device, &claims));
    oauth(&answer, "unsupported_grant_type", None);
    refused(&cloud, checks::GRANT_TYPE);
}

#[test]
fn refuses_resource_exists_nowhere() {
    let cloud = cloud();
    oauth(&password(&cloud, ALICE, PASSWORD, "https://nowhere.test/"), "invalid_resource", None);
    refused(&cloud, checks::RESOURCE_EXISTS);
}

#[test]
fn refuses_user_exists_nowhere_and_in_another_tenant() {
    let cloud = cloud();
    oauth(&password(&cloud, "mallory@contoso.test", PASSWORD, DRS), "invalid_grant", Some(50034));
    refused(&cloud, checks::USER_EXISTS);
    // A user of another tenant is none of this one.
    let url = "https://login.microsoftonline.com/contoso.test/oauth2/token";
    let fields =
        [("grant_type", "password"), ("client_id", BROKER), ("username", EVE), ("password", PASSWORD)];
    oauth(&form(url, &fields).send(&cloud), "invalid_grant", Some(50034));
    refused(&cloud, checks::USER_EXISTS);
}

#[test]
fn refuses_user_enabled_no_more() {
    let cloud = cloud_with(|t| t.users[0].enabled = false);
    oauth(&password(&cloud, ALICE, PASSWORD, DRS), "invalid_grant", Some(50057));
    refused(&cloud, checks::USER_ENABLED);
}

#[test]
fn refuses_password() {
    let cloud = cloud();
    oauth(&password(&cloud, ALICE, "wrong", DRS), "invalid_grant", Some(50126));
    refused(&cloud, checks::PASSWORD);
    password(&cloud, ALICE, PASSWORD, DRS).ok();
}

#[test]
fn refuses_user_not_locked_after_ten_wrong_passwords() {
    let cloud = cloud();
    for _ in 0..10 {
        oauth(&password(&cloud, ALICE, "wrong", DRS), "invalid_grant", Some(50126));
    }
    oauth(&password(&cloud, ALICE, PASSWORD, DRS), "invalid_grant", Some(50053));
    refused(&cloud, checks::USER_NOT_LOCKED);
    cloud.set_now(EPOCH.plus_seconds(61));
    password(&cloud, ALICE, PASSWORD, DRS).ok();
}

fn refresh(cloud: &Cloud, client: &str, token: &str) -> Answer {
    let fields =
        [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token), ("resource", MDM)];
    form(TOKEN, &fields).send(cloud)
}

fn refresh_token(cloud: &Cloud) -> String {
    password(cloud, ALICE, PASSWORD, DRS).ok().json()["refresh_token"].as_str().unwrap().to_owned()
}

#[test]
fn refuses_refresh_token_known_to_nobody() {
    let cloud = cloud();
    oauth(&refresh(&cloud, BROKER, "0.Amade-up"), "invalid_grant", Some(70008));
    refused(&cloud, checks::REFRESH_TOKEN_KNOWN);
}

#[test]
fn refuses_refresh_token_fresh_no_more() {
    let cloud = cloud();
    let token = refresh_token(&cloud);
    assert_eq!(refresh(&cloud, BROKER, &token).ok().json()["resource"], MDM);
    cloud.set_now(EPOCH.plus_days(91));
    oauth(&refresh(&cloud, BROKER, &token), "invalid_grant", Some(70008));
    refused(&cloud, checks::REFRESH_TOKEN_FRESH);
    let token = refresh_token(&cloud);
    cloud.set_now(EPOCH.plus_days(92));
    let reset = AdminAction::ResetPassword { user: ALICE.into(), password: Secret::new("New-1".into()) };
    cloud.administer(reset).unwrap();
    oauth(&refresh(&cloud, BROKER, &token), "invalid_grant", Some(70008));
    refused(&cloud, checks::REFRESH_TOKEN_FRESH);
    oauth(&password(&cloud, ALICE, PASSWORD, DRS), "invalid_grant", Some(50126));
}

#[test]
fn refuses_refresh_token_client_that_is_another() {
    let cloud = cloud();
    let token = refresh_token(&cloud);
    oauth(&refresh(&cloud, "9ba1a5c7-f17a-4de9-a1f1-6178c8d51223", &token), "invalid_grant", Some(70008));
    refused(&cloud, checks::REFRESH_TOKEN_CLIENT);
    refresh(&cloud, SIGN_ON, &token).ok();
}

#[test]
fn refuses_jwt_format_garbage() {
    let cloud = cloud();
    oauth(&bearer_grant(&cloud, "no.jwt"), "invalid_request", None);
    refused(&cloud, checks::JWT_FORMAT);
}

/// A request for a primary refresh token with that nonce.
fn prt_with_nonce(cloud: &Cloud, device: &TestDevice, nonce: &str) -> Answer {
    bearer_grant(cloud, &device_jwt(device, &prt_claims(nonce, ALICE)))
}

#[test]
fn refuses_nonce_known_to_nobody() {
    let cloud = cloud();
    let device = joined(&cloud);
    oauth(&prt_with_nonce(&cloud, &device, "AwABmade-up"), "invalid_grant", Some(70008));
    refused(&cloud, checks::NONCE_KNOWN);
}

#[test]
fn refuses_nonce_single_use_a_second_time() {
    let cloud = cloud();
    let device = joined(&cloud);
    let nonce = nonce(&cloud);
    prt_with_nonce(&cloud, &device, &nonce).ok();
    oauth(&prt_with_nonce(&cloud, &device, &nonce), "invalid_grant", Some(70008));
    refused(&cloud, checks::NONCE_SINGLE_USE);
}

#[test]
fn refuses_nonce_fresh_no_more() {
    let cloud = cloud();
    let device = joined(&cloud);
    let nonce = nonce(&cloud);
    cloud.set_now(EPOCH.plus_seconds(301));
    oauth(&prt_with_nonce(&cloud, &device, &nonce), "invalid_grant", Some(70008));
    refused(&cloud, checks::NONCE_FRESH);
}

#[test]
fn refuses_x5c_chain_foreign() {
    let cloud = cloud();
    let mut device = joined(&cloud);
    let matcher = Matcher { path: Some("device".into()), ..Matcher::default() };
    cloud.inject(ServiceFault { matcher, what: FaultKind::ForeignChain });
    join(&cloud, &mut device, ALICE);
    let ours = nonce(&cloud);
    oauth(&prt_with_nonce(&cloud, &device, &ours), "invalid_client", Some(50155));
    refused(&cloud, checks::X5C_CHAIN);
    // Neither does one without any certificate do, nor an MDM certificate.
    let mut enrolled = enrolled(&cloud, 2, ALICE);
    for certificate in [Vec::new(), std::mem::take(&mut enrolled.mdm_certificate)] {
        enrolled.device_certificate = certificate;
        let ours = nonce(&cloud);
        oauth(&prt_with_nonce(&cloud, &enrolled, &ours), "invalid_client", Some(50155));
        refused(&cloud, checks::X5C_CHAIN);
    }
}

#[test]
fn refuses_device_known_no_more() {
    let cloud = cloud();
    let device = joined(&cloud);
    let prt = prt(&cloud, &device, ALICE);
    let delete = AdminAction::DeleteDevice { device: "PC-1".into(), which: Record::Entra };
    cloud.administer(delete).unwrap();
    let ours = nonce(&cloud);
    oauth(&prt_with_nonce(&cloud, &device, &ours), "invalid_grant", Some(700_003));
    refused(&cloud, checks::DEVICE_KNOWN);
    oauth(&use_prt(&cloud, &prt, |_| ()), "invalid_grant", Some(700_003));
    refused(&cloud, checks::DEVICE_KNOWN);
}

#[test]
fn refuses_device_certificate_of_an_earlier_join() {
    let cloud = cloud();
    let mut device = TestDevice::new(1);
    device.ticket = Some(device_ticket(&cloud, 1));
    join(&cloud, &mut device, ALICE);
    // The same registered device joins again with another key.
    let mut again = TestDevice::new(2);
    again.ticket = Some(device_ticket(&cloud, 1));
    join(&cloud, &mut again, ALICE);
    assert_eq!(device.entra_id, again.entra_id);
    let ours = nonce(&cloud);
    oauth(&prt_with_nonce(&cloud, &device, &ours), "invalid_client", Some(50155));
    refused(&cloud, checks::DEVICE_CERTIFICATE);
    prt(&cloud, &again, ALICE);
}

#[test]
fn refuses_device_enabled_no_more() {
    let cloud = cloud();
    let device = joined(&cloud);
    let prt = prt(&cloud, &device, ALICE);
    cloud.administer(AdminAction::EnableDevice { device: "pc-1".into(), enabled: false }).unwrap();
    let ours = nonce(&cloud);
    oauth(&prt_with_nonce(&cloud, &device, &ours), "invalid_grant", Some(135_011));
    refused(&cloud, checks::DEVICE_ENABLED);
    oauth(&use_prt(&cloud, &prt, |_| ()), "invalid_grant", Some(135_011));
    refused(&cloud, checks::DEVICE_ENABLED);
    cloud.administer(AdminAction::EnableDevice { device: "PC-1".into(), enabled: true }).unwrap();
    use_prt(&cloud, &prt, |_| ()).ok();
}

#[test]
fn refuses_jwt_signature_of_another_key() {
    let cloud = cloud();
    let device = joined(&cloud);
    let mut header = Header::new(Algorithm::Es256);
    header.x5c = Some(vec![oobe_wire::encoding::base64_encode(&device.device_certificate)]);
    let request = jwt::sign(&header, &prt_claims(&nonce(&cloud), ALICE), &device.transport_key);
    oauth(&bearer_grant(&cloud, &request), "invalid_client", Some(50155));
    refused(&cloud, checks::JWT_SIGNATURE);
}

#[test]
fn refuses_device_tenant_that_is_another() {
    let cloud = cloud();
    let device = joined(&cloud);
    let request = device_jwt(&device, &prt_claims(&nonce(&cloud), EVE));
    oauth(&bearer_grant(&cloud, &request), "invalid_grant", Some(50155));
    refused(&cloud, checks::DEVICE_TENANT);
    // Nor is another tenant's endpoint the right one.
    let url = "https://login.microsoftonline.com/fabrikam.test/oauth2/token";
    let request = device_jwt(&device, &prt_claims(&nonce(&cloud), ALICE));
    let answer = form(url, &[("grant_type", JWT_BEARER), ("request", &request)]).send(&cloud);
    oauth(&answer, "invalid_client", Some(50155));
    refused(&cloud, checks::DEVICE_TENANT);
}

#[test]
fn refuses_password_in_a_request_for_a_prt() {
    let cloud = cloud();
    let device = joined(&cloud);
    let mut claims = prt_claims(&nonce(&cloud), ALICE);
    claims["password"] = json!("wrong");
    oauth(&bearer_grant(&cloud, &device_jwt(&device, &claims)), "invalid_grant", Some(50126));
    refused(&cloud, checks::PASSWORD);
}

#[test]
fn refuses_prt_scope_without_aza() {
    let cloud = cloud();
    let device = joined(&cloud);
    let mut claims = prt_claims(&nonce(&cloud), ALICE);
    claims["scope"] = json!("openid");
    oauth(&bearer_grant(&cloud, &device_jwt(&device, &claims)), "invalid_request", None);
    refused(&cloud, checks::PRT_SCOPE);
}

#[test]
fn prt_reply_has_the_types_that_strict_clients_want() {
    let cloud = cloud();
    let device = joined(&cloud);
    let refresh = refresh_token(&cloud);
    let claims = json!({
        "client_id": SIGN_ON, "request_nonce": nonce(&cloud), "scope": "openid aza",
        "grant_type": "refresh_token", "refresh_token": refresh,
    });
    let answer = bearer_grant(&cloud, &device_jwt(&device, &claims)).ok().json();
    for name in ["expires_in", "ext_expires_in", "expires_on", "kerberos_top_level_names", "client_info"] {
        assert!(answer[name].is_string(), "{name}");
    }
    assert_eq!(answer["refresh_token_expires_in"], 1_209_599);
    let ticket: Value = serde_json::from_str(answer["tgt_ad"].as_str().unwrap()).unwrap();
    assert_eq!((&ticket["sessionKeyType"], &ticket["accountType"]), (&json!(0), &json!(2)));
}

/// A token by primary refresh token, with spoilt claims.
fn use_prt(cloud: &Cloud, prt: &TestPrt, change: impl FnOnce(&mut Value)) -> Answer {
    let mut claims = prt_use_claims(cloud, prt, &nonce(cloud), MDM);
    change(&mut claims);
    bearer_grant(cloud, &session_jwt(prt, &claims, 2))
}

#[test]
fn prt_works_with_both_key_derivations_and_renews() {
    let cloud = cloud();
    let device = joined(&cloud);
    let first = prt(&cloud, &device, ALICE);
    let claims = prt_use_claims(&cloud, &first, &nonce(&cloud), GRAPH);
    let answer = bearer_grant(&cloud, &session_jwt(&first, &claims, 1)).ok();
    assert_eq!(open(&first, &answer)["resource"], GRAPH);
    let renewed = use_prt(&cloud, &first, |c| c["scope"] = json!("openid aza")).ok();
    let renewed = open(&first, &renewed);
    assert_eq!(renewed["refresh_token_expires_in"], 1_209_599);
    let token = renewed["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(token, first.token);
    let second = TestPrt { token, session_key: first.session_key };
    cloud.set_now(EPOCH.plus_days(13));
    use_prt(&cloud, &second, |_| ()).ok();
    nothing_refused(&cloud);
}

#[test]
fn refuses_prt_known_to_nobody() {
    let cloud = cloud();
    let made_up = TestPrt { token: "1.Amade-up".into(), session_key: [1; 32] };
    oauth(&use_prt(&cloud, &made_up, |_| ()), "invalid_grant", Some(70008));
    refused(&cloud, checks::PRT_KNOWN);
}

#[test]
fn refuses_prt_fresh_no_more() {
    let cloud = cloud();
    let device = joined(&cloud);
    let first = prt(&cloud, &device, ALICE);
    cloud.set_now(EPOCH.plus_days(15));
    oauth(&use_prt(&cloud, &first, |_| ()), "invalid_grant", Some(70008));
    refused(&cloud, checks::PRT_FRESH);
    let second = prt(&cloud, &device, ALICE);
    cloud.set_now(EPOCH.plus_days(16));
    let reset = AdminAction::ResetPassword { user: ALICE.into(), password: Secret::new("New-1".into()) };
    cloud.administer(reset).unwrap();
    oauth(&use_prt(&cloud, &second, |_| ()), "invalid_grant", Some(70008));
    refused(&cloud, checks::PRT_FRESH);
}

#[test]
fn refuses_prt_signature_of_another_session_key() {
    let cloud = cloud();
    let device = joined(&cloud);
    let right = prt(&cloud, &device, ALICE);
    let wrong = TestPrt { session_key: [5; 32], ..right };
    oauth(&use_prt(&cloud, &wrong, |_| ()), "invalid_grant", Some(70008));
    refused(&cloud, checks::PRT_SIGNATURE);
}

#[test]
fn refuses_jwt_times_over_and_not_yet_begun() {
    let cloud = cloud();
    let device = joined(&cloud);
    let prt = prt(&cloud, &device, ALICE);
    let now = cloud.now().unix_seconds();
    for (name, value) in [("exp", now - 3600), ("iat", now + 3600)] {
        oauth(&use_prt(&cloud, &prt, |c| c[name] = json!(value)), "invalid_grant", Some(70008));
        refused(&cloud, checks::JWT_TIMES);
    }
}

#[test]
fn device_token_speaks_for_the_device_alone() {
    let cloud = cloud();
    let device = joined(&cloud);
    let claims = json!({
        "resource": MDM, "client_id": BROKER, "request_nonce": nonce(&cloud), "win_ver": "10.0",
        "grant_type": "device_token", "scope": "sid", "iss": "aad:brokerplugin",
    });
    let answer = bearer_grant(&cloud, &device_jwt(&device, &claims)).ok().json();
    let claims = jwt::parse(answer["access_token"].as_str().unwrap()).unwrap().claims;
    assert_eq!(claims["deviceid"], json!(device.entra_id));
    assert!(claims.get("upn").is_none() && answer.get("refresh_token").is_none());
}

const AUTHORIZE: &str = "https://login.microsoftonline.com/contoso.test/oAuth2/v2.0/authorize";
const CLIENT: &str = "b743a22d-6705-4147-8670-d92fa515ee2b";
const REDIRECT: &str = "companyportal://com.microsoft.CompanyPortal";

/// An authorization code by primary refresh token.
fn code(cloud: &Cloud, prt: &TestPrt) -> String {
    let claims = prt_use_claims(cloud, prt, &nonce(cloud), GRAPH);
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", CLIENT)
        .append_pair("response_type", "code")
        .append_pair("redirect_uri", REDIRECT)
        .append_pair("scope", "openid profile https://graph.microsoft.com/.default")
        .finish();
    let answer = get(format!("{AUTHORIZE}?{query}"))
        .header("x-ms-RefreshTokenCredential", session_jwt(prt, &claims, 2))
        .send(cloud);
    assert_eq!(answer.status, 302);
    let place = answer.headers["location"].to_str().unwrap().to_owned();
    assert!(answer.text().contains(&format!("<a href=\"{place}\">")), "{}", answer.text());
    place.split_once("code=").unwrap_or_else(|| panic!("{place}")).1.to_owned()
}

fn redeem(cloud: &Cloud, code: &str, redirect: &str) -> Answer {
    redeem_as(cloud, CLIENT, code, redirect)
}

fn redeem_as(cloud: &Cloud, client: &str, code: &str, redirect: &str) -> Answer {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", redirect),
        ("scope", "openid profile offline_access https://graph.microsoft.com/.default"),
    ];
    form("https://login.microsoftonline.com/contoso.test/oAuth2/v2.0/token", &fields).send(cloud)
}

#[test]
fn refuses_code_known_no_more_and_made_up() {
    let cloud = cloud();
    let device = joined(&cloud);
    let prt = prt(&cloud, &device, ALICE);
    let code = code(&cloud, &prt);
    let reply = redeem(&cloud, &code, REDIRECT).ok().json();
    assert!(reply["expires_in"].is_number());
    nothing_refused(&cloud);
    for code in [code.as_str(), "0.Cmade-up"] {
        oauth(&redeem(&cloud, code, REDIRECT), "invalid_grant", Some(70008));
        refused(&cloud, checks::CODE_KNOWN);
    }
}

#[test]
fn refuses_code_fresh_no_more() {
    let cloud = cloud();
    let device = joined(&cloud);
    let prt = prt(&cloud, &device, ALICE);
    let code = code(&cloud, &prt);
    cloud.set_now(EPOCH.plus_seconds(601));
    oauth(&redeem(&cloud, &code, REDIRECT), "invalid_grant", Some(70008));
    refused(&cloud, checks::CODE_FRESH);
}

#[test]
fn refuses_code_client_that_is_another() {
    let cloud = cloud();
    let device = joined(&cloud);
    let prt = prt(&cloud, &device, ALICE);
    let code = code(&cloud, &prt);
    oauth(&redeem_as(&cloud, SIGN_ON, &code, REDIRECT), "invalid_grant", Some(70008));
    refused(&cloud, checks::CODE_CLIENT);
}

#[test]
fn refuses_code_client_with_another_redirection() {
    let cloud = cloud();
    let device = joined(&cloud);
    let prt = prt(&cloud, &device, ALICE);
    let code = code(&cloud, &prt);
    oauth(&redeem(&cloud, &code, "https://mallory.test/"), "invalid_grant", Some(70008));
    refused(&cloud, checks::CODE_CLIENT);
}

#[test]
fn refuses_authorize_request_incomplete() {
    let cloud = cloud();
    for query in ["client_id=x", "client_id=x&response_type=token&redirect_uri=https://a.test/"] {
        oauth(&get(format!("{AUTHORIZE}?{query}")).send(&cloud), "invalid_request", None);
        refused(&cloud, checks::AUTHORIZE_REQUEST);
    }
    // Without a credential it says so at the place to go back to.
    let query = "client_id=x&response_type=code&redirect_uri=https://a.test/&state=7";
    let answer = get(format!("{AUTHORIZE}?{query}")).send(&cloud);
    let place = answer.headers["location"].to_str().unwrap();
    assert!(place.contains("error=interaction_required") && place.ends_with("&state=7"), "{place}");
}

/// A sign-in by device code, begun: the device's code and the user's.
fn device_code(cloud: &Cloud) -> (String, String) {
    let url = "https://login.microsoftonline.com/common/oauth2/v2.0/devicecode";
    let scope = "openid https://graph.microsoft.com/.default";
    let begun = form(url, &[("client_id", CLIENT), ("scope", scope)]).send(cloud).ok().json();
    let code = |name: &str| begun[name].as_str().unwrap().to_owned();
    (code("device_code"), code("user_code"))
}

/// The user finishes a sign-in by device code.
fn approve(cloud: &Cloud, user_code: String) {
    cloud.administer(AdminAction::ApproveDeviceCode { user_code, user: ALICE.into() }).unwrap();
}

fn redeem_device_code(cloud: &Cloud, code: &str) -> Answer {
    redeem_device_code_as(cloud, CLIENT, code)
}

fn redeem_device_code_as(cloud: &Cloud, client: &str, code: &str) -> Answer {
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let fields = [("grant_type", grant), ("client_id", client), ("device_code", code)];
    form("https://login.microsoftonline.com/common/oauth2/v2.0/token", &fields).send(cloud)
}

#[test]
fn refuses_device_code_done_before_the_user_is() {
    let cloud = cloud();
    let (device_code, user_code) = device_code(&cloud);
    oauth(&redeem_device_code(&cloud, &device_code), "authorization_pending", Some(70016));
    refused(&cloud, checks::DEVICE_CODE_DONE);
    approve(&cloud, user_code);
    redeem_device_code(&cloud, &device_code).ok();
    assert!(told(&nothing_refused(&cloud), "tokens-issued"));
}

#[test]
fn refuses_code_fresh_no_more_of_a_device_code() {
    let cloud = cloud();
    let (device_code, user_code) = device_code(&cloud);
    approve(&cloud, user_code);
    cloud.set_now(EPOCH.plus_seconds(901));
    oauth(&redeem_device_code(&cloud, &device_code), "invalid_grant", Some(70008));
    refused(&cloud, checks::CODE_FRESH);
}

#[test]
fn refuses_code_client_that_is_another_of_a_device_code() {
    let cloud = cloud();
    let (device_code, user_code) = device_code(&cloud);
    approve(&cloud, user_code);
    oauth(&redeem_device_code_as(&cloud, SIGN_ON, &device_code), "invalid_grant", Some(70008));
    refused(&cloud, checks::CODE_CLIENT);
}

#[test]
fn refuses_code_known_no_more_of_a_device_code() {
    let cloud = cloud();
    let (device_code, user_code) = device_code(&cloud);
    approve(&cloud, user_code);
    redeem_device_code(&cloud, &device_code).ok();
    nothing_refused(&cloud);
    oauth(&redeem_device_code(&cloud, &device_code), "invalid_grant", Some(70008));
    refused(&cloud, checks::CODE_KNOWN);
}

#[test]
fn paths_are_matched_without_case() {
    let cloud = cloud();
    let url = "https://LOGIN.microsoftonline.com/COMMON/OAuth2/Token";
    post(url, "application/x-www-form-urlencoded", "grant_type=srv_challenge").send(&cloud).ok();
}
