//! Errors as Entra ID prints them (reference: protocols, A.1).

use axum::http::StatusCode;
use oobe_catalog::codes::{self, Code};
use serde_json::json;

use crate::http::{Call, Reply, json as json_reply};
use crate::journal::Refused;
use crate::state::State;

/// An error reply of the token endpoint and its neighbours.
#[derive(Debug, Clone)]
pub(crate) struct EntraError {
    status: StatusCode,
    /// The OAuth error.
    error: &'static str,
    /// Its AADSTS number, where the table has one.
    code: Option<&'static Code>,
    why: String,
}

impl EntraError {
    fn new(error: &'static str, code: Option<&'static Code>, refused: Refused) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, code, why: refused.why }
    }

    pub(super) fn tenant_not_found(refused: Refused) -> Self {
        Self::new("invalid_request", Some(codes::AADSTS_TENANT_NOT_FOUND), refused)
    }

    /// Something is missing or cannot be read.
    pub(super) fn invalid_request(refused: Refused) -> Self {
        Self::new("invalid_request", None, refused)
    }

    pub(super) fn unsupported_grant_type(refused: Refused) -> Self {
        Self::new("unsupported_grant_type", None, refused)
    }

    pub(super) fn invalid_resource(refused: Refused) -> Self {
        Self::new("invalid_resource", None, refused)
    }

    /// Whatever was shown is no good; the number tells why.
    pub(super) fn invalid_grant(code: &'static Code) -> impl FnOnce(Refused) -> Self {
        move |refused| Self::new("invalid_grant", Some(code), refused)
    }

    pub(super) fn invalid_client(refused: Refused) -> Self {
        let error = Self::new("invalid_client", Some(codes::AADSTS_DEVICE_AUTHENTICATION_FAILED), refused);
        Self { status: StatusCode::UNAUTHORIZED, ..error }
    }

    pub(super) fn authorization_pending(refused: Refused) -> Self {
        Self::new("authorization_pending", Some(codes::AADSTS_AUTHORIZATION_PENDING), refused)
    }

    pub(super) fn interaction_required(refused: Refused) -> Self {
        Self::new("interaction_required", Some(codes::AADSTS_INTERACTION_REQUIRED), refused)
    }

    /// The number, for journals of other services.
    pub(crate) fn code(&self) -> Option<&'static Code> {
        self.code
    }

    /// The OAuth error and its description.
    pub(super) fn parts(&self) -> (&'static str, String) {
        let number = self.code.map_or_else(String::new, |code| format!("{}: ", code.code));
        (self.error, format!("{number}{}", self.why))
    }

    /// The reply. Errors without a number in the table have an empty `error_codes`.
    pub(crate) fn reply(&self, state: &mut State, call: &Call<'_>) -> Reply {
        let trace = state.draw("trace-id", call.path).guid().to_string();
        let correlation = call.header("client-request-id").map_or_else(|| trace.clone(), str::to_owned);
        let time = state.now.to_rfc3339();
        let stamp = time.get(..19).unwrap_or(&time).replace('T', " ");
        let (error, description) = self.parts();
        let description = format!(
            "{description}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {stamp}Z"
        );
        let numbers: Vec<u32> = self.code.iter().map(|code| code.value()).collect();
        let uri = numbers.first().map(|n| format!("https://login.microsoftonline.com/error?code={n}"));
        json_reply(
            self.status,
            &json!({
                "error": error,
                "error_description": description,
                "error_codes": numbers,
                "timestamp": format!("{stamp}Z"),
                "trace_id": trace,
                "correlation_id": correlation,
                "error_uri": uri.unwrap_or_default(),
            }),
        )
    }
}
