//! What a scanner reads on a terminal: the drawn cells are made a picture, as a camera would see them, and a decoder
//! that knows nothing of ours reads it.

use vt100::{Cell, Color, Screen};

/// Pixels of a cell.
const CELL: (usize, usize) = (8, 16);

/// How light a colour is, 0 to 255.
fn light(color: Color, default: u8) -> u8 {
    match color {
        Color::Idx(16) => 0,
        Color::Idx(n @ 232..) => 8 + (n - 232) * 10,
        Color::Idx(n @ 16..) => {
            let level = |step: u8| if step == 0 { 0_u16 } else { 55 + 40 * u16::from(step) };
            let (r, g, b) = ((n - 16) / 36, (n - 16) / 6 % 6, (n - 16) % 6);
            u8::try_from((level(r) * 3 + level(g) * 6 + level(b)) / 10).unwrap_or(255)
        }
        _ => default,
    }
}

/// The upper and the lower half of a cell. Letters count as background: they are thin.
fn halves(cell: Option<&Cell>) -> (u8, u8) {
    let Some(cell) = cell else { return (20, 20) };
    let (fg, bg) = (light(cell.fgcolor(), 220), light(cell.bgcolor(), 20));
    match cell.contents() {
        "█" => (fg, fg),
        "▀" => (fg, bg),
        "▄" => (bg, fg),
        _ => (bg, bg),
    }
}

/// Every code on the screen.
pub(crate) fn scan(screen: &Screen) -> Vec<String> {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let cells: Vec<Vec<(u8, u8)>> =
        (0..rows).map(|row| (0..columns).map(|column| halves(screen.cell(row, column))).collect()).collect();
    let pixel = |x: usize, y: usize| {
        let (upper, lower) = cells[y / CELL.1][x / CELL.0];
        if y % CELL.1 < CELL.1 / 2 { upper } else { lower }
    };
    let (width, height) = (usize::from(columns) * CELL.0, usize::from(rows) * CELL.1);
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, pixel);
    let grids = picture.detect_grids();
    grids.iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect()
}
