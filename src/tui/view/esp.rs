//! The Enrollment Status Page: three phases, each with its state and, when open, its rows.

use oobe_agent::esp::{EspPage, Phase, PhaseState, PhaseView, RowState, RowView};
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::canvas::{Canvas, below};
use super::spinner;
use crate::tui::app::App;
use crate::tui::form::Spot;
use crate::tui::text;

/// Columns before the text of a row.
const INDENT: u16 = 6;

/// A line of the page.
struct Line<'a> {
    phase: &'a PhaseView,
    what: Part<'a>,
}

enum Part<'a> {
    /// Name, and the state when it has no line of its own.
    Name { with_state: bool },
    /// The state.
    State,
    /// A row, or what did not fit into its first line.
    Row { view: &'a RowView, text: String, first: bool },
    /// Air.
    Nothing,
}

/// Draws the page. What does not fit is scrolled so that the phase in focus, or the one at work, is seen.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, page: &EspPage, app: &App) {
    let look = canvas.look;
    let mut y = 0;
    if let Some(message) = &page.message {
        y = canvas.put_wrapped(area, y, message, 4, look.error) + 1;
    }
    let area = below(area, y);
    let height = usize::from(area.height);
    let lines = lines(page, app, usize::from(area.width.saturating_sub(INDENT)), height);
    let wanted = lines.iter().rposition(|line| Some(line.phase.phase) == in_view(page, app));
    let first =
        wanted.map_or(0, |at| (at + 1).saturating_sub(height)).min(lines.len().saturating_sub(height));
    for (y, line) in (0..area.height).zip(&lines[first..]) {
        draw_line(canvas, Rect { y: area.y + y, height: 1, ..area }, line, app);
    }
    let right = Rect { x: area.right().saturating_sub(1), width: area.width.min(1), ..area };
    if first > 0 {
        canvas.put(right, 0, "↑", look.accent);
    }
    if lines.len() > first + height {
        canvas.put(right, area.height.saturating_sub(1), "↓", look.accent);
    }
}

/// The phase that has to be seen.
fn in_view(page: &EspPage, app: &App) -> Option<Phase> {
    if let Some(Spot::Phase(phase)) = app.form.focus {
        return Some(phase);
    }
    let active = |p: &&PhaseView| matches!(p.state, PhaseState::Working | PhaseState::Error);
    page.phases.iter().find(active).map(|p| p.phase)
}

/// The page as lines, with as much air as there is room for.
fn lines<'a>(page: &'a EspPage, app: &App, columns: usize, height: usize) -> Vec<Line<'a>> {
    // From roomy to tight: rows in full, phases apart, the state of a phase in a line of its own.
    let ways = [(true, true, true), (true, true, false), (true, false, false), (false, false, false)];
    let mut lines = Vec::new();
    for (wrap, between, state_below) in ways {
        lines = lay_out(page, app, if wrap { columns } else { usize::MAX }, between, state_below);
        if lines.len() <= height {
            break;
        }
    }
    lines
}

fn lay_out<'a>(
    page: &'a EspPage,
    app: &App,
    columns: usize,
    between: bool,
    state_below: bool,
) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for phase in &page.phases {
        let mut push = |what| lines.push(Line { phase, what });
        push(Part::Name { with_state: !state_below });
        if state_below {
            push(Part::State);
        }
        for view in phase.rows.iter().filter(|_| app.form.is_expanded(phase)) {
            for (at, text) in text::wrap(&words(view), columns).into_iter().enumerate() {
                push(Part::Row { view, text, first: at == 0 });
            }
        }
        if between {
            push(Part::Nothing);
        }
    }
    if between {
        lines.pop();
    }
    lines
}

fn draw_line(canvas: &mut Canvas<'_>, area: Rect, line: &Line<'_>, app: &App) {
    let look = canvas.look;
    match &line.what {
        Part::Name { with_state } => name(canvas, area, line.phase, app, *with_state),
        Part::State => {
            let (sign, style) = state(canvas, line.phase, app);
            canvas.put_at(area, 2, 0, sign, style);
            canvas.put_at(area, 4, 0, &line.phase.status, style);
        }
        Part::Row { view, text, first } => {
            let (sign, style) = match view.state {
                RowState::Identifying | RowState::Waiting => (" ", look.soft),
                RowState::Working => (spinner(app.tempo), look.accent),
                RowState::Completed | RowState::NoSetupNeeded => ("✓", look.soft),
                RowState::Error => ("✗", look.error),
                RowState::PreviousFailed => ("✗", look.soft),
            };
            if *first {
                canvas.put_at(area, INDENT - 2, 0, sign, style);
            }
            canvas.put_at(area, INDENT, 0, text, style);
        }
        Part::Nothing => {}
    }
}

/// Icon, name and chevron of a phase.
fn name(canvas: &mut Canvas<'_>, area: Rect, view: &PhaseView, app: &App, with_state: bool) {
    let look = canvas.look;
    let focused = app.form.focus == Some(Spot::Phase(view.phase));
    let base = if focused { look.chosen } else { look.card };
    let here = Style { bg: base.bg, ..Style::new() };
    if focused {
        canvas.fill(area, base);
    }
    canvas.put(area, 0, icon(view.phase), base);
    let x = 4 + canvas.put_at(area, 2, 0, view.phase.title(), base.patch(look.title).patch(here));
    if with_state {
        let (sign, style) = state(canvas, view, app);
        canvas.put_at(area, x, 0, sign, style.patch(here));
        canvas.put_at(area, x + 2, 0, &view.status, style.patch(here));
    }
    if !view.rows.is_empty() {
        canvas.put_right(area, 0, if app.form.is_expanded(view) { "∧ " } else { "∨ " }, base);
    }
}

fn state(canvas: &Canvas<'_>, view: &PhaseView, app: &App) -> (&'static str, Style) {
    let look = canvas.look;
    match view.state {
        PhaseState::Waiting => ("○", look.soft),
        PhaseState::Working => (spinner(app.tempo), look.accent),
        PhaseState::Complete => ("✓", look.good),
        PhaseState::Error => ("✗", look.error),
    }
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
    if view.status.is_empty() { view.title.to_string() } else { format!("{} ({})", view.title, view.status) }
}
