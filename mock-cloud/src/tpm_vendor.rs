//! The endpoints at which vendors of firmware TPMs serve endorsement key certificates (NET-012; reference: protocols,
//! section 0, row 5). What is served at which address is the setup's business.

use axum::http::{HeaderValue, Method, StatusCode, header};
use oobe_wire::encoding::base64_decode;

use crate::checks;
use crate::http::{Call, Reply, reply, text};
use crate::state::State;

/// `ekop.intel.com`, `ekcert.spserv.microsoft.com`, `ftpm.amd.com`.
pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Option<Reply> {
    if call.method != Method::GET {
        return None;
    }
    let known = |host: &str| state.attestation.endpoints.iter().any(|e| e.host.eq_ignore_ascii_case(host));
    let vendor = matches!(call.host, "ekop.intel.com" | "ekcert.spserv.microsoft.com" | "ftpm.amd.com");
    if !vendor && !known(call.host) {
        return None;
    }
    let address = match call.raw_query {
        Some(query) => format!("{}?{query}", call.path),
        None => call.path.to_owned(),
    };
    let found = state
        .attestation
        .endpoints
        .iter()
        .find(|e| e.host.eq_ignore_ascii_case(call.host) && e.path == address)
        .cloned()
        .ok_or_else(|| format!("{} has no certificate at {address}", call.host));
    Some(match state.journal.need(checks::VENDOR_CERTIFICATE_KNOWN, found) {
        Err(_) => text(StatusCode::NOT_FOUND, "there is no certificate for this key"),
        Ok(endpoint) => {
            let body = base64_decode(&endpoint.body).unwrap_or_default();
            let mut answer = reply(StatusCode::OK, "application/octet-stream", body);
            if let Ok(value) = HeaderValue::from_str(&endpoint.content_type) {
                answer.headers_mut().insert(header::CONTENT_TYPE, value);
            }
            answer
        }
    })
}
