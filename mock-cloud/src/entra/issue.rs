//! Tokens that Entra ID gives out.

use oobe_wire::crypto::PrivateKey;
use oobe_wire::encoding::{base64url_decode, base64url_encode};
use oobe_wire::ids::Guid;
use oobe_wire::jwt::{Algorithm, Header, sign};
use oobe_wire::time::Utc;
use serde_json::{Map, Value, json};

use super::Audience;
use super::oidc::issuer;
use super::store::RefreshToken;
use crate::directory::User;
use crate::fault::{FaultKind, TokenTweak};
use crate::http::Call;
use crate::journal::Service;
use crate::state::State;

/// How long an access token lasts, seconds.
pub(crate) const ACCESS_TOKEN_SECONDS: i64 = 3600;
/// Tokens say that they were issued so many seconds ago: clocks differ.
const BACKDATED_SECONDS: i64 = 300;

/// For whom tokens are made.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) tenant: Guid,
    /// None for a device on its own.
    pub(super) user: Option<Guid>,
    pub(super) client: String,
    pub(super) audience: Audience,
    /// The device, when it proved itself.
    pub(super) device: Option<Guid>,
    /// Whether the version 2 endpoint was asked.
    pub(super) v2: bool,
    /// Whether an id token is wanted.
    pub(super) id_token: bool,
}

impl Subject {
    fn label(&self) -> String {
        let id = |guid: Option<Guid>| guid.map_or_else(String::new, |g| g.to_string());
        format!("{}/{}/{}", id(self.user), id(self.device), self.client)
    }
}

/// The reply of the token endpoint: access token, and for a user refresh and id token.
pub(super) fn token_reply(state: &mut State, call: &Call<'_>, subject: &Subject) -> Value {
    let now = state.now;
    let access_token = access_token(state, call, subject);
    let expires = now.plus_seconds(ACCESS_TOKEN_SECONDS);
    let mut reply = Map::new();
    reply.insert("token_type".into(), json!("Bearer"));
    reply.insert("scope".into(), json!("user_impersonation"));
    reply.insert("expires_in".into(), json!(ACCESS_TOKEN_SECONDS.to_string()));
    reply.insert("ext_expires_in".into(), json!(ACCESS_TOKEN_SECONDS.to_string()));
    reply.insert("expires_on".into(), json!(expires.unix_seconds().to_string()));
    reply.insert("not_before".into(), json!(now.plus_seconds(-BACKDATED_SECONDS).unix_seconds().to_string()));
    reply.insert("resource".into(), json!(subject.audience.claim()));
    reply.insert("access_token".into(), json!(access_token));
    if subject.v2 {
        reply.insert(
            "scope".into(),
            json!(format!("{}/.default", subject.audience.claim().trim_end_matches('/'))),
        );
        reply.insert("expires_in".into(), json!(ACCESS_TOKEN_SECONDS));
        reply.insert("ext_expires_in".into(), json!(ACCESS_TOKEN_SECONDS));
    }
    if let Some(user) = subject.user {
        reply.insert("refresh_token".into(), json!(refresh_token(state, subject, user)));
        if subject.id_token {
            reply.insert("id_token".into(), json!(id_token(state, call, subject)));
        }
        reply.insert("client_info".into(), json!(client_info(subject.tenant, user)));
    }
    Value::Object(reply)
}

/// `{"uid":..., "utid":...}`, base64url.
pub(super) fn client_info(tenant: Guid, user: Guid) -> String {
    base64url_encode(json!({ "uid": user, "utid": tenant }).to_string().as_bytes())
}

/// An access token (version 1.0 claims).
pub(super) fn access_token(state: &mut State, call: &Call<'_>, subject: &Subject) -> String {
    let unique: [u8; 16] = state.draw("access-token", &subject.label()).bytes();
    let mut claims = times(state.now);
    let tenant = subject.tenant.to_string();
    claims.insert("aud".into(), json!(subject.audience.claim()));
    claims.insert("iss".into(), json!(issuer(&tenant, false)));
    claims.insert("appid".into(), json!(subject.client));
    claims.insert("appidacr".into(), json!("0"));
    claims.insert("tid".into(), json!(subject.tenant));
    claims.insert("uti".into(), json!(base64url_encode(&unique)));
    claims.insert("ver".into(), json!("1.0"));
    if let Some(device) = subject.device {
        claims.insert("deviceid".into(), json!(device));
    }
    if let Some(user) = subject.user.and_then(|id| user(state, subject.tenant, id)) {
        claims.insert("amr".into(), json!(["pwd"]));
        claims.insert("idtyp".into(), json!("user"));
        claims.insert("name".into(), json!(user.setup.display_name));
        claims.insert("oid".into(), json!(user.id));
        claims.insert("scp".into(), json!("user_impersonation"));
        claims.insert("sub".into(), json!(pairwise(subject, user.id)));
        claims.insert("unique_name".into(), json!(user.setup.upn));
        claims.insert("upn".into(), json!(user.setup.upn));
    } else {
        claims.insert("amr".into(), json!(["rsa"]));
        claims.insert("idtyp".into(), json!("device"));
        claims.insert("oid".into(), json!(subject.device));
        claims.insert("sub".into(), json!(subject.device));
    }
    sign_tweaked(state, call, claims)
}

/// An id token.
pub(super) fn id_token(state: &mut State, call: &Call<'_>, subject: &Subject) -> String {
    let mut claims = times(state.now);
    let tenant = subject.tenant.to_string();
    claims.insert("aud".into(), json!(subject.client));
    claims.insert("iss".into(), json!(issuer(&tenant, subject.v2)));
    claims.insert("tid".into(), json!(subject.tenant));
    claims.insert("ver".into(), json!(if subject.v2 { "2.0" } else { "1.0" }));
    claims.insert("amr".into(), json!(["pwd"]));
    if let Some(tenant) = state.tenant_by_id(subject.tenant) {
        claims.insert("tenant_region_scope".into(), json!(tenant.region));
    }
    if let Some(user) = subject.user.and_then(|id| user(state, subject.tenant, id)) {
        claims.insert("name".into(), json!(user.setup.display_name));
        claims.insert("oid".into(), json!(user.id));
        claims.insert("preferred_username".into(), json!(user.setup.upn));
        claims.insert("puid".into(), json!(puid(user.id)));
        claims.insert("sub".into(), json!(pairwise(subject, user.id)));
        claims.insert("unique_name".into(), json!(user.setup.upn));
        claims.insert("upn".into(), json!(user.setup.upn));
    }
    sign_tweaked(state, call, claims)
}

fn refresh_token(state: &mut State, subject: &Subject, user: Guid) -> String {
    let secret: [u8; 64] = state.draw("refresh-token", &subject.label()).bytes();
    let text = format!("0.A{}", base64url_encode(&secret));
    let token = RefreshToken {
        tenant: subject.tenant,
        user,
        client: subject.client.clone(),
        audience: subject.audience,
        device: subject.device,
        issued: state.now,
    };
    state.grants.refresh.insert(text.clone(), token);
    text
}

fn user(state: &State, tenant: Guid, id: Guid) -> Option<&User> {
    state.tenant_by_id(tenant)?.user(id)
}

fn times(now: Utc) -> Map<String, Value> {
    let issued = now.plus_seconds(-BACKDATED_SECONDS).unix_seconds();
    let mut claims = Map::new();
    claims.insert("iat".into(), json!(issued));
    claims.insert("nbf".into(), json!(issued));
    claims.insert("exp".into(), json!(now.plus_seconds(ACCESS_TOKEN_SECONDS).unix_seconds()));
    claims
}

/// A user's id that differs from client to client.
fn pairwise(subject: &Subject, user: Guid) -> String {
    let text = format!("{user}/{}", subject.client);
    base64url_encode(&oobe_wire::crypto::sha256(text.as_bytes()))
}

/// Sixteen digits that begin with `1003`, as user PUIDs do.
fn puid(user: Guid) -> String {
    let digits = user.simple().to_uppercase();
    format!("1003{}", &digits[..12])
}

/// Signs; an injected fault may spoil claims or signature.
pub(super) fn sign_tweaked(state: &mut State, call: &Call<'_>, mut claims: Map<String, Value>) -> String {
    let authority = state.authority();
    let tweak = call.tweaks.apply(|kind| match kind {
        FaultKind::Token { tweak } => Some(*tweak),
        _ => None,
    });
    let mut key: &PrivateKey = &authority.tokens;
    if let Some(tweak) = tweak {
        state.journal.tell(Service::Fault, "token-spoilt", format!("it is {tweak}"));
        let another_day = |hours: i64| state.now.plus_seconds(hours * 3600).unix_seconds();
        match tweak {
            TokenTweak::WrongAudience => {
                claims.insert("aud".into(), json!("https://somebody.else.test/"));
            }
            TokenTweak::WrongIssuer => {
                claims.insert("iss".into(), json!("https://somebody.else.test/"));
            }
            TokenTweak::WrongTenant => {
                let other = Guid::derive(state.seed, &["a tenant that is not there"]);
                claims.insert("tid".into(), json!(other));
            }
            TokenTweak::ForeignTenant => {
                let other = Guid::derive(state.seed, &["a tenant that is not there"]);
                claims.insert("tid".into(), json!(other));
                claims.insert("iss".into(), json!(issuer(&other.to_string(), false)));
            }
            TokenTweak::NoTenant => {
                claims.remove("tid");
            }
            TokenTweak::WrongDevice => {
                let other = Guid::derive(state.seed, &["a device that is not there"]);
                claims.insert("deviceid".into(), json!(other));
            }
            TokenTweak::Expired => {
                claims.insert("iat".into(), json!(another_day(-26)));
                claims.insert("nbf".into(), json!(another_day(-26)));
                claims.insert("exp".into(), json!(another_day(-25)));
            }
            TokenTweak::NotYetValid => {
                claims.insert("iat".into(), json!(another_day(25)));
                claims.insert("nbf".into(), json!(another_day(25)));
                claims.insert("exp".into(), json!(another_day(26)));
            }
            TokenTweak::OtherKey => key = &authority.foreign.key,
            TokenTweak::BadSignature => {}
        }
    }
    let mut header = Header::new(Algorithm::of(key.kind()));
    header.typ = Some("JWT".into());
    header.kid = Some(authority.tokens_kid.clone());
    let token = sign(&header, &Value::Object(claims), key);
    if tweak == Some(TokenTweak::BadSignature) {
        return damage(&token);
    }
    if tweak != Some(TokenTweak::OtherKey) {
        state.proved.signed(&token);
    }
    token
}

/// The token with one bit of its signature turned over.
fn damage(token: &str) -> String {
    let Some((signed, signature)) = token.rsplit_once('.') else { return token.to_owned() };
    let mut bytes = base64url_decode(signature).unwrap_or_default();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    format!("{signed}.{}", base64url_encode(&bytes))
}
