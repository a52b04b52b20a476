//! A build tuned with a profile of real deployments (profile-guided optimisation): the compiler learns from a run which
//! branches are taken and lays the program out accordingly. Everything is in `target/tuned`, apart from other builds.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run;

/// The program itself, tuned.
pub(crate) fn build() -> Result<(), String> {
    let tuned = Tuned::learn()?;
    println!("building the program with it");
    tuned.cargo(&tuned.flags(), &["build", "--release", "--locked", "--bin", "oobe"])?;
    println!("{}", tuned.folder.join(&tuned.host).join("release/oobe").display());
    Ok(())
}

/// The benchmark of deployments, tuned; `arguments` are its own.
pub(crate) fn bench(arguments: &[&str]) -> Result<(), String> {
    let tuned = Tuned::learn()?;
    println!("building the benchmark with it");
    let bench = [&["bench", "--locked", "--bench", "deployments", "--"], arguments].concat();
    tuned.cargo(&tuned.flags(), &bench)
}

/// What was learned, and where.
struct Tuned {
    folder: PathBuf,
    host: String,
    profile: PathBuf,
}

impl Tuned {
    /// Builds the benchmark so that it keeps count, runs three hundred deployments, and puts the counts together.
    fn learn() -> Result<Self, String> {
        let version = run(Command::new("rustc").arg("-vV"))?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.ok_or("rustc does not say what it builds for")?.to_owned();
        let sysroot = run(Command::new("rustc").args(["--print", "sysroot"]))?;
        let merge = Path::new(sysroot.trim()).join("lib/rustlib").join(&host).join("bin/llvm-profdata");
        if !merge.exists() {
            return Err("llvm-profdata is missing: rustup component add llvm-tools".to_owned());
        }
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask has no parent folder")?;
        let folder = workspace.join("target/tuned");
        let (counts, profile) = (folder.join("counts"), folder.join("deployments.profdata"));
        if counts.exists() {
            std::fs::remove_dir_all(&counts).map_err(|e| format!("{}: {e}", counts.display()))?;
        }
        let tuned = Self { folder, host, profile };
        println!("building the benchmark so that it keeps count, and running it (some minutes)");
        let counting = format!("-Cprofile-generate={}", counts.display());
        let learn = ["bench", "--locked", "--bench", "deployments", "--", "profile"];
        tuned.cargo(&counting, &learn)?;
        run(Command::new(merge).args(["merge", "-o"]).arg(&tuned.profile).arg(counts))?;
        Ok(tuned)
    }

    fn flags(&self) -> String {
        format!("-Cprofile-use={}", self.profile.display())
    }

    /// Runs cargo with these flags for what is built for this machine: build scripts and macros are not among it, since
    /// the target is named.
    fn cargo(&self, flags: &str, arguments: &[&str]) -> Result<(), String> {
        let (words, rest) = arguments.split_at(1);
        let mut command = Command::new("cargo");
        command.args(words).args(["--target", &self.host]).args(rest);
        command.env("RUSTFLAGS", flags).env("CARGO_TARGET_DIR", &self.folder).stdin(Stdio::null());
        let status = command.status().map_err(|e| format!("{command:?}: {e}"))?;
        if status.success() { Ok(()) } else { Err(format!("{command:?} failed")) }
    }
}
