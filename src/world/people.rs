//! The people in front of the devices. They look at the screen, think, and do what it asks for, or what the scenario
//! has them do instead. They know what is on the screen and nothing else.

use std::collections::BTreeMap;

use oobe_agent::io::Act;
use oobe_agent::screen::{Screen, WINDOWS_KEY, WINDOWS_KEY_FIVE_TIMES, technician};
use oobe_agent::time::{Span, VirtualTime};
use oobe_wire::rng::Stream;
use oobe_wire::secret::Secret;

use super::queue::{Due, Queue};
use crate::scenario::Scenario;
use crate::scenario::spec::{PersonSpec, Step};

/// Everybody.
#[derive(Debug, Clone)]
pub(super) struct People {
    /// By the device they sit at.
    seats: BTreeMap<String, Seat>,
    /// Somebody at the terminal answers in their place, whenever they like.
    terminal: bool,
}

/// A place in front of a device.
#[derive(Debug, Clone)]
struct Seat {
    /// Who prepares the device, until it is resealed.
    technician: Option<Person>,
    person: Option<Person>,
    /// Somebody else sits there for the time being.
    away: bool,
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
    technician: bool,
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
                let new = |(name, spec)| Person::new(seed, scenario, name, spec);
                let person = scenario.person_at(device).filter(|_| !interactive).map(new);
                let technician = scenario.technician_at(device).filter(|_| !interactive).map(new);
                (device.clone(), Seat { technician, person, ..Seat::empty() })
            })
            .collect();
        Self { seats, terminal: interactive }
    }

    /// Whether somebody at the terminal may act at any time.
    pub(super) fn at_the_terminal(&self) -> bool {
        self.terminal || self.seats.values().any(|seat| seat.away)
    }

    /// Somebody who answers what a device enrolled by hand may ask: they press the harmless button, and give up on
    /// errors at once, since whoever runs the command wants to see them.
    pub(super) fn patient(device: &str, seed: u64) -> Self {
        let person = Person {
            name: "user".into(),
            user: String::new(),
            passwords: Vec::new(),
            typed: 0,
            technician: false,
            think: Span::from_millis(1_000),
            tries: 0,
            at: BTreeMap::new(),
            stream: Stream::new(seed, &["person", "user"]),
        };
        let seat = Seat { person: Some(person), ..Seat::empty() };
        Self { seats: BTreeMap::from([(device.to_owned(), seat)]), terminal: false }
    }

    /// Who sits at a device.
    pub(super) fn name_at(&self, device: &str) -> Option<&str> {
        self.seats.get(device)?.sitting().map(|p| p.name.as_str())
    }

    /// The device that a person sits at.
    pub(super) fn seat_of(&self, name: &str) -> Option<&str> {
        let is = |seat: &Seat| seat.technician.iter().chain(&seat.person).any(|p| p.name == name);
        let found = self.seats.iter().find(|(_, seat)| is(seat));
        found.map(|(device, _)| device.as_str())
    }

    /// Whether the screen that a person meant to answer is still up.
    pub(super) fn still_there(&self, device: &str, number: u64) -> bool {
        self.seats.get(device).is_some_and(|seat| seat.number == number)
    }

    /// Whether a screen asks something that its person has no mind to answer any more.
    pub(super) fn gave_up(&self, device: &str, queue: &Queue) -> bool {
        let asked =
            self.seats.get(device).is_some_and(|seat| seat.sitting().is_some() && seat.question.is_some());
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

    /// The device switched itself off: its technician is done with it.
    pub(super) fn switched_off(&mut self, device: &str) {
        self.screen_dark(device);
        if let Some(seat) = self.seats.get_mut(device) {
            seat.technician = None;
        }
    }

    /// Everybody keeps their hands off, or takes up again what the screens ask for.
    pub(super) fn take_part(&mut self, queue: &mut Queue, now: VirtualTime, part: bool) {
        for (device, seat) in &mut self.seats {
            seat.away = !part;
            seat.number += 1;
            if part {
                seat.ask(queue, now, device);
            }
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
        seat.question = question;
        seat.ask(queue, now, device);
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

impl Seat {
    const fn empty() -> Self {
        Self { technician: None, person: None, away: false, screen: None, question: None, number: 0 }
    }

    /// Who sits there now.
    fn sitting(&self) -> Option<&Person> {
        self.technician.as_ref().or(self.person.as_ref()).filter(|_| !self.away)
    }

    /// The question that is up gets its answer, after some thought.
    fn ask(&mut self, queue: &mut Queue, now: VirtualTime, device: &str) {
        let (away, number) = (self.away || self.question.is_none(), self.number);
        let person = self.technician.as_mut().or(self.person.as_mut()).filter(|_| !away);
        let (Some(person), Some(screen)) = (person, &self.screen) else { return };
        let mut at = now + person.think();
        for (wait, acts) in person.answer(screen) {
            at = at + wait;
            let (name, device) = (person.name.clone(), device.to_owned());
            queue.push(at, Due::Person { person: name, device, screen: number, acts });
        }
    }
}

impl Person {
    fn new(seed: u64, scenario: &Scenario, name: &str, spec: &PersonSpec) -> Self {
        let right = scenario.user(&spec.user).map(|(_, user)| user.password.clone());
        let passwords =
            if spec.passwords.is_empty() { right.into_iter().collect() } else { spec.passwords.clone() };
        Self {
            name: name.to_owned(),
            user: spec.user.clone(),
            passwords,
            typed: 0,
            technician: spec.technician,
            think: spec.think.0,
            // Whoever knows several passwords tries them all.
            tries: spec.tries.max(u32::try_from(spec.passwords.len()).unwrap_or(u32::MAX)),
            at: spec.at.clone(),
            stream: Stream::new(seed, &["person", name]),
        }
    }

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
        if self.technician && screen.keys.iter().any(|key| key == WINDOWS_KEY_FIVE_TIMES) {
            return vec![windows_key(); 5];
        }
        let mut acts: Vec<Act> = Vec::new();
        let tiles = [technician::PRE_PROVISION, technician::PROVISIONING];
        let tile = screen.choices.iter().find(|c| self.technician && tiles.contains(&c.label.as_str()));
        acts.extend(tile.map(|tile| Act::Press { button: tile.label.clone() }));
        for field in &screen.fields {
            let text = if field.secret { self.password() } else { self.user.clone() };
            if field.value != text {
                acts.push(Act::Fill { field: field.name.clone(), text });
            }
        }
        let enabled = |label: &str| screen.buttons.iter().any(|b| b.enabled && b.label == label);
        let button = ["Try again", "Continue anyway", technician::RETRY]
            .into_iter()
            .find(|l| enabled(l))
            .map(str::to_owned);
        let last = || {
            let harmful = ["Reset device", "Collect logs", technician::RESET, technician::VIEW_DIAGNOSTICS];
            let harmless = |label: &str| !harmful.contains(&label);
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

/// One stroke of the Windows key.
fn windows_key() -> Act {
    Act::Key { key: WINDOWS_KEY.to_owned() }
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
            Step::Press(button) => vec![Act::Press { button: button.clone() }],
            Step::Key(key) if key == WINDOWS_KEY_FIVE_TIMES => vec![windows_key(); 5],
            Step::Key(key) => vec![Act::Key { key: key.clone() }],
            Step::Command(line) => vec![Act::Command { line: line.clone() }],
            Step::WindowsKey(times) => vec![windows_key(); usize::try_from(*times).unwrap_or(0)],
            Step::Fill { field, text } => vec![Act::Fill { field: field.clone(), text: text.clone() }],
        };
        if let Some((_, acts)) = batches.last_mut() {
            acts.extend(act);
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Fixtures, parse};
    use oobe_agent::screen::technician::{self as pages, Deployment};
    use oobe_agent::screen::{Button, Field};

    const SCENARIO: &str = r#"
        oobe = 1
        title = "A technician, then a user"
        [tenant.contoso]
        preset = "contoso"
        [device.pc]
        preset = "laptop"
        registered = { tenant = "contoso", profile = "standard" }
        [person.tina]
        technician = true
        [person.alice]
        user = "alice@contoso.test"
    "#;

    fn people() -> (People, Queue) {
        let scenario = parse("test", "test.toml", SCENARIO, &Fixtures::built_in(), &[]).expect("it is sound");
        (People::new(1, &scenario, false), Queue::default())
    }

    /// Who does what about a screen.
    fn about(people: &mut People, queue: &mut Queue, screen: &Screen) -> (String, Vec<Act>) {
        people.screen_shown(queue, VirtualTime::ZERO, "pc", screen);
        match queue.pop() {
            Some((_, Due::Person { person, acts, .. })) => (person, acts),
            other => panic!("nobody does anything: {other:?}"),
        }
    }

    fn sign_in() -> Screen {
        let mut screen = Screen::new("entra.signin", "Welcome");
        screen.fields.push(Field {
            name: "username".into(),
            label: "Email".into(),
            value: String::new(),
            secret: false,
        });
        screen.buttons.push(Button::new("Sign in"));
        screen.keys.push(WINDOWS_KEY_FIVE_TIMES.into());
        screen
    }

    fn press(button: &str) -> Act {
        Act::Press { button: button.into() }
    }

    #[test]
    fn a_technician_prepares_the_device_and_its_user_takes_it_from_there() {
        let (mut people, mut queue) = people();
        let deployment = Deployment::default();
        let tina = |acts: &[Act]| ("tina".to_owned(), acts.to_vec());
        let mut about = |people: &mut People, screen: &Screen| about(people, &mut queue, screen);

        assert_eq!(
            about(&mut people, &sign_in()),
            tina(&[windows_key(), windows_key(), windows_key(), windows_key(), windows_key()])
        );
        let options = pages::options(true, None);
        assert_eq!(about(&mut people, &options), tina(&[press(pages::PRE_PROVISION), press("Next")]));
        let info = pages::information(false, &deployment, None, false);
        assert_eq!(about(&mut people, &info), tina(&[press(pages::PROVISION)]));
        let red = pages::failure(true, &deployment, "no", Span::ZERO);
        assert_eq!(about(&mut people, &red), tina(&[press(pages::RETRY)]));
        let green = pages::success(true, &deployment, Span::ZERO);
        assert_eq!(about(&mut people, &green), tina(&[press(pages::RESEAL)]));

        people.switched_off("pc");
        let (who, acts) = about(&mut people, &sign_in());
        assert_eq!((who.as_str(), acts.len()), ("alice", 2), "{acts:?}");
    }

    #[test]
    fn whoever_is_away_does_nothing_and_begins_anew_once_back() {
        let (mut people, mut queue) = people();
        people.take_part(&mut queue, VirtualTime::ZERO, false);
        people.screen_shown(&mut queue, VirtualTime::ZERO, "pc", &sign_in());
        assert!(queue.pop().is_none());
        assert_eq!(people.name_at("pc"), None);
        people.take_part(&mut queue, VirtualTime::ZERO, true);
        assert!(queue.holds_person("pc"));
    }
}
