//! `PUT .../SideCarGatewaySessions('{guid}')` (reference: protocols, F).

use axum::http::StatusCode;
use oobe_catalog::rules;
use oobe_wire::content::seal_for;
use oobe_wire::encoding::{base64_decode, base64_encode};
use oobe_wire::ids::Guid;
use oobe_wire::rng::Stream;
use oobe_wire::x509::ParsedCertificate;
use oobe_wire::xml::Writer;
use serde_json::{Value, json};

use super::content::{ENCRYPTED, content_url, keys};
use super::{PEER_CHECKS, refuse};
use crate::checks;
use crate::directory::App;
use crate::entra::{Audience, TokenChecks, verify};
use crate::http::{Call, Reply, json as json_reply};
use crate::journal::{Refused, Service};
use crate::manage::enrolment_of;
use crate::setup::{AppKind, Scope};
use crate::state::State;

const TOKEN_CHECKS: TokenChecks = TokenChecks::all_in_one(checks::SIDECAR_USER_TOKEN);

/// Answers with the object that came, its ResponsePayload filled.
pub(super) fn session(state: &mut State, call: &Call<'_>) -> Reply {
    let (device, certificate) = match enrolment_of(state, call, &PEER_CHECKS) {
        Ok(peer) => peer,
        Err(status) => return refuse(status, "the channel's certificate is no good here"),
    };
    let request = match request(state, call) {
        Ok(request) => request,
        Err(refused) => return refuse(StatusCode::BAD_REQUEST, &refused.why),
    };
    let kind = request.get("RequestContentType").and_then(Value::as_str).unwrap_or_default().to_owned();
    let payload = request.get("RequestPayload").and_then(Value::as_str).unwrap_or_default().to_owned();
    let answered = match kind.as_str() {
        // Scripts are not assigned here.
        "PolicyRequest" | "GetScript" => Ok("[]".to_owned()),
        "GetSelectedApp" => apps(state, call, &device),
        "GetContentInfo" => content_info(state, &device, &certificate, &payload),
        "ReportAppResults" => results(state, &device, &payload),
        other => {
            let why = Some(format!("content type {other:?} is not served"));
            state.journal.check(checks::SIDECAR_REQUEST, why).map(|()| String::new())
        }
    };
    match answered {
        Err(refused) => refuse(StatusCode::BAD_REQUEST, &refused.why),
        Ok(answer) => {
            let mut echo = request;
            echo["ResponsePayload"] = json!(answer);
            echo["ResponseContentType"] = json!(kind);
            json_reply(StatusCode::OK, &echo)
        }
    }
}

/// The object in the body: one whose session is that of the address.
fn request(state: &mut State, call: &Call<'_>) -> Result<Value, Refused> {
    let object = serde_json::from_slice::<Value>(call.body).map_err(|e| e.to_string());
    let object = object.and_then(|v| if v.is_object() { Ok(v) } else { Err("not an object".to_owned()) });
    let object = state.journal.need(checks::SIDECAR_REQUEST, object)?;
    let named = call.lower_path.rsplit('/').next().and_then(|s| s.split('\'').nth(1)).unwrap_or_default();
    let field = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_lowercase);
    let same =
        !named.is_empty() && field("Key").as_deref() == Some(named) && field("SessionId") == field("Key");
    state
        .journal
        .expect(checks::SIDECAR_SESSION, same, || "address and body name different sessions".into())?;
    Ok(object)
}

/// `GetSelectedApp`: the device's apps, or with a user's token the user's. How the real service tells them apart is not
/// public (*model*); a device that enrolled by name and password has no tokens and gets both.
fn apps(state: &mut State, call: &Call<'_>, device: &str) -> Result<String, Refused> {
    let enrolment = &state.enrolments[device];
    let (tenant, on_premise, entra_device) = (enrolment.tenant, enrolment.on_premise, enrolment.entra_device);
    let scopes: &'static [Scope] = match call.bearer() {
        _ if on_premise => &[Scope::Device, Scope::User],
        None => &[Scope::Device],
        Some(token) => {
            let bearer = verify(state, token, &[Audience::Enrolment], &TOKEN_CHECKS)?;
            let fits = bearer.tenant == tenant
                && bearer.user.is_some()
                && (bearer.device.is_none() || bearer.device == entra_device);
            let fits = if fits { Ok(()) } else { Err("the token is not of a user of this device") };
            state.journal.part(checks::SIDECAR_USER_TOKEN, fits)?;
            &[Scope::User]
        }
    };
    let State { tenants, listed, journal, .. } = state;
    let tenant = tenants.iter().find(|t| t.id == tenant).expect("an enrolment's tenant stays");
    let list = listed.of(tenant, scopes);
    journal.tell(Service::SideCar, "apps-listed", format!("{} apps in {scopes:?}", list.apps));
    Ok(list.packed.to_string())
}

/// `GetContentInfo`: where an app's content is, and its keys, sealed for the device.
fn content_info(
    state: &mut State,
    device: &str,
    certificate: &ParsedCertificate,
    payload: &str,
) -> Result<String, Refused> {
    let wanted: Value = state.journal.need(checks::SIDECAR_REQUEST, serde_json::from_str(payload))?;
    let field = |name: &str| wanted.get(name).and_then(Value::as_str).unwrap_or_default();
    let shown = base64_decode(field("CertificateBlob")).is_ok_and(|der| der == certificate.der);
    state.journal.expect(checks::SIDECAR_CONTENT_CERTIFICATE, shown, || {
        "the certificate in the request is not the one of the channel".into()
    })?;
    let id = field("ApplicationId").parse::<Guid>().ok();
    let app = app_of(state, device, id);
    let app = state.journal.need(checks::SIDECAR_APP, app)?;

    let keys = keys(state.seed, &app);
    let plain = json!({
        "EncryptionKey": base64_encode(&keys.encryption),
        "MacKey": base64_encode(&keys.mac),
        "IV": base64_encode(&Stream::new(state.seed, &["content-iv", &app.id.to_string()]).bytes::<16>()),
    });
    let mut stream = state.draw("content-info", &format!("{device}/{}", app.id));
    let sealed = seal_for(&certificate.public_key, &mut stream, plain.to_string().as_bytes());
    let mut xml = Writer::new();
    xml.start("EncryptedMessage", &[]).leaf("EncryptedContent", &[], &base64_encode(&sealed));
    let location = content_url(state.seed, &format!("{}{ENCRYPTED}", app.id));
    state.journal.tell(Service::SideCar, "content-info-given", app.setup.name.clone());
    let mut answer = wanted;
    answer["ContentInfo"] = json!(json!({ "UploadLocation": location }).to_string());
    answer["DecryptInfo"] = json!(xml.finish());
    Ok(answer.to_string())
}

/// An app that is assigned to the device or its users.
fn app_of(state: &State, device: &str, id: Option<Guid>) -> Result<App, String> {
    let enrolment = &state.enrolments[device];
    let tenant = state.tenant_by_id(enrolment.tenant);
    tenant
        .and_then(|t| t.assigned.apps.iter().find(|a| Some(a.id) == id && a.setup.kind == AppKind::Win32))
        .cloned()
        .ok_or_else(|| "this app is not assigned to the device or its users".to_owned())
}

/// `ReportAppResults` (MOD-011): an array of `{ApplicationId, EnforcementState, ErrorCode}`.
fn results(state: &mut State, device: &str, payload: &str) -> Result<String, Refused> {
    let list: Vec<Value> = state.journal.need(checks::SIDECAR_REQUEST, serde_json::from_str(payload))?;
    for entry in &list {
        let id = entry.get("ApplicationId").and_then(Value::as_str).and_then(|id| id.parse::<Guid>().ok());
        let app = app_of(state, device, id);
        let app = state.journal.need(checks::SIDECAR_APP, app)?;
        let number = |name: &str| entry.get(name).and_then(Value::as_i64).unwrap_or_default();
        let report = format!("state {}, error {}", number("EnforcementState"), number("ErrorCode"));
        let what = format!("{}: {report}", app.setup.name);
        state.journal.tell_by(Service::SideCar, "app-reported", Some(rules::MOD_011.id), what);
        if let Some(enrolment) = state.enrolments.get_mut(device) {
            enrolment.reports.insert(app.id.to_string(), report);
        }
    }
    Ok("[]".to_owned())
}
