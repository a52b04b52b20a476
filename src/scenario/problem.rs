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
        let problems = problems.into_iter().map(|p| Located::new(sources, p)).collect();
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
    fn new(sources: &Sources, problem: Problem) -> Self {
        let source = sources.of(problem.at);
        Self {
            code: problem.code,
            source: Some(NamedSource::new(&source.name, without_passwords(&harmless(&source.text)))),
            span: problem.at.span(),
            place: sources.line_column(problem.at),
            message: harmless(&problem.message),
            label: problem.label,
            help: problem.help.as_deref().map(harmless),
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

/// The values of `password` and `passwords`, blotted out: a line that is wrong is shown with its neighbours. As long as
/// before, so that places stay right.
fn without_passwords(text: &str) -> String {
    const KEY: &str = "password";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(KEY) {
        let after = &rest[at + KEY.len()..];
        let (after, several) = after.strip_prefix('s').map_or((after, false), |after| (after, true));
        let after = after.strip_prefix(['"', '\'']).unwrap_or(after).trim_start_matches([' ', '\t']);
        let blank = [' ', '\t'];
        // What somebody types into a field of that name stands in `text` behind it.
        let typed =
            after.strip_prefix(',').and_then(|more| more.trim_start_matches(blank).strip_prefix("text"));
        let behind = typed.map_or(after, |typed| typed.trim_start_matches(blank));
        let value = behind.strip_prefix('=').map(|value| value.trim_start_matches(blank));
        // A page's name ends so too; behind that stand the acts on it.
        let value = value.filter(|value| several || !value.starts_with('['));
        let shown = rest.len() - value.unwrap_or(after).len();
        out.push_str(&rest[..shown]);
        let hidden = if value.is_some() { blot_value(&rest[shown..], &mut out) } else { 0 };
        rest = &rest[shown + hidden..];
    }
    out.push_str(rest);
    out
}

/// Blots out the value that begins here: a string, a word, or the strings of a list. Gives its length.
fn blot_value(text: &str, out: &mut String) -> usize {
    let is_list = text.starts_with('[');
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        let was = quote;
        match quote {
            // A string that nobody closes ends with its line.
            Some(_) if c == '\n' && !is_list => return at,
            Some(open) if c == open && !escaped => quote = None,
            Some(open) => escaped = c == '\\' && open == '"' && !escaped,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if !is_list && (c.is_whitespace() || matches!(c, ',' | '}' | '#')) => return at,
            None => {}
        }
        let structure = was.is_none() && (c.is_whitespace() || matches!(c, '[' | ']' | ','));
        if was != quote || structure || c == '\n' {
            out.push(c);
        } else {
            out.extend(std::iter::repeat_n('*', c.len_utf8()));
        }
        let closes = if is_list { was.is_none() && c == ']' } else { was.is_some() && quote.is_none() };
        if closes {
            return at + c.len_utf8();
        }
    }
    text.len()
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
        let (before, after) =
            ("password = \"P,\\\"ss\" # x\nname = \"A\"", "password = \"******\" # x\nname = \"A\"");
        assert_eq!(shown(before), after);
        assert_eq!(
            shown("{ upn = \"a\", password = 'x y', c = 1 }"),
            "{ upn = \"a\", password = '***', c = 1 }"
        );
        assert_eq!(shown("passwords = [\"one\",\n \"two\"]\n"), "passwords = [\"***\",\n \"***\"]\n");
        assert_eq!(shown("\"password\" = 1234567, b = 2"), "\"password\" = *******, b = 2");
        assert_eq!(shown("password = \"open\nb = 2"), "password = \"****\nb = 2");
        assert_eq!(shown("# the password is told\n"), "# the password is told\n");
        assert_eq!(shown("password"), "password");
        let typed = "fill = { field = \"password\", text = \"x y\" }, { press = \"Next\" }";
        assert_eq!(shown(typed), typed.replace("x y", "***"));
        let acts = "\"entra.password\" = [{ press = \"Next\" }]";
        assert_eq!(shown(acts), acts);
    }

    proptest::proptest! {
        #[test]
        fn any_text_keeps_its_length(text in "(password|passwords|[ =\\[\\]\"',\\\\ a\\n#ä]){0,20}") {
            proptest::prop_assert_eq!(without_passwords(&text).len(), text.len());
        }
    }
}
