//! A buffer to draw on, with the palette at hand. Drawing outside of it does nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::widgets::{Block, BorderType, Widget};

use crate::tui::palette::Palette;
use crate::tui::text;

/// Where a frame is drawn.
pub(super) struct Canvas<'a> {
    pub(super) buf: &'a mut Buffer,
    pub(super) look: &'a Palette,
    /// Where the terminal's cursor goes, if it shows.
    pub(super) cursor: Option<Position>,
}

impl Canvas<'_> {
    /// Empties an area and gives it a style.
    pub(super) fn fill(&mut self, area: Rect, style: Style) {
        let area = area.intersection(self.buf.area);
        for position in area.positions() {
            if let Some(cell) = self.buf.cell_mut(position) {
                cell.reset();
                cell.set_style(style);
            }
        }
    }

    /// Writes `text` in the row `y` of `area`, cut to its width. Tells how many columns it took.
    pub(super) fn put(&mut self, area: Rect, y: u16, text: &str, style: Style) -> u16 {
        self.put_at(area, 0, y, text, style)
    }

    /// The same, `x` columns in. Tells how many columns it took.
    pub(super) fn put_at(&mut self, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
        let inside = area.intersection(self.buf.area);
        if y >= area.height || x >= area.width || area.y + y >= inside.bottom() || inside.is_empty() {
            return 0;
        }
        let room = usize::from(area.width - x);
        let shown = text::fit(text, room);
        let (end, _) = self.buf.set_stringn(area.x + x, area.y + y, &shown, room, style);
        end.saturating_sub(area.x + x)
    }

    /// The same, in the middle.
    pub(super) fn put_centred(&mut self, area: Rect, y: u16, text: &str, style: Style) {
        let x = area.width.saturating_sub(columns(text)) / 2;
        self.put_at(area, x, y, text, style);
    }

    /// The same, at the right end.
    pub(super) fn put_right(&mut self, area: Rect, y: u16, text: &str, style: Style) {
        let x = area.width.saturating_sub(columns(text));
        self.put_at(area, x, y, text, style);
    }

    /// Writes `text` wrapped from row `y` on, at most `most` rows; tells the row below it.
    pub(super) fn put_wrapped(&mut self, area: Rect, y: u16, text: &str, most: usize, style: Style) -> u16 {
        let mut y = y;
        for line in text::wrap_to(text, usize::from(area.width), most) {
            self.put(area, y, &line, style);
            y += 1;
        }
        y
    }

    /// A frame with rounded corners; what is inside it.
    pub(super) fn frame(&mut self, area: Rect, title: &str, style: Style, border: Style) -> Rect {
        let area = area.intersection(self.buf.area);
        self.fill(area, style);
        let mut block = Block::bordered().border_type(BorderType::Rounded).style(style).border_style(border);
        if !title.is_empty() {
            block = block.title(format!(" {title} "));
        }
        let inner = block.inner(area);
        block.render(area, self.buf);
        inner
    }
}

/// Columns that a text takes.
pub(super) fn columns(text: &str) -> u16 {
    u16::try_from(text::width(text)).unwrap_or(u16::MAX)
}

/// The same area without so many columns at either side and rows at either end.
pub(super) fn inset(area: Rect, x: u16, y: u16) -> Rect {
    area.inner(ratatui::layout::Margin::new(x, y))
}

/// From row `y` of an area down.
pub(super) fn below(area: Rect, y: u16) -> Rect {
    let y = y.min(area.height);
    Rect { y: area.y + y, height: area.height - y, ..area }
}
