//! The program as its users meet it: arguments in, output and exit code out.

mod bad_scenarios;
mod docs;
mod generated;
mod help;
mod knowledge;
mod runs;
mod traces;

use std::path::Path;
use std::process::{Command, Output};

/// The folder of the package, where scenarios and docs are.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program in `folder`, with an environment that is the same everywhere.
fn oobe_in(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oobe"))
        .args(arguments)
        .current_dir(folder)
        .env("COLUMNS", "100")
        .env("NO_COLOR", "1")
        .env_remove("OOBE_PASSWORD")
        .env_remove("CLICOLOR_FORCE")
        .output()
        .expect("the program was built with the tests")
}

fn oobe(arguments: &[&str]) -> Output {
    oobe_in(root(), arguments)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

/// Exit code, standard output and standard error, as one text.
fn told(output: &Output) -> String {
    let code = output.status.code().map_or_else(|| "killed".to_owned(), |c| c.to_string());
    let streams = [("out", &output.stdout), ("err", &output.stderr)];
    let parts = streams.map(|(name, stream)| match stream.as_slice() {
        [] => String::new(),
        bytes => format!("---- {name} ----\n{}", text(bytes)),
    });
    format!("exit {code}\n{}", parts.concat())
}
