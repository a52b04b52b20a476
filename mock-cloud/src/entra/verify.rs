//! Access tokens, as the services that get them check them.

use oobe_wire::ids::Guid;
use oobe_wire::jwt::{Unverified, parse};
use serde_json::Value;

use super::Audience;
use super::oidc::issuer;
use crate::journal::{Check, Refused};
use crate::state::State;

/// How far clocks may differ, seconds.
const LEEWAY_SECONDS: i64 = 300;

/// Under which names a service makes its four checks.
pub(crate) struct TokenChecks {
    pub(crate) signature: Check,
    pub(crate) issuer: Check,
    pub(crate) audience: Check,
    pub(crate) times: Check,
}

/// Whom a token speaks for.
#[derive(Debug, Clone)]
pub(crate) struct Bearer {
    pub(crate) tenant: Guid,
    /// None for a device on its own.
    pub(crate) user: Option<Guid>,
    pub(crate) device: Option<Guid>,
}

/// Checks an access token: signature, issuer, audience, times.
pub(crate) fn verify(
    state: &mut State,
    token: &str,
    audiences: &[Audience],
    checks: &TokenChecks,
) -> Result<Bearer, Refused> {
    let authority = state.authority();
    let signed = parse(token).map_err(|e| e.to_string()).and_then(|unverified: Unverified| {
        if unverified.header.kid.as_deref() != Some(&authority.tokens_kid) {
            return Err("the token names a key that is not Entra's".to_owned());
        }
        let verified = || unverified.verify(authority.tokens.public()).map(drop);
        state.proved.token(token, verified).map_err(|e| e.to_string())?;
        Ok(unverified)
    });
    let claims = state.journal.need(checks.signature, signed)?.claims;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let id = |name: &str| text(name).parse::<Guid>().ok();

    let tenant = id("tid").filter(|t| {
        let name = t.to_string();
        state.tenant_by_id(*t).is_some() && [false, true].iter().any(|v2| text("iss") == issuer(&name, *v2))
    });
    let tenant = tenant.ok_or_else(|| format!("issuer {:?}, tenant {:?}", text("iss"), text("tid")));
    let tenant = state.journal.need(checks.issuer, tenant)?;
    let meant = audiences.iter().any(|audience| text("aud") == audience.claim());
    state.journal.expect(checks.audience, meant, || format!("the token is for {:?}", text("aud")))?;

    let now = state.now.unix_seconds();
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    let times = match (number("nbf"), number("exp")) {
        (_, None) => Err("the token has no end".to_owned()),
        (_, Some(end)) if end.saturating_add(LEEWAY_SECONDS) <= now => {
            Err("the token has expired".to_owned())
        }
        (Some(start), _) if start.saturating_sub(LEEWAY_SECONDS) > now => {
            Err("the token is not valid yet".to_owned())
        }
        _ => Ok(()),
    };
    state.journal.need(checks.times, times)?;
    let user = (text("idtyp") != "device").then(|| id("oid")).flatten();
    Ok(Bearer { tenant, user, device: id("deviceid") })
}
