//! QR codes in half blocks: two modules to a cell, one above the other, since a cell is about twice as high as wide.

use qrcode::{Color, EcLevel, QrCode};
use ratatui::layout::Rect;

use super::canvas::Canvas;

/// The light modules that ISO/IEC 18004 wants round a code.
const QUIET: u16 = 4;
/// The fewest that scanners put up with; the page round it is light, too.
const LEAST_QUIET: u16 = 2;

/// A code, ready to be drawn.
pub(super) struct Code {
    /// Modules in a row.
    size: u16,
    dark: Vec<bool>,
}

impl Code {
    /// The code of a text; `None` when it is too long for one.
    pub(super) fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let size = u16::try_from(code.width()).ok()?;
        Some(Self { size, dark: code.to_colors().into_iter().map(|c| c == Color::Dark).collect() })
    }

    /// The light border that there is room for in so many columns and rows; `None` when it can't be drawn there.
    fn quiet(&self, columns: u16, rows: u16) -> Option<u16> {
        (LEAST_QUIET..=QUIET).rev().find(|quiet| {
            let (wide, high) = self.extent(*quiet);
            wide <= columns && high <= rows
        })
    }

    /// Columns and rows that it takes with that border.
    fn extent(&self, quiet: u16) -> (u16, u16) {
        let modules = self.size + 2 * quiet;
        (modules, modules.div_ceil(2))
    }

    /// Columns and rows that it takes where there are so many; `None` when it can't be drawn there.
    pub(super) fn fit(&self, columns: u16, rows: u16) -> Option<(u16, u16)> {
        Some(self.extent(self.quiet(columns, rows)?))
    }

    fn is_dark(&self, x: i32, y: i32) -> bool {
        let inside = (0..i32::from(self.size)).contains(&x) && (0..i32::from(self.size)).contains(&y);
        let at = || usize::try_from(y * i32::from(self.size) + x).ok();
        inside && at().and_then(|at| self.dark.get(at)).copied().unwrap_or(false)
    }

    /// Draws it in the top left corner of an area that it fits into.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let Some(quiet) = self.quiet(area.width, area.height) else { return };
        let (wide, high) = self.extent(quiet);
        let look = canvas.look;
        // Without colours the text of the terminal is taken for the light part, as it is on most of them.
        let inverted = look.qr.bg.is_none();
        for row in 0..high {
            let mut line = String::new();
            for column in 0..wide {
                let module = |half: u16| {
                    let (x, y) = (i32::from(column), i32::from(row * 2 + half));
                    self.is_dark(x - i32::from(quiet), y - i32::from(quiet)) != inverted
                };
                line.push(match (module(0), module(1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            canvas.put(Rect { width: wide, ..area }, row, &line, look.qr);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_id_makes_a_code_that_fits_beside_the_text_of_a_small_terminal() {
        let code = Code::of("E13BE37B-1913-4983-9BC4-0D6CCFE0153B").expect("36 characters");
        assert_eq!(code.size, 25);
        assert_eq!(code.fit(40, 16), Some((31, 16)));
        assert_eq!(code.fit(30, 16), Some((29, 15)));
        assert_eq!(code.fit(40, 17), Some((33, 17)));
        assert_eq!(code.fit(28, 40), None);
        assert!(Code::of(&"x".repeat(5_000)).is_none());
    }
}
