//! Errors of the registration service (reference: protocols, A.3).

use axum::http::StatusCode;
use oobe_wire::time::Utc;
use serde_json::json;

use crate::http::{Call, Reply, json as json_reply};
use crate::journal::Refused;
use crate::state::State;

/// Why a registration was refused. Which HRESULT Windows makes of it follows from `ErrorType` and `subcode`; the
/// subcodes are a *model* of the real service's.
#[derive(Debug, Clone)]
pub(super) struct DrsError {
    status: StatusCode,
    kind: &'static str,
    subcode: &'static str,
    message: String,
}

impl DrsError {
    fn new(status: StatusCode, kind: &'static str, subcode: &'static str, refused: Refused) -> Self {
        Self { status, kind, subcode, message: refused.why }
    }

    /// The request cannot be read or does not fit together.
    pub(super) fn invalid(refused: Refused) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", "error_invalid_request", refused)
    }

    /// The caller is not who it has to be.
    pub(super) fn authentication(refused: Refused) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "AuthenticationError", "error_authentication_failed", refused)
    }

    /// The device did not prove its TPM (MOD-019).
    pub(super) fn attestation(refused: Refused) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AuthenticationError", "error_attestation_failed", refused)
    }

    /// The user may not join devices.
    pub(super) fn not_allowed(refused: Refused) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AuthorizationError", "error_join_not_allowed", refused)
    }

    /// The user has joined too many devices.
    pub(super) fn quota(refused: Refused) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AuthorizationError", "error_device_quota_exceeded", refused)
    }

    /// The device object is not there.
    pub(super) fn no_object(refused: Refused) -> Self {
        Self::new(StatusCode::NOT_FOUND, "DirectoryError", "error_device_object_not_found", refused)
    }

    /// The reply.
    pub(super) fn reply(&self, state: &mut State, call: &Call<'_>) -> Reply {
        let trace = state.draw("trace-id", call.path).guid();
        let request = call.header("client-request-id").map_or_else(|| trace.to_string(), str::to_owned);
        let code = match self.kind {
            "InvalidRequest" => "invalid_request",
            "AuthenticationError" => "authentication_error",
            "AuthorizationError" => "authorization_error",
            _ => "directory_error",
        };
        let body = json!({
            "ErrorType": self.kind,
            "Message": self.message,
            "TraceId": trace,
            "Time": time(state.now),
            "code": code,
            "subcode": self.subcode,
            "operation": if call.lower_path.contains("device") { "DeviceJoin" } else { "Discover" },
            "requestid": request,
        });
        json_reply(self.status, &body)
    }
}

/// `02-24-2016 17:37:01Z`.
pub(super) fn time(at: Utc) -> String {
    let text = at.to_rfc3339();
    match (text.get(..4), text.get(5..10), text.get(11..19)) {
        (Some(year), Some(day), Some(clock)) => format!("{day}-{year} {clock}Z"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_printed_month_first() {
        assert_eq!(time(Utc::from_unix_seconds(1_456_335_421)), "02-24-2016 17:37:01Z");
    }
}
