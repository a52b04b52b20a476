//! Envelopes and their headers.

use std::fmt;

use super::{Fault, ReplyError, SoapError, ns};
use crate::encoding::{base64_decode, base64_encode};
use crate::xml::{Element, Writer, parse};

/// What a request's header says, besides the action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestHeader {
    /// `a:MessageID`: `urn:uuid:` and a GUID.
    pub message_id: String,
    /// `a:To`: the URL that is called.
    pub to: String,
    /// `wsse:Security`.
    pub security: Security,
}

impl RequestHeader {
    /// A header with `urn:uuid:{id}` as its message id.
    pub fn new(id: crate::ids::Guid, to: impl Into<String>, security: Security) -> Self {
        Self { message_id: format!("urn:uuid:{id}"), to: to.into(), security }
    }
}

/// What a response's header says, besides the action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseHeader {
    /// `a:RelatesTo`: the request's message id.
    pub relates_to: Option<String>,
    /// Attribute `CorrelationId` of `ActivityId`; its text is the same id.
    pub activity_id: Option<String>,
}

/// Who enrols (reference: protocols, B.3). Printing shows the kind only.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Security {
    /// Nobody says: Discover, or certificate authentication of the connection.
    #[default]
    None,
    /// An Entra access token, as its three-part text.
    Jwt(String),
    /// What a federated sign-in page handed over, before it is base64-encoded for the wire.
    DeviceEnrollmentUserToken(String),
    /// User name and password.
    UsernameToken {
        /// User name.
        user: String,
        /// Password.
        password: String,
    },
    /// Any other binary token.
    Other {
        /// `ValueType`.
        value_type: String,
        /// The text, as sent.
        text: String,
    },
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Jwt(_) => "Jwt(***)",
            Self::DeviceEnrollmentUserToken(_) => "DeviceEnrollmentUserToken(***)",
            Self::UsernameToken { .. } => "UsernameToken(***)",
            Self::Other { .. } => "Other(***)",
        })
    }
}

/// Any envelope, read as far as its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// `a:Action`; empty when missing.
    pub action: String,
    /// `a:MessageID`.
    pub message_id: Option<String>,
    /// `a:RelatesTo`.
    pub relates_to: Option<String>,
    /// `a:To`.
    pub to: Option<String>,
    /// `ActivityId/@CorrelationId`, or its text.
    pub activity_id: Option<String>,
    /// `wsse:Security`.
    pub security: Security,
    /// `s:Body`.
    pub body: Element<'a>,
}

impl<'a> Envelope<'a> {
    /// Reads an envelope.
    pub fn parse(xml: &'a [u8]) -> Result<Self, SoapError> {
        let mut root = parse(xml)?;
        if root.name != "Envelope" {
            return Err(SoapError::Missing("Envelope"));
        }
        let header = root.child("Header").cloned().unwrap_or_default();
        let activity = header.child("ActivityId");
        Ok(Self {
            action: header.text_at(&["Action"]).unwrap_or_default(),
            message_id: header.text_at(&["MessageID"]),
            relates_to: header.text_at(&["RelatesTo"]),
            to: header.text_at(&["To"]),
            activity_id: activity
                .map(|a| a.attr("CorrelationId").map_or_else(|| a.trimmed_text(), str::to_owned)),
            security: header.child("Security").map(Security::read).unwrap_or_default(),
            body: take_child(&mut root, "Body").ok_or(SoapError::Missing("Body"))?,
        })
    }

    /// Reads a reply; a fault in it is an error.
    pub(super) fn parse_reply(xml: &'a [u8]) -> Result<Self, ReplyError> {
        if xml.trim_ascii().is_empty() {
            return Err(ReplyError::Empty);
        }
        let envelope = Self::parse(xml)?;
        match Fault::find(&envelope.body) {
            Some(fault) => Err(ReplyError::Fault(Box::new(fault))),
            None => Ok(envelope),
        }
    }

    /// The header as a request's.
    pub fn request_header(&self) -> RequestHeader {
        RequestHeader {
            message_id: self.message_id.clone().unwrap_or_default(),
            to: self.to.clone().unwrap_or_default(),
            security: self.security.clone(),
        }
    }
}

/// Takes the first child of that name out: the body of an envelope can be large.
fn take_child<'a>(element: &mut Element<'a>, local: &str) -> Option<Element<'a>> {
    element.children.drain(..).find_map(|node| match node {
        crate::xml::Node::Element(child) if child.name == local => Some(child),
        _ => None,
    })
}

impl Security {
    fn write(&self, writer: &mut Writer) {
        let token = |writer: &mut Writer, value_type: &str, text: &str| {
            let attributes = [("ValueType", value_type), ("EncodingType", ns::BASE64)];
            writer.leaf("wsse:BinarySecurityToken", &attributes, text);
        };
        if *self == Self::None {
            return;
        }
        writer.start("wsse:Security", &[("s:mustUnderstand", "1")]);
        match self {
            Self::None => {}
            Self::Jwt(jwt) => token(writer, ns::JWT, &base64_encode(jwt.as_bytes())),
            Self::DeviceEnrollmentUserToken(text) => {
                token(writer, ns::DEVICE_ENROLLMENT_USER_TOKEN, &base64_encode(text.as_bytes()));
            }
            Self::UsernameToken { user, password } => {
                writer
                    .start("wsse:UsernameToken", &[("u:Id", ns::USERNAME_TOKEN_ID)])
                    .leaf("wsse:Username", &[], user)
                    .leaf("wsse:Password", &[("wsse:Type", ns::PASSWORD_TEXT)], password)
                    .end();
            }
            Self::Other { value_type, text } => token(writer, value_type, text),
        }
        writer.end();
    }

    fn read(security: &Element<'_>) -> Self {
        if let Some(token) = security.child("UsernameToken") {
            let text = |name| token.child(name).map(Element::text).unwrap_or_default();
            return Self::UsernameToken { user: text("Username"), password: text("Password") };
        }
        let Some(token) = security.child("BinarySecurityToken") else { return Self::None };
        let (value_type, text) = (token.attr("ValueType").unwrap_or_default(), token.trimmed_text());
        // Some clients forget the outer base64; a JWT cannot be mistaken for base64, since it has dots in it.
        let decoded = || {
            let bytes = base64_decode(&text).ok();
            bytes.and_then(|b| String::from_utf8(b).ok()).unwrap_or_else(|| text.clone())
        };
        match value_type {
            ns::JWT => Self::Jwt(decoded()),
            ns::DEVICE_ENROLLMENT_USER_TOKEN => Self::DeviceEnrollmentUserToken(decoded()),
            _ => Self::Other { value_type: value_type.to_owned(), text },
        }
    }
}

/// Which namespaces a request declares on its envelope.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum Prefixes {
    /// `a` and `s`: Discover.
    Plain,
    /// All that a RequestSecurityToken needs.
    Full,
    /// These, and `xsi` for elements that are nil: GetPolicies.
    Nillable,
}

/// A request: envelope and header, then what `body` writes. The order of declarations is the one of a
/// captured client.
pub(super) fn request(
    prefixes: Prefixes,
    action: &str,
    header: &RequestHeader,
    body: impl FnOnce(&mut Writer),
) -> String {
    let mut writer = Writer::new();
    let mut declarations = vec![("xmlns:s", ns::SOAP), ("xmlns:a", ns::ADDRESSING)];
    if prefixes != Prefixes::Plain {
        declarations.extend([
            ("xmlns:u", ns::UTILITY),
            ("xmlns:wsse", ns::SECURITY),
            ("xmlns:wst", ns::TRUST),
            ("xmlns:ac", ns::CONTEXT),
        ]);
    }
    if prefixes == Prefixes::Nillable {
        declarations.push(("xmlns:xsi", ns::XSI));
    }
    writer
        .start("s:Envelope", &declarations)
        .start("s:Header", &[])
        .leaf("a:Action", &[("s:mustUnderstand", "1")], action)
        .leaf("a:MessageID", &[], &header.message_id)
        .start("a:ReplyTo", &[])
        .leaf("a:Address", &[], ns::ANONYMOUS)
        .end()
        .leaf("a:To", &[("s:mustUnderstand", "1")], &header.to);
    if prefixes != Prefixes::Plain {
        header.security.write(&mut writer);
    }
    writer.end().start("s:Body", &[]);
    body(&mut writer);
    writer.finish()
}

/// A response: envelope and header, then what `body` writes.
pub(super) fn response(action: &str, header: &ResponseHeader, body: impl FnOnce(&mut Writer)) -> String {
    let mut writer = Writer::new();
    writer
        .start("s:Envelope", &[("xmlns:s", ns::SOAP), ("xmlns:a", ns::ADDRESSING)])
        .start("s:Header", &[])
        .leaf("a:Action", &[("s:mustUnderstand", "1")], action);
    if let Some(id) = &header.activity_id {
        writer.leaf("ActivityId", &[("CorrelationId", id), ("xmlns", ns::DIAGNOSTICS)], id);
    }
    if let Some(id) = &header.relates_to {
        writer.leaf("a:RelatesTo", &[], id);
    }
    writer.end().start("s:Body", &[("xmlns:xsi", ns::XSI), ("xmlns:xsd", ns::XSD)]);
    body(&mut writer);
    writer.finish()
}
