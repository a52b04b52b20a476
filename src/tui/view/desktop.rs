//! The desktop: the end of the way.

use oobe_agent::screen::Screen;
use ratatui::layout::Rect;

use super::art;
use super::canvas::Canvas;
use crate::tui::app::App;

/// Draws the desktop.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen, app: &App) {
    let look = canvas.look;
    canvas.fill(area, look.wallpaper);
    let logo = art::logo(area.height >= 14);
    let mut y = area.height.saturating_sub(u16::try_from(logo.len()).unwrap_or(0) + 4) / 2;
    for line in logo {
        canvas.put_centred(area, y, line, look.logo);
        y += 1;
    }
    canvas.put_centred(area, y + 1, &screen.title, look.wallpaper);
    let bar = Rect { y: area.bottom().saturating_sub(1), height: 1.min(area.height), ..area };
    canvas.fill(bar, look.taskbar);
    canvas.put_centred(bar, 0, "⊞   ⌕ Search   ▭   ◈", look.taskbar);
    if let Some(epoch) = app.epoch {
        let utc = epoch.plus_ms(i64::try_from(app.tempo.t.0).unwrap_or(i64::MAX)).to_rfc3339();
        // `2026-11-20T08:00:00Z` as a taskbar prints it.
        let shown = utc.get(..16).map(|t| t.replace('T', " ")).unwrap_or_default();
        canvas.put_right(bar, 0, &format!("{shown} "), look.taskbar);
    }
}
