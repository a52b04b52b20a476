//! The program `oobe`.

use std::process::ExitCode;

fn main() -> ExitCode {
    oobe::cli::main().into()
}
