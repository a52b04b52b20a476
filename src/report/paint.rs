//! Colours. Everything is painted; what prints it takes the paint off again where nobody would see it (`--color`,
//! `NO_COLOR`, output that is no terminal).

use anstyle::{AnsiColor, Color, Style};

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Ordinary.
    Plain,
    /// Stands out.
    Strong,
    /// Steps back.
    Faint,
    /// Went well.
    Good,
    /// Deserves a look.
    Warning,
    /// Went wrong.
    Bad,
    /// A reference: rule, screen, event.
    Reference,
}

impl Tone {
    const fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Good => Style::new().fg_color(Some(Color::Ansi(AnsiColor::Green))),
            Self::Warning => Style::new().fg_color(Some(Color::Ansi(AnsiColor::Yellow))),
            Self::Bad => Style::new().fg_color(Some(Color::Ansi(AnsiColor::Red))),
            Self::Reference => Style::new().fg_color(Some(Color::Ansi(AnsiColor::Cyan))),
        }
    }
}

/// `text` in that tone.
pub(crate) fn paint(tone: Tone, text: &str) -> String {
    let style = tone.style();
    if tone == Tone::Plain || text.is_empty() { text.to_owned() } else { format!("{style}{text}{style:#}") }
}
