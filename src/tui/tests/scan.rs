//! The QR codes on the technician's pages scan: the terminal's cells are made a picture, as a camera would see them, and
//! a decoder that knows nothing of ours reads it.

use oobe_agent::screen::Screen;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Color;

use super::screens;
use super::snapshots::{SIZES, frame, with};
use crate::tui::palette::Palette;

/// Pixels of a cell.
const CELL: (usize, usize) = (8, 16);

/// How light a colour is, 0 to 255.
fn light(color: Color, default: u8) -> u8 {
    match color {
        Color::Indexed(16) => 0,
        Color::Indexed(n @ 232..) => 8 + (n - 232) * 10,
        Color::Indexed(n @ 16..) => {
            let level = |step: u8| if step == 0 { 0_u16 } else { 55 + 40 * u16::from(step) };
            let (r, g, b) = ((n - 16) / 36, (n - 16) / 6 % 6, (n - 16) % 6);
            u8::try_from((level(r) * 3 + level(g) * 6 + level(b)) / 10).unwrap_or(255)
        }
        _ => default,
    }
}

/// The upper and the lower half of a cell. Letters count as background: they are thin.
fn halves(cell: &Cell) -> (u8, u8) {
    let (fg, bg) = (light(cell.fg, 220), light(cell.bg, 20));
    match cell.symbol() {
        "█" => (fg, fg),
        "▀" => (fg, bg),
        "▄" => (bg, fg),
        _ => (bg, bg),
    }
}

/// What a scanner reads on the whole screen.
fn scan(buffer: &Buffer) -> Vec<String> {
    let (width, height) = (usize::from(buffer.area.width), usize::from(buffer.area.height));
    let pixel = |x: usize, y: usize| {
        let (upper, lower) = halves(&buffer.content[y / CELL.1 * width + x / CELL.0]);
        if y % CELL.1 < CELL.1 / 2 { upper } else { lower }
    };
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width * CELL.0, height * CELL.1, pixel);
    let grids = picture.detect_grids();
    grids.iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect()
}

#[test]
fn every_code_decodes_to_the_id_of_the_device() {
    let id = screens::deployment(None).device_id.to_uppercase();
    let pages: [Screen; 4] = [
        screens::information(true),
        screens::information(false),
        screens::resealable(false),
        screens::failed(false),
    ];
    for page in pages {
        for size in SIZES {
            for (look, name) in [(Palette::windows(), "colours"), (Palette::plain(), "no colours")] {
                let app = with(page.clone());
                let (buffer, _) = frame(&app, size, &look);
                assert_eq!(scan(&buffer), std::slice::from_ref(&id), "{} at {size:?} with {name}", page.id);
            }
        }
    }
}

#[test]
fn windows_11_has_no_code_on_its_result_pages() {
    for page in [screens::resealable(true), screens::failed(true)] {
        let (buffer, _) = frame(&with(page), SIZES[1], &Palette::windows());
        assert!(scan(&buffer).is_empty());
    }
}
