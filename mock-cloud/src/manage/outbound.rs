//! The server's message: answers to the device's commands, then whichever orders are next.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use oobe_wire::ids::Guid;
use oobe_wire::syncml::{Body, Command, Header, Item, Message, Status, StatusCode};

use super::compose::Source;
use super::enrolment::{Progress, Sent, Session};
use super::inbound::Answer;
use super::orders::{Gate, Leaf, Order, Stage, Verb};
use super::{compose, material, remote, reseal};
use crate::journal::Service;
use crate::state::State;

/// Writes the answer to a message, and remembers what it orders.
pub(super) fn compose(state: &mut State, device: &str, message: &Message, answers: &[Answer]) -> String {
    let user = state.enrolments[device].session.as_ref().and_then(|s| s.user);
    let over = state.enrolments[device].session.as_ref().is_some_and(|s| s.over);
    let orders = if over || !message.final_ { Vec::new() } else { next(state, device, user) };
    if let Some((owner, first)) = orders.first() {
        let names: Vec<&str> = orders.iter().map(|(_, order)| order.key.as_str()).collect();
        let rule = compose::rule_of(first.stage, owner.is_some());
        state.journal.tell_by(Service::Dm, "orders-sent", Some(rule), names.join("; "));
    }
    let State { enrolments, .. } = state;
    let enrolment = enrolments.get_mut(device).expect("the certificate led to it");
    let session = enrolment.session.as_mut().expect("the message is part of one");
    session.server_message += 1;

    let mut page = Page { commands: Vec::new(), number: 0 };
    let status = |cmd_ref: &str, cmd: &str, code| {
        Body::Status(Status {
            msg_ref: message.header.msg_id.clone(),
            cmd_ref: cmd_ref.to_owned(),
            cmd: cmd.to_owned(),
            code,
            ..Status::default()
        })
    };
    page.push(status("0", "SyncHdr", StatusCode::OK));
    for answer in answers {
        page.push(status(&answer.cmd_id, &answer.name, answer.code));
    }
    for (user, order) in &orders {
        page.order(session, order, *user);
    }
    let answer = Message {
        header: Header {
            session_id: message.header.session_id.clone(),
            msg_id: session.server_message.to_string(),
            target: message.header.source.clone(),
            source: message.header.target.clone(),
            ..Header::default()
        },
        commands: page.commands,
        final_: true,
    };
    session.over = session.over || (orders.is_empty() && message.final_);
    session.reply = answer.write();
    session.reply.clone()
}

/// The orders that are due: the first stage of the device that has any, and the first of the user who is there.
fn next(state: &mut State, device: &str, user: Option<Guid>) -> Vec<(Option<Guid>, Arc<Order>)> {
    let enrolment = &state.enrolments[device];
    let sent = |order: &Order| enrolment.session.as_ref().is_some_and(|s| s.sent.contains(&order.key));
    // Once a session, whatever the device says to it.
    let asked: Vec<_> = remote::orders(enrolment).into_iter().filter(|order| !sent(order)).collect();
    let is_wiped = asked.iter().any(remote::is_wipe);
    let asked: Vec<_> = asked.into_iter().map(|order| (None, Arc::new(order))).collect();
    if is_wiped {
        // There is no use in anything else.
        return asked;
    }
    material::prepare(state, device, user);
    let mut due = asked;
    for owner in [None].into_iter().chain(user.map(Some)) {
        due.extend(due_now(state, device, owner).into_iter().map(|order| (owner, order)));
    }
    due
}

fn due_now(state: &mut State, device: &str, user: Option<Guid>) -> Vec<Arc<Order>> {
    let State { seed, tenants, enrolments, .. } = state;
    let Some(enrolment) = enrolments.get_mut(device) else { return Vec::new() };
    let Some(tenant) = tenants.iter().find(|t| t.id == enrolment.tenant) else { return Vec::new() };
    let look = if user.is_none() { reseal::look(enrolment) } else { Vec::new() };
    let source = Source {
        seed: *seed,
        assigned: &tenant.assigned,
        material: &enrolment.material,
        device_id: &enrolment.device_id,
        intune_id: enrolment.intune_id,
    };
    let standing = Standing {
        user,
        progress: match user {
            None => Some(&enrolment.device_orders),
            Some(user) => enrolment.user_orders.get(&user),
        },
        sent: enrolment.session.as_ref().map(|session| &session.sent),
    };
    // Stage by stage: what is behind a stage that is not passed need not be composed.
    let stages = [Stage::Hold, Stage::Settings, Stage::Apps, Stage::Release];
    let look: Vec<_> = look.into_iter().map(Arc::new).collect();
    let due = standing.due_of(&look).or_else(|| {
        let composed = &mut enrolment.composed;
        stages.into_iter().find_map(|stage| standing.due_of(&source.orders(composed, stage, user)))
    });
    due.unwrap_or_default()
}

/// How the orders of the device, or of a user, stand.
struct Standing<'a> {
    user: Option<Guid>,
    progress: Option<&'a BTreeMap<String, Progress>>,
    /// Keys of what was sent in this session.
    sent: Option<&'a BTreeSet<String>>,
}

impl Standing<'_> {
    /// Orders of one stage that are due; `None` when it is passed.
    fn due_of(&self, orders: &[Arc<Order>]) -> Option<Vec<Arc<Order>>> {
        let progress =
            |order: &Order| self.progress.and_then(|list| list.get(&order.key)).copied().unwrap_or_default();
        let sent = |order: &Order| self.sent.is_some_and(|sent| sent.contains(&*sent_key(self.user, order)));
        let due: Vec<Arc<Order>> =
            orders.iter().filter(|o| !progress(o).settled && !sent(o)).map(Arc::clone).collect();
        let passed = |order: &Arc<Order>| match order.gate {
            Gate::Answered => progress(order).status != 0,
            Gate::Settled => progress(order).settled,
        };
        (!due.is_empty() || !orders.iter().all(passed)).then_some(due)
    }
}

fn sent_key(user: Option<Guid>, order: &Order) -> Cow<'_, str> {
    user.map_or(Cow::Borrowed(&order.key), |user| format!("{user} {}", order.key).into())
}

/// The commands of one message.
struct Page {
    commands: Vec<Command>,
    number: u32,
}

impl Page {
    fn id(&mut self) -> String {
        self.number += 1;
        self.number.to_string()
    }

    fn push(&mut self, body: Body) {
        let id = self.id();
        self.commands.push(Command::new(id, body));
    }

    /// One order: a command, or an Atomic with its commands inside.
    fn order(&mut self, session: &mut Session, order: &Order, user: Option<Guid>) {
        session.sent.insert(sent_key(user, order).into_owned());
        let mut open = |id: &str, name: &str, uri: &str, inner: bool| {
            let sent = Sent {
                order: order.key.clone(),
                message: session.server_message,
                name: name.to_owned(),
                uri: uri.to_owned(),
                inner,
                user,
                patience: order.patience,
            };
            session.open.insert(id.to_owned(), sent);
        };
        if let [leaf] = order.leaves.as_slice() {
            let body = body(leaf);
            let id = self.id();
            open(&id, body.name(), &leaf.uri, false);
            self.commands.push(Command::new(id, body));
            return;
        }
        let outer = self.id();
        let mut inside = Vec::new();
        for leaf in &order.leaves {
            let body = body(leaf);
            let id = self.id();
            open(&id, body.name(), &leaf.uri, true);
            inside.push(Command::new(id, body));
        }
        open(&outer, "Atomic", "", false);
        self.commands.push(Command::new(outer, Body::Atomic(inside)));
    }
}

fn body(leaf: &Leaf) -> Body {
    let mut item = Item::target(leaf.uri.as_str());
    if !leaf.format.is_empty() {
        item = item.with_format(leaf.format);
        if leaf.format != "node" && leaf.format != "xml" {
            item = item.with_type("text/plain");
        }
    }
    item.data.clone_from(&leaf.data);
    let items = vec![item];
    match leaf.verb {
        Verb::Add => Body::Add { items },
        Verb::Replace => Body::Replace { items },
        Verb::Get => Body::Get { items },
        Verb::Exec => Body::Exec { items },
    }
}
