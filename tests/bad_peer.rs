//! Bad input from servers: whatever comes in place of an answer, at whichever request, the run ends. The desktop after
//! another try, an error page, the time limit: all fine. A panic, an endless loop or half a state on the disk is not.
//!
//! `cargo test --test bad_peer -- --nocapture` prints what came of it.

#[path = "bad_peer/faults.rs"]
mod faults;
#[path = "bad_peer/run.rs"]
mod run;
#[path = "bad_peer/table.rs"]
mod table;

use std::collections::BTreeMap;
use std::sync::Mutex;

use faults::{ALL, Fault};
use run::{Asked, Outcome, scenario};

/// What came of every case, by request and fault.
type Outcomes = BTreeMap<(usize, Fault), Outcome>;

/// Runs the cases of every fault, on as many threads as there are processors.
fn sweep(cases: impl Fn(Fault) -> Vec<(usize, Outcome)> + Sync) -> Outcomes {
    let open: Mutex<Vec<Fault>> = Mutex::new(ALL.iter().rev().copied().collect());
    let outcomes = Mutex::new(Outcomes::new());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let work = || {
            loop {
                let Some(fault) = open.lock().expect("no thread panicked").pop() else { return };
                let done = cases(fault);
                let mut all = outcomes.lock().expect("no thread panicked");
                all.extend(done.into_iter().map(|(index, outcome)| ((index, fault), outcome)));
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            if let Err(panic) = worker.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    outcomes.into_inner().expect("no thread panicked")
}

#[test]
fn whatever_comes_in_place_of_one_answer_the_run_ends() {
    let scenario = scenario();
    let asked = Asked::all(&scenario);
    assert!(asked.len() > 50, "the main scenario asks more than {} times", asked.len());
    let outcomes = sweep(|fault| run::one_answer(&scenario, &asked, fault));
    println!("one bad answer, then all is well:\n{}", table::print(&asked, &outcomes));
    assert_eq!(outcomes.len(), asked.len() * ALL.len());
    // Every single bad answer is recovered from, if only after another try. A clock that stays wrong is another matter.
    for ((index, fault), outcome) in &outcomes {
        let clock = matches!(fault, Fault::ClockSlow | Fault::ClockFast);
        assert!(outcome.desktop || clock, "{fault:?} at request {index} ({})", asked[*index].why);
    }
}

#[test]
fn however_a_service_stays_bad_the_run_ends() {
    let scenario = scenario();
    let services = Asked::services(&scenario);
    let outcomes = sweep(|fault| run::service_stays_bad(&scenario, &services, fault));
    println!("a service that never gets well:\n{}", table::print(&services, &outcomes));
    assert_eq!(outcomes.len(), services.len() * ALL.len());
}
