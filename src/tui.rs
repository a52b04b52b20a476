//! `oobe tui` and `oobe demo`: the device's screens in a terminal, drawn from what the trace says and from nothing else.
//!
//! ```text
//!   World or trace file --records--> Model --> view --> terminal
//!          ^                                              |
//!          +------ acts (fill, press, key) <-- keymap <-- keys
//! ```

mod app;
mod entry;
mod form;
mod keymap;
mod linger;
mod model;
mod pace;
mod palette;
mod player;
mod source;
mod terminal;
mod text;
mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crossterm::event;
use oobe_agent::time::VirtualTime;

use self::app::{App, Hint, Seats};
use self::palette::Palette;
use self::player::Player;
use self::source::{Replay, Source};
use self::terminal::Guard;
use crate::scenario::Scenario;
use crate::trace::{Mask, Record, TraceError, TraceFile, TraceHeader};
use crate::world::{Ending, RunError, RunOptions, Speed, World};

/// How to show a run.
#[derive(Debug, Clone, Default)]
pub struct TuiOptions {
    /// Seed, keys, date, transport and speed. `interactive` follows [`auto`](Self::auto).
    pub run: RunOptions,
    /// The people of the scenario act, the person at the terminal watches.
    pub auto: bool,
    /// What somebody else is asked stays up long enough to be read (a demonstration).
    pub linger: bool,
    /// What to do next, told once the run is over.
    pub afterwards: String,
    /// Where to write the trace of what was played, if anywhere.
    pub trace: Option<PathBuf>,
    /// Blot out personal data in that trace, besides the secrets.
    pub mask_personal: bool,
}

impl TuiOptions {
    /// The speed when the command line names none: a deployment of an hour takes a minute.
    pub const SPEED: Speed = Speed::Scaled(60.0);
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TuiOutcome {
    /// Scenario name.
    pub scenario: String,
    /// How the world ended; `None` when the person left before that.
    pub ending: Option<Ending>,
    /// Virtual time that went by.
    pub virtual_time: VirtualTime,
    /// Id of the screen that was up last; `None` while it was dark.
    pub screen: Option<String>,
    /// A signal ended it, or the terminal went away.
    pub interrupted: bool,
}

/// Why there is nothing to see.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// Input or output is a pipe or a file.
    #[error(
        "this needs a terminal: standard input and output must not be redirected (`oobe run` needs none)"
    )]
    NotATerminal,
    /// The terminal, or the file of the trace, refused.
    #[error("{0}")]
    Terminal(#[from] io::Error),
    /// The world can't be built.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The trace can't be played.
    #[error(transparent)]
    Trace(#[from] TraceError),
}

/// Plays a scenario in the terminal. Returns once the person leaves.
pub fn run(scenario: &Scenario, options: &TuiOptions) -> Result<TuiOutcome, TuiError> {
    let mut run = options.run.clone();
    run.interactive = !options.auto;
    let world = World::new(scenario, &run)?;
    let known = Known { title: scenario.spec.title.clone(), hints: hints(scenario), seats: seats(scenario) };
    let mask = Mask::for_scenario(&scenario.spec);
    let mask = if options.mask_personal { mask.and_personal_of(&scenario.spec) } else { mask };
    play(world, known, mask, options)
}

/// Plays a saved trace in the terminal.
pub fn replay(path: &Path, options: &TuiOptions) -> Result<TuiOutcome, TuiError> {
    play(Replay::open(path)?, Known::default(), Mask::default(), options)
}

// The loop looks at the wall to slow down and to draw, never to decide what happens.
#[allow(clippy::disallowed_methods)]
fn play(source: impl Source, known: Known, mask: Mask, options: &TuiOptions) -> Result<TuiOutcome, TuiError> {
    let mut tape = Tape::begin(options.trace.as_deref(), source.header(), mask)?;
    let mut keep = |record: &Record| tape.keep(record);
    let palette = Palette::of(std::env::var_os("NO_COLOR").as_deref());
    let speed = options.run.speed;
    let mut app = App::new(source.header(), source.is_live(), !options.auto, speed);
    (app.title, app.hints, app.seats) = (known.title, known.hints, known.seats);
    app.afterwards.clone_from(&options.afterwards);
    app.may_take_over = options.auto && source.is_live();
    let mut player = Player::new(source, app, speed, Instant::now());
    player.linger = options.linger;
    let mut guard = Guard::take()?;
    while !guard.is_hung_up() {
        player.advance(Instant::now(), &mut keep, &Instant::now);
        if let Some(trouble) = player.take_trouble() {
            return Err(trouble);
        }
        if player.take_dirty() {
            guard.terminal.draw(|frame| view::draw(frame, &player.app, &palette))?;
        }
        if event::poll(player.rest(Instant::now()))?
            && !player.event(&event::read()?, Instant::now(), &mut keep)
        {
            break;
        }
    }
    let interrupted = guard.is_hung_up();
    drop(guard);
    tape.finish()?;
    Ok(TuiOutcome {
        scenario: player.app.scenario.clone(),
        ending: player.source.ending(),
        virtual_time: player.source.now(),
        screen: player.app.screen().map(|s| s.id.clone()),
        interrupted,
    })
}

/// What a scenario tells beyond its trace.
#[derive(Default)]
struct Known {
    title: String,
    hints: BTreeMap<String, Hint>,
    seats: BTreeMap<String, Seats>,
}

/// Who sits where.
fn seats(scenario: &Scenario) -> BTreeMap<String, Seats> {
    let name = |person: Option<(&str, _)>| person.map(|(name, _)| name.to_owned());
    let seats = |device: &String| Seats {
        technician: name(scenario.technician_at(device)),
        user: name(scenario.person_at(device)),
    };
    scenario.spec.device.keys().map(|device| (device.clone(), seats(device))).collect()
}

/// What the scenario knows of user names and passwords. They are of the scenario, and good for nothing else.
fn hints(scenario: &Scenario) -> BTreeMap<String, Hint> {
    let hint = |device: &String| {
        let (_, person) = scenario.person_at(device)?;
        let known = scenario.user(&person.user).map(|(_, user)| user.password.expose().clone());
        let password = known.or_else(|| person.passwords.last().map(|p| p.expose().clone()))?;
        Some((device.clone(), Hint { user: person.user.clone(), password }))
    };
    scenario.spec.device.keys().filter_map(hint).collect()
}

/// A trace that is being written, if one is.
struct Tape {
    file: Option<(PathBuf, TraceFile)>,
    mask: Mask,
}

impl Tape {
    fn begin(path: Option<&Path>, header: &TraceHeader, mask: Mask) -> Result<Self, TuiError> {
        let begin = |path: &Path| {
            let mut file = TraceFile::create(path)?;
            file.header(header)?;
            Ok((path.to_owned(), file))
        };
        let file = path.map(|path| begin(path).map_err(|error| trouble(path, &error))).transpose()?;
        Ok(Self { file, mask })
    }

    fn keep(&mut self, record: &Record) -> Result<(), TuiError> {
        let Some((path, file)) = &mut self.file else { return Ok(()) };
        file.record(record, &self.mask).map_err(|error| trouble(path, &error))
    }

    fn finish(self) -> Result<(), TuiError> {
        let Some((path, file)) = self.file else { return Ok(()) };
        file.finish().map_err(|error| trouble(&path, &error))
    }
}

fn trouble(path: &Path, error: &io::Error) -> TuiError {
    TuiError::Terminal(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

impl fmt::Display for TuiOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.scenario)?;
        match &self.ending {
            Some(ending) => write!(f, "{} after {}", ending.outcome, self.virtual_time),
            None => write!(f, "left after {}", self.virtual_time),
        }
    }
}
