//! What the device sends.

use oobe_wire::encoding::base64_encode;
use oobe_wire::syncml::{Body, CONTENT_TYPE, Command, Header, Item, Message};

use super::Session;
use crate::cx::Cx;
use crate::io::HttpRequest;
use crate::manage::csp::LocUri;
use crate::manage::{Activity, Management};

const ACCEPT: &str =
    "application/vnd.syncml.dm+xml, application/vnd.syncml.dm+wbxml, application/octet-stream";
const USER_AGENT: &str = "MSFT OMA DM Client/1.2.0.1";
/// The values of the first message's Replace, in the order in which Windows sends them.
const DEV_INFO: [&str; 5] = ["DevId", "Man", "Mod", "DmV", "Lang"];

impl Management {
    /// Commands of the first message, numbered as Windows numbers them: Alerts from 2 on, then the Replace (some
    /// servers acknowledge these numbers blindly; reference: protocols, G item 2).
    pub(super) fn first_commands(&self, a: &Activity, cx: &Cx<'_>) -> Vec<Command> {
        let mut bodies = vec![
            Body::Alert { code: 1201, items: Vec::new() },
            alert_1224("com.microsoft/MDM/LoginStatus", self.login_status(a)),
        ];
        if let Some(token) =
            a.user.as_ref().filter(|_| self.tree.user().is_some()).and_then(|u| u.token.as_ref())
        {
            bodies.push(alert_1224("com.microsoft/MDM/AADUserToken", token.expose()));
        }
        let facts = self.facts(cx);
        let item = |leaf: &&str| {
            let uri = LocUri::device("DevInfo").into_child(leaf);
            Item::source(format!("./DevInfo/{leaf}")).with_data(facts.read(&uri).unwrap_or_default())
        };
        bodies.push(Body::Replace { items: DEV_INFO.iter().map(item).collect() });
        bodies.extend(
            self.sessions.alerts.iter().map(|alert| Body::Alert { code: 1226, items: vec![alert.item()] }),
        );
        bodies.into_iter().zip(2_u32..).map(|(body, id)| Command::new(id.to_string(), body)).collect()
    }

    /// WIR-007: whether a user is there whose context is up (`user`), somebody else (`others`), or nobody.
    fn login_status(&self, a: &Activity) -> &'static str {
        match (&a.user, self.tree.user()) {
            (Some(_), Some(_)) => "user",
            (Some(_), None) => "others",
            (None, _) => "none",
        }
    }

    pub(super) fn post(
        &self,
        a: &Activity,
        cx: &mut Cx<'_>,
        session: &mut Session,
        commands: Vec<Command>,
    ) -> HttpRequest {
        session.message += 1;
        session.sent = commands.iter().map(|c| (c.cmd_id.clone(), c.body.name().to_owned())).collect();
        let message = Message {
            header: Header {
                session_id: session.id.clone(),
                msg_id: session.message.to_string(),
                target: self.enrolment.server.clone(),
                source: self.enrolment.device_id.clone(),
                ..Header::default()
            },
            commands,
            final_: true,
        };
        let mut request = HttpRequest::post(self.session_url(), CONTENT_TYPE, message.write())
            .header("accept", ACCEPT)
            .header("user-agent", USER_AGENT)
            .header("ms-cv", format!("{}.{}", session.vector, session.message))
            .header("client-request-id", cx.rng.guid().to_string());
        if let Some(token) = a.user.as_ref().and_then(|u| u.token.as_ref()) {
            request = request.header("authorization", format!("Bearer {}", token.expose()));
        }
        request.identity(self.enrolment.identity.clone())
    }

    /// ADDR, which may hold a query already (reference: protocols, G item 7).
    fn session_url(&self) -> String {
        let joint = if self.enrolment.server.contains('?') { '&' } else { '?' };
        format!("{}{joint}mode=Maintenance&Platform=WoA", self.enrolment.server)
    }

    /// Decimal, or hexadecimal once the server's application version is 2.0 or later (reference: protocols, C.1).
    pub(super) fn session_id(&self, number: u16) -> String {
        let version = self.tree.read(&self.enrolment.provider_node().into_child("SyncApplicationVersion"));
        let major = version.and_then(|v| v.split('.').next()).and_then(|v| v.trim().parse::<u32>().ok());
        if major >= Some(2) { format!("{number:X}") } else { number.to_string() }
    }
}

/// A correlation vector as Windows writes it: 16 base64 characters.
pub(super) fn vector(cx: &mut Cx<'_>) -> String {
    base64_encode(&cx.rng.bytes::<12>())
}

fn alert_1224(kind: &str, data: &str) -> Body {
    Body::Alert { code: 1224, items: vec![Item::default().with_type(kind).with_data(data)] }
}
