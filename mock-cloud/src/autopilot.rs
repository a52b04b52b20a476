//! The Autopilot deployment service and the device credential service in front of it. Neither exchange is public: both
//! are a *model* (MOD-001, MOD-007); what they achieve is as documented.

mod credential;
mod matcher;
mod profile;

use axum::http::Method;

pub(crate) use credential::{Ticket, ticket_known};
pub(crate) use matcher::{Found, look_up};
pub(crate) use profile::choose;

use crate::http::{Call, Reply};
use crate::state::State;

/// `login.live.com` and `ztd.dds.microsoft.com`.
pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Option<Reply> {
    match (call.method, call.segments().as_slice()) {
        (&Method::POST, ["ppsecure", "deviceaddcredential.srf"]) => Some(credential::add(state, call)),
        (&Method::POST, ["ztd", "v1", "profile"]) => Some(profile::download(state, call)),
        _ => None,
    }
}
