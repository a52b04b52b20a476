//! Management sessions (MS-MDM; reference: protocols, C and D), in the shape of Intune: what is decided is *model*,
//! how it travels is as published.

mod compose;
mod enrolment;
mod inbound;
mod material;
mod orders;
mod outbound;
mod peer;
mod remote;
mod reseal;
mod session;

use axum::http::{Method, StatusCode};

pub(crate) use enrolment::Enrolment;
pub(crate) use orders::{default_path, ime_package, package, product_code};
pub(crate) use peer::{PeerChecks, enrolment_of};
pub use remote::RemoteAction;
pub(crate) use remote::take_away;

use crate::http::{Call, Reply, text};
use crate::state::State;

/// Intune's PROVIDER-ID (reference: protocols, B.6).
pub(crate) const PROVIDER: &str = "MS DM Server";
/// Where sessions go.
pub(crate) const MANAGEMENT_URL: &str = "https://r.manage.microsoft.com/devicegatewayproxy/cimhandler.ashx";

/// `r.manage.microsoft.com`.
pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Option<Reply> {
    match (call.method, call.segments().as_slice()) {
        (
            &Method::POST,
            ["devicegatewayproxy", "cimhandler.ashx"] | ["api", "mdm", "microsoft", "management"],
        ) => Some(session::exchange(state, call).unwrap_or_else(refuse)),
        _ => None,
    }
}

/// A refusal. One client goes on until it reads `Bad Request` (reference: protocols, G).
fn refuse(status: StatusCode) -> Reply {
    text(status, status.canonical_reason().unwrap_or_default())
}
