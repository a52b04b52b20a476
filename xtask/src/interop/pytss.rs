//! tpm2-pytss' own tests, which start a simulator for themselves: once `tpm_server`, once what they take for swtpm.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::listener::{Protocol, programs};
use super::suite::{Bar, Outcome};
use super::{Scratch, kept, need, need_library};
use crate::run;

const VERSION: &str = "3.0.0";
const PYTEST: [&str; 2] = ["pytest==9.2.0", "pytest-xdist==3.8.0"];

const BAR: Bar = Bar {
    swtpm_passes: include_str!("baseline/tpm2-pytss.txt"),
    reasons: include_str!("baseline/tpm2-pytss-reasons.txt"),
};

pub(super) fn run_all() -> Result<(), String> {
    need("python3", &["--version"], "python3 python3-venv python3-dev gcc")?;
    need_library("tss2-fapi", "libtss2-dev")?;
    let suite = install()?;
    let programs = programs()?;
    for protocol in [Protocol::Mssim, Protocol::Swtpm] {
        // The suite takes the first simulator that it finds on the path: there is this one.
        let scratch = Scratch::new(&format!("pytss-{}", protocol.name()))?;
        let (name, program) = match protocol {
            Protocol::Mssim => ("tpm_server", "tpm_server"),
            Protocol::Swtpm => ("swtpm", "tpm-sim"),
        };
        symlink(programs.join(program), scratch.path().join(name)).map_err(|error| error.to_string())?;
        let output = Command::new(suite.python())
            .args(["-m", "pytest", "-n", "2", "-q", "-rfEp", "--tb=short", "test"])
            .current_dir(&suite.0)
            .env("PATH", scratch.path())
            .env("TSS2_LOG", "all+NONE")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("python3: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        BAR.judge(&format!("tpm2-pytss {VERSION} over {}", protocol.name()), &parse(&text)).inspect_err(
            |_| {
                println!("{}{}", failures(&text), String::from_utf8_lossy(&output.stderr));
            },
        )?;
    }
    Ok(())
}

/// What pytest says of the tests that failed; all that it says if it never came to them.
fn failures(text: &str) -> &str {
    match (text.find("= FAILURES ="), text.find("= short test summary info =")) {
        (Some(start), Some(end)) if start < end => &text[start..end],
        (None, Some(end)) => &text[..end],
        _ => text,
    }
}

/// A folder with the published sources' tests beside an environment in which the package is installed.
struct Suite(PathBuf);

impl Suite {
    fn python(&self) -> PathBuf {
        self.0.join("venv/bin/python")
    }
}

fn install() -> Result<Suite, String> {
    let suite = Suite(kept(&format!("tpm2-pytss-{VERSION}"))?);
    let dir = &suite.0;
    if dir.join("installed").exists() {
        return Ok(suite);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear", "venv"]).current_dir(dir))
        .map_err(|problem| format!("{problem}\n\napt-get install -y python3-venv"))?;
    let pip = |arguments: &[&str]| {
        run(Command::new(suite.python())
            .args(["-m", "pip", "--quiet", "--disable-pip-version-check"])
            .args(arguments)
            .current_dir(dir))
    };
    let package = format!("tpm2-pytss=={VERSION}");
    pip(&["download", "--no-deps", "--no-binary", "tpm2-pytss", "--dest", ".", &package])?;
    let archive = format!("tpm2_pytss-{VERSION}.tar.gz");
    // From source: its bindings are made from the headers of the libtss2 that is installed.
    pip(&["install", &archive])?;
    pip(&[&["install"], &PYTEST[..]].concat())?;
    let tests = format!("tpm2_pytss-{VERSION}/test");
    run(Command::new("tar").args(["-xzf", &archive, "--strip-components=1", &tests]).current_dir(dir))?;
    mark(&dir.join("installed"))?;
    Ok(suite)
}

fn mark(path: &Path) -> Result<(), String> {
    fs::write(path, "").map_err(|error| format!("{}: {error}", path.display()))
}

/// `PASSED test/test_esapi.py::TestEsys::test_mac` becomes `test.test_esapi.TestEsys::test_mac`.
fn parse(text: &str) -> Outcome {
    let mut outcome = Outcome::default();
    for line in text.lines() {
        let (set, rest) = if let Some(rest) = line.strip_prefix("PASSED ") {
            (&mut outcome.passed, rest)
        } else if let Some(rest) = line.strip_prefix("FAILED ").or_else(|| line.strip_prefix("ERROR ")) {
            (&mut outcome.failed, rest)
        } else {
            continue;
        };
        let id = rest.split(" - ").next().unwrap_or(rest).trim();
        if let Some((file, name)) = id.split_once(".py::") {
            set.insert(format!("{}.{name}", file.replace('/', ".")));
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_results_in_the_summary() {
        let outcome = parse(
            "== short test summary info ==\nPASSED test/test_tcti.py::TestTCTI::test_init\nFAILED test/test_esapi.py::TestEsys::test_mac - TSS2_Exception\nSKIPPED [1] test/x.py:3: why\n",
        );
        assert!(outcome.passed.contains("test.test_tcti.TestTCTI::test_init"));
        assert!(outcome.failed.contains("test.test_esapi.TestEsys::test_mac"));
    }
}
