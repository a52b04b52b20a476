//! The conversations of the out-of-box experience, each a small resumable machine: it begins, it is resumed with the
//! answer to what it asked, and it ends with one of a closed set of outcomes. None of them sends anything itself;
//! they ask through [`Cx`].
//!
//! What each says on the wire is published unless its module says *model* (reference: protocols, A to F).

pub mod attest;
pub mod authority;
pub mod clock;
pub mod enrol;
pub mod join;
pub mod probe;
pub mod profile;
pub mod prt;
pub mod sign_in;
pub mod token;
pub mod userless;

use oobe_catalog::codes::ResultCode;
use oobe_wire::secret::{Personal, Secret};
use serde::{Deserialize, Serialize};

use crate::cx::Cx;
use crate::io::{HttpReply, NoteFault, TransportError};

/// What the user typed, in memory only: lost with every restart (USR-004).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// User principal name.
    pub user: Personal<String>,
    /// Password.
    pub password: Secret<String>,
}

/// Why a conversation did not reach its goal: who is at fault, what a person is shown, and what really happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What was being done.
    pub doing: &'static str,
    /// Who is at fault.
    pub fault: NoteFault,
    /// Result code that Windows shows for it, where it shows one.
    pub code: Option<&'static ResultCode>,
    /// What really happened, in words: for the trace, not for the screen.
    pub detail: String,
}

impl Failure {
    /// The peer said something that can't be right.
    pub fn broken(doing: &'static str, code: Option<&'static ResultCode>, detail: impl Into<String>) -> Self {
        Self { doing, fault: NoteFault::PeerBrokeProtocol, code, detail: detail.into() }
    }

    /// The peer said no.
    pub fn refused(
        doing: &'static str,
        code: Option<&'static ResultCode>,
        detail: impl Into<String>,
    ) -> Self {
        Self { doing, fault: NoteFault::PeerRefused, code, detail: detail.into() }
    }

    /// No answer came, or none that can be taken.
    pub fn transport(doing: &'static str, error: &TransportError) -> Self {
        Self { doing, fault: error.blames(), code: error.code(), detail: error.to_string() }
    }

    /// The device itself could not do its part.
    pub fn device(doing: &'static str, code: Option<&'static ResultCode>, detail: impl Into<String>) -> Self {
        Self { doing, fault: NoteFault::Device, code, detail: detail.into() }
    }
}

/// Takes what an answer has to hold. Told is only what is wrong: that it holds shows in what comes of it.
pub(crate) fn need<T, E: ToString>(
    cx: &mut Cx<'_>,
    check: &'static str,
    found: Result<T, E>,
) -> Result<T, String> {
    found.map_err(|problem| {
        let problem = problem.to_string();
        cx.checked(check, Some(problem.clone()));
        problem
    })
}

/// Reads a JSON body, whatever its status; tells and says what is wrong with it otherwise.
pub(crate) fn json(cx: &mut Cx<'_>, reply: &HttpReply) -> Result<serde_json::Value, String> {
    let read = serde_json::from_slice(&reply.body)
        .map_err(|error| format!("not JSON ({error}), HTTP {}", reply.status));
    need(cx, "json-reply", read)
}

/// Percent-encodes one path segment or form value.
pub(crate) fn escape(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Writes a form body in the order given.
pub(crate) fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut serializer = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        serializer.append_pair(name, value);
    }
    serializer.finish().into_bytes()
}

/// Content type of forms.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// `User-Agent` of the device registration client (reference: protocols, A.3).
pub(crate) fn dsreg_agent(build: oobe_catalog::WindowsBuild) -> String {
    format!("Dsreg/10.0 (Windows 10.0.{build})")
}
