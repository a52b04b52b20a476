//! Reads bounds such as "KB5072033 (2025-12-09, builds 26100.7462 / 26200.7462)" out of a text.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::emit;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    kb: Vec<Kb>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kb {
    number: u32,
    date: Option<String>,
    builds: Vec<String>,
    basis: String,
}

impl Kb {
    fn emit(&self) -> String {
        let builds: Vec<String> = self.builds.iter().map(|b| new_build(build(b).expect("a build"))).collect();
        let date = self.date.as_ref().map(|d| new_date(date(d).expect("a date")));
        format!(
            "Kb {{ number: {}, date: {}, builds: &[{}], basis: {} }},\n",
            emit::number(self.number),
            date.map_or_else(|| "None".into(), |d| format!("Some({d})")),
            builds.join(", "),
            emit::basis(&self.basis),
        )
    }
}

/// The updates whose builds are known.
pub(crate) struct Kbs(BTreeMap<u32, Kb>);

type Build = (u32, u32);
type Day = (i32, u8, u8);

enum Token {
    Kb(u32),
    Build(Build),
    Date(Day),
    Open,
    Close,
}

impl Kbs {
    pub(crate) fn new(file: File) -> Self {
        Self(file.kb.into_iter().map(|k| (k.number, k)).collect())
    }

    pub(crate) fn emit(&self) -> String {
        let rows: String = self.0.values().map(Kb::emit).collect();
        format!("static TABLE: [Kb; {}] = [\n{rows}];\n", self.0.len())
    }

    /// `Option<Limit>` as Rust text.
    pub(crate) fn limit(&self, text: Option<&String>) -> String {
        let Some(text) = text else { return "None".into() };
        let bounds = self.bounds(text);
        format!("Some(Limit {{ text: {text:?}, bounds: &[{}] }})", bounds.join(", "))
    }

    fn bounds(&self, text: &str) -> Vec<String> {
        let as_text = vec![format!("Bound::Text({text:?})")];
        if text.starts_with("in part:") {
            return as_text;
        }
        // (number, builds printed behind it)
        let mut kbs: Vec<(u32, Vec<Build>)> = Vec::new();
        let mut builds = Vec::new();
        let mut day = None;
        let mut depth = 0;
        let mut kb_of_paren = false;
        for token in scan(text) {
            match token {
                Token::Kb(number) => kbs.push((number, Vec::new())),
                Token::Build(b) => match kbs.last_mut() {
                    Some((_, its)) if depth > 0 => its.push(b),
                    _ => builds.push(b),
                },
                // a date in the parenthesis behind a KB tells when it came out, it is no bound of its own
                Token::Date(_) if depth > 0 && kb_of_paren => {}
                Token::Date(d) => day = day.or(Some(d)),
                Token::Open => {
                    depth += 1;
                    kb_of_paren = !kbs.is_empty();
                }
                Token::Close => depth -= 1,
            }
        }
        let mut out = Vec::new();
        out.extend(day.map(|d| format!("Bound::Date({})", new_date(d))));
        for (number, mut its) in kbs {
            if let Some(known) = self.0.get(&number) {
                its.extend(known.builds.iter().filter_map(|b| build(b)));
            }
            its.sort_unstable();
            its.dedup();
            let number = emit::number(number);
            if its.is_empty() {
                out.push(format!("Bound::Kb {{ number: {number}, build: None }}"));
            }
            for b in its {
                out.push(format!("Bound::Kb {{ number: {number}, build: Some({}) }}", new_build(b)));
            }
        }
        out.extend(builds.into_iter().map(|b| format!("Bound::Build({})", new_build(b))));
        if out.is_empty() { as_text } else { out }
    }
}

fn new_build((branch, revision): Build) -> String {
    format!("WindowsBuild::new({}, {})", emit::number(branch), emit::number(revision))
}

fn new_date((y, m, d): Day) -> String {
    format!("date({y}, {m}, {d})")
}

/// Words of digits, dots and hyphens, `KBnnn` and parentheses; anything else parts words.
fn scan(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_ascii_alphanumeric() || c == '.' || c == '-' {
            word.push(c);
            continue;
        }
        let whole = std::mem::take(&mut word);
        let whole = whole.trim_matches(['.', '-']);
        if let Some(number) = whole.strip_prefix("KB").and_then(|n| n.parse().ok()) {
            tokens.push(Token::Kb(number));
        } else if let Some(b) = build(whole) {
            tokens.push(Token::Build(b));
        } else if let Some(d) = date(whole) {
            tokens.push(Token::Date(d));
        }
        match c {
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            _ => {}
        }
    }
    tokens
}

/// `26100.4061`.
fn build(word: &str) -> Option<Build> {
    let (branch, revision) = word.split_once('.')?;
    (branch.len() == 5).then_some(())?;
    Some((branch.parse().ok()?, revision.parse().ok()?))
}

/// `2026`, `2026-09` or `2026-09-14`; what is left out is 1.
fn date(word: &str) -> Option<Day> {
    let mut parts = word.split('-');
    let year = parts.next().filter(|y| y.len() == 4 && y.starts_with("20"))?.parse().ok()?;
    let month = parts.next().map_or(Ok(1), str::parse).ok().filter(|m| (1..=12).contains(m))?;
    let day = parts.next().map_or(Ok(1), str::parse).ok().filter(|d| (1..=31).contains(d))?;
    parts.next().is_none().then_some((year, month, day))
}
