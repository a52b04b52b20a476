//! A frame: the device's screen, what the run tells beside it, and the keys below. Pure: the same state gives the
//! same frame.

mod art;
mod bar;
mod canvas;
mod dark;
mod desktop;
mod details;
mod esp;
mod overlay;
mod page;
mod panel;
mod parts;
mod qr;
mod sign_on;

use ratatui::Frame;
use ratatui::layout::Rect;

use self::canvas::Canvas;
use super::app::{App, Overlay, Tempo};
use super::model::Power;
use super::palette::Palette;
use crate::world::Speed;

/// The smallest terminal that everything fits into.
pub(super) const SMALLEST: (u16, u16) = (60, 20);

/// Where things go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    head: Rect,
    device: Rect,
    panel: Rect,
    /// The panel stands beside the device's screen, not below it.
    side: bool,
    foot: Rect,
}

impl Plan {
    fn of(area: Rect) -> Self {
        let head = Rect { height: 1, ..area };
        let foot = Rect { y: area.bottom() - 1, height: 1, ..area };
        let body = Rect { y: area.y + 1, height: area.height - 2, ..area };
        let side = area.width >= 112 && area.height >= 24;
        let (device, panel) = if side {
            let width = if area.width >= 150 { 48 } else { 38 };
            let device = Rect { width: body.width - width, ..body };
            (device, Rect { x: device.right(), width, ..body })
        } else {
            let height = if area.height >= 22 { 4 } else { 3 };
            let device = Rect { height: body.height - height, ..body };
            (device, Rect { y: device.bottom(), height, ..body })
        };
        Self { head, device, panel, side, foot }
    }
}

/// Draws a frame.
pub(super) fn draw(frame: &mut Frame<'_>, app: &App, look: &Palette) {
    let area = frame.area();
    let mut canvas = Canvas { buf: frame.buffer_mut(), look, cursor: None };
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(&mut canvas, area);
        return;
    }
    let plan = Plan::of(area);
    bar::head(&mut canvas, plan.head, app);
    device(&mut canvas, plan.device, app);
    if plan.side {
        panel::side(&mut canvas, plan.panel, app);
    } else {
        panel::bottom(&mut canvas, plan.panel, app);
    }
    bar::foot(&mut canvas, plan.foot, app);
    if let Some(open) = app.overlay {
        canvas.cursor = None;
        let body = plan.device.union(plan.panel);
        match open {
            Overlay::Help => overlay::help(&mut canvas, if plan.side { plan.device } else { body }, app),
            Overlay::Timeline(back) => overlay::timeline(&mut canvas, body, app, back),
            Overlay::ConfirmPower => overlay::confirm_power(&mut canvas, plan.device, app),
            Overlay::Prompt => overlay::prompt(&mut canvas, plan.device, app),
        }
    }
    if let Some(cursor) = canvas.cursor {
        frame.set_cursor_position(cursor);
    }
}

/// The device's screen.
fn device(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let Some(station) = app.station() else {
        return dark::off(canvas, area, "nobody switched it on yet", app);
    };
    match (&station.power, &station.screen) {
        (Power::Off(why), _) => dark::off(canvas, area, why, app),
        (Power::Starting(why), _) => dark::starting(canvas, area, why, app),
        (Power::Up, None) => dark::starting(canvas, area, "", app),
        (Power::Up, Some(screen)) => match screen.id.as_str() {
            "desktop" => desktop::draw(canvas, area, screen, app),
            id if id.starts_with("winlogon.") => sign_on::draw(canvas, area, screen, app),
            _ if screen.verdict.is_some() || screen.qr.is_some() || !screen.facts.is_empty() => {
                details::draw(canvas, area, screen, app);
            }
            _ => page::draw(canvas, area, screen, app),
        },
    }
}

fn too_small(canvas: &mut Canvas<'_>, area: Rect) {
    let look = canvas.look;
    canvas.fill(area, look.panel);
    let (width, height) = SMALLEST;
    let lines = [
        format!("This terminal has {} x {}.", area.width, area.height),
        format!("oobe needs at least {width} x {height}: make it larger."),
    ];
    let mut y = area.height.saturating_sub(2) / 2;
    for line in lines {
        y = canvas.put_wrapped(area, y, &line, 3, look.panel);
    }
}

/// Position of everything that turns. It follows virtual time, and what the loop counted while that stood still; at any
/// speed it turns about as fast.
fn turn(tempo: Tempo) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a small positive number
    let step = match tempo.speed {
        Speed::Instant => 1_000,
        Speed::Scaled(factor) => ((factor * 120.0) as u64).max(1),
    };
    usize::try_from(tempo.t.0 / step % 1_000).unwrap_or(0) + tempo.turns as usize
}

/// A turning sign of one column.
fn spinner(tempo: Tempo) -> &'static str {
    const SIGNS: [&str; 8] = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠇", "⠏", "⠛"];
    SIGNS[turn(tempo) % SIGNS.len()]
}
