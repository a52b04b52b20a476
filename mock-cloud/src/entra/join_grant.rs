//! The device token of the attestation service: the authority to join one device without a user, once (MOD-018).

use oobe_wire::ids::Guid;
use serde_json::{Map, Value, json};

use super::Audience;
use super::issue::sign_tweaked;
use super::oidc::issuer;
use crate::http::Call;
use crate::state::State;

/// How long the token is good for, seconds (MOD-018).
pub(crate) const JOIN_TOKEN_SECONDS: u32 = 600;

/// What the token grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JoinGrant {
    /// `jti`.
    pub(crate) id: Guid,
    /// `ztdid`: the registration.
    pub(crate) registration: Guid,
    /// `aik`: thumbprint of the attestation key (RFC 7638).
    pub(crate) aik: String,
    /// `cnf`: thumbprint of the key that joins (RFC 7800).
    pub(crate) key: String,
}

impl JoinGrant {
    /// The grant in a token's claims; `None` for a token of another sort.
    pub(super) fn of(claims: &Value) -> Option<Self> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        Some(Self {
            id: text("jti")?.parse().ok()?,
            registration: text("ztdid")?.parse().ok()?,
            aik: text("aik")?.to_owned(),
            key: claims.get("cnf")?.get("jkt")?.as_str()?.to_owned(),
        })
    }
}

/// The token.
pub(crate) fn join_token(state: &mut State, call: &Call<'_>, tenant: Guid, grant: &JoinGrant) -> String {
    let now = state.now;
    let mut claims = Map::new();
    claims.insert("iat".into(), json!(now.unix_seconds()));
    claims.insert("nbf".into(), json!(now.unix_seconds()));
    claims.insert("exp".into(), json!(now.plus_seconds(JOIN_TOKEN_SECONDS.into()).unix_seconds()));
    claims.insert("aud".into(), json!(Audience::DeviceRegistration.claim()));
    claims.insert("iss".into(), json!(issuer(&tenant.to_string(), false)));
    claims.insert("tid".into(), json!(tenant));
    claims.insert("ver".into(), json!("1.0"));
    claims.insert("idtyp".into(), json!("device"));
    claims.insert("jti".into(), json!(grant.id));
    claims.insert("ztdid".into(), json!(grant.registration));
    claims.insert("aik".into(), json!(grant.aik));
    claims.insert("cnf".into(), json!({ "jkt": grant.key }));
    sign_tweaked(state, call, claims)
}
