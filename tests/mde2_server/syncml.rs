//! SyncML 1.2: reading the device's messages, writing the server's.

use super::xml::{self, Node, escape};
use std::fmt::Write as _;

/// A message of the device.
#[derive(Debug)]
pub(crate) struct Message {
    /// `SessionID`.
    pub(crate) session_id: String,
    /// `MsgID`.
    pub(crate) number: u32,
    /// Target.
    pub(crate) target: String,
    /// Source.
    pub(crate) source: String,
    /// Commands in order.
    pub(crate) commands: Vec<Node>,
    /// Whether `Final` is there.
    pub(crate) last: bool,
}

/// A command of the server.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    /// `Add`, `Replace` or `Get`.
    pub(crate) verb: &'static str,
    /// Node.
    pub(crate) uri: String,
    /// Format; empty for Get.
    pub(crate) format: &'static str,
    /// Data.
    pub(crate) data: String,
    /// Statuses that are in order.
    pub(crate) fine: &'static [u16],
}

impl Command {
    /// Gives a value.
    pub(crate) fn replace(uri: impl Into<String>, format: &'static str, data: impl Into<String>) -> Self {
        Self { verb: "Replace", uri: uri.into(), format, data: data.into(), fine: &[200] }
    }

    /// Makes a node; 418 says that it is there.
    pub(crate) fn add_node(uri: impl Into<String>) -> Self {
        Self { verb: "Add", uri: uri.into(), format: "node", data: String::new(), fine: &[200, 418] }
    }

    /// Asks for a value.
    pub(crate) fn get(uri: impl Into<String>) -> Self {
        Self { verb: "Get", uri: uri.into(), format: "", data: String::new(), fine: &[200] }
    }

    /// The same, with other statuses in order.
    pub(crate) fn fine(self, fine: &'static [u16]) -> Self {
        Self { fine, ..self }
    }

    fn write(&self, id: usize) -> String {
        let (verb, uri) = (self.verb, escape(&self.uri));
        let mut item = format!("<Target><LocURI>{uri}</LocURI></Target>");
        if verb != "Get" {
            // The prefix is declared nowhere, as a real server leaves it (G4).
            write!(item, "<Meta><A:Format>{}</A:Format>", self.format).expect("a String takes it");
            item.push_str("<Type xmlns=\"syncml:metinf\">text/plain</Type></Meta>");
        }
        if !self.data.is_empty() {
            write!(item, "<Data>{}</Data>", escape(&self.data)).expect("a String takes it");
        }
        format!("<{verb}><CmdID>{id}</CmdID><Item>{item}</Item></{verb}>")
    }
}

/// Reads a message.
pub(crate) fn read(text: &str) -> Result<Message, String> {
    let root = xml::read(text)?;
    if root.name != "SyncML" || root.attribute("xmlns") != Some("SYNCML:SYNCML1.2") {
        return Err("the root is not SyncML of SYNCML:SYNCML1.2".into());
    }
    let header = root.child("SyncHdr").ok_or("no SyncHdr")?;
    if (header.text_at(&["VerDTD"]), header.text_at(&["VerProto"])) != ("1.2", "DM/1.2") {
        return Err("the version is not 1.2".into());
    }
    let body = root.child("SyncBody").ok_or("no SyncBody")?;
    let (last, commands) = body.children.iter().cloned().partition::<Vec<_>, _>(|c| c.name == "Final");
    Ok(Message {
        session_id: header.text_at(&["SessionID"]).to_owned(),
        number: header.text_at(&["MsgID"]).parse().map_err(|_| "MsgID is not a number")?,
        target: header.text_at(&["Target", "LocURI"]).to_owned(),
        source: header.text_at(&["Source", "LocURI"]).to_owned(),
        commands,
        last: !last.is_empty(),
    })
}

/// Writes the answer to `message`: statuses, then commands.
///
/// On purpose: whitespace before the declaration, a MsgID of its own, `CmdID` behind `MsgRef` and `CmdRef`, and
/// commands that count from 1 again although the statuses did (G6). Commands are referred to by their place.
pub(crate) fn write(message: &Message, own: u32, url: &str, commands: &[Command]) -> String {
    let mut body = String::new();
    let own_reference = ("0", "SyncHdr");
    let theirs = message.commands.iter().filter(|c| !matches!(c.name.as_str(), "Status" | "Results"));
    let references = theirs.map(|c| (c.text_at(&["CmdID"]), c.name.as_str()));
    for (id, (reference, name)) in std::iter::once(own_reference).chain(references).enumerate() {
        write!(
            body,
            "<Status><MsgRef>{}</MsgRef><CmdRef>{}</CmdRef><CmdID>{}</CmdID><Cmd>{name}</Cmd><Data>200</Data></Status>",
            message.number,
            escape(reference),
            id + 1
        )
        .expect("a String takes it");
    }
    for (place, command) in commands.iter().enumerate() {
        body.push_str(&command.write(place + 1));
    }
    format!(
        "\n <?xml version=\"1.0\" encoding=\"utf-8\"?>\n<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr>\
         <VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>{}</SessionID><MsgID>{own}</MsgID>\
         <Target><LocURI>{}</LocURI></Target><Source><LocURI>{}</LocURI></Source></SyncHdr>\
         <SyncBody>{body}<Final/></SyncBody></SyncML>",
        escape(&message.session_id),
        escape(&message.source),
        escape(url)
    )
}
