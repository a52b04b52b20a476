//! Joining Entra ID (MS-DVRJ): discovery, device and transport key, certificate request, the join itself, and the
//! checks on the certificate that comes back.

use oobe_catalog::codes::{self, ResultCode};
use oobe_wire::bcrypt;
use oobe_wire::crypto::{KeyKind, PublicKey};
use oobe_wire::encoding::{base64_decode, base64_encode};
use oobe_wire::ids::Guid;
use oobe_wire::secret::{Personal, Secret};
use oobe_wire::x509::{self, Name};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use super::attest::Proof;
use super::{Failure, dsreg_agent, json as parse_json, need};
use crate::cx::{Answer, Ask, Cx};
use crate::io::{HttpReply, HttpRequest, Slot};
use crate::keys::{KeyCommand, KeyName, KeyReply, SignatureForm};

/// The device key, named by the device certificate.
pub const DEVICE_KEY: &str = "device";
/// The transport key, which session keys come wrapped to.
pub const TRANSPORT_KEY: &str = "transport";
/// Subject of the request (reference: protocols, 0).
const REQUEST_CN: &str = "7E980AD9-B86D-4306-9425-9AC066FB014A";

/// What a joined device keeps on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JoinedDevice {
    /// Device id in Entra ID.
    pub device_id: Guid,
    /// Tenant.
    pub tenant: Guid,
    /// Device certificate, DER; its key is [`DEVICE_KEY`].
    pub certificate: Vec<u8>,
    /// Who joined it, empty for nobody: on the disk in the clear, since the sign-in page shows it; masked wherever it is printed.
    #[serde(serialize_with = "in_the_clear")]
    pub upn: Personal<String>,
    /// SIDs that became local administrators.
    pub administrators: Vec<String>,
    /// Nobody joined it: it did so itself, with what its TPM proved.
    #[serde(default)]
    pub by_device: bool,
}

fn in_the_clear<S: Serializer>(upn: &Personal<String>, serializer: S) -> Result<S::Ok, S::Error> {
    upn.expose().serialize(serializer)
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Joined.
    Joined(Box<JoinedDevice>),
    /// Not joined.
    Failed(Failure),
}

/// By which right a device joins.
#[derive(Debug, Clone, PartialEq)]
pub enum Right {
    /// A user signed in.
    User {
        /// Token for the Device Registration Service.
        token: Secret<String>,
        /// User principal name.
        upn: String,
    },
    /// The TPM vouches for it (SDM-001). The fields of the request are public, the authorisation is *model* (MOD-017).
    Device {
        /// What it proved; the key that joins is in the TPM already.
        proof: Box<Proof>,
        /// Domain of the tenant, as the profile has it.
        domain: String,
    },
}

/// Who joins.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// By which right.
    pub right: Right,
    /// The tenant.
    pub tenant: Guid,
    /// Ticket of an Autopilot registration, if the device has one.
    pub ticket: Option<Secret<String>>,
    /// Name the device goes by.
    pub display_name: String,
}

/// What is being waited for.
#[derive(Debug, Clone, PartialEq)]
enum State {
    Discovery,
    DeviceKey { endpoint: String },
    TransportKey { endpoint: String, device: PublicKey },
    RequestSignature { endpoint: String, device: PublicKey, transport: PublicKey, to_be_signed: Vec<u8> },
    Registration { device: PublicKey },
}

/// The conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    request: Request,
    state: State,
}

const DOING: &str = "joining Entra ID";

impl Join {
    /// Begins.
    pub fn begin(cx: &mut Cx<'_>, request: Request) -> Self {
        let url = format!(
            "{}/{}/Discover?api-version=1.9&managed=True",
            cx.setup.endpoints.registration, request.tenant
        );
        let ask = HttpRequest::get(url).header("user-agent", dsreg_agent(cx.setup.image.build));
        cx.send(Slot::Join, ask, "finding the device registration service");
        Self { request, state: State::Discovery }
    }

    /// Goes on; `None` while it is not over.
    pub fn resume(&mut self, cx: &mut Cx<'_>, answer: Answer) -> Option<Outcome> {
        match self.advance(cx, answer) {
            Ok(outcome) => outcome,
            Err(failure) => Some(Outcome::Failed(failure)),
        }
    }

    fn advance(&mut self, cx: &mut Cx<'_>, answer: Answer) -> Result<Option<Outcome>, Failure> {
        let kind = cx.setup.keys;
        match (self.state.clone(), answer) {
            (State::Discovery, Answer::Http(result)) => {
                let failed = Some(codes::DSREG_AUTOJOIN_DISC_FAILED);
                let reply = result.map_err(|e| Failure { code: failed, ..Failure::transport(DOING, &e) })?;
                let endpoint =
                    endpoint(cx, &reply).map_err(|problem| Failure::broken(DOING, failed, problem))?;
                if let Right::Device { proof, .. } = &self.request.right {
                    let device = proof.key.clone();
                    create(cx, TRANSPORT_KEY, kind);
                    self.state = State::TransportKey { endpoint, device };
                } else {
                    create(cx, DEVICE_KEY, kind);
                    self.state = State::DeviceKey { endpoint };
                }
                Ok(None)
            }
            (State::DeviceKey { endpoint }, Answer::Keys(result)) => {
                let device = public(result)?;
                create(cx, TRANSPORT_KEY, kind);
                self.state = State::TransportKey { endpoint, device };
                Ok(None)
            }
            (State::TransportKey { endpoint, device }, Answer::Keys(result)) => {
                let transport = public(result)?;
                let to_be_signed = x509::csr_to_be_signed(&Name::common_name(REQUEST_CN), &device, &[]);
                cx.ask(
                    Slot::Join,
                    Ask::Keys(KeyCommand::Sign {
                        key: KeyName::new(DEVICE_KEY),
                        message: to_be_signed.clone(),
                        form: SignatureForm::X509,
                    }),
                );
                self.state = State::RequestSignature { endpoint, device, transport, to_be_signed };
                Ok(None)
            }
            (State::RequestSignature { endpoint, device, transport, to_be_signed }, Answer::Keys(result)) => {
                let Ok(KeyReply::Signature { bytes }) = result else {
                    return Err(Failure::device(DOING, None, "the device key did not sign the request"));
                };
                let csr = x509::assemble_csr(&to_be_signed, &bytes, kind);
                self.post(cx, &endpoint, &csr, &transport);
                self.state = State::Registration { device };
                Ok(None)
            }
            (State::Registration { device }, Answer::Http(result)) => {
                let reply = result.map_err(|e| Failure::transport(DOING, &e))?;
                let joined = self.registered(cx, &reply, &device)?;
                Ok(Some(Outcome::Joined(Box::new(joined))))
            }
            _ => Ok(None),
        }
    }

    fn post(&self, cx: &mut Cx<'_>, endpoint: &str, csr: &[u8], transport: &PublicKey) {
        let mut attributes = json!({ "ReuseDevice": "true", "ReturnClientSid": "true" });
        if let Some(ticket) = &self.request.ticket {
            attributes["MSA-DDID"] = json!(base64_encode(ticket.expose().as_bytes()));
        }
        let (token, domain, aik_certificate, statement) = match &self.request.right {
            Right::User { token, upn } => {
                let domain = upn.split_once('@').map_or("", |(_, domain)| domain);
                (token, domain, String::new(), String::new())
            }
            Right::Device { proof, domain } => {
                attributes["SharedDevice"] = json!("true");
                let statement = base64_encode(&proof.statement.encode());
                (&proof.device_token, domain.as_str(), base64_encode(&proof.aik_certificate), statement)
            }
        };
        let body = json!({
            "CertificateRequest": { "Type": "pkcs10", "Data": base64_encode(csr) },
            "TransportKey": base64_encode(&bcrypt::encode_public(transport)),
            "TargetDomain": domain,
            "DeviceType": "Windows",
            "OSVersion": format!("10.0.{}", cx.setup.image.build),
            "DeviceDisplayName": self.request.display_name,
            "JoinType": 0,
            "AikCertificate": aik_certificate,
            "AttestationData": statement,
            "Attributes": attributes,
        });
        let url = format!("{endpoint}?api-version=2.0");
        let request = HttpRequest::post(url, "application/json", body.to_string())
            .header("authorization", format!("Bearer {}", token.expose()))
            .header("user-agent", dsreg_agent(cx.setup.image.build));
        cx.send(Slot::Join, request, "registering the device with Entra ID");
    }

    fn registered(
        &self,
        cx: &mut Cx<'_>,
        reply: &HttpReply,
        device: &PublicKey,
    ) -> Result<JoinedDevice, Failure> {
        let value = parse_json(cx, reply).map_err(broken)?;
        if !reply.is_success() {
            let (code, text) = refusal(&value);
            return Err(Failure::refused(DOING, Some(code), text));
        }
        let body = value.pointer("/Certificate/RawBody").and_then(Value::as_str).unwrap_or_default();
        let der = base64_decode(body).map_err(|e| format!("the certificate is not base64: {e}"));
        let read = der.and_then(|der| x509::parse_certificate(&der).map_err(|e| e.to_string()));
        let certificate = need(cx, "device-certificate-shape", read).map_err(broken)?;

        let thumbprint = value.pointer("/Certificate/Thumbprint").and_then(Value::as_str).unwrap_or_default();
        let ours = certificate.sha1_thumbprint_hex_upper();
        check(cx, "device-certificate-thumbprint", ours.eq_ignore_ascii_case(thumbprint), || {
            format!("says {thumbprint}, is {ours}")
        })?;
        check(cx, "device-certificate-fits-key", certificate.public_key == *device, || {
            "the certificate is for another key".into()
        })?;
        let now = cx.utc;
        check(
            cx,
            "device-certificate-validity",
            certificate.not_before <= now && now <= certificate.not_after,
            || {
                format!(
                    "valid from {} to {}",
                    certificate.not_before.to_rfc3339(),
                    certificate.not_after.to_rfc3339()
                )
            },
        )?;
        let device_id: Option<Guid> = certificate.subject_cn.parse().ok();
        check(cx, "device-certificate-subject", device_id.is_some(), || {
            format!("the subject {:?} is no device id", certificate.subject_cn)
        })?;
        let administrators = value
            .pointer("/MembershipChanges/0/AddSIDs")
            .and_then(Value::as_array)
            .map(|sids| sids.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            .unwrap_or_default();
        Ok(JoinedDevice {
            device_id: device_id.unwrap_or(Guid::NIL),
            tenant: self.request.tenant,
            certificate: certificate.der,
            upn: Personal::new(match &self.request.right {
                Right::User { upn, .. } => upn.clone(),
                Right::Device { .. } => String::new(),
            }),
            administrators,
            by_device: matches!(self.request.right, Right::Device { .. }),
        })
    }
}

fn check(
    cx: &mut Cx<'_>,
    name: &'static str,
    holds: bool,
    problem: impl FnOnce() -> String,
) -> Result<(), Failure> {
    let failed = (!holds).then(problem);
    cx.checked(name, failed.clone());
    failed.map_or(Ok(()), |problem| Err(broken(format!("{name}: {problem}"))))
}

fn broken(detail: impl Into<String>) -> Failure {
    Failure::broken(DOING, Some(codes::DSREG_E_DEVICE_MESSAGE_FORMAT_ERROR), detail)
}

fn create(cx: &mut Cx<'_>, key: &str, kind: KeyKind) {
    cx.ask(Slot::Join, Ask::Keys(KeyCommand::Create { key: KeyName::new(key), kind }));
}

pub(crate) fn public(result: Result<KeyReply, crate::keys::KeyError>) -> Result<PublicKey, Failure> {
    match result {
        Ok(KeyReply::Public { key }) => Ok(key),
        Ok(_) => Err(Failure::device("making a key", None, "the key store gave no public key")),
        Err(error) => Err(Failure::device("making a key", None, error.to_string())),
    }
}

/// Where to join, out of the discovery answer: it must be TLS.
fn endpoint(cx: &mut Cx<'_>, reply: &HttpReply) -> Result<String, String> {
    if !reply.is_success() {
        return Err(format!("HTTP {}", reply.status));
    }
    let value = parse_json(cx, reply)?;
    let endpoint = value
        .pointer("/DeviceJoinService/JoinEndpoint")
        .and_then(Value::as_str)
        .ok_or("the discovery answer names no join endpoint");
    let endpoint = need(cx, "join-endpoint", endpoint)?;
    let secure = endpoint.starts_with("https://");
    cx.checked("join-endpoint-tls", (!secure).then(|| format!("{endpoint} is not https")));
    if secure { Ok(endpoint.to_owned()) } else { Err(format!("{endpoint} is not https")) }
}

/// What Windows shows for the service's refusal. Both Entra refusals show as 801c0003 on the page (reference: flows,
/// 17, "Too many devices"); the log keeps the precise one.
fn refusal(value: &Value) -> (&'static ResultCode, String) {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, message) = (text("ErrorType"), text("Message"));
    let named = [text("code"), text("subcode"), message.clone()].join(" ").to_ascii_lowercase();
    let code = if named.contains("deviceobjectnotfound") || named.contains("device_object_not_found") {
        codes::DSREG_DEVICE_OBJECT_NOT_FOUND
    } else if named.contains("quota") {
        codes::DSREG_E_DEVICE_REGISTRATION_QUOTA_EXCEEDED
    } else if named.contains("attestation") {
        codes::DSREG_ATTESTATION_FAILED
    } else {
        match kind.as_str() {
            "AuthorizationError" => codes::DSREG_JOIN_NOT_AUTHORIZED,
            "AuthenticationError" => codes::DSREG_E_DEVICE_AUTHENTICATION_ERROR,
            "InvalidRequest" => codes::DSREG_E_DEVICE_MESSAGE_FORMAT_ERROR,
            _ => codes::DSREG_E_DEVICE_INTERNALSERVICE_ERROR,
        }
    };
    (code, format!("{kind}: {message}"))
}
