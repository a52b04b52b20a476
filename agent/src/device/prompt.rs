//! The command prompt that Shift+F10 opens on any page of OOBE, and the few commands that mean something here.

use oobe_catalog::rules;

use super::{Device, Tray};
use crate::cx::Answer;
use crate::dialogue::clock::{self, Resync};
use crate::io::{Effect, Note};
use crate::time::VirtualTime;

/// Restarts the device at once.
pub const SHUTDOWN: &str = "shutdown /r /t 0";
/// What can be typed.
pub const COMMANDS: [&str; 2] = [clock::COMMAND, SHUTDOWN];

/// Whether the prompt opens on a screen: on pages of OOBE, not at the sign-on screen of Windows and behind it
/// (reference: screens, `cmd.window` and the keys of `winlogon.signin`).
pub fn opens_on(screen: &str) -> bool {
    !matches!(screen, "winlogon.signin" | "desktop")
}

/// A line as the prompt takes it: spaces are the shell's, and Windows does not look at the case.
pub fn normal(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

impl Device {
    /// Somebody typed a line at the prompt.
    pub(super) fn command(&mut self, now: VirtualTime, tray: &mut Tray, line: &str) {
        let typed = normal(line);
        if !self.memory.screen.as_ref().is_some_and(|screen| opens_on(&screen.id)) {
            return remark(tray, format!("Shift+F10 opens no prompt here: {line:?} goes nowhere"));
        }
        match typed.as_str() {
            clock::COMMAND => {
                let (mut cx, parts) = self.parts(now, tray);
                parts.memory.resync = Some(Resync::begin(&mut cx));
            }
            SHUTDOWN => self.restart(now, tray, "somebody restarts the device".into()),
            _ => remark(tray, format!("{line:?} is no command here; there are: {}", COMMANDS.join(", "))),
        }
    }

    /// The time service answered: the clock is set.
    pub(super) fn time_told(&mut self, now: VirtualTime, tray: &mut Tray, answer: Answer) {
        let Some(asked) = self.memory.resync.take() else { return };
        let (mut cx, _) = self.parts(now, tray);
        match asked.resume(&mut cx, answer) {
            Ok(behind) => {
                cx.decided(rules::NET_016, format!("the clock is set: it was off by {}", seconds(-behind)));
                self.clock.skew_ms = self.clock.skew_ms.saturating_add(behind);
            }
            Err(failure) => cx.failed(failure.doing, failure.fault, None, failure.detail),
        }
    }
}

fn remark(tray: &mut Tray, text: String) {
    tray.effects.push(Effect::Note(Note::Remark { text }));
}

/// `-1200.300 s`.
fn seconds(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "+" };
    format!("{sign}{}.{:03} s", ms.unsigned_abs() / 1_000, ms.unsigned_abs() % 1_000)
}
