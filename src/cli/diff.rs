//! `oobe diff`

use std::fmt::Write as _;

use serde_json::Value;

use super::args::{DiffArgs, ListFormat};
use super::output::{Output, error};
use crate::exit::Exit;
use crate::report::{Tone, json_line, paint};
use crate::trace::diff::{Diff, Difference, Parting, diff as compare};
use crate::trace::{Trace, TraceError};

/// More differing fields than these are counted only.
const FIELDS: usize = 20;

pub(super) fn diff(args: &DiffArgs, out: &mut Output) -> Exit {
    let (left, right) = match (Trace::open(&args.left), Trace::open(&args.right)) {
        (Ok(left), Ok(right)) => (left, right),
        (left, right) => {
            let failures: Vec<TraceError> = [left.err(), right.err()].into_iter().flatten().collect();
            let io = failures.iter().all(|f| matches!(f, TraceError::Io { .. }));
            for failure in &failures {
                error(failure, None);
            }
            return if io { Exit::Io } else { Exit::Invalid };
        }
    };
    let found = compare(&left, &right);
    match args.format {
        ListFormat::Json => {
            let json = serde_json::to_string_pretty(&found).expect("a diff has string keys only");
            out.raw(&format!("{json}\n"));
        }
        ListFormat::Human => out.print(&words(&found, &left, &right)),
    }
    if found.is_empty() { Exit::Success } else { Exit::ExpectationFailed }
}

fn words(found: &Diff, left: &Trace, right: &Trace) -> String {
    let mut text = String::new();
    if !found.header.is_empty() {
        let _ = writeln!(text, "{}", paint(Tone::Faint, "The headers differ (this does not count):"));
        text.push_str(&fields(&found.header));
        text.push('\n');
    }
    let Some(parting) = &found.parting else {
        let same = paint(Tone::Good, "no difference");
        let _ = writeln!(text, "{same}: {} records are the same in both", found.lengths.0);
        return text;
    };
    let Parting { same, before, left: a, right: b, fields: differing } = parting;
    let _ =
        writeln!(text, "{} after {same} records that are the same\n", paint(Tone::Strong, "the traces part"));
    for line in before {
        let _ = writeln!(text, "  {}", paint(Tone::Faint, &json_line(line)));
    }
    text.push_str(&side(Tone::Bad, '-', a.as_ref(), &left.name));
    text.push_str(&side(Tone::Good, '+', b.as_ref(), &right.name));
    if !differing.is_empty() {
        let _ = writeln!(text, "\n{}", paint(Tone::Faint, "What differs in this record:"));
        text.push_str(&fields(differing));
    }
    if !found.counts.is_empty() || found.lengths.0 != found.lengths.1 {
        let _ = writeln!(
            text,
            "\n{}",
            paint(Tone::Faint, "Records from there to the end, by kind, where they differ:")
        );
        text.push_str(&fields(&found.counts));
        let _ = writeln!(text, "  in all: {} and {}", found.lengths.0, found.lengths.1);
    }
    text
}

fn side(tone: Tone, sign: char, record: Option<&Value>, name: &str) -> String {
    let what = record.map_or_else(|| "(the trace ends here)".to_owned(), json_line);
    format!("{} {}\n", paint(tone, &format!("{sign} {what}")), paint(Tone::Faint, &format!("[{name}]")))
}

fn fields(differences: &[Difference]) -> String {
    let mut text = String::new();
    for Difference { path, left, right } in differences.iter().take(FIELDS) {
        let value = |v: &Option<Value>| v.as_ref().map_or_else(|| "(not there)".to_owned(), short);
        let (left, right) = (paint(Tone::Bad, &value(left)), paint(Tone::Good, &value(right)));
        let _ = writeln!(text, "  {path}: {left} -> {right}");
    }
    if differences.len() > FIELDS {
        let _ = writeln!(text, "  and {} more", differences.len() - FIELDS);
    }
    text
}

/// At most 80 characters of JSON.
fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
