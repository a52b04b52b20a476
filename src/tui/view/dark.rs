//! A screen that shows nothing yet, or no more.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::canvas::{Canvas, inset};
use super::{art, spinner};
use crate::tui::app::App;
use crate::tui::keymap::{self, Action};
use crate::tui::text;

/// Lines in the middle of a dark screen, some of them wrapped.
struct Lines(Vec<(String, Style)>);

impl Lines {
    fn push(&mut self, room: Rect, text: &str, style: Style) {
        let lines = text::wrap_to(text, usize::from(room.width), 3);
        self.0.extend(lines.into_iter().map(|line| (line, style)));
    }

    fn height(&self) -> u16 {
        u16::try_from(self.0.len()).unwrap_or(u16::MAX)
    }

    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect, y: u16) {
        for (y, (line, style)) in (y..).zip(&self.0) {
            canvas.put_centred(room, y, line, *style);
        }
    }
}

/// The device is off.
pub(super) fn off(canvas: &mut Canvas<'_>, area: Rect, why: &str, app: &App) {
    let look = canvas.look;
    canvas.fill(area, look.dark);
    let room = inset(area, 4, 1);
    let mut lines = Lines(Vec::new());
    lines.push(room, "the device is off", look.dark_soft);
    lines.push(room, why, look.dark_soft);
    let key = |action| keymap::name(action, app.is_typing());
    let mut more = Vec::new();
    if app.model.end.is_none() {
        if let Some(due) = app.tempo.quiet.filter(|_| app.station().is_some()) {
            more.push(format!("{} until something happens", due - app.tempo.t));
        }
        if app.can_switch_on() {
            more.push(format!("{} presses the power button", key(Action::Power)));
        }
        if app.tempo.paused {
            more.push(format!("time stands still: press {} to go on", key(Action::Pause)));
        }
    }
    if !more.is_empty() {
        lines.0.push((String::new(), look.dark));
    }
    for line in more {
        lines.push(room, &line, look.dark);
    }
    lines.draw(canvas, room, room.height.saturating_sub(lines.height()) / 2);
}

/// Windows starts.
pub(super) fn starting(canvas: &mut Canvas<'_>, area: Rect, why: &str, app: &App) {
    let look = canvas.look;
    canvas.fill(area, look.dark);
    let room = inset(area, 4, 1);
    let mut lines = Lines(Vec::new());
    lines.push(room, spinner(app.tempo), look.dark);
    lines.push(room, "the device is starting", look.dark_soft);
    lines.push(room, why, look.dark_soft);
    // The first thing that anybody sees tells what it is.
    if !app.title.is_empty() && app.station().is_some_and(|s| !s.seen) {
        lines.0.push((String::new(), look.dark));
        lines.push(room, &app.title, look.dark.add_modifier(Modifier::BOLD));
        if app.may_take_over && !app.hands() {
            let key = |action| keymap::name(action, false);
            let line = format!(
                "You watch. {} takes over, {} lists the keys.",
                key(Action::Hands),
                key(Action::Help)
            );
            lines.push(room, &line, look.dark_soft);
        }
    }
    let logo = art::logo(room.height >= 8 + lines.height());
    let tall = u16::try_from(logo.len()).unwrap_or(0);
    let top = room.height.saturating_sub(tall + 1 + lines.height()) / 2;
    for (y, line) in (top..).zip(logo) {
        canvas.put_centred(room, y, line, look.dark_logo);
    }
    lines.draw(canvas, room, top + tall + 1);
}
