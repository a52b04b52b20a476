//! Entra ID: home realm, OIDC discovery, keys, and the token endpoint (reference: protocols, A.1, A.4 to A.6).
//!
//! With P-256 keys tokens are signed with ES256 in place of RS256 (MOD-002).

mod authorize;
mod device_code;
mod device_jwt;
mod error;
mod issue;
mod join_grant;
pub(crate) mod oidc;
mod password;
mod prt;
mod prt_use;
mod refresh;
mod resource;
mod store;
mod token;
mod verify;

use axum::http::{Method, StatusCode};
use oobe_wire::ids::Guid;

pub(crate) use join_grant::{JOIN_TOKEN_SECONDS, JoinGrant, join_token};
pub(crate) use password::sign_in;
pub(crate) use resource::Audience;
pub(crate) use store::{Grants, issue_nonce, redeem_nonce};
pub(crate) use verify::{Bearer, TokenChecks, verify};

use crate::checks;
use crate::http::{Call, Reply, json, text};
use crate::state::State;
use error::EntraError;

/// The Intune application: its service principal lists the MDM endpoints (reference: protocols, section 0).
pub(crate) const INTUNE_APP: &str = "0000000a-0000-0000-c000-000000000000";

/// `login.microsoftonline.com`.
pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Option<Reply> {
    let segments = call.segments();
    let answer = match (call.method, segments.as_slice()) {
        (&Method::GET, [_, "userrealm", user]) => return Some(oidc::realm(state, &decode(user))),
        (&Method::GET, [_, "userrealm"]) => {
            return Some(oidc::realm(state, call.query("user").unwrap_or_default()));
        }
        (&Method::GET, [tenant, ".well-known", "openid-configuration"]) => {
            resolve(state, tenant).map(|t| oidc::configuration(state, t, false))
        }
        (&Method::GET, [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
            resolve(state, tenant).map(|t| oidc::configuration(state, t, true))
        }
        (&Method::GET, [tenant, "discovery", "keys"] | [tenant, "discovery", "v2.0", "keys"]) => {
            resolve(state, tenant).map(|_| oidc::keys(state))
        }
        (&Method::POST, [tenant, "oauth2", "token"]) => {
            resolve(state, tenant).and_then(|t| token::endpoint(state, call, t, false))
        }
        (&Method::POST, [tenant, "oauth2", "v2.0", "token"]) => {
            resolve(state, tenant).and_then(|t| token::endpoint(state, call, t, true))
        }
        (&Method::GET, [tenant, "oauth2", "authorize"] | [tenant, "oauth2", "v2.0", "authorize"]) => {
            resolve(state, tenant).and_then(|t| authorize::endpoint(state, call, t))
        }
        (&Method::POST, [tenant, "oauth2", "devicecode"]) => {
            resolve(state, tenant).and_then(|t| device_code::begin(state, call, t, false))
        }
        (&Method::POST, [tenant, "oauth2", "v2.0", "devicecode"]) => {
            resolve(state, tenant).and_then(|t| device_code::begin(state, call, t, true))
        }
        _ => return None,
    };
    Some(answer.unwrap_or_else(|error| error.reply(state, call)))
}

/// The tenant in a path; none for `common` and `organizations`.
fn resolve(state: &mut State, segment: &str) -> Result<Option<Guid>, EntraError> {
    let name = decode(segment);
    if name == "common" || name == "organizations" {
        return Ok(None);
    }
    let tenant = state.tenant(&name).map(|t| t.id).ok_or_else(|| format!("there is no tenant {name:?}"));
    state.journal.need(checks::TENANT_EXISTS, tenant).map(Some).map_err(EntraError::tenant_not_found)
}

fn decode(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// JSON under status 200.
fn ok<T: serde::Serialize>(value: &T) -> Reply {
    json(StatusCode::OK, value)
}

/// An encrypted reply under status 200.
fn jose(body: String) -> Reply {
    let mut reply = text(StatusCode::OK, body);
    let jose = axum::http::HeaderValue::from_static("application/jose");
    reply.headers_mut().insert(axum::http::header::CONTENT_TYPE, jose);
    reply
}
