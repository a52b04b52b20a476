//! A token of the device itself, without a user (reference: protocols, A.3, "Userless device token"): what a device that
//! joined by itself shows to the management service.

use oobe_wire::encoding::base64_encode;
use oobe_wire::jwt::{self, Algorithm, Header};
use oobe_wire::secret::Secret;
use serde_json::{Value, json};

use super::authority::{Authority, Discovery, Outcome as Found};
use super::join::{DEVICE_KEY, JoinedDevice};
use super::sign_in::{BROKER, refusal};
use super::{FORM, Failure, form, json as parse_json, need, token};
use crate::cx::{Answer, Ask, Cx};
use crate::io::{HttpReply, HttpRequest, Slot, TransportError};
use crate::keys::{KeyCommand, KeyName, KeyReply, SignatureForm};

#[derive(Debug, Clone, PartialEq)]
enum State {
    Discovering(Discovery),
    Nonce,
    Signature { input: String },
    Token,
}

/// The conversation: a token for one resource after another.
#[derive(Debug, Clone, PartialEq)]
pub struct Userless {
    slot: Slot,
    device: JoinedDevice,
    resource: &'static str,
    authority: Option<Authority>,
    state: State,
}

const DOING: &str = "getting a token for the device";

impl Userless {
    /// Begins, with a token for `resource`.
    pub fn begin(cx: &mut Cx<'_>, slot: Slot, device: JoinedDevice, resource: &'static str) -> Self {
        let discovery = Discovery::begin_for_tenant(cx, slot, device.tenant);
        Self { slot, device, resource, authority: None, state: State::Discovering(discovery) }
    }

    /// Goes on with a token for another resource.
    pub fn next(&mut self, cx: &mut Cx<'_>, resource: &'static str) {
        self.resource = resource;
        self.ask_nonce(cx);
    }

    /// Goes on; `None` while it is not over.
    pub fn resume(&mut self, cx: &mut Cx<'_>, answer: Answer) -> Option<Result<Secret<String>, Failure>> {
        match self.advance(cx, answer) {
            Ok(token) => token.map(Ok),
            Err(failure) => Some(Err(failure)),
        }
    }

    fn advance(&mut self, cx: &mut Cx<'_>, answer: Answer) -> Result<Option<Secret<String>>, Failure> {
        match (self.state.clone(), answer) {
            (State::Discovering(mut discovery), answer) => {
                match discovery.resume(cx, self.slot, &answer) {
                    None => self.state = State::Discovering(discovery),
                    Some(Found::Known(authority)) => {
                        self.authority = Some(authority);
                        self.ask_nonce(cx);
                    }
                    Some(Found::UnknownDomain) => {
                        return Err(Failure::refused(DOING, None, "the directory knows no such tenant"));
                    }
                    Some(Found::Failed(failure)) => return Err(failure),
                }
                Ok(None)
            }
            (State::Nonce, Answer::Http(result)) => {
                let value = success(cx, result)?;
                let nonce = value.get("Nonce").and_then(Value::as_str).ok_or("no nonce in the answer");
                let nonce = need(cx, "nonce-reply", nonce)
                    .map_err(|problem| Failure::broken(DOING, None, problem))?;
                let input = self.request(nonce);
                let sign = KeyCommand::Sign {
                    key: KeyName::new(DEVICE_KEY),
                    message: input.clone().into_bytes(),
                    form: SignatureForm::Jws,
                };
                cx.ask(self.slot, Ask::Keys(sign));
                self.state = State::Signature { input };
                Ok(None)
            }
            (State::Signature { input }, Answer::Keys(result)) => {
                let Ok(KeyReply::Signature { bytes }) = result else {
                    return Err(Failure::device(DOING, None, "the device key did not sign the request"));
                };
                let body = form(&[
                    ("windows_api_version", "2.0"),
                    ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                    ("request", &jwt::attach(&input, &bytes)),
                    ("client_info", "1"),
                ]);
                self.post(cx, body, DOING);
                self.state = State::Token;
                Ok(None)
            }
            (State::Token, Answer::Http(result)) => {
                let value = success(cx, result)?;
                self.token(cx, &value).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn post(&self, cx: &mut Cx<'_>, body: Vec<u8>, why: &str) {
        let authority = self.authority.as_ref().expect("every state after discovery has an authority");
        cx.send(self.slot, HttpRequest::post(&authority.token_endpoint, FORM, body), why);
    }

    fn ask_nonce(&mut self, cx: &mut Cx<'_>) {
        self.post(cx, form(&[("grant_type", "srv_challenge")]), "asking for a nonce");
        self.state = State::Nonce;
    }

    /// What is signed.
    fn request(&self, nonce: &str) -> String {
        let certificate = oobe_wire::x509::parse_certificate(&self.device.certificate)
            .expect("the device certificate was parsed before it was kept");
        let mut header = Header::new(Algorithm::of(certificate.public_key.kind()));
        header.typ = Some("JWT".into());
        header.x5c = Some(vec![base64_encode(&self.device.certificate)]);
        let claims = json!({
            "resource": self.resource,
            "client_id": BROKER,
            "request_nonce": nonce,
            "win_ver": "10.0",
            "grant_type": "device_token",
            "scope": "sid",
            "redirect_uri": "ms-aadj-redir://auth/mdm",
            "iss": "aad:brokerplugin",
        });
        jwt::signing_input(&header, &claims)
    }

    fn token(&self, cx: &mut Cx<'_>, value: &Value) -> Result<Secret<String>, Failure> {
        let access = value.get("access_token").and_then(Value::as_str).unwrap_or_default();
        let authority = self.authority.as_ref().expect("every state after discovery has an authority");
        let claims = token::verify(cx, access, authority, &[self.resource])
            .map_err(|rejected| Failure::broken(DOING, None, rejected.to_string()))?;
        let own = claims.device == Some(self.device.device_id) && claims.upn.is_none();
        cx.checked(
            "device-token-device",
            (!own).then(|| match (&claims.upn, claims.device) {
                (Some(_), _) => "it is a user's".to_owned(),
                (None, Some(device)) => format!("for device {device}"),
                (None, None) => "for no device".to_owned(),
            }),
        );
        if !own {
            return Err(Failure::broken(DOING, None, "the token is not this device's own"));
        }
        Ok(Secret::new(access.to_owned()))
    }
}

fn success(cx: &mut Cx<'_>, result: Result<HttpReply, TransportError>) -> Result<Value, Failure> {
    let reply = result.map_err(|error| Failure::transport(DOING, &error))?;
    let value = parse_json(cx, &reply).map_err(|problem| Failure::broken(DOING, None, problem))?;
    if reply.is_success() {
        return Ok(value);
    }
    let (code, text) =
        refusal(&value).map_or((None, format!("HTTP {}", reply.status)), |(code, text)| (Some(code), text));
    Err(Failure::refused(DOING, code, text))
}
