//! Writing XML, unindented.

use std::borrow::Cow;
use std::ops::Range;

use super::{Element, Node};

/// Writes XML in exactly the order, with exactly the prefixes that it is given, and with nothing between
/// tags: some peers match the raw text (reference: protocols, G item 1).
#[derive(Clone, Debug, Default)]
pub struct Writer {
    out: String,
    /// Where in `out` the names of the open elements stand, outermost first.
    open: Vec<Range<usize>>,
}

impl Writer {
    /// An empty document without XML declaration.
    pub fn new() -> Self {
        // Most messages are a few kilobytes.
        Self { out: String::with_capacity(2_048), open: Vec::with_capacity(12) }
    }

    /// An empty document behind `<?xml version="1.0" encoding="utf-8"?>`.
    pub fn with_declaration() -> Self {
        let mut writer = Self::new();
        writer.out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
        writer
    }

    /// Opens an element.
    pub fn start(&mut self, name: &str, attributes: &[(&str, &str)]) -> &mut Self {
        let name = self.tag(name, attributes.iter().copied());
        self.out.push('>');
        self.open.push(name);
        self
    }

    /// Closes the element that was opened last; does nothing when all are closed.
    pub fn end(&mut self) -> &mut Self {
        if let Some(name) = self.open.pop() {
            self.out.push_str("</");
            self.out.extend_from_within(name);
            self.out.push('>');
        }
        self
    }

    /// An element with text in it.
    pub fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> &mut Self {
        self.start(name, attributes).text(text).end()
    }

    /// An element with nothing in it: `<name/>`.
    pub fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> &mut Self {
        self.tag(name, attributes.iter().copied());
        self.out.push_str("/>");
        self
    }

    /// Text, escaped.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.out.push_str(&escape_text(text));
        self
    }

    /// Text that is XML already.
    pub fn raw(&mut self, xml: &str) -> &mut Self {
        self.out.push_str(xml);
        self
    }

    /// An element with all that is in it.
    pub fn element(&mut self, element: &Element<'_>) -> &mut Self {
        let name = element.qualified_name();
        let name = self.tag(&name, element.attributes.iter().map(|(n, v)| (&**n, &**v)));
        if element.children.is_empty() {
            self.out.push_str("/>");
            return self;
        }
        self.out.push('>');
        self.open.push(name);
        for node in &element.children {
            self.node(node);
        }
        self.end()
    }

    /// An element or text.
    pub fn node(&mut self, node: &Node<'_>) -> &mut Self {
        match node {
            Node::Element(element) => self.element(element),
            Node::Text(text) => self.text(text),
        }
    }

    /// The document; elements still open are closed.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.out
    }

    /// Writes a tag up to its end, and tells where its name stands.
    fn tag<'a>(&mut self, name: &str, attributes: impl Iterator<Item = (&'a str, &'a str)>) -> Range<usize> {
        self.out.push('<');
        let start = self.out.len();
        self.out.push_str(name);
        let name = start..self.out.len();
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.out.push_str(&escape_attribute(value));
            self.out.push('"');
        }
        name
    }
}

/// Escapes `<`, `>`, `&`, and carriage returns, which a reader would take for line feeds. Characters that XML
/// 1.0 cannot carry become U+FFFD.
pub fn escape_text(text: &str) -> Cow<'_, str> {
    escape(text, |c| match c {
        '\r' => Some("&#13;"),
        _ => None,
    })
}

/// Escapes what [`escape_text`] does, and quotes, tabs and line feeds, which a reader would take for spaces.
pub fn escape_attribute(value: &str) -> Cow<'_, str> {
    escape(value, |c| match c {
        '"' => Some("&quot;"),
        '\t' => Some("&#9;"),
        '\n' => Some("&#10;"),
        '\r' => Some("&#13;"),
        _ => None,
    })
}

/// Bytes of which something may have to be escaped: 0xef begins those two characters beyond ASCII that have to go.
#[allow(clippy::cast_possible_truncation)] // below 256
const SUSPECT: [bool; 256] = {
    let mut suspect = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        suspect[byte] = matches!(byte as u8, 0..=0x1f | b'<' | b'>' | b'&' | b'"' | 0xef);
        byte += 1;
    }
    suspect
};

fn escape(text: &str, more: impl Fn(char) -> Option<&'static str>) -> Cow<'_, str> {
    let replacement = |c: char| match c {
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '&' => Some("&amp;"),
        '\t' | '\n' | '\r' | '"' => more(c),
        '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => Some("\u{fffd}"),
        _ => None,
    };
    // What is most of all text needs no look at characters.
    if !text.bytes().any(|b| SUSPECT[usize::from(b)]) || !text.chars().any(|c| replacement(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match replacement(c) {
            Some(reference) => escaped.push_str(reference),
            None => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}
