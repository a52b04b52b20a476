//! Enrolment into MDM (MS-MDE2 with MS-XCEP and MS-WSTEP): discovery, policy, certificate request, provisioning
//! document. The same dialogue for Entra join (Federated, the user's token) and for a server that the user names
//! (OnPremise, name and password).

mod faults;
mod request;

use oobe_catalog::codes;
use oobe_wire::crypto::{KeyKind, PublicKey};
use oobe_wire::ids::Guid;
use oobe_wire::secret::{Personal, Secret};
use oobe_wire::soap::{
    AuthPolicy, Discover, DiscoverResult, GetPolicies, PoliciesResult, RequestHeader, RequestSecurityToken,
    Security, TokenResponse,
};
use oobe_wire::wap::ProvisioningDoc;
use oobe_wire::x509::{self, Extension, Name, Usage};

use super::authority::Authority;
use super::join::{JoinedDevice, public};
use super::prt::MDM_RESOURCE;
use super::sign_in::refresh_request;
use super::userless::Userless;
use super::{Credentials, Failure, json, need, token};
use crate::cx::{Answer, Ask, Cx};
use crate::io::{HttpReply, HttpRequest, Slot, TransportError};
use crate::keys::{KeyCommand, KeyName, KeyReply, SignatureForm};

/// The key of the management certificate.
pub const MDM_KEY: &str = "mdm";
/// Graph as a resource.
const GRAPH_RESOURCE: &str = "https://graph.microsoft.com";
/// The service principal that lists the tenant's MDM endpoints (reference: protocols, 0).
const INTUNE_APP: &str = "0000000a-0000-0000-c000-000000000000";

/// By which right the device enrols.
#[derive(Debug, Clone, PartialEq)]
pub enum Right {
    /// It was just joined to Entra ID by this user.
    Entra {
        /// Who answers for the user.
        authority: Authority,
        /// To get tokens with.
        refresh_token: Secret<String>,
        /// User principal name.
        upn: String,
        /// The device object.
        device_id: Guid,
        /// Its Autopilot registration, if it has one.
        registration: Option<Guid>,
    },
    /// It joined Entra ID by itself (SDM-001): with a token of its own, for nobody.
    Device {
        /// The join.
        device: JoinedDevice,
        /// Its Autopilot registration, if it has one.
        registration: Option<Guid>,
        /// Whether a technician prepares it for a user who is to come.
        technician: bool,
    },
    /// A server that the user named.
    OnPremise {
        /// Discovery URL.
        discovery_url: String,
        /// Name and password.
        credentials: Credentials,
    },
}

/// What came of a finished enrolment.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrolled {
    /// The provisioning document.
    pub document: ProvisioningDoc,
    /// Public part of [`MDM_KEY`].
    pub key: PublicKey,
    /// Device id as management sessions use it: 32 hex digits.
    pub mdm_device_id: String,
    /// User principal name; none for a device that enrolled itself (SDM-015).
    pub upn: Option<Personal<String>>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Enrolled; the document still has to be applied.
    Enrolled(Box<Enrolled>),
    /// The tenant has no MDM for this user (USR-010).
    NotOffered,
    /// Not enrolled.
    Failed(Failure),
}

/// What a device that enrols itself waits for, before it is where all others are.
#[derive(Debug, Clone, PartialEq)]
enum Own {
    GraphToken,
    Endpoints,
    MdmToken { discovery_url: String },
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Own(Userless, Own),
    GraphToken,
    Endpoints,
    MdmToken { discovery_url: String },
    Alive { discovery_url: String },
    Discovery { discovery_url: String },
    Policies { found: DiscoverResult },
    Key { found: DiscoverResult },
    RequestSignature { found: DiscoverResult, key: PublicKey, to_be_signed: Vec<u8> },
    Certificate { key: PublicKey },
}

/// The conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrol {
    right: Right,
    mdm_device_id: String,
    mdm_token: Option<Secret<String>>,
    device_name: String,
    state: State,
}

const DOING: &str = "enrolling into device management";

impl Enrol {
    /// Begins. `device_name` is what the device calls itself.
    pub fn begin(cx: &mut Cx<'_>, right: Right, device_name: String) -> Self {
        let mdm_device_id =
            Guid::derive(cx.setup.seed, &["mdm-device-id", &cx.setup.name]).simple().to_uppercase();
        let state = match &right {
            Right::Entra { authority, refresh_token, .. } => {
                let request = refresh_request(authority, refresh_token, GRAPH_RESOURCE);
                cx.send(Slot::Enrol, request, "getting a token to look up the tenant's MDM");
                State::GraphToken
            }
            Right::Device { device, .. } => {
                let token = Userless::begin(cx, Slot::Enrol, device.clone(), GRAPH_RESOURCE);
                State::Own(token, Own::GraphToken)
            }
            Right::OnPremise { discovery_url, .. } => alive(cx, discovery_url.clone()),
        };
        Self { right, mdm_device_id, mdm_token: None, device_name, state }
    }

    /// Goes on; `None` while it is not over.
    pub fn resume(&mut self, cx: &mut Cx<'_>, answer: Answer) -> Option<Outcome> {
        match self.advance(cx, answer) {
            Ok(outcome) => outcome,
            Err(failure) => Some(Outcome::Failed(failure)),
        }
    }

    fn advance(&mut self, cx: &mut Cx<'_>, answer: Answer) -> Result<Option<Outcome>, Failure> {
        match (self.state.clone(), answer) {
            (State::Own(token, step), answer) => return self.own(cx, token, step, answer),
            (State::GraphToken, Answer::Http(result)) => {
                let token = self.token(cx, result, GRAPH_RESOURCE)?;
                look_up(cx, &token);
                self.state = State::Endpoints;
            }
            (State::Endpoints, Answer::Http(result)) => {
                let Some(discovery_url) = endpoint(cx, result)? else { return Ok(Some(Outcome::NotOffered)) };
                let Right::Entra { authority, refresh_token, .. } = &self.right else { return Ok(None) };
                let request = refresh_request(authority, refresh_token, MDM_RESOURCE);
                cx.send(Slot::Enrol, request, "getting a token for device management");
                self.state = State::MdmToken { discovery_url };
            }
            (State::MdmToken { discovery_url }, Answer::Http(result)) => {
                self.mdm_token = Some(self.token(cx, result, MDM_RESOURCE)?);
                self.state = alive(cx, discovery_url);
            }
            (State::Alive { discovery_url }, Answer::Http(result)) => {
                // Some servers answer the GET with 404 or 405: whether they are alive is all that is asked.
                result.map_err(|e| faults::transport(DOING, &e))?;
                self.discover(cx, &discovery_url);
                self.state = State::Discovery { discovery_url };
            }
            (State::Discovery { discovery_url }, Answer::Http(result)) => {
                let found = self.discovered(cx, result, &discovery_url)?;
                match &found.policy_url {
                    Some(url) => {
                        self.ask_policies(cx, url);
                        self.state = State::Policies { found };
                    }
                    None => self.make_key(cx, found),
                }
            }
            (State::Policies { found }, Answer::Http(result)) => {
                let reply = soap_reply(cx, result)?;
                let policies =
                    PoliciesResult::parse(&reply.body).map_err(|e| faults::reply(cx, DOING, &reply, e))?;
                let fits = policies.key_length <= 2048;
                cx.checked(
                    "policy-key-length",
                    (!fits).then(|| format!("{} bits are asked for", policies.key_length)),
                );
                if !fits {
                    let code = Some(codes::MENROLL_E_CERTPOLICY_PRIVATEKEYCREATION_FAILED);
                    return Err(Failure::device(DOING, code, "the device makes no keys of that length"));
                }
                self.make_key(cx, found);
            }
            (State::Key { found }, Answer::Keys(result)) => {
                let key = public(result)?;
                let extensions = [
                    Extension::mdm_device_id(&self.mdm_device_id),
                    Extension::extended_key_usage(&[Usage::ClientAuth], false),
                ];
                let to_be_signed = x509::csr_to_be_signed(&self.subject(), &key, &extensions);
                let sign = KeyCommand::Sign {
                    key: KeyName::new(MDM_KEY),
                    message: to_be_signed.clone(),
                    form: SignatureForm::X509,
                };
                cx.ask(Slot::Enrol, Ask::Keys(sign));
                self.state = State::RequestSignature { found, key, to_be_signed };
            }
            (State::RequestSignature { found, key, to_be_signed }, Answer::Keys(result)) => {
                let Ok(KeyReply::Signature { bytes }) = result else {
                    let code = Some(codes::MENROLL_E_CERTPOLICY_PRIVATEKEYCREATION_FAILED);
                    return Err(Failure::device(DOING, code, "the key did not sign the request"));
                };
                let csr = x509::assemble_csr(&to_be_signed, &bytes, cx.setup.keys);
                self.ask_certificate(cx, &found, csr);
                self.state = State::Certificate { key };
            }
            (State::Certificate { key }, Answer::Http(result)) => {
                let document = certificate_reply(cx, result)?;
                return Ok(Some(Outcome::Enrolled(Box::new(Enrolled {
                    document,
                    key,
                    mdm_device_id: self.mdm_device_id.clone(),
                    upn: self.upn().map(|upn| Personal::new(upn.to_owned())),
                }))));
            }
            _ => {}
        }
        Ok(None)
    }

    /// The device's own way to the management service: a token to look it up, and one to enrol with.
    fn own(
        &mut self,
        cx: &mut Cx<'_>,
        mut token: Userless,
        step: Own,
        answer: Answer,
    ) -> Result<Option<Outcome>, Failure> {
        let step = match (step, answer) {
            (Own::GraphToken, answer) => match token.resume(cx, answer).transpose()? {
                Some(graph) => {
                    look_up(cx, &graph);
                    Own::Endpoints
                }
                None => Own::GraphToken,
            },
            (Own::Endpoints, Answer::Http(result)) => {
                let Some(discovery_url) = endpoint(cx, result)? else { return Ok(Some(Outcome::NotOffered)) };
                token.next(cx, MDM_RESOURCE);
                Own::MdmToken { discovery_url }
            }
            (Own::MdmToken { discovery_url }, answer) => match token.resume(cx, answer).transpose()? {
                Some(mdm) => {
                    self.mdm_token = Some(mdm);
                    self.state = alive(cx, discovery_url);
                    return Ok(None);
                }
                None => Own::MdmToken { discovery_url },
            },
            (step, _) => step,
        };
        self.state = State::Own(token, step);
        Ok(None)
    }

    /// Who enrols the device; nobody when it does so itself (SDM-015).
    fn upn(&self) -> Option<&str> {
        match &self.right {
            Right::Entra { upn, .. } => Some(upn),
            Right::Device { .. } => None,
            Right::OnPremise { credentials, .. } => Some(credentials.user.expose()),
        }
    }

    /// With an Entra join the subject is the device id; by hand it is the management device id (reference: protocols,
    /// B.5; Windows' own `{GUID}!{DeviceID}` with a NUL is no clean ASN.1 and refused by real servers, G item 3).
    fn subject(&self) -> Name {
        match &self.right {
            Right::Entra { device_id, .. } => Name::common_name(device_id.to_string()),
            Right::Device { device, .. } => Name::common_name(device.device_id.to_string()),
            Right::OnPremise { .. } => Name::common_name(self.mdm_device_id.clone()),
        }
    }

    fn security(&self) -> Security {
        match &self.right {
            Right::Entra { .. } | Right::Device { .. } => {
                let token = self.mdm_token.as_ref().expect("the token is fetched before discovery begins");
                Security::Jwt(token.expose().clone())
            }
            Right::OnPremise { credentials, .. } => Security::UsernameToken {
                user: credentials.user.expose().clone(),
                password: credentials.password.expose().clone(),
            },
        }
    }

    /// The token in a refresh reply, checked.
    fn token(
        &self,
        cx: &mut Cx<'_>,
        result: Result<HttpReply, TransportError>,
        audience: &str,
    ) -> Result<Secret<String>, Failure> {
        let Right::Entra { authority, .. } = &self.right else {
            return Err(Failure::device(DOING, None, "no directory to get a token from"));
        };
        let reply = result.map_err(|e| faults::transport(DOING, &e))?;
        let value = json(cx, &reply).map_err(|problem| Failure::broken(DOING, None, problem))?;
        if !reply.is_success() {
            let (code, text) = super::sign_in::refusal(&value)
                .map_or((None, format!("HTTP {}", reply.status)), |(code, text)| (Some(code), text));
            return Err(Failure::refused(DOING, code, text));
        }
        let access = value.get("access_token").and_then(|t| t.as_str()).unwrap_or_default();
        token::verify(cx, access, authority, &[audience])
            .map_err(|rejected| Failure::broken(DOING, None, rejected.to_string()))?;
        Ok(Secret::new(access.to_owned()))
    }

    fn discover(&self, cx: &mut Cx<'_>, url: &str) {
        let body = Discover {
            header: RequestHeader::new(cx.rng.guid(), url, Security::None),
            email: self.upn().unwrap_or_default().to_owned(),
            // 4.0 reaches the most servers (reference: protocols, G item 9).
            request_version: "4.0".into(),
            device_type: request::DEVICE_TYPE.into(),
            application_version: format!("10.0.{}", cx.setup.image.build),
            os_edition: cx.setup.image.edition_sku,
            auth_policies: match self.right {
                Right::Entra { .. } | Right::Device { .. } => {
                    vec![AuthPolicy::OnPremise, AuthPolicy::Federated]
                }
                Right::OnPremise { .. } => vec![AuthPolicy::OnPremise],
            },
        };
        cx.send(Slot::Enrol, request::soap(url, body.write()), "discovering the enrolment service");
    }

    fn discovered(
        &self,
        cx: &mut Cx<'_>,
        result: Result<HttpReply, TransportError>,
        discovery_url: &str,
    ) -> Result<DiscoverResult, Failure> {
        let reply = soap_reply(cx, result)?;
        let found = DiscoverResult::parse(&reply.body).map_err(|e| faults::reply(cx, DOING, &reply, e))?;
        let urls = std::iter::once(&found.enrollment_url).chain(&found.policy_url);
        let insecure = urls.into_iter().find(|url| !url.starts_with("https://"));
        // A server that was itself named with http (a laboratory on loopback) may go on that way.
        let plain_allowed = discovery_url.starts_with("http://");
        let problem = insecure.filter(|_| !plain_allowed).map(|url| format!("{url} is not https"));
        cx.checked("enrolment-urls-tls", problem.clone());
        if let Some(problem) = problem {
            return Err(Failure::broken(DOING, Some(codes::MENROLL_E_INSECUREREDIRECT), problem));
        }
        let offered = match self.right {
            Right::Entra { .. } | Right::Device { .. } => found.auth_policy == AuthPolicy::Federated,
            Right::OnPremise { .. } => found.auth_policy == AuthPolicy::OnPremise,
        };
        cx.checked("enrolment-auth-policy", (!offered).then(|| format!("{:?}", found.auth_policy)));
        if !offered {
            let detail = format!("the server wants {:?} authentication", found.auth_policy);
            return Err(Failure::broken(DOING, Some(codes::MENROLL_E_DEVICE_AUTHENTICATION_ERROR), detail));
        }
        Ok(found)
    }

    fn ask_policies(&self, cx: &mut Cx<'_>, url: &str) {
        let header = RequestHeader::new(cx.rng.guid(), url, self.security());
        let body = GetPolicies { header, client_hints: Vec::new() };
        cx.send(Slot::Enrol, request::soap(url, body.write()), "asking for the certificate policy");
    }

    fn make_key(&mut self, cx: &mut Cx<'_>, found: DiscoverResult) {
        let kind: KeyKind = cx.setup.keys;
        cx.ask(Slot::Enrol, Ask::Keys(KeyCommand::Create { key: KeyName::new(MDM_KEY), kind }));
        self.state = State::Key { found };
    }

    fn ask_certificate(&self, cx: &mut Cx<'_>, found: &DiscoverResult, csr_der: Vec<u8>) {
        let url = &found.enrollment_url;
        let body = RequestSecurityToken {
            header: RequestHeader::new(cx.rng.guid(), url, self.security()),
            token_type: oobe_wire::soap::ns::DEVICE_ENROLLMENT_TOKEN.into(),
            request_type: oobe_wire::soap::RequestType::Issue,
            csr_der,
            context: request::context(cx, &self.right, &self.mdm_device_id, &self.device_name),
        };
        cx.send(Slot::Enrol, request::soap(url, body.write()), "enrolling into device management");
    }
}

fn look_up(cx: &mut Cx<'_>, token: &Secret<String>) {
    let url = format!(
        "{}/v1.0/myorganization/servicePrincipals/appId={INTUNE_APP}/endpoints",
        cx.setup.endpoints.graph
    );
    let request = HttpRequest::get(url).header("authorization", format!("Bearer {}", token.expose()));
    cx.send(Slot::Enrol, request, "looking up the tenant's MDM");
}

fn alive(cx: &mut Cx<'_>, discovery_url: String) -> State {
    let request =
        HttpRequest::get(&discovery_url).header("cache-control", "no-cache").header("pragma", "no-cache");
    cx.send(Slot::Enrol, request, "looking whether the enrolment server is alive");
    State::Alive { discovery_url }
}

/// The discovery URL out of the tenant's list; `None` when there is none for this user.
fn endpoint(cx: &mut Cx<'_>, result: Result<HttpReply, TransportError>) -> Result<Option<String>, Failure> {
    let reply = result.map_err(|e| faults::transport(DOING, &e))?;
    let value = json(cx, &reply).map_err(|problem| Failure::broken(DOING, None, problem))?;
    if !reply.is_success() {
        let code = Some(codes::MENROLL_E_MDM_NOT_CONFIGURED);
        return Err(Failure::refused(
            DOING,
            code,
            format!("the tenant's MDM can't be looked up: HTTP {}", reply.status),
        ));
    }
    let list = value.get("value").and_then(|v| v.as_array());
    let text =
        |item: &serde_json::Value, name: &str| item.get(name).and_then(|t| t.as_str()).map(str::to_owned);
    let found: Vec<String> = list
        .into_iter()
        .flatten()
        .filter(|item| text(item, "providerName").as_deref() == Some("WindowsEnrollment"))
        .filter_map(|item| text(item, "uri"))
        .collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        _ => Err(Failure::refused(
            DOING,
            Some(codes::MULTIPLE_MDM_CONFIGURATIONS),
            "several MDM configurations",
        )),
    }
}

/// A SOAP answer. What it calls itself is only told: some servers say text/xml or nothing at all, and what counts is
/// what is inside.
fn soap_reply(cx: &mut Cx<'_>, result: Result<HttpReply, TransportError>) -> Result<HttpReply, Failure> {
    let reply = result.map_err(|e| faults::transport(DOING, &e))?;
    let content = reply.header("content-type").unwrap_or("").to_ascii_lowercase();
    if reply.is_success() && !content.starts_with("application/soap+xml") {
        cx.checked("enrolment-content-type", Some(format!("content type is {content:?}")));
    }
    Ok(reply)
}

fn certificate_reply(
    cx: &mut Cx<'_>,
    result: Result<HttpReply, TransportError>,
) -> Result<ProvisioningDoc, Failure> {
    let reply = soap_reply(cx, result)?;
    let response = TokenResponse::parse(&reply.body).map_err(|e| {
        let failure = faults::reply(cx, DOING, &reply, e);
        faults::record(cx, &reply);
        failure
    })?;
    need(cx, "provisioning-document", ProvisioningDoc::parse(&response.provisioning_doc))
        .map_err(|problem| Failure::broken(DOING, Some(codes::MENROLL_E_PROV_UNKNOWN), problem))
}
