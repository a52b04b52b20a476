//! swtpm, three times: it passes the checks to which we hold our own TPM, its own tool drives our control channel, and the
//! simulated device attests with it.

use std::fs;
use std::process::Command;

use super::listener::{Listener, Protocol};
use super::tools::{Bench, PROGRAM_OF_THE_TOOLS};
use super::tpm_esapi::passed;
use super::{Scratch, need, tools, whole_runs};
use crate::run;

pub(super) fn run_all() -> Result<(), String> {
    need("swtpm", &["--version"], "swtpm swtpm-tools")?;
    need("swtpm_ioctl", &["--version"], "swtpm-tools")?;
    need(PROGRAM_OF_THE_TOOLS, &["--version"], "tpm2-tools")?;
    let checks = tools::run_topics("swtpm", Listener::swtpm)?;
    println!("swtpm: {checks} checks of tpm2-tools passed, 0 failed");
    let checks = control_channel()?;
    println!("swtpm_ioctl against our control channel: {checks} checks passed, 0 failed");
    device()?;
    whole_runs::run_all()
}

/// Tests of the program that need swtpm, which plain `cargo test` leaves out.
const DEVICE: [&str; 1] =
    ["world::tpm::tests::outside::swtpm_of_the_distribution_carries_a_whole_attestation"];

/// The simulated device's typed commands with swtpm in the place of its TPM.
fn device() -> Result<(), String> {
    for test in DEVICE {
        let text = run(Command::new("cargo").args([
            "test",
            "--locked",
            "-p",
            "oobe",
            "--lib",
            test,
            "--",
            "--ignored",
            "--exact",
        ]))?;
        if passed(&text) != 1 {
            return Err(format!("there is no test {test}"));
        }
        println!("the device with swtpm: {test} passed");
    }
    Ok(())
}

/// Stop, save, load, initialise, localities, measured launch: by the tool that drives swtpm.
fn control_channel() -> Result<usize, String> {
    let scratch = Scratch::new("swtpm-ioctl")?;
    let state = scratch.path().join("state");
    let listener = Listener::ours(
        Protocol::Swtpm,
        &["--state", state.to_str().ok_or("the target folder's name is no text")?],
    )?;
    let mut bench = Bench::new(&listener, scratch.path(), true);
    let control = format!("127.0.0.1:{}", listener.control_port);
    let ioctl = |arguments: &[&str]| {
        run(Command::new("swtpm_ioctl").args(["--tcp", &control]).args(arguments).current_dir(scratch.path()))
    };
    bench.check("capabilities", ioctl(&["-c"])?.contains("ptm capability is 0x"))?;
    bench.check("not established", ioctl(&["-e"])?.contains("tpmEstablished is 0"))?;

    // A measured launch: zeros, extended by the digest of what was measured.
    fs::write(scratch.path().join("launch"), "measured code").map_err(|error| error.to_string())?;
    ioctl(&["-l", "4"])?;
    ioctl(&["-h", "measured code"])?;
    ioctl(&["-l", "0"])?;
    bench.check("established", ioctl(&["-e"])?.contains("tpmEstablished is 1"))?;
    bench.ok("tpm2_pcrread sha256:17 -o drtm.bin")?;
    let measured = bench.sha256("launch")?;
    let expected = bench.sha256_of(&[&[0; 32], &measured[..]].concat())?;
    bench.check("PCR 17 after a launch", bench.file("drtm.bin")? == expected)?;
    ioctl(&["-r", "3"])?;
    bench.check("established no more", ioctl(&["-e"])?.contains("tpmEstablished is 0"))?;

    // A copy of the TPM in mid-session goes on; without its volatile part it begins anew.
    bench.ok("tpm2_pcrextend 16:sha256=0101010101010101010101010101010101010101010101010101010101010101")?;
    bench.ok("tpm2_pcrread sha256:16 -o before.bin")?;
    ioctl(&["--save", "permanent", "permanent.bin"])?;
    ioctl(&["--save", "volatile", "volatile.bin"])?;
    ioctl(&["--stop"])?;
    bench.refused("tpm2_getrandom 8", 0x101)?;
    ioctl(&["--load", "permanent", "permanent.bin"])?;
    ioctl(&["--load", "volatile", "volatile.bin"])?;
    ioctl(&["-i"])?;
    bench.ok("tpm2_pcrread sha256:16 -o after.bin")?;
    bench.check("PCR 16 goes on", bench.file("before.bin")? == bench.file("after.bin")?)?;
    ioctl(&["--stop"])?;
    ioctl(&["--load", "permanent", "permanent.bin"])?;
    ioctl(&["-i"])?;
    bench.refused("tpm2_getrandom 8", 0x100)?;
    bench.ok("tpm2_startup -c")?;
    bench.ok("tpm2_pcrread sha256:16 -o anew.bin")?;
    bench.check("PCR 16 begins anew", bench.file("anew.bin")? == [0; 32])?;

    // Put aside and taken up again.
    bench.ok("tpm2_pcrextend 16:sha256=0101010101010101010101010101010101010101010101010101010101010101")?;
    ioctl(&["-v"])?;
    ioctl(&["-i"])?;
    bench.ok("tpm2_pcrread sha256:16 -o aside.bin")?;
    bench.check("PCR 16 was put aside", bench.file("before.bin")? == bench.file("aside.bin")?)?;
    ioctl(&["-s"])?;
    bench.check("SHUTDOWN ends the server", ioctl(&["-c"]).is_err())?;
    Ok(bench.checks)
}
