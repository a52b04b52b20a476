//! What is wrong with a scenario, in a form that shows the place and says what to do.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use super::source::{Location, Sources};

/// One thing that is wrong, not yet tied to its text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    code: &'static str,
    at: Location,
    message: String,
    label: Option<String>,
    help: Option<String>,
}

impl Problem {
    pub(super) fn new(code: &'static str, at: Location, message: impl Into<String>) -> Self {
        Self { code, at, message: message.into(), label: None, help: None }
    }

    /// What stands at the caret.
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// What to do about it.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A scenario that can't be used, and everything that is wrong with it.
#[derive(Debug)]
pub struct ScenarioError {
    name: String,
    problems: Vec<Located>,
}

impl ScenarioError {
    pub(super) fn new(name: impl Into<String>, sources: &Sources, mut problems: Vec<Problem>) -> Self {
        // In the order of the text; what is wrong twice at the same place is told once.
        problems.sort_by_key(|p| p.at.order());
        problems.dedup_by_key(|p| p.at.order());
        let problems = problems.iter().map(|p| Located::new(sources, p)).collect();
        Self { name: name.into(), problems }
    }

    /// An error about the file as a whole.
    pub(super) fn whole(name: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        let message = format!("{name}: {}", message.into());
        let problem = Located {
            code: "scenario::file",
            source: None,
            span: 0..0,
            place: (0, 0),
            message,
            label: None,
            help: Some(help.into()),
        };
        Self { name: name.to_owned(), problems: vec![problem] }
    }

    /// The file, as the user named it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Everything that is wrong, in the order in which it was found.
    pub fn problems(&self) -> &[Located] {
        &self.problems
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name)?;
        for (i, problem) in self.problems.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ScenarioError {}

/// One problem with its text, ready to be shown by miette.
#[derive(Debug)]
pub struct Located {
    code: &'static str,
    source: Option<NamedSource<String>>,
    span: std::ops::Range<usize>,
    place: (usize, usize),
    message: String,
    label: Option<String>,
    help: Option<String>,
}

impl Located {
    fn new(sources: &Sources, problem: &Problem) -> Self {
        let source = sources.of(problem.at);
        let (text, span) = (harmless(&source.text), problem.at.span());
        let shown = without_passwords(&text);
        let told = |words: &str| Self::without_secrets(&harmless(words), &text, &shown, &span);
        Self {
            code: problem.code,
            place: sources.line_column(problem.at),
            message: told(&problem.message),
            label: problem.label.as_deref().map(told),
            help: problem.help.as_deref().map(told),
            source: Some(NamedSource::new(&source.name, shown.clone())),
            span,
        }
    }

    /// Name of the text (path, fixture, `--set`); empty when there is none.
    pub fn file(&self) -> &str {
        self.source.as_ref().map_or("", |s| s.name())
    }

    /// Kind of the problem, for programs: `scenario::unknown-key`, ...
    pub fn kind(&self) -> &'static str {
        self.code
    }

    /// What to do about it.
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Line and column, both from 1; zeros when the problem is about the file as a whole.
    pub fn place(&self) -> (usize, usize) {
        self.place
    }
}

/// What stands in a file must not steer the terminal that shows it. As long as before, so that places stay right.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && !matches!(c, '\n' | '\r' | '\t') {
            out.extend(std::iter::repeat_n('?', c.len_utf8()));
        } else {
            out.push(c);
        }
    }
    out
}

/// Passwords blotted out: a line that is wrong is shown with its neighbours, and may be wrong at its password. As long as
/// before, so that places stay right. Files that are no TOML come here too, and keys that are misspelled, so it goes by lines
/// and hides rather too much: from behind whatever looks like that word to where the next key or table begins.
fn without_passwords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut goes_on, mut in_table) = (false, false);
    for line in text.split_inclusive('\n') {
        if is_header(line) {
            (goes_on, in_table) = (false, password_word(line).is_some());
            out.push_str(line);
            continue;
        }
        let hidden = match key_length(line) {
            Some(length) if in_table => Some(length),
            None if goes_on || in_table => Some(0),
            _ => secret_part(line),
        };
        goes_on = hidden.is_some();
        let shown = hidden.unwrap_or(line.len());
        out.push_str(&line[..shown]);
        for c in line[shown..].chars() {
            if c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '[' | ']' | '{' | '}' | ',') {
                out.push(c);
            } else {
                out.extend(std::iter::repeat_n('*', c.len_utf8()));
            }
        }
    }
    out
}

/// Whether the line is the head of a table.
fn is_header(line: &str) -> bool {
    let line = line.trim_start();
    let name = line.trim_start_matches('[');
    name.len() < line.len()
        && name.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && !name.contains('=')
}

/// How long the key is that the line sets, with the sign behind it.
fn key_length(line: &str) -> Option<usize> {
    let (key, _) = line.split_once('=')?;
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\'' | ' ' | '\t');
    let closed = ['"', '\''].iter().all(|quote| key.matches(*quote).count() % 2 == 0);
    (closed && !key.trim().is_empty() && key.chars().all(fits)).then_some(key.len() + 1)
}

/// Where something that looks like the word begins and ends: with any number of `s`, in any case.
fn password_word(line: &str) -> Option<std::ops::Range<usize>> {
    let bytes = line.as_bytes();
    (0..bytes.len()).find_map(|at| {
        let rest = bytes[at..].strip_prefix(b"pa").or_else(|| bytes[at..].strip_prefix(b"Pa"));
        let rest = rest.or_else(|| bytes[at..].strip_prefix(b"PA"))?;
        let several = rest.iter().take_while(|b| b.eq_ignore_ascii_case(&b's')).count();
        let ends = several > 0 && rest.get(several).is_some_and(|b| b.eq_ignore_ascii_case(&b'w'));
        ends.then(|| at..at + 2 + several + 1)
    })
}

/// Where the part of the line begins that may be a password.
fn secret_part(line: &str) -> Option<usize> {
    let first = password_word(line)?;
    // What is typed into a field of that name stands in `text`, before or behind it.
    let typed = line.contains("fill").then(|| line.find("text").map(|at| at + "text".len())).flatten();
    let mut from = first.end;
    let value = loop {
        let rest = &line[from..];
        let in_key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\'');
        let behind = rest.trim_start_matches(in_key).trim_start_matches([' ', '\t']);
        let value = behind.trim_start_matches(['=', ':']);
        let (at, begins) =
            (line.len() - behind.len(), line.len() - value.trim_start_matches([' ', '\t']).len());
        // A page's name ends so too, and has the acts on it behind it; an act has a table.
        let is_acts = value.trim_start_matches(['[', ' ', '\t']).starts_with('{');
        let is_value = value.len() < behind.len() || behind.starts_with(['"', '\'', '[']);
        if is_value && !is_acts {
            break Some(begins);
        }
        match password_word(&line[at..]) {
            Some(next) => from = at + next.end,
            None => break None,
        }
    };
    // Words of a comment are none, unless something is set in it.
    [typed, value].into_iter().flatten().min()
}

impl Located {
    /// The texts without pieces of what is hidden in the lines that the mistake is in.
    fn without_secrets(words: &str, text: &str, shown: &str, span: &std::ops::Range<usize>) -> String {
        let begin = text[..span.start.min(text.len())].rfind('\n').map_or(0, |at| at + 1);
        let end = span.end.clamp(begin, text.len());
        let end = text[end..].find('\n').map_or(text.len(), |at| end + at);
        let hidden = text[begin..end]
            .char_indices()
            .filter(|(at, _)| shown.as_bytes()[begin + at] == b'*' && text.as_bytes()[begin + at] != b'*');
        let mut pieces: Vec<String> = Vec::new();
        let mut last = None;
        for (at, c) in hidden {
            match pieces.last_mut() {
                Some(piece) if last == Some(at) => piece.push(c),
                _ => pieces.push(c.to_string()),
            }
            last = Some(at + c.len_utf8());
        }
        pieces.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
        let pieces = pieces.iter().filter(|piece| piece.len() > 1);
        pieces.fold(words.to_owned(), |words, piece| words.replace(piece.as_str(), "***"))
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Located {}

impl Diagnostic for Located {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|s| s as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source.as_ref()?;
        let label = LabeledSpan::new_with_span(self.label.clone(), self.span.clone());
        Some(Box::new(std::iter::once(label)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_blotted_out_and_nothing_moves() {
        let shown = |text: &str| {
            let shown = without_passwords(text);
            assert_eq!(shown.len(), text.len());
            shown
        };
        // Whatever is wrong there, and whatever is not.
        for secret in [
            "\"SECRET\"",
            "SECRET",
            "\"SECRET",
            "'SECRET'",
            "12345SECRET",
            "P#SECRET",
            "a SECRET b",
            "\"ab\"SECRET\"",
            "\"\"\"SECRET\"\"\"",
            "\"\"\"\nSECRET\"\"\"",
            "[\"SECRET\"]",
            "[\"one\",\n \"SECRET\", # it's\n]",
            "[\"one\", # [x]\n\"SECRET\"]",
            "\n[\"SECRET\"]",
            "\"x\" # was SECRET",
            "[[\"a\"], \"SECRET\"]",
            "[\"a=SECRET\",\n\"b=SECRET\"]",
        ] {
            for key in [
                "password",
                "passwords",
                "Password",
                "pasword",
                "passwort",
                "\"password\"",
                "set-password",
                "person.a.passwords",
            ] {
                for between in [" = ", "=", ": ", " == ", "\t=\t"] {
                    let told = shown(&format!("b = 1\n{key}{between}{secret}\nc = 2\n"));
                    assert!(!told.contains("SECRET"), "{told}");
                    assert!(told.starts_with("b = 1\n") && told.ends_with("\nc = 2\n"), "{told}");
                }
            }
        }
        for text in [
            "password \"SECRET\"",
            "[person.a.passwords]\nfirst = \"SECRET\"\n",
            "{ set-password = { user = \"a\", password = \"SECRET\" } }",
            "fill = { text = \"SECRET\", field = \"password\" }",
            "fill = { field = 'password', text = \"SECRET\" }",
            "user={password=\"SECRET\"}",
        ] {
            assert!(!shown(text).contains("SECRET"), "{}", shown(text));
        }
        for harmless in [
            "# the password is told\n",
            "password",
            "\"entra.password\" = [{ press = \"Next\" }]\n",
            "at = \"entra.password\"\nb = 1\n",
        ] {
            assert_eq!(shown(harmless), harmless);
        }
        assert_eq!(shown("password = \"x\"\n[a]\nb = 1\n"), "password = \"*\"\n[a]\nb = 1\n");
    }

    #[test]
    fn what_is_said_of_a_password_does_not_quote_it() {
        let text = "a = 1\npasswords = \"SEKRIT12\"\nb = 2\n";
        let told = |words: &str| Located::without_secrets(words, text, &without_passwords(text), &(18..28));
        assert_eq!(
            told("expected a list, found the text \"SEKRIT12\""),
            "expected a list, found the text \"***\""
        );
        assert_eq!(Located::without_secrets("x 2", text, &without_passwords(text), &(29..34)), "x 2");
        assert_eq!(Located::without_secrets("x", "", "", &(0..0)), "x");
    }

    proptest::proptest! {
        #[test]
        fn any_text_keeps_its_length(text in "(password|passwords|[ =\\[\\]\"',\\\\ a\\n#ä]){0,20}") {
            proptest::prop_assert_eq!(without_passwords(&text).len(), text.len());
        }
    }
}
