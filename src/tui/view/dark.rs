//! A screen that shows nothing yet, or no more.

use ratatui::layout::Rect;

use super::canvas::{Canvas, inset};
use super::{art, spinner};
use crate::tui::app::App;
use crate::tui::keymap::{self, Action};
use crate::tui::text;

/// The device is off.
pub(super) fn off(canvas: &mut Canvas<'_>, area: Rect, why: &str, app: &App) {
    let look = canvas.look;
    canvas.fill(area, look.dark);
    let room = inset(area, 4, 1);
    let mut y = room.height.saturating_sub(3) / 2;
    canvas.put_centred(room, y, "the device is off", look.dark_soft);
    y += 1;
    for line in text::wrap_to(why, usize::from(room.width), 3) {
        canvas.put_centred(room, y, &line, look.dark_soft);
        y += 1;
    }
    if app.tempo.paused && app.model.end.is_none() {
        let line =
            format!("time stands still: press {} to go on", keymap::name(Action::Pause, app.is_typing()));
        canvas.put_centred(room, y + 1, &line, look.dark_soft);
    }
}

/// Windows starts.
pub(super) fn starting(canvas: &mut Canvas<'_>, area: Rect, why: &str, app: &App) {
    let look = canvas.look;
    canvas.fill(area, look.dark);
    let room = inset(area, 4, 1);
    let logo = art::logo(room.height >= 16);
    let tall = u16::try_from(logo.len()).unwrap_or(0);
    let mut y = room.height.saturating_sub(tall + 4) / 2;
    for line in logo {
        canvas.put_centred(room, y, line, look.dark_logo);
        y += 1;
    }
    y += 1;
    canvas.put_centred(room, y, spinner(app.tempo), look.dark);
    y += 1;
    canvas.put_centred(room, y, "the device is starting", look.dark_soft);
    y += 1;
    for line in text::wrap_to(why, usize::from(room.width), 3) {
        canvas.put_centred(room, y, &line, look.dark_soft);
        y += 1;
    }
}
