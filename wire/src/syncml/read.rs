//! Reading messages.

use super::{Body, Chal, Command, Cred, Header, Item, Message, Status, StatusCode};
use crate::xml::{Element, XmlError, parse};

/// Why a message cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyncmlError {
    /// Not XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The root element is another one.
    #[error("not a SyncML message but {0:?}")]
    Root(String),
    /// An element is missing without which nothing can be answered.
    #[error("the message has no {0}")]
    Missing(&'static str),
}

pub(super) fn message(xml: &[u8]) -> Result<Message, SyncmlError> {
    let root = parse(xml)?;
    if root.name != "SyncML" {
        return Err(SyncmlError::Root(root.name.into_owned()));
    }
    let header = root.child("SyncHdr").ok_or(SyncmlError::Missing("SyncHdr"))?;
    let body = root.child("SyncBody").ok_or(SyncmlError::Missing("SyncBody"))?;
    Ok(Message {
        header: self::header(header),
        commands: body.elements().filter(|e| e.name != "Final").map(command).collect(),
        final_: body.child("Final").is_some(),
    })
}

/// Whether a body that was cut short is worth reading: it ends with `</SyncML>`, apart from white space. One
/// server announces more bytes than it sends (reference: protocols, G item 5).
pub fn complete_enough(body: &[u8]) -> bool {
    body.trim_ascii_end().ends_with(b"</SyncML>")
}

fn text(parent: &Element<'_>, path: &[&str]) -> String {
    parent.text_at(path).unwrap_or_default()
}

fn header(header: &Element<'_>) -> Header {
    Header {
        session_id: text(header, &["SessionID"]),
        msg_id: text(header, &["MsgID"]),
        target: text(header, &["Target", "LocURI"]),
        source: text(header, &["Source", "LocURI"]),
        source_name: header.text_at(&["Source", "LocName"]),
        cred: header.child("Cred").map(|cred| Cred {
            format: cred.text_at(&["Meta", "Format"]),
            type_: cred.text_at(&["Meta", "Type"]),
            data: text(cred, &["Data"]),
        }),
        max_msg_size: header.text_at(&["Meta", "MaxMsgSize"]).and_then(|size| size.parse().ok()),
    }
}

fn command(element: &Element<'_>) -> Command {
    let code = || text(element, &["Data"]).parse().unwrap_or_default();
    let refs = || (text(element, &["MsgRef"]), text(element, &["CmdRef"]));
    let body = match &*element.name {
        "Alert" => Body::Alert { code: code(), items: items(element) },
        "Add" => Body::Add { items: items(element) },
        "Replace" => Body::Replace { items: items(element) },
        "Get" => Body::Get { items: items(element) },
        "Delete" => Body::Delete { items: items(element) },
        "Exec" => Body::Exec { items: items(element) },
        "Atomic" => Body::Atomic(inner(element)),
        "Sequence" => Body::Sequence(inner(element)),
        "Status" => {
            let (msg_ref, cmd_ref) = refs();
            Body::Status(Status {
                msg_ref,
                cmd_ref,
                cmd: text(element, &["Cmd"]),
                target_ref: element.text_at(&["TargetRef"]),
                source_ref: element.text_at(&["SourceRef"]),
                code: StatusCode(code()),
                chal: element.child("Chal").map(chal),
                original_error: element.attr("originalerror").map(str::to_owned),
                items: items(element),
            })
        }
        "Results" => {
            let (msg_ref, cmd_ref) = refs();
            Body::Results { msg_ref, cmd_ref, items: items(element) }
        }
        name => Body::Unknown { name: name.to_owned() },
    };
    Command { cmd_id: text(element, &["CmdID"]), body }
}

fn chal(chal: &Element<'_>) -> Chal {
    Chal {
        format: chal.text_at(&["Meta", "Format"]),
        type_: chal.text_at(&["Meta", "Type"]),
        next_nonce: chal.text_at(&["Meta", "NextNonce"]),
    }
}

/// The commands inside an Atomic or Sequence.
fn inner(element: &Element<'_>) -> Vec<Command> {
    let own = |name: &str| matches!(name, "CmdID" | "Meta" | "NoResp");
    element.elements().filter(|e| !own(&e.name)).map(command).collect()
}

fn items(command: &Element<'_>) -> Vec<Item> {
    let meta = |of: &Element<'_>, name: &str| of.text_at(&["Meta", name]);
    let item = |item: &Element<'_>| Item {
        target: item.text_at(&["Target", "LocURI"]),
        source: item.text_at(&["Source", "LocURI"]),
        format: meta(item, "Format").or_else(|| meta(command, "Format")),
        type_: meta(item, "Type").or_else(|| meta(command, "Type")),
        mark: meta(item, "Mark").or_else(|| meta(command, "Mark")),
        data: item.child("Data").map(data),
        more_data: item.child("MoreData").is_some(),
    };
    command.children_named("Item").map(item).collect()
}

fn data(data: &Element<'_>) -> String {
    if data.has_elements() { data.inner_xml().trim().to_owned() } else { data.text() }
}
