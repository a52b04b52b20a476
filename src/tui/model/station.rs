//! One device, as the trace tells of it.

use std::collections::BTreeMap;

use oobe_agent::eventlog::EventRecord;
use oobe_agent::io::{Act, Link, Note};
use oobe_agent::screen::Screen;
use oobe_agent::time::{Span, VirtualTime};

use super::Change;
use super::waits::{Wait, Waits};
use crate::trace::record::{Record, What};

/// One device.
#[derive(Debug, Clone)]
pub(crate) struct Station {
    /// Its name.
    pub(crate) name: String,
    /// Whether it runs.
    pub(crate) power: Power,
    /// What it shows; `None` while it is dark.
    pub(crate) screen: Option<Screen>,
    /// What the person typed since the screen came up, by field; secrets are masked by the trace.
    pub(crate) typed: BTreeMap<String, String>,
    /// The person who acted last.
    pub(crate) person: Option<String>,
    /// Step of the out-of-box experience.
    pub(crate) stage: String,
    /// Its last event record.
    pub(crate) event: Option<EventRecord>,
    /// The last decision, and the rule it rests on.
    pub(crate) decided: Option<Decided>,
    /// The last failure, with its code.
    pub(crate) failed: Option<String>,
    /// Restarts by itself.
    pub(crate) restarts: u32,
    /// Times that power went.
    pub(crate) power_cuts: u32,
    /// Its network link, once that changed.
    pub(crate) link: Option<Link>,
    /// How it came to its end.
    pub(crate) ended: Option<String>,
    /// It showed a page already.
    pub(crate) seen: bool,
    /// It switched itself off: its technician is done with it (PRE-008).
    pub(crate) handed_over: bool,
    /// Since when it is off.
    off_since: Option<VirtualTime>,
    waits: Waits,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decided {
    /// What.
    pub(crate) what: String,
    /// Rule id.
    pub(crate) rule: String,
}

/// Whether a device runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Power {
    /// It is off, and why.
    Off(String),
    /// Windows starts, and why.
    Starting(String),
    /// It shows something.
    Up,
}

impl Station {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            power: Power::Off("nobody switched it on yet".into()),
            screen: None,
            typed: BTreeMap::new(),
            person: None,
            stage: String::new(),
            event: None,
            decided: None,
            failed: None,
            restarts: 0,
            power_cuts: 0,
            link: None,
            ended: None,
            seen: false,
            handed_over: false,
            off_since: None,
            waits: Waits::default(),
        }
    }

    /// Everything it waits for, what matters most first.
    pub(crate) fn waits(&self) -> Vec<Wait> {
        self.waits.list(self.screen.as_ref())
    }

    /// Whether the screen asks the person something.
    pub(crate) fn asks(&self) -> bool {
        self.screen.as_ref().and_then(super::waits::question).is_some()
    }

    pub(super) fn apply(&mut self, record: &Record) -> Change {
        match &record.what {
            What::PowerOn => {
                let off = self.off_since.take().map(|since| record.t - since);
                let why = match off.filter(|span| *span >= Span::from_secs(60)) {
                    Some(span) => format!("switched on again, after {span}"),
                    None => "switched on".into(),
                };
                // Whatever end it had come to: it goes on.
                self.ended = None;
                self.dark(Power::Starting(why))
            }
            What::PowerLost => {
                self.power_cuts += 1;
                self.off_since = Some(record.t);
                self.dark(Power::Off("power was cut".into()))
            }
            What::PowerOff { why } => {
                self.off_since = Some(record.t);
                (self.handed_over, self.person) = (true, None);
                self.dark(Power::Off(why.clone()))
            }
            What::Restart { why } => {
                self.restarts += 1;
                self.dark(Power::Starting(why.clone()))
            }
            What::Screen { screen } => self.show(screen),
            What::Act { person, act } => {
                // Somebody came to a device that had deployed itself.
                self.ended = None;
                self.person = Some(person.clone());
                if let Act::Fill { field, text } = act {
                    self.typed.insert(field.clone(), text.clone());
                }
                Change::Acted
            }
            other => {
                self.listen(record.t, other);
                Change::Little
            }
        }
    }

    fn listen(&mut self, now: VirtualTime, what: &What) {
        match what {
            What::Request { id, url, why, .. } => self.waits.asked(*id, why, url, now),
            What::Reply { id, .. } => self.waits.answered(*id),
            What::TimerSet { timer, after, why } => self.waits.timer_set(*timer, now + *after, why),
            What::TimerCancelled { timer } | What::TimerFired { timer } => self.waits.timer_gone(*timer),
            What::Event { event } => self.event = Some(event.clone()),
            What::Link { link } => self.link = Some(*link),
            What::Note { note } => match note {
                Note::State { machine, to, .. } if machine == "oobe" => self.stage.clone_from(to),
                Note::Decided { what, rule } => {
                    self.decided = Some(Decided { what: what.clone(), rule: rule.to_string() });
                }
                Note::Failed { doing, code, detail, .. } => {
                    let code = code.as_ref().map(|c| format!(" ({c})")).unwrap_or_default();
                    self.failed = Some(format!("{doing}: {detail}{code}"));
                }
                Note::Ended { outcome } => self.ended = Some(outcome.clone()),
                _ => {}
            },
            _ => {}
        }
    }

    fn show(&mut self, screen: &Screen) -> Change {
        let same = self.screen.as_ref().is_some_and(|up| {
            up.id == screen.id
                && up.title == screen.title
                && up.error == screen.error
                && up.buttons == screen.buttons
        });
        if !same {
            self.typed.clear();
        }
        self.power = Power::Up;
        self.seen = true;
        self.screen = Some(screen.clone());
        if same { Change::Little } else { Change::Scene }
    }

    /// Whether it is off.
    pub(crate) fn is_off(&self) -> bool {
        matches!(self.power, Power::Off(_))
    }

    fn dark(&mut self, power: Power) -> Change {
        self.power = power;
        self.screen = None;
        self.typed.clear();
        self.waits.forget();
        Change::Scene
    }
}
