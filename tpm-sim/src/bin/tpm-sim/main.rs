//! `tpm-sim`: a software TPM 2.0 for the tools that drive a real one.

mod args;
mod swtpm;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use clap::{CommandFactory, Parser};
use tpm_sim::manufacture::Order;
use tpm_sim::manufacture::profile::PROFILES;
use tpm_sim::server::{
    Config, Host, Launch, Readiness, Server, Store, journal_from_environment, stop_on_signals,
};

use args::{Cli, Command, ManufactureArgs, ServeArgs};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    // By swtpm's name, or with its first word, the arguments are swtpm's.
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let name = words.first().and_then(|name| Path::new(name).file_name()?.to_str().map(str::to_owned));
    let result = if name.as_deref() == Some("swtpm") || words.get(1).is_some_and(|word| word == "socket") {
        match swtpm::parse(&words[1..]) {
            Ok(swtpm::Request::Help) => tell(swtpm::HELP),
            Ok(swtpm::Request::Version) => tell(swtpm::VERSION),
            Ok(swtpm::Request::Capabilities) => tell(swtpm::CAPABILITIES),
            Ok(swtpm::Request::Serve(options)) if options.daemon => go_to_background(&words[1..]),
            Ok(swtpm::Request::Serve(options)) => serve_as_swtpm(*options),
            Err(problem) => {
                eprintln!("tpm-sim: {problem}\n\n{}", swtpm::HELP);
                return ExitCode::from(2);
            }
        }
    } else {
        match Cli::parse().command {
            Command::Serve(args) => serve(args),
            Command::Manufacture(args) => manufacture(&args),
            Command::Profiles => profiles(),
            Command::Completions { shell } => completions(shell),
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("tpm-sim: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Writes to whoever reads along; one that has read enough and closed the pipe (`| head -1`) is no failure.
fn tell(text: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn warn(text: &str) {
    eprintln!("tpm-sim: {text}");
}

fn serve(args: ServeArgs) -> Outcome {
    let config = Config {
        protocol: args.protocol.into(),
        listen: args.listen,
        port: args.port,
        control_port: args.ctrl_port,
        terminate: false,
    };
    let readiness = match (args.startup, args.protocol) {
        (true, _) => Readiness::Started,
        (false, args::Protocol::Mssim) => Readiness::Off,
        // Clients of this protocol don't switch the power on, unless they are hypervisors, which initialise it in any case.
        (false, args::Protocol::Swtpm) => Readiness::On,
    };
    let launch = Launch {
        config,
        readiness,
        state: args.state,
        remanufacture: args.remanufacture,
        journal: args.journal,
        warn,
    };
    let server = launch.bind_order(&args.tpm.order()?)?;
    let (data, control) = (server.data_address()?, server.control_address()?);
    // Whoever started this waits for the line; and may have closed the pipe, which is no reason not to serve.
    tell(&format!("listening on {data} (commands) and {control} (control)"))?;
    run(server)
}

fn serve_as_swtpm(options: swtpm::Options) -> Outcome {
    let launch = Launch {
        readiness: options.readiness,
        state: options.state,
        journal: journal_from_environment(),
        warn,
        ..Launch::new(options.config)
    };
    let server = launch.bind_order(&Order::default())?;
    let _pid_file = options.pid_file.map(PidFile::write).transpose()?;
    if options.in_background {
        rustix::process::setsid()?;
        tell(LISTENING)?;
        // Whoever reads what the process in the foreground says would wait for this one's end too.
        let nowhere = std::fs::OpenOptions::new().write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdout(&nowhere)?;
        rustix::stdio::dup2_stderr(&nowhere)?;
    }
    run(server)
}

/// The line for which the process in the foreground waits.
const LISTENING: &str = "listening";

/// swtpm's `--daemon`: the same program once more, which goes on when this one has ended. This one waits until the other
/// listens, and fails when it fails.
fn go_to_background(words: &[String]) -> Outcome {
    let mut child = std::process::Command::new(std::env::current_exe()?)
        .args(swtpm::background(words))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line)?;
    if line.trim() == LISTENING {
        return Ok(());
    }
    // It has said on standard error why.
    Err(format!("the process in the background ended ({})", child.wait()?).into())
}

/// A file with the process's number, there as long as the process.
struct PidFile(PathBuf);

impl PidFile {
    fn write(path: PathBuf) -> Result<Self, String> {
        std::fs::write(&path, format!("{}\n", std::process::id()))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Somebody may have removed it already.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Serves until a client or a signal ends it.
fn run(server: Server) -> Outcome {
    stop_on_signals(&server.host())?;
    server.run()?;
    Ok(())
}

fn manufacture(args: &ManufactureArgs) -> Outcome {
    let order = args.tpm.order()?;
    let store = Store::open(&args.state)?;
    if !args.force && store.load()?.is_some() {
        return Err(format!("{}: there is a TPM already (--force replaces it)", args.state.display()).into());
    }
    // What may have been put aside is the old one's.
    store.forget_volatile()?;
    Host::new(order.make()?).with_store(store)?;
    Ok(())
}

fn profiles() -> Outcome {
    let lines: Vec<String> =
        PROFILES.iter().map(|profile| format!("{:<24} {}", profile.id, profile.name)).collect();
    tell(&lines.join("\n"))
}

fn completions(shell: clap_complete::Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tpm-sim", &mut script);
    tell(String::from_utf8(script)?.trim_end())
}
