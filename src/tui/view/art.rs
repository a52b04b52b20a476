//! Pictures: the logo of four panes, and what stands at the left of a page on a wide terminal.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::canvas::Canvas;

/// The logo: large, or small.
pub(super) fn logo(large: bool) -> &'static [&'static str] {
    if large {
        &[
            "██████ ██████",
            "██████ ██████",
            "██████ ██████",
            "             ",
            "██████ ██████",
            "██████ ██████",
            "██████ ██████",
        ]
    } else {
        &["████ ████", "████ ████", "         ", "████ ████", "████ ████"]
    }
}

const GLOBE: &[&str] = &[
    r"      .-'''''-.      ",
    r"   .'  |  |  |  '.   ",
    r"  /----+--+--+----\  ",
    r" |    |   |   |    | ",
    r" |----+---+---+----| ",
    r" |    |   |   |    | ",
    r"  \----+--+--+----/  ",
    r"   '.  |  |  |  .'   ",
    r"      '-.....-'      ",
];

const KEYBOARD: &[&str] = &[
    r" .-------------------. ",
    r" | o o o o o o o o o | ",
    r" |  o o o o o o o o  | ",
    r" | o o o o o o o o o | ",
    r" |     [_______]     | ",
    r" '-------------------' ",
];

const NETWORK: &[&str] = &[
    r"     .-''''''''-.     ",
    r"   .'            '.   ",
    r"  /   .-''''''-.   \  ",
    r"    .'          '.    ",
    r"   /   .-''''-.   \   ",
    r"     .'        '.     ",
    r"         (@@)         ",
];

const PERSON: &[&str] = &[
    r"       .-''-.       ",
    r"      /      \      ",
    r"      \      /      ",
    r"       '-..-'       ",
    r"    .-'      '-.    ",
    r"   /            \   ",
    r"  |              |  ",
    r"  '--------------'  ",
];

const LOCK: &[&str] = &[
    r"      .------.      ",
    r"     /  .--.  \     ",
    r"    |  |    |  |    ",
    r"  .-+--+----+--+-.  ",
    r"  |      __      |  ",
    r"  |     (__)     |  ",
    r"  |      ||      |  ",
    r"  '--------------'  ",
];

const LAPTOP: &[&str] = &[
    r"   .----------------.   ",
    r"   |                |   ",
    r"   |             /  |   ",
    r"   |        \   /   |   ",
    r"   |         \ /    |   ",
    r"   |          '     |   ",
    r"   '----------------'   ",
    r"  /__________________\  ",
    r" '--------------------' ",
];

const LAPTOP_BUSY: &[&str] = &[
    r"   .----------------.   ",
    r"   |                |   ",
    r"   |     .    .     |   ",
    r"   |                |   ",
    r"   |     '    '     |   ",
    r"   |                |   ",
    r"   '----------------'   ",
    r"  /__________________\  ",
    r" '--------------------' ",
];

const TROUBLE: &[&str] = &[
    r"          .          ",
    r"         / \         ",
    r"        /   \        ",
    r"       /  |  \       ",
    r"      /   |   \      ",
    r"     /         \     ",
    r"    /     o     \    ",
    r"   '-------------'   ",
];

const PAPER: &[&str] = &[
    r"   .-----------.    ",
    r"   |  -------  |\   ",
    r"   |  -------- '-|  ",
    r"   |  ----       |  ",
    r"   |  ---------- |  ",
    r"   |  -------    |  ",
    r"   |  ---------- |  ",
    r"   '-------------'  ",
];

const DONE: &[&str] = &[
    r"                  .",
    r"                ./ ",
    r"              ./   ",
    r"            ./     ",
    r" \.       ./       ",
    r"   \.   ./         ",
    r"     \./           ",
];

const FAILED: &[&str] = &[
    r"  \           /  ",
    r"    \       /    ",
    r"      \   /      ",
    r"        X        ",
    r"      /   \      ",
    r"    /       \    ",
    r"  /           \  ",
];

/// Columns that [`sign`] takes.
pub(super) const SIGN: u16 = 22;

/// The sign on a page that says how it ended.
pub(super) fn sign(good: bool) -> &'static [&'static str] {
    if good { DONE } else { FAILED }
}

/// The picture that goes with a screen.
pub(super) fn picture(id: &str, trouble: bool) -> &'static [&'static str] {
    if trouble
        && !id.starts_with("esp.")
        && !id.starts_with("entra.signin")
        && !id.starts_with("entra.password")
    {
        return TROUBLE;
    }
    match id {
        "oobe.region" | "oobe.language" => GLOBE,
        "oobe.keyboard" | "oobe.keyboard2" => KEYBOARD,
        "oobe.network" => NETWORK,
        "oobe.eula" | "oobe.privacy" | "entra.tou" => PAPER,
        "entra.password" | "entra.mfa" | "hello.pin" | "hello.intro" => LOCK,
        "entra.wrong-org" | "entra.error" | "hello.error" | "oobe.recovery" => TROUBLE,
        "oobe.checking" => LAPTOP_BUSY,
        id if id.starts_with("preprov.") || id.starts_with("esp.") || id.starts_with("dp.") => LAPTOP,
        id if id.starts_with("entra.") || id.starts_with("plain.") => PERSON,
        _ => LAPTOP_BUSY,
    }
}

/// Draws a picture in the middle of an area.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, picture: &[&str]) {
    draw_in(canvas, area, picture, canvas.look.art);
}

/// The same in another style.
pub(super) fn draw_in(canvas: &mut Canvas<'_>, area: Rect, picture: &[&str], style: Style) {
    let tall = u16::try_from(picture.len()).unwrap_or(0);
    for (y, line) in (area.height.saturating_sub(tall) / 2..).zip(picture) {
        canvas.put_centred(area, y, line, style);
    }
}
