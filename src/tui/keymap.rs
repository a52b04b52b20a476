//! Every key, in one table: the loop looks keys up in it, the foot of the frame and the help page are made from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    /// Help page.
    Help,
    /// Hold virtual time, or let it go on.
    Pause,
    /// Let one event happen.
    Step,
    /// Slower.
    Slower,
    /// Faster.
    Faster,
    /// The story so far.
    Timeline,
    /// Cut the power, or switch a device on that is off.
    Power,
    /// Open a command prompt.
    Prompt,
    /// Fill in the answers that the scenario knows.
    Fill,
    /// One stroke of the Windows key.
    WindowsKey,
    /// Take the device out of the scenario's people's hands, or give it back.
    Hands,
    /// Another device.
    Device,
    /// Leave.
    Quit,
    /// Next field, list, phase or button.
    Next,
    /// The one before.
    Previous,
    /// Up in a list.
    Up,
    /// Down in a list.
    Down,
    /// Press what has the focus, or the default button.
    Press,
    /// Show or hide the rows of a phase.
    Expand,
}

/// A key and what it does.
#[derive(Debug)]
pub(super) struct Binding {
    /// What it does.
    pub(super) action: Action,
    /// Keys that work everywhere.
    pub(super) always: &'static [Chord],
    /// Keys that work while nobody types into a field.
    pub(super) free: &'static [Chord],
    /// Two or three words for the foot of the frame; empty when it is not listed there.
    pub(super) short: &'static str,
    /// A line for the help page; neighbours with the same line share it.
    pub(super) long: &'static str,
}

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chord(KeyCode, KeyModifiers);

const fn key(code: KeyCode) -> Chord {
    Chord(code, KeyModifiers::NONE)
}

const fn letter(c: char) -> Chord {
    key(KeyCode::Char(c))
}

/// The table. Its order is that of the foot of the frame.
pub(super) static KEYMAP: &[Binding] = &[
    Binding {
        action: Action::Help,
        always: &[key(KeyCode::F(1))],
        free: &[letter('?')],
        short: "help",
        long: "this page",
    },
    Binding {
        action: Action::Fill,
        always: &[key(KeyCode::F(9))],
        free: &[],
        short: "fill",
        long: "fill in the answers that the scenario knows",
    },
    Binding {
        action: Action::Hands,
        always: &[key(KeyCode::F(12))],
        free: &[letter('h')],
        short: "take over",
        long: "take over from the people of the scenario, or let them go on",
    },
    Binding {
        action: Action::WindowsKey,
        always: &[key(KeyCode::F(10))],
        free: &[letter('w')],
        short: "Win key",
        long: "the Windows key: five times opens the Windows Autopilot options",
    },
    Binding {
        action: Action::Pause,
        always: &[key(KeyCode::F(5))],
        free: &[letter(' ')],
        short: "pause",
        long: "hold virtual time, or let it go on",
    },
    Binding {
        action: Action::Step,
        always: &[key(KeyCode::F(6))],
        free: &[letter('n')],
        short: "step",
        long: "hold virtual time and let the next thing happen",
    },
    Binding {
        action: Action::Slower,
        always: &[key(KeyCode::F(3))],
        free: &[letter('-')],
        short: "speed",
        long: "slower, faster; beyond 3600x as fast as it goes",
    },
    Binding {
        action: Action::Faster,
        always: &[key(KeyCode::F(4))],
        free: &[letter('+'), letter('=')],
        short: "speed",
        long: "slower, faster; beyond 3600x as fast as it goes",
    },
    Binding {
        action: Action::Timeline,
        always: &[key(KeyCode::F(2))],
        free: &[letter('t')],
        short: "story",
        long: "what happened so far, line by line",
    },
    Binding {
        action: Action::Power,
        always: &[key(KeyCode::F(8))],
        free: &[letter('p')],
        short: "power",
        long: "cut the power, after a question; or switch it on",
    },
    Binding {
        action: Action::Prompt,
        always: &[Chord(KeyCode::F(10), KeyModifiers::SHIFT)],
        free: &[letter(':')],
        short: "",
        long: "a command prompt on the device",
    },
    Binding {
        action: Action::Device,
        always: &[key(KeyCode::F(7))],
        free: &[letter('d')],
        short: "device",
        long: "look at the next device",
    },
    Binding {
        action: Action::Quit,
        always: &[Chord(KeyCode::Char('c'), KeyModifiers::CONTROL)],
        free: &[letter('q')],
        short: "quit",
        long: "leave",
    },
    Binding {
        action: Action::Next,
        always: &[key(KeyCode::Tab)],
        free: &[key(KeyCode::Right)],
        short: "",
        long: "to the next or previous field, list or button",
    },
    Binding {
        action: Action::Previous,
        always: &[key(KeyCode::BackTab), Chord(KeyCode::Tab, KeyModifiers::SHIFT)],
        free: &[key(KeyCode::Left)],
        short: "",
        long: "to the next or previous field, list or button",
    },
    Binding {
        action: Action::Up,
        always: &[key(KeyCode::Up)],
        free: &[letter('k')],
        short: "",
        long: "up and down in a list; from place to place elsewhere",
    },
    Binding {
        action: Action::Down,
        always: &[key(KeyCode::Down)],
        free: &[letter('j')],
        short: "",
        long: "up and down in a list; from place to place elsewhere",
    },
    Binding {
        action: Action::Press,
        always: &[key(KeyCode::Enter)],
        free: &[],
        short: "",
        long: "press the button in focus, or the default one",
    },
    Binding {
        action: Action::Expand,
        always: &[],
        free: &[letter('e')],
        short: "",
        long: "show or hide the rows of a phase (Enter does too)",
    },
];

/// What a key does. `typing`: somebody types into a field, letters belong there.
pub(super) fn look_up(event: KeyEvent, typing: bool) -> Option<Action> {
    let chord = normal(event);
    let found = KEYMAP.iter().find(|b| b.always.contains(&chord) || (!typing && b.free.contains(&chord)));
    found.map(|b| b.action)
}

/// The key to name for an action in this situation, in few columns.
pub(super) fn name(action: Action, typing: bool) -> String {
    let Some(binding) = KEYMAP.iter().find(|b| b.action == action) else { return String::new() };
    let chord = if typing { binding.always.first() } else { binding.free.first().or(binding.always.first()) };
    chord.map(|c| chord_name(*c).replace("Ctrl+", "^")).unwrap_or_default()
}

impl Binding {
    /// All its keys by name, for the help page.
    pub(super) fn names(&self) -> String {
        let all: Vec<String> = self.always.iter().chain(self.free).map(|c| chord_name(*c)).collect();
        let mut seen = Vec::new();
        for name in all {
            if !seen.contains(&name) {
                seen.push(name);
            }
        }
        seen.join(", ")
    }
}

/// The name of a key as screens list it: `Shift+F10`, `Esc`, `Ctrl+Shift+D`.
pub(super) fn event_name(event: KeyEvent) -> String {
    chord_name(Chord(event.code, event.modifiers))
}

/// Terminals differ in whether Shift is told with a character that needs it.
fn normal(event: KeyEvent) -> Chord {
    let mut modifiers = event.modifiers;
    if matches!(event.code, KeyCode::Char(_) | KeyCode::BackTab) {
        modifiers.remove(KeyModifiers::SHIFT);
    }
    Chord(event.code, modifiers)
}

fn chord_name(Chord(code, modifiers): Chord) -> String {
    let mut name = String::new();
    for (modifier, word) in
        [(KeyModifiers::CONTROL, "Ctrl+"), (KeyModifiers::ALT, "Alt+"), (KeyModifiers::SHIFT, "Shift+")]
    {
        if modifiers.contains(modifier) {
            name.push_str(word);
        }
    }
    match code {
        KeyCode::Char(' ') => name.push_str("Space"),
        KeyCode::Char(c) if modifiers.is_empty() => name.push(c),
        KeyCode::Char(c) => name.extend(c.to_uppercase()),
        KeyCode::BackTab => name.push_str("Shift+Tab"),
        KeyCode::Up => name.push('↑'),
        KeyCode::Down => name.push('↓'),
        KeyCode::Left => name.push('←'),
        KeyCode::Right => name.push('→'),
        KeyCode::Esc => name.push_str("Esc"),
        other => name.push_str(&other.to_string()),
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn letters_belong_to_the_field() {
        let q = press(KeyCode::Char('q'), KeyModifiers::NONE);
        assert_eq!(look_up(q, false), Some(Action::Quit));
        assert_eq!(look_up(q, true), None);
        assert_eq!(look_up(press(KeyCode::F(5), KeyModifiers::NONE), true), Some(Action::Pause));
        assert_eq!(look_up(press(KeyCode::Char('c'), KeyModifiers::CONTROL), true), Some(Action::Quit));
    }

    #[test]
    fn shift_makes_no_difference_to_a_sign() {
        assert_eq!(look_up(press(KeyCode::Char('?'), KeyModifiers::SHIFT), false), Some(Action::Help));
        assert_eq!(look_up(press(KeyCode::Char('+'), KeyModifiers::NONE), false), Some(Action::Faster));
        assert_eq!(look_up(press(KeyCode::BackTab, KeyModifiers::SHIFT), true), Some(Action::Previous));
    }

    #[test]
    fn no_key_means_two_things() {
        let mut seen: Vec<Chord> = Vec::new();
        for chord in KEYMAP.iter().flat_map(|b| b.always.iter().chain(b.free)) {
            assert!(!seen.contains(chord), "{chord:?} is bound twice");
            seen.push(*chord);
        }
    }

    #[test]
    fn keys_have_the_names_that_screens_use() {
        assert_eq!(event_name(press(KeyCode::F(10), KeyModifiers::SHIFT)), "Shift+F10");
        assert_eq!(event_name(press(KeyCode::Esc, KeyModifiers::NONE)), "Esc");
        let export = press(KeyCode::Char('d'), KeyModifiers::CONTROL | KeyModifiers::SHIFT);
        assert_eq!(event_name(export), "Ctrl+Shift+D");
        assert_eq!(name(Action::Pause, false), "Space");
        assert_eq!(name(Action::Pause, true), "F5");
        assert_eq!(name(Action::Quit, true), "^C");
    }
}
