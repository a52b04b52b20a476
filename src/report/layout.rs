//! Lines that fit: time on the left, text in the middle, a reference on the right.

use std::fmt::Write as _;

use textwrap::Options;
use unicode_width::UnicodeWidthStr;

use super::paint::{Tone, paint};

/// Narrower than this nothing is laid out; wider than that nobody reads.
const NARROWEST: usize = 40;
const WIDEST: usize = 120;

/// Where the text begins: behind the time.
const TIME: usize = 9;

/// Lines of a width.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    width: usize,
}

/// One line before it is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Shown on the left when there is any.
    pub(crate) time: String,
    /// Name of the device, where there are several.
    pub(crate) who: String,
    /// One character: what kind of line it is.
    pub(crate) sign: char,
    pub(crate) text: String,
    pub(crate) tone: Tone,
    /// On the right.
    pub(crate) reference: String,
}

impl Layout {
    /// For a terminal of that width.
    pub(crate) fn new(width: usize) -> Self {
        Self { width: width.clamp(NARROWEST, WIDEST) }
    }

    /// Lays a line out. It ends with a line break.
    pub(crate) fn entry(self, entry: &Entry) -> String {
        let who = if entry.who.is_empty() { String::new() } else { format!("{:<8} ", entry.who) };
        let indent = TIME + 1 + who.width() + 2;
        let reference = entry.reference.width();
        let room = self.width.saturating_sub(indent);
        // A reference gets its column while that leaves half of the line for the text; otherwise a line of its own.
        let beside = reference > 0 && reference + 2 <= room / 2;
        let text_room = if beside { room - reference - 2 } else { room };
        let mut lines = wrap(&entry.text, text_room);
        if lines.is_empty() {
            lines.push(String::new());
        }
        let mut out = String::new();
        for (i, line) in lines.iter().enumerate() {
            let lead = if i == 0 {
                format!(
                    "{} {}{} ",
                    paint(Tone::Faint, &format!("{:>TIME$}", entry.time)),
                    paint(Tone::Faint, &who),
                    entry.sign
                )
            } else {
                " ".repeat(indent)
            };
            out.push_str(&lead);
            out.push_str(&paint(entry.tone, line));
            if beside && i == 0 {
                let gap = self.width.saturating_sub(indent + line.width() + reference);
                out.push_str(&" ".repeat(gap));
                out.push_str(&paint(Tone::Reference, &harmless(&entry.reference)));
            }
            trim_end(&mut out);
            out.push('\n');
        }
        if reference > 0 && !beside {
            out.push_str(&" ".repeat(indent));
            out.push_str(&paint(Tone::Reference, &harmless(&entry.reference)));
            out.push('\n');
        }
        out
    }

    /// Text with all lines indented by so much.
    pub(crate) fn paragraph(self, indent: usize, text: &str) -> String {
        let pad = " ".repeat(indent);
        let lines = wrap(text, self.width.saturating_sub(indent));
        lines.iter().flat_map(|line| [pad.as_str(), line, "\n"]).collect()
    }

    /// `label  text`, the text wrapped beside its label.
    pub(crate) fn labelled(self, indent: usize, label: &str, text: &str) -> String {
        let column = indent + 10;
        let lines = wrap(text, self.width.saturating_sub(column));
        let mut out = String::new();
        for (i, line) in lines.iter().enumerate() {
            if i == 0 {
                let name = paint(Tone::Faint, &format!("{label:<9} "));
                let _ = writeln!(out, "{}{name}{line}", " ".repeat(indent));
            } else {
                let _ = writeln!(out, "{}{line}", " ".repeat(column));
            }
        }
        out
    }
}

/// Text that came from elsewhere must not steer the terminal.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let text = harmless(text);
    let options = Options::new(width.max(20)).break_words(true);
    text.lines().flat_map(|line| textwrap::wrap(line, &options)).map(std::borrow::Cow::into_owned).collect()
}

fn trim_end(text: &mut String) {
    text.truncate(text.trim_end_matches(' ').len());
}

/// The width to lay out for: `COLUMNS`, the terminal's, or a page's.
pub(crate) fn terminal_width() -> usize {
    let named = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let asked = || terminal_size::terminal_size().map(|(terminal_size::Width(width), _)| usize::from(width));
    named.or_else(asked).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str, reference: &str) -> String {
        let entry = Entry {
            time: "1:02".into(),
            who: String::new(),
            sign: ' ',
            text: text.into(),
            tone: Tone::Plain,
            reference: reference.into(),
        };
        let painted = Layout::new(60).entry(&entry);
        anstream::adapter::strip_str(&painted).to_string()
    }

    #[test]
    fn references_stand_on_the_right() {
        assert_eq!(
            entry("short", "USR-004"),
            "     1:02   short                                    USR-004\n"
        );
        assert_eq!(entry("sign-in ☃ ok", "x").trim_end().width(), 60);
    }

    #[test]
    fn texts_do_not_steer_the_terminal() {
        let out = entry("a\u{1b}[2Jb\tc\u{9b}1m", "\u{7}");
        assert!(out.trim_end_matches('\n').chars().all(|c| !c.is_control()), "{out:?}");
    }

    #[test]
    fn long_texts_are_wrapped() {
        let out = entry(&"word ".repeat(30), "USR-004");
        assert!(out.lines().count() > 2 && out.lines().all(|l| l.width() <= 60), "{out}");
        let out = entry("text", &"r".repeat(50));
        assert_eq!(out.lines().count(), 2);
    }
}
