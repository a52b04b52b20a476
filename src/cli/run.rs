//! `oobe run`

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::args::{Format, PersonalArg, ReportKind, RunArgs, TransportArg, VariationArgs};
use super::load;
use super::output::{Output, Progress, error, hint};
use super::worlds::{self, Done, Failure, Job};
use crate::exit::Exit;
use crate::report::{
    Broken, Detail, Summary, Tone, ending, failures, heading, junit, paint, result_line, unused,
};
use crate::scenario::spec::Keys;
use crate::scenario::{Scenario, describe_io};
use crate::trace::{Mask, Whole};
use crate::world::{RunError, RunOptions, Speed, TpmBackend};

/// Everything as one JSON document.
#[derive(Serialize)]
struct Document<'s> {
    format: &'static str,
    version: u32,
    runs: &'s [Summary],
    /// What came to nothing; absent when there is none.
    #[serde(skip_serializing_if = "<[Broken]>::is_empty")]
    broken: &'s [Broken],
}

/// In a list of runs, the failures of so many are shown in full.
const IN_FULL: usize = 5;

/// A line behind the lines of a trace.
#[derive(Serialize)]
struct ResultLine<'s> {
    kind: &'static str,
    #[serde(flatten)]
    summary: &'s Summary,
}

pub(super) fn run(args: &RunArgs, out: &mut Output) -> Exit {
    let scenarios = match load::scenarios(&args.paths, &args.variation) {
        Ok(scenarios) => scenarios,
        Err(exit) => return exit,
    };
    let mut options = load::run_options(&args.variation, args.transport, args.speed);
    if let Err(refusal) = args.tpm.fill(&mut options) {
        return load::tpm_refused(&refusal);
    }
    let all = scenarios.len() * args.devices as usize;
    if options.tpm != TpmBackend::InProcess && args.jobs > 1 {
        error("--jobs is for TPMs in process", Some("a TPM outside serves one device at a time"));
        return Exit::Usage;
    }
    if args.speed != Speed::Instant && all > 1 {
        error("--speed is for one world", Some("name one scenario, and leave --devices out"));
        return Exit::Usage;
    }
    if let Some(folder) = args.trace.as_deref().filter(|_| all > 1)
        && let Err(e) = std::fs::create_dir_all(folder)
    {
        let help = "with several worlds, --trace names a folder";
        error(format!("{}: {}", folder.display(), describe_io(&e)), Some(help));
        return Exit::Io;
    }
    let jobs = jobs(args, &scenarios, &options, out.width);
    let mut teller = Teller {
        args,
        out,
        exit: Exit::Success,
        summaries: Vec::new(),
        broken: Vec::new(),
        several: all > 1,
        failed_runs: 0,
    };
    if let [job] = jobs.as_slice() {
        teller.live(job);
    } else {
        let progress = Progress::new(all, !args.quiet);
        worlds::all(
            &jobs,
            args.jobs as usize,
            |index, result| {
                progress.clear();
                teller.take(&jobs[index], result);
            },
            |done| progress.at(done),
        );
        progress.clear();
    }
    teller.finish()
}

/// The largest seed that the command line takes; the next one is the first.
const LARGEST_SEED: u64 = i64::MAX as u64;

/// One world for each scenario and device, in the order of the command line.
fn jobs<'s>(args: &RunArgs, scenarios: &'s [Scenario], options: &RunOptions, width: usize) -> Vec<Job<'s>> {
    let several = scenarios.len() * args.devices as usize > 1;
    let detail = match args.verbose {
        0 => Detail::Story,
        1 => Detail::More,
        _ => Detail::All,
    };
    let tells = args.format == Format::Human && !args.quiet && (!several || args.verbose > 0);
    let mut jobs = Vec::with_capacity(scenarios.len() * args.devices as usize);
    for scenario in scenarios {
        let mask = Mask::for_scenario(&scenario.spec);
        let mask = match args.personal_data {
            PersonalArg::Show => mask,
            PersonalArg::Mask => mask.and_personal_of(&scenario.spec),
        };
        let mask = Arc::new(mask);
        for device in 0..u64::from(args.devices) {
            let mut options = options.clone();
            let seed = options.seed.unwrap_or(scenario.spec.seed).wrapping_add(device) & LARGEST_SEED;
            options.seed = Some(seed);
            let trace = args
                .trace
                .as_ref()
                .map(|path| if several { path.join(trace_name(&scenario.path, seed)) } else { path.clone() });
            jobs.push(Job {
                scenario,
                rerun: rerun(args, scenario, &options, &mask),
                options,
                mask: Arc::clone(&mask),
                trace,
                story: tells.then_some((width, detail)),
                lines: args.format == Format::Jsonl,
                fingerprint: tells || args.format != Format::Human || !args.report.is_empty(),
            });
        }
    }
    jobs
}

/// `scenarios-rsa-user-driven-7.jsonl`: tells apart scenarios of one name in several folders.
fn trace_name(path: &Path, seed: u64) -> String {
    let parts = path
        .with_extension("")
        .components()
        .filter_map(|part| match part {
            std::path::Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect::<Vec<_>>();
    format!("{}-{seed}.jsonl", parts.join("-"))
}

/// Prints what comes of the worlds, in order.
struct Teller<'a> {
    args: &'a RunArgs,
    out: &'a mut Output,
    exit: Exit,
    summaries: Vec<Summary>,
    broken: Vec<Broken>,
    several: bool,
    failed_runs: usize,
}

impl Teller<'_> {
    /// The only world: its story is told while it happens.
    fn live(&mut self, job: &Job<'_>) {
        let mut begun = false;
        let out = &mut *self.out;
        let result = worlds::work(
            job,
            Some(&mut |text: &str| {
                if !begun {
                    begun = true;
                    out.print(&heading_of(job, false));
                }
                out.print(text);
                out.flush();
            }),
        );
        self.take(job, result);
    }

    fn take(&mut self, job: &Job<'_>, result: Result<Done, Failure>) {
        match result {
            Ok(done) => self.done(job, done),
            Err(failure) => self.failed(job, failure),
        }
    }

    fn done(&mut self, job: &Job<'_>, done: Done) {
        let Done { summary, records, story, lines, advice } = done;
        if let Some(advice) = advice {
            self.out.flush();
            hint(&advice);
        }
        if !summary.held() {
            self.failed_runs += 1;
            self.exit = self.exit.or_worse(Exit::ExpectationFailed);
        } else if !summary.finished {
            self.exit = self.exit.or_worse(Exit::Unfinished);
        }
        match self.args.format {
            Format::Human => {
                if !story.is_empty() {
                    self.out.print(&heading_of(job, self.several));
                    self.out.print(&story);
                }
                if job.story.is_some() {
                    self.out.print(&ending(&summary, &records, self.out.width));
                } else {
                    self.out.print(&result_line(&summary));
                    self.out.print(&unused(&summary));
                    if self.failed_runs <= IN_FULL {
                        self.out.print(&failures(&summary, &records, self.out.width));
                    } else if !summary.held() {
                        self.out.print(&format!("     {}\n", paint(Tone::Faint, &summary.rerun)));
                    }
                }
            }
            Format::Jsonl => {
                self.out.raw(&lines);
                let result = ResultLine { kind: "result", summary: &summary };
                self.out.raw(&format!("{}\n", json(&result, false)));
            }
            Format::Json => {}
        }
        self.out.flush();
        self.summaries.push(summary);
    }

    fn failed(&mut self, job: &Job<'_>, failure: Failure) {
        self.out.flush();
        let (words, help, exit) = match failure {
            Failure::Run(RunError::Transport(e)) => {
                (format!("the transport can't be opened: {}", describe_io(&e)), None, Exit::Io)
            }
            Failure::Run(e @ RunError::Tpm(_)) => (e.to_string(), None, Exit::Io),
            Failure::Run(e) => (e.to_string(), None, Exit::Invalid),
            Failure::Trace(file, e) => {
                let words = format!("{}: the trace can't be written: {}", file.display(), describe_io(&e));
                (words, None, Exit::Io)
            }
            Failure::Broke(words) => {
                let help = format!("this is a fault of this program; it shows again with: {}", job.rerun);
                (format!("the program broke: {words}"), Some(help), Exit::Internal)
            }
        };
        let words = job.mask.text(&words).into_owned();
        let path = job.scenario.path.display().to_string();
        error(format!("{path}: {words}"), help.as_deref());
        self.broken.push(Broken {
            path,
            seed: job.options.seed.unwrap_or(job.scenario.spec.seed),
            error: words,
            rerun: job.rerun.clone(),
        });
        self.exit = self.exit.or_worse(exit);
    }

    fn finish(self) -> Exit {
        let Self { args, out, mut exit, summaries, broken, several, .. } = self;
        let document = Document { format: "oobe-report", version: 1, runs: &summaries, broken: &broken };
        match args.format {
            Format::Json => out.raw(&format!("{}\n", json(&document, true))),
            Format::Human if several => out.print(&tally(&summaries, broken.len())),
            _ => {}
        }
        for (kind, path) in &args.report {
            let text = match kind {
                ReportKind::Json => Ok(format!("{}\n", json(&document, true))),
                ReportKind::Junit => junit(&summaries, &broken).map_err(|e| e.to_string()),
            };
            if let Err(e) = text.and_then(|text| Whole::write(path, &text).map_err(|e| describe_io(&e))) {
                error(format!("{}: the report can't be written: {e}", path.display()), None);
                exit = exit.or_worse(Exit::Io);
            }
        }
        exit
    }
}

fn heading_of(job: &Job<'_>, several: bool) -> String {
    let with = crate::scenario::build::Variation::of(&job.scenario.spec);
    let header = crate::trace::TraceHeader {
        format: String::new(),
        version: crate::trace::TRACE_VERSION,
        scenario: job.scenario.name.clone(),
        scenario_sha256: job.scenario.sha256.clone(),
        seed: job.options.seed.unwrap_or(with.seed),
        keys: job.options.keys.unwrap_or(with.keys).name().to_owned(),
        as_of: job.options.as_of.unwrap_or(with.as_of).to_string(),
        epoch: String::new(),
        program: String::new(),
    };
    heading(
        &job.mask.text(&job.scenario.spec.title),
        &job.scenario.path.display().to_string(),
        &header,
        several,
    )
}

/// `12 of 14 runs passed`.
fn tally(summaries: &[Summary], broken: usize) -> String {
    let passed = summaries.iter().filter(|s| s.held() && s.finished).count();
    format!("\n{passed} of {} runs passed\n", summaries.len() + broken)
}

fn json(value: &impl Serialize, pretty: bool) -> String {
    let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    text.expect("reports have string keys only, which always serialise")
}

/// The command that runs one world again, with its whole story.
fn rerun(args: &RunArgs, scenario: &Scenario, options: &RunOptions, mask: &Mask) -> String {
    let VariationArgs { keys, as_of, set, fixtures, .. } = &args.variation;
    let mut words = vec!["oobe".to_owned(), "run".to_owned(), scenario.path.display().to_string()];
    let mut option = |name: &str, value: String| words.extend([format!("--{name}"), value]);
    option("seed", options.seed.unwrap_or(scenario.spec.seed).to_string());
    if let Some(keys) = keys {
        option("keys", Keys::from(*keys).name().to_owned());
    }
    if let Some(date) = as_of {
        option("as-of", date.to_string());
    }
    if args.transport == TransportArg::Wire {
        option("transport", "wire".to_owned());
    }
    if options.tpm != TpmBackend::InProcess {
        option("tpm", options.tpm.to_string());
        for host in &args.tpm.allow_remote {
            option("allow-remote", host.clone());
        }
        for path in &args.tpm.tpm_ca {
            option("tpm-ca", path.display().to_string());
        }
    }
    if let Some(folder) = fixtures {
        option("fixtures", folder.display().to_string());
    }
    for set in set {
        option("set", mask.text(set).into_owned());
    }
    if args.personal_data == PersonalArg::Mask {
        option("personal-data", "mask".to_owned());
    }
    words.push("-v".to_owned());
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// As a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
