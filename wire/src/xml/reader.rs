//! Reading XML leniently.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::errors::{Error, SyntaxError};
use quick_xml::escape::{EscapeError, unescape};
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{Element, Node};

/// Longest document that is read, in bytes.
pub const MAX_BYTES: usize = 4 << 20;
/// Deepest nesting that is read.
pub const MAX_DEPTH: usize = 64;
/// Most elements, texts and attributes together that are read.
pub const MAX_NODES: usize = 200_000;

/// Why a document cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct XmlError {
    /// What is wrong.
    pub kind: XmlErrorKind,
    /// How many bytes from the start.
    pub offset: usize,
}

/// What is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlErrorKind {
    /// Not UTF-8.
    #[error("not UTF-8 text")]
    Encoding,
    /// Not well-formed.
    #[error("XML is not well-formed: {0}")]
    Syntax(String),
    /// A reference to something other than the five entities of XML or a character.
    #[error("unknown entity {0:?}")]
    UnknownEntity(String),
    /// A document type declaration: refused, since entities could be declared in it.
    #[error("a document type declaration is not accepted")]
    DocType,
    /// No element at all.
    #[error("no element in the document")]
    Empty,
    /// Something other than white space and comments around the root element.
    #[error("text outside the root element")]
    OutsideRoot,
    /// The document ended inside an element.
    #[error("the document ends too early")]
    Truncated,
    /// More than [`MAX_DEPTH`], [`MAX_BYTES`] or [`MAX_NODES`].
    #[error("the document is larger than what is accepted")]
    TooLarge,
}

/// Reads a document. A byte order mark and white space before the XML declaration are skipped, prefixes need
/// not be declared.
pub fn parse(document: &[u8]) -> Result<Element<'_>, XmlError> {
    let fail = |kind, offset| XmlError { kind, offset };
    if document.len() > MAX_BYTES {
        return Err(fail(XmlErrorKind::TooLarge, MAX_BYTES));
    }
    let text = std::str::from_utf8(document).map_err(|e| fail(XmlErrorKind::Encoding, e.valid_up_to()))?;
    let trimmed = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_ascii_whitespace());
    let skipped = text.len() - trimmed.len();
    let mut reader = Reader::from_str(trimmed);
    let mut builder = Builder { document: trimmed, open: Vec::with_capacity(12), root: None, nodes: 0 };
    loop {
        let event = reader.read_event();
        let offset = |reader: &Reader<&[u8]>| {
            skipped
                + usize::try_from(reader.error_position().max(reader.buffer_position())).unwrap_or(skipped)
        };
        match event {
            Ok(Event::Eof) => return builder.finish().map_err(|kind| fail(kind, document.len())),
            Ok(event) => builder.take(event).map_err(|kind| fail(kind, offset(&reader)))?,
            Err(error) => return Err(fail(syntax(&error), offset(&reader))),
        }
    }
}

fn syntax(error: &Error) -> XmlErrorKind {
    match error {
        // The reader's way to say that the input ended inside a tag.
        Error::Syntax(
            SyntaxError::UnclosedTag
            | SyntaxError::UnclosedComment
            | SyntaxError::UnclosedCData
            | SyntaxError::UnclosedPI
            | SyntaxError::UnclosedXmlDecl,
        ) => XmlErrorKind::Truncated,
        other => XmlErrorKind::Syntax(other.to_string()),
    }
}

/// Puts elements together from events.
struct Builder<'a> {
    document: &'a str,
    /// Elements that are open, outermost first.
    open: Vec<Element<'a>>,
    root: Option<Element<'a>>,
    nodes: usize,
}

impl<'a> Builder<'a> {
    fn take(&mut self, event: Event<'_>) -> Result<(), XmlErrorKind> {
        match event {
            Event::Start(start) => {
                let element = self.element(&start)?;
                if self.open.len() >= MAX_DEPTH {
                    return Err(XmlErrorKind::TooLarge);
                }
                self.open.push(element);
            }
            Event::Empty(start) => {
                let element = self.element(&start)?;
                self.close(element)?;
            }
            Event::End(_) => {
                // The reader has checked that the end tag belongs to the innermost element.
                if let Some(element) = self.open.pop() {
                    self.close(element)?;
                }
            }
            Event::Text(text) => self.text(&text.xml10_content())?,
            Event::CData(text) => self.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => self.text(&resolve(&reference)?)?,
            Event::DocType(_) => return Err(XmlErrorKind::DocType),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Eof => {}
        }
        Ok(())
    }

    fn element(&mut self, start: &BytesStart<'_>) -> Result<Element<'a>, XmlErrorKind> {
        self.count()?;
        check_name(start.name().as_ref())?;
        let (local, prefix) = start.name().decompose();
        let mut element = Element::new(keep(self.document, local.as_ref()));
        element.prefix = prefix.map(|p| keep(self.document, p.as_ref()));
        // Duplicates are not checked: it takes quadratic time, and the first one counts anyway.
        for attribute in start.attributes().with_checks(false) {
            self.count()?;
            let attribute = attribute.map_err(|e| XmlErrorKind::Syntax(e.to_string()))?;
            check_name(attribute.key.as_ref())?;
            let value = self.attribute_value(&attribute)?;
            element.attributes.push((keep(self.document, attribute.key.as_ref()), value));
        }
        Ok(element)
    }

    fn attribute_value(&self, attribute: &Attribute<'_>) -> Result<Cow<'a, str>, XmlErrorKind> {
        let told = |e| match e {
            EscapeError::UnrecognizedEntity(_, name) => XmlErrorKind::UnknownEntity(name),
            other => XmlErrorKind::Syntax(other.to_string()),
        };
        // White space becomes spaces (XML 1.0, 3.3.3), except where a character reference stands for it.
        if attribute.value.bytes().any(|b| matches!(b, b'\r' | b'\n' | b'\t')) {
            let normal = attribute.value.replace("\r\n", " ").replace(['\r', '\n', '\t'], " ");
            return unescape(&normal).map(|value| Cow::Owned(value.into_owned())).map_err(told);
        }
        Ok(keep(self.document, &unescape(&attribute.value).map_err(told)?))
    }

    fn text(&mut self, text: &str) -> Result<(), XmlErrorKind> {
        let document = self.document;
        let Some(parent) = self.open.last_mut() else {
            let blank = text.bytes().all(|b| b.is_ascii_whitespace() || b == 0);
            return if blank { Ok(()) } else { Err(XmlErrorKind::OutsideRoot) };
        };
        if text.is_empty() {
            return Ok(());
        }
        if let Some(Node::Text(before)) = parent.children.last_mut() {
            before.to_mut().push_str(text);
            return Ok(());
        }
        if parent.children.is_empty() {
            // Nearly always nothing else follows.
            parent.children.reserve_exact(1);
        }
        parent.children.push(Node::Text(keep(document, text)));
        self.count()
    }

    fn close(&mut self, element: Element<'a>) -> Result<(), XmlErrorKind> {
        if let Some(parent) = self.open.last_mut() {
            parent.children.push(Node::Element(element));
            Ok(())
        } else if self.root.is_none() {
            self.root = Some(element);
            Ok(())
        } else {
            Err(XmlErrorKind::OutsideRoot)
        }
    }

    fn count(&mut self) -> Result<(), XmlErrorKind> {
        self.nodes += 1;
        if self.nodes > MAX_NODES { Err(XmlErrorKind::TooLarge) } else { Ok(()) }
    }

    fn finish(self) -> Result<Element<'a>, XmlErrorKind> {
        if !self.open.is_empty() {
            return Err(XmlErrorKind::Truncated);
        }
        self.root.ok_or(XmlErrorKind::Empty)
    }
}

/// The text as a piece of the document, when it lies there; a copy when the reader had to change it. (Names and
/// attributes are lent for as long as their event lives, which is shorter than the document.)
fn keep<'a>(document: &'a str, text: &str) -> Cow<'a, str> {
    let from = text.as_ptr().addr().checked_sub(document.as_ptr().addr());
    // What lies within the document in memory is a piece of it.
    let piece = from.and_then(|from| document.get(from..from + text.len()));
    piece.map_or_else(|| Cow::Owned(text.to_owned()), Cow::Borrowed)
}

/// Whether it is a name in ASCII, as nearly all are.
fn plain(name: &str) -> bool {
    // At the start and behind each colon.
    let mut begins = true;
    for byte in name.bytes() {
        begins = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => false,
            b'0'..=b'9' | b'-' | b'.' if !begins => false,
            b':' if !begins => true,
            _ => return false,
        };
    }
    !begins
}

/// Refuses names that could not be written again; the reader takes anything up to the next space.
fn check_name(name: &str) -> Result<(), XmlErrorKind> {
    let beyond_ascii = |c: char| !c.is_ascii() && !c.is_whitespace() && !c.is_control();
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_' || beyond_ascii(c);
    let goes_on = |c: char| starts(c) || c.is_ascii_digit() || matches!(c, '-' | '.');
    let sound = |part: &str| part.starts_with(starts) && part.chars().all(goes_on);
    if plain(name) || name.split(':').all(sound) {
        Ok(())
    } else {
        Err(XmlErrorKind::Syntax(format!("{name:?} is not a name")))
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, XmlErrorKind> {
    let name = reference.borrow().into_inner();
    if let Some(c) = reference.resolve_char_ref().map_err(|e| XmlErrorKind::Syntax(e.to_string()))? {
        return Ok(c.to_string());
    }
    let text = match name.as_ref() {
        "lt" => "<",
        "gt" => ">",
        "amp" => "&",
        "quot" => "\"",
        "apos" => "'",
        _ => return Err(XmlErrorKind::UnknownEntity(name.into_owned())),
    };
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::Writer;
    use super::*;
    use proptest::prelude::*;

    fn kind(document: &str) -> XmlErrorKind {
        parse(document.as_bytes()).unwrap_err().kind
    }

    #[test]
    fn takes_what_peers_send() {
        let document = "\u{feff} \r\n<?xml version=\"1.0\"?><!-- c --><A:b x:y=\"1\" z='&lt;&#65;'> t&amp;\
                        <![CDATA[<u>]]>\r\n&#x41;<c/></A:b>\n";
        let root = parse(document.as_bytes()).unwrap();
        assert_eq!((root.prefix.as_deref(), &*root.name), (Some("A"), "b"));
        assert_eq!((root.attr("y"), root.attr("z"), root.attr("x")), (Some("1"), Some("<A"), None));
        assert_eq!(root.text(), " t&<u>\nA");
        assert!(root.child("c").is_some());
        assert_eq!(root.children.len(), 2);
    }

    #[test]
    fn borrows_what_stands_in_the_document_as_it_is() {
        let root = parse(b"<a:b c='d' e='&lt;'>text<f>one\r\ntwo</f></a:b>").unwrap();
        let borrowed = |text: &Cow<'_, str>| matches!(text, Cow::Borrowed(_));
        assert!(borrowed(&root.name) && borrowed(root.prefix.as_ref().unwrap()));
        let values: Vec<bool> = root.attributes.iter().map(|(_, value)| borrowed(value)).collect();
        assert_eq!(values, [true, false]);
        assert!(matches!(&root.children[0], Node::Text(Cow::Borrowed("text"))));
        let inner = &root.child("f").unwrap().children[0];
        assert!(matches!(inner, Node::Text(Cow::Owned(text)) if text == "one\ntwo"));
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(kind(""), XmlErrorKind::Empty);
        assert_eq!(kind("<!-- -->"), XmlErrorKind::Empty);
        assert_eq!(kind("<a><b>"), XmlErrorKind::Truncated);
        assert_eq!(kind("<a"), XmlErrorKind::Truncated);
        assert!(matches!(kind("<a></b>"), XmlErrorKind::Syntax(_)));
        for name in ["", "1", "-a", "/a", "a:", ":a", "a\u{a0}", "a\"b"] {
            assert!(matches!(kind(&format!("<{name} />")), XmlErrorKind::Syntax(_)), "{name}");
        }
        assert!(matches!(kind("<a 1='2'/>"), XmlErrorKind::Syntax(_)));
        assert_eq!(kind("<a/><b/>"), XmlErrorKind::OutsideRoot);
        assert_eq!(kind("Bad Request"), XmlErrorKind::OutsideRoot);
        assert_eq!(kind("<!DOCTYPE a><a/>"), XmlErrorKind::DocType);
        assert_eq!(kind("<a>&nbsp;</a>"), XmlErrorKind::UnknownEntity("nbsp".into()));
        assert_eq!(kind("<a b='&c;'/>"), XmlErrorKind::UnknownEntity("c".into()));
        assert_eq!(parse(b"<a>\xff</a>").unwrap_err(), XmlError { kind: XmlErrorKind::Encoding, offset: 3 });
        assert_eq!(kind(&"<a>".repeat(MAX_DEPTH + 1)), XmlErrorKind::TooLarge);
        let wide = format!("<a>{}</a>", "<b/>".repeat(MAX_NODES));
        assert_eq!(kind(&wide), XmlErrorKind::TooLarge);
    }

    fn element() -> impl Strategy<Value = Element<'static>> {
        let name = "[a-zA-Z_][a-zA-Z0-9_.-]{0,6}";
        let text = "[ -~\\t\\n\\r\u{80}-\u{2fff}\u{f000}\u{10000}-\u{10fff}]{1,12}";
        let attributes = proptest::collection::btree_map(name, text, 0..3);
        let leaf = (proptest::option::of("[a-z]{1,3}"), name, attributes.clone()).prop_map(
            |(prefix, name, attributes)| Element {
                prefix: prefix.map(Cow::Owned),
                name: name.into(),
                attributes: attributes.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
                children: Vec::new(),
            },
        );
        leaf.prop_recursive(4, 24, 4, move |inner| {
            let node = prop_oneof![
                text.prop_map(|text| Node::Text(text.into())),
                inner.clone().prop_map(Node::Element)
            ];
            (inner, proptest::collection::vec(node, 0..4)).prop_map(|(mut element, nodes)| {
                element.children.clear();
                for node in nodes {
                    match (element.children.last_mut(), node) {
                        (Some(Node::Text(before)), Node::Text(text)) => before.to_mut().push_str(&text),
                        (_, node) => element.children.push(node),
                    }
                }
                element
            })
        })
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes: Vec<u8>, text in "[<>&;!/?='\"a-c \\[\\]#x0-9:-]{0,60}") {
            let _ = parse(&bytes);
            let _ = parse(text.as_bytes());
        }

        #[test]
        fn what_is_written_is_read(element in element()) {
            let mut writer = Writer::with_declaration();
            writer.element(&element);
            let document = writer.finish();
            prop_assert_eq!(parse(document.as_bytes()), Ok(element));
        }
    }
}
