//! Running worlds, several at a time, and taking what comes of them in order.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use crate::expect::evaluate;
use crate::report::{Counts, Detail, Narrator, RestsOn, Summary, unused_of};
use crate::scenario::Scenario;
use crate::trace::{Hasher, Mask, Record, TraceFile, mask, write};
use crate::world::{self, RunError, RunOptions, RunResult, TOGETHER};

/// One world to be run.
#[derive(Debug, Clone)]
pub(super) struct Job<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) options: RunOptions,
    /// What is blotted out in all that is told of it.
    pub(super) mask: Arc<Mask>,
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

/// Who hears a story while it happens.
pub(super) type Live<'l> = &'l mut dyn FnMut(&str);

/// Runs a world. `live` gets the story as it happens; without it the story is kept.
pub(super) fn work(job: &Job<'_>, live: Option<Live<'_>>) -> Result<Done, Failure> {
    guarded(|| {
        let mut play = Play::begin(job, live)?;
        while play.step() {}
        play.finish()
    })
}

/// Runs worlds by turns, a step of each. `take` gets what came of one, with its place, as soon as it is over.
fn by_turns(jobs: &[Job<'_>], mut take: impl FnMut(usize, Result<Done, Failure>)) {
    let mut plays = Vec::with_capacity(jobs.len());
    for (place, job) in jobs.iter().enumerate() {
        match guarded(|| Play::begin(job, None)) {
            Ok(play) => plays.push((place, play)),
            Err(failure) => take(place, Err(failure)),
        }
    }
    while !plays.is_empty() {
        let mut over = Vec::new();
        for (at, (_, play)) in plays.iter_mut().enumerate() {
            match guarded(|| Ok(play.step())) {
                Ok(true) => {}
                Ok(false) => over.push((at, None)),
                Err(failure) => over.push((at, Some(failure))),
            }
        }
        // From behind, so that the places of the others stay.
        for (at, failure) in over.into_iter().rev() {
            let (place, play) = plays.remove(at);
            take(place, failure.map_or_else(|| guarded(|| play.finish()), Err));
        }
    }
}

/// A world that breaks takes nobody with it.
fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(Failure::Broke(words.to_owned()))
    })
}

/// A world under way, and what is kept of it.
struct Play<'j, 'l> {
    run: world::Run,
    kept: Kept<'j, 'l>,
}

impl<'j, 'l> Play<'j, 'l> {
    fn begin(job: &'j Job<'j>, live: Option<Live<'l>>) -> Result<Self, Failure> {
        let run = world::Run::new(job.scenario, &job.options).map_err(Failure::Run)?;
        Ok(Self { run, kept: Kept::new(job, live) })
    }

    /// `false` at the end.
    fn step(&mut self) -> bool {
        let Self { run, kept } = self;
        run.step(&mut |record| kept.hear(record))
    }

    fn finish(self) -> Result<Done, Failure> {
        self.kept.finish(self.run.result())
    }
}

/// What is kept of a world, and how it is told.
struct Kept<'j, 'l> {
    job: &'j Job<'j>,
    live: Option<Live<'l>>,
    /// Whether somebody will look: writing a record down takes longer than making it.
    looked_at: bool,
    records: Vec<Record>,
    /// Records that are not to be read as they are, by their places.
    masked: BTreeMap<usize, Record>,
    hasher: Hasher,
    lines: String,
    story: String,
    narrator: Option<Narrator>,
}

impl<'j, 'l> Kept<'j, 'l> {
    fn new(job: &'j Job<'j>, live: Option<Live<'l>>) -> Self {
        let several = job.scenario.spec.device.len() > 1;
        Self {
            job,
            live,
            looked_at: job.lines || job.fingerprint || job.trace.is_some() || job.story.is_some(),
            // A deployment has some seven hundred.
            records: Vec::with_capacity(1_024),
            masked: BTreeMap::new(),
            hasher: Hasher::default(),
            lines: String::new(),
            story: String::new(),
            narrator: job.story.map(|(width, detail)| Narrator::new(width, detail, several)),
        }
    }

    fn hear(&mut self, record: &Record) {
        if !self.looked_at {
            self.records.push(record.clone());
            return;
        }
        let plain = write::plain(record);
        let text = self.job.mask.json(&plain);
        self.hasher.line(&text);
        if self.job.lines || self.job.trace.is_some() {
            self.lines.push_str(&text);
            self.lines.push('\n');
        }
        let told = mask::reread(record, &plain, &text);
        let story = self.narrator.as_mut().map(|narrator| narrator.hear(&told));
        if let Cow::Owned(told) = told {
            self.masked.insert(self.records.len(), told);
        }
        if let Some(story) = story {
            self.tell(&story);
        }
        self.records.push(record.clone());
    }

    fn tell(&mut self, text: &str) {
        match &mut self.live {
            Some(live) => live(text),
            None => self.story.push_str(text),
        }
    }

    fn finish(mut self, result: RunResult) -> Result<Done, Failure> {
        if let Some(mut narrator) = self.narrator.take() {
            self.tell(&narrator.finish());
        }
        let Self { job, looked_at, mut records, masked, hasher, mut lines, story, .. } = self;
        let Job { scenario, mask, .. } = job;
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
}

/// Whether the scenario wants a run to end so, even though no device came to an end of its own.
fn expects(scenario: &Scenario, outcome: &str) -> bool {
    scenario.spec.expect.iter().any(|e| !e.never && e.outcome.as_deref() == Some(outcome))
}

/// Neighbours that gain from one another's company, but never so many that a thread goes without.
fn groups(jobs: &[Job<'_>], threads: usize) -> Vec<Range<usize>> {
    let alike = |a: &Job<'_>, b: &Job<'_>| {
        std::ptr::eq(a.scenario, b.scenario) && a.options.by_turns() && b.options.by_turns()
    };
    let mut groups = Vec::new();
    let mut begin = 0;
    for same in jobs.chunk_by(alike) {
        // As many groups for each thread, all of one size or one less.
        let rounds = same.len().div_ceil(threads * TOGETHER);
        let count = same.len().min(threads * rounds);
        let cut = |group: usize| begin + same.len() * group / count;
        groups.extend((0..count).map(|group| cut(group)..cut(group + 1)));
        begin += same.len();
    }
    groups
}

/// Runs all jobs on so many threads. `take` gets what came of them in the order of the list, whatever the order in
/// which they finished; `count` hears how many did.
pub(super) fn all(
    jobs: &[Job<'_>],
    threads: usize,
    mut take: impl FnMut(usize, Result<Done, Failure>),
    mut count: impl FnMut(usize),
) {
    let threads = threads.clamp(1, jobs.len().max(1));
    let groups = groups(jobs, threads);
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, next, groups) = (sender.clone(), &next, &groups);
            scope.spawn(move || {
                while let Some(group) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
                    by_turns(&jobs[group.clone()], |place, done| {
                        // Whoever hears of it hears until the last thread is done.
                        let _ = sender.send((group.start + place, done));
                    });
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scenario::{LoadOptions, load};
    use crate::world::{Speed, TpmBackend};

    fn scenario(name: &str) -> Scenario {
        load(&Path::new("scenarios").join(name), &LoadOptions::default()).expect("it is sound")
    }

    fn jobs(scenario: &Scenario, seeds: Range<u64>, speed: Speed) -> Vec<Job<'_>> {
        let job = |seed| Job {
            scenario,
            options: RunOptions { seed: Some(seed), speed, ..RunOptions::default() },
            mask: Arc::new(Mask::for_scenario(&scenario.spec)),
            rerun: String::new(),
            trace: None,
            story: None,
            lines: false,
            fingerprint: true,
        };
        seeds.map(job).collect()
    }

    #[test]
    fn worlds_of_one_scenario_keep_each_other_company_and_leave_no_thread_without() {
        let (user, own) = (scenario("user-driven.toml"), scenario("self-deploying.toml"));
        let all = [jobs(&user, 0..20, Speed::Instant), jobs(&own, 0..3, Speed::Instant)].concat();
        assert_eq!(groups(&all, 2), [0..5, 5..10, 10..15, 15..20, 20..21, 21..23]);
        assert_eq!(groups(&all[..4], 4), [0..1, 1..2, 2..3, 3..4]);
        // Whoever waits for the clock on the wall lets the others wait.
        assert_eq!(groups(&jobs(&user, 0..2, Speed::REAL), 1), [0..1, 1..2]);
        assert_eq!(groups(&[], 2), Vec::<Range<usize>>::new());
    }

    #[test]
    fn a_world_among_others_is_the_world_that_it_is_alone() {
        let user = scenario("user-driven.toml");
        let jobs = jobs(&user, 0..3, Speed::Instant);
        let fingerprint = |done: Result<Done, Failure>| done.expect("it runs").summary.trace_sha256;
        let alone: Vec<String> = jobs.iter().map(|job| fingerprint(work(job, None))).collect();
        let mut among_others = vec![String::new(); jobs.len()];
        by_turns(&jobs, |place, done| among_others[place] = fingerprint(done));
        assert_eq!(alone, among_others);
        assert_ne!(alone[0], alone[1]);
    }

    #[test]
    fn a_world_that_comes_to_nothing_takes_nobody_with_it() {
        let user = scenario("user-driven.toml");
        let mut jobs = jobs(&user, 0..3, Speed::Instant);
        // Nobody listens there.
        jobs[1].options.tpm = TpmBackend::Mssim { host: "127.0.0.1".to_owned(), port: 1 };
        let mut held = Vec::new();
        by_turns(&jobs, |place, done| match done {
            Ok(done) => held.push((place, done.summary.held())),
            Err(failure) => assert!(place == 1 && matches!(failure, Failure::Run(RunError::Tpm(_)))),
        });
        held.sort_unstable();
        assert_eq!(held, [(0, true), (2, true)]);
        let broke = guarded::<()>(|| panic!("so it goes"));
        assert!(matches!(broke, Err(Failure::Broke(words)) if words == "so it goes"));
    }
}
