//! Suites that check what we write against programs of others.

mod listener;
mod openssl;
mod pytss;
mod suite;
mod swtpm;
mod tools;
mod tpm_esapi;
mod tss_esapi;
mod whole_runs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A suite: its name, and what runs it.
type Suite = (&'static str, fn() -> Result<(), String>);

const SUITES: [Suite; 6] = [
    ("openssl", openssl::run_all),
    ("tpm2-tools", tools::run_all),
    ("swtpm", swtpm::run_all),
    ("tpm-esapi", tpm_esapi::run_all),
    ("tss-esapi", tss_esapi::run_all),
    ("tpm2-pytss", pytss::run_all),
];

/// Every suite. The first that fails is the result, but those after it run all the same.
pub(crate) fn all() -> Result<(), String> {
    let problems: Vec<String> = SUITES
        .iter()
        .filter_map(|(name, run)| run().err().map(|problem| format!("interop {name}: {problem}")))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n\n")) }
}

/// One suite by name.
pub(crate) fn one(name: &str) -> Result<(), String> {
    let known = || SUITES.map(|(name, _)| name).join(", ");
    let (_, run) = SUITES
        .iter()
        .find(|(suite, _)| *suite == name)
        .ok_or_else(|| format!("there is no suite {name:?}; there are: {}", known()))?;
    run()
}

/// Refuses to go on without a program, and says how to get it.
fn need(program: &str, arguments: &[&str], package: &str) -> Result<(), String> {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map(drop)
        .map_err(|_| format!("{program} is missing: apt-get install -y {package}"))
}

/// Refuses to go on without a library's development files.
fn need_library(name: &str, package: &str) -> Result<(), String> {
    need("pkg-config", &["--version"], "pkg-config")?;
    let found =
        Command::new("pkg-config").args(["--exists", name]).status().is_ok_and(|status| status.success());
    if found { Ok(()) } else { Err(format!("lib{name} is missing: apt-get install -y {package}")) }
}

/// Cargo's output folder.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

/// Where suites of others are kept between runs.
fn kept(name: &str) -> Result<PathBuf, String> {
    let dir = target().join("interop").join(name);
    fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    dir.canonicalize().map_err(|error| format!("{}: {error}", dir.display()))
}

/// A folder that goes when we do.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Result<Self, String> {
        let dir = target().join(format!("xtask-interop-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir)
            .and_then(|()| dir.canonicalize())
            .map(Self)
            .map_err(|error| format!("{}: {error}", dir.display()))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
