//! Nodes and what stands in them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::uri::escape;

/// Format of a leaf (reference: protocols, C.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Text.
    Chr,
    /// Whole number.
    Int,
    /// `true` or `false`.
    Bool,
    /// Base64.
    B64,
    /// XML.
    Xml,
    /// No value: something to Exec.
    Null,
    /// Date and time.
    Time,
}

impl Format {
    /// As `Meta/Format` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chr => "chr",
            Self::Int => "int",
            Self::Bool => "bool",
            Self::B64 => "b64",
            Self::Xml => "xml",
            Self::Null => "null",
            Self::Time => "time",
        }
    }

    /// Brings what a server wrote into the one spelling that is stored; `None` when it is no value of this format.
    /// Servers leave `Meta/Format` out or write `chr` for everything, so the data decides, not its label.
    pub fn normalise(self, data: &str) -> Option<String> {
        let trimmed = data.trim();
        match self {
            Self::Chr | Self::Xml | Self::Null | Self::Time => Some(data.to_owned()),
            Self::B64 => Some(trimmed.to_owned()),
            Self::Int => trimmed.parse::<i64>().ok().map(|n| n.to_string()),
            Self::Bool if trimmed.eq_ignore_ascii_case("true") || trimmed == "1" => Some("true".to_owned()),
            Self::Bool if trimmed.eq_ignore_ascii_case("false") || trimmed == "0" => Some("false".to_owned()),
            Self::Bool => None,
        }
    }
}

/// A value with its format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// Format.
    pub format: Format,
    /// The value as text.
    pub data: String,
}

impl Value {
    /// A value.
    pub fn new(format: Format, data: impl Into<String>) -> Self {
        Self { format, data: data.into() }
    }
}

/// A node of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Node {
    /// With nodes below.
    Interior(BTreeMap<String, Node>),
    /// With a value.
    Leaf(Value),
}

impl Default for Node {
    fn default() -> Self {
        Self::Interior(BTreeMap::new())
    }
}

impl Node {
    /// The node at the end of `path`.
    pub fn find(&self, path: &[&str]) -> Option<&Self> {
        self.descend(path.iter().copied())
    }

    /// The node at the end of the names.
    pub fn descend<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Option<&Self> {
        names.into_iter().try_fold(self, |node, name| match node {
            Self::Interior(children) => children.get(name),
            Self::Leaf(_) => None,
        })
    }

    /// The value at the end of `path`.
    pub fn value(&self, path: &[&str]) -> Option<&str> {
        self.find(path)?.data()
    }

    /// What stands in this leaf; none for an interior node.
    pub fn data(&self) -> Option<&str> {
        match self {
            Self::Leaf(value) => Some(&value.data),
            Self::Interior(_) => None,
        }
    }

    /// Whether this is a leaf that holds `true`.
    pub fn is_true(&self) -> bool {
        self.data() == Some("true")
    }

    /// The names below, ordered; none for a leaf.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.children().map(|(name, _)| name)
    }

    /// The nodes below with their names, ordered; none for a leaf.
    pub fn children(&self) -> impl Iterator<Item = (&str, &Self)> {
        let children = match self {
            Self::Interior(children) => Some(children),
            Self::Leaf(_) => None,
        };
        children.into_iter().flatten().map(|(name, node)| (name.as_str(), node))
    }

    /// What a Get of an interior node answers: the names below, escaped, joined with `/`.
    pub fn listing(&self) -> String {
        self.names().map(escape).collect::<Vec<_>>().join("/")
    }

    /// Puts `node` at the end of `path`, with interior nodes on the way. `false` when a leaf stands in the way.
    pub fn put(&mut self, path: &[&str], node: Self) -> bool {
        let Some((first, rest)) = path.split_first() else {
            *self = node;
            return true;
        };
        let Self::Interior(children) = self else { return false };
        match children.get_mut(*first) {
            Some(child) => child.put(rest, node),
            None => children.entry((*first).to_owned()).or_default().put(rest, node),
        }
    }

    /// Takes the node at the end of `path` away, with all below it.
    pub fn remove(&mut self, path: &[&str]) -> Option<Self> {
        let (last, above) = path.split_last()?;
        let mut node = self;
        for name in above {
            let Self::Interior(children) = node else { return None };
            node = children.get_mut(*name)?;
        }
        let Self::Interior(children) = node else { return None };
        children.remove(*last)
    }

    /// How many leaves there are.
    pub fn leaves(&self) -> usize {
        match self {
            Self::Leaf(_) => 1,
            Self::Interior(children) => children.values().map(Self::leaves).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn put_find_remove() {
        let mut root = Node::default();
        assert!(root.put(&["a", "b c"], Node::Leaf(Value::new(Format::Chr, "x"))));
        assert!(!root.put(&["a", "b c", "d"], Node::default()));
        assert_eq!(root.value(&["a", "b c"]), Some("x"));
        assert_eq!(root.find(&["a"]).unwrap().listing(), "b%20c");
        assert!(root.remove(&["a", "z"]).is_none());
        assert!(root.remove(&["a", "b c"]).is_some());
        assert_eq!(root.leaves(), 0);
    }

    #[test]
    fn one_spelling_is_stored() {
        assert_eq!(Format::Bool.normalise(" TRUE "), Some("true".into()));
        assert_eq!(Format::Bool.normalise("0"), Some("false".into()));
        assert_eq!(Format::Bool.normalise("yes"), None);
        assert_eq!(Format::Int.normalise("+07"), Some("7".into()));
        assert_eq!(Format::Int.normalise("7 minutes"), None);
    }
}
