//! Expectations: what a scenario says must be true of its run, held against the trace. Pure: the same trace always
//! gives the same verdicts.

mod find;
mod fits;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use fits::host_and_path;
pub use fits::{event_fits, request_fits, screen_shows};

use oobe_agent::io::Note;
use oobe_agent::time::VirtualTime;
use serde::Serialize;

use crate::scenario::spec::ExpectSpec;
use crate::trace::{Record, What};

/// How an expectation came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Position in the scenario, from 0.
    pub index: usize,
    /// What the scenario calls it, or what it says.
    pub name: String,
    /// Whether it held.
    pub held: bool,
    /// What was expected, in words.
    pub expected: String,
    /// What happened, in words.
    pub happened: String,
    /// The record that decided it, by its number in the trace.
    pub at: Option<u64>,
}

/// Holds all expectations against the trace.
pub fn evaluate(expectations: &[ExpectSpec], trace: &[Record]) -> Vec<Verdict> {
    expectations.iter().enumerate().map(|(index, expect)| one(index, expect, trace)).collect()
}

/// What was found.
struct Finding {
    held: bool,
    happened: String,
    at: Option<u64>,
}

fn one(index: usize, expect: &ExpectSpec, trace: &[Record]) -> Verdict {
    let finding = if let Some(outcome) = &expect.outcome {
        ended(expect, outcome, trace)
    } else if let Some(order) = words::order(expect) {
        in_order(expect, &order, trace)
    } else {
        counted(expect, trace)
    };
    let expected = words::expected(expect);
    Verdict {
        index,
        name: expect.name.clone().unwrap_or_else(|| expected.clone()),
        held: finding.held,
        expected,
        happened: finding.happened,
        at: finding.at,
    }
}

/// Whether the time is one that the expectation allows.
fn in_time(expect: &ExpectSpec, t: VirtualTime) -> bool {
    expect.within.is_none_or(|d| t.0 <= d.0.0) && expect.after.is_none_or(|d| t.0 >= d.0.0)
}

/// Every device of the trace (or the one named) must come to that end.
fn ended(expect: &ExpectSpec, outcome: &str, trace: &[Record]) -> Finding {
    let mut ends: std::collections::BTreeMap<&str, (&str, &Record)> = std::collections::BTreeMap::new();
    let mut world = None;
    let mut devices = std::collections::BTreeSet::new();
    for record in trace {
        match &record.what {
            What::Note { note: Note::Ended { outcome } } => {
                ends.insert(&record.who, (outcome, record));
            }
            What::End { outcome, .. } => world = Some((outcome.as_str(), record)),
            What::PowerOn => {
                devices.insert(&*record.who);
            }
            _ => {}
        }
    }
    let devices: Vec<&str> = match &expect.device {
        Some(device) => vec![device],
        None => devices.into_iter().collect(),
    };
    // A device that came to no end of its own ends as the world does.
    let of = |device: &str| ends.get(device).copied().or(world);
    let reached =
        |device: &&str| of(device).is_some_and(|(end, record)| end == outcome && in_time(expect, record.t));
    let wrong = devices.iter().find(|device| reached(device) == expect.never);
    let told = wrong.or(devices.first()).and_then(|device| of(device).map(|end| (*device, end)));
    let happened = match told {
        None => "the run has no end".to_owned(),
        Some((device, (end, record))) if devices.len() > 1 => {
            format!("{device} ended as `{end}` at {}", record.t)
        }
        Some((_, (end, record))) => format!("it ended as `{end}` at {}", record.t),
    };
    Finding { held: wrong.is_none() && !devices.is_empty(), happened, at: told.map(|(_, (_, r))| r.n) }
}

/// One after the other; others may come in between.
fn in_order(expect: &ExpectSpec, order: &[ExpectSpec], trace: &[Record]) -> Finding {
    let mut from = 0;
    let mut last: Option<&Record> = None;
    for (i, step) in order.iter().enumerate() {
        let hits = find::hits(step, trace);
        let next = hits.iter().find(|r| r.n >= from);
        let Some(record) = next else {
            let what = words::subject(step);
            let after = last.map_or_else(|| "at all".to_owned(), |r| format!("after {}", r.t));
            let earlier = hits.last().map_or_else(String::new, |r| format!(", only before, at {}", r.t));
            let happened = if expect.never {
                format!("{} of {} came, then {what} not", i, order.len())
            } else {
                format!("{what}, number {} of {}, did not come {after}{earlier}", i + 1, order.len())
            };
            let near = || words::nearest(step, trace);
            return Finding { held: expect.never, happened, at: last.map(|r| r.n).or_else(near) };
        };
        from = record.n + 1;
        last = Some(record);
    }
    let Some(record) = last else {
        return Finding { held: true, happened: "there was nothing to come".to_owned(), at: None };
    };
    let held = in_time(expect, record.t) != expect.never;
    Finding {
        held,
        happened: format!("all {} came, the last at {}", order.len(), record.t),
        at: Some(record.n),
    }
}

/// So often, at such times.
fn counted(expect: &ExpectSpec, trace: &[Record]) -> Finding {
    let hits = find::hits(expect, trace);
    let in_time: Vec<&&Record> = hits.iter().filter(|r| in_time(expect, r.t)).collect();
    let count = u32::try_from(in_time.len()).unwrap_or(u32::MAX);
    let held = if expect.never {
        count == 0
    } else if let Some(exactly) = expect.exactly {
        count == exactly
    } else {
        let least = expect.at_least.unwrap_or(u32::from(expect.at_most.is_none()));
        count >= least && expect.at_most.is_none_or(|most| count <= most)
    };
    let happened = match (in_time.as_slice(), hits.as_slice()) {
        ([], []) => words::instead(expect, trace),
        ([], [first, ..]) => format!("it came at {}, at no time that counts", first.t),
        ([first], _) => format!("it came once, at {}: {}", first.t, words::told(first)),
        ([first, .., last], _) => format!("it came {count} times, from {} to {}", first.t, last.t),
    };
    let at = in_time.last().map(|r| r.n).or_else(|| hits.last().map(|r| r.n));
    Finding { held, happened, at: at.or_else(|| words::nearest(expect, trace)) }
}
