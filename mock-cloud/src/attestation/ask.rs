//! Checks whose failure is a refusal of this service.

use std::fmt::Display;

use axum::http::StatusCode;

use super::refusal::Refusal;
use crate::journal::Check;
use crate::state::State;

/// Whether there is a value; without one, the message is no good.
pub(super) fn bad_request<T, E: Display>(
    state: &mut State,
    check: Check,
    value: Result<T, E>,
) -> Result<T, Refusal> {
    state.journal.need(check, value).map_err(|refused| Refusal::new(StatusCode::BAD_REQUEST, check, refused))
}

/// Whether there is a value; without one, what was to be proved is not proved.
pub(super) fn proof<T, E: Display>(
    state: &mut State,
    check: Check,
    value: Result<T, E>,
) -> Result<T, Refusal> {
    state.journal.need(check, value).map_err(|refused| Refusal::new(StatusCode::FORBIDDEN, check, refused))
}

/// Whether a condition holds; if not, what was to be proved is not proved.
pub(super) fn hold(
    state: &mut State,
    check: Check,
    held: bool,
    why_not: impl FnOnce() -> String,
) -> Result<(), Refusal> {
    proof(state, check, if held { Ok(()) } else { Err(why_not()) })
}

/// Like [`proof`], for a part of a check whose good end is told elsewhere.
pub(super) fn part<T, E: Display>(
    state: &mut State,
    check: Check,
    value: Result<T, E>,
) -> Result<T, Refusal> {
    state.journal.part(check, value).map_err(|refused| Refusal::new(StatusCode::FORBIDDEN, check, refused))
}
