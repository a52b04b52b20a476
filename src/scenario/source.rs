//! The texts that a scenario is made of, and places in them.

use std::ops::Range;
use std::sync::Arc;

/// One text: the scenario file, a fixture, or a `--set` argument.
#[derive(Debug, Clone)]
pub struct Source {
    /// What people call it: a path, or `--set`.
    pub name: String,
    /// The text.
    pub text: Arc<str>,
}

/// A place in one of the [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    source: usize,
    start: usize,
    end: usize,
}

impl Location {
    /// Sorts by text, then by place in it.
    pub(super) fn order(&self) -> (usize, usize, usize) {
        (self.source, self.start, self.end)
    }

    /// Bytes of the text.
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// All texts of one scenario. The first one is the scenario file itself.
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Takes a text in; the location returned is all of it.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> Location {
        let text = text.into();
        let end = text.len();
        self.0.push(Source { name: name.into(), text });
        Location { source: self.0.len() - 1, start: 0, end }
    }

    /// A part of the text that `whole` lies in.
    pub fn part(whole: Location, span: Range<usize>) -> Location {
        Location { source: whole.source, start: span.start, end: span.end.max(span.start) }
    }

    /// The text that a location lies in.
    pub fn of(&self, at: Location) -> &Source {
        &self.0[at.source]
    }

    /// What the location covers.
    pub fn text(&self, at: Location) -> &str {
        self.of(at).text.get(at.span()).unwrap_or_default()
    }

    /// Line and column, both from 1; columns count characters.
    pub fn line_column(&self, at: Location) -> (usize, usize) {
        line_column(&self.of(at).text, at.start)
    }
}

/// Line and column of a byte offset, both from 1; columns count characters.
pub(super) fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let mut sources = Sources::default();
        let whole = sources.add("x.toml", "a\nähm = 1\n");
        assert_eq!(sources.line_column(Sources::part(whole, 5..6)), (2, 3));
        assert_eq!(sources.text(Sources::part(whole, 2..5)), "äh");
        assert_eq!(line_column("ab", 99), (1, 3));
    }
}
