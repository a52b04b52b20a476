//! Writing messages.

use super::{Body, Chal, Command, Cred, Header, Item, Message, Status};
use crate::xml::{Writer, parse};

const SYNCML: &str = "SYNCML:SYNCML1.2";
const METINF: &str = "syncml:metinf";
const MSFT: &str = "http://schemas.microsoft.com/MobileDevice/MDM";

pub(super) fn message(message: &Message) -> String {
    let mut writer = Writer::new();
    let mut attributes = vec![("xmlns", SYNCML)];
    if message.commands.iter().any(has_original_error) {
        attributes.push(("xmlns:msft", MSFT));
    }
    writer.start("SyncML", &attributes);
    header(&mut writer, &message.header);
    writer.start("SyncBody", &[]);
    for one in &message.commands {
        command(&mut writer, one);
    }
    if message.final_ {
        writer.empty("Final", &[]);
    }
    writer.finish()
}

fn has_original_error(command: &Command) -> bool {
    match &command.body {
        Body::Status(status) => status.original_error.is_some(),
        Body::Atomic(inner) | Body::Sequence(inner) => inner.iter().any(has_original_error),
        _ => false,
    }
}

fn header(writer: &mut Writer, header: &Header) {
    writer
        .start("SyncHdr", &[])
        .leaf("VerDTD", &[], "1.2")
        .leaf("VerProto", &[], "DM/1.2")
        .leaf("SessionID", &[], &header.session_id)
        .leaf("MsgID", &[], &header.msg_id);
    uri(writer, "Target", Some(&header.target));
    writer.start("Source", &[]).leaf("LocURI", &[], &header.source);
    if let Some(name) = &header.source_name {
        writer.leaf("LocName", &[], name);
    }
    writer.end();
    if let Some(cred) = &header.cred {
        self::cred(writer, cred);
    }
    if let Some(size) = header.max_msg_size {
        meta(writer, &[("MaxMsgSize", Some(&size.to_string()))]);
    }
    writer.end();
}

fn cred(writer: &mut Writer, cred: &Cred) {
    writer.start("Cred", &[]);
    meta(writer, &[("Format", cred.format.as_deref()), ("Type", cred.type_.as_deref())]);
    writer.leaf("Data", &[], &cred.data).end();
}

fn chal(writer: &mut Writer, chal: &Chal) {
    let parts = [
        ("Format", chal.format.as_deref()),
        ("Type", chal.type_.as_deref()),
        ("NextNonce", chal.next_nonce.as_deref()),
    ];
    writer.start("Chal", &[]);
    meta(writer, &parts);
    writer.end();
}

/// `Meta` with what there is; nothing when there is nothing.
fn meta(writer: &mut Writer, parts: &[(&str, Option<&str>)]) {
    if parts.iter().all(|(_, value)| value.is_none()) {
        return;
    }
    writer.start("Meta", &[]);
    for (name, value) in parts {
        if let Some(value) = value {
            writer.leaf(name, &[("xmlns", METINF)], value);
        }
    }
    writer.end();
}

fn uri(writer: &mut Writer, element: &str, uri: Option<&str>) {
    if let Some(uri) = uri {
        writer.start(element, &[]).leaf("LocURI", &[], uri).end();
    }
}

fn command(writer: &mut Writer, command: &Command) {
    let error = match &command.body {
        Body::Status(status) => status.original_error.as_deref(),
        _ => None,
    };
    match error {
        Some(code) => writer.start(command.body.name(), &[("msft:originalerror", code)]),
        None => writer.start(command.body.name(), &[]),
    };
    writer.leaf("CmdID", &[], &command.cmd_id);
    match &command.body {
        Body::Alert { code, .. } => {
            writer.leaf("Data", &[], &code.to_string());
        }
        Body::Status(status) => self::status(writer, status),
        Body::Results { msg_ref, cmd_ref, .. } => {
            writer.leaf("MsgRef", &[], msg_ref).leaf("CmdRef", &[], cmd_ref);
        }
        Body::Atomic(inner) | Body::Sequence(inner) => {
            for one in inner {
                self::command(writer, one);
            }
        }
        Body::Add { .. }
        | Body::Replace { .. }
        | Body::Get { .. }
        | Body::Delete { .. }
        | Body::Exec { .. }
        | Body::Unknown { .. } => {}
    }
    for one in command.body.items() {
        item(writer, one);
    }
    writer.end();
}

fn status(writer: &mut Writer, status: &Status) {
    writer.leaf("MsgRef", &[], &status.msg_ref).leaf("CmdRef", &[], &status.cmd_ref).leaf(
        "Cmd",
        &[],
        &status.cmd,
    );
    if let Some(target) = &status.target_ref {
        writer.leaf("TargetRef", &[], target);
    }
    if let Some(source) = &status.source_ref {
        writer.leaf("SourceRef", &[], source);
    }
    if let Some(chal) = &status.chal {
        self::chal(writer, chal);
    }
    writer.leaf("Data", &[], &status.code.to_string());
}

fn item(writer: &mut Writer, item: &Item) {
    writer.start("Item", &[]);
    uri(writer, "Target", item.target.as_deref());
    uri(writer, "Source", item.source.as_deref());
    let parts =
        [("Format", item.format.as_deref()), ("Type", item.type_.as_deref()), ("Mark", item.mark.as_deref())];
    meta(writer, &parts);
    if let Some(data) = &item.data {
        if item.format.as_deref() == Some("xml") && is_markup(data) {
            writer.start("Data", &[]).raw(data).end();
        } else {
            writer.leaf("Data", &[], data);
        }
    }
    if item.more_data {
        writer.empty("MoreData", &[]);
    }
    writer.end();
}

/// Whether `data` can stand inside an element as it is.
fn is_markup(data: &str) -> bool {
    !data.contains("<?") && parse(format!("<d>{data}</d>").as_bytes()).is_ok_and(|d| d.has_elements())
}
