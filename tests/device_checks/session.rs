//! What the device checks on the messages of a management session. What can't be taken as an answer ends the session,
//! which is tried again; what is merely odd is told and lived with, as Windows does (reference: protocols, G).

use oobe_agent::flow::Stage;
use oobe_agent::io::{HttpReply, HttpRequest, Note, NoteFault};
use oobe_mock_cloud::{FaultKind, Matcher};
use oobe_wire::syncml::{Body, CONTENT_TYPE, Command, Header, Item, Message, Status, StatusCode};

use crate::edit::{replace, replace_between, session, syncml};
use crate::harness::Trial;

/// Messages of management sessions.
fn sessions() -> Matcher {
    Matcher { path: Some("/devicegatewayproxy/".into()), ..Matcher::default() }
}

/// The first message of a server that can be changed is.
fn message(change: impl Fn(&mut Message) -> bool + Send + Sync + 'static) -> Trial {
    Trial::new().meddle_once(session, move |_, reply| syncml(reply, &change))
}

/// The status of a message with that reference.
fn status<'m>(message: &'m mut Message, cmd_ref: &str) -> Option<&'m mut Status> {
    message.commands.iter_mut().find_map(|command| match &mut command.body {
        Body::Status(status) if status.cmd_ref == cmd_ref => Some(status),
        _ => None,
    })
}

/// How often a command was carried out.
fn carried(trial: &Trial) -> usize {
    trial.notes().filter(|note| matches!(note, Note::Csp { .. })).count()
}

/// How often a session was given up.
fn broken_sessions(trial: &Trial) -> usize {
    let failed = |note: &&Note| matches!(note, Note::State { machine, to, .. } if machine == "session" && to == "failed");
    trial.notes().filter(failed).count()
}

/// The session ends at once, nothing in the message is carried out, and the next try leads to the desktop.
fn ends_the_session(mut trial: Trial, check: &str, fault: NoteFault) {
    trial.until_refused(check).refused_only(check).told(fault, None).at(Stage::AwaitingEspDecision);
    assert_eq!((carried(&trial), broken_sessions(&trial)), (0, 1), "{}", trial.tail());
    assert_eq!(trial.reaches_the_desktop().refusals(check), 1);
    assert_eq!(broken_sessions(&trial), 1);
}

/// It is told, and the session goes on.
fn lived_with(mut trial: Trial, check: &str) {
    trial.until_refused(check).reaches_the_desktop().refused_only(check);
    assert_eq!((trial.refusals(check), broken_sessions(&trial)), (1, 0));
}

#[test]
fn device_refuses_syncml_parse() {
    ends_the_session(
        Trial::new().fault(sessions(), FaultKind::Truncate),
        "syncml-parse",
        NoteFault::PeerBrokeProtocol,
    );
    for body in ["", " \n", "Bad Request", "<SyncML/>", "<html><body>Sign in</body></html>"] {
        let trial = Trial::new().meddle_once(session, move |_, reply| {
            reply.body = body.into();
            true
        });
        ends_the_session(trial, "syncml-parse", NoteFault::PeerBrokeProtocol);
    }
}

#[test]
fn device_refuses_syncml_content_type() {
    // What counts is what is inside, unless it is the binary form, which nobody asked for first.
    lived_with(Trial::new().fault(sessions(), FaultKind::WrongContentType), "syncml-content-type");
    let binary = Trial::new().meddle_once(session, |_, reply| {
        reply.headers = vec![("content-type".into(), "application/vnd.syncml.dm+wbxml".into())];
        true
    });
    ends_the_session(binary, "syncml-content-type", NoteFault::PeerBrokeProtocol);
}

#[test]
fn device_refuses_syncml_header_status() {
    for code in [StatusCode::UNAUTHORIZED, StatusCode::CREDENTIALS_NEEDED, StatusCode::FORBIDDEN] {
        let trial = message(move |m| status(m, "0").map(|s| s.code = code).is_some());
        ends_the_session(trial, "syncml-header-status", NoteFault::PeerRefused);
    }
    let busy = message(|m| status(m, "0").map(|s| s.code = StatusCode(503)).is_some());
    lived_with(busy, "syncml-header-status");
}

#[test]
fn device_refuses_syncml_session_id() {
    let trial = message(|m| {
        m.header.session_id = "77".into();
        true
    });
    lived_with(trial, "syncml-session-id");
}

#[test]
fn device_refuses_syncml_target() {
    let trial = message(|m| {
        m.header.target = "another device".into();
        true
    });
    lived_with(trial, "syncml-target");
}

#[test]
fn device_refuses_syncml_msg_ref() {
    lived_with(message(|m| status(m, "0").map(|s| s.msg_ref = "99".into()).is_some()), "syncml-msg-ref");
}

#[test]
fn device_refuses_syncml_cmd_ref() {
    let trial = message(|m| {
        let stray =
            Status { msg_ref: "1".into(), cmd_ref: "99".into(), cmd: "Get".into(), ..Status::default() };
        m.commands.push(Command::new("900", Body::Status(stray)));
        true
    });
    lived_with(trial, "syncml-cmd-ref");
}

#[test]
fn device_refuses_syncml_answered() {
    let trial = message(|m| {
        m.commands.retain(|c| !matches!(&c.body, Body::Status(s) if s.cmd == "Replace"));
        true
    });
    lived_with(trial, "syncml-answered");
}

#[test]
fn device_refuses_syncml_cmd_id() {
    let mut trial = Trial::new().meddle_once(session, |_, reply| {
        let at = String::from_utf8_lossy(&reply.body).find("<Get>");
        at.is_some() && replace_between(reply, "<Get><CmdID>", "</CmdID>", "")
    });
    // The device answers 400 to a command that it can't name, and the server ends the session over that answer.
    trial.until_refused("syncml-cmd-id");
    let asked = carried(&trial);
    trial.reaches_the_desktop().refused_only("syncml-cmd-id");
    assert!(carried(&trial) > asked);
    assert_eq!((trial.refusals("syncml-cmd-id"), broken_sessions(&trial)), (1, 1));
}

#[test]
fn device_refuses_syncml_command() {
    let trial = Trial::new().meddle_once(session, |_, reply| {
        replace(reply, "<Get>", "<Fetch>") && replace(reply, "</Get>", "</Fetch>")
    });
    lived_with(trial, "syncml-command");
}

#[test]
fn device_refuses_syncml_atomic_add_then_replace() {
    // The second member of the certificate's Atomic writes to the node that the first one adds.
    let trial = message(|m| {
        m.commands.iter_mut().any(|command| {
            let Body::Atomic(members) = &mut command.body else { return false };
            let [first, second, ..] = members.as_mut_slice() else { return false };
            second.body = Body::Replace { items: first.body.items().to_vec() };
            true
        })
    });
    lived_with(trial, "syncml-atomic-add-then-replace");
}

#[test]
fn device_refuses_syncml_final() {
    let mut trial = Trial::new().meddle_once(session, |_, reply| replace(reply, "<Final/>", ""));
    trial.until_refused("syncml-final");
    // What came is carried out, and the rest is asked for in the same session.
    assert!(carried(&trial) > 0);
    trial.reaches_the_desktop().refused_only("syncml-final");
    assert_eq!((trial.refusals("syncml-final"), broken_sessions(&trial)), (1, 0));
}

#[test]
fn device_refuses_syncml_session_length() {
    // In its first session the server always wants to know one thing more.
    let first = |request: &HttpRequest| session(request) && asked(request).header.session_id == "1";
    let mut trial = Trial::new().meddle(u32::MAX, first, |request, reply| {
        one_thing_more(&asked(request), reply);
        true
    });
    trial.until_refused("syncml-session-length").told(NoteFault::PeerBrokeProtocol, None);
    assert_eq!(broken_sessions(&trial), 1);
    trial.reaches_the_desktop().refused_only("syncml-session-length");
    assert_eq!((trial.refusals("syncml-session-length"), broken_sessions(&trial)), (1, 1));
}

/// The message in a request.
fn asked(request: &HttpRequest) -> Message {
    Message::parse(&request.body).expect("the device sends SyncML")
}

/// An answer to everything in `message`, with another question.
fn one_thing_more(message: &Message, reply: &mut HttpReply) {
    let answer = |cmd_ref: &str, cmd: &str| {
        Body::Status(Status {
            msg_ref: message.header.msg_id.clone(),
            cmd_ref: cmd_ref.to_owned(),
            cmd: cmd.to_owned(),
            code: StatusCode::OK,
            ..Status::default()
        })
    };
    let mut bodies = vec![answer("0", "SyncHdr")];
    let commands = message.commands.iter().filter(|c| !matches!(c.body, Body::Status(_)));
    bodies.extend(commands.map(|c| answer(&c.cmd_id, c.body.name())));
    bodies.push(Body::Get { items: vec![Item::target("./DevInfo/DmV")] });
    let commands =
        bodies.into_iter().zip(1_u32..).map(|(body, id)| Command::new(id.to_string(), body)).collect();
    let header = Header {
        session_id: message.header.session_id.clone(),
        msg_id: message.header.msg_id.clone(),
        target: message.header.source.clone(),
        source: message.header.target.clone(),
        ..Header::default()
    };
    reply.status = 200;
    reply.headers = vec![("content-type".into(), CONTENT_TYPE.into())];
    reply.body = Message { header, commands, final_: true }.write().into_bytes();
}
