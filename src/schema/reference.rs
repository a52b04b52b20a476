//! The reference of the scenario format (docs/scenario-reference.md), written from its schema: what the program
//! reads and what the page says can't drift apart.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The page.
pub fn reference() -> String {
    let schema = super::scenario_schema().to_value();
    let empty = Map::new();
    let definitions = schema.get("$defs").and_then(Value::as_object).unwrap_or(&empty);
    let mut page = String::from(
        "# Scenario reference\n\nEvery key of a scenario file. Written by the program from its own schema; \
         [scenario-format.md](scenario-format.md) explains how they play together.\n\n\
         Keys in **bold** must be there (a preset may bring them).\n\n## The file\n\n",
    );
    let mut writer = Writer { page: &mut page, waiting: Vec::new(), seen: BTreeSet::new() };
    writer.section(&schema);
    let mut next = 0;
    while let Some(name) = writer.waiting.get(next).cloned() {
        next += 1;
        if let Some(definition) = definitions.get(&name) {
            let _ = write!(writer.page, "\n## {}\n\n", shown(&name));
            writer.section(definition);
        }
    }
    page
}

struct Writer<'p> {
    page: &'p mut String,
    /// Definitions in the order in which they were first named.
    waiting: Vec<String>,
    seen: BTreeSet<String>,
}

impl Writer<'_> {
    fn section(&mut self, schema: &Value) {
        if let Some(text) = description(schema) {
            let _ = write!(self.page, "{text}\n\n");
        }
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            self.keys(schema, properties);
        } else if let Some(variants) = variants(schema) {
            self.values(variants);
        } else if let Some(examples) = schema.get("examples") {
            let _ = writeln!(self.page, "Example: `{}`", examples[0]);
        }
    }

    fn keys(&mut self, schema: &Value, properties: &Map<String, Value>) {
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        self.page.push_str("| key | value | default | meaning |\n| --- | --- | --- | --- |\n");
        for (key, value) in properties {
            let name =
                if required.contains(&key.as_str()) { format!("**`{key}`**") } else { format!("`{key}`") };
            let kind = self.kind(value);
            let default = match value.get("default") {
                None | Some(Value::Null) => String::new(),
                Some(Value::Object(_)) if value.get("additionalProperties").is_some() => String::new(),
                Some(Value::Object(_)) => "as its keys say".to_owned(),
                Some(Value::Array(list)) if list.is_empty() => String::new(),
                Some(Value::String(text)) if text.is_empty() => String::new(),
                Some(default) => format!("`{default}`"),
            };
            let text = description(value).unwrap_or_default().replace('|', "\\|").replace('\n', " ");
            let _ = writeln!(self.page, "| {name} | {kind} | {default} | {text} |");
        }
    }

    fn values(&mut self, variants: &[Value]) {
        self.page.push_str("| value | meaning |\n| --- | --- |\n");
        for variant in variants {
            let text = description(variant).unwrap_or_default().replace('|', "\\|").replace('\n', " ");
            if let Some(name) = variant.get("const").and_then(Value::as_str) {
                let _ = writeln!(self.page, "| `\"{name}\"` | {text} |");
            } else if let Some((name, inner)) = only_property(variant) {
                let inside = self.inside(inner);
                let _ = writeln!(self.page, "| `{{ {name} = ... }}` | {text} {inside} |");
            }
        }
    }

    /// What goes with a value that has more to it.
    fn inside(&mut self, schema: &Value) -> String {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return format!("({})", self.kind(schema));
        };
        let keys: Vec<String> = properties
            .iter()
            .map(|(key, value)| {
                let text = description(value).unwrap_or_default();
                format!("`{key}` ({}): {text}", self.kind(value))
            })
            .collect();
        format!("Keys: {}", keys.join(" "))
    }

    /// The kind of a value, in words.
    fn kind(&mut self, schema: &Value) -> String {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            return self.link(name);
        }
        let alternatives = schema.get("anyOf").or_else(|| schema.get("allOf")).and_then(Value::as_array);
        if let Some(first) =
            alternatives.into_iter().flatten().find(|s| s.get("type") != Some(&"null".into()))
        {
            return self.kind(first);
        }
        let kind = match schema.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().find_map(Value::as_str).unwrap_or("value"),
            Some(Value::String(kind)) => kind,
            _ => "value",
        };
        match kind {
            "array" => {
                let item = schema.get("items").map_or_else(|| "values".to_owned(), |items| self.kind(items));
                format!("list of {item}")
            }
            "object" => match schema.get("additionalProperties") {
                Some(inner @ Value::Object(_)) => format!("named {}", self.kind(inner)),
                _ => "table".to_owned(),
            },
            "integer" => "number".to_owned(),
            "boolean" => "true or false".to_owned(),
            "string" => "text".to_owned(),
            other => other.to_owned(),
        }
    }

    fn link(&mut self, reference: &str) -> String {
        let name = reference.rsplit('/').next().unwrap_or(reference).to_owned();
        if self.seen.insert(name.clone()) {
            self.waiting.push(name.clone());
        }
        let shown = shown(&name);
        format!("[{shown}](#{})", shown.to_lowercase())
    }
}

/// Types are called `DeviceSpec` in the program; people need not know.
fn shown(name: &str) -> &str {
    name.strip_suffix("Spec").unwrap_or(name)
}

fn description(schema: &Value) -> Option<String> {
    schema.get("description").and_then(Value::as_str).map(str::to_owned)
}

fn variants(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array)
}

fn only_property(schema: &Value) -> Option<(&String, &Value)> {
    let properties = schema.get("properties").and_then(Value::as_object)?;
    if properties.len() == 1 { properties.iter().next() } else { None }
}
