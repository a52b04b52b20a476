//! The loop: lets virtual time go by, feeds the records to the state, draws, and carries keys to the device.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyEventKind};
use oobe_agent::io::Act;
use oobe_agent::time::{Span, VirtualTime};

use super::TuiError;
use super::app::{App, Command, Tempo};
use super::model::{Change, Station};
use super::pace::Pace;
use super::source::Source;
use crate::trace::record::{Record, What};
use crate::world::Speed;

/// The longest time between two frames while something moves.
const FRAME: Duration = Duration::from_millis(80);
/// How often signals are looked for while nothing moves.
const IDLE: Duration = Duration::from_millis(250);
/// How long what somebody else typed stays up before it is sent.
const GLANCE: Duration = Duration::from_millis(700);
/// How long a page that asks somebody else stays up before they answer, in a demonstration.
const READ: Duration = Duration::from_millis(1_800);
/// How long a page stays up that says how it ended.
const READ_RESULT: Duration = Duration::from_millis(4_500);
/// The longest time that events are taken in without a frame.
const BATCH: Duration = Duration::from_millis(60);
/// Power comes back after this time.
const OUTAGE: Span = Span::from_secs(10);

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
    /// Not before then.
    glance: Option<Instant>,
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
            Command::Act(device, acts) => {
                self.catch_up();
                self.act(&device, acts, keep);
                self.pace.set(wall, self.source.now());
            }
            Command::Hands(mine) => {
                self.catch_up();
                self.source.people_act(!mine);
                self.pace.set(wall, self.source.now());
            }
            Command::CutPower(device) => {
                self.catch_up();
                let mut made = Vec::new();
                self.source.cut_power(&device, OUTAGE, &mut |record| made.push(record.clone()));
                self.take_in(made, keep);
                self.catch_up();
                self.pace.set(wall, self.source.now());
            }
        }
        true
    }

    fn act(&mut self, device: &str, acts: Vec<Act>, keep: &mut Keep<'_>) {
        for act in acts {
            let mut made = Vec::new();
            self.source.act(device, act, &mut |record| made.push(record.clone()));
            self.take_in(made, keep);
        }
        self.catch_up();
    }

    /// Lets everything happen that is due, up to the next thing that deserves a frame of its own.
    pub(super) fn advance(&mut self, wall: Instant, keep: &mut Keep<'_>, clock: &dyn Fn() -> Instant) {
        if self.glance.is_some_and(|until| wall < until) {
            return;
        }
        if self.glance.take().is_some() {
            // What was looked at cost no virtual time.
            self.pace.set(wall, self.source.now());
        }
        loop {
            if self.show_pending(wall) {
                break;
            }
            if self.source.ending().is_some() || self.pace.is_paused() {
                break;
            }
            self.pace.human(wall, self.source.now(), self.app.your_turn());
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
        if let Some(until) = self.glance {
            return until.saturating_duration_since(wall).min(FRAME);
        }
        if self.dirty || !self.pending.is_empty() {
            return Duration::ZERO;
        }
        if self.app.model.end.is_some() || self.pace.is_paused() {
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
        self.source.next_due().is_none() && self.app.your_turn()
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
            match change {
                Change::Scene => {
                    self.glance = self.reading().map(|time| wall + time).or(self.glance);
                    return true;
                }
                Change::Acted if typed && !self.app.hands() && self.pace.speed() != Speed::Instant => {
                    self.glance = Some(wall + GLANCE);
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    /// How long the page that is up deserves to be read, when nobody here answers it.
    fn reading(&self) -> Option<Duration> {
        let asks = self.app.station().is_some_and(Station::asks);
        if !self.linger || !asks || self.app.hands() || self.pace.speed() == Speed::Instant {
            return None;
        }
        let result = self.app.screen().is_some_and(|screen| screen.verdict.is_some());
        Some(if result { READ_RESULT } else { READ })
    }

    /// Shows everything that was made, at once.
    fn catch_up(&mut self) {
        while let Some(record) = self.pending.pop_front() {
            self.app.apply(&record);
        }
        self.glance = None;
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
        self.show_tempo(t);
    }

    fn show_tempo(&mut self, t: VirtualTime) {
        let tempo = Tempo { t, speed: self.pace.speed(), paused: self.pace.is_paused() };
        if tempo != self.app.tempo {
            self.app.tempo = tempo;
            self.dirty = true;
        }
    }
}
