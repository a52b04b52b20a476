//! Primary refresh tokens (reference: protocols, A.4).

use oobe_catalog::codes;
use oobe_wire::encoding::base64url_encode;
use oobe_wire::ids::Guid;
use oobe_wire::jwe::wrap_session_key;
use serde_json::{Value, json};

use super::device_jwt::{Claims, ProvenDevice};
use super::error::EntraError;
use super::issue::{ACCESS_TOKEN_SECONDS, Subject, client_info, id_token};
use super::store::PrimaryRefreshToken;
use super::{Audience, ok, refresh, sign_in};
use crate::checks;
use crate::http::{Call, Reply};
use crate::journal::Service;
use crate::state::State;

/// How long a primary refresh token lasts, seconds: 14 days (reference: protocols, A.4).
pub(super) const PRT_SECONDS: i64 = 1_209_599;

/// A device signed a request for a primary refresh token.
pub(super) fn endpoint(
    state: &mut State,
    call: &Call<'_>,
    claims: &Claims,
    device: &ProvenDevice,
) -> Result<Reply, EntraError> {
    let client = claims.need(state, "client_id")?.to_owned();
    let scope: Vec<&str> = claims.text("scope").split_whitespace().collect();
    let complete = ["openid", "aza"].iter().all(|word| scope.contains(word));
    state
        .journal
        .expect(checks::PRT_SCOPE, complete, || format!("the scope is {scope:?}"))
        .map_err(EntraError::invalid_request)?;
    let (tenant, user) = user_of(state, claims, &client)?;
    let same = tenant == device.tenant;
    state
        .journal
        .expect(checks::DEVICE_TENANT, same, || "the device belongs to another tenant than the user".into())
        .map_err(EntraError::invalid_grant(codes::AADSTS_DEVICE_AUTHENTICATION_FAILED))?;

    let label = format!("{user}/{}", device.id);
    let mut stream = state.draw("session-key", &label);
    let session_key: [u8; 32] = stream.bytes();
    let wrapped = wrap_session_key(&device.transport_key, &mut stream, &session_key);
    let record = PrimaryRefreshToken { tenant, user, device: device.id, session_key, issued: state.now };
    let mut answer = reply(state, call, &client, record);
    answer["session_key_jwe"] = json!(wrapped);
    state.journal.tell(Service::Entra, "prt-issued", format!("on device {}", device.id));
    Ok(ok(&answer))
}

/// The user's own proof: a password or a refresh token.
fn user_of(state: &mut State, claims: &Claims, client: &str) -> Result<(Guid, Guid), EntraError> {
    match claims.text("grant_type") {
        "password" => {
            let name = claims.need(state, "username")?.to_owned();
            let password = claims.need(state, "password")?;
            sign_in(state, None, &name, password)
        }
        "refresh_token" => {
            let text = claims.need(state, "refresh_token")?;
            refresh::check(state, text, client).map(|token| (token.tenant, token.user))
        }
        other => {
            let why = format!("grant type {other:?} inside a signed request");
            let refused = state.journal.check(checks::GRANT_TYPE, Some(why));
            refused.map_err(EntraError::unsupported_grant_type).map(|()| (Guid::NIL, Guid::NIL))
        }
    }
}

/// Stores a primary refresh token and makes the reply that hands it over, without the session key. The types are
/// strict: every lifetime but one is a string (reference: protocols, A.4).
pub(super) fn reply(state: &mut State, call: &Call<'_>, client: &str, record: PrimaryRefreshToken) -> Value {
    let now = state.now;
    let secret: [u8; 64] = state.draw("prt", &format!("{}/{}", record.user, record.device)).bytes();
    let text = format!("1.A{}", base64url_encode(&secret));
    let subject = Subject {
        tenant: record.tenant,
        user: Some(record.user),
        client: client.to_owned(),
        audience: Audience::AadGraph,
        device: Some(record.device),
        v2: false,
        id_token: true,
    };
    let id_token = id_token(state, call, &subject);
    let info = client_info(record.tenant, record.user);
    state.grants.prts.retain(|_, prt| now <= prt.issued.plus_seconds(PRT_SECONDS));
    state.grants.prts.insert(text.clone(), record);
    let no_ticket = json!({
        "keyType": 0,
        "sessionKeyType": 0,
        "accountType": 2,
        "error": "no Kerberos ticket is issued here",
    });
    json!({
        "token_type": "pop",
        "expires_in": ACCESS_TOKEN_SECONDS.to_string(),
        "ext_expires_in": "0",
        "expires_on": now.plus_seconds(ACCESS_TOKEN_SECONDS).unix_seconds().to_string(),
        "refresh_token": text,
        "refresh_token_expires_in": PRT_SECONDS,
        "id_token": id_token,
        "client_info": info,
        "tgt_ad": no_ticket.to_string(),
        "tgt_cloud": no_ticket.to_string(),
        "kerberos_top_level_names": ".windows.net,.windows.net:1433,.azure.net",
    })
}
