//! Text in columns: wrapped, cut, padded. Widths are those of the terminal, so wide and combining characters count
//! as what they take.

use ratatui::text::Span;

/// Columns that `text` takes.
pub(super) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// `text` broken between words into lines of at most `columns`; a word that is longer is cut in pieces.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word = word;
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        while width(word) > columns {
            let (head, tail) = split_at_width(word, columns);
            lines.push(head.to_owned());
            word = tail;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// As [`wrap`], but at most `most` lines; the last one ends in `…` when something was left out.
pub(super) fn wrap_to(text: &str, columns: usize, most: usize) -> Vec<String> {
    let mut lines = wrap(text, columns);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = format!("{}…", split_at_width(last, columns.saturating_sub(1)).0);
        }
    }
    lines
}

/// `text` in at most `columns`, with `…` at the end when it was cut.
pub(super) fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    if columns == 0 {
        return String::new();
    }
    let (head, _) = split_at_width(text, columns - 1);
    format!("{head}…")
}

/// The part of `text` that shows in a window of `columns`, so that the character at `cursor` is in it; and the column
/// of the cursor in that window.
pub(super) fn window(text: &str, cursor: usize, columns: usize) -> (String, usize) {
    let columns = columns.max(1);
    let chars: Vec<char> = text.chars().collect();
    let cursor = cursor.min(chars.len());
    let span = |part: &[char]| width(&part.iter().collect::<String>());
    let mut start = 0;
    while start < cursor && span(&chars[start..cursor]) >= columns {
        start += 1;
    }
    let mut end = chars.len();
    while end > start && span(&chars[start..end]) > columns {
        end -= 1;
    }
    (chars[start..end].iter().collect(), span(&chars[start..cursor]))
}

fn split_at_width(text: &str, columns: usize) -> (&str, &str) {
    let mut taken = 0;
    for (at, c) in text.char_indices() {
        let wide = width(c.encode_utf8(&mut [0; 4]));
        // At least one character, or a wide one in a single column would never come to an end.
        if taken + wide > columns && at > 0 {
            return text.split_at(at);
        }
        taken += wide;
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert!(wrap("  ", 4).is_empty());
        assert_eq!(wrap("日本語", 1), ["日", "本", "語"]);
    }

    #[test]
    fn says_that_something_was_left_out() {
        assert_eq!(wrap_to("one two three four", 7, 2), ["one two", "three…"]);
        assert_eq!(wrap_to("one two", 7, 2), ["one two"]);
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("abc", 0), "");
    }

    #[test]
    fn keeps_the_cursor_in_the_window() {
        assert_eq!(window("abc", 3, 10), ("abc".to_owned(), 3));
        assert_eq!(window("abcdefgh", 8, 4), ("fgh".to_owned(), 3));
        assert_eq!(window("abcdefgh", 0, 4), ("abcd".to_owned(), 0));
    }
}
