//! A run of the main scenario in which a peer does one thing wrong, and what can be asked about it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use oobe::scenario::{self, LoadOptions, Scenario};
use oobe::trace::record::{Record, What};
use oobe::world::{RunOptions, World};
use oobe_agent::Device;
use oobe_agent::flow::Stage;
use oobe_agent::io::{HttpReply, HttpRequest, Note, NoteFault};
use oobe_agent::screen::Screen;
use oobe_catalog::codes::ResultCode;
use oobe_mock_cloud::{FaultKind, Matcher, ServiceFault};

/// The device of the main scenario.
pub(crate) const DEVICE: &str = "pc";

/// In milliseconds.
pub(crate) const MINUTE: i64 = 60_000;

/// More records than any run of these tests has.
const TOO_MANY: usize = 20_000;

/// The main scenario, with `--set` arguments.
pub(crate) fn main_scenario(set: &[&str]) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/user-driven.toml");
    let set = set.iter().map(|argument| (*argument).to_owned()).collect();
    scenario::load(&path, &LoadOptions { set, ..LoadOptions::default() }).expect("the main scenario is valid")
}

/// A run, and what it has told so far.
pub(crate) struct Trial {
    world: World,
    records: Vec<Record>,
}

impl Trial {
    /// The main scenario before power-on.
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// The main scenario with `--set` arguments.
    pub(crate) fn with(set: &[&str]) -> Self {
        let world =
            World::new(&main_scenario(set), &RunOptions::default()).expect("the scenario can be built");
        Self { world, records: Vec::new() }
    }

    /// A service misbehaves in earnest.
    pub(crate) fn fault(self, matcher: Matcher, what: FaultKind) -> Self {
        self.world.cloud().expect("the world has a cloud").inject(ServiceFault { matcher, what });
        self
    }

    /// Somebody changes answers on their way: of the requests that `fits` accepts, the first `times` that `change`
    /// could do something to.
    pub(crate) fn meddle(
        mut self,
        times: u32,
        fits: impl Fn(&HttpRequest) -> bool + Send + Sync + 'static,
        change: impl Fn(&HttpRequest, &mut HttpReply) -> bool + Send + Sync + 'static,
    ) -> Self {
        let left = AtomicU32::new(times);
        self.world.intercept(Arc::new(move |request, reply| {
            if left.load(Ordering::Relaxed) > 0 && fits(request) && change(request, reply) {
                left.fetch_sub(1, Ordering::Relaxed);
            }
        }));
        self
    }

    /// One answer is changed.
    pub(crate) fn meddle_once(
        self,
        fits: impl Fn(&HttpRequest) -> bool + Send + Sync + 'static,
        change: impl Fn(&HttpRequest, &mut HttpReply) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.meddle(1, fits, change)
    }

    /// Runs until a record is what was asked for; fails when none is.
    pub(crate) fn until(&mut self, what: &str, wanted: impl Fn(&Record) -> bool) -> &mut Self {
        let mut seen = self.records.len();
        while self.world.next_due().is_some() {
            let records = &mut self.records;
            self.world.step(&mut |record| records.push(record.clone()));
            if self.records[seen..].iter().any(&wanted) {
                return self;
            }
            seen = self.records.len();
            assert!(seen < TOO_MANY, "the run does not end; {}", self.tail());
        }
        panic!("{what} never came; {}", self.tail());
    }

    /// Runs until a screen is up.
    pub(crate) fn until_screen(&mut self, id: &str) -> &mut Self {
        self.until(id, |record| screen(record).is_some_and(|s| s.id == id))
    }

    /// Runs until the check fails, and to the end of that step.
    pub(crate) fn until_refused(&mut self, check: &str) -> &mut Self {
        self.until(check, |record| failed_check(record).is_some_and(|name| name == check))
    }

    /// Runs to its end, which has to be that one.
    pub(crate) fn ends(&mut self, outcome: &str) -> &mut Self {
        while self.world.next_due().is_some() {
            let records = &mut self.records;
            self.world.step(&mut |record| records.push(record.clone()));
            assert!(self.records.len() < TOO_MANY, "the run does not end; {}", self.tail());
        }
        let ending = self.world.ending().map(|e| e.outcome.clone());
        assert_eq!(ending.as_deref(), Some(outcome), "{}", self.tail());
        self
    }

    /// The run goes on to the desktop.
    pub(crate) fn reaches_the_desktop(&mut self) -> &mut Self {
        self.ends("desktop")
    }

    /// The device.
    pub(crate) fn device(&self) -> &Device {
        self.world.device(DEVICE).expect("the scenario has this device")
    }

    /// What was told so far.
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// The notes so far.
    pub(crate) fn notes(&self) -> impl Iterator<Item = &Note> {
        self.records.iter().filter_map(|record| match &record.what {
            What::Note { note } => Some(note),
            _ => None,
        })
    }

    /// The screen that was shown last.
    pub(crate) fn screen(&self) -> &Screen {
        self.records.iter().rev().find_map(screen).expect("a screen was shown")
    }

    /// How often a check failed so far.
    pub(crate) fn refusals(&self, check: &str) -> usize {
        self.records.iter().filter(|record| failed_check(record).is_some_and(|name| name == check)).count()
    }

    /// No check failed but this one.
    pub(crate) fn refused_only(&self, check: &str) -> &Self {
        let failed: Vec<&str> = self.records.iter().filter_map(failed_check).collect();
        assert!(!failed.is_empty(), "{check} did not fail; {}", self.tail());
        assert!(
            failed.iter().all(|name| *name == check),
            "{failed:?} failed, {check} alone should; {}",
            self.tail()
        );
        self
    }

    /// A failure was told with that culprit and code.
    pub(crate) fn told(&self, fault: NoteFault, code: Option<&'static ResultCode>) -> &Self {
        let wanted = code.map(ToString::to_string);
        let found = self.notes().any(
            |note| matches!(note, Note::Failed { fault: f, code: c, .. } if *f == fault && *c == wanted),
        );
        assert!(found, "no failure of {fault:?} with {wanted:?} was told; {}", self.tail());
        self
    }

    /// Whether anything was sent to a host.
    pub(crate) fn asked(&self, host: &str) -> bool {
        self.records.iter().any(|r| matches!(&r.what, What::Request { url, .. } if url.contains(host)))
    }

    /// How often an event was written.
    pub(crate) fn events(&self, channel: &str, id: i32) -> usize {
        let fits = |record: &&Record| matches!(&record.what, What::Event { event } if event.channel == channel && event.id == id);
        self.records.iter().filter(fits).count()
    }

    /// Whether something was told to have got that far.
    pub(crate) fn progress(&self, item: &str, state: &str) -> usize {
        let fits = |note: &&Note| matches!(note, Note::Progress { item: i, state: s } if i.contains(item) && s.contains(state));
        self.notes().filter(fits).count()
    }

    /// The error page is up, with that code or none on it.
    pub(crate) fn shows_error(&self, code: Option<&'static ResultCode>) -> &Self {
        let screen = self.screen();
        assert_eq!(screen.id, "entra.error", "{}", self.tail());
        let error = screen.error.as_deref().unwrap_or_default();
        match code {
            Some(code) => assert!(error.ends_with(&format!("Error code: {code}")), "{error}"),
            None => assert_eq!(error, "Something went wrong."),
        }
        self
    }

    /// The device is not joined, and what it was given to join with is gone.
    pub(crate) fn not_joined(&self) -> &Self {
        let device = self.device();
        assert_eq!(device.disk().joined, None);
        assert!(!device.disk().kept.joined);
        self.not_enrolled()
    }

    /// The device is not enrolled: no account, no tree, no event of a success.
    pub(crate) fn not_enrolled(&self) -> &Self {
        let device = self.device();
        assert!(device.disk().management.is_none());
        assert!(!device.disk().kept.enrolled);
        assert_eq!(self.events("mdm", 72), 0, "an enrolment was told to have succeeded");
        self
    }

    /// The device stands there.
    pub(crate) fn at(&self, stage: Stage) -> &Self {
        assert_eq!(self.device().flow().stage, stage, "{}", self.tail());
        self
    }

    /// The end of the trace, for messages.
    pub(crate) fn tail(&self) -> String {
        let tail: Vec<String> =
            self.records.iter().rev().take(40).map(|r| format!("{} {:?}", r.t.as_millis(), r.what)).collect();
        format!("the end of the trace, last first:\n{}", tail.join("\n"))
    }
}

/// The screen in a record.
fn screen(record: &Record) -> Option<&Screen> {
    match &record.what {
        What::Screen { screen } => Some(screen),
        _ => None,
    }
}

/// The check in a record that failed.
fn failed_check(record: &Record) -> Option<&str> {
    match &record.what {
        What::Note { note: Note::Checked { check, failed: Some(_) } } => Some(check),
        _ => None,
    }
}
