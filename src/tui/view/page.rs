//! A page of the out-of-box experience: picture at the left when there is room, caption, text, body, buttons at the
//! bottom right.

use oobe_agent::screen::Screen;
use ratatui::layout::Rect;

use super::canvas::{Canvas, below, inset};
use super::{art, esp, parts};
use crate::tui::app::App;

/// From this width on there is room for a picture.
const WIDE: u16 = 82;

/// Draws a page.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen, app: &App) {
    let (inner, picture, content) = card(canvas, area, screen);
    if let Some(picture) = picture {
        art::draw(canvas, picture, art::picture(&screen.id, screen.error.is_some()));
    }
    let buttons = parts::button_height(screen, inner.width);
    let body = Rect { height: content.height.saturating_sub(buttons), ..content };
    let y = heading(canvas, body, screen);
    if let Some(page) = &screen.esp {
        esp::draw(canvas, below(body, y), page, app);
    } else if !screen.fields.is_empty() {
        parts::fields(canvas, body, y, screen, app);
    } else if !screen.choices.is_empty() {
        parts::list(canvas, body, y, screen, app);
    } else if screen.busy {
        let rest = body.height.saturating_sub(y);
        parts::ring(canvas, body, y + rest.saturating_sub(5) / 2, app.tempo);
    }
    parts::buttons(canvas, inner, screen, app);
}

/// The page itself: all of it, where its picture goes, and its content.
fn card(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen) -> (Rect, Option<Rect>, Rect) {
    let look = canvas.look;
    if area.width < WIDE || area.height < 22 {
        canvas.fill(area, look.card);
        let inner = inset(area, 3, 1);
        return (inner, None, inner);
    }
    canvas.fill(area, look.desk);
    let (width, height) = ((area.width - 2).min(120), (area.height - 2).min(30));
    let place =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let inner = inset(canvas.frame(place, "", look.card, look.edge), 2, 1);
    // The rows of the status page are long: its picture has to do with what it needs.
    let most = if screen.esp.is_some() { 24 } else { 36 };
    let left = (inner.width * 3 / 8).min(most);
    let picture = Rect { width: left, ..inner };
    let content = Rect { x: picture.right() + 2, width: inner.width - left - 2, ..inner };
    (inner, Some(picture), content)
}

/// Caption, message and text; tells the row below them.
fn heading(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen) -> u16 {
    let look = canvas.look;
    let mut y = canvas.put_wrapped(area, 0, &screen.title, 3, look.title);
    y += 1;
    if let Some(error) = &screen.error {
        y = canvas.put_wrapped(area, y, error, 4, look.error);
    }
    for line in &screen.text {
        y = canvas.put_wrapped(area, y, line, 6, look.soft);
    }
    let lines = screen.text.len() + usize::from(screen.error.is_some());
    if lines == 0 { y } else { y + 1 }
}
