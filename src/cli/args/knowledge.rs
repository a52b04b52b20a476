//! Arguments of the commands that only tell: check, list, explain, diff.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::VariationArgs;

/// `oobe check`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  oobe check scenarios/user-driven.toml
  oobe check scenarios --format json")]
pub(in crate::cli) struct CheckArgs {
    /// Scenario files, or folders of them.
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) variation: VariationArgs,
    /// Form of the output.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(in crate::cli) format: ListFormat,
}

/// Form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum ListFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON document.
    Json,
}

/// `oobe list`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  oobe list                       the scenarios in ./scenarios
  oobe list --presets devices
  oobe list --rules --format json")]
pub(in crate::cli) struct ListArgs {
    /// A folder of scenarios [default: scenarios].
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, conflicts_with_all = ["presets", "rules", "codes", "events", "screens"])]
    pub(in crate::cli) path: Option<PathBuf>,
    /// Presets that scenarios pick by name, of one kind or of all.
    #[arg(long, value_name = "KIND", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["rules", "codes", "events", "screens"])]
    pub(in crate::cli) presets: Option<String>,
    /// Rules of the documents.
    #[arg(long, conflicts_with_all = ["codes", "events", "screens"])]
    pub(in crate::cli) rules: bool,
    /// Result codes.
    #[arg(long, conflicts_with_all = ["events", "screens"])]
    pub(in crate::cli) codes: bool,
    /// Events of the Windows event log.
    #[arg(long, conflicts_with = "screens")]
    pub(in crate::cli) events: bool,
    /// Screens.
    #[arg(long)]
    pub(in crate::cli) screens: bool,
    /// A folder of presets that comes before the built-in ones.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) fixtures: Option<PathBuf>,
    /// Form of the output.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(in crate::cli) format: ListFormat,
}

/// `oobe explain`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  oobe explain 0x801c0003         a result code, in any spelling
  oobe explain autopilot 171      an event
  oobe explain esp.device-setup   a screen
  oobe explain USR-004            a rule of the documents
  oobe explain TenantMatched      a registry value
  oobe explain restart sign-in    words of a title or a text
  oobe explain SDM-008 SDM-009    several things")]
pub(in crate::cli) struct ExplainArgs {
    /// Code, event, screen, rule, registry value, update, or words.
    #[arg(required = true, value_name = "WHAT", allow_negative_numbers = true)]
    pub(in crate::cli) what: Vec<String>,
    /// Form of the output.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(in crate::cli) format: ListFormat,
}

/// `oobe diff`
#[derive(Debug, Args)]
#[command(after_help = "\
Tells the first record in which two traces differ, what came before it, and field by field what is different.
Differences of the headers (program, seed, ...) are told apart and do not count.

Examples:
  oobe run scenarios/user-driven.toml --trace a.jsonl --quiet
  oobe run scenarios/user-driven.toml --trace b.jsonl --quiet --transport wire
  oobe diff a.jsonl b.jsonl")]
pub(in crate::cli) struct DiffArgs {
    /// A trace; `-` is standard input.
    #[arg(value_name = "A", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) left: PathBuf,
    /// Another one.
    #[arg(value_name = "B", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) right: PathBuf,
    /// Form of the output.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(in crate::cli) format: ListFormat,
}
