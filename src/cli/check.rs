//! `oobe check`

use serde_json::json;

use super::args::{CheckArgs, ListFormat};
use super::load;
use super::output::{Output, error};
use crate::exit::Exit;
use crate::report::{Tone, paint};
use crate::scenario::{ScenarioError, load as load_scenario};

pub(super) fn check(args: &CheckArgs, out: &mut Output) -> Exit {
    let files = match load::files(&args.paths) {
        Ok(files) => files,
        Err(message) => {
            error(message, None);
            return Exit::Invalid;
        }
    };
    let mut exit = Exit::Success;
    let mut documents = Vec::new();
    for file in &files {
        let result = load_scenario(file, &load::options(&args.variation));
        if result.is_err() {
            exit = Exit::Invalid;
        }
        match (result, args.format) {
            (Ok(scenario), ListFormat::Human) => {
                let line =
                    format!("{} {}  {}\n", paint(Tone::Good, "ok"), file.display(), scenario.spec.title);
                out.print(&line);
            }
            (Err(problems), ListFormat::Human) => {
                out.flush();
                load::tell(&problems);
            }
            (Ok(scenario), ListFormat::Json) => documents.push(json!({
                "path": file, "valid": true, "title": scenario.spec.title, "sha256": scenario.sha256,
            })),
            (Err(problems), ListFormat::Json) => documents.push(json!({
                "path": file, "valid": false, "problems": list(&problems),
            })),
        }
    }
    if args.format == ListFormat::Json {
        out.raw(&format!("{:#}\n", serde_json::Value::Array(documents)));
    }
    exit
}

fn list(error: &ScenarioError) -> Vec<serde_json::Value> {
    error
        .problems()
        .iter()
        .map(|problem| {
            let (line, column) = problem.place();
            json!({
                "kind": problem.kind(),
                "file": problem.file(),
                "line": line,
                "column": column,
                "message": problem.to_string(),
                "help": problem.advice(),
            })
        })
        .collect()
}
