//! The token endpoint: which grant, and what every grant needs.

use oobe_wire::ids::Guid;
use serde_json::json;

use super::error::EntraError;
use super::issue::{Subject, token_reply};
use super::store::issue_nonce;
use super::{Audience, authorize, device_code, device_jwt, ok, refresh, sign_in};
use crate::checks;
use crate::http::{Call, Reply};
use crate::journal::{Refused, Service};
use crate::state::State;

/// The fields of a token request.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The fields of a form.
    pub(super) fn of(call: &Call<'_>) -> Self {
        Self(call.form())
    }

    /// The first field of that name, when it is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }

    /// Fields that a grant cannot do without.
    pub(super) fn need<const N: usize>(
        &self,
        state: &mut State,
        names: [&str; N],
    ) -> Result<[&str; N], EntraError> {
        let missing = names.iter().find(|name| self.get(name).is_none());
        state
            .journal
            .expect(checks::GRANT_FIELDS, missing.is_none(), || {
                format!("the request has no {}", missing.copied().unwrap_or_default())
            })
            .map_err(EntraError::invalid_request)?;
        Ok(names.map(|name| self.get(name).unwrap_or_default()))
    }
}

/// `POST /{tenant}/oauth2/token` and `/oauth2/v2.0/token`.
pub(super) fn endpoint(
    state: &mut State,
    call: &Call<'_>,
    tenant: Option<Guid>,
    v2: bool,
) -> Result<Reply, EntraError> {
    let fields = Fields::of(call);
    let [grant] = fields.need(state, ["grant_type"])?;
    match grant {
        "srv_challenge" => {
            let nonce = issue_nonce(state, call.path);
            state.journal.tell(Service::Entra, "nonce-issued", "");
            Ok(ok(&json!({ "Nonce": nonce })))
        }
        "password" => {
            let [client, user, password] = fields.need(state, ["client_id", "username", "password"])?;
            let audience = audience(state, &fields, if v2 { Audience::Graph } else { Audience::AadGraph })?;
            let (tenant, user) = sign_in(state, tenant, user, password)?;
            let client = client.to_owned();
            let subject =
                Subject { tenant, user: Some(user), client, audience, device: None, v2, id_token: true };
            Ok(grant_tokens(state, call, &subject, "password"))
        }
        "refresh_token" => refresh::redeem(state, call, &fields, v2),
        "authorization_code" => authorize::redeem(state, call, &fields, v2),
        "device_code" | "urn:ietf:params:oauth:grant-type:device_code" => {
            device_code::redeem(state, call, &fields, v2)
        }
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => device_jwt::endpoint(state, call, &fields, tenant),
        other => {
            let refused = state.journal.check(checks::GRANT_TYPE, Some(format!("grant type {other:?}")));
            let why = refused.err().unwrap_or(Refused { why: String::new() });
            Err(EntraError::unsupported_grant_type(why))
        }
    }
}

/// The audience that a request names by `resource` or `scope`.
pub(super) fn audience(
    state: &mut State,
    fields: &Fields,
    otherwise: Audience,
) -> Result<Audience, EntraError> {
    let named = match (fields.get("resource"), fields.get("scope")) {
        (Some(resource), _) => Audience::of_resource(resource)
            .map(Some)
            .ok_or_else(|| format!("there is no resource {resource:?}")),
        (None, Some(scope)) => Audience::of_scope(scope),
        (None, None) => Ok(None),
    };
    let named = state.journal.need(checks::RESOURCE_EXISTS, named).map_err(EntraError::invalid_resource)?;
    Ok(named.unwrap_or(otherwise))
}

/// Gives out tokens and says so.
pub(super) fn grant_tokens(state: &mut State, call: &Call<'_>, subject: &Subject, how: &str) -> Reply {
    let reply = token_reply(state, call, subject);
    state.journal.tell(Service::Entra, "tokens-issued", format!("for {} by {how}", subject.audience.claim()));
    ok(&reply)
}
