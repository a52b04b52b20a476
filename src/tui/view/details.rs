//! A page that tells facts: what a device will be, with a QR code to scan, and how its preparation ended, green or red.

use oobe_agent::screen::{Screen, Verdict};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::canvas::{Canvas, below, columns, inset};
use super::qr::Code;
use super::{art, parts, spinner};
use crate::tui::app::App;
use crate::tui::text;

/// From these columns and rows on the page lies on a desk.
const ROOMY: (u16, u16) = (82, 22);
/// Columns that the text keeps beside a code or a picture.
const TEXT: u16 = 36;

/// How the page's text looks.
struct Ink {
    base: Style,
    title: Style,
    soft: Style,
    error: Style,
}

/// Draws the page.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen, app: &App) {
    let ink = ink(canvas, screen);
    let inner = sheet(canvas, area, &ink);
    let buttons = parts::button_height(screen, inner.width);
    // The code may reach down to the buttons' rows; then the buttons stay beside it.
    let code = screen.qr.as_deref().and_then(Code::of);
    let beside = |rows: u16| code.as_ref().and_then(|c| c.fit(inner.width.saturating_sub(TEXT + 2), rows));
    let place = beside(inner.height.saturating_sub(buttons)).or_else(|| beside(inner.height));
    let left = match (place, screen.verdict) {
        (Some((wide, high)), _) => {
            if let Some(code) = &code {
                let x = inner.right() - wide;
                code.draw(canvas, Rect { x, y: inner.y, width: wide, height: high });
            }
            Rect { width: inner.width - wide - 2, ..inner }
        }
        (None, Some(verdict)) if inner.width >= TEXT + art::SIGN && inner.height >= 12 => {
            let picture = Rect { x: inner.right() - art::SIGN, width: art::SIGN, ..inner };
            art::draw_in(canvas, picture, art::sign(verdict == Verdict::Success), ink.base);
            Rect { width: inner.width - art::SIGN - 2, ..inner }
        }
        (None, _) => inner,
    };
    let below_code = place.is_none_or(|(_, high)| high + buttons <= inner.height);
    let bar = if below_code { inner } else { left };
    let height = left.height.saturating_sub(parts::button_height(screen, bar.width));
    let body = Rect { height, ..left };
    let y = heading(canvas, body, screen, &ink, app);
    facts(canvas, below(body, y), screen, &ink);
    parts::buttons(canvas, bar, screen, app);
}

fn ink(canvas: &Canvas<'_>, screen: &Screen) -> Ink {
    let look = canvas.look;
    let on = |base: Style| Ink {
        base,
        title: base.add_modifier(Modifier::BOLD),
        soft: base,
        error: base.add_modifier(Modifier::BOLD),
    };
    match screen.verdict {
        Some(Verdict::Success) => on(look.page_good),
        Some(Verdict::Failure) => on(look.page_bad),
        None => Ink { base: look.card, title: look.title, soft: look.soft, error: look.error },
    }
}

/// The page itself; what is inside its margins.
fn sheet(canvas: &mut Canvas<'_>, area: Rect, ink: &Ink) -> Rect {
    if area.width < ROOMY.0 || area.height < ROOMY.1 {
        canvas.fill(area, ink.base);
        return inset(area, 3, 1);
    }
    let look = canvas.look;
    canvas.fill(area, look.desk);
    let (width, height) = ((area.width - 2).min(120), (area.height - 2).min(30));
    let place =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    inset(canvas.frame(place, "", ink.base, ink.base), 2, 1)
}

/// Caption, message and text; tells the row below them.
fn heading(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen, ink: &Ink, app: &App) -> u16 {
    let sign = match screen.verdict {
        Some(Verdict::Success) => "✓ ",
        Some(Verdict::Failure) => "✗ ",
        None => "",
    };
    let mut y = canvas.put_wrapped(area, 0, &format!("{sign}{}", screen.title), 3, ink.title) + 1;
    if let Some(error) = &screen.error {
        y = canvas.put_wrapped(area, y, error, 5, ink.error);
    }
    for line in &screen.text {
        let turning = if screen.busy { format!("{} ", spinner(app.tempo)) } else { String::new() };
        y = canvas.put_wrapped(area, y, &format!("{turning}{line}"), 4, ink.soft);
    }
    y + 1
}

/// Label and value, in a line each when there is room, side by side otherwise.
fn facts(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen, ink: &Ink) {
    let strong = ink.base.add_modifier(Modifier::BOLD);
    let count = u16::try_from(screen.facts.len()).unwrap_or(u16::MAX);
    if area.height >= count.saturating_mul(3) {
        let mut y = 0;
        for fact in &screen.facts {
            canvas.put(area, y, &fact.label, ink.soft);
            y = canvas.put_wrapped(area, y + 1, &fact.value, 2, strong) + 1;
        }
        return;
    }
    let label = screen.facts.iter().map(|f| columns(&f.label)).max().unwrap_or(0) + 2;
    let values = Rect { x: area.x + label, width: area.width.saturating_sub(label), ..area };
    let mut y = 0;
    for fact in &screen.facts {
        canvas.put(area, y, &fact.label, ink.soft);
        let most = if usize::from(area.height) > screen.facts.len() { 2 } else { 1 };
        for line in text::wrap_to(&fact.value, usize::from(values.width), most) {
            canvas.put(values, y, &line, strong);
            y += 1;
        }
    }
}
