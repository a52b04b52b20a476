//! The user signs in: home realm, then a token for the Device Registration Service by user name and password. The
//! device believes the token only after it checked it.

use oobe_catalog::codes::{self, ResultCode};
use oobe_wire::ids::Guid;
use oobe_wire::secret::Secret;
use serde_json::Value;

use super::authority::{Authority, Discovery, Outcome as Found};
use super::{Credentials, FORM, Failure, form, json, need, token};
use crate::cx::{Answer, Cx};
use crate::io::{HttpReply, HttpRequest, Slot};

/// Client that Windows registers devices with (reference: protocols, 0, "Microsoft Authentication Broker").
pub const BROKER: &str = "29d9ed98-a469-4536-ade2-f981bc1d605e";
/// The Device Registration Service as a resource.
pub const DRS_RESOURCE: &str = "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9";
/// Its audience in tokens.
pub const DRS_AUDIENCE: &str = "urn:ms-drs:enterpriseregistration.windows.net";

/// A signed-in user, in memory only.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedIn {
    /// Who answers for the user.
    pub authority: Authority,
    /// Tenant of the user.
    pub tenant: Guid,
    /// The user's object id.
    pub object: Guid,
    /// User principal name as the directory spells it.
    pub upn: String,
    /// Token for the Device Registration Service.
    pub drs_token: Secret<String>,
    /// To get tokens for other services with.
    pub refresh_token: Secret<String>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The user is who they say.
    Accepted(Box<SignedIn>),
    /// Wrong password, unknown or locked account: may be tried again. The code is the directory's.
    Refused(&'static ResultCode, String),
    /// Could not be found out.
    Failed(Failure),
}

/// What is being waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum SignIn {
    /// Who answers for the user.
    Discovering(Discovery, Credentials),
    /// The token.
    AwaitToken(Authority),
}

const DOING: &str = "signing in";

impl SignIn {
    /// Begins.
    pub fn begin(cx: &mut Cx<'_>, credentials: Credentials) -> Self {
        Self::Discovering(Discovery::begin(cx, Slot::SignIn, credentials.user.expose()), credentials)
    }

    /// Goes on; `None` while it is not over.
    pub fn resume(&mut self, cx: &mut Cx<'_>, answer: &Answer) -> Option<Outcome> {
        match self {
            Self::Discovering(discovery, credentials) => match discovery.resume(cx, Slot::SignIn, answer)? {
                Found::Known(authority) => {
                    let body = form(&[
                        ("client_id", BROKER),
                        ("grant_type", "password"),
                        ("resource", DRS_RESOURCE),
                        ("username", credentials.user.expose()),
                        ("password", credentials.password.expose()),
                        ("client_info", "1"),
                        ("scope", "openid"),
                    ]);
                    let request = HttpRequest::post(&authority.token_endpoint, FORM, body);
                    cx.send(Slot::SignIn, request, "signing in to the organization");
                    *self = Self::AwaitToken(authority);
                    None
                }
                Found::UnknownDomain => {
                    Some(Outcome::Refused(codes::AADSTS50034, "the directory knows no such domain".into()))
                }
                Found::Failed(failure) => Some(Outcome::Failed(failure)),
            },
            Self::AwaitToken(authority) => match answer {
                Answer::Http(Ok(reply)) => Some(token_reply(cx, reply, authority)),
                Answer::Http(Err(error)) => Some(Outcome::Failed(Failure::transport(DOING, error))),
                _ => None,
            },
        }
    }
}

fn token_reply(cx: &mut Cx<'_>, reply: &HttpReply, authority: &Authority) -> Outcome {
    let broken = |problem: String| Outcome::Failed(Failure::broken(DOING, None, problem));
    let value = match json(cx, reply) {
        Ok(value) => value,
        Err(problem) => return broken(problem),
    };
    if !reply.is_success() {
        return match refusal(&value) {
            Some((code, text)) => Outcome::Refused(code, text),
            None => broken(format!("HTTP {} without an error code", reply.status)),
        };
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let tokens = text("access_token").zip(text("refresh_token")).ok_or("no access or refresh token");
    let (access, refresh) = match need(cx, "token-reply", tokens) {
        Ok(tokens) => tokens,
        Err(problem) => return broken(problem),
    };
    let claims = match token::verify(cx, &access, authority, &[DRS_AUDIENCE, DRS_RESOURCE]) {
        Ok(claims) => claims,
        Err(rejected) => return broken(rejected.to_string()),
    };
    let user = claims.object.zip(claims.upn).ok_or("the token names no user");
    let (object, upn) = match need(cx, "token-user", user) {
        Ok(user) => user,
        Err(problem) => return broken(problem),
    };
    Outcome::Accepted(Box::new(SignedIn {
        authority: authority.clone(),
        tenant: claims.tenant,
        object,
        upn,
        drs_token: Secret::new(access),
        refresh_token: Secret::new(refresh),
    }))
}

/// The directory's error number (`AADSTSnnnnn`) and text out of an OAuth error body (reference: protocols, A.1).
pub(crate) fn refusal(value: &Value) -> Option<(&'static ResultCode, String)> {
    let text = value.get("error_description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = value.get("error_codes").and_then(|c| c.get(0)).and_then(Value::as_u64)?;
    let code = codes::find(&format!("AADSTS{number}")).into_iter().next()?;
    Some((code, text))
}

/// A token for `resource` by refresh token (reference: protocols, A.1).
pub(crate) fn refresh_request(
    authority: &Authority,
    refresh_token: &Secret<String>,
    resource: &str,
) -> HttpRequest {
    let body = form(&[
        ("client_id", BROKER),
        ("grant_type", "refresh_token"),
        ("resource", resource),
        ("refresh_token", refresh_token.expose()),
        ("client_info", "1"),
    ]);
    HttpRequest::post(&authority.token_endpoint, FORM, body)
}
