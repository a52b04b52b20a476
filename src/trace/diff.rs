//! Where two traces part, and what differs.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{Line, Trace};

/// How many lines before the parting are shown.
const CONTEXT: usize = 5;

/// How two traces differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// What differs in the headers: that alone makes no two runs different.
    pub header: Vec<Difference>,
    /// The first point where they part.
    pub parting: Option<Parting>,
    /// How many records the two have.
    pub lengths: (usize, usize),
    /// Kinds of records that one has more of than the other.
    pub counts: Vec<Difference>,
}

/// The first point where two traces part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parting {
    /// How many records are the same.
    pub same: usize,
    /// The last of those.
    pub before: Vec<Value>,
    /// What comes then in the first; nothing when it is over.
    pub left: Option<Value>,
    /// What comes then in the second.
    pub right: Option<Value>,
    /// Field by field.
    pub fields: Vec<Difference>,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Which: `screen.esp.phases[1].rows[0].status`.
    pub path: String,
    /// In the first; nothing when it is not there.
    pub left: Option<Value>,
    /// In the second.
    pub right: Option<Value>,
}

impl Diff {
    /// Whether the runs are the same.
    pub fn is_empty(&self) -> bool {
        self.parting.is_none()
    }
}

/// Compares two traces.
pub fn diff(left: &Trace, right: &Trace) -> Diff {
    let json = |header| serde_json::to_value(header).unwrap_or_default();
    let mut header = Vec::new();
    fields(&json(&left.header), &json(&right.header), &mut String::new(), &mut header);
    let same = left.lines.iter().zip(&right.lines).take_while(|(a, b)| a.json == b.json).count();
    let (a, b) = (left.lines.get(same), right.lines.get(same));
    let parting = (a.is_some() || b.is_some()).then(|| {
        let mut found = Vec::new();
        if let (Some(a), Some(b)) = (a, b) {
            fields(&a.json, &b.json, &mut String::new(), &mut found);
        }
        Parting {
            same,
            before: left.lines[same.saturating_sub(CONTEXT)..same].iter().map(|l| l.json.clone()).collect(),
            left: a.map(|l| l.json.clone()),
            right: b.map(|l| l.json.clone()),
            fields: found,
        }
    });
    Diff {
        header,
        parting,
        lengths: (left.lines.len(), right.lines.len()),
        counts: counts(&left.lines, &right.lines),
    }
}

/// Kinds of records, counted.
fn counts(left: &[Line], right: &[Line]) -> Vec<Difference> {
    let mut kinds: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let kind = |line: &'_ Line| line.json.get("kind").and_then(Value::as_str).map(str::to_owned);
    let (left, right): (Vec<_>, Vec<_>) =
        (left.iter().filter_map(kind).collect(), right.iter().filter_map(kind).collect());
    for kind in &left {
        kinds.entry(kind).or_default().0 += 1;
    }
    for kind in &right {
        kinds.entry(kind).or_default().1 += 1;
    }
    kinds
        .into_iter()
        .filter(|(_, (a, b))| a != b)
        .map(|(kind, (a, b))| Difference {
            path: kind.to_owned(),
            left: Some(a.into()),
            right: Some(b.into()),
        })
        .collect()
}

/// Field by field, depth first.
fn fields(left: &Value, right: &Value, path: &mut String, found: &mut Vec<Difference>) {
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let dot = if path.is_empty() { "" } else { "." };
                below(&format!("{dot}{key}"), a.get(key), b.get(key), path, found);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for i in 0..a.len().max(b.len()) {
                below(&format!("[{i}]"), a.get(i), b.get(i), path, found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => {
            found.push(Difference { path: path.clone(), left: Some(a.clone()), right: Some(b.clone()) });
        }
    }
}

fn below(
    step: &str,
    left: Option<&Value>,
    right: Option<&Value>,
    path: &mut String,
    found: &mut Vec<Difference>,
) {
    let length = path.len();
    path.push_str(step);
    match (left, right) {
        (Some(a), Some(b)) => fields(a, b, path, found),
        (a, b) => found.push(Difference { path: path.clone(), left: a.cloned(), right: b.cloned() }),
    }
    path.truncate(length);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(seed: u64, lines: &[&str]) -> Trace {
        let header = format!(
            r#"{{"format":"oobe-trace","version":1,"scenario":"x","scenario_sha256":"","seed":{seed},"keys":"p256","as_of":"2026-11-20","epoch":"2026-11-20T08:00:00Z","program":"oobe"}}"#
        );
        Trace::read("t", format!("{header}\n{}", lines.join("\n")).as_bytes()).unwrap()
    }

    #[test]
    fn the_first_parting_is_told_field_by_field() {
        let on = r#"{"t":0,"n":0,"who":"pc","kind":"power-on"}"#;
        let left = trace(1, &[on, r#"{"t":5,"n":1,"who":"pc","kind":"restart","why":"a"}"#]);
        let right = trace(2, &[on, r#"{"t":7,"n":1,"who":"pc","kind":"restart","why":"b"}"#, on]);
        let diff = diff(&left, &right);
        let parting = diff.parting.clone().unwrap();
        assert_eq!(parting.same, 1);
        assert_eq!(parting.fields.iter().map(|d| d.path.as_str()).collect::<Vec<_>>(), ["t", "why"]);
        assert_eq!(diff.header.iter().map(|d| d.path.as_str()).collect::<Vec<_>>(), ["seed"]);
        assert_eq!(diff.lengths, (2, 3));
        assert_eq!(diff.counts[0].path, "power-on");
    }

    #[test]
    fn one_may_end_before_the_other() {
        let on = r#"{"t":0,"n":0,"who":"pc","kind":"power-on"}"#;
        let diff = diff(&trace(1, &[on]), &trace(2, &[]));
        assert!(!diff.is_empty() && diff.parting.unwrap().right.is_none());
        let one = trace(1, &[on]);
        assert!(super::diff(&one, &one.clone()).is_empty());
    }
}
