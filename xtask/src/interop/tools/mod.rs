//! tpm2-tools against our listener: what the tools print and write is compared with values from elsewhere (OpenSSL, the
//! specification's formulas, what went in), and refusals with their response codes.

mod attestation;
mod bench;
mod crypto;
mod duplication;
mod hierarchy;
mod info;
mod keys;
mod nv;
mod pcr;
mod refusals;
mod sealing;

pub(super) use bench::Bench;

use std::fs;
use std::path::Path;

use super::listener::{Listener, Protocol};
use super::{Scratch, need};

/// One of the tools, to see whether they are installed.
pub(super) const PROGRAM_OF_THE_TOOLS: &str = "tpm2_getrandom";

/// A topic: each with a TPM of its own.
type Topic = (&'static str, fn(&mut Bench) -> Result<(), String>);

const TOPICS: [Topic; 10] = [
    ("info", info::check),
    ("keys", keys::check),
    ("attestation", attestation::check),
    ("pcr", pcr::check),
    ("nv", nv::check),
    ("crypto", crypto::check),
    ("hierarchy", hierarchy::check),
    ("sealing", sealing::check),
    ("duplication", duplication::check),
    ("refusals", refusals::check),
];

pub(super) fn run_all() -> Result<(), String> {
    need(PROGRAM_OF_THE_TOOLS, &["--version"], "tpm2-tools")?;
    need("openssl", &["version"], "openssl")?;
    for protocol in [Protocol::Mssim, Protocol::Swtpm] {
        let checks = run_topics("tpm2-tools", |_| Listener::ours(protocol, &["--seed", "tpm2-tools"]))?;
        println!("tpm2-tools over {}: {checks} checks passed, 0 failed", protocol.name());
    }
    Ok(())
}

/// Every topic, against a simulator of its own; how many checks passed.
pub(super) fn run_topics(
    name: &str,
    start: impl Fn(&Path) -> Result<Listener, String>,
) -> Result<usize, String> {
    let scratch = Scratch::new(name)?;
    let mut checks = 0;
    let mut problems = Vec::new();
    for (topic, check) in TOPICS {
        let dir = scratch.path().join(topic);
        let state = dir.join("state");
        fs::create_dir_all(&state).map_err(|error| format!("{}: {error}", state.display()))?;
        let listener = start(&state)?;
        let mut bench = Bench::new(&listener, &dir, name != "swtpm");
        if let Err(problem) = check(&mut bench) {
            problems.push(format!("{topic}, after {} checks: {problem}", bench.checks));
        }
        checks += bench.checks;
    }
    if problems.is_empty() { Ok(checks) } else { Err(problems.join("\n")) }
}
