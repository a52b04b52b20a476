//! Carrying out what a server commands, and what the device answers (reference: protocols, C.2).

use oobe_catalog::codes::{self, Code};
use oobe_catalog::{events, rules};
use oobe_wire::syncml::{Body, Command, Item, Status, StatusCode};

use crate::cx::Cx;
use crate::io::Note;
use crate::manage::csp::{Change, LocUri, Outcome, Request, Verb, execute};
use crate::manage::{Activity, Management};

/// Largest object that is put together of parts, in bytes (ours).
const LARGEST: usize = 4 << 20;
/// Longest value that the trace shows.
const SHOWN: usize = 120;

/// What goes back for one message of the server.
pub(super) struct Reply {
    msg_ref: String,
    commands: Vec<Command>,
    next_id: u32,
    /// Commands of the server that were answered.
    pub(super) answered: usize,
    /// An object of which more is to come.
    pub(super) partial: Option<(String, String)>,
}

impl Reply {
    /// Begins with the status of the server's header.
    pub(super) fn to(msg_id: &str, partial: Option<(String, String)>) -> Self {
        let mut reply =
            Self { msg_ref: msg_id.to_owned(), commands: Vec::new(), next_id: 1, answered: 0, partial };
        reply.status("0", "SyncHdr", StatusCode::OK, None);
        reply
    }

    fn push(&mut self, body: Body) {
        self.commands.push(Command::new(self.next_id.to_string(), body));
        self.next_id += 1;
    }

    fn status(&mut self, cmd_ref: &str, cmd: &str, code: StatusCode, target: Option<&str>) {
        self.push(Body::Status(Status {
            msg_ref: self.msg_ref.clone(),
            cmd_ref: cmd_ref.to_owned(),
            cmd: cmd.to_owned(),
            target_ref: target.map(str::to_owned),
            code,
            ..Status::default()
        }));
    }

    /// The item with what earlier messages brought of it. `Err` is the status of a part that is not the last: 213, or
    /// 413 when it grows beyond what is taken.
    fn whole(&mut self, item: &Item) -> Result<Item, StatusCode> {
        let uri = item.target.clone().unwrap_or_default();
        let before = self.partial.take().filter(|(of, _)| *of == uri).map(|(_, data)| data);
        if before.is_none() && !item.more_data {
            return Ok(item.clone());
        }
        let data = before.unwrap_or_default() + item.data.as_deref().unwrap_or_default();
        if data.len() > LARGEST {
            return Err(StatusCode::TOO_LARGE);
        }
        if item.more_data {
            self.partial = Some((uri, data));
            return Err(StatusCode::CHUNK_ACCEPTED);
        }
        Ok(Item { data: Some(data), ..item.clone() })
    }

    /// Asks for the rest of a message without `Final`.
    pub(super) fn next_message(&mut self) {
        self.push(Body::Alert { code: 1222, items: Vec::new() });
        self.answered += 1;
    }

    pub(super) fn into_commands(self) -> Vec<Command> {
        self.commands
    }
}

/// How one command of an Atomic came out.
struct Member {
    cmd_id: String,
    name: String,
    status: StatusCode,
    changes: Vec<Change>,
}

impl Management {
    /// Carries out one command at the top of the body.
    pub(super) fn carry(&mut self, a: &mut Activity, cx: &mut Cx<'_>, reply: &mut Reply, command: &Command) {
        let name = command.body.name();
        if matches!(command.body, Body::Status(_)) {
            return;
        }
        reply.answered += 1;
        if command.cmd_id.trim().is_empty() {
            cx.checked("syncml-cmd-id", Some(format!("a {name} without CmdID")));
            reply.status("", name, StatusCode::BAD_REQUEST, None);
            return;
        }
        match &command.body {
            Body::Atomic(members) => self.atomic(a, cx, reply, command, members),
            Body::Sequence(members) => {
                reply.status(&command.cmd_id, name, StatusCode::OK, None);
                for member in members {
                    self.carry(a, cx, reply, member);
                }
            }
            Body::Unknown { .. } => {
                cx.checked("syncml-command", Some(format!("{name} is no command")));
                reply.status(&command.cmd_id, name, StatusCode::BAD_REQUEST, None);
            }
            Body::Alert { code, .. } => {
                // A server may end the session with 1223; anything else is for a person, and nobody is asked here.
                let status = if *code == 1223 { StatusCode::OK } else { StatusCode::FEATURE_NOT_SUPPORTED };
                reply.status(&command.cmd_id, name, status, None);
            }
            Body::Results { .. } | Body::Status(_) => {
                reply.status(&command.cmd_id, name, StatusCode::FEATURE_NOT_SUPPORTED, None);
            }
            body => {
                let Some(verb) = verb(body) else { return };
                self.items(a, cx, reply, command, verb);
            }
        }
    }

    fn items(&mut self, a: &mut Activity, cx: &mut Cx<'_>, reply: &mut Reply, command: &Command, verb: Verb) {
        let items = command.body.items();
        if items.is_empty() {
            reply.status(&command.cmd_id, verb.name(), StatusCode::INCOMPLETE, None);
            return;
        }
        for item in items {
            let target = (items.len() > 1).then_some(item.target.as_deref()).flatten();
            let item = match reply.whole(item) {
                Ok(item) => item,
                Err(status) => {
                    reply.status(&command.cmd_id, verb.name(), status, target);
                    continue;
                }
            };
            let outcome = self.one(cx, verb, &item);
            reply.status(&command.cmd_id, verb.name(), outcome.status, target);
            if let Some(found) = &outcome.found {
                let item = Item::source(item.target.as_deref().unwrap_or_default())
                    .with_format(found.format.name())
                    .with_type("text/plain")
                    .with_data(found.data.as_str());
                let (msg_ref, cmd_ref) = (reply.msg_ref.clone(), command.cmd_id.clone());
                reply.push(Body::Results { msg_ref, cmd_ref, items: vec![item] });
            }
            self.react(a, cx, outcome.change.into_iter().collect());
        }
    }

    /// One command on one node, with everything that is told about it.
    fn one(&mut self, cx: &mut Cx<'_>, verb: Verb, item: &Item) -> Outcome {
        let uri = item.target.as_deref().or(item.source.as_deref()).unwrap_or_default();
        let request = Request { verb, uri, format: item.format.as_deref(), data: item.data.as_deref() };
        let facts = crate::manage::csp::Facts {
            setup: cx.setup,
            device_id: &self.enrolment.device_id,
            device_name: &self.enrolment.device_name,
            utc: cx.utc,
        };
        let outcome = execute(&mut self.tree, request, &facts);
        let shown = match (&outcome.found, outcome.secret) {
            (_, true) => Some("***".to_owned()),
            (Some(found), _) => Some(shorten(&found.data)),
            (None, _) => item.data.as_deref().map(shorten),
        };
        cx.note(Note::Csp {
            verb: verb.name().to_owned(),
            uri: shorten(uri),
            status: outcome.status.0,
            value: shown,
        });
        if let Some((rule, why)) = &outcome.rule {
            cx.decided(rule, why.as_str());
        }
        if let Some(code) = hresult(outcome.status) {
            let text = format!("({}) {}", code.code, code.id);
            let data = [
                ("id", self.enrolment.id.to_string()),
                ("provider", uri_provider(uri)),
                ("verb", verb.name().to_owned()),
                ("uri", shorten(uri)),
                ("message", text),
            ];
            let data: Vec<(&str, &str)> = data.iter().map(|(k, v)| (*k, v.as_str())).collect();
            cx.event(events::MDM_404, &data);
        }
        outcome
    }

    /// All or nothing. What was done is really undone: the tree goes back to what it was, and no change is reacted to
    /// before all members succeeded.
    fn atomic(
        &mut self,
        a: &mut Activity,
        cx: &mut Cx<'_>,
        reply: &mut Reply,
        command: &Command,
        members: &[Command],
    ) {
        if let Some(uri) = added_and_replaced(members) {
            let odd =
                format!("{uri} is added and then replaced in one Atomic, which Windows does not support");
            cx.checked("syncml-atomic-add-then-replace", Some(odd));
        }
        let before = self.tree.clone();
        let mut done: Vec<Member> = Vec::new();
        let mut failed = None;
        for member in flat(members) {
            let name = member.body.name().to_owned();
            let mut changes = Vec::new();
            let status = if failed.is_some() {
                StatusCode::NOT_EXECUTED
            } else {
                self.member(cx, member, &mut changes)
            };
            if failed.is_none() && !status.is_success() {
                failed = Some(done.len());
            }
            done.push(Member { cmd_id: member.cmd_id.clone(), name, status, changes });
        }
        if let Some(at) = failed {
            self.tree.go_back(before);
            done[..at].iter_mut().for_each(|member| member.status = StatusCode::ATOMIC_ROLLED_BACK);
            if touches_user(members) && self.tree.user().is_none() {
                cx.decided(rules::WIR_006, "user content in an Atomic while no user is there: rolled back");
            }
        }
        let outer = if failed.is_some() { StatusCode::ATOMIC_FAILED } else { StatusCode::OK };
        cx.note(Note::Csp { verb: "Atomic".into(), uri: String::new(), status: outer.0, value: None });
        reply.status(&command.cmd_id, "Atomic", outer, None);
        for member in &done {
            reply.status(&member.cmd_id, &member.name, member.status, None);
        }
        if failed.is_none() {
            for member in done {
                self.react(a, cx, member.changes);
            }
        }
    }

    /// A member of an Atomic: neither Get nor another Atomic is allowed.
    fn member(&mut self, cx: &mut Cx<'_>, member: &Command, changes: &mut Vec<Change>) -> StatusCode {
        if member.cmd_id.trim().is_empty() {
            return StatusCode::BAD_REQUEST;
        }
        let Some(verb) = verb(&member.body) else {
            let unknown = matches!(member.body, Body::Unknown { .. });
            return if unknown { StatusCode::BAD_REQUEST } else { StatusCode::COMMAND_FAILED };
        };
        if verb == Verb::Get {
            return StatusCode::COMMAND_FAILED;
        }
        if member.body.items().is_empty() {
            return StatusCode::INCOMPLETE;
        }
        let mut last = StatusCode::OK;
        for item in member.body.items() {
            let outcome = self.one(cx, verb, item);
            changes.extend(outcome.change);
            last = outcome.status;
            if !last.is_success() {
                break;
            }
        }
        last
    }
}

/// The members of an Atomic in order; a Sequence among them is opened up.
fn flat(members: &[Command]) -> Vec<&Command> {
    members
        .iter()
        .flat_map(|member| match &member.body {
            Body::Sequence(inner) => flat(inner),
            _ => vec![member],
        })
        .collect()
}

/// A node that one Atomic adds and then replaces (reference: protocols, C.2: unsupported; what Windows answers is not
/// published, so it is carried out and told).
fn added_and_replaced(members: &[Command]) -> Option<&str> {
    let members = flat(members);
    let targets = |verb: Verb| {
        let of_verb = move |m: &&&Command| self::verb(&m.body) == Some(verb);
        members.iter().filter(of_verb).flat_map(|m| m.body.items()).filter_map(|item| item.target.as_deref())
    };
    let replaced: Vec<&str> = targets(Verb::Replace).collect();
    targets(Verb::Add).find(|uri| replaced.contains(uri))
}

fn touches_user(members: &[Command]) -> bool {
    flat(members)
        .iter()
        .flat_map(|member| member.body.items())
        .any(|item| item.target.as_deref().is_some_and(|uri| uri.starts_with("./User/")))
}

fn verb(body: &Body) -> Option<Verb> {
    Some(match body {
        Body::Get { .. } => Verb::Get,
        Body::Add { .. } => Verb::Add,
        Body::Replace { .. } => Verb::Replace,
        Body::Delete { .. } => Verb::Delete,
        Body::Exec { .. } => Verb::Exec,
        _ => return None,
    })
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN).chain("...".chars()).collect()
}

/// The CSP that a LocURI names.
fn uri_provider(uri: &str) -> String {
    LocUri::parse(uri).ok().and_then(|uri| uri.names.get(2).cloned()).unwrap_or_default()
}

/// The HRESULT behind a status that event 404 tells of. 418 is normal and not told (WIR-005).
fn hresult(status: StatusCode) -> Option<&'static Code> {
    Some(match status {
        StatusCode::NOT_FOUND => codes::CFGMGR_E_NODENOTFOUND,
        StatusCode::COMMAND_NOT_ALLOWED => codes::CFGMGR_E_COMMANDNOTALLOWED,
        StatusCode::UNSUPPORTED_TYPE => codes::CFGMGR_E_INVALIDDATATYPE,
        StatusCode::COMMAND_FAILED => codes::E_FAIL,
        _ => return None,
    })
}
