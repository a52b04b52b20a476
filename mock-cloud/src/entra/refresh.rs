//! Refresh tokens.

use oobe_catalog::codes;
use oobe_wire::ids::Guid;
use oobe_wire::time::Utc;

use super::error::EntraError;
use super::issue::Subject;
use super::password::user_enabled;
use super::store::RefreshToken;
use super::token::{Fields, audience, grant_tokens};
use crate::checks;
use crate::http::{Call, Reply};
use crate::state::State;

/// How long a refresh token lasts, days (public: 90).
const REFRESH_TOKEN_DAYS: i64 = 90;

/// Clients of Windows' own broker that may use each other's refresh tokens (*model*): the Authentication Broker and
/// Windows sign-in.
const BROKER_FAMILY: [&str; 2] =
    ["29d9ed98-a469-4536-ade2-f981bc1d605e", "38aa3b87-a06d-4817-b275-7a316988d93b"];

/// Grant `refresh_token`.
pub(super) fn redeem(
    state: &mut State,
    call: &Call<'_>,
    fields: &Fields,
    v2: bool,
) -> Result<Reply, EntraError> {
    let [client, text] = fields.need(state, ["client_id", "refresh_token"])?;
    let token = check(state, text, client)?;
    let audience = audience(state, fields, token.audience)?;
    let subject = Subject {
        tenant: token.tenant,
        user: Some(token.user),
        client: client.to_owned(),
        audience,
        device: token.device,
        v2,
        id_token: fields
            .get("scope")
            .is_some_and(|scope| scope.split_whitespace().any(|word| word == "openid")),
    };
    Ok(grant_tokens(state, call, &subject, "refresh token"))
}

/// Whether a refresh token may be used by that client now.
pub(super) fn check(state: &mut State, text: &str, client: &str) -> Result<RefreshToken, EntraError> {
    let known = state.grants.refresh.get(text).cloned().ok_or("this refresh token was not given out here");
    let token = state
        .journal
        .need(checks::REFRESH_TOKEN_KNOWN, known)
        .map_err(EntraError::invalid_grant(codes::AADSTS_GRANT_EXPIRED))?;
    let fresh = still_good(state, token.tenant, token.user, token.issued, REFRESH_TOKEN_DAYS);
    state
        .journal
        .need(checks::REFRESH_TOKEN_FRESH, fresh)
        .map_err(EntraError::invalid_grant(codes::AADSTS_GRANT_EXPIRED))?;
    let family = |c: &str| BROKER_FAMILY.iter().any(|f| f.eq_ignore_ascii_case(c));
    let same = token.client.eq_ignore_ascii_case(client) || (family(&token.client) && family(client));
    state
        .journal
        .expect(checks::REFRESH_TOKEN_CLIENT, same, || format!("it was given to client {}", token.client))
        .map_err(EntraError::invalid_grant(codes::AADSTS_GRANT_EXPIRED))?;
    user_enabled(state, token.tenant, token.user)?;
    Ok(token)
}

/// Neither expired nor older than the last reset of the password.
pub(super) fn still_good(
    state: &State,
    tenant: Guid,
    user: Guid,
    issued: Utc,
    days: i64,
) -> Result<(), &'static str> {
    if state.now > issued.plus_days(days) {
        return Err("it has expired");
    }
    let from = state.tenant_by_id(tenant).and_then(|t| t.user(user)).map(|u| u.tokens_valid_from);
    if from.is_some_and(|from| issued < from) {
        return Err("it was revoked when the password was reset");
    }
    Ok(())
}
