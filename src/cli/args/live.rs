//! Arguments of the commands that somebody sits in front of: tui, enroll.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use oobe_agent::time::Span;

use super::{KeysArg, PersonalArg, TpmArgs, TransportArg, VariationArgs, speed};
use crate::scenario::quantity::{Date, Duration};
use crate::world::Speed;

/// `oobe tui`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  oobe tui scenarios/user-driven.toml               you are the person: type user name and password
  oobe tui scenarios/pre-provisioned.toml           you are the technician: w is the Windows key, p the power button
  oobe tui scenarios/user-driven.toml --auto        watch
  oobe tui --replay trace.jsonl                     watch what was recorded")]
pub(in crate::cli) struct TuiArgs {
    /// The scenario.
    #[arg(value_name = "SCENARIO", value_hint = ValueHint::FilePath, required_unless_present = "replay")]
    pub(in crate::cli) scenario: Option<PathBuf>,
    /// Show a recorded trace instead.
    #[arg(long, value_name = "TRACE", value_hint = ValueHint::FilePath, conflicts_with = "scenario")]
    pub(in crate::cli) replay: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) variation: VariationArgs,
    /// The people of the scenario act; you watch.
    #[arg(long)]
    pub(in crate::cli) auto: bool,
    /// How fast virtual time goes by: `instant`, `real`, or a factor.
    #[arg(long, value_parser = speed, default_value = "60x")]
    pub(in crate::cli) speed: Speed,
    /// How requests travel.
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) transport: TransportArg,
    #[command(flatten)]
    pub(in crate::cli) tpm: TpmArgs,
    /// Write the trace to a file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) trace: Option<PathBuf>,
    /// User names, names of people and serial numbers in that trace. (The screens show them.)
    #[arg(long, value_enum, value_name = "WHAT", default_value = "show", conflicts_with = "replay")]
    pub(in crate::cli) personal_data: PersonalArg,
}

/// `oobe demo`
#[derive(Debug, Args)]
#[command(after_help = "\
Keys: h takes over from the people of the demo and gives back, space pauses, - and + change the
speed, t tells the story so far, ? lists every key, q leaves.

Examples:
  oobe demo                            watch a user-driven deployment
  oobe demo self-deploying             watch a TPM vouch for a device that nobody touches
  oobe demo pre-provisioned            watch a technician reseal a device, and its user go on
  oobe demo pre-provisioned --yours    you are both; F9 fills in name and password
  oobe demo --speed 300x               in a hurry")]
pub(in crate::cli) struct DemoArgs {
    /// What to show.
    #[arg(value_name = "MODE", value_enum, default_value_t)]
    pub(in crate::cli) mode: DemoMode,
    /// You act from the beginning; nobody else does.
    #[arg(long)]
    pub(in crate::cli) yours: bool,
    /// How fast virtual time goes by: `instant`, `real`, or a factor.
    #[arg(long, value_parser = speed, default_value = "60x")]
    pub(in crate::cli) speed: Speed,
    /// Makes it another run: other names, other delays.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub(in crate::cli) seed: Option<u64>,
    /// Write the trace to a file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) trace: Option<PathBuf>,
}

/// What a demo shows. Each is a scenario inside the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum DemoMode {
    /// A user signs in, the device joins and enrols for that user.
    #[default]
    UserDriven,
    /// Nobody touches the device until it is ready: its TPM vouches for it. Then its first user signs in.
    SelfDeploying,
    /// A technician prepares the device and reseals it; 95 minutes later its user takes it from there.
    PreProvisioned,
}

impl DemoMode {
    /// What to try after it: the next mode, or the same with one's own hands.
    pub(in crate::cli) fn afterwards(self, yours: bool) -> String {
        let next = match (self, yours) {
            (Self::UserDriven, _) => "self-deploying",
            (Self::SelfDeploying, _) => "pre-provisioned",
            (Self::PreProvisioned, false) => "pre-provisioned --yours",
            (Self::PreProvisioned, true) => "user-driven",
        };
        format!("oobe demo {next}")
    }

    /// Name and text of its scenario.
    pub(in crate::cli) const fn scenario(self) -> (&'static str, &'static str) {
        /// The scenario of that name in `scenarios/`.
        macro_rules! inside {
            ($name:literal) => {
                ($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/", $name, ".toml")))
            };
        }
        match self {
            Self::UserDriven => inside!("user-driven"),
            Self::SelfDeploying => inside!("self-deploying"),
            Self::PreProvisioned => inside!("pre-provisioned"),
        }
    }
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
pub(in crate::cli) struct EnrollArgs {
    /// Discovery URL of the server.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(in crate::cli) discovery_url: String,
    /// User principal name.
    #[arg(long, value_name = "UPN", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(in crate::cli) user: String,
    /// Password.
    #[arg(long, env = "OOBE_PASSWORD", hide_env_values = true, required_unless_present = "password_stdin")]
    pub(in crate::cli) password: Option<String>,
    /// Read the password from standard input: its first line.
    #[arg(long, conflicts_with = "password")]
    pub(in crate::cli) password_stdin: bool,
    /// Root certificates to trust, PEM or DER. May be given several times.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) ca: Vec<PathBuf>,
    /// A host besides loopback that the device may talk to. May be given several times.
    #[arg(long, value_name = "HOST", value_hint = ValueHint::Hostname)]
    pub(in crate::cli) allow_remote: Vec<String>,
    /// Kind of keys; real servers expect RSA.
    #[arg(long, value_enum, default_value = "rsa")]
    pub(in crate::cli) keys: KeysArg,
    /// Makes the device another one: serial number, name, ids.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub(in crate::cli) seed: u64,
    /// How many times faster than the clock the device's timers run.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(in crate::cli) hurry: u32,
    /// The run ends after this time on the clock.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = some_time)]
    pub(in crate::cli) limit: Duration,
    /// Write the trace to a file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(in crate::cli) trace: Option<PathBuf>,
    /// The date whose rules hold, where they changed over time [default: today].
    #[arg(long, value_name = "DATE")]
    pub(in crate::cli) as_of: Option<Date>,
    /// The user's name in story and trace: it may be a real person's.
    #[arg(long, value_enum, value_name = "WHAT", default_value = "mask", help_heading = "Output")]
    pub(in crate::cli) personal_data: PersonalArg,
    /// Tell the result only.
    #[arg(long, short, help_heading = "Output", conflicts_with = "verbose")]
    pub(in crate::cli) quiet: bool,
    /// Tell more. Twice: everything.
    #[arg(long, short, action = clap::ArgAction::Count, help_heading = "Output")]
    pub(in crate::cli) verbose: u8,
}

/// A time that is not over at once.
fn some_time(text: &str) -> Result<Duration, String> {
    match text.parse::<Duration>()? {
        Duration(Span::ZERO) => Err("the run would be over before it began".to_owned()),
        time => Ok(time),
    }
}
