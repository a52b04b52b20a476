//! A line that a person types.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The longest line that a field takes, in characters.
const LONGEST: usize = 256;

/// Text and cursor.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    chars: Vec<char>,
    cursor: usize,
}

/// What is typed may be a password: it is never printed for debugging.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({} characters)", self.chars.len())
    }
}

impl Entry {
    /// With that text in it, the cursor at its end.
    pub(super) fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().take(LONGEST).collect();
        Self { cursor: chars.len(), chars }
    }

    /// The text.
    pub(super) fn text(&self) -> String {
        self.chars.iter().collect()
    }

    /// The text as a field with secrets shows it.
    pub(super) fn dots(&self) -> String {
        "●".repeat(self.chars.len())
    }

    /// Whether nothing stands in it.
    pub(super) fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    /// Characters before the cursor.
    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    /// Puts `text` in at the cursor; control characters are left out, so that a pasted line break does no harm.
    pub(super) fn insert(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_control()) {
            if self.chars.len() == LONGEST {
                return;
            }
            self.chars.insert(self.cursor, c);
            self.cursor += 1;
        }
    }

    /// Takes a key; tells whether it was one for a field.
    pub(super) fn key(&mut self, event: KeyEvent) -> bool {
        if event.modifiers.contains(KeyModifiers::CONTROL) {
            match event.code {
                KeyCode::Char('a') => self.cursor = 0,
                KeyCode::Char('e') => self.cursor = self.chars.len(),
                KeyCode::Char('u') => {
                    self.chars.drain(..self.cursor);
                    self.cursor = 0;
                }
                KeyCode::Char('w') | KeyCode::Backspace => self.delete_word(),
                KeyCode::Left => self.cursor = self.word_start(),
                _ => return false,
            }
            return true;
        }
        match event.code {
            KeyCode::Char(c) if !event.modifiers.contains(KeyModifiers::ALT) => {
                self.insert(c.encode_utf8(&mut [0; 4]));
            }
            KeyCode::Backspace => {
                if self.cursor > 0 {
                    self.cursor -= 1;
                    self.chars.remove(self.cursor);
                }
            }
            KeyCode::Delete => {
                if self.cursor < self.chars.len() {
                    self.chars.remove(self.cursor);
                }
            }
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(self.chars.len()),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.chars.len(),
            _ => return false,
        }
        true
    }

    fn word_start(&self) -> usize {
        let before = &self.chars[..self.cursor];
        let trailing = before.iter().rev().take_while(|c| !c.is_alphanumeric()).count();
        let word = before.iter().rev().skip(trailing).take_while(|c| c.is_alphanumeric()).count();
        self.cursor - trailing - word
    }

    fn delete_word(&mut self) {
        let start = self.word_start();
        self.chars.drain(start..self.cursor);
        self.cursor = start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(entry: &mut Entry, codes: &[KeyCode]) {
        for code in codes {
            entry.key(KeyEvent::new(*code, KeyModifiers::NONE));
        }
    }

    #[test]
    fn edits_where_the_cursor_is() {
        let mut entry = Entry::new("alce");
        keys(&mut entry, &[KeyCode::Left, KeyCode::Left, KeyCode::Char('i')]);
        assert_eq!((entry.text().as_str(), entry.cursor()), ("alice", 3));
        keys(&mut entry, &[KeyCode::End, KeyCode::Backspace, KeyCode::Home, KeyCode::Delete]);
        assert_eq!((entry.text().as_str(), entry.cursor()), ("lic", 0));
        keys(&mut entry, &[KeyCode::Backspace, KeyCode::Left]);
        assert_eq!(entry.text(), "lic");
    }

    #[test]
    fn takes_any_script_and_counts_characters() {
        let mut entry = Entry::default();
        entry.insert("pässwörd 日本\n\u{7}");
        assert_eq!(entry.text(), "pässwörd 日本");
        assert_eq!(entry.dots(), "●●●●●●●●●●●");
    }

    #[test]
    fn deletes_words_and_lines() {
        let mut entry = Entry::new("alice@contoso.test");
        entry.key(KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL));
        assert_eq!(entry.text(), "alice@contoso.");
        entry.key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL));
        assert!(entry.is_empty());
    }

    #[test]
    fn has_an_end_and_tells_no_secrets() {
        let mut entry = Entry::default();
        entry.insert(&"x".repeat(1_000));
        assert_eq!(entry.text().len(), LONGEST);
        assert_eq!(format!("{:?}", Entry::new("hunter2")), "Entry(7 characters)");
    }
}
