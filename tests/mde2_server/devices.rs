//! What the server knows of an enrolled device, and how a message changes it.

use super::esp;
use super::seen::{Manage, Outcome};
use super::syncml::{Command, Message};
use super::xml::Node;

/// An enrolled device.
#[derive(Debug, Clone, Default)]
pub(crate) struct Device {
    /// `DeviceID` of the enrolment.
    pub(crate) id: String,
    /// Sessions so far.
    pub(crate) session: usize,
    /// `LoginStatus` of this session.
    pub(crate) login: String,
    /// The device-scope release gave 200.
    pub(crate) released: bool,
    /// The user-scope release gave 200.
    pub(crate) user_released: bool,
    /// The server thinks that it is done, whatever the statuses say.
    pub(crate) given_up: bool,
    /// `SessionID` and `MsgID` of the last message of the device.
    last: Option<(String, u32)>,
    /// The server's own last MsgID.
    own: u32,
    /// Commands that wait for a status.
    waiting: Vec<Command>,
}

impl Device {
    /// A device that was just enrolled.
    pub(crate) fn new(id: String) -> Self {
        Self { id, own: 40, ..Self::default() }
    }

    /// Takes a message in. What it holds, and what Windows does differently.
    pub(crate) fn take(&mut self, message: &Message) -> (Manage, Vec<String>) {
        let mut remarks = Vec::new();
        self.place(message, &mut remarks);
        let mut manage = Manage {
            session: self.session,
            session_id: message.session_id.clone(),
            number: message.number,
            ..Manage::default()
        };
        let statuses: Vec<&Node> = message.commands.iter().filter(|c| c.name == "Status").collect();
        if message.number == 1 {
            self.waiting.clear();
            opening(message, &mut remarks);
        } else {
            manage.outcomes = self.settle(&statuses, &mut remarks);
        }
        for command in &message.commands {
            note(command, &mut manage);
        }
        if let Some(login) = manage.alerts.iter().find(|a| a.1 == "com.microsoft/MDM/LoginStatus") {
            self.login.clone_from(&login.2);
        }
        for got in manage.outcomes.iter().filter(|o| o.verb == "Get" && o.status == 200) {
            if !manage.results.contains_key(&got.uri) {
                remarks.push(format!("Get {} gave 200 and no Results", got.uri));
            }
        }
        (manage, remarks)
    }

    /// What the server answers with: its MsgID and commands.
    pub(crate) fn want(&mut self, message: &Message, commands: Vec<Command>) -> (u32, Vec<Command>) {
        self.own += 1;
        self.last = Some((message.session_id.clone(), message.number));
        self.waiting.clone_from(&commands);
        (self.own, commands)
    }

    /// Session and message numbers.
    fn place(&mut self, message: &Message, remarks: &mut Vec<String>) {
        let (session, number) = (&message.session_id, message.number);
        if session.parse::<u32>().is_err() {
            remarks.push(format!("SessionID {session:?} is not decimal"));
        }
        match &self.last {
            _ if number == 1 => {
                self.session += 1;
                self.login.clear();
            }
            Some((before, last)) if before == session && last + 1 == number => {}
            before => remarks.push(format!("message {number} of session {session} after {before:?}")),
        }
        if number == 1 && self.last.as_ref().is_some_and(|(before, _)| before == session) {
            remarks.push(format!("SessionID {session} is used twice in a row"));
        }
        if !message.last {
            remarks.push("no Final".into());
        }
    }

    /// Matches statuses with what was sent.
    fn settle(&mut self, statuses: &[&Node], remarks: &mut Vec<String>) -> Vec<Outcome> {
        let waiting = std::mem::take(&mut self.waiting);
        let own = self.own.to_string();
        let mut expected = vec![("0".to_owned(), "SyncHdr")];
        expected.extend(waiting.iter().enumerate().map(|(place, c)| ((place + 1).to_string(), c.verb)));
        let got: Vec<(String, &str)> =
            statuses.iter().map(|s| (s.text_at(&["CmdRef"]).to_owned(), s.text_at(&["Cmd"]))).collect();
        if got != expected {
            remarks.push(format!("statuses are for {got:?}, not for {expected:?}"));
        }
        if let Some(odd) = statuses.iter().find(|s| s.text_at(&["MsgRef"]) != own) {
            remarks.push(format!("MsgRef is {:?}, the message was {own}", odd.text_at(&["MsgRef"])));
        }
        let mut outcomes = Vec::new();
        for (place, command) in waiting.iter().enumerate() {
            let reference = (place + 1).to_string();
            let Some(status) = statuses.iter().find(|s| s.text_at(&["CmdRef"]) == reference) else {
                continue;
            };
            let status = status.text_at(&["Data"]).parse().unwrap_or(0);
            if !command.fine.contains(&status) {
                remarks.push(format!("{} {} gave {status}", command.verb, command.uri));
            }
            self.released |= command.uri == esp::device_release() && status == 200;
            self.user_released |= command.uri == esp::user_release() && status == 200;
            let (verb, uri, data) = (command.verb.to_owned(), command.uri.clone(), command.data.clone());
            outcomes.push(Outcome { verb, uri, data, status });
        }
        if waiting.is_empty() && !statuses.is_empty() {
            remarks.push("a message that only acknowledges the header ends nothing and is not sent".into());
        }
        outcomes
    }
}

/// The first message of a session, as Windows numbers it (G2).
fn opening(message: &Message, remarks: &mut Vec<String>) {
    let commands = &message.commands;
    let shape: Vec<(&str, &str)> =
        commands.iter().map(|c| (c.name.as_str(), c.text_at(&["CmdID"]))).take(3).collect();
    if shape != [("Alert", "2"), ("Alert", "3"), ("Replace", "4")] {
        remarks.push(format!("message 1 begins with {shape:?}"));
    }
    let codes: Vec<&str> =
        commands.iter().filter(|c| c.name == "Alert").map(|c| c.text_at(&["Data"])).collect();
    if !matches!(codes.as_slice(), ["1200" | "1201", "1224", ..]) {
        remarks.push(format!("message 1 has the alerts {codes:?}"));
    }
    let replace = commands.iter().find(|c| c.name == "Replace");
    let sources: Vec<&str> =
        replace.iter().flat_map(|r| r.all("Item")).map(|i| i.text_at(&["Source", "LocURI"])).collect();
    for node in ["DevId", "Man", "Mod", "DmV", "Lang"] {
        let uri = format!("./DevInfo/{node}");
        if !sources.contains(&uri.as_str()) {
            remarks.push(format!("message 1 does not give {uri} as Source"));
        }
    }
}

/// Notes what a command says.
fn note(command: &Node, manage: &mut Manage) {
    let code = command.text_at(&["Data"]).to_owned();
    for item in command.all("Item") {
        let data = item.text_at(&["Data"]).to_owned();
        let uri = item.text_at(&["Source", "LocURI"]).to_owned();
        match command.name.as_str() {
            "Alert" => manage.alerts.push((code.clone(), item.text_at(&["Meta", "Type"]).to_owned(), data)),
            "Replace" => drop(manage.replaced.insert(uri, data)),
            "Results" => drop(manage.results.insert(uri, data)),
            _ => {}
        }
    }
    if command.name == "Alert" && command.child("Item").is_none() {
        manage.alerts.push((code, String::new(), String::new()));
    }
}
