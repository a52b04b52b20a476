//! The side-car: what the Intune Management Extension talks to (reference: protocols, F), and content delivery. Of the
//! app objects only the member names are known; their composition is *model*.

mod content;
mod gateway;
mod listing;

use axum::http::{Method, StatusCode};
use serde_json::json;

pub(crate) use content::{CONTENT_HOST, content_url};
pub(crate) use listing::Listed;

use crate::checks;
use crate::http::{Call, Reply, json as json_reply};
use crate::manage::{PeerChecks, enrolment_of};
use crate::state::State;

/// Where the gateway is.
const GATEWAY_URL: &str = "https://fef.manage.microsoft.com/SideCar/StatelessSideCarGatewayService";

const PEER_CHECKS: PeerChecks = PeerChecks {
    certificate: checks::SIDECAR_CERTIFICATE,
    chain: checks::SIDECAR_CHAIN,
    enrolled: checks::SIDECAR_ENROLLED,
    current: checks::SIDECAR_CERTIFICATE_CURRENT,
};

/// `manage.microsoft.com`, `fef.manage.microsoft.com` and the content host.
pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Option<Reply> {
    let segments = call.segments();
    match (call.method, segments.as_slice()) {
        (&Method::GET, [.., "certificate", "serviceaddresses"]) => Some(addresses(state, call)),
        (&Method::PUT, ["sidecar", "statelesssidecargatewayservice", session])
            if session.starts_with("sidecargatewaysessions('") && session.ends_with("')") =>
        {
            Some(gateway::session(state, call))
        }
        (&Method::GET, ["content", place, file]) => Some(content::download(state, place, file)),
        _ => None,
    }
}

/// Which services there are. A browser may ask; a device shows its MDM certificate.
fn addresses(state: &mut State, call: &Call<'_>) -> Reply {
    if let Err(status) = enrolment_of(state, call, &PEER_CHECKS) {
        return refuse(status, "the channel's certificate is no good here");
    }
    let services = json!([
        { "ServiceName": "SideCarGatewayService", "Url": GATEWAY_URL },
        { "ServiceName": "DeviceManagementService", "Url": crate::manage::MANAGEMENT_URL },
    ]);
    json_reply(StatusCode::OK, &json!([{ "Services": services }]))
}

fn refuse(status: StatusCode, why: &str) -> Reply {
    json_reply(status, &json!({ "Message": why }))
}
