//! From the tree to typed values: a serde deserializer that knows where it is. It words its own errors: what was
//! found, what may stand there, and what comes close.

mod access;

use std::cell::RefCell;
use std::fmt;

use serde::de::{self, DeserializeOwned, Visitor};

use self::access::{Chosen, Items, Pairs};
use super::problem::Problem;
use super::source::Location;
use super::suggest;
use super::tree::{Entry, Node, Table, Value, shorten};

/// Reads `node` as a `T`. Unknown keys are collected, so that all of them are told at once.
pub(super) fn read<T: DeserializeOwned>(node: &Node, problems: &mut Vec<Problem>) -> Option<T> {
    let unknown = RefCell::new(Vec::new());
    let result = T::deserialize(Reader { node, problems: &unknown });
    problems.append(&mut unknown.into_inner());
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            problems.push(error.into_problem(node.at));
            None
        }
    }
}

const MISSING_KEY: &str = "scenario::missing-key";

/// An error on its way to the node that caused it.
#[derive(Debug)]
pub(super) struct ReadError {
    code: &'static str,
    message: String,
    help: Option<String>,
    at: Option<Location>,
}

impl ReadError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None, at: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn or_at(mut self, at: Location) -> Self {
        self.at.get_or_insert(at);
        self
    }

    fn into_problem(self, fallback: Location) -> Problem {
        let problem = Problem::new(self.code, self.at.unwrap_or(fallback), self.message);
        match self.help {
            Some(help) => problem.help(help),
            None => problem,
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    /// A message may carry its help behind a line break.
    fn custom<T: fmt::Display>(message: T) -> Self {
        let text = message.to_string();
        match text.split_once('\n') {
            Some((message, help)) => Self::new("scenario::value", message).help(help),
            None => Self::new("scenario::value", text),
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(MISSING_KEY, format!("the key `{field}` is missing"))
            .help(format!("add a line `{field} = ...` to this table"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new("scenario::duplicate-key", format!("the key `{field}` stands here twice"))
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    node: &'a Node,
    problems: &'a RefCell<Vec<Problem>>,
}

impl<'a> Reader<'a> {
    fn wrong(&self, expected: &str, help: &str) -> ReadError {
        let found = self.node.value.describe();
        ReadError::new("scenario::wrong-type", format!("expected {expected}, found {found}"))
            .help(help)
            .or_at(self.node.at)
    }

    fn whole_number<T: TryFrom<i64>>(&self, limits: &str) -> Result<T, ReadError> {
        let Value::Integer(number) = self.node.value else {
            return Err(self.wrong("a whole number", "write it without quotes, for example `3`"));
        };
        T::try_from(number).map_err(|_| {
            ReadError::new("scenario::out-of-range", format!("{number} is out of range"))
                .help(format!("a whole number {limits} may stand here"))
                .or_at(self.node.at)
        })
    }

    fn table(&self) -> Result<&'a Table, ReadError> {
        match &self.node.value {
            Value::Table(table) => Ok(table),
            _ => Err(self.wrong("a table", "write `{ key = value, ... }`, or a `[section]` of its own")),
        }
    }

    fn entries(&self, table: &'a Table, fields: Option<&'static [&'static str]>) -> Pairs<'a> {
        let known = |e: &&Entry| match fields {
            None => true,
            Some(fields) if fields.contains(&e.key.as_str()) => true,
            Some(fields) => {
                let problem = Problem::new(
                    "scenario::unknown-key",
                    e.key_at,
                    format!("there is no key `{}` here", shorten(&e.key)),
                );
                let problem = problem.help(suggest::help(&e.key, fields));
                self.problems.borrow_mut().push(problem);
                false
            }
        };
        let entries: Vec<&Entry> = table.entries.iter().filter(known).collect();
        Pairs { reader: *self, entries: entries.into_iter(), current: None }
    }

    fn child(&self, node: &'a Node) -> Self {
        Self { node, problems: self.problems }
    }
}

macro_rules! whole_numbers {
    ($($method:ident $visit:ident $type:ty, $limits:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            let number: $type = self.whole_number($limits)?;
            visitor.$visit(number).map_err(|e: ReadError| e.or_at(self.node.at))
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Reader<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let at = self.node.at;
        let result = match &self.node.value {
            Value::Text(text) | Value::Moment(text) => visitor.visit_str(text),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Bool(yes) => visitor.visit_bool(*yes),
            Value::List(list) => visitor.visit_seq(Items { reader: self, items: list.iter() }),
            Value::Table(table) => visitor.visit_map(self.entries(table, None)),
        };
        result.map_err(|e| e.or_at(at))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.value {
            Value::Bool(yes) => visitor.visit_bool(yes),
            _ => Err(self.wrong("`true` or `false`", "write it without quotes")),
        }
    }

    whole_numbers! {
        deserialize_i8 visit_i8 i8, "from -128 to 127";
        deserialize_i16 visit_i16 i16, "from -32768 to 32767";
        deserialize_i32 visit_i32 i32, "from -2147483648 to 2147483647";
        deserialize_i64 visit_i64 i64, "from -9223372036854775808 to 9223372036854775807";
        deserialize_u8 visit_u8 u8, "from 0 to 255";
        deserialize_u16 visit_u16 u16, "from 0 to 65535";
        deserialize_u32 visit_u32 u32, "from 0 to 4294967295";
        deserialize_u64 visit_u64 u64, "from 0 to 9223372036854775807";
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.value {
            Value::Float(number) => visitor.visit_f64(number),
            _ => Err(self.wrong("a number with a decimal point", "for example `0.5`")),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.value {
            // Dates may be written with quotes or without.
            Value::Text(text) | Value::Moment(text) => {
                visitor.visit_str(text).map_err(|e: ReadError| e.or_at(self.node.at))
            }
            Value::Integer(number) => Err(self.wrong("text", &format!("put it in quotes: \"{number}\""))),
            _ => Err(self.wrong("text in quotes", "for example `\"contoso\"`")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let table = self.table()?;
        self.entries(table, Some(&[])).entries.for_each(drop);
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_unit(visitor)
    }

    /// Quantities give as their name what they are, and an example.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if let Some((what, example)) = name.split_once('\n')
            && !matches!(self.node.value, Value::Text(_) | Value::Moment(_))
        {
            return Err(self.wrong(what, &format!("write it in quotes, for example \"{example}\"")));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::List(list) => visitor.visit_seq(Items { reader: self, items: list.iter() }),
            Value::Table(_) => {
                Err(self.wrong("a list", "write it in brackets: `[{ ... }]`, or as `[[section]]`"))
            }
            _ => Err(self.wrong("a list", "write it in brackets: `[...]`")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let Value::Table(table) = &self.node.value else {
            return Err(
                self.wrong("named tables", "give each entry a name: `[section.name]`, or `name = { ... }`")
            );
        };
        visitor.visit_map(self.entries(table, None)).map_err(|e| e.or_at(self.node.at))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let table = self.table()?;
        visitor.visit_map(self.entries(table, Some(fields))).map_err(|mut e| {
            if e.code == MISSING_KEY && e.at.is_none() && fields.contains(&"preset") {
                let preset =
                    ", or take what it needs from a preset: `preset = \"...\"` (`oobe list --presets`)";
                e.help.get_or_insert_default().push_str(preset);
            }
            e.or_at(self.node.at)
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let (name, name_at, content) = match &self.node.value {
            Value::Text(text) => (text.as_str(), self.node.at, None),
            Value::Table(table) => match table.entries.as_slice() {
                [only] => (only.key.as_str(), only.key_at, Some(&only.node)),
                many => {
                    let message = format!("exactly one key may stand in this table, here are {}", many.len());
                    return Err(ReadError::new("scenario::one-of", message)
                        .help(format!("choose one: {}", quoted(variants)))
                        .or_at(self.node.at));
                }
            },
            _ => return Err(self.wrong(&format!("one of {}", quoted(variants)), "put it in quotes")),
        };
        if !variants.contains(&name) {
            return Err(ReadError::new(
                "scenario::unknown-value",
                format!("`{}` is not one of the values that may stand here", shorten(name)),
            )
            .help(suggest::help(name, variants))
            .or_at(name_at));
        }
        visitor.visit_enum(Chosen { reader: self, name, content }).map_err(|e| e.or_at(self.node.at))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}
