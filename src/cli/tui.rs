//! `oobe tui`

use super::args::TuiArgs;
use super::load;
use super::output::{Output, error};
use crate::exit::Exit;
use crate::tui::{self, TuiError, TuiOptions};

pub(super) fn tui(args: &TuiArgs, out: &mut Output) -> Exit {
    let mut run = load::run_options(&args.variation, args.transport, args.speed);
    run.interactive = !args.auto;
    let options = TuiOptions { run, auto: args.auto, trace: args.trace.clone() };
    let result = match (&args.replay, &args.scenario) {
        (Some(trace), _) => tui::replay(trace, &options),
        (None, Some(path)) => match load::scenario(path, &args.variation) {
            Ok(scenario) => tui::run(&scenario, &options),
            Err(exit) => return exit,
        },
        (None, None) => return Exit::Usage,
    };
    match result {
        Ok(outcome) => {
            out.print(&format!("{outcome}\n"));
            Exit::Success
        }
        Err(failure) => {
            error(&failure, None);
            match failure {
                TuiError::NotATerminal => Exit::Usage,
                TuiError::Terminal(_) => Exit::Io,
                TuiError::Run(_) | TuiError::Trace { .. } => Exit::Invalid,
            }
        }
    }
}
