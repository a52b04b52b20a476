//! Power may go at any step: what is on disk brings the run to the same end, and nothing is installed twice.

use std::collections::BTreeMap;

use super::device_phase::{hold_and_agent, intune, second};
use super::peer::{Peer, app, app_content, cmd, package, release};
use super::world::World;
use crate::esp::Phase;
use crate::io::Note;
use crate::manage::{INTUNE_PROVIDER, ManageEvent, Verdict};

/// A server that says in every session all it has to say, so that it does not matter which session is lost.
fn patient(policy: &str) -> Peer {
    let mut peer = intune(policy);
    peer.sessions.clear();
    let provider = "./User/Vendor/MSFT/DMClient/Provider/MS%20DM%20Server";
    let user = cmd(90, "Add", provider, "node", "") + &release(91, "User", INTUNE_PROVIDER);
    peer.every = vec![hold_and_agent() + &second(policy) + &user];
    let (url, blob) = app_content("mine", &package("Mine", 0, &["C:\\mine"]));
    peer.files.insert(url, blob);
    peer.user_apps = vec![app("mine", "C:\\mine")];
    peer
}

fn finished(world: &World) -> bool {
    let done = ManageEvent::PhaseEnded { phase: Phase::AccountSetup, verdict: Verdict::Succeeded };
    world.events.contains(&done)
}

/// How often each thing was installed.
fn installs(world: &World) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for note in world.notes() {
        if let Note::Progress { item, state } = note
            && (state == "installed" || state.starts_with("success"))
        {
            *counts.entry(item.clone()).or_default() += 1;
        }
    }
    counts
}

fn failed_phase(world: &World) -> Option<&ManageEvent> {
    let failed = |e: &&ManageEvent| matches!(e, ManageEvent::PhaseEnded { verdict, .. } if *verdict != Verdict::Succeeded);
    world.events.iter().find(failed)
}

fn run_to_the_end(world: &mut World) {
    for _ in 0..5_000 {
        if finished(world) {
            return;
        }
        assert!(world.step(), "nothing moves");
        assert_eq!(failed_phase(world), None);
    }
    panic!("no end in sight: {:?}", world.page());
}

fn expected() -> BTreeMap<String, usize> {
    ["MSI {AA}", "MSI {BB}", "app App one", "app App two", "app App mine"]
        .into_iter()
        .map(|n| (n.to_owned(), 1))
        .collect()
}

#[test]
fn without_a_power_cut() {
    let mut world = World::new(INTUNE_PROVIDER, patient("Browser/AllowPopups"));
    run_to_the_end(&mut world);
    assert_eq!(installs(&world), expected());
    assert_eq!(world.restarts, 1, "App two wants one at the end of Device setup");
    assert_eq!(world.row(Phase::AccountSetup, "Apps"), "1 of 1 installed");
}

#[test]
fn a_power_cut_at_every_step() {
    let mut steps = 0;
    let mut probe = World::new(INTUNE_PROVIDER, patient("DeviceLock/MinDevicePasswordLength"));
    while !finished(&probe) {
        assert!(probe.step() && steps < 1_000);
        steps += 1;
    }
    for cut in 0..steps {
        let mut world = World::new(INTUNE_PROVIDER, patient("DeviceLock/MinDevicePasswordLength"));
        for _ in 0..cut {
            world.step();
        }
        world.restart();
        run_to_the_end(&mut world);
        assert_eq!(installs(&world), expected(), "power cut after step {cut} of {steps}");
        let left: Vec<&str> = world.management.installed().collect();
        assert_eq!(left.len(), 6, "{left:?}");
    }
}

#[test]
fn the_disk_reads_back_as_it_was_written() {
    let mut world = World::new(INTUNE_PROVIDER, patient("Browser/AllowPopups"));
    for _ in 0..60 {
        world.step();
        let text = serde_json::to_string(&world.management).unwrap();
        let again: crate::manage::Management = serde_json::from_str(&text).unwrap();
        assert_eq!(again, world.management);
        assert!(!text.contains("\"tok\""), "the user's token is not part of the disk");
    }
}

#[test]
fn the_time_limit_goes_on_over_a_restart() {
    let mut peer = patient("Browser/AllowPopups");
    peer.every = vec![hold_and_agent()];
    let mut world = World::new(INTUNE_PROVIDER, peer);
    world.until(|w| w.now.as_millis() > 40 * 60_000);
    world.restart();
    assert_eq!(world.until_end_of(Phase::DeviceSetup), Verdict::TimedOut);
    assert!(world.now.as_millis() / 60_000 <= 61);
}
