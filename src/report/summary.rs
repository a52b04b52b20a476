//! What a run comes to.

use std::collections::{BTreeMap, BTreeSet};

use oobe_agent::io::Note;
use oobe_agent::time::Span;
use oobe_catalog::rules::{self, Rule};
use oobe_catalog::{BasisClass, BasisSummary};
use serde::Serialize;

use super::words;
use crate::expect::Verdict;
use crate::trace::{Record, TraceHeader, What};

/// A run and what came of it: everything that a report prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Scenario file, as the user named it.
    pub path: String,
    /// What the scenario shows.
    pub title: String,
    /// What produced the trace: its first line.
    pub header: TraceHeader,
    /// `desktop`, ...
    pub outcome: String,
    /// In words.
    pub detail: String,
    /// Whether every device came to an end of its own, or the run ended otherwise as the scenario wants.
    pub finished: bool,
    /// Virtual time that it took, in milliseconds.
    pub virtual_ms: u64,
    /// Records in the trace.
    pub records: u64,
    /// Fingerprint of the trace.
    pub trace_sha256: String,
    /// Requests, restarts and so on.
    pub counts: Counts,
    /// Faults that never struck and triggers that never fired, in words: likely a slip in the scenario.
    pub unused: Vec<String>,
    /// Expectations.
    pub expectations: Vec<Verdict>,
    /// The command that runs it again.
    pub rerun: String,
    /// Rules that the run rests on.
    pub rests_on: RestsOn,
}

/// A run that came to nothing: its world could not be built, or what came of it could not be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// Scenario file, as the user named it.
    pub path: String,
    /// Seed.
    pub seed: u64,
    /// Why.
    pub error: String,
    /// The command that runs it again.
    pub rerun: String,
}

/// How often things happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests that left a device.
    pub requests: u64,
    /// Restarts by themselves.
    pub restarts: u64,
    /// Power cuts.
    pub power_cuts: u64,
    /// Records of the Windows event log.
    pub events: u64,
    /// Screens that came up.
    pub screens: u64,
    /// Failures that a device told of.
    pub failures: u64,
    /// Faults of the scenario that struck, each time counted.
    pub injected: u64,
}

/// Rules by what they stand on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RestsOn {
    /// Written in a document.
    pub documented: BTreeSet<String>,
    /// Seen on a device.
    pub observed: BTreeSet<String>,
    /// Ours.
    pub modelled: BTreeSet<String>,
}

impl Summary {
    /// Whether every expectation held.
    pub fn held(&self) -> bool {
        self.expectations.iter().all(|v| v.held)
    }

    /// Expectations that held, and all of them.
    pub fn score(&self) -> (usize, usize) {
        (self.expectations.iter().filter(|v| v.held).count(), self.expectations.len())
    }

    /// Virtual time that it took.
    pub const fn took(&self) -> Span {
        Span(self.virtual_ms)
    }
}

impl RestsOn {
    /// The rules that a trace names.
    pub fn of(trace: &[Record]) -> Self {
        let mut rests = Self::default();
        for record in trace {
            let id = match &record.what {
                What::Note { note: Note::Decided { rule, .. } } => Some(rule),
                What::Cloud { rule, .. } => rule.as_ref(),
                _ => None,
            };
            if let Some(rule) = id.and_then(|id| rules::find(id)) {
                rests.add(rule);
            }
        }
        rests
    }

    fn add(&mut self, rule: &Rule) {
        let group = match rule.basis.class() {
            BasisClass::Documented => &mut self.documented,
            BasisClass::Observed => &mut self.observed,
            BasisClass::Modelled => &mut self.modelled,
        };
        group.insert(rule.id.to_owned());
    }
}

/// `rests on 41 documented, 6 observed, 3 modelled rules`.
impl std::fmt::Display for RestsOn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let summary = BasisSummary {
            documented: self.documented.len(),
            observed: self.observed.len(),
            modelled: self.modelled.len(),
        };
        summary.fmt(f)
    }
}

/// What of the scenario came to nothing, in words.
pub fn unused_of(trace: &[Record]) -> Vec<String> {
    let told = |record: &Record| match &record.what {
        What::Unused { part, name } => Some(words::came_to_nothing(*part, name)),
        _ => None,
    };
    trace.iter().filter_map(told).collect()
}

impl Counts {
    /// Counts a trace.
    pub fn of(trace: &[Record]) -> Self {
        let mut counts = Self::default();
        let mut up: BTreeMap<&str, &str> = BTreeMap::new();
        for record in trace {
            match &record.what {
                What::Request { .. } => counts.requests += 1,
                What::Restart { .. } => counts.restarts += 1,
                What::PowerLost => counts.power_cuts += 1,
                What::Event { .. } => counts.events += 1,
                What::Injected { .. } => counts.injected += 1,
                What::Note { note: Note::Failed { .. } } => counts.failures += 1,
                What::Screen { screen } => {
                    counts.screens +=
                        u64::from(up.insert(&record.who, &screen.id) != Some(screen.id.as_str()));
                }
                _ => {}
            }
        }
        counts
    }
}
