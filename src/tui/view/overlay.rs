//! What opens over the frame: help, the story, the question before a power cut.

use oobe_agent::screen::WINDOWS_KEY_FIVE_TIMES;
use oobe_agent::screen::technician::DIAGNOSTICS_KEY;
use ratatui::layout::{Position, Rect};

use super::canvas::{Canvas, below, inset};
use super::panel;
use crate::tui::app::App;
use crate::tui::keymap::KEYMAP;
use crate::tui::text;

/// A box in the middle.
fn window(canvas: &mut Canvas<'_>, area: Rect, width: u16, height: u16, title: &str) -> Rect {
    let look = canvas.look;
    let (width, height) = (width.min(area.width), height.min(area.height));
    let place =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let inner = canvas.frame(place, title, look.panel, look.label);
    inset(inner, 1, 0)
}

/// Keys, and what helps here.
pub(super) fn help(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let look = canvas.look;
    let mut rows: Vec<(String, String)> = Vec::new();
    for binding in KEYMAP.iter().filter(|b| app.offers(b.action)) {
        match rows.last_mut() {
            Some((names, long)) if long == binding.long => *names = format!("{names}, {}", binding.names()),
            _ => rows.push((binding.names(), binding.long.to_owned())),
        }
    }
    if let Some(screen) = app.screen() {
        let plain = screen.keys.iter().filter(|key| *key != WINDOWS_KEY_FIVE_TIMES);
        let what = |key: &str| match key {
            DIAGNOSTICS_KEY => "the device's screen: export the logs",
            _ => "taken by the device's screen",
        };
        rows.extend(plain.map(|key| (key.clone(), what(key).to_owned())));
    }
    let hint = app.hint();
    let extra = if hint.is_some() { 3 } else { 0 };
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(5 + extra);
    let inner = window(canvas, area, 78, height, "Help");
    let mut y = 0;
    for (keys, what) in rows {
        canvas.put(inner, y, &keys, look.label);
        canvas.put_at(inner, 22, y, &what, look.panel);
        y += 1;
    }
    if let Some(hint) = hint {
        canvas.put(inner, y + 1, "TEST ONLY", look.label);
        canvas.put_at(inner, 22, y + 1, &format!("user      {}", hint.user), look.panel_accent);
        canvas.put_at(inner, 22, y + 2, &format!("password  {}", hint.password), look.panel_accent);
        y += 3;
    }
    let line = "While a screen asks you something, virtual time waits. In a field, letters are text: use the F keys there.";
    // Where the keys take all the room, they matter more.
    let most = inner.height.saturating_sub(y + 1);
    canvas.put_wrapped(inner, y + 1, line, usize::from(most.min(2)), look.panel_soft);
}

/// The story so far; `back` lines back from its end.
pub(super) fn timeline(canvas: &mut Canvas<'_>, area: Rect, app: &App, back: usize) {
    let look = canvas.look;
    let inner = window(canvas, area, area.width.min(124), area.height, "Story");
    let lines = app.model.story.len();
    // The first line can be reached, but not passed.
    let back = back.min(lines.saturating_sub(1));
    let place = Rect { height: inner.height.saturating_sub(1), ..inner };
    panel::story(canvas, place, app, app.model.story.iter().rev().skip(back));
    let foot = below(inner, inner.height.saturating_sub(1));
    let line = format!("line {} of {lines}   ↑ ↓ PgUp PgDn Home End   Esc back", lines.saturating_sub(back));
    canvas.put(foot, 0, &line, look.panel_soft);
}

/// Shall the power go?
pub(super) fn confirm_power(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let look = canvas.look;
    let inner = window(canvas, area, 52, 6, "Power");
    let name = app.station().map_or("the device", |s| s.name.as_str());
    canvas.put(inner, 0, &format!("Cut the power of {name}, now?"), look.panel_accent);
    canvas.put(inner, 1, "Memory is lost, the disk stays. It comes back", look.panel);
    canvas.put(inner, 2, "after ten seconds.", look.panel);
    canvas.put(inner, 3, "y: cut it    any other key: leave it", look.panel_soft);
}

/// The command prompt.
pub(super) fn prompt(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    const PROMPT: &str = "C:\\Windows\\System32>";
    let look = canvas.look;
    let known = oobe_agent::prompt::COMMANDS;
    let height = u16::try_from(known.len()).unwrap_or(0) + 6;
    let inner = window(canvas, area, 72, height, "Administrator: cmd.exe");
    let at = canvas.put(inner, 0, PROMPT, look.panel);
    let line = Rect { x: inner.x + at, width: inner.width.saturating_sub(at), ..inner };
    let (part, column) = text::window(&app.prompt.text(), app.prompt.cursor(), usize::from(line.width));
    canvas.put(line, 0, &part, look.panel_accent);
    if line.width > 0 {
        let column = u16::try_from(column).unwrap_or(0).min(line.width - 1);
        canvas.cursor = Some(Position::new(line.x + column, line.y));
    }
    if let Some(unknown) = &app.unknown {
        canvas.put(inner, 1, &format!("{unknown:?} is no command here. There are:"), look.panel);
    }
    let mut y = 2;
    for command in known {
        canvas.put(inner, y, command, look.panel_soft);
        y += 1;
    }
    canvas.put(inner, y + 1, "Enter: run it    Esc: close", look.panel_soft);
}
