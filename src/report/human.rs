//! The parts of the human report around the story: its heading, what failed, how it ended.

use std::fmt::Write as _;

use super::layout::Layout;
use super::paint::{Tone, paint};
use super::summary::Summary;
use super::words;
use crate::expect::Verdict;
use crate::trace::{Record, TraceHeader};

/// How many records before and after the one that matters are shown.
const AROUND: usize = 4;

/// What comes before the story.
pub fn heading(title: &str, path: &str, header: &TraceHeader, several: bool) -> String {
    let keys = if header.keys == "p256" { "p256 (a model dialect)" } else { &header.keys };
    let facts = format!("{path} · seed {} · keys {keys} · as of {}", header.seed, header.as_of);
    let blank = if several { "\n" } else { "" };
    format!("{blank}{}\n{}\n\n", paint(Tone::Strong, title), paint(Tone::Faint, &facts))
}

/// What comes after it.
pub fn ending(summary: &Summary, trace: &[Record], width: usize) -> String {
    let mut out = String::from("\n");
    out.push_str(&failures(summary, trace, width));
    out.push_str(&result_line(summary));
    out.push_str(&unused(summary));
    out.push_str(&facts(summary));
    let _ = writeln!(out, "{}", summary.rests_on);
    out
}

/// Every expectation that failed, and the command that runs it again.
pub fn failures(summary: &Summary, trace: &[Record], width: usize) -> String {
    let mut out = String::new();
    let mut shown = None;
    for verdict in summary.expectations.iter().filter(|v| !v.held) {
        // Several failures often look at the same place, the end above all: it is shown once.
        let around = verdict.at.filter(|at| shown != Some(*at));
        out.push_str(&failure(verdict, around, trace, width));
        out.push('\n');
        shown = verdict.at.or(shown);
    }
    if !out.is_empty() {
        let _ = writeln!(out, "{} {}\n", paint(Tone::Faint, "run again:"), summary.rerun);
    }
    out
}

/// One line on how it went, for lists of runs.
pub fn result_line(summary: &Summary) -> String {
    let (held, all) = summary.score();
    let expectations = match all {
        0 => "nothing was expected".to_owned(),
        1 => format!("{held} of 1 expectation held"),
        _ => format!("{held} of {all} expectations held"),
    };
    let (word, tone) = match (summary.held(), summary.finished) {
        (true, true) => ("PASS", Tone::Good),
        (true, false) => ("STOP", Tone::Warning),
        (false, _) => ("FAIL", Tone::Bad),
    };
    format!(
        "{} {}  {} after {}, {expectations}\n",
        paint(tone, word),
        paint(Tone::Strong, &summary.path),
        summary.outcome,
        summary.took(),
    )
}

/// Faults that never struck and triggers that never fired, a line each.
pub fn unused(summary: &Summary) -> String {
    let lines = summary.unused.iter().map(|text| format!("     {} {text}\n", paint(Tone::Warning, "!")));
    lines.collect()
}

fn facts(summary: &Summary) -> String {
    let counts = &summary.counts;
    let plural = |n: u64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let mut parts = vec![
        plural(counts.requests, "request", "requests"),
        plural(counts.restarts, "restart", "restarts"),
        plural(counts.events, "event", "events"),
    ];
    if counts.injected > 0 {
        parts.push(plural(counts.injected, "injected fault", "injected faults"));
    }
    parts.push(format!(
        "trace {} ({} records)",
        &summary.trace_sha256[..12.min(summary.trace_sha256.len())],
        summary.records
    ));
    format!("{}\n", paint(Tone::Faint, &parts.join(" · ")))
}

/// A failed expectation: what was expected, what happened, the trace around it.
fn failure(verdict: &Verdict, around: Option<u64>, trace: &[Record], width: usize) -> String {
    let layout = Layout::new(width);
    let mut out = format!("{} {}\n", paint(Tone::Bad, "✗"), paint(Tone::Strong, &verdict.name));
    out.push_str(&layout.labelled(2, "expected", &verdict.expected));
    out.push_str(&layout.labelled(2, "happened", &verdict.happened));
    if let Some(at) = around.and_then(|n| trace.iter().position(|r| r.n == n)) {
        let from = at.saturating_sub(AROUND);
        let to = trace.len().min(at + AROUND + 1);
        for (i, record) in trace.iter().enumerate().take(to).skip(from) {
            let label = if i == from { "around" } else { "" };
            let here = if i == at { '>' } else { ' ' };
            let text = format!("{here} {:>8} {} {}", record.t.to_string(), record.who, words::record(record));
            out.push_str(&labelled_cut(label, &text, width, i == at));
        }
    }
    out
}

/// One line, cut where it is too long: the whole record is in the trace.
fn labelled_cut(label: &str, text: &str, width: usize, strong: bool) -> String {
    let room = width.clamp(60, 120).saturating_sub(12);
    let cut: String = match text.char_indices().nth(room) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    };
    let tone = if strong { Tone::Plain } else { Tone::Faint };
    format!("  {}{}\n", paint(Tone::Faint, &format!("{label:<9} ")), paint(tone, &cut))
}
