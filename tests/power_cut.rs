//! Power may go at any step (design, rule 7). The main scenario is forked before every single step, power is cut for
//! five seconds, and each fork runs to its end: the desktop, with nothing done twice that must be done once.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use oobe::scenario::{self, LoadOptions, Scenario};
use oobe::trace::record::{Record, What};
use oobe::world::{RunOptions, World};
use oobe_agent::io::Note;
use oobe_agent::time::Span;

fn main_scenario() -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/user-driven.toml");
    scenario::load(&path, &LoadOptions::default()).expect("the main scenario is valid")
}

#[test]
fn wherever_power_goes_the_device_reaches_the_desktop_and_nothing_happens_twice() {
    let scenario = main_scenario();
    let device = scenario.spec.device.keys().next().expect("the scenario has a device").clone();
    let mut world = World::new(&scenario, &RunOptions::default()).expect("the scenario can be built");
    let mut before: Vec<Record> = Vec::new();
    let mut cuts = 0;
    let mut late = 0;
    while world.next_due().is_some() {
        let mut fork = world.fork().expect("a world in process can be forked");
        let mut records = before.clone();
        fork.cut_power(&device, Some(Span::from_secs(5)), &mut |r| records.push(r.clone()));
        while fork.next_due().is_some() {
            fork.step(&mut |r| records.push(r.clone()));
        }
        cuts += 1;
        judge(cuts, &fork, &records);
        late += u32::from(records.iter().any(dropped_a_late_answer));
        world.step(&mut |r| before.push(r.clone()));
    }
    let _ = writeln!(std::io::stderr(), "power was cut at {cuts} places");
    assert!(late > 10, "cuts with a request under way must bring late answers, which are dropped: {late}");
    assert!(cuts > 150, "the sweep must cover the whole run: {cuts} cuts");
}

/// An answer to a question from before the cut found nobody waiting.
fn dropped_a_late_answer(record: &Record) -> bool {
    matches!(&record.what, What::Note { note: Note::Remark { text } } if text.starts_with("dropped a late answer"))
}

fn judge(cut: usize, world: &World, records: &[Record]) {
    let at = || {
        let tail: Vec<_> = records.iter().rev().take(25).map(|r| format!("{} {:?}", r.t, r.what)).collect();
        format!("cut {cut}; the end of the trace, last first:\n{}", tail.join("\n"))
    };
    let ending = world.ending().map(|e| e.outcome.clone());
    assert_eq!(ending.as_deref(), Some("desktop"), "{}", at());

    // One device object, one enrolment, whatever was asked twice.
    let mut devices: Vec<&str> = Vec::new();
    for record in records {
        if let What::Cloud { what, detail, ok: true, .. } = &record.what
            && what == "device-joined"
        {
            devices.push(detail);
        }
    }
    devices.sort_unstable();
    devices.dedup();
    assert_eq!(devices.len(), 1, "one device object in Entra ID: {devices:?}; {}", at());

    let cloud = world.cloud().expect("the world has a cloud of ours").save();
    let count = |name: &str| cloud["state"][name].as_object().map_or(0, serde_json::Map::len);
    assert_eq!(count("devices"), 1, "one device object; {}", at());
    assert_eq!(count("enrolments"), 1, "one managed device; {}", at());

    // Nothing is installed twice.
    let mut installed: BTreeMap<&str, u32> = BTreeMap::new();
    for record in records {
        if let What::Note { note: Note::Progress { item, state } } = &record.what
            && (state == "installed" || state == "success (1000)")
        {
            *installed.entry(item).or_default() += 1;
        }
    }
    assert!(!installed.is_empty(), "the run installs something; {}", at());
    for (item, times) in installed {
        assert_eq!(times, 1, "{item} was installed {times} times; {}", at());
    }
}
