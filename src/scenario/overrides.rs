//! `--set key=value`: changes to a scenario from the command line, checked like the file itself.

use super::problem::Problem;
use super::source::{Location, Sources};
use super::suggest;
use super::tree::{Entry, Node, Table, Value, parse_value, shorten};

const HOW: &str =
    "write a key as in the file, with dots, an equals sign and a value: --set device.pc.link=wifi";

/// Applies one `key=value` to the tree.
pub(super) fn apply(root: &mut Node, argument: &str, sources: &mut Sources, problems: &mut Vec<Problem>) {
    let whole = sources.add("--set", argument);
    let Some((key, value)) = split(argument) else {
        problems.push(Problem::new("scenario::set", whole, "this is not `key=value`").help(HOW));
        return;
    };
    let key_at = Sources::part(whole, 0..key.len());
    let value_at = Sources::part(whole, key.len() + 1..argument.len());
    let Some(path) = path(key) else {
        problems.push(Problem::new("scenario::set", key_at, "this is not a key").help(HOW));
        return;
    };
    // What is no TOML value is taken as text, so that quotes need no quoting in a shell.
    let node = parse_value(sources, value_at)
        .unwrap_or_else(|| Node { at: value_at, value: Value::Text(value.trim().to_owned()) });
    if let Err(problem) = insert(root, &path, node, key_at) {
        problems.push(problem);
    }
}

/// At the first equals sign outside of quotes.
fn split(argument: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    let at = argument.char_indices().find(|(_, c)| {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(*c),
            (Some(open), c) if open == *c => quote = None,
            (None, '=') => return true,
            _ => {}
        }
        false
    })?;
    Some((&argument[..at.0], &argument[at.0 + 1..]))
}

/// A dotted key, as TOML writes it.
fn path(key: &str) -> Option<Vec<String>> {
    let text = format!("{key} = 0");
    let document = toml::de::DeTable::parse(&text).ok()?;
    let mut table = document.get_ref();
    let mut path = Vec::new();
    loop {
        let (step, value) = table.iter().next()?;
        path.push(step.get_ref().to_string());
        match value.get_ref() {
            toml::de::DeValue::Table(inner) if table.len() == 1 => table = inner,
            toml::de::DeValue::Integer(_) if table.len() == 1 => return Some(path),
            _ => return None,
        }
    }
}

fn insert(node: &mut Node, path: &[String], new: Node, key_at: Location) -> Result<(), Problem> {
    let Some((step, rest)) = path.split_first() else {
        *node = new;
        return Ok(());
    };
    match &mut node.value {
        Value::Table(table) => {
            if let Some(entry) = table.get_mut(step) {
                return insert(&mut entry.node, rest, new, key_at);
            }
            let mut below = Node { at: key_at, value: Value::Table(Table::default()) };
            insert(&mut below, rest, new, key_at)?;
            table.entries.push(Entry { key: step.clone(), key_at, node: below });
            Ok(())
        }
        Value::List(list) => {
            let at = position(list, step).ok_or_else(|| no_entry(list, step, key_at))?;
            insert(&mut list[at], rest, new, key_at)
        }
        other => Err(Problem::new(
            "scenario::set",
            key_at,
            format!("`{}` can't be set: above it stands {}", shorten(&path.join(".")), other.describe()),
        )),
    }
}

/// An entry of a list: by number from 0, or by its `name`.
fn position(list: &[Node], step: &str) -> Option<usize> {
    if let Ok(number) = step.parse() {
        return (number < list.len()).then_some(number);
    }
    list.iter().position(|node| name_of(node) == Some(step))
}

fn name_of(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Table(table) => match &table.get("name")?.node.value {
            Value::Text(name) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

fn no_entry(list: &[Node], step: &str, key_at: Location) -> Problem {
    let names: Vec<&str> = list.iter().filter_map(name_of).collect();
    let help = match list.len() {
        0 => "the list is empty".to_owned(),
        n if names.is_empty() => format!("entries go by number, from 0 to {}", n - 1),
        n => {
            format!("entries go by number, from 0 to {}, or by name; {}", n - 1, suggest::help(step, &names))
        }
    };
    Problem::new("scenario::set", key_at, format!("the list has no entry `{}`", shorten(step))).help(help)
}
