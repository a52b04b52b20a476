//! The connectivity probe (reference: protocols, section 0).

use axum::http::{Method, StatusCode};

use crate::http::{Call, Reply, text};
use crate::state::State;

/// `GET http://www.msftconnecttest.com/connecttest.txt`.
pub(crate) fn handle(_: &mut State, call: &Call<'_>) -> Option<Reply> {
    match (call.method, call.segments().as_slice()) {
        (&Method::GET | &Method::HEAD, ["connecttest.txt"]) => {
            Some(text(StatusCode::OK, "Microsoft Connect Test"))
        }
        _ => None,
    }
}
