//! The command line, as clap reads it.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use tpm_sim::manufacture::{ManufactureError, Order};

/// A software TPM 2.0 for the tools that drive a real one; the same every time, from a seed.
///
/// `tpm-sim serve` listens where tools look for a simulator: tpm2-tools, tss-esapi, tpm2-pytss, and whatever else speaks to
/// one through a TCTI. `tpm-sim socket …`, or a link to this program by the name of swtpm, takes swtpm's arguments.
#[derive(Debug, Parser)]
#[command(
    name = "tpm-sim",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  tpm-sim serve --startup &                     a TPM on ports 2321 and 2322
  tpm2_getrandom -T mssim: --hex 16             … and a tool of tpm2-tools that asks it

  tpm-sim serve --state my-tpm --profile NAME   a TPM of a vendor's kind, kept in a folder
  tpm-sim profiles                              the kinds that there are";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve a TPM on two ports.
    Serve(ServeArgs),
    /// Make a TPM and keep it in a folder, to be served later.
    Manufacture(ManufactureArgs),
    /// List the kinds of TPM that can be made.
    Profiles,
    /// Print a completion script.
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
}

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// The reference simulator's: commands and platform signals.
    Mssim,
    /// swtpm's: raw commands and a control channel.
    Swtpm,
}

impl From<Protocol> for tpm_sim::server::Protocol {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Mssim => Self::Mssim,
            Protocol::Swtpm => Self::Swtpm,
        }
    }
}

/// Which TPM.
#[derive(Debug, Args)]
pub(crate) struct TpmArgs {
    /// Kind of TPM; see `tpm-sim profiles` [default: simulator].
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// What all of its secrets derive from: same seed, same keys. The default is a constant: everybody knows its keys.
    ///
    /// [default: tpm-sim]
    #[arg(long, value_name = "TEXT")]
    pub(crate) seed: Option<String>,
}

impl TpmArgs {
    pub(crate) fn order(&self) -> Result<Order, ManufactureError> {
        Order::new(self.profile.as_deref(), self.seed.as_deref())
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tpm-sim serve                                          mssim on 2321, platform on 2322, power off
  tpm-sim serve --startup --seed laptop-7                ready for use, with keys of its own
  tpm-sim serve --protocol swtpm --port 2421             swtpm's protocol, control channel on 2422
  tpm-sim serve --state my-tpm                           survives the process, and a crash

Tools find it by their TCTI:
  tpm2_pcrread -T mssim:host=127.0.0.1,port=2321
  tpm2_pcrread -T swtpm:host=127.0.0.1,port=2421")]
pub(crate) struct ServeArgs {
    /// Protocol on both ports.
    #[arg(long, value_enum, default_value_t = Protocol::Mssim)]
    pub(crate) protocol: Protocol,
    /// Port of commands; 0 takes two free ones and tells which.
    #[arg(long, value_name = "N", default_value_t = 2321)]
    pub(crate) port: u16,
    /// Port of platform signals or control [default: the one above].
    #[arg(long, value_name = "N")]
    pub(crate) ctrl_port: Option<u16>,
    /// Address to listen on. Whoever reaches it owns the TPM: neither protocol knows a password.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub(crate) listen: IpAddr,
    /// Switch the TPM on and start it (TPM2_Startup(CLEAR)) before the first client comes.
    #[arg(long)]
    pub(crate) startup: bool,
    #[command(flatten)]
    pub(crate) tpm: TpmArgs,
    /// Keep the TPM in this folder: what outlives a loss of power is on the disk before a command is answered. A TPM of another
    /// --profile or --seed than the folder holds is refused.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) state: Option<PathBuf>,
    /// Begin with a new TPM even if the folder holds one.
    #[arg(long, requires = "state")]
    pub(crate) remanufacture: bool,
    /// Write every command and its response to this file, in hexadecimal, one pair a line, behind what it holds already.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) journal: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tpm-sim manufacture --state my-tpm --seed laptop-7
  tpm-sim serve --state my-tpm")]
pub(crate) struct ManufactureArgs {
    /// The folder.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) state: PathBuf,
    #[command(flatten)]
    pub(crate) tpm: TpmArgs,
    /// Replace the TPM that is there.
    #[arg(long)]
    pub(crate) force: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
