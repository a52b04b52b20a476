//! JSON Schemas of the formats that people and programs write and read. They are checked in under `schema/`; a test
//! holds them against this.

mod reference;

use schemars::generate::SchemaSettings;
use schemars::{Schema, json_schema};

pub use reference::reference;

use crate::scenario::Spec;

/// Of scenario files.
pub fn scenario() -> String {
    text(&scenario_schema())
}

fn scenario_schema() -> Schema {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Spec>();
    schema.insert("$id".to_owned(), "oobe-scenario-1".into());
    schema.insert("title".to_owned(), "oobe scenario, version 1".into());
    schema
}

/// Of the lines of a trace: the header, then records. Only what every reader relies on; kinds and their fields may be
/// added (docs/trace-format.md).
pub fn trace() -> String {
    let header = json_schema!({
        "type": "object",
        "description": "The first line: what produced the trace.",
        "required": ["format", "version", "scenario", "scenario_sha256", "seed", "keys", "as_of", "epoch", "program"],
        "properties": {
            "format": { "const": "oobe-trace" },
            "version": { "type": "integer", "minimum": 1 },
            "scenario": { "type": "string" },
            "scenario_sha256": { "type": "string", "pattern": "^[0-9a-f]{64}$" },
            "seed": { "type": "integer", "minimum": 0 },
            "keys": { "enum": ["p256", "rsa"] },
            "as_of": { "type": "string", "format": "date" },
            "epoch": { "type": "string", "format": "date-time" },
            "program": { "type": "string" },
        },
    });
    let record = json_schema!({
        "type": "object",
        "description": "Any other line: one thing that was observed.",
        "required": ["t", "n", "who", "kind"],
        "properties": {
            "t": { "type": "integer", "minimum": 0, "description": "Virtual time, milliseconds." },
            "n": { "type": "integer", "minimum": 0, "description": "Position in the trace, from 0." },
            "who": { "type": "string", "description": "A device's name, `cloud` or `world`." },
            "kind": { "type": "string", "examples": KINDS },
        },
    });
    let schema = json_schema!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "oobe-trace-1",
        "title": "A line of an oobe trace, version 1",
        "anyOf": [header, record],
    });
    text(&schema)
}

/// Kinds of records.
pub const KINDS: [&str; 24] = [
    "power-on",
    "power-lost",
    "restart",
    "power-off",
    "screen",
    "act",
    "request",
    "reply",
    "push",
    "key",
    "tpm",
    "timer-set",
    "timer-cancelled",
    "timer-fired",
    "event",
    "registry",
    "note",
    "link",
    "fault",
    "injected",
    "unused",
    "trigger",
    "cloud",
    "end",
];

fn text(schema: &Schema) -> String {
    let json = serde_json::to_string_pretty(schema).expect("a schema always serialises");
    format!("{json}\n")
}
