//! Colours. Of the 256 that nearly every terminal has, so that a screen looks the same everywhere; none at all under
//! `NO_COLOR`, where bold, dim and reversed have to do.

use ratatui::style::{Color, Modifier, Style};

/// What each part of a frame looks like.
#[derive(Debug, Clone)]
pub(super) struct Palette {
    /// The desk that pages lie on.
    pub(super) desk: Style,
    /// A page of the out-of-box experience.
    pub(super) card: Style,
    /// Its edge.
    pub(super) edge: Style,
    /// Its caption.
    pub(super) title: Style,
    /// Text of less weight.
    pub(super) soft: Style,
    /// What went wrong.
    pub(super) error: Style,
    /// What went well.
    pub(super) good: Style,
    /// What is at work, or has the focus.
    pub(super) accent: Style,
    /// The illustration.
    pub(super) art: Style,
    /// A button that can be pressed.
    pub(super) button: Style,
    /// The one that Enter presses while the focus is elsewhere.
    pub(super) button_default: Style,
    /// The button that has the focus.
    pub(super) button_focus: Style,
    /// A button that can't be pressed.
    pub(super) button_off: Style,
    /// The entry of a list that is chosen.
    pub(super) chosen: Style,
    /// Frame of a field.
    pub(super) field: Style,
    /// Frame of the field that has the focus.
    pub(super) field_focus: Style,
    /// Placeholder in an empty field.
    pub(super) hint: Style,
    /// Windows sign-on, and the wallpaper of the desktop.
    pub(super) wallpaper: Style,
    /// The logo on it.
    pub(super) logo: Style,
    /// The taskbar.
    pub(super) taskbar: Style,
    /// A screen without power, and while Windows starts.
    pub(super) dark: Style,
    /// Faint text on it.
    pub(super) dark_soft: Style,
    /// The logo while Windows starts.
    pub(super) dark_logo: Style,
    /// A whole page that says that it went well.
    pub(super) page_good: Style,
    /// A whole page that says that it did not.
    pub(super) page_bad: Style,
    /// A QR code: dark on light, or without colours.
    pub(super) qr: Style,
    /// Head and foot of the frame.
    pub(super) bar: Style,
    /// What stands out in them.
    pub(super) bar_strong: Style,
    /// What wants attention in them: paused, your turn.
    pub(super) bar_alert: Style,
    /// A good end.
    pub(super) bar_good: Style,
    /// The panel that tells about the run.
    pub(super) panel: Style,
    /// Its labels.
    pub(super) label: Style,
    /// Text of less weight in it.
    pub(super) panel_soft: Style,
    /// Good news in it.
    pub(super) panel_good: Style,
    /// Bad news in it.
    pub(super) panel_bad: Style,
    /// What a person does, in it.
    pub(super) panel_accent: Style,
}

const fn on(fg: u8, bg: u8) -> Style {
    Style::new().fg(Color::Indexed(fg)).bg(Color::Indexed(bg))
}

impl Palette {
    /// The look of Windows 11, as far as 256 colours go.
    pub(super) const fn windows() -> Self {
        const CARD: u8 = 255;
        const PANEL: u8 = 235;
        const BAR: u8 = 237;
        const BLUE: u8 = 25;
        Self {
            desk: on(153, 24),
            card: on(236, CARD),
            edge: on(253, CARD),
            title: on(234, CARD).add_modifier(Modifier::BOLD),
            soft: on(242, CARD),
            error: on(160, CARD),
            good: on(28, CARD),
            accent: on(BLUE, CARD),
            art: on(67, CARD),
            button: on(236, 252),
            button_default: on(231, BLUE),
            button_focus: on(231, BLUE).add_modifier(Modifier::BOLD),
            button_off: on(247, 254),
            chosen: on(234, 153),
            field: on(246, CARD),
            field_focus: on(BLUE, CARD),
            hint: on(248, CARD),
            wallpaper: on(255, 17),
            logo: on(75, 17),
            taskbar: on(252, 234),
            dark: on(252, 16),
            dark_soft: on(242, 16),
            dark_logo: on(39, 16),
            page_good: on(231, 28),
            page_bad: on(231, 124),
            qr: on(16, 231),
            bar: on(250, BAR),
            bar_strong: on(231, BAR).add_modifier(Modifier::BOLD),
            bar_alert: on(16, 220).add_modifier(Modifier::BOLD),
            bar_good: on(16, 114).add_modifier(Modifier::BOLD),
            panel: on(252, PANEL),
            label: on(75, PANEL),
            panel_soft: on(245, PANEL),
            panel_good: on(114, PANEL),
            panel_bad: on(210, PANEL),
            panel_accent: on(222, PANEL),
        }
    }

    /// Without colours.
    pub(super) const fn plain() -> Self {
        const NONE: Style = Style::new();
        const BOLD: Style = NONE.add_modifier(Modifier::BOLD);
        const DIM: Style = NONE.add_modifier(Modifier::DIM);
        const REVERSED: Style = NONE.add_modifier(Modifier::REVERSED);
        Self {
            desk: NONE,
            card: NONE,
            edge: DIM,
            title: BOLD,
            soft: DIM,
            error: BOLD.add_modifier(Modifier::UNDERLINED),
            good: BOLD,
            accent: BOLD,
            art: DIM,
            button: NONE,
            button_default: BOLD,
            button_focus: REVERSED.add_modifier(Modifier::BOLD),
            button_off: DIM,
            chosen: REVERSED,
            field: DIM,
            field_focus: BOLD,
            hint: DIM,
            wallpaper: NONE,
            logo: BOLD,
            taskbar: REVERSED,
            dark: NONE,
            dark_soft: DIM,
            dark_logo: BOLD,
            page_good: NONE,
            page_bad: NONE,
            qr: NONE,
            bar: REVERSED,
            bar_strong: REVERSED.add_modifier(Modifier::BOLD),
            bar_alert: BOLD,
            bar_good: BOLD,
            panel: NONE,
            label: BOLD,
            panel_soft: DIM,
            panel_good: BOLD,
            panel_bad: BOLD.add_modifier(Modifier::UNDERLINED),
            panel_accent: BOLD,
        }
    }

    /// What the environment asks for: `NO_COLOR`, when it is not empty, means no colours (no-color.org).
    pub(super) fn of(no_color: Option<&std::ffi::OsStr>) -> Self {
        if no_color.is_some_and(|value| !value.is_empty()) { Self::plain() } else { Self::windows() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_means_no_color() {
        let plain = format!("{:?}", Palette::of(Some("1".as_ref())));
        assert!(!plain.contains("Indexed"), "{plain}");
        let empty = format!("{:?}", Palette::of(Some("".as_ref())));
        assert!(empty.contains("Indexed"));
    }
}
