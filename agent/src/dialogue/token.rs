//! What the device checks on a token before it believes it: signature by a key of the authority, issuer, audience,
//! times by the device's own clock, tenant. Each check is named in the trace.

use oobe_wire::crypto::{Jwk, PublicKey};
use oobe_wire::ids::Guid;
use oobe_wire::jwt;
use serde_json::Value;

use super::authority::Authority;
use crate::cx::Cx;

/// How far the clocks of device and cloud may be apart, in seconds. Five minutes is the usual allowance for tokens;
/// the documents give none.
pub const CLOCK_ALLOWANCE: i64 = 300;

/// A token that held.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    /// All claims.
    pub all: Value,
    /// Tenant.
    pub tenant: Guid,
    /// Whose it is, by object id in the directory: the user's, or the device's in a token without a user.
    pub object: Option<Guid>,
    /// User principal name, if it is a user's token.
    pub upn: Option<String>,
    /// The device, in tokens obtained with a device certificate.
    pub device: Option<Guid>,
}

/// A check that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{check}: {problem}")]
pub struct Rejected {
    /// Name of the check.
    pub check: &'static str,
    /// What was wrong.
    pub problem: String,
}

/// Verifies `token` for `audiences` (any of them).
pub fn verify(
    cx: &mut Cx<'_>,
    token: &str,
    authority: &Authority,
    audiences: &[&str],
) -> Result<Claims, Rejected> {
    let result = examine(cx, token, authority, audiences);
    if let Err(rejected) = &result {
        cx.checked(rejected.check, Some(rejected.problem.clone()));
    }
    result
}

fn examine(
    cx: &mut Cx<'_>,
    token: &str,
    authority: &Authority,
    audiences: &[&str],
) -> Result<Claims, Rejected> {
    let unverified = jwt::parse(token).map_err(|e| reject("token-shape", e.to_string()))?;
    let key = signing_key(&unverified.header, &authority.keys)?;
    let claims = unverified.verify(&key).map_err(|e| reject("token-signature", e.to_string()))?.claims;
    cx.checked("token-signature", None);

    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let audience = text("aud").unwrap_or_default();
    if !audiences.iter().any(|a| a.trim_end_matches('/') == audience.trim_end_matches('/')) {
        return Err(reject(
            "token-audience",
            format!("for {audience:?}, not for {}", audiences.join(" or ")),
        ));
    }
    cx.checked("token-audience", None);

    let tenant: Guid = text("tid")
        .and_then(|t| t.parse().ok())
        .ok_or_else(|| reject("token-tenant", "no tenant id".into()))?;
    let issuer = text("iss").unwrap_or_default();
    if !issuer.contains(&tenant.to_string()) || !same_host(&issuer, &authority.issuer) {
        return Err(reject(
            "token-issuer",
            format!("issued by {issuer:?}, the authority is {:?}", authority.issuer),
        ));
    }
    cx.checked("token-issuer", None);

    let now = cx.utc.unix_seconds();
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    let expires = number("exp").ok_or_else(|| reject("token-expiry", "no expiry".into()))?;
    if now > expires.saturating_add(CLOCK_ALLOWANCE) {
        return Err(reject("token-expiry", format!("expired {} s ago by the device's clock", now - expires)));
    }
    if let Some(begins) = number("nbf")
        && begins.saturating_sub(CLOCK_ALLOWANCE) > now
    {
        return Err(reject(
            "token-not-yet-valid",
            format!("valid in {} s by the device's clock", begins - now),
        ));
    }
    cx.checked("token-expiry", None);

    Ok(Claims {
        tenant,
        object: text("oid").and_then(|t| t.parse().ok()),
        upn: text("upn").or_else(|| text("preferred_username")),
        device: text("deviceid").and_then(|t| t.parse().ok()),
        all: claims,
    })
}

/// The authority's key that the header names; without a name, its only one.
fn signing_key(header: &jwt::Header, keys: &[Jwk]) -> Result<PublicKey, Rejected> {
    let named = match &header.kid {
        Some(kid) => keys.iter().find(|k| k.kid.as_ref() == Some(kid)),
        None if keys.len() == 1 => keys.first(),
        None => None,
    };
    let jwk = named.ok_or_else(|| {
        reject("token-signing-key", "signed by a key that the authority does not list".into())
    })?;
    PublicKey::from_jwk(jwk).map_err(|e| reject("token-signing-key", e.to_string()))
}

/// Issuers differ in their tenant part (`common` is a template), never in their host.
fn same_host(a: &str, b: &str) -> bool {
    let host = |text: &str| url::Url::parse(text).ok().and_then(|u| u.host_str().map(str::to_owned));
    host(a).is_some() && (host(a) == host(b) || host(a).as_deref() == Some("sts.windows.net"))
}

fn reject(check: &'static str, problem: String) -> Rejected {
    Rejected { check, problem }
}
