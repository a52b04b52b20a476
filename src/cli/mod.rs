//! The command line.

mod args;
mod check;
mod diff;
mod enroll;
mod explain;
mod generate;
mod list;
mod load;
mod output;
mod run;
mod tui;
mod worlds;

use clap::{CommandFactory, Parser};

use self::args::{Cli, Command};
use self::output::Output;
use crate::exit::Exit;

/// Does what the command line asks for.
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too; nobody reading them is no error.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Success };
        }
    };
    logs();
    let mut out = Output::new(cli.global.color);
    let exit = match cli.command {
        Command::Run(args) => run::run(&args, &mut out),
        Command::Check(args) => check::check(&args, &mut out),
        Command::List(args) => list::list(&args, &mut out),
        Command::Explain(args) => explain::explain(&args, &mut out),
        Command::Diff(args) => diff::diff(&args, &mut out),
        Command::Tui(args) => tui::tui(&args, &mut out),
        Command::Demo(args) => tui::demo(&args, &mut out),
        Command::Enroll(args) => enroll::enroll(&args, &mut out),
        Command::Schema(args) => generate::schema(&args, &mut out),
        Command::Completions(args) => generate::completions(&args, &mut out),
        Command::Man(args) => generate::man(&args, &mut out),
    };
    match out.finish() {
        Ok(()) => exit,
        Err(error) => {
            output::error(format!("the output can't be written: {error}"), None);
            exit.or_worse(Exit::Io)
        }
    }
}

/// What goes on below the trace (sockets, TLS), for whoever asks with `RUST_LOG`, e.g. `RUST_LOG=oobe=debug`. It goes to
/// standard error and never into a trace.
fn logs() {
    if std::env::var_os("RUST_LOG").is_some() {
        tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_writer(std::io::stderr)
            .init();
    }
}

/// The command line as a value: for completions, manual pages and tests.
pub fn command() -> clap::Command {
    Cli::command()
}
