//! Finding and loading scenarios, and telling what is wrong with them.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use miette::{GraphicalReportHandler, GraphicalTheme};

use super::args::{KeysArg, TpmRefusal, TransportArg, VariationArgs};
use super::output::error;
use crate::exit::Exit;
use crate::report::terminal_width;
use crate::scenario::spec::Keys;
use crate::scenario::{LoadOptions, Scenario, ScenarioError, load};
use crate::world::{RunOptions, Speed, TransportKind};

/// The scenario files that the paths name: files as they are, folders with all that is below them, in order.
pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            below(path, &mut files, 0).map_err(|e| format!("{}: {e}", path.display()))?;
            if files.len() == before {
                return Err(format!("{}: there are no scenarios in this folder", path.display()));
            }
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn below(folder: &Path, files: &mut Vec<PathBuf>, depth: usize) -> std::io::Result<()> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        let hidden =
            path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.') || n == "fixtures");
        if path.is_dir() {
            // Deeper is a loop of links, not an order somebody made.
            if !hidden && depth < 16 {
                below(&path, files, depth + 1)?;
            }
        } else if !hidden && path.extension().is_some_and(|e| e == "toml") {
            files.push(path);
        }
    }
    Ok(())
}

/// Loads them all; tells everything that is wrong with any of them.
pub(super) fn scenarios(paths: &[PathBuf], variation: &VariationArgs) -> Result<Vec<Scenario>, Exit> {
    let files = files(paths).map_err(|message| {
        super::output::error(message, None);
        Exit::Invalid
    })?;
    let mut loaded = Vec::with_capacity(files.len());
    let mut wrong = false;
    for file in &files {
        match load(file, &options(variation)) {
            Ok(scenario) => loaded.push(scenario),
            Err(error) => {
                wrong = true;
                tell(&error);
            }
        }
    }
    if wrong { Err(Exit::Invalid) } else { Ok(loaded) }
}

/// One scenario.
pub(super) fn scenario(path: &Path, variation: &VariationArgs) -> Result<Scenario, Exit> {
    load(path, &options(variation)).map_err(|error| {
        tell(&error);
        Exit::Invalid
    })
}

pub(super) fn options(variation: &VariationArgs) -> LoadOptions {
    LoadOptions { set: variation.set.clone(), fixtures: variation.fixtures.clone() }
}

/// How to run it.
pub(super) fn run_options(variation: &VariationArgs, transport: TransportArg, speed: Speed) -> RunOptions {
    RunOptions {
        seed: variation.seed,
        keys: variation.keys.map(Into::into),
        as_of: variation.as_of,
        transport: match transport {
            TransportArg::InProcess => TransportKind::InProcess,
            TransportArg::Wire => TransportKind::Wire,
        },
        speed,
        ..RunOptions::default()
    }
}

/// Tells why there is no TPM to use.
pub(super) fn tpm_refused(refusal: &TpmRefusal) -> Exit {
    match refusal {
        TpmRefusal::Usage(message) => {
            error(message, None);
            Exit::Usage
        }
        TpmRefusal::File(message) => {
            error(message, None);
            Exit::Io
        }
    }
}

impl From<KeysArg> for Keys {
    fn from(keys: KeysArg) -> Self {
        match keys {
            KeysArg::P256 => Self::P256,
            KeysArg::Rsa => Self::Rsa,
        }
    }
}

/// Shows the places of all that is wrong.
pub(super) fn tell(error: &ScenarioError) {
    use std::io::Write as _;

    let theme = if std::io::stderr().is_terminal() {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(terminal_width().clamp(60, 120))
        .with_links(false);
    let mut to = anstream::stderr().lock();
    for problem in error.problems() {
        let mut text = String::new();
        if handler.render_report(&mut text, problem).is_ok() {
            let _ = writeln!(to, "{}", text.trim_start_matches('\n'));
        }
    }
    let count = error.problems().len();
    let noun = if count == 1 { "problem" } else { "problems" };
    let _ = writeln!(to, "{count} {noun} in {}\n", error.name());
}
