//! Parts of pages: fields, lists, buttons and the ring of dots.

use oobe_agent::screen::{Button, Screen};
use ratatui::layout::{Position, Rect};

use super::canvas::{Canvas, columns};
use super::turn;
use crate::tui::app::{App, Tempo};
use crate::tui::form::Spot;
use crate::tui::keymap::{self, Action};
use crate::tui::text;

/// The fields of a screen from row `y` of `area` on, in boxes if there is room; tells the row below them.
pub(super) fn fields(canvas: &mut Canvas<'_>, area: Rect, y: u16, screen: &Screen, app: &App) -> u16 {
    let wanted = u16::try_from(screen.fields.len()).unwrap_or(u16::MAX);
    let boxed = area.height.saturating_sub(y) >= wanted.saturating_mul(3);
    let mut y = y;
    for at in 0..screen.fields.len() {
        let height = if boxed { 3 } else { 1 };
        if y + height > area.height {
            break;
        }
        field(canvas, Rect { y: area.y + y, height, ..area }, screen, at, app);
        y += height;
    }
    y
}

fn field(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen, at: usize, app: &App) {
    let look = canvas.look;
    let spec = &screen.fields[at];
    let focused = app.hands() && app.form.focus == Some(Spot::Field(at));
    let border = if focused { look.field_focus } else { look.field };
    let line = if area.height >= 3 {
        let inner = canvas.frame(area, &spec.label, look.card, border);
        Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
    } else {
        canvas.put(area, 0, &format!("{}: ", spec.label), border);
        let label = columns(&spec.label) + 2;
        Rect { x: area.x + label.min(area.width), width: area.width.saturating_sub(label), ..area }
    };
    let (shown, cursor) = typed(screen, at, app);
    if shown.is_empty() {
        let hint = app.hint().filter(|_| app.hands());
        if let Some(hint) = hint {
            let known = if spec.secret { &hint.password } else { &hint.user };
            let mark = if known.contains("TEST ONLY") { "" } else { " (TEST ONLY)" };
            let key = keymap::name(Action::Fill, true);
            canvas.put_at(line, u16::from(focused), 0, &format!("{key} fills in: {known}{mark}"), look.hint);
        }
    }
    let (part, column) = text::window(&shown, cursor, usize::from(line.width));
    canvas.put(line, 0, &part, look.card);
    if focused && line.width > 0 {
        let column = u16::try_from(column).unwrap_or(0).min(line.width - 1);
        canvas.cursor = Some(Position::new(line.x + column, line.y));
    }
}

/// What stands in a field, secrets as dots, and where the cursor is.
fn typed(screen: &Screen, at: usize, app: &App) -> (String, usize) {
    let spec = &screen.fields[at];
    if app.hands() {
        let Some(entry) = app.form.entry(at) else { return (String::new(), 0) };
        return (if spec.secret { entry.dots() } else { entry.text() }, entry.cursor());
    }
    // Somebody else types: the trace says what.
    let text = app.station().and_then(|s| s.typed.get(&spec.name));
    let shown = match text {
        Some(_) if spec.secret => "●●●●●●●●".to_owned(),
        Some(text) => text.clone(),
        None => spec.value.clone(),
    };
    let end = shown.chars().count();
    (shown, end)
}

/// The list of a screen in a box; tells the row below it.
pub(super) fn list(canvas: &mut Canvas<'_>, area: Rect, y: u16, screen: &Screen, app: &App) -> u16 {
    let look = canvas.look;
    let rows = u16::try_from(screen.choices.len()).unwrap_or(u16::MAX);
    let height = rows.saturating_add(2).min(area.height.saturating_sub(y));
    if height < 3 {
        return y;
    }
    let focused = app.hands() && app.form.focus == Some(Spot::List);
    let border = if focused { look.field_focus } else { look.field };
    let inner = canvas.frame(Rect { y: area.y + y, height, ..area }, "", look.card, border);
    let chosen =
        if app.hands() { app.form.chosen } else { screen.choices.iter().position(|c| c.chosen).unwrap_or(0) };
    let visible = usize::from(inner.height);
    let first = chosen.saturating_sub(visible.saturating_sub(1));
    for (row, (at, choice)) in screen.choices.iter().enumerate().skip(first).take(visible).enumerate() {
        let line = Rect { y: inner.y + u16::try_from(row).unwrap_or(0), height: 1, ..inner };
        if at == chosen {
            canvas.fill(line, look.chosen);
            canvas.put(line, 0, &format!("▌ {}", choice.label), look.chosen);
        } else {
            canvas.put(line, 0, &format!("  {}", choice.label), look.card);
        }
    }
    y + height
}

/// Rows of buttons, from the bottom up, each from the right to the left: what does not fit goes into the row above.
fn button_rows(screen: &Screen, width: u16) -> Vec<Vec<usize>> {
    let mut rows: Vec<Vec<usize>> = Vec::new();
    let mut room = 0;
    for (at, button) in screen.buttons.iter().enumerate().rev() {
        let wide = columns(&button.label).saturating_add(6);
        if rows.is_empty() || wide > room {
            rows.push(Vec::new());
            room = width.saturating_add(2);
        }
        if let Some(row) = rows.last_mut() {
            row.push(at);
        }
        room = room.saturating_sub(wide);
    }
    rows
}

/// Rows that the buttons of a screen take, the one of air above them included.
pub(super) fn button_height(screen: &Screen, width: u16) -> u16 {
    let rows = u16::try_from(button_rows(screen, width).len()).unwrap_or(u16::MAX);
    if rows == 0 { 0 } else { rows.saturating_add(1) }
}

/// The buttons of a screen at the bottom right of an area.
pub(super) fn buttons(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen, app: &App) {
    let look = canvas.look;
    let elsewhere = !matches!(app.form.focus, Some(Spot::Button(_)));
    let default = screen.buttons.iter().rposition(|b| b.enabled).filter(|_| elsewhere && app.hands());
    for (y, row) in (0..area.height).rev().zip(button_rows(screen, area.width)) {
        let mut right = area.width;
        for at in row {
            let button = &screen.buttons[at];
            let focused = app.hands() && app.form.focus == Some(Spot::Button(at));
            let caption = caption(button, focused);
            let x = right.saturating_sub(columns(&caption));
            let style = match (button.enabled, focused) {
                (false, _) => look.button_off,
                (true, true) => look.button_focus,
                // What Enter presses while the focus is elsewhere.
                (true, false) if default == Some(at) => look.button_default,
                (true, false) => look.button,
            };
            canvas.put_at(area, x, y, &caption, style);
            right = x.saturating_sub(2);
        }
    }
}

/// The focus shows without colours, too.
fn caption(button: &Button, focused: bool) -> String {
    let label = &button.label;
    match (button.enabled, focused) {
        (true, true) => format!("▐ {label} ▌"),
        (true, false) => format!("[ {label} ]"),
        (false, _) => format!("( {label} )"),
    }
}

/// The ring of dots that says that something is going on.
pub(super) fn ring(canvas: &mut Canvas<'_>, area: Rect, y: u16, tempo: Tempo) {
    const SMALL: [(u16, u16); 8] = [(3, 0), (5, 0), (6, 1), (5, 2), (3, 2), (1, 2), (0, 1), (1, 0)];
    const LARGE: [(u16, u16); 8] = [(5, 0), (8, 1), (10, 2), (8, 3), (5, 4), (2, 3), (0, 2), (2, 1)];
    const DOTS: [&str; 8] = ["●", "●", "•", "•", "•", "·", "·", " "];
    let look = canvas.look;
    let large = area.height.saturating_sub(y) >= 9;
    let (places, wide) = if large { (LARGE, 11) } else { (SMALL, 7) };
    let x = area.width.saturating_sub(wide) / 2;
    let head = turn(tempo);
    for (place, (dx, dy)) in places.into_iter().enumerate() {
        // The brightest dot runs ahead, its tail fades.
        let behind = (head + places.len() - place) % places.len();
        let style = if behind < 2 { look.accent } else { look.art };
        canvas.put_at(area, x + dx, y + dy, DOTS[behind], style);
    }
}
