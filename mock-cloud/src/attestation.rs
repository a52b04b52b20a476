//! The attestation service (MOD-017, MOD-018): proves that a device's TPM is one that a vendor made, that it is the one of
//! the registered hardware, and that the device's keys live in it; then it certifies the attestation key (AIK), and grants
//! the device token that a join without a user takes.

mod ask;
mod attest;
mod challenge;
mod device_token;
mod refusal;
mod statement;
mod store;

use axum::http::{Method, StatusCode};
use oobe_wire::attestation::{ATTEST_PATH, CHALLENGE_PATH, DEVICE_TOKEN_PATH, VERSION};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use statement::{StatementChecks, certified_key};
pub(crate) use store::Attestation;

use crate::checks;
use crate::http::{Call, Reply, json};
use crate::state::State;
use refusal::Refusal;

/// Hosts below `microsoftaik.azure.net`.
pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Option<Reply> {
    if call.method != Method::POST {
        return None;
    }
    match call.lower_path {
        CHALLENGE_PATH => Some(answer(challenge::challenge(state, call))),
        ATTEST_PATH => Some(answer(attest::attest(state, call))),
        DEVICE_TOKEN_PATH => Some(answer(device_token::device_token(state, call))),
        _ => None,
    }
}

fn answer<T: Serialize>(result: Result<T, Refusal>) -> Reply {
    match result {
        Ok(value) => json(StatusCode::OK, &value),
        Err(refusal) => refusal.reply(),
    }
}

/// Reads a message of the version that is spoken here.
fn read<T: DeserializeOwned>(
    state: &mut State,
    call: &Call<'_>,
    version: fn(&T) -> u32,
) -> Result<T, Refusal> {
    let message = serde_json::from_slice::<T>(call.body).map_err(|e| e.to_string());
    let message = message.and_then(|message| match version(&message) {
        VERSION => Ok(message),
        other => Err(format!("messages of version {other} are not served")),
    });
    ask::bad_request(state, checks::ATTEST_REQUEST, message)
}
