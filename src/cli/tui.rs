//! `oobe tui`, `oobe demo`

use super::args::{DemoArgs, PersonalArg, TuiArgs};
use super::load;
use super::output::{Output, error};
use crate::exit::Exit;
use crate::scenario::{Fixtures, parse};
use crate::tui::{self, TuiError, TuiOptions, TuiOutcome};
use crate::world::{RunError, RunOptions};

pub(super) fn tui(args: &TuiArgs, out: &mut Output) -> Exit {
    let mut run = load::run_options(&args.variation, args.transport, args.speed);
    run.interactive = !args.auto;
    if let Err(refusal) = args.tpm.fill(&mut run) {
        return load::tpm_refused(&refusal);
    }
    let options = TuiOptions {
        run,
        auto: args.auto,
        trace: args.trace.clone(),
        mask_personal: args.personal_data == PersonalArg::Mask,
        ..TuiOptions::default()
    };
    let result = match (&args.replay, &args.scenario) {
        (Some(trace), _) => tui::replay(trace, &options),
        (None, Some(path)) => match load::scenario(path, &args.variation) {
            Ok(scenario) => tui::run(&scenario, &options),
            Err(exit) => return exit,
        },
        (None, None) => return Exit::Usage,
    };
    tell(result, out)
}

/// `oobe demo`
pub(super) fn demo(args: &DemoArgs, out: &mut Output) -> Exit {
    let (name, text) = args.mode.scenario();
    let scenario =
        match parse(name, &format!("{name} (inside the program)"), text, &Fixtures::built_in(), &[]) {
            Ok(scenario) => scenario,
            Err(wrong) => {
                load::tell(&wrong);
                return Exit::Invalid;
            }
        };
    let run = RunOptions { seed: args.seed, speed: args.speed, ..RunOptions::default() };
    let options = TuiOptions {
        run,
        auto: !args.yours,
        linger: true,
        afterwards: args.mode.afterwards(args.yours),
        trace: args.trace.clone(),
        mask_personal: false,
    };
    tell(tui::run(&scenario, &options), out)
}

fn tell(result: Result<TuiOutcome, TuiError>, out: &mut Output) -> Exit {
    match result {
        Ok(outcome) => {
            out.print(&format!("{outcome}\n"));
            if outcome.interrupted { Exit::Interrupted } else { Exit::Success }
        }
        Err(failure) => {
            error(&failure, None);
            match failure {
                TuiError::NotATerminal => Exit::Usage,
                TuiError::Terminal(_) | TuiError::Run(RunError::Tpm(_)) => Exit::Io,
                TuiError::Run(_) | TuiError::Trace { .. } => Exit::Invalid,
            }
        }
    }
}
