//! Reading traces. Fields and kinds that this program does not know are kept as they are; a line that is no JSON, or
//! no record, is an error that names it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde_json::Value;

use super::{Record, TRACE_VERSION, TraceHeader};

/// The longest line, in bytes. A screen, the largest thing in a trace, has a few kilobytes.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

/// A trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// What it was read from.
    pub name: String,
    /// The first line.
    pub header: TraceHeader,
    /// All others.
    pub lines: Vec<Line>,
}

/// A line behind the header.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its number in the file, from 1.
    pub number: usize,
    /// As it stands there.
    pub json: Value,
    /// As this program understands it; `None` for a kind that it does not know.
    pub record: Option<Record>,
}

/// Why there is no trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file can't be read.
    #[error("{name}: can't be read: {}", crate::scenario::describe_io(source))]
    Io {
        /// The file.
        name: String,
        /// Why not.
        source: io::Error,
    },
    /// The file is empty.
    #[error("{name}: this file is empty")]
    Empty {
        /// The file.
        name: String,
    },
    /// The first line is not the header of a trace.
    #[error("{name}:1: this is not a trace: {why}")]
    NotATrace {
        /// The file.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// A newer program wrote it, in a way that this one could misread.
    #[error("{name}:1: this trace has version {version}, this program reads up to {TRACE_VERSION}")]
    Version {
        /// The file.
        name: String,
        /// Its version.
        version: u32,
    },
    /// A line is wrong.
    #[error("{name}:{number}: {why}")]
    Line {
        /// The file.
        name: String,
        /// The line, from 1.
        number: usize,
        /// What is wrong.
        why: String,
    },
}

impl Trace {
    /// Reads a file; `-` is standard input.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        let name = path.display().to_string();
        if name == "-" {
            return Self::read("standard input", io::stdin().lock());
        }
        let io = |source| TraceError::Io { name: name.clone(), source };
        let file = File::open(path).map_err(io)?;
        if file.metadata().map_err(io)?.is_dir() {
            return Err(io(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")));
        }
        Self::read(&name, BufReader::new(file))
    }

    /// Reads a trace; `name` is what errors call it.
    pub fn read(name: &str, mut from: impl BufRead) -> Result<Self, TraceError> {
        let mut header = None;
        let mut lines = Vec::new();
        let mut bytes = Vec::new();
        for number in 1.. {
            bytes.clear();
            let read = (&mut from).take(LONGEST_LINE).read_until(b'\n', &mut bytes);
            let length = read.map_err(|source| TraceError::Io { name: name.to_owned(), source })?;
            if length == 0 {
                break;
            }
            let wrong = |why: String| TraceError::Line { name: name.to_owned(), number, why };
            if length as u64 == LONGEST_LINE {
                return Err(wrong(format!("the line is longer than {LONGEST_LINE} bytes")));
            }
            let text = bytes.trim_ascii();
            if text.is_empty() && header.is_some() {
                continue;
            }
            if header.is_none() {
                header = Some(read_header(name, text)?);
                continue;
            }
            let json: Value =
                serde_json::from_slice(text).map_err(|e| wrong(format!("no JSON: {}", plain(&e))))?;
            let record = understand(&json).map_err(wrong)?;
            lines.push(Line { number, json, record });
        }
        let header = header.ok_or_else(|| TraceError::Empty { name: name.to_owned() })?;
        Ok(Self { name: name.to_owned(), header, lines })
    }

    /// The records that this program understands, in order.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.lines.iter().filter_map(|line| line.record.as_ref())
    }
}

fn read_header(name: &str, text: &[u8]) -> Result<TraceHeader, TraceError> {
    let not = |why: String| TraceError::NotATrace { name: name.to_owned(), why };
    let json: Value = serde_json::from_slice(text).map_err(|e| not(format!("no JSON: {}", plain(&e))))?;
    if json.get("format").and_then(Value::as_str) != Some("oobe-trace") {
        return Err(not("its first line does not say \"format\":\"oobe-trace\"".to_owned()));
    }
    let version = json.get("version").and_then(Value::as_u64).unwrap_or_default();
    let version = u32::try_from(version).unwrap_or(u32::MAX);
    if version > TRACE_VERSION {
        return Err(TraceError::Version { name: name.to_owned(), version });
    }
    serde_json::from_value(json).map_err(|e| not(plain(&e)))
}

/// The record of a line; `None` when its kind is none that this program knows.
fn understand(json: &Value) -> Result<Option<Record>, String> {
    let kind = json.get("kind").and_then(Value::as_str).ok_or("the record has no \"kind\"")?;
    for field in ["t", "n"] {
        json.get(field)
            .and_then(Value::as_u64)
            .ok_or_else(|| format!("the record has no number \"{field}\""))?;
    }
    match serde_json::from_value(json.clone()) {
        Ok(record) => Ok(Some(record)),
        // A kind, or a value within one, that a newer program writes.
        Err(e) if e.to_string().contains("unknown variant") => Ok(None),
        Err(e) => Err(format!("no {kind} record: {}", plain(&e))),
    }
}

/// serde_json's words without its own line and column.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str = r#"{"format":"oobe-trace","version":1,"scenario":"x","scenario_sha256":"","seed":1,"keys":"p256","as_of":"2026-11-20","epoch":"2026-11-20T08:00:00Z","program":"oobe 0.1.0","later":true}"#;

    fn read(text: &str) -> Result<Trace, String> {
        Trace::read("t.jsonl", text.as_bytes()).map_err(|e| e.to_string())
    }

    #[test]
    fn what_is_unknown_is_kept() {
        let text = format!(
            "{HEADER}\n{}\n{}\n",
            r#"{"t":0,"n":0,"who":"pc","kind":"power-on","mood":"fine"}"#,
            r#"{"t":5,"n":1,"who":"pc","kind":"teleport","to":"Mars"}"#
        );
        let trace = read(&text).unwrap();
        assert_eq!(trace.lines.len(), 2);
        assert_eq!(trace.records().count(), 1);
        assert_eq!(trace.lines[1].json["to"], "Mars");
    }

    #[test]
    fn a_bad_line_is_named() {
        assert_eq!(read("").unwrap_err(), "t.jsonl: this file is empty");
        assert!(read("{}").unwrap_err().contains("t.jsonl:1: this is not a trace"));
        assert!(read(&HEADER.replace("\"version\":1", "\"version\":9")).unwrap_err().contains("version 9"));
        assert!(read(&format!("{HEADER}\n{{\"t\":0")).unwrap_err().starts_with("t.jsonl:2: no JSON"));
        let no_number = format!("{HEADER}\n{}", r#"{"n":0,"who":"pc","kind":"power-on"}"#);
        assert!(read(&no_number).unwrap_err().starts_with("t.jsonl:2: the record has no number \"t\""));
    }

    proptest! {
        #[test]
        fn any_text_is_an_answer(text in "(\\PC|\n)*") {
            let _ = read(&text);
            let _ = read(&format!("{HEADER}\n{text}"));
        }
    }
}
