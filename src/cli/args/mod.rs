//! The command line, as clap reads it. Help texts are part of the product: tests hold them.

mod generate;
mod knowledge;
mod live;
mod run;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

pub(super) use self::generate::{CompletionsArgs, ManArgs, SchemaArgs, SchemaOf};
pub(super) use self::knowledge::{CheckArgs, DiffArgs, ExplainArgs, ListArgs, ListFormat};
pub(super) use self::live::{DemoArgs, EnrollArgs, TuiArgs};
pub(super) use self::run::{Format, ReportKind, RunArgs};
use crate::certificates;
use crate::scenario::quantity::Date;
use crate::world::{RunOptions, Speed, TpmBackend};

/// A Windows device that is not there: Windows Autopilot's out-of-box experience, simulated from the device's side.
///
/// A scenario file says who, what and where; `oobe run` plays it from power-on to the desktop, or to the failure that
/// a real device would show, in milliseconds, the same every time.
#[derive(Debug, Parser)]
#[command(
    name = "oobe",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Cli {
    #[command(flatten)]
    pub(in crate::cli) global: Global,
    #[command(subcommand)]
    pub(in crate::cli) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  oobe demo                                    watch a deployment; needs no file
  oobe run scenarios/user-driven.toml          play a deployment and tell its story
  oobe tui scenarios/user-driven.toml          sit in front of it
  oobe run scenarios --report junit=out.xml    check a folder of scenarios in CI
  oobe explain 0x801c0003                      what a code, event, screen or rule is about

Exit codes:
  0 success   1 expectation failed, traces differ   2 usage   3 scenario or trace invalid
  4 run did not finish   5 foreign server   70 fault of this program   74 input or output";

/// Options of every command.
#[derive(Debug, Args)]
pub(in crate::cli) struct Global {
    /// When to colour the output: `auto`, `always` or `never`.
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto, help_heading = "Output", hide_possible_values = true)]
    pub(in crate::cli) color: Color,
}

/// When to colour the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Run scenarios and check what they expect.
    Run(RunArgs),
    /// Check scenario files without running them.
    Check(CheckArgs),
    /// List scenarios, presets, rules, codes, events or screens.
    List(ListArgs),
    /// Tell what a code, an event, a screen, a rule or a registry value is about.
    Explain(ExplainArgs),
    /// Find the first point where two traces part.
    Diff(DiffArgs),
    /// Sit in front of the device: its screens in the terminal.
    Tui(TuiArgs),
    /// Show a deployment in the terminal: needs no file.
    Demo(DemoArgs),
    /// Enrol the device into an MDM server that is not ours (MS-MDE2).
    Enroll(EnrollArgs),
    /// Print the JSON Schema of a format.
    Schema(SchemaArgs),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
    /// Print or write the manual pages.
    Man(ManArgs),
}

/// What makes one run of a scenario differ from another.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct VariationArgs {
    /// Seed: everything left to chance follows from it [default: the scenario's].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub(in crate::cli) seed: Option<u64>,
    /// Kind of keys [default: the scenario's].
    #[arg(long, value_enum)]
    pub(in crate::cli) keys: Option<KeysArg>,
    /// The date that the cloud stands at: rules that changed over time follow it [default: the scenario's].
    #[arg(long, value_name = "DATE")]
    pub(in crate::cli) as_of: Option<Date>,
    /// Change a key of the scenario, for example `device.pc.link=wifi`. May be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(in crate::cli) set: Vec<String>,
    /// A folder of presets that comes before the built-in ones.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) fixtures: Option<PathBuf>,
}

/// Where the device's TPM is.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct TpmArgs {
    /// The device's TPM: `in-process`, `mssim:HOST:PORT`, `swtpm:HOST:PORT[,CONTROLPORT]` or `device:PATH`.
    #[arg(long, value_name = "WHERE", default_value = "in-process")]
    pub(in crate::cli) tpm: TpmBackend,
    /// A host besides loopback that the TPM may be on. May be given several times.
    #[arg(long, value_name = "HOST", value_hint = ValueHint::Hostname)]
    pub(in crate::cli) allow_remote: Vec<String>,
    /// Certificates that the cloud trusts to vouch for a TPM outside, PEM or DER. May be given several times. Those of the
    /// vendors in the program are trusted without it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) tpm_ca: Vec<PathBuf>,
}

/// Why there is no TPM to use.
#[derive(Debug)]
pub(in crate::cli) enum TpmRefusal {
    /// What was asked for makes no sense, or may not be.
    Usage(String),
    /// A file can't be used.
    File(String),
}

impl TpmArgs {
    /// Puts the TPM into the options of a run.
    pub(in crate::cli) fn fill(&self, options: &mut RunOptions) -> Result<(), TpmRefusal> {
        if let Some(host) = self.tpm.remote_host(&self.allow_remote) {
            return Err(TpmRefusal::Usage(format!(
                "the device uses no TPM on {host} unless you say so: add --allow-remote {host}"
            )));
        }
        if self.tpm == TpmBackend::InProcess && !self.tpm_ca.is_empty() {
            return Err(TpmRefusal::Usage(
                "--tpm-ca is for a TPM outside: the one in process has a certificate of its vendor"
                    .to_owned(),
            ));
        }
        options.tpm = self.tpm.clone();
        for path in &self.tpm_ca {
            let found = certificates::read(path);
            let wrong = |reason| TpmRefusal::File(format!("{}: {reason}", path.display()));
            options.tpm_ca.extend(found.map_err(wrong)?);
        }
        Ok(())
    }
}

/// Kind of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum KeysArg {
    /// NIST P-256: fast, a dialect of ours.
    P256,
    /// RSA-2048, as Windows and the published protocols use.
    Rsa,
}

/// What becomes of personal data in what is written and told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum PersonalArg {
    /// It stands there as it is.
    Show,
    /// A first letter and the domain are left of it: `a***@contoso.test`.
    Mask,
}

/// How requests travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum TransportArg {
    /// The mock cloud is polled in place.
    #[default]
    InProcess,
    /// Over TLS on loopback.
    Wire,
}

fn speed(text: &str) -> Result<Speed, String> {
    let factor = match text {
        "instant" => return Ok(Speed::Instant),
        "real" => return Ok(Speed::REAL),
        factor => factor.strip_suffix(['x', 'X']).unwrap_or(factor),
    };
    let wrong = || "write `instant`, `real`, or a factor from 0.01x to 100000x, for example `60x`".to_owned();
    let factor: f64 = factor.parse().map_err(|_| wrong())?;
    if (0.01..=100_000.0).contains(&factor) { Ok(Speed::Scaled(factor)) } else { Err(wrong()) }
}
