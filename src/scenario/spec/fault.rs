//! Faults. They are causes: what the user sees follows from the model. Forcing an answer is a kind of its own.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Glob, RequestPattern};
use crate::scenario::quantity::{Duration, Offset};

/// Something that is broken. Exactly one of `network`, `service`, `machine` and `force` says what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    /// What to call it in the trace.
    #[serde(default)]
    pub name: Option<String>,
    /// The device that meets it; every device when absent.
    #[serde(default)]
    pub device: Option<String>,
    /// When it begins; at once when absent.
    #[serde(default)]
    pub from: Option<Duration>,
    /// When it is over; never when absent.
    #[serde(default)]
    pub until: Option<Duration>,
    /// The first request that meets it, counted from 1 among those that fit.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub nth: Option<u32>,
    /// How many requests meet it; when absent all of them, or one when `nth` is given.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub times: Option<u32>,
    /// Between device and service.
    #[serde(default)]
    pub network: Option<NetworkFault>,
    /// In the service.
    #[serde(default)]
    pub service: Option<ServiceFaultSpec>,
    /// In the device, at `from`.
    #[serde(default)]
    pub machine: Option<DeviceFault>,
    /// No cause at all: an answer put in place of the real one.
    #[serde(default)]
    pub force: Option<ForceFault>,
}

impl FaultSpec {
    /// What the trace calls it. `at` is its place among the faults of its scenario, from 0.
    pub fn called(&self, at: usize) -> String {
        self.name.clone().unwrap_or_else(|| format!("fault {}", at + 1))
    }
}

/// A fault between device and service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkFault {
    /// Host, e.g. `login.microsoftonline.com`; every host when absent.
    #[serde(default)]
    pub host: Option<Glob>,
    /// Path; every path when absent.
    #[serde(default)]
    pub path: Option<Glob>,
    /// What happens to the request.
    pub fails: NetworkFailure,
    /// How much longer the answer takes (`slow`).
    #[serde(default)]
    pub delay: Option<Duration>,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkFailure {
    /// Nothing listens there.
    Refused,
    /// The peer hangs up in the middle.
    Reset,
    /// Nobody answers.
    Timeout,
    /// The name does not resolve.
    Dns,
    /// The server's certificate is outside its validity.
    TlsDate,
    /// The server's certificate is not trusted.
    TlsUntrusted,
    /// The server's certificate is for another name.
    TlsName,
    /// The client certificate is refused.
    TlsClientCertificate,
    /// The handshake fails.
    TlsHandshake,
    /// A proxy refuses (status 407).
    Proxy,
    /// The answer takes longer, by `delay`.
    Slow,
    /// The answer's body is replaced by noise.
    Garbage,
    /// The answer's body breaks off in the middle.
    Truncated,
    /// The answer's body is larger than a device takes.
    Oversized,
}

/// A fault in a service. Texts are parts of what they are compared with; case does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceFaultSpec {
    /// Part of the host, e.g. `login.microsoftonline.com`; every host when absent.
    #[serde(default)]
    pub host: Option<String>,
    /// Part of path and query; every path when absent.
    #[serde(default)]
    pub path: Option<String>,
    /// Part of the body: a grant type, a SOAP action, a LocURI; every body when absent.
    #[serde(default)]
    pub operation: Option<String>,
    /// What the service does.
    pub does: ServiceFailure,
}

/// How a service misbehaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceFailure {
    /// It answers with this status and does nothing.
    Status(u16),
    /// It answers with this body under status 200 and does nothing.
    Body {
        /// The body.
        text: String,
        /// Its content type.
        content_type: String,
    },
    /// It does its work, then breaks the body off in the middle.
    Truncate,
    /// It does its work, then sends more than a device takes.
    Oversize,
    /// It does its work, then names another content type.
    WrongContentType,
    /// It answers with a SOAP fault and does nothing.
    SoapFault {
        /// `DeviceCapReached`, `InMaintenance`, `Authentication`, ...
        error: String,
        /// Reason, for people.
        #[serde(default)]
        reason: String,
        /// HTTP status.
        #[serde(default = "internal_error")]
        status: u16,
    },
    /// It does not hear the request.
    Silence,
    /// It does its work, but the answer is lost.
    AnswerLost,
    /// Its tokens are not right.
    Token(TokenFlaw),
    /// It issues certificates for a key that is not the one asked for.
    CertificateForAnotherKey,
    /// It issues certificates from a CA that is not the one it names.
    ForeignChain,
    /// Its clock is off.
    Clock(Offset),
}

const fn internal_error() -> u16 {
    500
}

/// What is wrong with tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TokenFlaw {
    /// Meant for somebody else.
    WrongAudience,
    /// Issued by somebody else.
    WrongIssuer,
    /// For another tenant's user.
    WrongTenant,
    /// No longer valid.
    Expired,
    /// Not valid yet.
    NotYetValid,
    /// The signature is damaged.
    BadSignature,
    /// Signed with a key that is not published.
    OtherKey,
}

/// A fault in the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceFault {
    /// Its clock jumps to this error.
    Clock(Offset),
    /// Power goes; it comes back after this time.
    PowerCut(Duration),
    /// Someone restarts it.
    Restart,
}

/// In words, for the trace.
impl fmt::Display for DeviceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock(skew) => write!(f, "the device's clock is off by {skew} from now on"),
            Self::PowerCut(back) => write!(f, "power goes and comes back after {back}"),
            Self::Restart => f.write_str("someone restarts the device"),
        }
    }
}

/// An answer put in place of the real one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForceFault {
    /// Which requests.
    pub request: RequestPattern,
    /// Status of the answer.
    pub status: u16,
    /// Content type of the answer.
    #[serde(default)]
    pub content_type: String,
    /// Body of the answer.
    #[serde(default)]
    pub body: String,
}
