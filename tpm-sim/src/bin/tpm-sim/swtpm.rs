//! The arguments with which others start swtpm: `swtpm socket --tpm2 --server port=N --ctrl type=tcp,port=M …`.

use std::net::IpAddr;
use std::path::PathBuf;

use tpm_sim::server::{Config, Protocol, Readiness};

pub(crate) const HELP: &str = "\
tpm-sim socket: swtpm's arguments, as far as they are understood

  tpm-sim socket --tpm2 --server type=tcp,port=N --ctrl type=tcp,port=M [OPTIONS]

  --server, --ctrl [type=tcp],port=N[,bindaddr=ADDR]   the two ports; the others that swtpm knows are not
  -p, --port N                                         the same as --server port=N
  --tpmstate dir=DIR[,mode=…]                          keep the TPM in a folder; its files are their owner's (mode is not
                                                       looked at)
  --flags not-need-init,startup-clear,startup-state    power on, or started, before a client comes
  -t, --terminate                                      end when the first client has gone
  -d, --daemon                                         go on in the background once both ports listen
  --pid file=FILE                                      write the process's number there; the file goes with the process
  --version, --print-capabilities                      say so, and end
  --tpm2, --log …, --seccomp …, --locality …           read, and nothing more

SIGTERM and SIGINT end it in order: the TPM is kept, the file with the number is removed. What is not here: chardev, cuse,
Unix sockets, file descriptors (fd=…), keys of the state (--key, --migration-key), --runas, --print-states.

The seed is a constant (\"tpm-sim\"): every TPM that is made so has the same keys. Links by the name of swtpm take the same
arguments. The variable TPM_SIM_JOURNALS names a folder for commands and responses, a file for each process.";

#[derive(Debug)]
pub(crate) enum Request {
    Help,
    Version,
    Capabilities,
    Serve(Box<Options>),
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) config: Config,
    pub(crate) readiness: Readiness,
    pub(crate) state: Option<PathBuf>,
    pub(crate) pid_file: Option<PathBuf>,
    /// Go on in the background.
    pub(crate) daemon: bool,
    /// This is the process in the background: whoever started it waits for a line.
    pub(crate) in_background: bool,
}

/// With this word the process in the foreground starts the one in the background; nobody else is meant to say it.
const IN_BACKGROUND: &str = "--in-background";

/// The arguments of the process in the background.
pub(crate) fn background(words: &[String]) -> Vec<String> {
    let rest = words.iter().filter(|word| !matches!(word.as_str(), "-d" | "--daemon")).cloned();
    rest.chain([IN_BACKGROUND.to_owned()]).collect()
}

/// What `swtpm socket --print-capabilities` tells those who start it, of what is here.
pub(crate) const CAPABILITIES: &str = concat!(
    r#"{ "type": "swtpm", "features": [ "tpm-2.0", "flags-opt-startup", "cmdarg-seccomp", "rsa-keysize-1024", "#,
    r#""rsa-keysize-2048", "rsa-keysize-3072", "rsa-keysize-4096" ], "version": ""#,
    env!("CARGO_PKG_VERSION"),
    r#"" }"#
);

/// swtpm's line begins with the same words.
pub(crate) const VERSION: &str =
    concat!("TPM emulator version ", env!("CARGO_PKG_VERSION"), ", tpm-sim in the place of swtpm");

pub(crate) fn parse(words: &[String]) -> Result<Request, String> {
    let mut options = Options {
        config: Config { protocol: Protocol::Swtpm, ..Config::default() },
        readiness: Readiness::Off,
        state: None,
        pid_file: None,
        daemon: false,
        in_background: false,
    };
    let (mut server, mut control) = (None, None);
    let mut words = words.iter();
    match words.next().map(String::as_str) {
        Some("socket") => {}
        Some("-h" | "--help") | None => return Ok(Request::Help),
        Some("-v" | "--version") => return Ok(Request::Version),
        Some(other) => return Err(format!("of swtpm's interfaces there is \"socket\", not {other:?}")),
    }
    while let Some(word) = words.next() {
        let (name, attached) = word
            .split_once('=')
            .filter(|_| word.starts_with("--"))
            .map_or((word.as_str(), None), |(name, value)| (name, Some(value.to_owned())));
        let mut value = || {
            attached.clone().or_else(|| words.next().cloned()).ok_or_else(|| format!("{name} needs a value"))
        };
        match name {
            "-h" | "--help" => return Ok(Request::Help),
            "-v" | "--version" => return Ok(Request::Version),
            // swtpm has it with the missing letter too.
            "--print-capabilities" | "--print-capabilites" => return Ok(Request::Capabilities),
            "-d" | "--daemon" => options.daemon = true,
            IN_BACKGROUND => options.in_background = true,
            "--tpm2" => {}
            "--log" | "--seccomp" | "--locality" => drop(value()?),
            "-t" | "--terminate" => options.config.terminate = true,
            "-p" | "--port" => server = Some(number(&value()?)?),
            "--server" => server = Some(socket(name, &value()?, &mut options.config.listen)?),
            "--ctrl" => control = Some(socket(name, &value()?, &mut options.config.listen)?),
            "--tpmstate" => options.state = Some(directory(&value()?)?),
            "--pid" => {
                let text = value()?;
                let file = text
                    .strip_prefix("file=")
                    .ok_or_else(|| format!("--pid wants file=FILE, not {text:?}"))?;
                options.pid_file = Some(PathBuf::from(file));
            }
            "--flags" => {
                for flag in value()?.split(',') {
                    options.readiness = match flag {
                        "not-need-init" if options.readiness == Readiness::Off => Readiness::On,
                        "not-need-init" => options.readiness,
                        "startup-clear" => Readiness::Started,
                        "startup-state" => Readiness::Resumed,
                        "startup-none" => Readiness::On,
                        _ => return Err(format!("--flags knows no {flag:?}")),
                    };
                }
            }
            "-f" | "--fd" | "--key" | "--migration-key" | "-r" | "--runas" | "--print-states" => {
                return Err(format!("swtpm's {name} is not here"));
            }
            _ => return Err(format!("there is no argument {name:?}")),
        }
    }
    options.config.port = server.ok_or("--server port=N is missing")?;
    options.config.control_port = control;
    Ok(Request::Serve(Box::new(options)))
}

fn number(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("{text:?} is no port"))
}

/// `type=tcp,port=N,bindaddr=ADDR`; the port.
fn socket(name: &str, text: &str, listen: &mut IpAddr) -> Result<u16, String> {
    let mut port = None;
    for part in text.split(',') {
        match part.split_once('=') {
            Some(("type", "tcp")) => {}
            Some(("port", value)) => port = Some(number(value)?),
            Some(("bindaddr", value)) => {
                *listen = value.parse().map_err(|_| format!("{value:?} is no address"))?;
            }
            // A connection ends when its client ends it, here as there.
            None if part == "disconnect" => {}
            _ => return Err(format!("{name} can't do {part:?}: TCP ports only")),
        }
    }
    port.ok_or_else(|| format!("{name} needs a port"))
}

fn directory(text: &str) -> Result<PathBuf, String> {
    let mut parts = text.split(',');
    let dir = parts.next().and_then(|part| part.strip_prefix("dir="));
    dir.map(PathBuf::from).ok_or_else(|| format!("--tpmstate wants dir=DIR, not {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&words).map(|request| match request {
            Request::Serve(options) => *options,
            other => panic!("a server was asked for, not {other:?}"),
        })
    }

    #[test]
    fn takes_the_arguments_that_suites_give() {
        let options = options(
            "socket --tpm2 --server port=4000 --ctrl type=tcp,port=4001 --flags not-need-init --tpmstate dir=there",
        )
        .unwrap();
        assert_eq!((options.config.port, options.config.control_port), (4000, Some(4001)));
        assert_eq!(options.readiness, Readiness::On);
        assert_eq!(options.state, Some(PathBuf::from("there")));
    }

    #[test]
    fn flags_in_any_order_give_the_furthest() {
        for flags in ["not-need-init,startup-clear", "startup-clear,not-need-init"] {
            let line = format!("socket --tpm2 --server type=tcp,port=1 --flags {flags}");
            assert_eq!(options(&line).unwrap().readiness, Readiness::Started);
        }
    }

    #[test]
    fn the_process_in_the_background_has_the_same_arguments() {
        let line = "socket --tpm2 -d --server port=4000 --pid file=there";
        assert!(options(line).unwrap().daemon);
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let there = options(&background(&words).join(" ")).unwrap();
        assert_eq!((there.daemon, there.in_background, there.config.port), (false, true, 4000));
        assert_eq!(there.pid_file, Some(PathBuf::from("there")));
    }

    #[test]
    fn tells_what_it_can_not_do() {
        for (line, problem) in [
            ("chardev --tpm2", "of swtpm's interfaces there is \"socket\", not \"chardev\""),
            ("socket --server type=unixio,path=x", "--server can't do \"type=unixio\": TCP ports only"),
            ("socket --tpm2", "--server port=N is missing"),
            ("socket --server port=1 --zap", "there is no argument \"--zap\""),
            ("socket --server port=1 --key file=x", "swtpm's --key is not here"),
            ("socket --server port=1 --pid fd=3", "--pid wants file=FILE, not \"fd=3\""),
        ] {
            assert_eq!(options(line).unwrap_err(), problem);
        }
    }
}
