//! Checks on what a server sends. A message that can't be taken as an answer ends the session; what is merely odd is
//! told and lived with, as Windows does (reference: protocols, G).

use oobe_catalog::codes::ResultCode;
use oobe_wire::syncml::{Body, Message, Status, StatusCode, complete_enough};

use super::Session;
use crate::cx::Cx;
use crate::io::{HttpReply, NoteFault};

/// Why a session ends early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) fault: NoteFault,
    pub(super) code: Option<&'static ResultCode>,
    pub(super) detail: String,
    pub(super) again: Again,
}

/// When to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// By the backoff of the account.
    Backoff,
    /// The server answered 429, with this `Retry-After` in seconds.
    After(Option<u64>),
}

impl Broken {
    pub(super) fn new(fault: NoteFault, detail: impl Into<String>) -> Self {
        Self { fault, code: None, detail: detail.into(), again: Again::Backoff }
    }
}

/// The message in an HTTP reply.
pub(super) fn read(
    cx: &mut Cx<'_>,
    session: &Session,
    reply: &HttpReply,
    device_id: &str,
) -> Result<Message, Broken> {
    status(reply)?;
    let message = parse(cx, reply)?;
    references(cx, session, &message, device_id);
    authenticated(cx, &message)?;
    Ok(message)
}

fn status(reply: &HttpReply) -> Result<(), Broken> {
    if reply.status == 429 {
        let after = reply.header("retry-after").and_then(|v| v.trim().parse().ok());
        let detail = "the server asks to come back later (429)";
        return Err(Broken { again: Again::After(after), ..Broken::new(NoteFault::PeerRefused, detail) });
    }
    if !reply.is_success() {
        return Err(Broken::new(
            NoteFault::PeerRefused,
            format!("the server answered with status {}", reply.status),
        ));
    }
    Ok(())
}

fn parse(cx: &mut Cx<'_>, reply: &HttpReply) -> Result<Message, Broken> {
    let content = reply.header("content-type").unwrap_or("").to_ascii_lowercase();
    if content.contains("wbxml") {
        let detail = "the server answers in WBXML, which was not asked for first and is not spoken here";
        cx.checked("syncml-content-type", Some(detail.to_owned()));
        return Err(Broken::new(NoteFault::PeerBrokeProtocol, detail));
    }
    // Some servers say text/xml or nothing at all; what counts is what is inside.
    let odd = (!content.starts_with(oobe_wire::syncml::CONTENT_TYPE))
        .then(|| format!("content type is {content:?}"));
    cx.checked("syncml-content-type", odd);
    if reply.body.iter().all(u8::is_ascii_whitespace) {
        cx.checked("syncml-parse", Some("the body is empty".to_owned()));
        return Err(Broken::new(NoteFault::PeerBrokeProtocol, "the server answered with an empty body"));
    }
    match Message::parse(&reply.body) {
        Ok(message) => {
            cx.checked("syncml-parse", None);
            Ok(message)
        }
        Err(error) => {
            let cut = if complete_enough(&reply.body) { "" } else { " (the body breaks off)" };
            let detail = format!("{error}{cut}");
            cx.checked("syncml-parse", Some(detail.clone()));
            Err(Broken::new(NoteFault::PeerBrokeProtocol, format!("not a SyncML message: {detail}")))
        }
    }
}

/// References that point nowhere are odd but occur (reference: protocols, G item 6).
fn references(cx: &mut Cx<'_>, session: &Session, message: &Message, device_id: &str) {
    let header = &message.header;
    let odd = (header.session_id != session.id)
        .then(|| format!("session {:?}, ours is {:?}", header.session_id, session.id));
    cx.checked("syncml-session-id", odd);
    let odd = (header.target != device_id).then(|| format!("addressed to {:?}", header.target));
    cx.checked("syncml-target", odd);
    let ours = session.message.to_string();
    let statuses =
        || message.commands.iter().filter_map(|c| if let Body::Status(s) = &c.body { Some(s) } else { None });
    let bad_message = statuses().find(|s| s.msg_ref != ours);
    cx.checked(
        "syncml-msg-ref",
        bad_message.map(|s| format!("MsgRef {:?}, our message is {ours}", s.msg_ref)),
    );
    let known = |s: &Status| s.cmd_ref == "0" || session.sent.iter().any(|(id, _)| *id == s.cmd_ref);
    let bad_command = statuses().find(|s| !known(s));
    let odd = bad_command.map(|s| format!("CmdRef {:?} was never sent", s.cmd_ref));
    cx.checked("syncml-cmd-ref", odd);
    let answered = |id: &str| statuses().any(|s| s.cmd_ref == id);
    let asked = session.sent.iter().find(|(id, name)| name != "Status" && name != "Results" && !answered(id));
    cx.checked("syncml-answered", asked.map(|(id, name)| format!("{name} {id} was not answered")));
}

/// The status of our header: 401 and 407 mean that the server wants application-level credentials.
fn authenticated(cx: &mut Cx<'_>, message: &Message) -> Result<(), Broken> {
    let header = message.commands.iter().find_map(|c| match &c.body {
        Body::Status(status) if status.cmd_ref == "0" => Some(status.code),
        _ => None,
    });
    match header {
        Some(code @ (StatusCode::UNAUTHORIZED | StatusCode::CREDENTIALS_NEEDED | StatusCode::FORBIDDEN)) => {
            let detail = format!("the server refuses the session: header status {code}");
            cx.checked("syncml-header-status", Some(detail.clone()));
            Err(Broken::new(NoteFault::PeerRefused, detail))
        }
        Some(code) if code.0 >= 400 => {
            cx.checked("syncml-header-status", Some(format!("header status {code}")));
            Ok(())
        }
        _ => Ok(()),
    }
}
