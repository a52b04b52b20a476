//! Arguments of `oobe run`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{PersonalArg, TpmArgs, TransportArg, VariationArgs, speed};
use crate::world::Speed;

/// `oobe run`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  oobe run scenarios/user-driven.toml
  oobe run scenarios/user-driven.toml --seed 7 --trace seven.jsonl
  oobe run scenarios/user-driven.toml --speed 60x
  oobe run scenarios/user-driven.toml --set device.pc.link=wifi --set 'person.alice.think=\"1m\"'
  oobe run scenarios/user-driven.toml --devices 500 --jobs 2 --quiet
  oobe run scenarios --report junit=report.xml")]
pub(in crate::cli) struct RunArgs {
    /// Scenario files, or folders of them.
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) variation: VariationArgs,
    /// How fast virtual time goes by: `instant`, `real`, or a factor such as `60x`.
    #[arg(long, value_parser = speed, default_value = "instant")]
    pub(in crate::cli) speed: Speed,
    /// How requests travel.
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) transport: TransportArg,
    #[command(flatten)]
    pub(in crate::cli) tpm: TpmArgs,
    /// Run every scenario in so many worlds, each with the next seed.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(in crate::cli) devices: u32,
    /// How many worlds run at the same time. What comes out does not depend on it.
    #[arg(long, short, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(in crate::cli) jobs: u32,
    /// Form of the output.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(in crate::cli) format: Format,
    /// Write a report too: `junit=FILE` or `json=FILE`. May be given several times.
    #[arg(long, value_name = "KIND=FILE", value_parser = report, help_heading = "Output")]
    pub(in crate::cli) report: Vec<(ReportKind, PathBuf)>,
    /// Write the trace to a file; with several worlds, to files in this folder.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::AnyPath, help_heading = "Output")]
    pub(in crate::cli) trace: Option<PathBuf>,
    /// User names, names of people and serial numbers in stories, reports and traces. (The names of devices and people in
    /// the file stay.)
    #[arg(long, value_enum, value_name = "WHAT", default_value = "show", help_heading = "Output")]
    pub(in crate::cli) personal_data: PersonalArg,
    /// Tell the results only.
    #[arg(long, short, help_heading = "Output", conflicts_with = "verbose")]
    pub(in crate::cli) quiet: bool,
    /// Tell more: events, registry values, answers. Twice: everything.
    #[arg(long, short, action = clap::ArgAction::Count, help_heading = "Output")]
    pub(in crate::cli) verbose: u8,
}

/// Kinds of reports that are written to files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum ReportKind {
    /// JUnit XML.
    Junit,
    /// JSON.
    Json,
}

/// Form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum Format {
    /// For people.
    #[default]
    Human,
    /// One JSON document.
    Json,
    /// The traces as JSON lines, each followed by its result.
    Jsonl,
}

fn report(text: &str) -> Result<(ReportKind, PathBuf), String> {
    let wrong = || "write `junit=FILE` or `json=FILE`".to_owned();
    let (kind, file) = text.split_once('=').ok_or_else(wrong)?;
    let kind = match kind {
        "junit" => ReportKind::Junit,
        "json" => ReportKind::Json,
        _ => return Err(wrong()),
    };
    if file.is_empty() { Err(wrong()) } else { Ok((kind, PathBuf::from(file))) }
}
