//! SOAP envelopes of enrolment: what real servers demand of the text, and answers.

use super::fault::Fault;
use super::http::{Request, Response};
use super::xml::{self, Node};
use std::collections::BTreeSet;

/// Namespace of discovery.
pub(crate) const ENROLL: &str = "http://schemas.microsoft.com/windows/management/2012/01/enrollment";
/// Namespace of policies.
pub(crate) const XCEP: &str = "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy";
/// Namespace of enrolment.
pub(crate) const WSTEP: &str = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment";
/// Namespace of tokens.
pub(crate) const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/// Namespace of trust messages.
pub(crate) const WST: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const PASSWORD_TEXT: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";

/// Prefixes as Windows binds them (B.1).
const PREFIXES: [(&str, &str); 9] = [
    ("s", SOAP),
    ("a", ADDRESSING),
    ("u", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"),
    ("wsse", WSSE),
    ("wst", WST),
    ("ac", "http://schemas.xmlsoap.org/ws/2006/12/authorization"),
    ("xcep", XCEP),
    ("wstep", WSTEP),
    ("enroll", ENROLL),
];

/// A request of the device.
#[derive(Debug)]
pub(crate) struct Envelope {
    /// The whole tree.
    pub(crate) tree: Node,
    /// `a:MessageID`.
    pub(crate) message_id: String,
    /// What Windows writes differently.
    pub(crate) remarks: Vec<String>,
}

impl Envelope {
    /// The element in the body, by path from `Body`.
    pub(crate) fn body(&self, path: &[&str]) -> Option<&Node> {
        self.tree.child("Body")?.at(path)
    }

    /// User name and password of `wsse:Security`.
    pub(crate) fn credentials(&self) -> Result<(&str, &str), Fault> {
        let path = ["Header", "Security", "UsernameToken"];
        let token = self.tree.at(&path).ok_or_else(|| Fault::authentication("no UsernameToken"))?;
        let password = token.child("Password").ok_or_else(|| Fault::authentication("no Password"))?;
        if password.attribute("Type") != Some(PASSWORD_TEXT) {
            return Err(Fault::authentication("the Password is not of type PasswordText"));
        }
        Ok((token.text_at(&["Username"]), password.text.trim()))
    }
}

/// Reads an envelope. Errors are what real servers fail on; the rest becomes a remark.
pub(crate) fn read(
    request: &Request,
    url: &str,
    action: &str,
    message_ids: &mut BTreeSet<String>,
) -> Result<Envelope, Fault> {
    let tree = xml::read(&request.body).map_err(Fault::format)?;
    let message_id = between(&request.body, "<a:MessageID>", "</a:MessageID>")
        .ok_or_else(|| Fault::format("no <a:MessageID> in the text"))?
        .to_owned();
    if !message_ids.insert(message_id.clone()) {
        return Err(Fault::format(format!("MessageID {message_id} was used before")));
    }
    let said = tree.text_at(&["Header", "Action"]);
    if said != action {
        return Err(Fault::format(format!("the Action is {said:?}, not {action:?}")));
    }
    let to = tree.text_at(&["Header", "To"]);
    if to != url {
        return Err(Fault::format(format!("To is {to:?}, not {url:?}")));
    }
    let remarks = remarks(request, &tree, &message_id);
    Ok(Envelope { tree, message_id, remarks })
}

/// An answer. Real servers have been seen to put whitespace before the XML declaration.
pub(crate) fn response(status: u16, action: &str, relates_to: &str, body: &str) -> Response {
    let relates_to = xml::escape(relates_to);
    let text = format!(
        "\r\n  <?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<s:Envelope xmlns:s=\"{SOAP}\" xmlns:a=\"{ADDRESSING}\">\
         <s:Header><a:Action s:mustUnderstand=\"1\">{action}</a:Action>\
         <ActivityId CorrelationId=\"8c6060c4-3d78-4d73-ae17-e8bce88426ee\" \
         xmlns=\"http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics\">\
         8c6060c4-3d78-4d73-ae17-e8bce88426ee</ActivityId>\
         <a:RelatesTo>{relates_to}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    );
    Response::new(status, "application/soap+xml; charset=utf-8", text)
}

/// The text between two marks.
pub(crate) fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let start = text.find(from)? + from.len();
    text[start..].find(to).map(|end| &text[start..start + end])
}

/// Whether a namespace is declared behind the Envelope's start tag.
pub(crate) fn declares_late(text: &str) -> bool {
    let envelope = text.find("<s:Envelope").unwrap_or(0);
    let declared = text[envelope..].find('>').map_or(text.len(), |at| envelope + at);
    text[declared..].contains("xmlns")
}

fn remarks(request: &Request, tree: &Node, message_id: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            found.push(what.to_owned());
        }
    };
    let kind = request.header("Content-Type").unwrap_or_default().to_ascii_lowercase().replace(' ', "");
    must(
        kind == "application/soap+xml;charset=utf-8",
        "Content-Type is not application/soap+xml; charset=utf-8",
    );
    must(request.header("User-Agent") == Some("ENROLLClient"), "User-Agent is not ENROLLClient");
    must(is_urn_uuid(message_id), "MessageID is not urn:uuid:...");
    let body = request.body.trim_end();
    let envelope = body.find("<s:Envelope").unwrap_or(0);
    let declared = envelope + body[envelope..].find('>').unwrap_or(0);
    must(!indented(&body[declared..]), "whitespace between tags");
    for (prefix, uri) in PREFIXES {
        let bound = tree.attributes.iter().find(|(name, _)| *name == format!("xmlns:{prefix}"));
        must(
            bound.is_none_or(|(_, value)| value == uri),
            &format!("prefix {prefix} is bound to another namespace"),
        );
        let used = body.contains(&format!("<{prefix}:"));
        must(!used || bound.is_some(), &format!("prefix {prefix} is used and not declared on the Envelope"));
    }
    let header = tree.child("Header").map_or(&[][..], |h| &h.children);
    let names: Vec<&str> = header.iter().map(|n| n.name.as_str()).collect();
    let order = ["Action", "MessageID", "ReplyTo", "To", "Security"];
    must(order.starts_with(&names) && names.len() >= 4, "header blocks are not in Windows' order");
    let anonymous = "http://www.w3.org/2005/08/addressing/anonymous";
    must(tree.text_at(&["Header", "ReplyTo", "Address"]) == anonymous, "ReplyTo is not anonymous");
    for name in ["Action", "To"] {
        let understood = tree.at(&["Header", name]).and_then(|n| n.attribute("mustUnderstand"));
        must(understood == Some("1"), &format!("{name} is not mustUnderstand"));
    }
    found
}

fn is_urn_uuid(text: &str) -> bool {
    let Some(id) = text.strip_prefix("urn:uuid:") else { return false };
    let groups: Vec<&str> = id.split('-').collect();
    groups.iter().map(|g| g.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|g| g.chars().all(|c| c.is_ascii_hexdigit()))
}

/// Whether there is whitespace, and nothing else, between two tags.
fn indented(text: &str) -> bool {
    let gaps = text.split('>').skip(1).filter_map(|part| part.split_once('<').map(|(gap, _)| gap));
    gaps.into_iter().any(|gap| !gap.is_empty() && gap.trim().is_empty())
}
