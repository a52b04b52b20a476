//! Learning who answers for a user: home realm, OpenID configuration, signing keys. Part of every conversation that
//! gets tokens; nothing of it survives a restart.

use oobe_wire::crypto::Jwk;
use oobe_wire::ids::Guid;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Failure, escape, json};
use crate::cx::{Answer, Cx};
use crate::io::{HttpRequest, Slot};

/// What was learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Authority {
    /// Issuer of the OpenID configuration (for `common` a template).
    pub issuer: String,
    /// Where tokens come from.
    pub token_endpoint: String,
    /// Keys that tokens are signed with.
    pub keys: Vec<Jwk>,
}

/// What is being waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum Discovery {
    /// `UserRealm`.
    AwaitRealm {
        /// User.
        user: String,
    },
    /// The OpenID configuration.
    AwaitConfiguration,
    /// The key set.
    AwaitKeys {
        /// From the configuration.
        issuer: String,
        /// From the configuration.
        token_endpoint: String,
    },
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Known.
    Known(Authority),
    /// The directory knows no such domain.
    UnknownDomain,
    /// It did not work out.
    Failed(Failure),
}

const DOING: &str = "finding the user's directory";

impl Discovery {
    /// Begins for `user`, in `slot`.
    pub fn begin(cx: &mut Cx<'_>, slot: Slot, user: &str) -> Self {
        let url = format!("{}/common/UserRealm/{}?api-version=1.0", cx.setup.endpoints.login, escape(user));
        cx.send(
            slot,
            HttpRequest::get(url).header("accept", "application/json"),
            "asking where the account is at home",
        );
        Self::AwaitRealm { user: user.to_owned() }
    }

    /// Begins for a tenant that is known already: nobody's home has to be found.
    pub fn begin_for_tenant(cx: &mut Cx<'_>, slot: Slot, tenant: Guid) -> Self {
        let url = format!("{}/{tenant}/.well-known/openid-configuration", cx.setup.endpoints.login);
        cx.send(slot, HttpRequest::get(url), "reading the directory's OpenID configuration");
        Self::AwaitConfiguration
    }

    /// Goes on; `None` while it is not over.
    pub fn resume(&mut self, cx: &mut Cx<'_>, slot: Slot, answer: &Answer) -> Option<Outcome> {
        let value = match answer {
            Answer::Http(Ok(reply)) if reply.is_success() => match json(cx, reply) {
                Ok(value) => value,
                Err(problem) => return Some(failed(problem)),
            },
            Answer::Http(Ok(reply)) => return Some(failed(format!("HTTP {}", reply.status))),
            Answer::Http(Err(error)) => {
                return Some(Outcome::Failed(Failure::transport(DOING, error)));
            }
            _ => return None,
        };
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        match self {
            Self::AwaitRealm { .. } => {
                let kind = text("account_type").or_else(|| text("NameSpaceType")).unwrap_or_default();
                if kind.eq_ignore_ascii_case("unknown") || kind.is_empty() {
                    return Some(Outcome::UnknownDomain);
                }
                let url =
                    format!("{}/organizations/.well-known/openid-configuration", cx.setup.endpoints.login);
                cx.send(slot, HttpRequest::get(url), "reading the directory's OpenID configuration");
                *self = Self::AwaitConfiguration;
                None
            }
            Self::AwaitConfiguration => {
                let (Some(issuer), Some(token_endpoint), Some(keys)) =
                    (text("issuer"), text("token_endpoint"), text("jwks_uri"))
                else {
                    let problem = "the OpenID configuration lacks issuer, token_endpoint or jwks_uri";
                    cx.checked("openid-configuration-shape", Some(problem.into()));
                    return Some(failed(problem.into()));
                };
                let home = cx.setup.endpoints.login.trim_start_matches("https://");
                let stray = [&token_endpoint, &keys].into_iter().find(|url| !on_host(url, home));
                cx.checked("openid-configuration-host", stray.map(|url| format!("{url} is not on {home}")));
                if let Some(url) = stray {
                    return Some(failed(format!("{url} is not on {home}")));
                }
                cx.send(slot, HttpRequest::get(keys), "reading the keys that tokens are signed with");
                *self = Self::AwaitKeys { issuer, token_endpoint };
                None
            }
            Self::AwaitKeys { issuer, token_endpoint } => {
                let keys: Vec<Jwk> = value
                    .get("keys")
                    .and_then(Value::as_array)
                    .map(|keys| keys.iter().filter_map(|k| serde_json::from_value(k.clone()).ok()).collect())
                    .unwrap_or_default();
                if keys.is_empty() {
                    let problem = "the key set holds no usable key";
                    cx.checked("openid-key-set", Some(problem.into()));
                    return Some(failed(problem.into()));
                }
                let (issuer, token_endpoint) = (std::mem::take(issuer), std::mem::take(token_endpoint));
                Some(Outcome::Known(Authority { issuer, token_endpoint, keys }))
            }
        }
    }
}

/// Secrets go to the directory's own host over TLS, nowhere else.
fn on_host(url: &str, host: &str) -> bool {
    url::Url::parse(url).is_ok_and(|u| u.scheme() == "https" && u.host_str() == Some(host))
}

fn failed(detail: String) -> Outcome {
    Outcome::Failed(Failure::broken(DOING, None, detail))
}
