//! Our own crate on the TCG's Enhanced System API: its lints, and its tests against our listener and against swtpm.

use std::process::Command;

use super::listener::Listener;
use super::{Scratch, need, need_library};
use crate::run;

pub(super) fn run_all() -> Result<(), String> {
    need_library("tss2-esys", "libtss2-dev")?;
    need("swtpm", &["--version"], "swtpm swtpm-tools")?;
    run(&mut cargo(&["clippy", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"]))?;
    report("tpm-sim", &mut cargo(&["test", "--locked"]))?;
    let scratch = Scratch::new("tpm-esapi")?;
    let swtpm = Listener::swtpm(scratch.path())?;
    report("swtpm", cargo(&["test", "--locked"]).env("TPM_ESAPI_TCTI", swtpm.tcti()))
}

/// It is a workspace of its own, so that plain `cargo test` does without libtss2: it is built where it stands.
fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir("tpm-esapi").env_remove("TPM_ESAPI_TCTI");
    command
}

fn report(against: &str, tests: &mut Command) -> Result<(), String> {
    let passed = passed(&run(tests)?);
    if passed == 0 {
        return Err(format!("tpm-esapi: cargo ran no test against {against}"));
    }
    println!("tpm-esapi: {passed} tests passed against {against}, 0 failed");
    Ok(())
}

/// Tests that cargo says have passed, of all its test programs.
pub(super) fn passed(text: &str) -> usize {
    text.lines()
        .filter_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse::<usize>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    #[test]
    fn counts_the_tests_of_all_programs() {
        let text = "test a ... ok\n\ntest result: ok. 2 passed; 0 failed; 1 ignored\n\n\
                    test result: ok. 11 passed; 0 failed\n";
        assert_eq!(super::passed(text), 13);
        assert_eq!(super::passed("error: no such test"), 0);
    }
}
