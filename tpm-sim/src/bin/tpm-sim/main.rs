//! `tpm-sim`: a software TPM 2.0 for the tools that drive a real one.

mod args;
mod swtpm;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use tpm_sim::manufacture::profile::PROFILES;
use tpm_sim::server::{Config, Host, Launch, Readiness, Server, Store, journal_from_environment, new_tpm};

use args::{Cli, Command, ManufactureArgs, ServeArgs};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    // By swtpm's name, or with its first word, the arguments are swtpm's.
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let name = words.first().and_then(|name| Path::new(name).file_name()?.to_str().map(str::to_owned));
    let result = if name.as_deref() == Some("swtpm") || words.get(1).is_some_and(|word| word == "socket") {
        match swtpm::parse(&words[1..]) {
            Ok(swtpm::Request::Help) => {
                println!("{}", swtpm::HELP);
                Ok(())
            }
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
            Command::Completions { shell } => {
                clap_complete::generate(shell, &mut Cli::command(), "tpm-sim", &mut std::io::stdout());
                Ok(())
            }
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
    };
    let tpm = args.tpm;
    let server = launch.bind(|| new_tpm(tpm.profile.as_deref(), tpm.seed.as_deref()))?;
    run(server)
}

fn serve_as_swtpm(options: swtpm::Options) -> Outcome {
    let launch = Launch {
        readiness: options.readiness,
        state: options.state,
        journal: journal_from_environment(),
        ..Launch::new(options.config)
    };
    let server = launch.bind(|| new_tpm(None, None))?;
    if let Some(path) = options.pid_file {
        std::fs::write(&path, format!("{}\n", std::process::id()))
            .map_err(|error| format!("{path}: {error}"))?;
    }
    server.run()?;
    Ok(())
}

fn run(server: Server) -> Outcome {
    let (data, control) = (server.data_address()?, server.control_address()?);
    let mut out = std::io::stdout().lock();
    // Whoever started this waits for the line; and may have closed the pipe, which is no reason not to serve.
    let _ =
        writeln!(out, "listening on {data} (commands) and {control} (control)").and_then(|()| out.flush());
    drop(out);
    server.run()?;
    Ok(())
}

fn manufacture(args: &ManufactureArgs) -> Outcome {
    let store = Store::open(&args.state)?;
    if !args.force && store.load()?.is_some() {
        return Err(format!("{}: there is a TPM already (--force replaces it)", args.state.display()).into());
    }
    let tpm = new_tpm(args.tpm.profile.as_deref(), args.tpm.seed.as_deref())?;
    Host::new(tpm).with_store(store)?;
    Ok(())
}

fn profiles() -> Outcome {
    let mut out = std::io::stdout().lock();
    for profile in PROFILES {
        writeln!(out, "{:<24} {}", profile.id, profile.name)?;
    }
    Ok(())
}
