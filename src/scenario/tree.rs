//! A TOML document as a tree in which every key and value knows where it stands. Presets and overrides are merged
//! here, before anything is typed, so that an error always points at the text that caused it.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use super::source::{Location, Sources};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) at: Location,
    pub(super) value: Value,
}

/// What stands there.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    /// A TOML date or time, as written.
    Moment(String),
    List(Vec<Node>),
    Table(Table),
}

/// A table, in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Table {
    pub(super) entries: Vec<Entry>,
}

/// One key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_at: Location,
    pub(super) node: Node,
}

impl Table {
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.key == key)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|e| e.key == key)
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|e| e.key == key)?;
        Some(self.entries.remove(at))
    }

    /// Puts `below` under this table: keys that are here win, tables merge key by key, lists are replaced whole.
    pub(super) fn lay_over(&mut self, below: Self) {
        for entry in below.entries {
            match self.get_mut(&entry.key) {
                None => self.entries.push(entry),
                Some(mine) => {
                    if let (Value::Table(mine), Value::Table(theirs)) =
                        (&mut mine.node.value, entry.node.value)
                    {
                        mine.lay_over(theirs);
                    }
                }
            }
        }
    }
}

impl Value {
    /// What it is, in words.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Text(text) => format!("the text {:?}", shorten(text)),
            Self::Integer(number) => format!("the number {number}"),
            Self::Float(number) => format!("the number {number}"),
            Self::Bool(yes) => format!("{yes}"),
            Self::Moment(text) => format!("the date {text}"),
            Self::List(_) => "a list".to_owned(),
            Self::Table(_) => "a table".to_owned(),
        }
    }
}

/// At most 40 characters of `text`.
pub(super) fn shorten(text: &str) -> String {
    if text.chars().count() <= 40 {
        return text.to_owned();
    }
    text.chars().take(39).chain(['…']).collect()
}

impl Node {
    /// The value at `path`, as far as the path exists: table keys, list positions, or names of list entries.
    pub(super) fn nearest(&self, path: &[&str]) -> Location {
        let mut node = self;
        let mut at = self.at;
        for step in path {
            let next = match &node.value {
                Value::Table(table) => table.get(step).map(|e| {
                    // An own `[table]` spans all of its lines: its heading says as much.
                    let at = if matches!(e.node.value, Value::Table(_)) { e.key_at } else { e.node.at };
                    (&e.node, at)
                }),
                Value::List(list) => step.parse().ok().and_then(|i: usize| list.get(i)).map(|n| (n, n.at)),
                _ => None,
            };
            match next {
                Some((next, place)) => (node, at) = (next, place),
                None => break,
            }
        }
        at
    }

    pub(super) fn table_mut(&mut self) -> Option<&mut Table> {
        match &mut self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }
}

/// Reads the text that `whole` covers. What can be read is returned even when there are errors.
pub(super) fn parse(sources: &Sources, whole: Location, problems: &mut Vec<Problem>) -> Node {
    let text = &sources.of(whole).text;
    let (root, errors) = DeTable::parse_recoverable(text);
    // What follows the first error is often only its echo.
    if let Some(error) = errors.first() {
        let at = Sources::part(whole, error.span().unwrap_or_default());
        problems.push(not_toml(sources, at, error.message()));
    }
    let value = Value::Table(table(root.get_ref(), whole, problems));
    Node { at: Sources::part(whole, 0..0), value }
}

fn not_toml(sources: &Sources, at: Location, message: &str) -> Problem {
    let (message, help) = match message {
        "duplicate key" => {
            let key = shorten(sources.text(at));
            (format!("`{key}` is given a second time"), "keep one of the two".to_owned())
        }
        _ => (
            format!("this is not valid TOML: {message}"),
            "text stands in quotes, lists in [brackets], tables in {braces} or under a [heading]".to_owned(),
        ),
    };
    Problem::new("scenario::toml", at, message).help(help)
}

/// Reads one value, as it stands right of an equals sign.
pub(super) fn parse_value(sources: &Sources, at: Location) -> Option<Node> {
    let value = DeValue::parse(sources.text(at)).ok()?;
    let mut problems = Vec::new();
    let mut node = convert(&value, at, &mut problems);
    node.stamp(at);
    problems.is_empty().then_some(node)
}

impl Node {
    /// Gives the node and all below it the same place.
    fn stamp(&mut self, at: Location) {
        self.at = at;
        match &mut self.value {
            Value::List(list) => list.iter_mut().for_each(|n| n.stamp(at)),
            Value::Table(table) => table.entries.iter_mut().for_each(|e| {
                e.key_at = at;
                e.node.stamp(at);
            }),
            _ => {}
        }
    }
}

fn table(from: &DeTable<'_>, whole: Location, problems: &mut Vec<Problem>) -> Table {
    let mut entries: Vec<Entry> = from
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_at: Sources::part(whole, key.span()),
            node: convert(value, whole, problems),
        })
        .collect();
    entries.sort_by_key(|e| e.key_at.span().start);
    Table { entries }
}

fn convert(from: &Spanned<DeValue<'_>>, whole: Location, problems: &mut Vec<Problem>) -> Node {
    let at = Sources::part(whole, from.span());
    let value = match from.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(yes) => Value::Bool(*yes),
        DeValue::Datetime(moment) => Value::Moment(moment.to_string()),
        DeValue::Integer(number) => {
            let digits: String = number.as_str().chars().filter(|c| *c != '_').collect();
            Value::Integer(i64::from_str_radix(&digits, number.radix()).unwrap_or_else(|_| {
                problems.push(
                    Problem::new("scenario::number", at, "this number is too large")
                        .label("larger than any number here may be")
                        .help("numbers go from -9223372036854775808 to 9223372036854775807"),
                );
                0
            }))
        }
        DeValue::Float(number) => {
            let digits: String = number.as_str().chars().filter(|c| *c != '_').collect();
            Value::Float(digits.parse().unwrap_or(f64::NAN))
        }
        DeValue::Array(list) => Value::List(list.iter().map(|v| convert(v, whole, problems)).collect()),
        DeValue::Table(inner) => Value::Table(table(inner, whole, problems)),
    };
    Node { at, value }
}
