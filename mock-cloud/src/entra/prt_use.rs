//! Using a primary refresh token: the request is signed with a key derived from the session key, the reply encrypted
//! with another (reference: protocols, A.5).

use oobe_catalog::codes;
use oobe_wire::crypto::{kdf_sp800_108, sha256};
use oobe_wire::encoding::base64_decode;
use oobe_wire::jwe::encrypt_reply;
use oobe_wire::jwt::Unverified;

use super::device_jwt::Claims;
use super::error::EntraError;
use super::issue::{Subject, token_reply};
use super::password::user_enabled;
use super::refresh::still_good;
use super::store::{PrimaryRefreshToken, redeem_nonce};
use super::{Audience, jose, prt};
use crate::checks;
use crate::http::{Call, Reply};
use crate::journal::Service;
use crate::state::State;

/// Label of the key derivation.
const LABEL: &[u8] = b"AzureAD-SecureConversation";
/// How far a device's clock may be off in a signed request, seconds (*model*).
const LEEWAY_SECONDS: i64 = 300;

/// A request under a session key.
pub(super) fn endpoint(state: &mut State, call: &Call<'_>, jwt: &Unverified) -> Result<Reply, EntraError> {
    let (prt, claims) = prove(state, jwt)?;
    let client = claims.need(state, "client_id")?.to_owned();
    let scope = claims.text("scope");
    let renewal = scope.split_whitespace().any(|word| word == "aza");
    let answer = if renewal {
        let record = PrimaryRefreshToken { issued: state.now, ..prt.clone() };
        state.journal.tell(Service::Entra, "prt-renewed", format!("on device {}", prt.device));
        prt::reply(state, call, &client, record)
    } else {
        let resource = claims.text("resource");
        let named = if resource.is_empty() {
            Audience::of_scope(scope)
        } else {
            Audience::of_resource(resource)
                .map(Some)
                .ok_or_else(|| format!("there is no resource {resource:?}"))
        };
        let named =
            state.journal.need(checks::RESOURCE_EXISTS, named).map_err(EntraError::invalid_resource)?;
        let audience = named.unwrap_or(Audience::AadGraph);
        let subject = Subject {
            tenant: prt.tenant,
            user: Some(prt.user),
            client,
            audience,
            device: Some(prt.device),
            v2: false,
            id_token: scope.split_whitespace().any(|word| word == "openid"),
        };
        state.journal.tell(Service::Entra, "tokens-issued", format!("for {} by PRT", audience.claim()));
        token_reply(state, call, &subject)
    };
    let mut stream = state.draw("encrypted-reply", &format!("{}/{}", prt.user, prt.device));
    Ok(jose(encrypt_reply(&prt.session_key, &mut stream, answer.to_string().as_bytes())))
}

/// Whose primary refresh token a request holds: known, fresh, and signed with its key; the nonce is used up.
pub(super) fn prove(
    state: &mut State,
    jwt: &Unverified,
) -> Result<(PrimaryRefreshToken, Claims), EntraError> {
    let expired = || EntraError::invalid_grant(codes::AADSTS_GRANT_EXPIRED);
    let claims = Claims(jwt.claims.clone());
    let text = claims.need(state, "refresh_token")?;
    let known =
        state.grants.prts.get(text).cloned().ok_or("this primary refresh token was not given out here");
    let prt = state.journal.need(checks::PRT_KNOWN, known).map_err(expired())?;
    let fresh = if state.now > prt.issued.plus_seconds(prt::PRT_SECONDS) {
        Err("it has expired")
    } else {
        still_good(state, prt.tenant, prt.user, prt.issued, i64::MAX)
    };
    state.journal.need(checks::PRT_FRESH, fresh).map_err(expired())?;

    let signed = derived_key(jwt, &prt.session_key)
        .and_then(|key| jwt.verify_hs256(&key).map(drop).map_err(|e| e.to_string()));
    state.journal.need(checks::PRT_SIGNATURE, signed).map_err(expired())?;
    let nonce = claims.need(state, "request_nonce")?;
    redeem_nonce(state, nonce).map_err(expired())?;

    let now = state.now.unix_seconds();
    let over = claims.number("exp").is_some_and(|end| end.saturating_add(LEEWAY_SECONDS) < now);
    let early = claims.number("iat").is_some_and(|start| start.saturating_sub(LEEWAY_SECONDS) > now);
    let times = || "the request is too old, or from the future".to_owned();
    state.journal.expect(checks::JWT_TIMES, !over && !early, times).map_err(expired())?;
    user_enabled(state, prt.tenant, prt.user)?;

    let device = state.devices.get(&prt.device).filter(|d| d.joined.is_some()).map(|d| d.enabled);
    let enabled = state
        .journal
        .need(checks::DEVICE_KNOWN, device.ok_or("the device object is not there"))
        .map_err(EntraError::invalid_grant(codes::AADSTS_DEVICE_NOT_FOUND))?;
    state
        .journal
        .expect(checks::DEVICE_ENABLED, enabled, || "the device is disabled".into())
        .map_err(EntraError::invalid_grant(codes::AADSTS_DEVICE_DISABLED))?;
    Ok((prt, claims))
}

/// The key that a request is signed with.
fn derived_key(jwt: &Unverified, session_key: &[u8; 32]) -> Result<[u8; 32], String> {
    let context = jwt.header.ctx.as_deref().ok_or("the request has no context for the key derivation")?;
    let mut context = base64_decode(context).map_err(|e| e.to_string())?;
    match jwt.header.kdf_ver {
        None | Some(1) => {}
        Some(2) => {
            context.extend_from_slice(&jwt.raw_payload);
            context = sha256(&context).to_vec();
        }
        Some(other) => return Err(format!("key derivation version {other} is not known")),
    }
    Ok(kdf_sp800_108(session_key, LABEL, &context))
}
