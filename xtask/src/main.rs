//! Chores of this repository: `cargo xtask interop [SUITE]`, `cargo xtask tuned [bench]`, `cargo xtask fuzz [SECONDS]`.

mod interop;
mod tuned;

use std::process::{Command, ExitCode, Stdio};

const HELP: &str = "\
cargo xtask: chores of this repository

  cargo xtask interop            every suite that checks us against somebody else's program
  cargo xtask interop openssl    requests, certificates and PFX files read and verified by OpenSSL
  cargo xtask interop tpm2-tools tpm-sim driven by tpm2-tools, their results verified by OpenSSL
  cargo xtask interop swtpm      the same checks against swtpm, swtpm_ioctl against tpm-sim, the device with swtpm
  cargo xtask interop tpm-esapi  tpm-esapi against tpm-sim and against swtpm; its lints
  cargo xtask interop tss-esapi  tss-esapi's own integration tests against tpm-sim
  cargo xtask interop tpm2-pytss tpm2-pytss' own tests against tpm-sim
  cargo xtask tuned              the program built with a profile of real deployments: some percent faster
  cargo xtask tuned bench [...]  the benchmark of deployments, built so; needs rustup's llvm-tools
  cargo xtask fuzz [SECONDS]     every fuzz target, so many seconds each (default 60); needs cargo-fuzz

A suite fails, never skips, when its tool is missing, and prints the line that installs it.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["interop"] => interop::all(),
        ["interop", suite] => interop::one(suite),
        ["tuned"] => tuned::build(),
        ["tuned", "bench", arguments @ ..] => tuned::bench(arguments),
        ["fuzz"] => fuzz("60"),
        ["fuzz", seconds] => fuzz(seconds),
        _ => {
            println!("{HELP}");
            return if words.is_empty() || words == ["--help"] {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(2)
            };
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command to its end; its failure is ours.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let shown = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{shown}: {error}"))?;
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(text) } else { Err(format!("{shown} failed:\n{text}")) }
}

fn fuzz(seconds: &str) -> Result<(), String> {
    let seconds: u32 = seconds.parse().map_err(|_| format!("{seconds:?} is no number of seconds"))?;
    run(Command::new("cargo").args(["fuzz", "--version"]))
        .map_err(|_| "cargo-fuzz is missing: cargo install cargo-fuzz".to_owned())?;
    // libFuzzer's instrumentation flags are unstable; a stable compiler takes them when told to.
    let targets = run(Command::new("cargo").args(["fuzz", "list"]).current_dir("fuzz"))?;
    for target in targets.split_whitespace() {
        println!("fuzz {target} ({seconds} s)");
        run(Command::new("cargo")
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["fuzz", "run", target, "--", &format!("-max_total_time={seconds}"), "-rss_limit_mb=4096"])
            .current_dir("fuzz"))?;
    }
    Ok(())
}
