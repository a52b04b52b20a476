//! The loop: lets virtual time go by, feeds the records to the state, draws, and carries keys to the device.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyEventKind};
use oobe_agent::io::Act;
use oobe_agent::time::{Span, VirtualTime};

use super::TuiError;
use super::app::{App, Command, Tempo};
use super::linger;
use super::model::{Change, Station};
use super::pace::Pace;
use super::source::Source;
use crate::trace::record::{Record, What};
use crate::world::{Sink, Speed};

/// The longest time between two frames while something moves.
const FRAME: Duration = Duration::from_millis(80);
/// How often signals are looked for while nothing moves.
const IDLE: Duration = Duration::from_millis(250);
/// How long what somebody else typed stays up before it is sent.
const GLANCE: Duration = Duration::from_millis(700);
/// How long nothing may happen, on the wall, while every device is off.
const DULL: Duration = Duration::from_millis(4_500);
/// The longest time that events are taken in without a frame.
const BATCH: Duration = Duration::from_millis(60);
/// Power comes back after this time.
const OUTAGE: Span = Span::from_secs(10);

/// A look that costs no virtual time.
#[derive(Debug, Clone, Copy)]
struct Glance {
    since: Instant,
    until: Instant,
}

/// Keeps what was recorded.
pub(super) type Keep<'a> = dyn FnMut(&Record) -> Result<(), TuiError> + 'a;

/// Source, state and pace.
pub(super) struct Player<S> {
    pub(super) source: S,
    pub(super) app: App,
    /// Pages stay up long enough to be read, whoever answers them.
    pub(super) linger: bool,
    pace: Pace,
    /// Records that were made but not yet shown.
    pending: VecDeque<Record>,
    /// Not before it is over.
    glance: Option<Glance>,
    /// How long all looks took so far.
    looked: Duration,
    trouble: Option<TuiError>,
    dirty: bool,
}

impl<S: Source> Player<S> {
    pub(super) fn new(source: S, app: App, speed: Speed, wall: Instant) -> Self {
        Self {
            source,
            app,
            linger: false,
            pace: Pace::new(wall, speed),
            pending: VecDeque::new(),
            glance: None,
            looked: Duration::ZERO,
            trouble: None,
            dirty: true,
        }
    }

    /// Takes what came from the terminal; tells whether to go on.
    pub(super) fn event(&mut self, event: &Event, wall: Instant, keep: &mut Keep<'_>) -> bool {
        self.dirty = true;
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                let command = self.app.key(*key);
                command.is_none_or(|command| self.command(command, wall, keep))
            }
            Event::Paste(text) => {
                self.app.paste(text);
                true
            }
            _ => true,
        }
    }

    fn command(&mut self, command: Command, wall: Instant, keep: &mut Keep<'_>) -> bool {
        let now = self.source.now();
        match command {
            Command::Quit => return false,
            Command::Pause => self.pace.pause(wall, now, !self.pace.is_paused()),
            Command::Slower => self.pace.slower(wall, now),
            Command::Faster => self.pace.faster(wall, now),
            Command::Step => {
                self.pace.pause(wall, now, true);
                self.catch_up();
                if !self.waits_for_person() {
                    self.step(keep);
                    self.catch_up();
                }
                self.pace.set(wall, self.source.now());
            }
            Command::Act(device, acts) => self.interfere(wall, keep, |source, sink| {
                for act in acts {
                    source.act(&device, act, sink);
                }
            }),
            Command::Hands(mine) => {
                self.catch_up();
                self.source.elapse(self.app.tempo.t);
                self.source.people_act(!mine);
                self.pace.set(wall, self.source.now());
            }
            Command::CutPower(device) => {
                self.interfere(wall, keep, |source, sink| source.cut_power(&device, OUTAGE, sink));
            }
            Command::PressPower(device) => {
                self.interfere(wall, keep, |source, sink| source.press_power(&device, sink));
            }
        }
        true
    }

    /// Whoever sits at the terminal does something to the world, at the time that they saw.
    fn interfere(&mut self, wall: Instant, keep: &mut Keep<'_>, deed: impl FnOnce(&mut S, &mut Sink<'_>)) {
        self.catch_up();
        self.source.elapse(self.app.tempo.t);
        let mut made = Vec::new();
        deed(&mut self.source, &mut |record| made.push(record.clone()));
        self.take_in(made, keep);
        self.catch_up();
        self.pace.set(wall, self.source.now());
    }

    /// Lets everything happen that is due, up to the next thing that deserves a frame of its own.
    pub(super) fn advance(&mut self, wall: Instant, keep: &mut Keep<'_>, clock: &dyn Fn() -> Instant) {
        if let Some(glance) = self.glance {
            if wall < glance.until {
                // What turns goes on turning.
                self.tell_time(wall);
                return;
            }
            self.glance = None;
            self.looked += glance.until - glance.since;
            // What was looked at cost no virtual time.
            self.pace.set(wall, self.source.now());
        }
        loop {
            if self.pace.is_paused() || self.show_pending(wall) || self.source.ending().is_some() {
                break;
            }
            self.pace.human(wall, self.source.now(), self.app.your_turn());
            self.pace.dull(wall, self.nothing_shows(), DULL);
            match self.source.next_due() {
                Some(due) if self.pace.until(due, wall) == Some(Duration::ZERO) => self.step(keep),
                Some(_) => break,
                None if self.waits_for_person() => break,
                // Nothing can happen any more: the world says so itself.
                None => self.step(keep),
            }
            if clock().saturating_duration_since(wall) > BATCH {
                break;
            }
        }
        self.tell_time(wall);
    }

    /// How long nothing has to be done if no key comes.
    pub(super) fn rest(&self, wall: Instant) -> Duration {
        if let Some(glance) = self.glance {
            return glance.until.saturating_duration_since(wall).min(FRAME);
        }
        if self.dirty {
            return Duration::ZERO;
        }
        if self.pace.is_paused() {
            return IDLE;
        }
        if !self.pending.is_empty() {
            return Duration::ZERO;
        }
        if self.app.model.end.is_some() {
            return IDLE;
        }
        match self.source.next_due().and_then(|due| self.pace.until(due, wall)) {
            Some(until) if self.app.your_turn() => until.min(IDLE),
            Some(until) => until.min(FRAME),
            None => IDLE,
        }
    }

    /// Whether a frame is due; asking makes it no longer so.
    pub(super) fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// What went wrong while records were kept.
    pub(super) fn take_trouble(&mut self) -> Option<TuiError> {
        self.trouble.take()
    }

    /// Nothing happens by itself, but a person at this terminal can go on.
    fn waits_for_person(&self) -> bool {
        self.source.next_due().is_none() && (self.app.your_turn() || self.app.can_switch_on())
    }

    /// From when to when nothing happens while every screen is dark.
    fn nothing_shows(&self) -> Option<(VirtualTime, VirtualTime)> {
        let dark = self.app.model.stations.iter().all(Station::is_off);
        let due = self.source.next_due().filter(|_| dark && !self.app.model.stations.is_empty())?;
        Some((self.source.now(), due))
    }

    fn step(&mut self, keep: &mut Keep<'_>) {
        let mut made = Vec::new();
        self.source.step(&mut |record| made.push(record.clone()));
        self.take_in(made, keep);
    }

    pub(super) fn take_in(&mut self, made: Vec<Record>, keep: &mut Keep<'_>) {
        for record in made {
            if let Err(error) = keep(&record) {
                self.trouble.get_or_insert(error);
            }
            self.pending.push_back(record);
        }
    }

    /// Shows what was made; stops after what deserves a frame of its own, and says so.
    fn show_pending(&mut self, wall: Instant) -> bool {
        while let Some(record) = self.pending.pop_front() {
            let change = self.app.apply(&record);
            self.dirty = true;
            let typed = matches!(record.what, What::Act { act: Act::Fill { .. }, .. });
            match self.look(change, typed) {
                Some(time) => self.glance = Some(Glance { since: wall, until: wall + time }),
                None if change == Change::Scene => {}
                None => continue,
            }
            return true;
        }
        false
    }

    /// How long what just changed deserves to be looked at, when nobody here is busy with it.
    fn look(&self, change: Change, typed: bool) -> Option<Duration> {
        let Speed::Scaled(factor) = self.pace.speed() else { return None };
        if self.app.hands() {
            return None;
        }
        if self.linger {
            let station = self.app.station()?;
            return linger::time(change, typed, station).map(|time| linger::at(time, factor));
        }
        (change == Change::Acted && typed).then_some(GLANCE)
    }

    /// Shows everything that was made, at once.
    fn catch_up(&mut self) {
        while let Some(record) = self.pending.pop_front() {
            self.app.apply(&record);
        }
        if let Some(glance) = self.glance.take() {
            self.looked += glance.until - glance.since;
        }
        self.dirty = true;
    }

    /// Virtual time as it is shown: it runs on between two events, but not past the next one, and it does not run
    /// while the person is asked (what they do happens at the time of the last event).
    fn tell_time(&mut self, wall: Instant) {
        let now = self.source.now();
        let between = match (self.source.next_due(), self.pace.reached(wall)) {
            (Some(due), Some(reached)) if !self.app.your_turn() && self.glance.is_none() => reached.min(due),
            _ => now,
        };
        let t = if self.app.model.end.is_some() { now } else { between.max(now) };
        let paused = self.pace.is_paused();
        let now = self.glance.filter(|_| !paused);
        let looked = self.looked + now.map_or(Duration::ZERO, |g| wall.saturating_duration_since(g.since));
        let quiet = self.nothing_shows().map(|(_, due)| due);
        let tempo = Tempo { t, speed: self.pace.speed(), paused, quiet, turns: turns(looked) };
        if tempo != self.app.tempo {
            self.app.tempo = tempo;
            self.dirty = true;
        }
    }
}

/// How far everything that turns has got in that time.
fn turns(looked: Duration) -> u32 {
    u32::try_from(looked.as_millis() / 120 % 1_000).unwrap_or(0)
}
