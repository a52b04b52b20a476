//! XML as the protocols need it: a lenient reader and a writer that emits exactly what it is told.

mod reader;
mod writer;

use std::borrow::Cow;

pub use reader::{MAX_BYTES, MAX_DEPTH, MAX_NODES, XmlError, XmlErrorKind, parse};
pub use writer::{Writer, escape_attribute, escape_text};

/// An element. Prefixes are kept but mean nothing: peers use undeclared ones, so everything is looked up by
/// local name (reference: protocols, G item 4).
///
/// It borrows from the document that it was read from: most names and texts need no copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element<'a> {
    /// The prefix, as written.
    pub prefix: Option<Cow<'a, str>>,
    /// The local name.
    pub name: Cow<'a, str>,
    /// Attributes in order, with their prefix: `("s:mustUnderstand", "1")`. Namespace declarations are among
    /// them.
    pub attributes: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// What is inside.
    pub children: Vec<Node<'a>>,
}

/// Something inside an element. Comments and processing instructions are not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node<'a> {
    /// An element.
    Element(Element<'a>),
    /// Text, with entities and CDATA resolved. Two texts never stand next to each other.
    Text(Cow<'a, str>),
}

impl<'a> Element<'a> {
    /// An element without prefix, attributes and content.
    pub fn new(name: impl Into<Cow<'a, str>>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The elements inside, in order.
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first element inside with that local name.
    pub fn child(&self, local: &str) -> Option<&Self> {
        self.elements().find(|e| e.name == local)
    }

    /// The elements inside with that local name.
    pub fn children_named<'x>(&'x self, local: &'x str) -> impl Iterator<Item = &'x Self> {
        self.elements().filter(move |e| e.name == local)
    }

    /// Follows the first child of each name down.
    pub fn path(&self, locals: &[&str]) -> Option<&Self> {
        locals.iter().try_fold(self, |element, local| element.child(local))
    }

    /// All text inside, at any depth, untrimmed.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.collect_text(&mut text);
        text
    }

    fn collect_text(&self, into: &mut String) {
        for node in &self.children {
            match node {
                Node::Element(element) => element.collect_text(into),
                Node::Text(text) => into.push_str(text),
            }
        }
    }

    /// [`Element::text`] without white space around it.
    pub fn trimmed_text(&self) -> String {
        match self.children.as_slice() {
            [] => String::new(),
            [Node::Text(text)] => text.trim().to_owned(),
            _ => self.text().trim().to_owned(),
        }
    }

    /// The trimmed text at the end of `locals`, when there is such an element.
    pub fn text_at(&self, locals: &[&str]) -> Option<String> {
        self.path(locals).map(Self::trimmed_text)
    }

    /// The value of the attribute with that local name.
    pub fn attr(&self, local: &str) -> Option<&str> {
        let named = |name: &str| name.rsplit_once(':').map_or(name, |(_, l)| l) == local;
        self.attributes.iter().find(|(name, _)| named(name)).map(|(_, value)| &**value)
    }

    /// The name as written: with its prefix.
    pub fn qualified_name(&self) -> String {
        self.prefix.as_ref().map_or_else(|| self.name.to_string(), |prefix| format!("{prefix}:{}", self.name))
    }

    /// What is inside, written out again: markup as markup, text escaped.
    pub fn inner_xml(&self) -> String {
        let mut writer = Writer::new();
        for node in &self.children {
            writer.node(node);
        }
        writer.finish()
    }

    /// Whether there is an element inside.
    pub fn has_elements(&self) -> bool {
        self.elements().next().is_some()
    }
}
