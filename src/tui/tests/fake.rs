//! A device that plays a short user-driven deployment from a list: something to press keys at.

use std::collections::VecDeque;

use oobe_agent::io::{Act, Note, Slot, Timer};
use oobe_agent::screen::Screen;
use oobe_agent::time::{Span, VirtualTime};

use super::screens::{self, Tape};
use crate::trace::record::{Record, TraceHeader, What};
use crate::tui::source::Source;
use crate::world::{Ending, Sink};

/// One scene: after so many milliseconds, this happens.
#[derive(Clone)]
pub(crate) struct Scene {
    after: u64,
    what: Vec<What>,
    /// Goes on only once this button was pressed.
    until: Option<&'static str>,
}

/// The device.
pub(crate) struct Fake {
    header: TraceHeader,
    tape: Tape,
    scenes: VecDeque<Scene>,
    waits: Option<&'static str>,
    ending: Option<Ending>,
    /// What was done to it.
    pub(crate) acts: Vec<Act>,
}

fn show(screen: Screen) -> What {
    What::Screen { screen: Box::new(screen) }
}

fn scene(after: u64, what: Vec<What>) -> Scene {
    Scene { after, what, until: None }
}

fn asks(after: u64, screen: Screen, button: &'static str) -> Scene {
    Scene { after, what: vec![show(screen)], until: Some(button) }
}

/// From power-on to the desktop.
pub(crate) fn user_driven() -> Vec<Scene> {
    let boot = || vec![screens::timer(Timer::Boot, 25, "Windows to start")];
    let mut power_on = vec![What::PowerOn];
    power_on.extend(boot());
    let mut restart = vec![What::Restart { why: "a policy needs a restart".into() }];
    restart.extend(boot());
    vec![
        scene(0, power_on),
        asks(25_000, screens::region(), "Yes"),
        asks(0, screens::keyboard(), "Yes"),
        asks(0, screens::second_keyboard(), "Skip"),
        scene(
            0,
            vec![
                show(screens::checking("Just a moment...")),
                screens::request(
                    Slot::Profile,
                    "https://ztd.dds.microsoft.com/x",
                    "asking for the Autopilot profile",
                ),
            ],
        ),
        scene(
            3_000,
            vec![
                screens::reply(Slot::Profile),
                screens::event("autopilot", 161, "AutopilotManager retrieved settings for the device."),
                screens::decided("EVT-005", "the profile manager's state changes"),
                show(screens::checking("Checking for updates")),
                screens::timer(Timer::Updates, 120, "critical updates to be looked for"),
            ],
        ),
        asks(120_000, screens::sign_in(), "Sign in"),
        asks(0, screens::password(), "Sign in"),
        scene(0, vec![show(screens::checking("Signing in..."))]),
        asks(2_000, screens::wrong_password(), "Sign in"),
        scene(0, vec![show(screens::checking("Signing in..."))]),
        scene(
            2_000,
            vec![
                screens::decided("USR-013", "the profile applies only to its own tenant"),
                show(screens::checking("Joining your organization's network")),
            ],
        ),
        scene(8_000, vec![show(screens::device_preparation())]),
        scene(
            60_000,
            vec![
                show(screens::device_setup()),
                screens::timer(Timer::EspLimit, 3_600, "the page's time limit"),
            ],
        ),
        scene(200_000, restart),
        asks(30_000, screens::sign_on(), "Sign in"),
        scene(5_000, vec![show(screens::account_setup())]),
        scene(
            90_000,
            vec![show(screens::desktop()), What::Note { note: Note::Ended { outcome: "desktop".into() } }],
        ),
    ]
}

impl Fake {
    pub(crate) fn new(scenes: Vec<Scene>) -> Self {
        Self {
            header: screens::header(),
            tape: Tape::default(),
            scenes: scenes.into(),
            waits: None,
            ending: None,
            acts: Vec::new(),
        }
    }
}

impl Source for Fake {
    fn header(&self) -> &TraceHeader {
        &self.header
    }

    fn now(&self) -> VirtualTime {
        VirtualTime(self.tape.t)
    }

    fn next_due(&self) -> Option<VirtualTime> {
        let free = self.waits.is_none() && self.ending.is_none();
        self.scenes.front().filter(|_| free).map(|s| VirtualTime(self.tape.t + s.after))
    }

    fn ending(&self) -> Option<Ending> {
        self.ending.clone()
    }

    fn step(&mut self, sink: &mut Sink<'_>) {
        if self.ending.is_some() {
            return;
        }
        if let Some(scene) = self.scenes.pop_front().filter(|_| self.waits.is_none()) {
            self.tape.after(scene.after);
            for what in scene.what {
                sink(&self.tape.device(what));
            }
            self.waits = scene.until;
        }
        if self.scenes.is_empty() {
            let (outcome, detail) = ("desktop", "every device reached: desktop");
            sink(&self.tape.of("world", What::End { outcome: outcome.into(), detail: detail.into() }));
            self.ending = Some(Ending { outcome: outcome.into(), detail: detail.into() });
        }
    }

    fn act(&mut self, _device: &str, act: Act, sink: &mut Sink<'_>) {
        let shown = match &act {
            Act::Fill { field, .. } if field == "password" => {
                Act::Fill { field: field.clone(), text: "***".into() }
            }
            act => act.clone(),
        };
        sink(&self.tape.device(What::Act { person: "you".into(), act: shown }));
        if matches!(&act, Act::Press { button } if Some(button.as_str()) == self.waits) {
            self.waits = None;
        }
        self.acts.push(act);
    }

    fn cut_power(&mut self, _device: &str, back: Span, sink: &mut Sink<'_>) {
        sink(&self.tape.device(What::PowerLost));
        self.waits = None;
        self.scenes.push_front(scene(back.0, vec![What::PowerOn]));
    }

    fn elapse(&mut self, to: VirtualTime) {
        self.tape.t = self.tape.t.max(to.0);
    }

    fn press_power(&mut self, _device: &str, sink: &mut Sink<'_>) {
        sink(&self.tape.device(What::PowerOn));
    }

    fn people_act(&mut self, _act: bool) {}

    fn is_live(&self) -> bool {
        true
    }
}

/// The records of a list of scenes, all buttons pressed.
pub(crate) fn records(scenes: Vec<Scene>) -> Vec<Record> {
    let mut fake = Fake::new(scenes);
    let mut all = Vec::new();
    while fake.ending.is_none() {
        fake.waits = None;
        fake.step(&mut |record| all.push(record.clone()));
    }
    all
}
