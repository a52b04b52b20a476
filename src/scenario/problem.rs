//! What is wrong with a scenario, in a form that shows the place and says what to do.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use super::passwords::{unquoted, without_passwords};
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
        let mut shown = BTreeMap::new();
        let problems = problems.iter().map(|p| Located::new(sources, p, &mut shown)).collect();
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
    source: Option<NamedSource<Arc<str>>>,
    span: std::ops::Range<usize>,
    place: (usize, usize),
    message: String,
    label: Option<String>,
    help: Option<String>,
}

/// A text as it is shown, made once for all that is wrong in it.
struct Shown {
    shown: Arc<str>,
    /// Whether something is blotted out.
    hides: bool,
}

impl Shown {
    fn new(text: &str) -> Self {
        let harmless = harmless(text);
        let shown = without_passwords(&harmless);
        Self { hides: shown != harmless, shown: shown.into() }
    }
}

impl Located {
    fn new(sources: &Sources, problem: &Problem, shown: &mut BTreeMap<String, Shown>) -> Self {
        let source = sources.of(problem.at);
        let text = shown.entry(source.name.clone()).or_insert_with(|| Shown::new(&source.text));
        let span = problem.at.span();
        let hidden = text.shown.get(span.clone()) != source.text.get(span.clone()) && text.hides;
        let told = |words: &str| if hidden { unquoted(&harmless(words)) } else { harmless(words) };
        Self {
            code: problem.code,
            place: sources.line_column(problem.at),
            message: told(&problem.message),
            label: problem.label.as_deref().map(told),
            help: problem.help.as_deref().map(told),
            source: Some(NamedSource::new(&source.name, Arc::clone(&text.shown))),
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
