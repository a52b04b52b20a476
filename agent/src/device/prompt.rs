//! The command prompt that Shift+F10 opens on any page of OOBE, and the few commands that mean something here.

use oobe_catalog::rules;

use super::{Device, Tray};
use crate::cx::Answer;
use crate::dialogue::clock::{self, Resync};
use crate::flow::Stage;
use crate::io::{Effect, Note, Slot};
use crate::time::VirtualTime;

/// Restarts the device at once.
pub const SHUTDOWN: &str = "shutdown /r /t 0";
/// What can be typed.
pub const COMMANDS: [&str; 2] = [clock::COMMAND, SHUTDOWN];

impl Device {
    /// Somebody typed a line at the prompt.
    pub(super) fn command(&mut self, now: VirtualTime, tray: &mut Tray, line: &str) {
        // Spaces are the shell's, and Windows does not look at the case.
        let typed = line.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
        if matches!(self.flow.stage, Stage::Off | Stage::Booting | Stage::Desktop) {
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
        debug_assert!(!self.memory.pending.contains_key(&Slot::Time), "the question is answered");
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
