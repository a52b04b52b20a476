//! Faults that live in the service (design, rule 5): answers that go wrong on the way out, and tweaks that make a
//! service do the wrong thing in earnest, so that what a device checks can be provoked from its cause.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderValue, StatusCode, header};
use oobe_wire::soap::{EnrollmentFault, Fault, ResponseHeader};
use serde::{Deserialize, Serialize};

use crate::cloud::Cloud;
use crate::http::{Reply, empty, reply};
use crate::route::{self, MAX_BODY, host_of, too_large};
use crate::state::State;

/// A service misbehaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceFault {
    /// On which requests.
    pub matcher: Matcher,
    /// How.
    pub what: FaultKind,
}

/// Which requests a fault is for. Texts are compared without case; what is absent matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Matcher {
    /// Part of the host name.
    pub host: Option<String>,
    /// Part of path and query.
    pub path: Option<String>,
    /// Part of the request's body: a grant type, a SOAP action, a LocURI, a side-car content type.
    pub operation: Option<String>,
    /// The first matching request that it hits, counted from 1.
    pub nth: u32,
    /// How many matching requests it hits from there; 0 for all.
    pub times: u32,
}

impl Default for Matcher {
    fn default() -> Self {
        Self { host: None, path: None, operation: None, nth: 1, times: 1 }
    }
}

/// How a service misbehaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum FaultKind {
    /// Answers with that status and no body, without looking at the request.
    Status {
        /// The status.
        status: u16,
    },
    /// Answers with that body under status 200, without looking at the request.
    Body {
        /// The body.
        bytes: Vec<u8>,
        /// Its content type.
        content_type: String,
    },
    /// Does its work, then breaks the body off in the middle.
    Truncate,
    /// Does its work, then sends a body of 16 MB.
    Oversize,
    /// Does its work, then names a content type that it is not.
    WrongContentType,
    /// Answers with a SOAP fault, without looking at the request.
    SoapFault {
        /// `DeviceCapReached`, `InMaintenance`, ... or a subcode such as `Authentication`.
        error: String,
        /// Reason for people.
        reason: String,
        /// HTTP status: 500, though some servers say 200.
        status: u16,
    },
    /// Does not hear the request: no answer ever comes.
    Silence,
    /// Does its work, but the answer is lost on the way.
    AnswerLost,
    /// Entra gives out tokens that are not right.
    Token {
        /// What is wrong with them.
        tweak: TokenTweak,
    },
    /// Issues certificates for a key that is not the one asked for.
    CertificateForAnotherKey,
    /// Issues certificates from a CA that is not the one it names.
    ForeignChain,
    /// Its clock is wrong while it answers, milliseconds; positive runs ahead.
    ClockOff {
        /// By how much.
        ms: i64,
    },
}

impl FaultKind {
    /// Whether it lets the service do its work and changes what comes of it on the way out.
    const fn spoils_answers(&self) -> bool {
        matches!(self, Self::Truncate | Self::Oversize | Self::WrongContentType | Self::AnswerLost)
    }
}

/// In words: what the service does.
impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status } => write!(f, "the service answers {status} and does nothing"),
            Self::Body { bytes, content_type } => {
                write!(
                    f,
                    "the service answers {} bytes of its own ({content_type:?}) and does nothing",
                    bytes.len()
                )
            }
            Self::Truncate => f.write_str("the service breaks its answer off in the middle"),
            Self::Oversize => f.write_str("the service answers 16 MB"),
            Self::WrongContentType => f.write_str("the service names a content type that it is not"),
            Self::SoapFault { error, .. } => write!(f, "the service answers with the SOAP fault {error}"),
            Self::Silence => f.write_str("the service does not hear the request"),
            Self::AnswerLost => f.write_str("the service does its work and the answer is lost"),
            Self::Token { tweak } => write!(f, "the service gives out tokens that are {tweak}"),
            Self::CertificateForAnotherKey => {
                f.write_str("the service issues certificates for a key that was not asked for")
            }
            Self::ForeignChain => {
                f.write_str("the service issues certificates from a CA that it does not name")
            }
            Self::ClockOff { ms } => {
                let way = if *ms < 0 { "slow" } else { "fast" };
                write!(f, "the service's clock is {} s {way}", ms.unsigned_abs() / 1_000)
            }
        }
    }
}

/// What is wrong with tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenTweak {
    /// Meant for somebody else.
    WrongAudience,
    /// Issued by somebody else.
    WrongIssuer,
    /// For another tenant's user.
    WrongTenant,
    /// Issued by and for another tenant, whole in itself.
    ForeignTenant,
    /// For nobody's tenant.
    NoTenant,
    /// For another device; what was given to no device becomes a device's.
    WrongDevice,
    /// No longer valid.
    Expired,
    /// Not valid yet.
    NotYetValid,
    /// The signature is damaged.
    BadSignature,
    /// Signed with a key that is not in the JWKS, under the id of one that is.
    OtherKey,
}

/// In words: what the tokens are.
impl fmt::Display for TokenTweak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongAudience => "meant for somebody else",
            Self::WrongIssuer => "issued by somebody else",
            Self::WrongTenant => "for another tenant's user",
            Self::ForeignTenant => "another tenant's, by and for it",
            Self::NoTenant => "for nobody's tenant",
            Self::WrongDevice => "for another device",
            Self::Expired => "no longer valid",
            Self::NotYetValid => "not valid yet",
            Self::BadSignature => "damaged in their signature",
            Self::OtherKey => "signed with a key that is not published",
        })
    }
}

/// Marks a response that the transport turns into no answer at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence;

/// The faults that meet one request. Those that a service has to look at itself travel in the request's extensions.
#[derive(Debug, Default)]
pub(crate) struct Tweaks(Vec<Tweak>);

/// A fault that meets a request; whether it strikes shows when there is something for it to spoil.
#[derive(Debug)]
struct Tweak {
    /// Its place among those that were injected.
    at: usize,
    kind: FaultKind,
    struck: AtomicBool,
}

impl Tweaks {
    /// For requests that no fault meets.
    pub(crate) const NONE: &'static Self = &Self(Vec::new());

    /// The first of those that `of` is about; it has struck then.
    pub(crate) fn apply<T>(&self, of: impl Fn(&FaultKind) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|tweak| {
            let found = of(&tweak.kind)?;
            tweak.struck.store(true, Ordering::Relaxed);
            Some(found)
        })
    }

    /// Whether there is that one; it has struck then.
    pub(crate) fn applies(&self, kind: &FaultKind) -> bool {
        self.apply(|one| (one == kind).then_some(())).is_some()
    }
}

/// A fault that waits for its request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ArmedFault {
    #[serde(default)]
    name: String,
    fault: ServiceFault,
    /// Requests that fitted.
    seen: u32,
    /// Whether it ever changed an answer.
    #[serde(default)]
    struck: bool,
}

/// Arms a fault.
pub(crate) fn arm(state: &mut State, name: String, fault: ServiceFault) {
    state.faults.push(ArmedFault { name, fault, seen: 0, struck: false });
}

/// Names of the faults that have not struck.
pub(crate) fn unused(state: &State) -> Vec<String> {
    state.faults.iter().filter(|armed| !armed.struck).map(|armed| armed.name.clone()).collect()
}

/// The faults that meet a request; counts it.
fn met(state: &mut State, host: &str, path: &str, body: &[u8]) -> Tweaks {
    let body = String::from_utf8_lossy(body).to_lowercase();
    let path = path.to_lowercase();
    let has = |part: &Option<String>, text: &str| {
        part.as_ref().is_none_or(|part| text.contains(&part.to_lowercase()))
    };
    let mut met = Vec::new();
    for (at, armed) in state.faults.iter_mut().enumerate() {
        let matcher = &armed.fault.matcher;
        if !(has(&matcher.host, host) && has(&matcher.path, &path) && has(&matcher.operation, &body)) {
            continue;
        }
        armed.seen = armed.seen.saturating_add(1);
        let first = matcher.nth.max(1);
        let over = first.saturating_add(matcher.times);
        if armed.seen >= first && (matcher.times == 0 || armed.seen < over) {
            met.push(Tweak { at, kind: armed.fault.what.clone(), struck: AtomicBool::new(false) });
        }
    }
    Tweaks(met)
}

/// Tells which of them struck.
fn tell(state: &mut State, tweaks: &Tweaks) {
    for tweak in tweaks.0.iter().filter(|tweak| tweak.struck.load(Ordering::Relaxed)) {
        if let Some(armed) = state.faults.get_mut(tweak.at) {
            armed.struck = true;
            state.journal.struck(&armed.name, tweak.kind.to_string());
        }
    }
}

/// Answers a request: by the service, unless a fault strikes.
pub(crate) async fn answer(Shared(cloud): Shared<Cloud>, request: Request) -> Reply {
    if cloud.with(|state| state.faults.is_empty()) {
        return route::answer(&cloud, request).await;
    }
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return too_large(&cloud);
    };
    let host = host_of(&parts.uri, &parts.headers);
    let path = parts.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
    let tweaks = Arc::new(cloud.with(|state| met(state, &host, &path, &body)));
    // What stands in the service's place leaves nothing for others to spoil.
    if let Some(answer) = tweaks.apply(instead) {
        cloud.with(|state| tell(state, &tweaks));
        return answer;
    }
    parts.extensions.insert(Arc::clone(&tweaks));
    let skew = tweaks.apply(|kind| match kind {
        FaultKind::ClockOff { ms } => Some(*ms),
        _ => None,
    });
    let right = cloud.now();
    cloud.set_now(right.plus_ms(skew.unwrap_or(0)));
    let mut answer = route::answer(&cloud, Request::from_parts(parts, Body::from(body))).await;
    cloud.set_now(right);
    for tweak in tweaks.0.iter().filter(|tweak| tweak.kind.spoils_answers()) {
        tweak.struck.store(true, Ordering::Relaxed);
        answer = spoil(&tweak.kind, answer).await;
    }
    cloud.with(|state| tell(state, &tweaks));
    answer
}

/// What is answered in place of the service.
fn instead(kind: &FaultKind) -> Option<Reply> {
    match kind {
        FaultKind::Status { status } => {
            Some(empty(StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)))
        }
        FaultKind::Body { bytes, content_type } => {
            let mut answer = reply(StatusCode::OK, "application/octet-stream", bytes.clone());
            if let Ok(value) = HeaderValue::from_str(content_type) {
                answer.headers_mut().insert(header::CONTENT_TYPE, value);
            }
            Some(answer)
        }
        FaultKind::SoapFault { error, reason, status } => {
            let fault = Fault::of(&enrollment_fault(error, reason), reason.clone(), "injected");
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Some(reply(status, oobe_wire::soap::CONTENT_TYPE, fault.write(&ResponseHeader::default())))
        }
        FaultKind::Silence => Some(silent()),
        _ => None,
    }
}

fn silent() -> Reply {
    let mut answer = empty(StatusCode::GATEWAY_TIMEOUT);
    answer.extensions_mut().insert(Silence);
    answer
}

/// What becomes of an answer.
async fn spoil(kind: &FaultKind, answer: Reply) -> Reply {
    match kind {
        FaultKind::Truncate => {
            let (parts, body) = answer.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
            Reply::from_parts(parts, Body::from(body.slice(..body.len() / 2)))
        }
        FaultKind::Oversize => {
            let (parts, _) = answer.into_parts();
            Reply::from_parts(parts, Body::from(vec![b' '; 16 * 1024 * 1024]))
        }
        FaultKind::WrongContentType => {
            let mut answer = answer;
            answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
            answer
        }
        FaultKind::AnswerLost => silent(),
        _ => answer,
    }
}

/// The enrolment failure of that name.
fn enrollment_fault(error: &str, reason: &str) -> EnrollmentFault {
    match error {
        "MessageFormat" => EnrollmentFault::MessageFormat,
        "Authentication" => EnrollmentFault::Authentication,
        "Authorization" => EnrollmentFault::Authorization,
        "CertificateRequest" => EnrollmentFault::CertificateRequest,
        "EnrollmentServer" => EnrollmentFault::EnrollmentServer,
        "InternalServiceFault" => EnrollmentFault::InternalServiceFault,
        "InvalidSecurity" => EnrollmentFault::InvalidSecurity,
        "DeviceCapReached" => EnrollmentFault::DeviceCapReached,
        "DeviceNotSupported" => EnrollmentFault::DeviceNotSupported,
        "NotSupported" => EnrollmentFault::NotSupported,
        "NotEligibleToRenew" => EnrollmentFault::NotEligibleToRenew,
        "InMaintenance" => EnrollmentFault::InMaintenance,
        "UserLicense" => EnrollmentFault::UserLicense,
        "InvalidEnrollmentData" => EnrollmentFault::InvalidEnrollmentData,
        "CustomServerError" => EnrollmentFault::CustomServerError(reason.to_owned()),
        _ => EnrollmentFault::Unknown,
    }
}
