//! State of the program in the terminal: what the trace told, what the person typed, which overlay is open. Keys go
//! in, commands for the loop come out; nothing here knows a terminal or a wall clock.

use std::collections::BTreeMap;

use crossterm::event::KeyEvent;
use oobe_agent::io::Act;
use oobe_agent::prompt;
use oobe_agent::screen::{Screen, WINDOWS_KEY, WINDOWS_KEY_FIVE_TIMES};
use oobe_agent::time::VirtualTime;
use oobe_wire::time::Utc;

use super::entry::Entry;
use super::form::Form;
use super::keymap::{self, Action};
use super::model::{Change, Model, Power, Station};
use crate::trace::record::{Record, TraceHeader};
use crate::world::Speed;

/// What lies over the device's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overlay {
    /// Keys, and what helps here.
    Help,
    /// The story; so many lines back from its end.
    Timeline(usize),
    /// Shall the power go?
    ConfirmPower,
    /// The command prompt.
    Prompt,
}

/// What the loop is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Quit,
    Pause,
    Step,
    Slower,
    Faster,
    Act(String, Vec<Act>),
    /// The person at the terminal acts from now on, or no longer does.
    Hands(bool),
    CutPower(String),
    /// The power button of a device that is off.
    PressPower(String),
}

/// Answers that the scenario knows, for tests and demonstrations only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Hint {
    pub(super) user: String,
    pub(super) password: String,
}

/// Who sits at a device, as the scenario has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seats {
    /// Who prepares it, until it is resealed.
    pub(super) technician: Option<String>,
    /// Whose device it is then.
    pub(super) user: Option<String>,
}

/// How time goes by, as it is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tempo {
    /// Virtual time now.
    pub(super) t: VirtualTime,
    /// Speed that was asked for.
    pub(super) speed: Speed,
    /// Time stands still.
    pub(super) paused: bool,
    /// Every device is off, and nothing happens until then.
    pub(super) quiet: Option<VirtualTime>,
    /// How far everything that turns got while virtual time stood still.
    pub(super) turns: u32,
}

/// The state.
#[derive(Debug, Clone)]
pub(super) struct App {
    pub(super) scenario: String,
    /// What the scenario says it is; empty when nobody knows.
    pub(super) title: String,
    /// What to do next, once the run is over; empty when there is nothing to say.
    pub(super) afterwards: String,
    pub(super) epoch: Option<Utc>,
    pub(super) model: Model,
    pub(super) form: Form,
    pub(super) overlay: Option<Overlay>,
    pub(super) tempo: Tempo,
    /// What is typed at the command prompt.
    pub(super) prompt: Entry,
    /// What was typed there and is no command.
    pub(super) unknown: Option<String>,
    /// Hints by device.
    pub(super) hints: BTreeMap<String, Hint>,
    /// Who sits where, by device.
    pub(super) seats: BTreeMap<String, Seats>,
    /// A line for the person, until the next key.
    pub(super) notice: Option<String>,
    /// Whoever watches may take over.
    pub(super) may_take_over: bool,
    /// The person at the terminal acts (otherwise they watch).
    interactive: bool,
    /// Keys that change the world mean something.
    live: bool,
    /// The device that is looked at.
    device: usize,
    /// Strokes of the Windows key on the screen that is up.
    strokes: u8,
}

impl App {
    pub(super) fn new(header: &TraceHeader, live: bool, interactive: bool, speed: Speed) -> Self {
        Self {
            scenario: header.scenario.clone(),
            title: String::new(),
            afterwards: String::new(),
            epoch: Utc::parse_rfc3339(&header.epoch).ok(),
            model: Model::default(),
            form: Form::default(),
            overlay: None,
            tempo: Tempo { t: VirtualTime::ZERO, speed, paused: false, quiet: None, turns: 0 },
            prompt: Entry::default(),
            unknown: None,
            hints: BTreeMap::new(),
            seats: BTreeMap::new(),
            notice: None,
            may_take_over: false,
            interactive: interactive && live,
            live,
            device: 0,
            strokes: 0,
        }
    }

    /// Takes in a record.
    pub(super) fn apply(&mut self, record: &Record) -> Change {
        let change = self.model.apply(record);
        self.follow();
        if change == Change::Scene {
            self.strokes = 0;
        }
        // What happens on a device that nobody looks at needs no frame of its own.
        let looked_at = self.station().is_none_or(|s| s.name == *record.who) || *record.who == *"world";
        if looked_at { change } else { Change::Little }
    }

    /// The device that is looked at.
    pub(super) fn station(&self) -> Option<&Station> {
        self.model.stations.get(self.device).or(self.model.stations.first())
    }

    /// Its screen.
    pub(super) fn screen(&self) -> Option<&Screen> {
        self.station()?.screen.as_ref()
    }

    /// Whether the person at the terminal acts, now.
    pub(super) fn hands(&self) -> bool {
        self.interactive && self.model.end.is_none()
    }

    /// Whether the person at the terminal acts unless the run is over.
    pub(super) fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Whether any device asks the person at the terminal something.
    pub(super) fn your_turn(&self) -> bool {
        self.asking().is_some()
    }

    /// A device that asks something: the one that is looked at, if it does.
    pub(super) fn asking(&self) -> Option<&Station> {
        let mut stations = self.station().into_iter().chain(&self.model.stations);
        stations.find(|s| s.asks()).filter(|_| self.hands())
    }

    /// Who sits at a device now, by the scenario; else whoever acted last.
    pub(super) fn sitting<'a>(&'a self, station: &'a Station) -> Option<&'a str> {
        let seats = self.seats.get(&station.name);
        let technician = seats.and_then(|s| s.technician.as_deref()).filter(|_| !station.handed_over);
        technician.or(seats.and_then(|s| s.user.as_deref())).or(station.person.as_deref())
    }

    /// Whether the device that is looked at is its technician's now.
    pub(super) fn is_technicians(&self, station: &Station) -> bool {
        !station.handed_over && self.seats.get(&station.name).is_some_and(|s| s.technician.is_some())
    }

    /// Whether the person at the terminal may press the power button of the device that is looked at.
    pub(super) fn can_switch_on(&self) -> bool {
        self.hands() && self.live && self.station().is_some_and(Station::is_off)
    }

    /// Whether letters go to a field.
    pub(super) fn is_typing(&self) -> bool {
        if self.overlay == Some(Overlay::Prompt) {
            return true;
        }
        self.overlay.is_none() && self.hands() && self.form.is_typing()
    }

    /// What the scenario knows of the answers here.
    pub(super) fn hint(&self) -> Option<&Hint> {
        let hint = self.hints.get(&self.station()?.name)?;
        self.interactive.then_some(hint)
    }

    /// Whether an action means anything here: what does not is not offered.
    pub(super) fn offers(&self, action: Action) -> bool {
        match action {
            Action::Fill => {
                self.hint().is_some() && self.hands() && self.screen().is_some_and(|s| !s.fields.is_empty())
            }
            Action::WindowsKey => {
                self.hands()
                    && self.screen().is_some_and(|s| s.keys.iter().any(|k| k == WINDOWS_KEY_FIVE_TIMES))
            }
            Action::Hands => self.may_take_over && self.model.end.is_none(),
            Action::Device => self.model.stations.len() > 1,
            Action::Power => self.live && self.model.end.is_none(),
            Action::Prompt => {
                self.hands() && self.live && self.screen().is_some_and(|s| prompt::opens_on(&s.id))
            }
            Action::Pause | Action::Step | Action::Slower | Action::Faster => self.model.end.is_none(),
            _ => true,
        }
    }

    /// Takes a key.
    pub(super) fn key(&mut self, event: KeyEvent) -> Option<Command> {
        self.notice = None;
        let action = keymap::look_up(event, self.is_typing()).filter(|a| self.offers(*a));
        if let Some(overlay) = self.overlay {
            return self.overlay_key(overlay, event, action);
        }
        if let Some(key) = self.screen_key(event) {
            let device = self.station()?.name.clone();
            return Some(Command::Act(device, vec![Act::Key { key }]));
        }
        if let Some(action) = action {
            return self.action(action);
        }
        if self.is_typing()
            && let Some(entry) = self.form.typing()
        {
            entry.key(event);
        }
        None
    }

    /// Takes text from the clipboard.
    pub(super) fn paste(&mut self, text: &str) {
        if self.overlay == Some(Overlay::Prompt) {
            self.prompt.insert(text);
        } else if self.is_typing()
            && let Some(entry) = self.form.typing()
        {
            entry.insert(text);
        }
    }

    /// A key combination that the device's screen lists.
    fn screen_key(&self, event: KeyEvent) -> Option<String> {
        let name = keymap::event_name(event);
        let screen = self.screen().filter(|_| self.hands())?;
        // Most terminals can't tell Ctrl+Shift+D from Ctrl+D.
        let told = |key: &str| key == name || key.replace("Ctrl+Shift+", "Ctrl+") == name;
        screen.keys.iter().find(|key| told(key)).cloned()
    }

    fn overlay_key(&mut self, overlay: Overlay, event: KeyEvent, action: Option<Action>) -> Option<Command> {
        use crossterm::event::KeyCode;

        if keymap::look_up(event, true) == Some(Action::Quit) {
            return Some(Command::Quit);
        }
        if overlay == Overlay::Prompt {
            return self.prompt_key(event);
        }
        if overlay == Overlay::ConfirmPower {
            self.overlay = None;
            let yes = matches!(event.code, KeyCode::Char('y' | 'Y'));
            let device = self.station()?.name.clone();
            return yes.then_some(Command::CutPower(device));
        }
        let page = |by: isize| match overlay {
            Overlay::Timeline(back) => Overlay::Timeline(back.saturating_add_signed(by)),
            other => other,
        };
        match (event.code, action) {
            (KeyCode::PageUp, _) => self.overlay = Some(page(10)),
            (KeyCode::PageDown, _) => self.overlay = Some(page(-10)),
            (KeyCode::Home, _) => self.overlay = Some(page(isize::MAX)),
            (KeyCode::End, _) => self.overlay = Some(page(isize::MIN)),
            (_, Some(Action::Up)) => self.overlay = Some(page(1)),
            (_, Some(Action::Down)) => self.overlay = Some(page(-1)),
            (KeyCode::Esc | KeyCode::Enter, _) | (_, Some(Action::Quit)) => self.overlay = None,
            (_, Some(Action::Help)) if overlay == Overlay::Help => self.overlay = None,
            (_, Some(Action::Timeline)) if overlay != Overlay::Help => self.overlay = None,
            (_, Some(action @ (Action::Help | Action::Timeline))) => return self.action(action),
            (_, Some(action @ (Action::Pause | Action::Step | Action::Slower | Action::Faster))) => {
                return self.action(action);
            }
            _ => {}
        }
        if let Some(Overlay::Timeline(back)) = &mut self.overlay {
            *back = (*back).min(self.model.story.len());
        }
        None
    }

    /// A key at the command prompt.
    fn prompt_key(&mut self, event: KeyEvent) -> Option<Command> {
        use crossterm::event::KeyCode;

        match event.code {
            KeyCode::Esc => self.overlay = None,
            KeyCode::Enter => {
                let line = std::mem::take(&mut self.prompt).text().trim().to_owned();
                let known = prompt::COMMANDS.contains(&prompt::normal(&line).as_str());
                if !line.is_empty() && !known {
                    // It stays open, as cmd.exe does.
                    self.unknown = Some(line);
                    return None;
                }
                self.overlay = None;
                let device = self.station()?.name.clone();
                return known.then(|| Command::Act(device, vec![Act::Command { line }]));
            }
            _ => {
                self.unknown = None;
                self.prompt.key(event);
            }
        }
        None
    }

    fn action(&mut self, action: Action) -> Option<Command> {
        match action {
            Action::Help => self.overlay = Some(Overlay::Help),
            Action::Timeline => self.overlay = Some(Overlay::Timeline(0)),
            Action::Power => match self.station().map(|s| &s.power) {
                Some(Power::Off(_)) if self.can_switch_on() => {
                    return Some(Command::PressPower(self.station()?.name.clone()));
                }
                Some(Power::Off(_)) | None => self.notice = Some("the device is off already".into()),
                Some(_) => self.overlay = Some(Overlay::ConfirmPower),
            },
            Action::Prompt => {
                (self.prompt, self.unknown) = (Entry::default(), None);
                self.overlay = Some(Overlay::Prompt);
            }
            Action::Device => {
                self.device = (self.device + 1) % self.model.stations.len().max(1);
                self.form = Form::default();
                self.follow();
            }
            Action::Fill => self.fill(),
            Action::WindowsKey => {
                let device = self.station()?.name.clone();
                self.strokes = self.strokes % 5 + 1;
                self.notice = match self.strokes {
                    1 => Some("the Windows key, once: five times opens the options".into()),
                    // The page that comes up says enough.
                    5 => None,
                    n => Some(format!("the Windows key, {n} times: five times opens the options")),
                };
                return Some(Command::Act(device, vec![Act::Key { key: WINDOWS_KEY.into() }]));
            }
            Action::Hands => {
                self.interactive = !self.interactive;
                self.form = Form::default();
                self.follow();
                self.notice = Some(
                    if self.interactive {
                        "it is yours now: act, or give it back with the same key"
                    } else {
                        "the people of the scenario go on"
                    }
                    .into(),
                );
                return Some(Command::Hands(self.interactive));
            }
            Action::Quit => return Some(Command::Quit),
            Action::Pause => return Some(Command::Pause),
            Action::Step => return Some(Command::Step),
            Action::Slower => return Some(Command::Slower),
            Action::Faster => return Some(Command::Faster),
            Action::Next | Action::Previous | Action::Up | Action::Down | Action::Press | Action::Expand => {
                return self.hand(action);
            }
        }
        None
    }

    /// What the hands do on the screen.
    fn hand(&mut self, action: Action) -> Option<Command> {
        let station = self.model.stations.get(self.device)?;
        let screen = station.screen.as_ref()?;
        match action {
            Action::Next => self.form.walk(screen, true),
            Action::Previous => self.form.walk(screen, false),
            Action::Up => self.form.up_down(screen, false),
            Action::Down => self.form.up_down(screen, true),
            Action::Expand => self.form.expand(screen),
            _ => {
                let acts = self.form.press(screen);
                return (!acts.is_empty()).then(|| Command::Act(station.name.clone(), acts));
            }
        }
        None
    }

    /// Fills in what the scenario knows.
    fn fill(&mut self) {
        let (Some(hint), Some(screen)) = (self.hint().cloned(), self.screen().cloned()) else { return };
        for (at, field) in screen.fields.iter().enumerate() {
            self.form.fill(at, if field.secret { &hint.password } else { &hint.user });
        }
    }

    fn follow(&mut self) {
        let hands = self.hands();
        let station = self.model.stations.get(self.device).or(self.model.stations.first());
        self.form.follow(station.and_then(|s| s.screen.as_ref()), hands);
    }
}
