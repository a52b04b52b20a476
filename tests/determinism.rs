//! Same binary, scenario, seed and keys: the same trace, to the letter (design, rule 4).

use std::path::Path;

use oobe::scenario::spec::Keys;
use oobe::scenario::{self, LoadOptions, Scenario};
use oobe::trace::record::Record;
use oobe::world::{RunOptions, TransportKind, World, run};

/// One scenario for each of the three modes.
const MODES: [&str; 3] = ["user-driven", "self-deploying", "pre-provisioned"];

fn shipped(name: &str) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name).with_extension("toml");
    scenario::load(&path, &LoadOptions::default()).expect("the scenario is valid")
}

fn main_scenario() -> Scenario {
    shipped("user-driven")
}

/// The run as lines, the way they stand in a trace file, and how it ended.
fn told(scenario: &Scenario, options: &RunOptions) -> (Vec<String>, String) {
    let mut lines = Vec::new();
    let result = run(scenario, options, &mut |record: &Record| {
        lines.push(serde_json::to_string(record).expect("records serialise"));
    })
    .expect("the scenario runs");
    (lines, result.ending.outcome)
}

/// The lines of a run that goes well.
fn lines(scenario: &Scenario, options: &RunOptions) -> Vec<String> {
    let (lines, outcome) = told(scenario, options);
    assert_eq!(outcome, "desktop", "{}: {:?}", scenario.name, lines.last());
    lines
}

fn assert_same(a: &[String], b: &[String]) {
    let parted = a.iter().zip(b).position(|(x, y)| x != y);
    if let Some(at) = parted {
        panic!("the traces part at record {at}:\n  {}\n  {}", a[at], b[at]);
    }
    assert_eq!(a.len(), b.len(), "one trace goes on where the other ends");
}

#[test]
fn two_runs_give_the_same_trace_in_every_mode() {
    for name in MODES {
        let scenario = shipped(name);
        assert_same(&lines(&scenario, &RunOptions::default()), &lines(&scenario, &RunOptions::default()));
    }
}

#[test]
fn another_seed_gives_another_trace() {
    let scenario = main_scenario();
    let other = RunOptions { seed: Some(4_711), ..RunOptions::default() };
    assert_ne!(lines(&scenario, &RunOptions::default()), lines(&scenario, &other));
}

#[test]
fn the_wire_gives_the_trace_of_the_run_in_process_in_every_mode() {
    for name in MODES {
        let scenario = shipped(name);
        let wire = RunOptions { transport: TransportKind::Wire, ..RunOptions::default() };
        assert_same(&lines(&scenario, &RunOptions::default()), &lines(&scenario, &wire));
    }
}

/// A certificate is looked at when a connection begins, and kept-alive ones go on: whenever the device's clock jumps out of
/// its validity, both transports find out at the same request.
#[test]
fn the_wire_gives_the_trace_of_the_run_in_process_when_the_clock_jumps() {
    for (at, skew) in [("65s", "-366d"), ("90s", "366d"), ("130s", "-366d"), ("5m", "-7000d")] {
        let fault = format!("fault=[{{ machine = {{ clock = \"{skew}\" }}, from = \"{at}\" }}]");
        let set = [fault.as_str(), "expect=[]", "time_limit=1h"].map(str::to_owned).to_vec();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/user-driven.toml");
        let scenario = scenario::load(&path, &LoadOptions { set, ..LoadOptions::default() });
        let scenario = scenario.expect("the scenario is valid");
        let wire = RunOptions { transport: TransportKind::Wire, ..RunOptions::default() };
        assert_same(&told(&scenario, &RunOptions::default()).0, &told(&scenario, &wire).0);
    }
}

#[test]
fn the_wire_gives_the_trace_of_the_run_in_process_with_rsa_keys() {
    let scenario = main_scenario();
    let rsa = RunOptions { keys: Some(Keys::Rsa), ..RunOptions::default() };
    let wire = RunOptions { transport: TransportKind::Wire, ..rsa.clone() };
    assert_same(&lines(&scenario, &rsa), &lines(&scenario, &wire));
}

#[test]
fn a_fork_goes_on_as_the_original_does_and_neither_disturbs_the_other() {
    let scenario = shipped("pre-provisioned");
    let whole = lines(&scenario, &RunOptions::default());

    let mut world = World::new(&scenario, &RunOptions::default()).expect("the scenario can be built");
    let mut seen = Vec::new();
    let write = |lines: &mut Vec<String>, record: &Record| {
        lines.push(serde_json::to_string(record).expect("serialises"));
    };
    for _ in 0..130 {
        world.step(&mut |record| write(&mut seen, record));
    }
    let mut fork = world.fork().expect("a world in process can be forked");
    let mut forked = seen.clone();
    while world.next_due().is_some() {
        world.step(&mut |record| write(&mut seen, record));
    }
    while fork.next_due().is_some() {
        fork.step(&mut |record| write(&mut forked, record));
    }
    assert_same(&whole, &seen);
    assert_same(&whole, &forked);
}
