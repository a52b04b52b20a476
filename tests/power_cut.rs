//! Power may go at any step (design, rule 7). A scenario is forked before its steps, power is cut for five seconds, and
//! each fork runs to its end: where the documents say, with nothing done twice that must be done once.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use oobe::scenario::{self, LoadOptions, Scenario};
use oobe::trace::record::{Record, What};
use oobe::world::{RunOptions, World};
use oobe_agent::esp::Phase;
use oobe_agent::flow::{Kept, Stage};
use oobe_agent::io::Note;
use oobe_agent::time::Span;

/// How long power is away.
const AWAY: Span = Span::from_secs(5);

fn shipped(name: &str) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
    scenario::load(&path, &LoadOptions::default()).expect("the scenario is valid")
}

/// What came of a sweep.
struct Sweep {
    /// Power was cut at so many places.
    cuts: usize,
    /// ... and so often a request was under way, whose late answer the device dropped.
    late: usize,
}

/// Cuts power before every `every`th step of a scenario, beginning with the first, and lets each cut run end.
fn sweep(name: &str, every: usize) -> Sweep {
    let scenario = shipped(name);
    let device = scenario.spec.device.keys().next().expect("the scenario has a device").clone();
    let mut world = World::new(&scenario, &RunOptions::default()).expect("the scenario can be built");
    let mut before: Vec<Record> = Vec::new();
    let mut swept = Sweep { cuts: 0, late: 0 };
    let mut wrong = Vec::new();
    let mut step = 0;
    while world.next_due().is_some() {
        if step % every == 0 {
            let mut fork = world.fork().expect("a world in process can be forked");
            let stage = fork.device(&device).expect("the device is in its world").flow().stage;
            let off = fork.device(&device).is_some_and(|pc| pc.flow().stage == Stage::Off);
            let mut records = before.clone();
            let kept = fork.device(&device).expect("the device is in its world").flow().kept;
            let since = records.len();
            // A device that is switched off is not switched on by power coming back.
            fork.cut_power(&device, (!off).then_some(AWAY), &mut |r| records.push(r.clone()));
            while fork.next_due().is_some() {
                fork.step(&mut |r| records.push(r.clone()));
            }
            swept.cuts += 1;
            swept.late += usize::from(records.iter().any(dropped_a_late_answer));
            let now = world.now();
            let judged = judge(&fork, &records)
                .and_then(|()| once(kept, &records[since..]))
                .and_then(|()| signed_on(stage, &records[since..]));
            wrong.extend(judged.err().map(|why| format!("step {step}, at {now}: {why}")));
        }
        world.step(&mut |r| before.push(r.clone()));
        step += 1;
    }
    let told =
        format!("{name}: power was cut at {} of {step} steps, {} runs went wrong", swept.cuts, wrong.len());
    let _ = writeln!(std::io::stderr(), "{told}");
    assert!(wrong.is_empty(), "{told}:\n{}", wrong[..wrong.len().min(12)].join("\n"));
    assert!(
        swept.late > 10,
        "cuts with a request under way must bring late answers, which are dropped: {}",
        swept.late
    );
    swept
}

/// An answer to a question from before the cut found nobody waiting.
fn dropped_a_late_answer(record: &Record) -> bool {
    matches!(&record.what, What::Note { note: Note::Remark { text } } if text.starts_with("dropped a late answer"))
}

/// Whether a cut run ended as it should: the desktop, one device object, one enrolment, nothing installed twice, no
/// device token used twice.
fn judge(world: &World, records: &[Record]) -> Result<(), String> {
    let ending = world.ending().map_or("nothing", |e| e.outcome.as_str());
    expect(ending == "desktop", || {
        let tail: Vec<_> = records.iter().rev().take(6).map(|r| format!("{} {:?}", r.t, r.what)).collect();
        format!("it ended as {ending:?}; the end of the trace, last first:\n  {}", tail.join("\n  "))
    })?;

    let mut joined = cloud_did(records, "device-joined");
    joined.dedup();
    expect(joined.len() == 1, || format!("device objects in Entra ID: {joined:?}"))?;
    let cloud = world.cloud().expect("the world has a cloud of ours").save();
    for name in ["devices", "enrolments"] {
        let count = cloud["state"][name].as_object().map_or(0, serde_json::Map::len);
        expect(count == 1, || format!("the cloud has {count} {name}"))?;
    }

    // A device token is good for one join: whoever lost an answer gets another one.
    let again = records.iter().any(|record| {
        matches!(&record.what, What::Cloud { what, ok: false, .. } if what == "drs-device-token-single-use")
    });
    expect(!again, || "a device token was shown twice".to_owned())?;

    let mut installed: BTreeMap<&str, u32> = BTreeMap::new();
    for record in records {
        if let What::Note { note: Note::Progress { item, state } } = &record.what
            && (state == "installed" || state == "success (1000)")
        {
            *installed.entry(item).or_default() += 1;
        }
    }
    expect(!installed.is_empty(), || "nothing was installed".to_owned())?;
    let twice: Vec<_> = installed.iter().filter(|(_, times)| **times > 1).collect();
    expect(twice.is_empty(), || format!("installed twice: {twice:?}"))
}

/// A device that knew that it was joined, or enrolled, when power went, does not do so again.
fn once(kept: Kept, since: &[Record]) -> Result<(), String> {
    for (already, what) in [(kept.joined, "device-joined"), (kept.enrolled, "device-enrolled")] {
        let again = cloud_did(since, what);
        expect(!already || again.is_empty(), || format!("{what} a second time: {again:?}"))?;
    }
    Ok(())
}

/// Power that goes in Device setup takes the credentials with it: somebody signs in to Windows before Account setup
/// (USR-004), or before the desktop where there is none.
fn signed_on(stage: Stage, since: &[Record]) -> Result<(), String> {
    if stage != Stage::Esp(Phase::DeviceSetup) {
        return Ok(());
    }
    let shown = |id: &str| {
        since.iter().position(|record| matches!(&record.what, What::Screen { screen } if screen.id == id))
    };
    let (sign_on, account) = (shown("winlogon.signin"), shown("esp.account").or_else(|| shown("desktop")));
    match (sign_on, account) {
        (Some(sign_on), Some(account)) if sign_on < account => Ok(()),
        other => Err(format!("sign-on and what comes behind it stand at {other:?}")),
    }
}

/// What the cloud tells of everything of that name which it did, sorted.
fn cloud_did<'a>(records: &'a [Record], name: &str) -> Vec<&'a str> {
    let told = records.iter().filter_map(|record| match &record.what {
        What::Cloud { what, detail, ok: true, .. } if what == name => Some(detail.as_str()),
        _ => None,
    });
    let mut told: Vec<&str> = told.collect();
    told.sort_unstable();
    told
}

fn expect(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

#[test]
fn wherever_power_goes_the_device_of_a_user_reaches_the_desktop_and_nothing_happens_twice() {
    let swept = sweep("user-driven.toml", 1);
    assert!(swept.cuts > 150, "the sweep must cover the whole run: {} cuts", swept.cuts);
}

#[test]
fn wherever_power_goes_a_device_that_deploys_itself_gets_to_its_first_user() {
    let swept = sweep("self-deploying.toml", 1);
    assert!(swept.cuts > 150, "the sweep must cover the whole run: {} cuts", swept.cuts);
}

#[test]
fn wherever_power_goes_a_technician_and_then_a_user_get_the_device_ready() {
    let swept = sweep("pre-provisioned.toml", 1);
    assert!(swept.cuts > 150, "the sweep must cover the whole run: {} cuts", swept.cuts);
}
