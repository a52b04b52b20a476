//! Patterns: what a trigger waits for and what an expectation looks for in the trace.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Text in which `*` stands for anything. Case does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Glob(pub String);

impl Glob {
    /// Whether `text` fits, as a whole.
    pub fn matches(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let pattern = self.0.to_lowercase();
        let mut parts = pattern.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let mut parts = parts.peekable();
        if parts.peek().is_none() {
            return rest.is_empty();
        }
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return rest.ends_with(part);
            }
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        true
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Glob {
    fn schema_name() -> Cow<'static, str> {
        "Glob".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Text in which `*` stands for anything. Case does not matter."
        })
    }
}

/// A record of the Windows event log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventPattern {
    /// Channel: `autopilot`, `mdm`, `udr`, `management`, `shell`, ...
    #[serde(default)]
    pub channel: Option<String>,
    /// Event id.
    pub id: i32,
    /// Values that went into it.
    #[serde(default)]
    pub data: BTreeMap<String, Glob>,
    /// Rendered text.
    #[serde(default)]
    pub text: Option<Glob>,
}

/// A state machine of the device moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatePattern {
    /// Machine, e.g. `oobe`.
    pub machine: String,
    /// State after.
    #[serde(default)]
    pub to: Option<Glob>,
    /// State before.
    #[serde(default)]
    pub from: Option<Glob>,
}

/// A request, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RequestPattern {
    /// Host, e.g. `login.microsoftonline.com`.
    pub host: Option<Glob>,
    /// Path, without the query.
    pub path: Option<Glob>,
    /// Method.
    pub method: Option<String>,
    /// Status of the answer. With it, the pattern fits when the answer arrives.
    pub status: Option<u16>,
    /// Why there was no answer, e.g. `timed out`. With it, the pattern fits when that is known.
    pub error: Option<Glob>,
}

/// A check that the device made on something a peer sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckPattern {
    /// Name of the check, e.g. `token-audience`.
    pub name: Glob,
    /// Whether it held.
    #[serde(default)]
    pub held: Option<bool>,
}

/// Something that the cloud decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloudPattern {
    /// Service, e.g. `entra`.
    #[serde(default)]
    pub service: Option<Glob>,
    /// Name of the check or action, e.g. `nonce-single-use`.
    pub what: Glob,
    /// Whether it was allowed.
    #[serde(default)]
    pub ok: Option<bool>,
    /// What it says about it, in words.
    #[serde(default)]
    pub detail: Option<Glob>,
}

/// A management command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CspPattern {
    /// LocURI.
    pub uri: Glob,
    /// Verb: `Add`, `Replace`, `Get`, `Delete`, `Exec`.
    #[serde(default)]
    pub verb: Option<String>,
    /// Value written or read, as the trace shows it (long ones shortened, secrets masked).
    #[serde(default)]
    pub value: Option<Glob>,
    /// SyncML status.
    #[serde(default)]
    pub status: Option<u16>,
}

/// An app, a certificate or a policy moved on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgressPattern {
    /// What.
    pub item: Glob,
    /// Where it stands now.
    pub state: Glob,
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn stars_stand_for_anything() {
        let fits = |pattern: &str, text: &str| Glob(pattern.to_owned()).matches(text);
        assert!(fits("Login.*.com", "login.microsoftonline.COM"));
        assert!(fits("*", "") && fits("a*b*c", "a-b-b-c") && fits("*b", "ab") && fits("a*", "a"));
        assert!(!fits("a", "ab") && !fits("a*b", "a") && !fits("ab*ba", "aba") && !fits("*x*", "abc"));
    }
}
