//! A session from its first message to its last.

use oobe_catalog::{events, rules};

use super::carry::Reply;
use super::check::{self, Broken};
use super::{MAX_MESSAGES, Session, compose};
use crate::cx::{Answer, Cx};
use crate::io::{NoteFault, Slot, Timer, TransportError};
use crate::manage::{Activity, Management};

const DOING: &str = "holding a management session";

impl Management {
    /// Holds a session now, or as soon as the running one ends.
    pub(in crate::manage) fn sync(&mut self, a: &mut Activity, cx: &mut Cx<'_>, reason: &str) {
        if a.session.is_some() {
            a.again = Some(reason.to_owned());
            return;
        }
        cx.cancel_timer(Timer::Poll);
        cx.cancel_timer(Timer::Retry(Slot::Session));
        let number = self.sessions.next_id;
        self.sessions.next_id = number.wrapping_add(1);
        let mut session = Session {
            id: self.session_id(number),
            message: 0,
            sent: Vec::new(),
            alerts: self.sessions.alerts.len(),
            reason: reason.to_owned(),
            vector: compose::vector(cx),
            partial: None,
            syncs_ring: self.ring_is_syncing(),
        };
        cx.state("session", "idle", format!("session {} ({reason})", session.id));
        cx.event(events::MDM_208, &[]);
        let commands = self.first_commands(a, cx);
        let request = self.post(a, cx, &mut session, commands);
        cx.send(Slot::Session, request, format!("holding management session {}: {reason}", session.id));
        a.session = Some(session);
    }

    /// The server answered, or did not.
    pub(in crate::manage) fn session_answer(&mut self, a: &mut Activity, cx: &mut Cx<'_>, answer: Answer) {
        let Some(mut session) = a.session.take() else { return };
        match self.converse(a, cx, &mut session, answer) {
            Ok(true) => a.session = Some(session),
            Ok(false) => self.session_over(a, cx, &session),
            Err(broken) => self.session_broken(a, cx, &session, &broken),
        }
    }

    /// `true` while the session goes on.
    fn converse(
        &mut self,
        a: &mut Activity,
        cx: &mut Cx<'_>,
        session: &mut Session,
        answer: Answer,
    ) -> Result<bool, Broken> {
        let reply = match answer {
            Answer::Http(Ok(reply)) => reply,
            Answer::Http(Err(error)) => return Err(unreachable_server(&error)),
            Answer::Keys(_) | Answer::Tpm(_) => return Ok(true),
        };
        let message = check::read(cx, session, &reply, &self.enrolment.device_id)?;
        // What the first message carried has arrived.
        if session.message == 1 {
            let told = session.alerts.min(self.sessions.alerts.len());
            self.sessions.alerts.drain(..told);
        }
        let mut outgoing = Reply::to(&message.header.msg_id, session.partial.take());
        for command in &message.commands {
            self.carry(a, cx, &mut outgoing, command);
        }
        session.partial = outgoing.partial.take();
        if !message.final_ && session.message < MAX_MESSAGES {
            cx.checked("syncml-final", Some("the message has no Final: the rest is asked for".to_owned()));
            outgoing.next_message();
        }
        // A message with nothing but the successful status of the header is not sent.
        if outgoing.answered == 0 {
            return Ok(false);
        }
        if session.message >= MAX_MESSAGES {
            let detail = format!("the server sent {MAX_MESSAGES} messages and does not end");
            cx.checked("syncml-session-length", Some(detail.clone()));
            cx.decided(rules::MOD_009, detail.as_str());
            return Err(Broken::new(NoteFault::PeerBrokeProtocol, detail));
        }
        let request = self.post(a, cx, session, outgoing.into_commands());
        let why = format!("answering the server in management session {}", session.id);
        cx.send(Slot::Session, request, why);
        Ok(true)
    }

    fn session_over(&mut self, a: &mut Activity, cx: &mut Cx<'_>, session: &Session) {
        cx.state("session", format!("session {} ({})", session.id, session.reason), "idle");
        cx.event(events::MDM_209, &[]);
        self.sessions.failures = 0;
        self.sessions.completed = self.sessions.completed.saturating_add(1);
        if self.sessions.completed == 1 {
            self.decide(a, cx);
        }
        if session.syncs_ring {
            self.ring_synced();
        }
        self.restart_for_applocker(a, cx);
        if self.obey(a, cx) {
            return;
        }
        self.pump(a, cx);
        self.look_soon(a, cx);
        match a.again.take() {
            Some(reason) => self.sync(a, cx, &reason),
            None => self.schedule(cx),
        }
    }

    fn session_broken(&mut self, a: &mut Activity, cx: &mut Cx<'_>, session: &Session, broken: &Broken) {
        cx.state("session", format!("session {} ({})", session.id, session.reason), "failed");
        let code = broken.code.map(ToString::to_string);
        cx.failed(DOING, broken.fault, code, broken.detail.as_str());
        if self.obey(a, cx) {
            return;
        }
        self.back_off(a, cx, broken.again);
        self.look_soon(a, cx);
    }
}

fn unreachable_server(error: &TransportError) -> Broken {
    let detail = format!("the management server can't be reached: {error}");
    Broken { code: error.code(), ..Broken::new(error.blames(), detail) }
}
