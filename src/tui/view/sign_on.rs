//! Windows sign-on: a picture of a person, who it is, and what to type.

use oobe_agent::screen::Screen;
use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::{parts, spinner};
use crate::tui::app::App;

const FACE: [&str; 5] = ["  .-''-.  ", " /      \\ ", " \\      / ", " .'-..-'. ", "/________\\"];

/// Draws the page.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen, app: &App) {
    let look = canvas.look;
    canvas.fill(area, look.wallpaper);
    let fields = u16::try_from(screen.fields.len()).unwrap_or(0) * 3;
    let texts = u16::try_from(screen.text.len()).unwrap_or(0) + 2 * u16::from(screen.error.is_some());
    let width = area.width.saturating_sub(4).min(48);
    let buttons = parts::button_height(screen, width);
    let wanted = 1 + texts + 1 + fields + buttons;
    let face = area.height >= wanted + 8;
    let tall = wanted + if face { 6 } else { 0 };
    let column = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + area.height.saturating_sub(tall) / 2,
        width,
        height: tall.min(area.height),
    };
    let mut y = 0;
    if face {
        for line in FACE {
            canvas.put_centred(column, y, line, look.logo);
            y += 1;
        }
        y += 1;
    }
    canvas.put_centred(column, y, &screen.title, look.wallpaper.patch(ratatui::style::Modifier::BOLD));
    y += 1;
    for line in &screen.text {
        canvas.put_centred(column, y, line, look.wallpaper);
        y += 1;
    }
    if let Some(error) = &screen.error {
        for line in crate::tui::text::wrap_to(error, usize::from(width), 2) {
            canvas.put_centred(column, y, &line, look.bar_alert);
            y += 1;
        }
    }
    if screen.busy {
        canvas.put_centred(column, y + 1, spinner(app.tempo), look.wallpaper);
    }
    parts::fields(
        canvas,
        Rect { height: column.height.saturating_sub(buttons), ..column },
        y + 1,
        screen,
        app,
    );
    parts::buttons(canvas, column, screen, app);
}
