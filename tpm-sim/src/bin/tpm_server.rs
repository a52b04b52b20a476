//! `tpm_server`: the listener by the name and with the arguments of the reference simulator, for suites that start a
//! simulator themselves.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use tpm_sim::manufacture::Order;
use tpm_sim::server::{Config, Launch, journal_from_environment, stop_on_signals};

const HELP: &str = "\
tpm_server: a TPM 2.0 on two loopback ports, in the reference simulator's protocol

  tpm_server [-rm] [-port N] [PORT]

  -port N    port of commands; that of platform signals is N + 1 (default 2321); PORT alone means the same
  -rm        begin with a new TPM: without --state, every start does
  -h         this text

Beyond the simulator's own:
  --state DIR      keep the TPM in a directory; one of another profile or seed than it holds is refused
  --profile NAME   kind of TPM (default simulator; tpm-sim profiles lists them)
  --seed TEXT      the TPM's seed: same seed, same keys (default \"tpm-sim\": a constant, everybody knows its keys)

SIGTERM and SIGINT end it in order. At most 256 connections at a time.

The variable TPM_SIM_JOURNALS names a folder for commands and responses, a file for each process.

`tpm-sim serve` does the same with more choice.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match parse(&arguments) {
        Ok(Some(options)) => match serve(options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(problem) => {
                eprintln!("tpm_server: {problem}");
                ExitCode::FAILURE
            }
        },
        Ok(None) => {
            tell(HELP);
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("tpm_server: {problem}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

/// Writes to whoever reads along, if anybody still does: a closed pipe is no reason not to serve.
fn tell(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    port: Option<u16>,
    remanufacture: bool,
    state: Option<PathBuf>,
    profile: Option<String>,
    seed: Option<String>,
}

/// `None`: help is asked for.
fn parse(arguments: &[String]) -> Result<Option<Options>, String> {
    let mut options = Options::default();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().cloned().ok_or_else(|| format!("{word} needs a value"));
        let port = |text: &str| text.parse::<u16>().map_err(|_| format!("{text:?} is no port"));
        match word.as_str() {
            "-h" | "--help" => return Ok(None),
            "-rm" => options.remanufacture = true,
            "-port" => options.port = Some(port(&value()?)?),
            "--state" => options.state = Some(value()?.into()),
            "--profile" => options.profile = Some(value()?),
            "--seed" => options.seed = Some(value()?),
            number if number.starts_with(|first: char| first.is_ascii_digit()) => {
                options.port = Some(port(number)?);
            }
            unknown => return Err(format!("there is no argument {unknown:?}")),
        }
    }
    Ok(Some(options))
}

fn serve(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let config = Config { port: options.port.unwrap_or(Config::default().port), ..Config::default() };
    let order = Order::new(options.profile.as_deref(), options.seed.as_deref())?;
    let launch = Launch {
        warn: |text| eprintln!("tpm_server: {text}"),
        state: options.state,
        remanufacture: options.remanufacture,
        journal: journal_from_environment(),
        ..Launch::new(config)
    };
    let server = launch.bind_order(&order)?;
    let (data, platform) = (server.data_address()?, server.control_address()?);
    tell(&format!("TPM command server listening on {data}\nPlatform server listening on {platform}"));
    stop_on_signals(&server.host())?;
    server.run()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Options, parse};

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn takes_the_arguments_of_the_simulator() {
        let options = parse(&words("-rm -port 12345")).unwrap().unwrap();
        assert_eq!(options, Options { port: Some(12345), remanufacture: true, ..Options::default() });
        assert_eq!(parse(&words("2400")).unwrap().unwrap().port, Some(2400));
        assert_eq!(parse(&words("-rm -h")).unwrap(), None);
    }

    #[test]
    fn tells_what_it_does_not_know() {
        assert_eq!(parse(&words("-rm -zap")).unwrap_err(), "there is no argument \"-zap\"");
        assert_eq!(parse(&words("-port")).unwrap_err(), "-port needs a value");
        assert_eq!(parse(&words("-port 70000")).unwrap_err(), "\"70000\" is no port");
    }
}
