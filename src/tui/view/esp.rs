//! The Enrollment Status Page: three phases, each with its state and, when open, its rows.

use oobe_agent::esp::{EspPage, Phase, PhaseState, PhaseView, RowState, RowView};
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::canvas::{Canvas, below};
use super::spinner;
use crate::tui::app::App;
use crate::tui::form::Spot;
use crate::tui::text;

/// Draws the page.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, page: &EspPage, app: &App) {
    let look = canvas.look;
    let mut y = 0;
    if let Some(message) = &page.message {
        y = canvas.put_wrapped(area, y, message, 4, look.error) + 1;
    }
    let gap = layout(below(area, y), page, app);
    for view in &page.phases {
        y = phase(canvas, area, y, view, app, &gap);
        y += u16::from(gap.between);
    }
}

/// Columns before the text of a row.
const INDENT: u16 = 6;

/// How much air there is.
struct Gap {
    /// A row may take more than one line.
    wrap: bool,
    /// The state of a phase in a line of its own.
    status_below: bool,
    /// An empty line between two phases.
    between: bool,
}

fn layout(area: Rect, page: &EspPage, app: &App) -> Gap {
    let phases = page.phases.len();
    let open = || page.phases.iter().filter(|p| app.form.is_expanded(p)).flat_map(|p| &p.rows);
    let columns = usize::from(area.width.saturating_sub(INDENT));
    let wrapped: usize = open().map(|row| text::wrap(&words(row), columns).len()).sum();
    let height = usize::from(area.height);
    // In this order: rows in full, phases apart, their state in a line of its own.
    let wrap = height >= phases + wrapped;
    let tight = phases + if wrap { wrapped } else { open().count() };
    let between = height >= tight + phases.saturating_sub(1);
    let status_below = height >= tight + 2 * phases;
    Gap { wrap, between, status_below }
}

/// One phase; tells the row below it.
fn phase(canvas: &mut Canvas<'_>, area: Rect, y: u16, view: &PhaseView, app: &App, gap: &Gap) -> u16 {
    let look = canvas.look;
    let open = app.form.is_expanded(view);
    let focused = app.form.focus == Some(Spot::Phase(view.phase));
    let (sign, style) = match view.state {
        PhaseState::Waiting => ("○", look.soft),
        PhaseState::Working => (spinner(app.tempo), look.accent),
        PhaseState::Complete => ("✓", look.good),
        PhaseState::Error => ("✗", look.error),
    };
    let line = Rect { y: area.y + y, height: u16::from(y < area.height), ..area };
    let base = if focused { look.chosen } else { look.card };
    if focused {
        canvas.fill(line, look.chosen);
    }
    canvas.put(line, 0, icon(view.phase), base);
    let mut x = 2 + canvas.put_at(line, 2, 0, view.phase.title(), base.patch(look.title).patch(only_background(base)));
    if !view.rows.is_empty() {
        canvas.put_right(line, 0, if open { "∧ " } else { "∨ " }, base);
    }
    let mut y = y + 1;
    if gap.status_below {
        canvas.put_at(area, 2, y, sign, style);
        canvas.put_at(area, 4, y, &view.status, style);
        y += 1;
    } else {
        x += 2;
        x += canvas.put_at(line, x, 0, sign, style.patch(only_background(base)));
        canvas.put_at(line, x + 1, 0, &view.status, style.patch(only_background(base)));
    }
    if open {
        for view in &view.rows {
            y = row(canvas, area, y, view, app, gap.wrap);
        }
    }
    y
}

fn only_background(style: Style) -> Style {
    Style { bg: style.bg, ..Style::new() }
}

const fn icon(phase: Phase) -> &'static str {
    match phase {
        Phase::DevicePreparation => "▣",
        Phase::DeviceSetup => "▤",
        Phase::AccountSetup => "◍",
    }
}

/// `Security policies (1 of 1 applied)`.
fn words(view: &RowView) -> String {
    if view.status.is_empty() { view.title.clone() } else { format!("{} ({})", view.title, view.status) }
}

/// One row; tells the row below it.
fn row(canvas: &mut Canvas<'_>, area: Rect, y: u16, view: &RowView, app: &App, wrap: bool) -> u16 {
    let look = canvas.look;
    let (sign, style) = match view.state {
        RowState::Identifying | RowState::Waiting => (" ", look.soft),
        RowState::Working => (spinner(app.tempo), look.accent),
        RowState::Completed | RowState::NoSetupNeeded => ("✓", look.soft),
        RowState::Error => ("✗", look.error),
        RowState::PreviousFailed => ("✗", look.soft),
    };
    canvas.put_at(area, INDENT - 2, y, sign, style);
    let column = Rect { x: area.x + INDENT, width: area.width.saturating_sub(INDENT), ..area };
    canvas.put_wrapped(column, y, &words(view), if wrap { 3 } else { 1 }, style)
}
