//! Arguments of what the program makes of itself: schema, completions, man.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use clap_complete::Shell;

/// `oobe schema`
#[derive(Debug, Args)]
pub(in crate::cli) struct SchemaArgs {
    /// Which format.
    #[arg(value_enum, default_value_t)]
    pub(in crate::cli) of: SchemaOf,
}

/// Formats that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum SchemaOf {
    /// Scenario files.
    #[default]
    Scenario,
    /// Lines of a trace.
    Trace,
}

/// `oobe completions`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  oobe completions bash > ~/.local/share/bash-completion/completions/oobe
  oobe completions zsh > ~/.zfunc/_oobe")]
pub(in crate::cli) struct CompletionsArgs {
    /// Which shell.
    #[arg(value_enum)]
    pub(in crate::cli) shell: Shell,
}

/// `oobe man`
#[derive(Debug, Args)]
pub(in crate::cli) struct ManArgs {
    /// Write all pages into this folder, instead of printing the first.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) out: Option<PathBuf>,
}
