//! The people in front of the devices. They look at the screen, think, and do what it asks for, or what the scenario
//! has them do instead. They know what is on the screen and nothing else.

use std::collections::BTreeMap;

use oobe_agent::io::Act;
use oobe_agent::screen::Screen;
use oobe_agent::time::{Span, VirtualTime};
use oobe_wire::rng::Stream;
use oobe_wire::secret::Secret;

use super::queue::{Due, Queue};
use crate::scenario::Scenario;
use crate::scenario::spec::Step;

/// Everybody.
#[derive(Debug, Clone)]
pub(super) struct People {
    /// By the device they sit at.
    seats: BTreeMap<String, Seat>,
}

/// A place in front of a device.
#[derive(Debug, Clone)]
struct Seat {
    person: Option<Person>,
    screen: Option<Screen>,
    /// What the screen asked when the person last looked up; a new question gets a new number.
    question: Option<(String, Option<String>, Vec<String>)>,
    number: u64,
}

#[derive(Debug, Clone)]
struct Person {
    name: String,
    user: String,
    passwords: Vec<Secret<String>>,
    typed: usize,
    think: Span,
    tries: u32,
    at: BTreeMap<String, Vec<Step>>,
    stream: Stream,
}

impl People {
    pub(super) fn new(seed: u64, scenario: &Scenario, interactive: bool) -> Self {
        let seats = scenario
            .spec
            .device
            .keys()
            .map(|device| {
                let person = scenario.person_at(device).filter(|_| !interactive).map(|(name, spec)| {
                    let right = scenario.user(&spec.user).map(|(_, user)| user.password.clone());
                    let passwords = if spec.passwords.is_empty() {
                        right.into_iter().collect()
                    } else {
                        spec.passwords.clone()
                    };
                    Person {
                        name: name.to_owned(),
                        user: spec.user.clone(),
                        passwords,
                        typed: 0,
                        think: spec.think.0,
                        // Whoever knows several passwords tries them all.
                        tries: spec.tries.max(u32::try_from(spec.passwords.len()).unwrap_or(u32::MAX)),
                        at: spec.at.clone(),
                        stream: Stream::new(seed, &["person", name]),
                    }
                });
                (device.clone(), Seat { person, screen: None, question: None, number: 0 })
            })
            .collect();
        Self { seats }
    }

    /// Somebody who answers what a device enrolled by hand may ask: they press the harmless button, and give up on
    /// errors at once, since whoever runs the command wants to see them.
    pub(super) fn patient(device: &str, seed: u64) -> Self {
        let person = Person {
            name: "user".into(),
            user: String::new(),
            passwords: Vec::new(),
            typed: 0,
            think: Span::from_millis(1_000),
            tries: 0,
            at: BTreeMap::new(),
            stream: Stream::new(seed, &["person", "user"]),
        };
        let seat = Seat { person: Some(person), screen: None, question: None, number: 0 };
        Self { seats: BTreeMap::from([(device.to_owned(), seat)]) }
    }

    /// Who sits at a device.
    pub(super) fn name_at(&self, device: &str) -> Option<&str> {
        self.seats.get(device)?.person.as_ref().map(|p| p.name.as_str())
    }

    /// The device that a person sits at.
    pub(super) fn seat_of(&self, name: &str) -> Option<&str> {
        let found = self.seats.iter().find(|(_, seat)| seat.person.as_ref().is_some_and(|p| p.name == name));
        found.map(|(device, _)| device.as_str())
    }

    /// Whether the screen that a person meant to answer is still up.
    pub(super) fn still_there(&self, device: &str, number: u64) -> bool {
        self.seats.get(device).is_some_and(|seat| seat.number == number)
    }

    /// Whether a screen asks something that its person has no mind to answer any more.
    pub(super) fn gave_up(&self, device: &str, queue: &Queue) -> bool {
        let asked =
            self.seats.get(device).is_some_and(|seat| seat.person.is_some() && seat.question.is_some());
        asked && !queue.holds_person(device)
    }

    /// The number of the question that is up.
    pub(super) fn number(&self, device: &str) -> u64 {
        self.seats.get(device).map_or(0, |seat| seat.number)
    }

    /// The screen went dark.
    pub(super) fn screen_dark(&mut self, device: &str) {
        if let Some(seat) = self.seats.get_mut(device) {
            (seat.screen, seat.question) = (None, None);
            seat.number += 1;
        }
    }

    /// A screen shows: when it asks something new, its person will answer.
    pub(super) fn screen_shown(
        &mut self,
        queue: &mut Queue,
        now: VirtualTime,
        device: &str,
        screen: &Screen,
    ) {
        let Some(seat) = self.seats.get_mut(device) else { return };
        seat.screen = Some(screen.clone());
        let question = question(screen);
        if question == seat.question {
            return;
        }
        seat.number += 1;
        let asks = question.is_some();
        seat.question = question;
        let Some(person) = seat.person.as_mut().filter(|_| asks) else { return };
        let mut at = now + person.think();
        for (wait, acts) in person.answer(screen) {
            at = at + wait;
            let (name, device) = (person.name.clone(), device.to_owned());
            queue.push(at, Due::Person { person: name, device, screen: seat.number, acts });
        }
    }

    /// The act as it may stand in a trace.
    pub(super) fn mask(&self, device: &str, act: &Act) -> Act {
        match act {
            Act::Fill { field, .. } => {
                let screen = self.seats.get(device).and_then(|seat| seat.screen.as_ref());
                let secret = screen.is_none_or(|s| s.fields.iter().any(|f| f.name == *field && f.secret));
                if secret { Act::Fill { field: field.clone(), text: "***".into() } } else { act.clone() }
            }
            act => act.clone(),
        }
    }
}

/// What a screen asks for: its identity, its message and the buttons that can be pressed. A screen without any asks
/// nothing.
fn question(screen: &Screen) -> Option<(String, Option<String>, Vec<String>)> {
    let buttons: Vec<String> = screen.buttons.iter().filter(|b| b.enabled).map(|b| b.label.clone()).collect();
    (!buttons.is_empty()).then(|| (screen.id.clone(), screen.error.clone(), buttons))
}

impl Person {
    /// Three quarters to five quarters of the usual time.
    fn think(&mut self) -> Span {
        Span(self.think.0.saturating_mul(750 + self.stream.below(501)) / 1_000)
    }

    /// What they do about a screen: acts, each batch with the wait before it.
    fn answer(&mut self, screen: &Screen) -> Vec<(Span, Vec<Act>)> {
        match self.at.get(&screen.id).cloned() {
            Some(steps) => batches(&steps),
            None => vec![(Span::ZERO, self.usual(screen))],
        }
    }

    /// What a screen asks for is what is done.
    fn usual(&mut self, screen: &Screen) -> Vec<Act> {
        let troubled =
            screen.error.is_some() || screen.id.ends_with("error") || screen.id == "entra.wrong-org";
        if troubled {
            if self.tries == 0 {
                return Vec::new();
            }
            self.tries -= 1;
        }
        let mut acts: Vec<Act> = Vec::new();
        for field in &screen.fields {
            let text = if field.secret { self.password() } else { self.user.clone() };
            if field.value != text {
                acts.push(Act::Fill { field: field.name.clone(), text });
            }
        }
        let enabled = |label: &str| screen.buttons.iter().any(|b| b.enabled && b.label == label);
        let button = ["Try again", "Continue anyway"].into_iter().find(|l| enabled(l)).map(str::to_owned);
        let last = || {
            let harmless = |label: &str| label != "Reset device" && label != "Collect logs";
            screen.buttons.iter().rev().find(|b| b.enabled && harmless(&b.label)).map(|b| b.label.clone())
        };
        acts.extend(button.or_else(last).map(|button| Act::Press { button }));
        acts
    }

    /// The next password: one try after the other, the last one again and again.
    fn password(&mut self) -> String {
        let index = self.typed.min(self.passwords.len().saturating_sub(1));
        self.typed += 1;
        self.passwords.get(index).map(|p| p.expose().clone()).unwrap_or_default()
    }
}

/// Steps as batches of acts between waits.
pub(super) fn batches(steps: &[Step]) -> Vec<(Span, Vec<Act>)> {
    let mut batches = vec![(Span::ZERO, Vec::new())];
    for step in steps {
        let act = match step {
            Step::Wait(wait) => {
                batches.push((wait.0, Vec::new()));
                continue;
            }
            Step::Nothing => continue,
            Step::Press(button) => Act::Press { button: button.clone() },
            Step::Key(key) => Act::Key { key: key.clone() },
            Step::Fill { field, text } => Act::Fill { field: field.clone(), text: text.clone() },
        };
        if let Some((_, acts)) = batches.last_mut() {
            acts.push(act);
        }
    }
    batches
}
