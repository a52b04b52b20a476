//! Access tokens, as the services that get them check them.

use oobe_wire::ids::Guid;
use oobe_wire::jwt::parse;
use serde_json::Value;

use super::oidc::issuer;
use super::{Audience, JoinGrant};
use crate::journal::{Check, Refused};
use crate::state::State;

/// How far clocks may differ, seconds.
const LEEWAY_SECONDS: i64 = 300;

/// Under which names a service checks a token.
pub(crate) struct TokenChecks {
    pub(crate) signature: Check,
    pub(crate) issuer: Check,
    pub(crate) audience: Check,
    pub(crate) times: Check,
}

impl TokenChecks {
    /// One name for everything about a token: the journal gets one entry.
    pub(crate) const fn all_in_one(check: Check) -> Self {
        Self { signature: check, issuer: check, audience: check, times: check }
    }
}

/// Whom a token speaks for.
#[derive(Debug, Clone)]
pub(crate) struct Bearer {
    pub(crate) tenant: Guid,
    /// None for a device on its own.
    pub(crate) user: Option<Guid>,
    pub(crate) device: Option<Guid>,
    /// What a device token of the attestation service grants.
    pub(crate) grant: Option<JoinGrant>,
}

/// Checks an access token: signature, issuer, audience, times.
pub(crate) fn verify(
    state: &mut State,
    token: &str,
    audiences: &[Audience],
    checks: &TokenChecks,
) -> Result<Bearer, Refused> {
    let order = [checks.signature, checks.issuer, checks.audience, checks.times];
    let (held, outcome) = match examine(state, token, audiences) {
        Ok(bearer) => (order.len(), Ok(bearer)),
        Err((at, why)) => (at, Err((order[at], why))),
    };
    let mut last = None;
    for check in &order[..held] {
        // A service with one name for all has one entry, and that tells how it ended.
        let again = last == Some(check.name) || outcome.as_ref().is_err_and(|(failed, _)| failed == check);
        last = Some(check.name);
        if !again {
            state.journal.check(*check, None)?;
        }
    }
    match outcome {
        Ok(bearer) => Ok(bearer),
        Err((check, why)) => state.journal.need(check, Err(why)),
    }
}

/// Looks at a token; on failure tells which of the four checks it was.
fn examine(state: &mut State, token: &str, audiences: &[Audience]) -> Result<Bearer, (usize, String)> {
    let authority = state.authority();
    let unverified = parse(token).map_err(|e| (0, e.to_string()))?;
    if unverified.header.kid.as_deref() != Some(&authority.tokens_kid) {
        return Err((0, "the token names a key that is not Entra's".to_owned()));
    }
    let verified = || unverified.verify(authority.tokens.public()).map(drop);
    state.proved.token(token, verified).map_err(|e| (0, e.to_string()))?;
    let claims = unverified.claims;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let id = |name: &str| text(name).parse::<Guid>().ok();

    let tenant = id("tid").filter(|t| {
        let name = t.to_string();
        state.tenant_by_id(*t).is_some() && [false, true].iter().any(|v2| text("iss") == issuer(&name, *v2))
    });
    let tenant = tenant.ok_or_else(|| (1, format!("issuer {:?}, tenant {:?}", text("iss"), text("tid"))))?;
    if !audiences.iter().any(|audience| text("aud") == audience.claim()) {
        return Err((2, format!("the token is for {:?}", text("aud"))));
    }
    let now = state.now.unix_seconds();
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    match (number("nbf"), number("exp")) {
        (_, None) => return Err((3, "the token has no end".to_owned())),
        (_, Some(end)) if end.saturating_add(LEEWAY_SECONDS) <= now => {
            return Err((3, "the token has expired".to_owned()));
        }
        (Some(start), _) if start.saturating_sub(LEEWAY_SECONDS) > now => {
            return Err((3, "the token is not valid yet".to_owned()));
        }
        _ => {}
    }
    let user = (text("idtyp") != "device").then(|| id("oid")).flatten();
    Ok(Bearer { tenant, user, device: id("deviceid"), grant: JoinGrant::of(&claims) })
}
