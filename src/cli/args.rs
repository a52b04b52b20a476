//! The command line, as clap reads it. Help texts are part of the product: tests hold them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use crate::scenario::quantity::{Date, Duration};
use crate::world::Speed;

/// A Windows device that is not there: Windows Autopilot's out-of-box experience, simulated from the device's side.
///
/// A scenario file says who, what and where; `oobe run` plays it from power-on to the desktop, or to the failure that
/// a real device would show, in milliseconds, the same every time.
#[derive(Debug, Parser)]
#[command(name = "oobe", version, max_term_width = 100, propagate_version = true, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = EXAMPLES)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  oobe run scenarios/user-driven.toml          play a deployment and tell its story
  oobe tui scenarios/user-driven.toml          sit in front of it
  oobe run scenarios --report junit=out.xml    check a folder of scenarios in CI
  oobe explain 0x801c0003                      what a code, event, screen or rule is about

Exit codes:
  0 success   1 expectation failed, traces differ   2 usage   3 scenario or trace invalid
  4 run did not finish   5 foreign server   70 fault of this program   74 input or output";

/// Options of every command.
#[derive(Debug, Args)]
pub(super) struct Global {
    /// When to colour the output.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, help_heading = "Output")]
    pub(super) color: Color,
}

/// When to colour the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
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
pub(super) struct VariationArgs {
    /// Seed: everything left to chance follows from it [default: the scenario's].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub(super) seed: Option<u64>,
    /// Kind of keys [default: the scenario's].
    #[arg(long, value_enum)]
    pub(super) keys: Option<KeysArg>,
    /// The date that the cloud stands at: rules that changed over time follow it [default: the scenario's].
    #[arg(long, value_name = "DATE")]
    pub(super) as_of: Option<Date>,
    /// Change a key of the scenario, for example `device.pc.link=wifi`. May be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// A folder of presets that comes before the built-in ones.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) fixtures: Option<PathBuf>,
}

/// Kind of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum KeysArg {
    /// NIST P-256: fast, a dialect of ours.
    P256,
    /// RSA-2048, as Windows and the published protocols use.
    Rsa,
}

/// How requests travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum TransportArg {
    /// The mock cloud is polled in place.
    #[default]
    InProcess,
    /// Over TLS on loopback.
    Wire,
}

/// Form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Human,
    /// One JSON document.
    Json,
    /// The traces as JSON lines, each followed by its result.
    Jsonl,
}

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
pub(super) struct RunArgs {
    /// Scenario files, or folders of them.
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) variation: VariationArgs,
    /// How fast virtual time goes by: `instant`, `real`, or a factor such as `60x`.
    #[arg(long, value_parser = speed, default_value = "instant")]
    pub(super) speed: Speed,
    /// How requests travel.
    #[arg(long, value_enum, default_value_t)]
    pub(super) transport: TransportArg,
    /// Run every scenario in so many worlds, each with the next seed.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) devices: u32,
    /// How many worlds run at the same time. What comes out does not depend on it.
    #[arg(long, short, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(super) jobs: u32,
    /// Form of the output.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(super) format: Format,
    /// Write a report too: `junit=FILE` or `json=FILE`. May be given several times.
    #[arg(long, value_name = "KIND=FILE", value_parser = report, help_heading = "Output")]
    pub(super) report: Vec<(ReportKind, PathBuf)>,
    /// Write the trace to a file; with several worlds, to files in this folder.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::AnyPath, help_heading = "Output")]
    pub(super) trace: Option<PathBuf>,
    /// Tell the results only.
    #[arg(long, short, help_heading = "Output", conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Tell more: events, registry values, answers. Twice: everything.
    #[arg(long, short, action = clap::ArgAction::Count, help_heading = "Output")]
    pub(super) verbose: u8,
}

/// Kinds of reports that are written to files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReportKind {
    /// JUnit XML.
    Junit,
    /// JSON.
    Json,
}

/// `oobe check`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  oobe check scenarios/user-driven.toml
  oobe check scenarios --format json")]
pub(super) struct CheckArgs {
    /// Scenario files, or folders of them.
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) variation: VariationArgs,
    /// Form of the output.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(super) format: ListFormat,
}

/// Form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum ListFormat {
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
#[group(id = "what", multiple = false)]
pub(super) struct ListArgs {
    /// A folder of scenarios [default: scenarios].
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, conflicts_with_all = ["presets", "rules", "codes", "events", "screens"])]
    pub(super) path: Option<PathBuf>,
    /// Presets that scenarios pick by name, of one kind or of all.
    #[arg(long, value_name = "KIND", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["rules", "codes", "events", "screens"])]
    pub(super) presets: Option<String>,
    /// Rules of the documents.
    #[arg(long, conflicts_with_all = ["codes", "events", "screens"])]
    pub(super) rules: bool,
    /// Result codes.
    #[arg(long, conflicts_with_all = ["events", "screens"])]
    pub(super) codes: bool,
    /// Events of the Windows event log.
    #[arg(long, conflicts_with = "screens")]
    pub(super) events: bool,
    /// Screens.
    #[arg(long)]
    pub(super) screens: bool,
    /// A folder of presets that comes before the built-in ones.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) fixtures: Option<PathBuf>,
    /// Form of the output.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(super) format: ListFormat,
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
  oobe explain restart sign-in    words of a title or a text")]
pub(super) struct ExplainArgs {
    /// Code, event, screen, rule, registry value, update, or words.
    #[arg(required = true, value_name = "WHAT")]
    pub(super) what: Vec<String>,
    /// Form of the output.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(super) format: ListFormat,
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
pub(super) struct DiffArgs {
    /// A trace; `-` is standard input.
    #[arg(value_name = "A", value_hint = ValueHint::FilePath)]
    pub(super) left: PathBuf,
    /// Another one.
    #[arg(value_name = "B", value_hint = ValueHint::FilePath)]
    pub(super) right: PathBuf,
    /// Form of the output.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(super) format: ListFormat,
}

/// `oobe tui`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  oobe tui scenarios/user-driven.toml               you are the person: type user name and password
  oobe tui scenarios/user-driven.toml --auto        watch
  oobe tui --replay trace.jsonl                     watch what was recorded")]
pub(super) struct TuiArgs {
    /// The scenario.
    #[arg(value_name = "SCENARIO", value_hint = ValueHint::FilePath, required_unless_present = "replay")]
    pub(super) scenario: Option<PathBuf>,
    /// Show a recorded trace instead.
    #[arg(long, value_name = "TRACE", value_hint = ValueHint::FilePath, conflicts_with = "scenario")]
    pub(super) replay: Option<PathBuf>,
    #[command(flatten)]
    pub(super) variation: VariationArgs,
    /// The people of the scenario act; you watch.
    #[arg(long)]
    pub(super) auto: bool,
    /// How fast virtual time goes by: `instant`, `real`, or a factor.
    #[arg(long, value_parser = speed, default_value = "60x")]
    pub(super) speed: Speed,
    /// How requests travel.
    #[arg(long, value_enum, default_value_t)]
    pub(super) transport: TransportArg,
    /// Write the trace to a file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) trace: Option<PathBuf>,
}

/// `oobe enroll`
#[derive(Debug, Args)]
#[command(after_help = "\
The device talks to loopback only, unless a host is allowed by name. Passwords on a command line can be seen by others
on the machine: prefer --password-stdin or the environment variable OOBE_PASSWORD.

Examples:
  oobe enroll --discovery-url https://localhost:8443/EnrollmentServer/Discovery.svc \\
      --user demo@example.test --password-stdin --ca ca.pem < password.txt
  oobe enroll --discovery-url https://mdm.example.test/EnrollmentServer/Discovery.svc \\
      --user demo@example.test --allow-remote mdm.example.test")]
pub(super) struct EnrollArgs {
    /// Discovery URL of the server.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(super) discovery_url: String,
    /// User principal name.
    #[arg(long, value_name = "UPN")]
    pub(super) user: String,
    /// Password.
    #[arg(long, env = "OOBE_PASSWORD", hide_env_values = true, required_unless_present = "password_stdin")]
    pub(super) password: Option<String>,
    /// Read the password from standard input: its first line.
    #[arg(long, conflicts_with = "password")]
    pub(super) password_stdin: bool,
    /// Root certificates to trust, PEM or DER. May be given several times.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) ca: Vec<PathBuf>,
    /// A host besides loopback that the device may talk to. May be given several times.
    #[arg(long, value_name = "HOST", value_hint = ValueHint::Hostname)]
    pub(super) allow_remote: Vec<String>,
    /// Kind of keys; real servers expect RSA.
    #[arg(long, value_enum, default_value = "rsa")]
    pub(super) keys: KeysArg,
    /// Makes the device another one: serial number, name, ids.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub(super) seed: u64,
    /// How many times faster than the clock the device's timers run.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) hurry: u32,
    /// The run ends after this time on the clock.
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub(super) limit: Duration,
    /// Write the trace to a file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(super) trace: Option<PathBuf>,
    /// Tell the result only.
    #[arg(long, short, help_heading = "Output", conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Tell more. Twice: everything.
    #[arg(long, short, action = clap::ArgAction::Count, help_heading = "Output")]
    pub(super) verbose: u8,
}

/// `oobe schema`
#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// Which format.
    #[arg(value_enum, default_value_t)]
    pub(super) of: SchemaOf,
}

/// Formats that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum SchemaOf {
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
pub(super) struct CompletionsArgs {
    /// Which shell.
    #[arg(value_enum)]
    pub(super) shell: Shell,
}

/// `oobe man`
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Write all pages into this folder, instead of printing the first.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) out: Option<PathBuf>,
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
