//! What a device's message says: answers to our commands, what Gets found, alerts, its introduction.

use std::collections::BTreeMap;

use oobe_catalog::rules;
use oobe_wire::ids::Guid;
use oobe_wire::syncml::{Body, Command, Item, Message, Status, StatusCode};

use super::enrolment::{Progress, Sent};
use super::orders::RELEASE;
use super::{remote, reseal};
use crate::checks;
use crate::entra::{Audience, TokenChecks, verify};
use crate::http::Call;
use crate::journal::{Refused, Service};
use crate::state::State;

const TOKEN_CHECKS: TokenChecks = TokenChecks::all_in_one(checks::DM_USER_TOKEN);

/// Our answer to one command of the device.
pub(super) struct Answer {
    pub(super) cmd_id: String,
    pub(super) name: String,
    pub(super) code: StatusCode,
}

/// Reads a message. Fails when it breaks the protocol.
pub(super) fn read(
    state: &mut State,
    call: &Call<'_>,
    device: &str,
    message: &Message,
) -> Result<Vec<Answer>, Refused> {
    introduction(state, device, message)?;
    statuses(state, device, message)?;
    let token = user_token(message).or_else(|| call.bearer().map(str::to_owned));
    let token_good = login(state, device, message, token.as_deref());
    let mut answers = Vec::new();
    for command in &message.commands {
        let code = match &command.body {
            Body::Status(_) => continue,
            Body::Results { .. } => StatusCode::OK,
            Body::Alert { code, items } => alert(state, device, *code, items, token_good),
            Body::Replace { items } => {
                remember(state, device, items);
                StatusCode::OK
            }
            _ if command.cmd_id.trim().is_empty() => StatusCode::BAD_REQUEST,
            _ => StatusCode::FEATURE_NOT_SUPPORTED,
        };
        answers.push(Answer { cmd_id: command.cmd_id.clone(), name: command.body.name().to_owned(), code });
    }
    Ok(answers)
}

/// The first message tells who the device is: a Replace of DevInfo (reference: protocols, C.1).
fn introduction(state: &mut State, device: &str, message: &Message) -> Result<(), Refused> {
    let first = state.enrolments[device].session.as_ref().is_some_and(|s| s.device_message == 1);
    if !first {
        return Ok(());
    }
    let dev_info = |item: &Item| {
        let uri = item.source.as_deref().or(item.target.as_deref()).unwrap_or_default();
        uri.to_lowercase().contains("devinfo/devid")
    };
    let introduced = message
        .commands
        .iter()
        .any(|c| matches!(&c.body, Body::Replace { items } if items.iter().any(dev_info)));
    state.journal.expect(checks::DM_FIRST_MESSAGE, introduced, || "the first message has no DevInfo".into())
}

/// Answers to our commands, and what Gets found.
fn statuses(state: &mut State, device: &str, message: &Message) -> Result<(), Refused> {
    let State { enrolments, journal, .. } = state;
    let enrolment = enrolments.get_mut(device).expect("the certificate led to it");
    let session = enrolment.session.as_mut().expect("the message is part of one");
    // The header of any message of ours may be answered; commands only those that are open.
    let header = |msg_ref: &str| {
        msg_ref.parse::<u32>().is_ok_and(|number| (1..=session.server_message).contains(&number))
    };
    let open = |msg_ref: &str, cmd_ref: &str| {
        session.open.get(cmd_ref.trim()).filter(|sent| sent.message.to_string() == msg_ref.trim())
    };
    let mut unknown = None;
    let mut results = None;
    let mut answered: BTreeMap<String, StatusCode> = BTreeMap::new();
    let mut found = Vec::new();
    for command in &message.commands {
        match &command.body {
            Body::Status(status) => {
                let known = match status.cmd_ref.trim() {
                    "0" => header(status.msg_ref.trim()),
                    cmd_ref => open(&status.msg_ref, cmd_ref).is_some(),
                };
                if !known {
                    unknown = unknown.or_else(|| Some(unknown_status(status)));
                }
                answered.entry(status.cmd_ref.trim().to_owned()).or_insert(status.code);
            }
            Body::Results { msg_ref, cmd_ref, items } => {
                let get = open(msg_ref, cmd_ref).filter(|sent| sent.name == "Get");
                let why =
                    || format!("results for command {cmd_ref} of message {msg_ref}, which is no Get of ours");
                results = Some(results.flatten().or_else(|| get.is_none().then(why)));
                let asked = get.map(|s| s.uri.clone()).unwrap_or_default();
                found.extend(items.iter().map(|item| {
                    (
                        item.source.clone().unwrap_or_else(|| asked.clone()),
                        item.data.clone().unwrap_or_default(),
                    )
                }));
            }
            _ => {}
        }
    }
    journal.check(checks::DM_STATUS_REFERENCE, unknown)?;
    if let Some(failed) = results {
        journal.check(checks::DM_RESULTS_REFERENCE, failed)?;
    }
    // A message without Final has more to come, in the next one.
    if message.final_ {
        let missing: Vec<&str> =
            session.open.keys().filter(|id| !answered.contains_key(*id)).map(String::as_str).collect();
        journal.expect(checks::DM_STATUS_COMPLETE, missing.is_empty(), || {
            format!("no status for command {}", missing.join(", "))
        })?;
    }
    let settled: Vec<(Sent, StatusCode)> = answered
        .iter()
        .filter_map(|(id, code)| session.open.remove(id).map(|sent| (sent, *code)))
        .filter(|(sent, _)| !sent.inner)
        .collect();
    if reseal::reopened(enrolment, &found) {
        let what = format!("{device} begins Device setup anew");
        journal.tell_by(Service::Dm, "page-reopened", Some(rules::MOD_024.id), what);
    }
    enrolment.facts.extend(found);
    for (sent, code) in settled {
        settle(state, device, &sent, code);
    }
    Ok(())
}

fn unknown_status(status: &Status) -> String {
    format!("a status for command {} of message {}, which was not sent", status.cmd_ref, status.msg_ref)
}

/// Writes down how an order was answered.
fn settle(state: &mut State, device: &str, sent: &Sent, code: StatusCode) {
    let Some(enrolment) = state.enrolments.get_mut(device) else { return };
    let list = match sent.user {
        None => &mut enrolment.device_orders,
        Some(user) => enrolment.user_orders.entry(user).or_default(),
    };
    let progress: &mut Progress = list.entry(sent.order.clone()).or_default();
    progress.tries += 1;
    progress.status = code.0;
    let before = progress.settled;
    progress.settled = before || sent.patience.settles(code, progress.tries);
    if sent.order == RELEASE && progress.settled && !before {
        let what = if sent.user.is_some() { "user-released" } else { "device-released" };
        state.journal.tell(Service::Dm, what, device.to_owned());
    }
    remote::answered(state, device, sent, code);
    if !code.is_success() && code != StatusCode::ALREADY_EXISTS {
        state.journal.tell(Service::Dm, "command-refused", format!("{} {}: {code}", sent.name, sent.uri));
    }
}

fn items_of<'a>(message: &'a Message, kind: &'a str) -> impl Iterator<Item = &'a Item> {
    message
        .commands
        .iter()
        .filter_map(|c: &Command| match &c.body {
            Body::Alert { code: 1224, items } => Some(items),
            _ => None,
        })
        .flatten()
        .filter(move |item| item.type_.as_deref().is_some_and(|t| t.eq_ignore_ascii_case(kind)))
}

/// The user token in an alert.
fn user_token(message: &Message) -> Option<String> {
    items_of(message, "com.microsoft/MDM/AADUserToken").find_map(|item| item.data.clone())
}

/// Who is there: `user` in the LoginStatus alert (WIR-007), proved by a token of the tenant's user for enrolment. A
/// device that enrolled by name and password has no tokens; its enrolling user counts. Tells whether the token is good.
fn login(state: &mut State, device: &str, message: &Message, token: Option<&str>) -> bool {
    // Who is there is told at the beginning of a session.
    let Some(status) = items_of(message, "com.microsoft/MDM/LoginStatus").next() else { return false };
    let logged_in = status.data.as_deref().is_some_and(|d| d.trim().eq_ignore_ascii_case("user"));
    let enrolment = &state.enrolments[device];
    let (on_premise, owner) = (enrolment.on_premise, enrolment.user);
    let proved = match token {
        Some(token) => prove(state, device, token).ok(),
        None => None,
    };
    let user = if on_premise { owner } else { proved };
    let session = state.enrolments.get_mut(device).and_then(|e| e.session.as_mut());
    if logged_in
        && let Some(session) = session
        && session.user != user
    {
        session.user = user;
        if let Some(user) = user {
            state.journal.tell(Service::Dm, "user-present", user.to_string());
        }
    }
    proved.is_some()
}

fn prove(state: &mut State, device: &str, token: &str) -> Result<Guid, Refused> {
    let bearer = verify(state, token, &[Audience::Enrolment], &TOKEN_CHECKS)?;
    let enrolment = &state.enrolments[device];
    let (tenant, entra_device) = (enrolment.tenant, enrolment.entra_device);
    let user = bearer.user.filter(|_| bearer.tenant == tenant).filter(|user| {
        state.tenant_by_id(tenant).and_then(|t| t.user(*user)).is_some_and(|u| u.setup.enabled)
    });
    let user = user.ok_or("the token has no user of the device's tenant who may sign in");
    let user = state.journal.part(checks::DM_USER_TOKEN, user)?;
    let fits = bearer.device.is_none() || bearer.device == entra_device;
    state.journal.expect(checks::DM_USER_TOKEN_DEVICE, fits, || {
        format!("the token was given to device {}", bearer.device.unwrap_or_default())
    })?;
    Ok(user)
}

/// What an alert is answered with.
fn alert(state: &mut State, device: &str, code: u16, items: &[Item], token_good: bool) -> StatusCode {
    match code {
        1200 | 1201 | 1222 => StatusCode::OK,
        1223 => {
            state.journal.tell(Service::Dm, "session-aborted", device.to_owned());
            if let Some(session) = state.enrolments.get_mut(device).and_then(|e| e.session.as_mut()) {
                session.over = true;
            }
            StatusCode::OK
        }
        1224 => {
            let token = |item: &Item| {
                item.type_
                    .as_deref()
                    .is_some_and(|t| t.eq_ignore_ascii_case("com.microsoft/MDM/AADUserToken"))
            };
            if items.iter().any(token) && !token_good { StatusCode::UNAUTHORIZED } else { StatusCode::OK }
        }
        1226 => {
            for item in items {
                report(state, device, item);
            }
            StatusCode::OK
        }
        _ => StatusCode::FEATURE_NOT_SUPPORTED,
    }
}

/// What the device tells of its own accord.
fn report(state: &mut State, device: &str, item: &Item) {
    let source = item.source.clone().unwrap_or_default();
    let kind = item.type_.clone().unwrap_or_default();
    let data = item.data.clone().unwrap_or_default();
    state.journal.tell(Service::Dm, "device-reported", format!("{kind} {source}: {data}"));
    let Some(enrolment) = state.enrolments.get_mut(device) else { return };
    if kind.eq_ignore_ascii_case("com.microsoft:mdm.unenrollment.userrequest") {
        enrolment.removed = true;
        state.journal.tell(Service::Dm, "device-unenrolled", device.to_owned());
        return;
    }
    enrolment.reports.insert(source, data);
}

/// The device's introduction.
fn remember(state: &mut State, device: &str, items: &[Item]) {
    let Some(enrolment) = state.enrolments.get_mut(device) else { return };
    for item in items {
        let uri = item.source.as_deref().or(item.target.as_deref());
        if let (Some(uri), Some(data)) = (uri, &item.data) {
            enrolment.facts.insert(uri.to_owned(), data.clone());
        }
    }
}
