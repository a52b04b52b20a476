//! The device itself: takes an input, lets the parts it concerns handle it, and collects what they want done.

mod act;
mod by_device;
mod keys;
mod memory;
mod name;
mod oobe;
mod page;
pub mod prompt;
pub(crate) mod technician;
#[cfg(test)]
mod tests;

use oobe_wire::rng::Stream;

use self::memory::Memory;
use crate::cx::{Answer, Ask, Cx};
use crate::disk::Disk;
use crate::flow::{Event, Flow, Stage, Start};
use crate::io::{Act, Correlation, Effect, Fault, Input, Link, Note, Slot, Timer, TransportError};
use crate::screen::captions::unlisted;
use crate::setup::{DeviceSetup, Mode};
use crate::time::{DeviceClock, VirtualTime};

/// A simulated Windows device.
///
/// The contract: call [`step`](Self::step) with inputs in the order in which they happen and with a time that never
/// goes back; carry out the effects in the order given. Everything else (when a request is answered, what a timer's
/// turn is) is the driver's business.
#[derive(Debug, Clone)]
pub struct Device {
    setup: DeviceSetup,
    clock: DeviceClock,
    link: Link,
    disk: Disk,
    rng: Stream,
    flow: Flow,
    memory: Memory,
}

impl Device {
    /// A device that is switched off, with a fresh image on its disk.
    pub fn new(setup: DeviceSetup) -> Self {
        let disk = Disk::fresh(setup.image.computer_name.clone());
        Self::with_disk(setup, disk)
    }

    /// A device that is switched off, with that disk in it.
    pub fn with_disk(setup: DeviceSetup, disk: Disk) -> Self {
        let start = match setup.mode {
            Mode::Oobe => Start::Oobe,
            Mode::Enroll { .. } => Start::Enroll,
        };
        let mut flow = Flow::new(start, disk.kept);
        flow.link = setup.link != Link::Down;
        Self {
            clock: setup.clock,
            link: setup.link,
            rng: Stream::new(setup.seed, &["device", &setup.name]),
            memory: Memory::default(),
            flow,
            disk,
            setup,
        }
    }

    /// What it is made of.
    pub fn setup(&self) -> &DeviceSetup {
        &self.setup
    }

    /// Its disk.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Its own clock.
    pub fn clock(&self) -> DeviceClock {
        self.clock
    }

    /// Where it stands.
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// Whether a push notification finds it up. (One that is starting holds a session anyway when Windows is up.)
    pub fn hears_pushes(&self) -> bool {
        !matches!(self.flow.stage, Stage::Off | Stage::Booting)
    }

    /// Takes one step: `input` happened at `now`.
    pub fn step(&mut self, now: VirtualTime, input: Input) -> Vec<Effect> {
        let mut tray = Tray::default();
        self.handle(now, &mut tray, input);
        self.dispatch(&mut tray);
        self.disk.kept = self.flow.kept;
        self.show(&mut tray);
        tray.effects
    }

    fn handle(&mut self, now: VirtualTime, tray: &mut Tray, input: Input) {
        match input {
            Input::PowerPressed => self.happened(now, tray, Event::PowerPressed),
            Input::PowerLost => {
                self.memory = Memory::default();
                // Nothing survives but what the stored format holds: the bytes are what comes up again.
                self.disk = Disk::read(&self.disk.write())
                    .expect("a disk that was just written has this version and this shape");
                self.happened(now, tray, Event::PowerLost);
            }
            Input::TimerFired { timer, boot } if boot == self.disk.boots => self.timer(now, tray, timer),
            Input::TimerFired { .. } => {}
            Input::HttpReplied { id, result } => self.answer(now, tray, id, Answer::Http(result)),
            Input::KeysReplied { id, result } => self.answer(now, tray, id, Answer::Keys(result)),
            Input::TpmReplied { id, result } => self.answer(now, tray, id, Answer::Tpm(result)),
            Input::Acted(act) => self.acted(now, tray, &act),
            Input::LinkChanged(link) => {
                self.link = link;
                let event = if link == Link::Down { Event::LinkDown } else { Event::LinkUp };
                self.happened(now, tray, event);
            }
            Input::Pushed => self.pushed(now, tray),
            Input::Struck(Fault::ClockSet { skew_ms }) => self.clock.skew_ms = skew_ms,
            Input::Struck(Fault::Wiped) => self.happened(now, tray, Event::Wiped),
            Input::Struck(Fault::Restart) => self.restart(now, tray, "somebody restarts the device".into()),
        }
    }

    fn acted(&mut self, now: VirtualTime, tray: &mut Tray, act: &Act) {
        if let Act::Command { line } = act {
            return self.command(now, tray, line);
        }
        if let Some(event) = self.act(tray, act) {
            self.happened(now, tray, event);
        }
    }

    fn timer(&mut self, now: VirtualTime, tray: &mut Tray, timer: Timer) {
        match timer {
            Timer::RequestLimit(slot) => {
                if let Some(id) = self.memory.pending.get(&slot).copied() {
                    self.answer(now, tray, id, Answer::Http(Err(TransportError::TimedOut)));
                }
            }
            Timer::TpmReady(slot) => tray.effects.extend(self.ask_busy_tpm(slot)),
            _ => self.timer_fired(now, tray, timer),
        }
    }

    /// Hands an answer to the conversation that asked; one from before a restart, or to a question that was given up,
    /// goes nowhere.
    fn answer(&mut self, now: VirtualTime, tray: &mut Tray, id: Correlation, answer: Answer) {
        if self.memory.pending.get(&id.slot) != Some(&id) {
            let text = format!("dropped a late answer to {id}");
            tray.effects.push(Effect::Note(Note::Remark { text }));
            return;
        }
        if let Some(wait) = self.waits_for_tpm(id, &answer) {
            tray.effects.push(wait);
            return;
        }
        self.memory.pending.remove(&id.slot);
        let answer = match self.memory.in_tpm.remove(&id.slot) {
            Some(command) => keys::told(&command, answer),
            None => answer,
        };
        if matches!(answer, Answer::Http(_)) {
            tray.effects.push(Effect::CancelTimer { timer: Timer::RequestLimit(id.slot) });
        }
        if id.slot == Slot::Time {
            return self.time_told(now, tray, answer);
        }
        self.answered(now, tray, id.slot, answer);
    }

    /// Memory goes, the boot timer starts.
    pub(crate) fn restart(&mut self, now: VirtualTime, tray: &mut Tray, why: String) {
        tray.asks.clear();
        tray.effects.push(Effect::Restart { why });
        self.memory = Memory::default();
        self.happened(now, tray, Event::Restarted);
    }

    /// Gives every question its correlation and its time limit.
    fn dispatch(&mut self, tray: &mut Tray) {
        let boot = self.disk.boots;
        for (slot, ask) in std::mem::take(&mut tray.asks) {
            self.memory.serial += 1;
            let id = Correlation { boot, slot, serial: self.memory.serial };
            self.memory.pending.insert(slot, id);
            let effect = match ask {
                Ask::Http { request, why } => {
                    let limit = Effect::SetTimer {
                        timer: Timer::RequestLimit(slot),
                        after: self.setup.timings.request_limit,
                        boot,
                        why: format!("an answer while {why}"),
                    };
                    tray.effects.push(limit);
                    Effect::Send { id, request, why }
                }
                Ask::Keys(command) => self.ask_keys(id, command),
                Ask::Tpm(command) => self.ask_tpm(id, command),
            };
            tray.effects.push(effect);
        }
    }

    /// Shows the screen of the current step if it differs from the one that is up.
    fn show(&mut self, tray: &mut Tray) {
        let screen = self.screen();
        if self.memory.screen.as_ref() != screen.as_ref() {
            if let Some(screen) = &screen {
                debug_assert!(
                    unlisted(screen).is_empty(),
                    "{} shows what no list has: {:?}",
                    screen.id,
                    unlisted(screen)
                );
                if self.memory.screen.as_ref().is_none_or(|up| up.id != screen.id) {
                    self.memory.typed.clear();
                    self.memory.picked = None;
                    self.memory.strokes = 0;
                }
                tray.effects.push(Effect::ShowScreen(Box::new(screen.clone())));
            }
            self.memory.screen = screen;
        }
    }

    /// The context for a part, and the parts that it may change.
    fn parts<'a>(&'a mut self, now: VirtualTime, tray: &'a mut Tray) -> (Cx<'a>, Parts<'a>) {
        let cx = Cx {
            now,
            utc: self.clock.utc(now),
            boot: self.disk.boots,
            rng: &mut self.rng,
            setup: &self.setup,
            registry: &mut self.disk.registry,
            asks: &mut tray.asks,
            effects: &mut tray.effects,
        };
        let parts = Parts {
            memory: &mut self.memory,
            management: &mut self.disk.management,
            profile: &mut self.disk.profile,
            ticket: &mut self.disk.ticket,
            joined: &mut self.disk.joined,
            computer_name: &mut self.disk.computer_name,
            assigned_name: &mut self.disk.assigned_name,
            technician: &mut self.disk.technician,
        };
        (cx, parts)
    }
}

/// What the parts may change besides what [`Cx`] offers.
struct Parts<'a> {
    memory: &'a mut Memory,
    management: &'a mut Option<crate::manage::Management>,
    profile: &'a mut Option<oobe_wire::model::AutopilotProfile>,
    ticket: &'a mut Option<crate::disk::StoredTicket>,
    joined: &'a mut Option<crate::dialogue::join::JoinedDevice>,
    computer_name: &'a mut String,
    assigned_name: &'a mut Option<String>,
    technician: &'a mut Option<technician::Run>,
}

/// What a step wants done.
#[derive(Debug, Default)]
pub(crate) struct Tray {
    asks: Vec<(Slot, Ask)>,
    effects: Vec<Effect>,
}
