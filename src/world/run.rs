//! Running a world to its end.

use super::{BackendError, Sink, TpmBackend, TransportKind, World};
use crate::scenario::Scenario;
use crate::scenario::spec::Keys;
use crate::trace::record::TraceHeader;
use oobe_agent::time::VirtualTime;

/// What the command line may say about a run.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// In place of the scenario's seed.
    pub seed: Option<u64>,
    /// In place of the scenario's keys.
    pub keys: Option<Keys>,
    /// In place of the scenario's date.
    pub as_of: Option<crate::scenario::quantity::Date>,
    /// How requests travel.
    pub transport: TransportKind,
    /// Where the device's TPM is.
    pub tpm: TpmBackend,
    /// Certificates (DER) that vouch for a TPM outside, besides those of the vendors.
    pub tpm_ca: Vec<Vec<u8>>,
    /// How fast virtual time goes by.
    pub speed: Speed,
    /// A person sits at the terminal: the scenario's people keep their hands off.
    pub interactive: bool,
}

/// How fast virtual time goes by.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Speed {
    /// From one event to the next at once.
    #[default]
    Instant,
    /// So many times faster than the clock on the wall.
    Scaled(f64),
}

impl Speed {
    /// As fast as the clock on the wall.
    pub const REAL: Self = Self::Scaled(1.0);
}

/// How a world ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// `desktop`, `quiet`, `time-limit`.
    pub outcome: String,
    /// In words.
    pub detail: String,
}

impl Ending {
    /// Nothing more can happen: everybody waits for somebody.
    pub(crate) fn quiet() -> Self {
        Self {
            outcome: "quiet".into(),
            detail: "nothing more can happen: every device waits for somebody".into(),
        }
    }

    /// The time limit came first.
    pub(super) fn time_limit() -> Self {
        Self { outcome: "time-limit".into(), detail: "the time limit of the scenario came first".into() }
    }

    /// Every device reached an end of its own.
    pub(super) fn of(outcomes: impl Iterator<Item = String>) -> Self {
        let mut all: Vec<String> = outcomes.collect();
        all.sort();
        all.dedup();
        let outcome = all.join(", ");
        Self { detail: format!("every device reached: {outcome}"), outcome }
    }

    /// Whether every device came to an end of its own.
    pub fn is_complete(&self) -> bool {
        self.outcome != "quiet" && self.outcome != "time-limit"
    }
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct RunResult {
    /// Header of the trace.
    pub header: TraceHeader,
    /// How it ended.
    pub ending: Ending,
    /// Virtual time it took.
    pub virtual_time: VirtualTime,
    /// What somebody should know of the TPM outside.
    pub advice: Option<String>,
}

/// Why a world can't be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The scenario asks for something that can't be.
    #[error("the scenario can't be built: {0}")]
    Scenario(String),
    /// The cloud can't be set up that way.
    #[error("the cloud can't be set up: {0}")]
    Setup(String),
    /// The transport can't be opened.
    #[error("the transport can't be opened: {0}")]
    Transport(#[from] std::io::Error),
    /// The TPM can't be reached.
    #[error("the TPM can't be used: {0}")]
    Tpm(#[from] BackendError),
    /// One TPM for several devices.
    #[error("there is one TPM outside, and the scenario has {0} devices with a TPM")]
    OneTpm(usize),
}

/// Runs a scenario to its end; every record goes to `sink`, in order.
pub fn run(scenario: &Scenario, options: &RunOptions, sink: &mut Sink<'_>) -> Result<RunResult, RunError> {
    let mut run = Run::new(scenario, options)?;
    while run.step(sink) {}
    Ok(run.result())
}

/// A run under way, for whoever has several: a thread that gives several runs of one scenario a step each by turns is done
/// with all of them in four fifths of the time, since what the processor has at hand for the step of one serves the others.
/// No world knows of that.
pub struct Run {
    world: World,
    pace: Pace,
}

impl Run {
    /// Builds the world.
    pub fn new(scenario: &Scenario, options: &RunOptions) -> Result<Self, RunError> {
        Ok(Self { world: World::new(scenario, options)?, pace: Pace::new(options.speed) })
    }

    /// Lets the next thing happen, when it is time for it; every record goes to `sink`. `false` when that was the end.
    pub fn step(&mut self, sink: &mut Sink<'_>) -> bool {
        let due = self.world.next_due();
        if let Some(due) = due {
            self.pace.wait_for(due);
        }
        // With nothing due the queue ran dry, maybe without an ending: this says so.
        self.world.step(sink);
        due.is_some()
    }

    /// What came of it.
    pub fn result(self) -> RunResult {
        let world = self.world;
        RunResult {
            header: world.header().clone(),
            ending: world.ending().cloned().unwrap_or_else(Ending::quiet),
            virtual_time: world.now(),
            advice: world.advice().map(str::to_owned),
        }
    }
}

/// Most runs that one thread gives turns: more gain little, and each world has its memory.
pub const TOGETHER: usize = 8;

impl RunOptions {
    /// Whether runs gain from being run by turns: none of them ever waits for anything outside.
    pub fn by_turns(&self) -> bool {
        self.speed == Speed::Instant
            && self.transport == TransportKind::InProcess
            && self.tpm == TpmBackend::InProcess
    }
}

/// Holds virtual time against the clock on the wall.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    begun: std::time::Instant,
    speed: Speed,
}

impl Pace {
    /// Begins now.
    // The one place of the program where a run looks at the wall: to slow down, never to decide anything.
    #[allow(clippy::disallowed_methods)]
    pub fn new(speed: Speed) -> Self {
        Self { begun: std::time::Instant::now(), speed }
    }

    /// Waits until it is time for something due then.
    pub fn wait_for(&self, due: VirtualTime) {
        if let Some(wait) = self.remaining(due) {
            std::thread::sleep(wait);
        }
    }

    /// Time since it began, as virtual time of a run at the pace of the wall.
    pub fn elapsed(&self) -> VirtualTime {
        VirtualTime(u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// How long until it is time for something due then; `None` when it is time.
    #[allow(clippy::cast_precision_loss)] // milliseconds of a year are exact in an f64
    pub fn remaining(&self, due: VirtualTime) -> Option<std::time::Duration> {
        let Speed::Scaled(factor) = self.speed else { return None };
        let at = std::time::Duration::try_from_secs_f64(due.as_millis() as f64 / 1_000.0 / factor.max(0.001))
            .ok()?;
        at.checked_sub(self.begun.elapsed()).filter(|wait| !wait.is_zero())
    }
}
