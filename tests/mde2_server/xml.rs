//! XML as liberal servers read it: local names, no namespaces, no validation.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// An element.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    /// Name without prefix.
    pub(crate) name: String,
    /// Attributes as written, prefixes included.
    pub(crate) attributes: Vec<(String, String)>,
    /// Text directly inside.
    pub(crate) text: String,
    /// Elements inside.
    pub(crate) children: Vec<Node>,
}

impl Node {
    /// First child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|c| c.name == name)
    }

    /// The element at a path of names.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, name| node.child(name))
    }

    /// Trimmed text at a path of names; empty when there is none.
    pub(crate) fn text_at(&self, path: &[&str]) -> &str {
        self.at(path).map_or("", |n| n.text.trim())
    }

    /// Children of that name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// First descendant of that name, depth first.
    pub(crate) fn find(&self, name: &str) -> Option<&Node> {
        self.children.iter().find_map(|c| if c.name == name { Some(c) } else { c.find(name) })
    }

    /// An attribute by local name.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| local(key) == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a document; the answer is its root element.
pub(crate) fn read(text: &str) -> Result<Node, String> {
    let mut reader = Reader::from_str(text.trim_start());
    let mut open = vec![Node::default()];
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(tag) => open.push(element(&tag)?),
            Event::Empty(tag) => attach(&mut open, element(&tag)?)?,
            Event::End(_) => {
                let done = open.pop().ok_or("an end tag too many")?;
                attach(&mut open, done)?;
            }
            Event::Text(text) => append(&mut open, &text.xml10_content()),
            Event::CData(text) => append(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let text = match reference.resolve_char_ref().map_err(|e| e.to_string())? {
                    Some(c) => c.to_string(),
                    None => entity(&reference.xml10_content())?.to_string(),
                };
                append(&mut open, &text);
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    if open.len() != 1 {
        return Err("the document ends inside an element".into());
    }
    open.pop().and_then(|mut top| top.children.pop()).ok_or_else(|| "no element at all".into())
}

/// Writes text into an element or attribute.
pub(crate) fn escape(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

fn element(tag: &BytesStart<'_>) -> Result<Node, String> {
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let value = quick_xml::escape::unescape(&attribute.value).map_err(|e| e.to_string())?;
        attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(Node { name: local(tag.name().as_ref()).to_owned(), attributes, ..Node::default() })
}

fn attach(open: &mut [Node], done: Node) -> Result<(), String> {
    open.last_mut().ok_or("an end tag too many")?.children.push(done);
    Ok(())
}

fn append(open: &mut [Node], text: &str) {
    if let Some(node) = open.last_mut() {
        node.text.push_str(text);
    }
}

fn entity(name: &str) -> Result<&'static str, String> {
    match name {
        "amp" => Ok("&"),
        "lt" => Ok("<"),
        "gt" => Ok(">"),
        "quot" => Ok("\""),
        "apos" => Ok("'"),
        other => Err(format!("unknown entity {other}")),
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}
