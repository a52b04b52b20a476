//! Windows sign-on with Entra ID (MS-OAPXBC): a primary refresh token against the device certificate, its session key
//! unwrapped with the transport key, and with both a token for the management service.

#![allow(clippy::unnecessary_box_returns)] // every early end travels as the same boxed error

use oobe_catalog::codes::{self, ResultCode};
use oobe_wire::crypto::kdf_sp800_108;
use oobe_wire::encoding::base64_encode;
use oobe_wire::ids::Guid;
use oobe_wire::jwe::{self, WrappedKey};
use oobe_wire::jwt::{self, Algorithm, Header};
use oobe_wire::secret::Secret;
use serde_json::{Value, json};

use super::authority::{Authority, Discovery, Outcome as Found};
use super::join::{DEVICE_KEY, JoinedDevice, TRANSPORT_KEY};
use super::sign_in::{BROKER, refusal};
use super::{Credentials, FORM, Failure, form, json as parse_json, need, token};
use crate::cx::{Answer, Ask, Cx};
use crate::io::{HttpReply, HttpRequest, Slot};
use crate::keys::{KeyCommand, KeyName, KeyReply, SignatureForm};

/// Client of the sign-on (reference: protocols, 0).
const SIGN_ON_CLIENT: &str = "38aa3b87-a06d-4817-b275-7a316988d93b";
/// Label of the key derivation (reference: protocols, A.5).
const LABEL: &[u8] = b"AzureAD-SecureConversation";
/// Management service as a resource, and the audience of its tokens.
pub const MDM_RESOURCE: &str = "https://enrollment.manage.microsoft.com/";

/// A user who signed on to Windows.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedOn {
    /// User principal name.
    pub upn: String,
    /// Object id.
    pub object: Guid,
    /// Token for the management service.
    pub mdm_token: Secret<String>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Signed on.
    Accepted(Box<SignedOn>),
    /// Wrong password, disabled device: may be tried again.
    Refused(&'static ResultCode, String),
    /// Could not be done.
    Failed(Failure),
}

/// An outcome that ends the conversation at once, boxed so that the many `Result`s that carry it stay small.
type Ended = Box<Outcome>;

#[derive(Debug, Clone, PartialEq)]
enum State {
    Discovering(Discovery),
    Nonce,
    Signature { input: String },
    Token,
    SessionKey { prt: String },
    SecondNonce { prt: String, session_key: Secret<[u8; 32]> },
    Access { session_key: Secret<[u8; 32]> },
}

/// The conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Prt {
    credentials: Credentials,
    device: JoinedDevice,
    authority: Option<Authority>,
    nonce: String,
    upn: String,
    object: Guid,
    state: State,
}

const DOING: &str = "signing on to Windows";

impl Prt {
    /// Begins.
    pub fn begin(cx: &mut Cx<'_>, credentials: Credentials, device: JoinedDevice) -> Self {
        let discovery = Discovery::begin(cx, Slot::Prt, credentials.user.expose());
        Self {
            credentials,
            device,
            authority: None,
            nonce: String::new(),
            upn: String::new(),
            object: Guid::NIL,
            state: State::Discovering(discovery),
        }
    }

    /// Goes on; `None` while it is not over.
    pub fn resume(&mut self, cx: &mut Cx<'_>, answer: Answer) -> Option<Outcome> {
        match self.advance(cx, answer) {
            Ok(outcome) => outcome,
            Err(outcome) => Some(*outcome),
        }
    }

    fn advance(&mut self, cx: &mut Cx<'_>, answer: Answer) -> Result<Option<Outcome>, Ended> {
        match (self.state.clone(), answer) {
            (State::Discovering(mut discovery), answer) => {
                match discovery.resume(cx, Slot::Prt, &answer) {
                    None => self.state = State::Discovering(discovery),
                    Some(Found::Known(authority)) => {
                        self.authority = Some(authority);
                        self.ask_nonce(cx);
                        self.state = State::Nonce;
                    }
                    Some(Found::UnknownDomain) => {
                        return Ok(Some(Outcome::Refused(codes::AADSTS50034, "no such domain".into())));
                    }
                    Some(Found::Failed(failure)) => return Ok(Some(Outcome::Failed(failure))),
                }
                Ok(None)
            }
            (State::Nonce, Answer::Http(result)) => {
                self.nonce = nonce(cx, result)?;
                let input = self.prt_request();
                let sign = KeyCommand::Sign {
                    key: KeyName::new(DEVICE_KEY),
                    message: input.clone().into_bytes(),
                    form: SignatureForm::Jws,
                };
                cx.ask(Slot::Prt, Ask::Keys(sign));
                self.state = State::Signature { input };
                Ok(None)
            }
            (State::Signature { input }, Answer::Keys(result)) => {
                let Ok(KeyReply::Signature { bytes }) = result else {
                    return Err(device("the device key did not sign the request"));
                };
                let body = form(&[
                    ("windows_api_version", "2.2"),
                    ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                    ("request", &jwt::attach(&input, &bytes)),
                    ("client_info", "1"),
                    ("tgt", "true"),
                ]);
                self.post(cx, body, "getting a primary refresh token");
                self.state = State::Token;
                Ok(None)
            }
            (State::Token, Answer::Http(result)) => {
                let value = success(cx, result)?;
                let (wrapped, prt) = self.prt_reply(cx, &value)?;
                let unwrap = KeyCommand::Unwrap { key: KeyName::new(TRANSPORT_KEY), wrapped: Some(wrapped) };
                cx.ask(Slot::Prt, Ask::Keys(unwrap));
                self.state = State::SessionKey { prt };
                Ok(None)
            }
            (State::SessionKey { prt }, Answer::Keys(result)) => {
                let Ok(KeyReply::Unwrapped { key }) = result else {
                    cx.checked(
                        "session-key-for-this-device",
                        Some("the transport key can't unwrap it".into()),
                    );
                    return Err(broken("the session key is not wrapped to this device's transport key"));
                };
                cx.checked("session-key-for-this-device", None);
                self.ask_nonce(cx);
                self.state = State::SecondNonce { prt, session_key: Secret::new(key) };
                Ok(None)
            }
            (State::SecondNonce { prt, session_key }, Answer::Http(result)) => {
                self.nonce = nonce(cx, result)?;
                let request = self.access_request(cx, &prt, session_key.expose());
                let body = form(&[
                    ("windows_api_version", "2.2"),
                    ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                    ("request", &request),
                    ("client_info", "1"),
                ]);
                self.post(cx, body, "getting a token for the management service");
                self.state = State::Access { session_key };
                Ok(None)
            }
            (State::Access { session_key }, Answer::Http(result)) => {
                self.access_reply(cx, result, session_key.expose()).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn authority(&self) -> &Authority {
        self.authority
            .as_ref()
            .expect("every state after discovery has an authority: it is set on leaving it")
    }

    fn post(&self, cx: &mut Cx<'_>, body: Vec<u8>, why: &str) {
        let request = HttpRequest::post(&self.authority().token_endpoint, FORM, body);
        cx.send(Slot::Prt, request, why);
    }

    fn ask_nonce(&self, cx: &mut Cx<'_>) {
        self.post(cx, form(&[("grant_type", "srv_challenge")]), "asking for a nonce");
    }

    /// The signed request for the token (reference: protocols, A.4, step 2).
    fn prt_request(&self) -> String {
        let certificate = oobe_wire::x509::parse_certificate(&self.device.certificate)
            .expect("the device certificate was parsed before it was kept");
        let mut header = Header::new(Algorithm::of(certificate.public_key.kind()));
        header.typ = Some("JWT".into());
        header.x5c = Some(vec![base64_encode(&self.device.certificate)]);
        header.kdf_ver = Some(2);
        let claims = json!({
            "client_id": SIGN_ON_CLIENT,
            "request_nonce": self.nonce,
            "scope": "openid aza ugs",
            "win_ver": "10.0",
            "group_sids": [],
            "grant_type": "password",
            "username": self.credentials.user.expose(),
            "password": self.credentials.password.expose(),
        });
        jwt::signing_input(&header, &claims)
    }

    fn prt_reply(&mut self, cx: &mut Cx<'_>, value: &Value) -> Result<(WrappedKey, String), Ended> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let tokens = text("refresh_token").zip(text("id_token")).zip(text("session_key_jwe"));
        let tokens = tokens.ok_or("the answer lacks refresh_token, id_token or session_key_jwe");
        let ((prt, id_token), wrapped) = need(cx, "token-reply", tokens).map_err(broken)?;
        let authority = self.authority().clone();
        let claims =
            token::verify(cx, &id_token, &authority, &[SIGN_ON_CLIENT]).map_err(|r| broken(r.to_string()))?;
        if claims.tenant != self.device.tenant {
            cx.checked("sign-on-tenant", Some(format!("the user is of {}", claims.tenant)));
            let text = "the account belongs to another organization than the device".to_owned();
            return Err(Box::new(Outcome::Refused(codes::AADSTS50034, text)));
        }
        cx.checked("sign-on-tenant", None);
        let user = claims.object.zip(claims.upn).ok_or("the token names no user");
        (self.object, self.upn) = need(cx, "token-user", user).map_err(broken)?;
        let wrapped = need(cx, "session-key-shape", WrappedKey::parse(&wrapped)).map_err(broken)?;
        Ok((wrapped, prt))
    }

    /// The request that uses the token (reference: protocols, A.5), with key derivation version 2.
    fn access_request(&self, cx: &mut Cx<'_>, prt: &str, session_key: &[u8; 32]) -> String {
        let context: [u8; 24] = cx.rng.bytes();
        let mut header = Header::new(Algorithm::Hs256);
        header.typ = Some("JWT".into());
        header.ctx = Some(base64_encode(&context));
        header.kdf_ver = Some(2);
        let now = cx.utc.unix_seconds();
        let claims = json!({
            "client_id": BROKER,
            "grant_type": "refresh_token",
            "refresh_token": prt,
            "request_nonce": self.nonce,
            "resource": MDM_RESOURCE,
            "scope": "openid",
            "redirect_uri": "ms-aadj-redir://auth/mdm",
            "iss": "aad:brokerplugin",
            "win_ver": "10.0",
            "iat": now,
            "exp": now + 300,
            "aud": self.authority().token_endpoint,
        });
        let body = serde_json::to_vec(&claims).expect("claims of strings and numbers always serialise");
        let bound = oobe_wire::crypto::sha256(&[context.as_slice(), &body].concat());
        jwt::sign_hs256(&header, &claims, &kdf_sp800_108(session_key, LABEL, &bound))
    }

    fn access_reply(
        &self,
        cx: &mut Cx<'_>,
        result: Result<HttpReply, crate::io::TransportError>,
        session_key: &[u8; 32],
    ) -> Result<Outcome, Ended> {
        let reply = result.map_err(|e| failed(Failure::transport(DOING, &e)))?;
        if !reply.is_success() {
            let value = parse_json(cx, &reply).map_err(broken)?;
            return Err(refused(&value, reply.status));
        }
        let compact = String::from_utf8(reply.body).map_err(|_| "the reply is no text".to_owned());
        let opened =
            compact.and_then(|c| jwe::decrypt_reply(session_key, c.trim()).map_err(|e| e.to_string()));
        cx.checked("encrypted-reply", opened.as_ref().err().cloned());
        let plain = opened.map_err(broken)?;
        let value: Value = need(cx, "json-reply", serde_json::from_slice(&plain)).map_err(broken)?;
        let access = value.get("access_token").and_then(Value::as_str).unwrap_or_default().to_owned();
        let authority = self.authority().clone();
        let claims =
            token::verify(cx, &access, &authority, &[MDM_RESOURCE]).map_err(|r| broken(r.to_string()))?;
        let own = claims.device == Some(self.device.device_id);
        cx.checked("token-device", (!own).then(|| format!("for device {:?}", claims.device)));
        if !own {
            return Err(broken("the token is not bound to this device"));
        }
        Ok(Outcome::Accepted(Box::new(SignedOn {
            upn: self.upn.clone(),
            object: self.object,
            mdm_token: Secret::new(access),
        })))
    }
}

fn nonce(cx: &mut Cx<'_>, result: Result<HttpReply, crate::io::TransportError>) -> Result<String, Ended> {
    let value = success(cx, result)?;
    let nonce = value.get("Nonce").and_then(Value::as_str).ok_or("no nonce in the answer");
    need(cx, "nonce-reply", nonce).map(str::to_owned).map_err(broken)
}

fn success(cx: &mut Cx<'_>, result: Result<HttpReply, crate::io::TransportError>) -> Result<Value, Ended> {
    let reply = result.map_err(|e| failed(Failure::transport(DOING, &e)))?;
    let value = parse_json(cx, &reply).map_err(broken)?;
    if reply.is_success() { Ok(value) } else { Err(refused(&value, reply.status)) }
}

fn refused(value: &Value, status: u16) -> Ended {
    match refusal(value) {
        Some((code, text)) => Box::new(Outcome::Refused(code, text)),
        None => broken(format!("HTTP {status} without an error code")),
    }
}

fn failed(failure: Failure) -> Ended {
    Box::new(Outcome::Failed(failure))
}

fn broken(detail: impl Into<String>) -> Ended {
    failed(Failure::broken(DOING, None, detail))
}

fn device(detail: &str) -> Ended {
    failed(Failure::device(DOING, None, detail))
}
