//! The Device Registration Service (MS-DVRJ; reference: protocols, A.2 and A.3).

mod attested;
mod discover;
mod error;
mod join;
mod leave;
mod request;

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::http::{Call, Reply, json as json_reply};
use crate::journal::Service;
use crate::state::State;

/// Host of the service, as it names itself.
pub(crate) const HOST: &str = "enterpriseregistration.windows.net";

/// `enterpriseregistration.windows.net`.
pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Option<Reply> {
    let segments = call.segments();
    let answer = match (call.method, segments.as_slice()) {
        (&Method::GET, [tenant, "discover"]) => discover::discover(state, tenant),
        (&Method::GET, ["enrollmentserver", "nonce", tenant]) => nonce(state, call, tenant),
        (&Method::POST, ["enrollmentserver", "device"]) => join::join(state, call),
        (&Method::DELETE, ["enrollmentserver", "device", device]) => leave::leave(state, call, device),
        _ => return None,
    };
    Some(answer.unwrap_or_else(|error| error.reply(state, call)))
}

/// The nonce service; the misspelling is on the wire (reference: protocols, A.2).
fn nonce(state: &mut State, call: &Call<'_>, tenant: &str) -> Result<Reply, error::DrsError> {
    discover::tenant(state, tenant)?;
    let nonce = crate::entra::issue_nonce(state, call.path);
    state.journal.tell(Service::Drs, "nonce-issued", "");
    let trace = state.draw("trace-id", call.path).guid();
    Ok(json_reply(
        StatusCode::OK,
        &json!({
            "ReponseStatus": { "message": "", "traceId": trace, "time": error::time(state.now) },
            "Value": nonce,
        }),
    ))
}
