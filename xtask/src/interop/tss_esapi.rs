//! tss-esapi's own integration tests, against our listener in both protocols.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::listener::{Listener, Protocol};
use super::suite::{Bar, Outcome};
use super::{kept, need_library};
use crate::run;

const VERSION: &str = "7.7.0";

const BAR: Bar = Bar {
    swtpm_passes: include_str!("baseline/tss-esapi.txt"),
    reasons: include_str!("baseline/tss-esapi-reasons.txt"),
};

pub(super) fn run_all() -> Result<(), String> {
    need_library("tss2-esys", "libtss2-dev")?;
    let tests = build(&sources()?)?;
    for protocol in [Protocol::Mssim, Protocol::Swtpm] {
        let listener = Listener::ours(protocol, &["--seed", "tss-esapi"])?;
        let output = Command::new(&tests)
            .arg("--test-threads=1")
            .env("TEST_TCTI", listener.tcti())
            .env("RUST_LOG", "off")
            .env("TSS2_LOG", "all+NONE")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{}: {error}", tests.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        BAR.judge(&format!("tss-esapi {VERSION} over {}", protocol.name()), &parse(&text)).inspect_err(
            |_| {
                println!("{}", failures(&text));
            },
        )?;
    }
    Ok(())
}

/// The crate as it is published, by way of a package that depends on it: cargo fetches it and checks its hash.
fn sources() -> Result<PathBuf, String> {
    let dir = kept("tss-esapi")?;
    let sources = dir.join(format!("tss-esapi-{VERSION}"));
    if sources.join("fetched").exists() {
        return Ok(sources);
    }
    let wants = dir.join("wants");
    let io = |error: std::io::Error| format!("{}: {error}", dir.display());
    fs::create_dir_all(wants.join("src")).map_err(io)?;
    fs::write(wants.join("src/lib.rs"), "").map_err(io)?;
    let manifest = format!(
        "[package]\nname = \"wants\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\ntss-esapi = \"={VERSION}\"\n\n[workspace]\n"
    );
    fs::write(wants.join("Cargo.toml"), manifest).map_err(io)?;
    run(Command::new("cargo").args(["fetch", "--quiet"]).current_dir(&wants))?;
    let metadata =
        run(Command::new("cargo").args(["metadata", "--format-version", "1"]).current_dir(&wants))?;
    let end = format!("/tss-esapi-{VERSION}/Cargo.toml\"");
    let found = metadata
        .split("\"manifest_path\":\"")
        .find_map(|rest| rest.get(..=rest.find('"')?).and_then(|path| path.strip_suffix(&end)))
        .ok_or("cargo metadata does not say where tss-esapi is")?;
    let _ = fs::remove_dir_all(&sources);
    copy(&Path::new(found).join(format!("tss-esapi-{VERSION}")), &sources).map_err(io)?;
    // It is no member of ours.
    let manifest = sources.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(io)?;
    fs::write(&manifest, format!("{text}\n[workspace]\n")).map_err(io)?;
    fs::write(sources.join("fetched"), "").map_err(io)?;
    Ok(sources)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// Builds the integration tests; their program.
fn build(sources: &Path) -> Result<PathBuf, String> {
    let text = run(Command::new("cargo")
        .args(["test", "--no-run", "--test", "integration_tests", "--target-dir", "build"])
        .current_dir(sources))?;
    text.lines()
        .find_map(|line| line.split_once("(build/")?.1.strip_suffix(')'))
        .map(|path| sources.join("build").join(path))
        .ok_or_else(|| format!("cargo does not say what it built:\n{text}"))
}

/// `test NAME ... ok`, where the test's own output may stand between.
fn parse(text: &str) -> Outcome {
    let mut outcome = Outcome::default();
    let mut current: Option<&str> = None;
    for line in text.lines() {
        let mut rest = line;
        if let Some((name, after)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... ")) {
            current = Some(name.trim_end_matches(" - should panic"));
            rest = after;
        }
        let Some(name) = current else { continue };
        let set = match rest.trim() {
            "ok" => &mut outcome.passed,
            "FAILED" => &mut outcome.failed,
            // Neither: what stands behind it belongs to another test.
            word if word.starts_with("ignored") => {
                current = None;
                continue;
            }
            _ => continue,
        };
        set.insert(name.to_owned());
        current = None;
    }
    outcome
}

fn failures(text: &str) -> &str {
    text.find("\nfailures:\n").map_or("", |at| &text[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_results_behind_the_output_of_tests() {
        let outcome = parse(
            "test a::b ... ok\ntest a::c - should panic ... ok\ntest d ... some words\nok\ntest e ... FAILED\ntest f ... ignored\nok\n",
        );
        assert_eq!(outcome.passed.iter().map(String::as_str).collect::<Vec<_>>(), ["a::b", "a::c", "d"]);
        assert_eq!(outcome.failed.len(), 1);
    }
}
