//! One message of a management session: who sends it, which one it is, what it says, what goes back (reference:
//! protocols, C.1).

use axum::http::StatusCode;
use oobe_wire::encoding::hex_lower;
use oobe_wire::syncml::{CONTENT_TYPE, Message};

use super::enrolment::Session;
use super::{MANAGEMENT_URL, PeerChecks, enrolment_of, inbound, outbound};
use crate::checks;
use crate::http::{Call, Reply, reply};
use crate::journal::Service;
use crate::state::State;

const PEER_CHECKS: PeerChecks = PeerChecks {
    certificate: checks::DM_CERTIFICATE,
    chain: checks::DM_CHAIN,
    enrolled: checks::DM_ENROLLED,
    current: checks::DM_CERTIFICATE_CURRENT,
};

/// Answers one message.
pub(super) fn exchange(state: &mut State, call: &Call<'_>) -> Result<Reply, StatusCode> {
    let (device, _) = enrolment_of(state, call, &PEER_CHECKS)?;
    let message = Message::parse(call.body);
    let message = state.journal.need(checks::DM_MESSAGE, message).map_err(|_| StatusCode::BAD_REQUEST)?;
    addressed(state, call, &device, &message)?;
    if let Some(again) = sequence(state, call, &device, &message)? {
        state.journal.tell(Service::Dm, "reply-repeated", "the same message came again");
        return Ok(reply(StatusCode::OK, CONTENT_TYPE, again));
    }
    let answers = inbound::read(state, call, &device, &message).map_err(|refused| {
        end(state, &device);
        let _ = refused;
        StatusCode::BAD_REQUEST
    })?;
    let xml = outbound::compose(state, &device, &message, &answers);
    Ok(reply(StatusCode::OK, CONTENT_TYPE, xml))
}

/// Whether the message comes from the device of the certificate, and is meant for us.
fn addressed(state: &mut State, call: &Call<'_>, device: &str, message: &Message) -> Result<(), StatusCode> {
    let source = plain_id(&message.header.source);
    let enrolment = &state.enrolments[device];
    let known_as = [plain_id(&enrolment.device_id), plain_id(&enrolment.intune_id.to_string())]
        .into_iter()
        .chain(enrolment.entra_device.map(|id| plain_id(&id.to_string())));
    let mine = known_as.into_iter().any(|id| id == source);
    state
        .journal
        .expect(checks::DM_SOURCE, mine, || format!("the message comes from {:?}", message.header.source))
        .map_err(|_| StatusCode::FORBIDDEN)?;
    let target = message.header.target.to_lowercase();
    let ours = target.starts_with(MANAGEMENT_URL) || target.contains(call.lower_path);
    state
        .journal
        .expect(checks::DM_TARGET, ours, || format!("the message is for {:?}", message.header.target))
        .map_err(|_| StatusCode::BAD_REQUEST)
}

/// An id without what clients put round it: one writes `imei:` in front (reference: captures).
fn plain_id(id: &str) -> String {
    id.trim().trim_start_matches("imei:").replace('-', "").to_lowercase()
}

/// Which message of which session this is. Message 1 begins a session, whatever became of the one before; the same
/// message once more is answered as before; anything else has to be the next.
fn sequence(
    state: &mut State,
    call: &Call<'_>,
    device: &str,
    message: &Message,
) -> Result<Option<String>, StatusCode> {
    let digest = hex_lower(&oobe_wire::crypto::sha256(call.body));
    let number = message.header.msg_id.trim().parse::<u32>().ok();
    let id = message.header.session_id.trim();
    let State { enrolments, journal, .. } = state;
    let enrolment = enrolments.get_mut(device).expect("the certificate led to it");
    let current = enrolment.session.as_mut().filter(|s| s.id == id);
    let step = match (current, number) {
        (_, None) => Err(format!("message number {:?}", message.header.msg_id)),
        (_, _) if id.is_empty() => Err("the message names no session".to_owned()),
        (Some(session), Some(n)) if n == session.device_message && digest == session.digest => {
            Ok(Some(session.reply.clone()))
        }
        (_, Some(1)) => {
            enrolment.session =
                Some(Session { id: id.to_owned(), device_message: 1, digest, ..Session::default() });
            Ok(None)
        }
        (Some(session), Some(n)) if n == session.device_message + 1 && !session.over => {
            session.device_message = n;
            session.digest = digest;
            Ok(None)
        }
        (Some(session), Some(n)) => {
            Err(format!("message {n} in session {id}, the last one was {}", session.device_message))
        }
        (None, Some(n)) => Err(format!("message {n} in session {id}, which did not begin here")),
    };
    let step = journal.need(checks::DM_MESSAGE_ID, step);
    step.map_err(|_| {
        end(state, device);
        StatusCode::BAD_REQUEST
    })
}

/// A session that broke is over: whatever was under way is sent again in the next one.
fn end(state: &mut State, device: &str) {
    if let Some(session) = state.enrolments.get_mut(device).and_then(|e| e.session.as_mut()) {
        session.over = true;
        session.open.clear();
    }
}
