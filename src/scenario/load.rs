//! From a file to a [`Scenario`].

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::problem::{Problem, ScenarioError};
use super::source::{Sources, line_column};
use super::tree::{self, Node, Value};
use super::{Fixtures, Scenario, Spec, check, overrides, preset, read};

/// The largest scenario file, in bytes. What people write has a few kilobytes.
pub const LARGEST: u64 = 1_000_000;

/// How to load.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// `key=value`, applied in order.
    pub set: Vec<String>,
    /// A folder of presets that comes before all others.
    pub fixtures: Option<PathBuf>,
}

/// Loads the scenario at `path`: reads it, applies `--set`, fills in presets, checks what it says.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Scenario, ScenarioError> {
    let shown = path.display().to_string();
    let text = read_text(path).map_err(|(message, help)| ScenarioError::whole(&shown, message, help))?;
    let mut fixtures = Fixtures::built_in();
    for folder in path.ancestors().skip(1).take(3).collect::<Vec<_>>().into_iter().rev() {
        fixtures = fixtures.with_folder(&folder.join("fixtures"));
    }
    if let Some(folder) = &options.fixtures {
        if !folder.is_dir() {
            let message = format!("{} is not a folder", folder.display());
            return Err(ScenarioError::whole(&shown, message, "--fixtures takes a folder like `fixtures/`"));
        }
        fixtures = fixtures.with_folder(folder);
    }
    let name = path.file_stem().map_or_else(|| shown.clone(), |stem| stem.to_string_lossy().into_owned());
    parse(&name, &shown, &text, &fixtures, &options.set)
}

/// Makes a scenario of a text. `shown` is what errors call it.
pub fn parse(
    name: &str,
    shown: &str,
    text: &str,
    fixtures: &Fixtures,
    set: &[String],
) -> Result<Scenario, ScenarioError> {
    let mut sources = Sources::default();
    let mut problems = Vec::new();
    let whole = sources.add(shown, text);
    let mut root = tree::parse(&sources, whole, &mut problems);
    if problems.is_empty() {
        version(&root, whole, &mut problems);
    }
    // Broken TOML or another version: anything further would only be noise.
    if !problems.is_empty() {
        return Err(ScenarioError::new(shown, &sources, problems));
    }
    for argument in set {
        overrides::apply(&mut root, argument, &mut sources, &mut problems);
    }
    preset::expand(&mut root, fixtures, &mut sources, &mut problems);
    let spec: Option<Spec> = if problems.is_empty() { read::read(&root, &mut problems) } else { None };
    if let Some(spec) = &spec {
        check::check(spec, &root, &mut problems);
    }
    match spec {
        Some(spec) if problems.is_empty() => {
            Ok(Scenario { name: name.to_owned(), path: PathBuf::from(shown), sha256: digest(&root), spec })
        }
        _ => Err(ScenarioError::new(shown, &sources, problems)),
    }
}

fn version(root: &Node, whole: super::Location, problems: &mut Vec<Problem>) {
    let Value::Table(table) = &root.value else { return };
    match table.get("oobe") {
        None => problems.push(
            Problem::new(
                "scenario::version",
                Sources::part(whole, 0..0),
                "this file does not say its version",
            )
            .help("let the file begin with `oobe = 1`"),
        ),
        Some(entry) if entry.node.value != Value::Integer(1) => problems.push(
            Problem::new("scenario::version", entry.node.at, "this version of the format is not known")
                .help("this program reads `oobe = 1`; a newer file needs a newer program"),
        ),
        Some(_) => {}
    }
}

/// Reads a text file that a person wrote: not too large, UTF-8. Errors are a message and what to do.
pub(super) fn read_text(path: &Path) -> Result<String, (String, String)> {
    let failed = |error: std::io::Error| {
        let help = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path; `oobe list` shows the scenarios of a folder",
            std::io::ErrorKind::IsADirectory => "name a file in it, or run the folder with `oobe run`",
            _ => "check that the file can be read",
        };
        (format!("the file can't be read: {}", describe_io(&error)), help.to_owned())
    };
    let too_large = || {
        (
            format!("the file is larger than {LARGEST} bytes"),
            "this is not a scenario that a person wrote".to_owned(),
        )
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let before = String::from_utf8_lossy(&bytes[..valid]);
        let (line, column) = line_column(&before, before.len());
        let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
        let help = if utf16 { "it looks like UTF-16: save it as UTF-8" } else { "save it as UTF-8" };
        (format!("the file is not UTF-8: line {line}, column {column}"), help.to_owned())
    })
}

/// The operating system's words, without its number.
pub(crate) fn describe_io(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// SHA-256 of what the scenario comes to, presets and overrides included, however it is laid out.
fn digest(root: &Node) -> String {
    let mut text = String::new();
    canonical(root, &mut text);
    oobe_wire::encoding::hex_lower(&oobe_wire::crypto::sha256(text.as_bytes()))
}

fn canonical(node: &Node, out: &mut String) {
    use std::fmt::Write as _;

    match &node.value {
        Value::Text(text) | Value::Moment(text) => write!(out, "{text:?}"),
        Value::Integer(number) => write!(out, "{number}"),
        Value::Float(number) => write!(out, "{number:?}"),
        Value::Bool(yes) => write!(out, "{yes}"),
        Value::List(list) => {
            out.push('[');
            for item in list {
                canonical(item, out);
                out.push(',');
            }
            write!(out, "]")
        }
        Value::Table(table) => {
            let mut entries: Vec<_> = table.entries.iter().collect();
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            out.push('{');
            for entry in entries {
                let _ = write!(out, "{:?}:", entry.key);
                canonical(&entry.node, out);
                out.push(',');
            }
            write!(out, "}}")
        }
    }
    .expect("writing to a String can't fail");
}
