//! Whole runs of the simulated device with a TPM outside, compared with the same runs in process: with `tpm_server` in the
//! place of the reference simulator, as a sound TPM and as those that can't be attested, and with a swtpm that swtpm's own
//! tools manufactured.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::listener::Listener;
use super::tpm_esapi::passed;
use super::{Scratch, need};
use crate::run;

/// The test that runs and compares: it lies with the program's tests, where traces are values and not text.
const TEST: &str = "whole_runs_with_a_tpm_outside_are_those_in_process";

/// Kinds of TPM with which a device can't deploy itself, each for a reason of its own.
const KINDS: [&str; 4] = ["hyper-v", "vulnerable-firmware", "reduced-functionality", "tpm-1.2"];

pub(super) fn run_all() -> Result<(), String> {
    compare_with_ours(&[], &[])?;
    for kind in KINDS {
        compare_with_ours(&["--profile", kind], &[("OOBE_TEST_TPM_KIND", kind)])?;
    }

    let scratch = Scratch::new("swtpm-whole-runs")?;
    let authority = manufacture(scratch.path())?;
    let swtpm = Listener::swtpm(&scratch.path().join("state"))?;
    let address = format!("swtpm:127.0.0.1:{},{}", swtpm.port, swtpm.control_port);
    compare(&address, &[("OOBE_TEST_TPM_KEYS", "rsa"), ("OOBE_TEST_TPM_CA", &authority)])
}

/// With a `tpm_server` that was started for it.
fn compare_with_ours(arguments: &[&str], with: &[(&str, &str)]) -> Result<(), String> {
    let ours = Listener::tpm_server(arguments)?;
    let with = [&[("OOBE_TEST_TPM_KEYS", "p256")], with].concat();
    compare(&format!("mssim:127.0.0.1:{}", ours.port), &with)
}

fn compare(tpm: &str, with: &[(&str, &str)]) -> Result<(), String> {
    let text = run(Command::new("cargo")
        .args(["test", "--locked", "-p", "oobe", "--test", "outside_tpm", "--", "--ignored", "--exact", TEST])
        .arg("--show-output")
        .env("OOBE_TEST_TPM", tpm)
        .envs(with.iter().copied()))?;
    if passed(&text) != 1 {
        return Err(format!("there is no test {TEST}"));
    }
    for line in text.lines().filter(|line| line.contains(tpm)) {
        println!("{line}");
    }
    Ok(())
}

/// A TPM with certificates of a CA of its own, made by the tools that make those of virtual machines; the file with the
/// CA's certificates.
fn manufacture(dir: &Path) -> Result<String, String> {
    need("swtpm_setup", &["--version"], "swtpm-tools")?;
    need("swtpm_localca", &["--version"], "swtpm-tools")?;
    let text = |path: &Path| path.to_str().map(str::to_owned).ok_or("the target folder's name is no text");
    let (ca, state) = (dir.join("ca"), dir.join("state"));
    for folder in [&ca, &state] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let place = text(&ca)?;
    let write = |name: &str, content: String| {
        let path = dir.join(name);
        fs::write(&path, content).map_err(|error| format!("{}: {error}", path.display()))?;
        text(&path).map_err(str::to_owned)
    };
    let authority = write(
        "localca.conf",
        format!(
            "statedir = {place}\nsigningkey = {place}/signkey.pem\nissuercert = {place}/issuercert.pem\n\
             certserial = {place}/certserial\n"
        ),
    )?;
    let options = write(
        "localca.options",
        "--platform-manufacturer oobe\n--platform-version 1.0\n--platform-model interop\n".to_owned(),
    )?;
    let tool = run(Command::new("sh").args(["-c", "command -v swtpm_localca"]))?;
    let setup = write(
        "setup.conf",
        format!(
            "create_certs_tool = {}\ncreate_certs_tool_config = {authority}\ncreate_certs_tool_options = {options}\n\
             active_pcr_banks = sha256\n",
            tool.trim()
        ),
    )?;
    run(Command::new("swtpm_setup")
        .args(["--tpm2", "--create-ek-cert", "--create-platform-cert", "--config", &setup])
        .args(["--tpmstate", &text(&state)?]))?;
    let mut certificates = String::new();
    for name in ["issuercert.pem", "swtpm-localca-rootca-cert.pem"] {
        let path = ca.join(name);
        certificates += &fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    write("authority.pem", certificates)
}
