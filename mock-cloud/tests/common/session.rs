//! A device's side of a management session.

use std::collections::BTreeMap;

use oobe_mock_cloud::Cloud;
use oobe_wire::syncml::{Body, CONTENT_TYPE, Command, Header, Item, Message, Status, StatusCode};

use super::device::TestDevice;
use super::http::{Answer, post};

pub const MANAGE: &str =
    "https://r.manage.microsoft.com/devicegatewayproxy/cimhandler.ashx?mode=Maintenance&Platform=WoA";
pub const TARGET: &str = "https://r.manage.microsoft.com/devicegatewayproxy/cimhandler.ashx";

/// What the device answers to a command: a status, and for a Get a value.
pub type Csp<'a> = dyn FnMut(&str, &str, Option<&str>) -> (u16, Option<String>) + 'a;

pub struct TestSession<'a> {
    pub cloud: &'a Cloud,
    pub device: &'a TestDevice,
    pub id: String,
    pub message: u32,
    /// Everything that was ordered: verb, LocURI, data.
    pub orders: Vec<(String, String, String)>,
}

impl<'a> TestSession<'a> {
    pub fn new(cloud: &'a Cloud, device: &'a TestDevice, id: &str) -> Self {
        Self { cloud, device, id: id.into(), message: 0, orders: Vec::new() }
    }

    pub fn message(&mut self, commands: Vec<Body>) -> Message {
        self.message += 1;
        let commands =
            commands.into_iter().zip(2_u32..).map(|(body, id)| Command::new(id.to_string(), body)).collect();
        Message {
            header: Header {
                session_id: self.id.clone(),
                msg_id: self.message.to_string(),
                target: TARGET.into(),
                source: self.device.mdm_id.clone(),
                ..Header::default()
            },
            commands,
            final_: true,
        }
    }

    pub fn send(&self, message: &Message) -> Answer {
        post(MANAGE, CONTENT_TYPE, message.write()).peer(&self.device.mdm_certificate).send(self.cloud)
    }

    /// The first message: alerts and DevInfo.
    pub fn hello(&mut self, user_token: Option<&str>) -> Message {
        let alert = |kind: &str, data: &str| Body::Alert {
            code: 1224,
            items: vec![Item::default().with_type(kind).with_data(data)],
        };
        let login = if user_token.is_some() { "user" } else { "none" };
        let mut bodies = vec![
            Body::Alert { code: 1201, items: Vec::new() },
            alert("com.microsoft/MDM/LoginStatus", login),
        ];
        bodies.extend(user_token.map(|token| alert("com.microsoft/MDM/AADUserToken", token)));
        let info = |leaf: &str, data: &str| Item::source(format!("./DevInfo/{leaf}")).with_data(data);
        bodies.push(Body::Replace {
            items: vec![info("DevId", &self.device.mdm_id), info("Man", "Contoso"), info("DmV", "1.3")],
        });
        self.message(bodies)
    }

    /// Runs a whole session. Gives the server's messages.
    pub fn run(&mut self, user_token: Option<&str>, csp: &mut Csp<'_>) -> Vec<Message> {
        let mut next = self.hello(user_token);
        let mut replies = Vec::new();
        loop {
            let answer = self.send(&next).ok();
            let reply = Message::parse(&answer.body).unwrap();
            let answers = self.carry(&reply, csp);
            replies.push(reply);
            if answers.len() == 1 {
                return replies;
            }
            next = self.message(answers);
            assert!(replies.len() < 20, "the session does not end");
        }
    }

    /// Carries out a message; gives statuses and results.
    pub fn carry(&mut self, reply: &Message, csp: &mut Csp<'_>) -> Vec<Body> {
        let msg_ref = reply.header.msg_id.clone();
        let status = |cmd_ref: &str, cmd: &str, code: u16| {
            Body::Status(Status {
                msg_ref: msg_ref.clone(),
                cmd_ref: cmd_ref.into(),
                cmd: cmd.into(),
                code: StatusCode(code),
                ..Status::default()
            })
        };
        let mut out = vec![status("0", "SyncHdr", 200)];
        for command in &reply.commands {
            let inner: Vec<&Command> = match &command.body {
                Body::Status(_) => continue,
                Body::Atomic(inner) => {
                    out.push(status(&command.cmd_id, "Atomic", 200));
                    inner.iter().collect()
                }
                _ => vec![command],
            };
            for one in inner {
                let item = &one.body.items()[0];
                let uri = item.target.clone().unwrap_or_default();
                let (code, value) = csp(one.body.name(), &uri, item.data.as_deref());
                self.orders.push((
                    one.body.name().into(),
                    uri.clone(),
                    item.data.clone().unwrap_or_default(),
                ));
                out.push(status(&one.cmd_id, one.body.name(), code));
                if let Some(value) = value {
                    let items = vec![Item::source(uri).with_data(value)];
                    let (msg_ref, cmd_ref) = (msg_ref.clone(), one.cmd_id.clone());
                    out.push(Body::Results { msg_ref, cmd_ref, items });
                }
            }
        }
        out
    }

    pub fn ordered(&self, part: &str) -> Vec<&(String, String, String)> {
        self.orders.iter().filter(|(_, uri, _)| uri.contains(part)).collect()
    }
}

/// A device that does everything it is told: Adds of what is there 418, Gets 404 unless it was written.
pub fn obedient() -> impl FnMut(&str, &str, Option<&str>) -> (u16, Option<String>) {
    let mut nodes: BTreeMap<String, String> = BTreeMap::new();
    move |verb, uri, data| match verb {
        "Get" => nodes.get(uri).map_or((404, None), |value| (200, Some(value.clone()))),
        "Add" if nodes.contains_key(uri) => (418, None),
        "Exec" => (202, None),
        _ => {
            nodes.insert(uri.into(), data.unwrap_or_default().into());
            (200, None)
        }
    }
}
