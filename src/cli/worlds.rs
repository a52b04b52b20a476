//! Running worlds, several at a time, and taking what comes of them in order.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use crate::expect::evaluate;
use crate::report::{Counts, Detail, Narrator, RestsOn, Summary, unused_of};
use crate::scenario::Scenario;
use crate::trace::{Hasher, Mask, Record, TraceFile, mask, write};
use crate::world::{self, RunError, RunOptions};

/// One world to be run.
#[derive(Debug, Clone)]
pub(super) struct Job<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) options: RunOptions,
    /// What is blotted out in all that is told of it.
    pub(super) mask: Mask,
    /// The command that runs it again, without what is not to be told.
    pub(super) rerun: String,
    /// Where its trace goes.
    pub(super) trace: Option<PathBuf>,
    /// Tell its story, so wide and so detailed.
    pub(super) story: Option<(usize, Detail)>,
    /// Keep its lines.
    pub(super) lines: bool,
    /// Take its fingerprint.
    pub(super) fingerprint: bool,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) summary: Summary,
    pub(super) records: Vec<Record>,
    pub(super) story: String,
    pub(super) lines: String,
    /// What somebody should know of the TPM outside.
    pub(super) advice: Option<String>,
}

/// Why nothing came of it.
#[derive(Debug)]
pub(super) enum Failure {
    /// The world could not be built.
    Run(RunError),
    /// The trace could not be written.
    Trace(PathBuf, std::io::Error),
    /// The program broke.
    Broke(String),
}

/// Runs a world. `live` gets the story as it happens; without it the story is kept.
pub(super) fn work(job: &Job<'_>, live: Option<&mut dyn FnMut(&str)>) -> Result<Done, Failure> {
    match catch_unwind(AssertUnwindSafe(|| play(job, live))) {
        Ok(result) => result,
        Err(panic) => {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
            Err(Failure::Broke(words.to_owned()))
        }
    }
}

fn play(job: &Job<'_>, mut live: Option<&mut dyn FnMut(&str)>) -> Result<Done, Failure> {
    let scenario = job.scenario;
    let mask = &job.mask;
    let mut hasher = Hasher::default();
    // What happened, and how it is told: records that are not to be read as they are, by their places.
    let mut records: Vec<Record> = Vec::new();
    let mut masked: BTreeMap<usize, Record> = BTreeMap::new();
    let mut lines = String::new();
    let mut story = String::new();
    let several = scenario.spec.device.len() > 1;
    let looked_at = job.lines || job.fingerprint || job.trace.is_some() || job.story.is_some();
    let mut narrator = job.story.map(|(width, detail)| Narrator::new(width, detail, several));
    let mut tell = |text: &str| match &mut live {
        Some(live) => live(text),
        None => story.push_str(text),
    };
    let result = world::run(scenario, &job.options, &mut |record| {
        // Writing a record down takes longer than making it: only when somebody will look.
        if !looked_at {
            records.push(record.clone());
            return;
        }
        let plain = write::plain(record);
        let text = mask.json(&plain);
        hasher.line(&text);
        if job.lines || job.trace.is_some() {
            lines.push_str(&text);
            lines.push('\n');
        }
        let told = mask::reread(record, &plain, &text);
        if let Some(narrator) = &mut narrator {
            tell(&narrator.hear(&told));
        }
        if let Cow::Owned(told) = told {
            masked.insert(records.len(), told);
        }
        records.push(record.clone());
    })
    .map_err(Failure::Run)?;
    let mut expectations = evaluate(&scenario.spec.expect, &records);
    for verdict in &mut expectations {
        for text in [&mut verdict.name, &mut verdict.expected, &mut verdict.happened] {
            *text = mask.text(text).into_owned();
        }
    }
    if !looked_at && !expectations.iter().all(|verdict| verdict.held) {
        // Now somebody will look.
        for record in &mut records {
            *record = mask.record(record).into_owned();
        }
    }
    for (at, told) in masked {
        records[at] = told;
    }
    if let Some(narrator) = &mut narrator {
        tell(&narrator.finish());
    }
    if let Some(path) = &job.trace {
        TraceFile::create(path)
            .and_then(|mut file| {
                file.header(&result.header)?;
                file.lines(&lines)?;
                file.finish()
            })
            .map_err(|error| Failure::Trace(path.clone(), error))?;
    }
    let summary = Summary {
        path: scenario.path.display().to_string(),
        title: mask.text(&scenario.spec.title).into_owned(),
        outcome: result.ending.outcome.clone(),
        detail: result.ending.detail.clone(),
        finished: result.ending.is_complete() || expects(scenario, &result.ending.outcome),
        virtual_ms: result.virtual_time.0,
        records: records.len() as u64,
        trace_sha256: if job.fingerprint { hasher.finish() } else { String::new() },
        counts: Counts::of(&records),
        unused: unused_of(&records),
        expectations,
        rerun: job.rerun.clone(),
        rests_on: RestsOn::of(&records),
        header: result.header,
    };
    if job.lines {
        lines.insert_str(0, &format!("{}\n", write::line(&summary.header, mask)));
    } else {
        lines.clear();
    }
    Ok(Done { summary, records, story, lines, advice: result.advice })
}

/// Whether the scenario wants a run to end so, even though no device came to an end of its own.
fn expects(scenario: &Scenario, outcome: &str) -> bool {
    scenario.spec.expect.iter().any(|e| !e.never && e.outcome.as_deref() == Some(outcome))
}

/// Runs all jobs on so many threads. `take` gets what came of them in the order of the list, whatever the order in
/// which they finished; `count` hears how many did.
pub(super) fn all(
    jobs: &[Job<'_>],
    threads: usize,
    mut take: impl FnMut(usize, Result<Done, Failure>),
    mut count: impl FnMut(usize),
) {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, jobs.len().max(1)) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { break };
                    if sender.send((index, work(job, None))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (finished, (index, result)) in receiver.into_iter().enumerate() {
            count(finished + 1);
            early.insert(index, result);
            while let Some(result) = early.remove(&due) {
                take(due, result);
                due += 1;
            }
        }
    });
}
