//! Visits every state that the reducer can be in, breadth first, from a fresh disk in either start mode, with every
//! event in every state, and holds the rules of the house against each.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Write as _;

use super::{Event, Flow, Kept, ProfileTraits, Stage, Start, reduce};
use crate::esp::Phase;

const PHASES: [Phase; 3] = [Phase::DevicePreparation, Phase::DeviceSetup, Phase::AccountSetup];

/// Every event there is.
fn events() -> Vec<Event> {
    let mut all = vec![
        Event::PowerPressed,
        Event::PowerLost,
        Event::Restarted,
        Event::Booted,
        Event::LinkUp,
        Event::LinkDown,
        Event::Answered,
        Event::StartedOver,
        Event::TriedAgain,
        Event::ContinuedAnyway,
        Event::ResetChosen,
        Event::ProbeSucceeded,
        Event::ProbeFailed,
        Event::ProfileAbsent,
        Event::UpdatesDone,
        Event::UpdatesNeedRestart,
        Event::SignInAccepted,
        Event::TenantMismatch,
        Event::SignInRefused,
        Event::SignInFailed,
        Event::JoinSucceeded,
        Event::JoinFailed,
        Event::EnrolSucceeded,
        Event::EnrolFailed,
        Event::EnrolSkipped,
        Event::SignOnAccepted,
        Event::SignOnRefused,
        Event::SignOnFailed,
    ];
    for bits in 0..8_u8 {
        all.push(Event::ProfileArrived(ProfileTraits {
            hides_region: bits & 1 != 0,
            hides_eula: bits & 2 != 0,
            hides_privacy: bits & 4 != 0,
        }));
    }
    for (device, user) in [(false, false), (true, false), (false, true), (true, true)] {
        all.push(Event::EspDecided { device, user });
    }
    for phase in PHASES {
        all.push(Event::PhaseSucceeded(phase));
        all.push(Event::PhaseSucceededBeforeRestart(phase));
        all.push(Event::PhaseFailed(phase));
    }
    all
}

/// All reachable states, each with the states that one event leads to.
fn explore() -> BTreeMap<Flow, BTreeSet<Flow>> {
    let events = events();
    let mut seen = BTreeMap::new();
    let mut queue: VecDeque<Flow> =
        [Start::Oobe, Start::Enroll].into_iter().map(|start| Flow::new(start, Kept::FRESH)).collect();
    while let Some(state) = queue.pop_front() {
        if seen.contains_key(&state) {
            continue;
        }
        let mut next = BTreeSet::new();
        for &event in &events {
            let mut after = state;
            reduce(&mut after, event);
            if after != state {
                next.insert(after);
                if !seen.contains_key(&after) {
                    queue.push_back(after);
                }
            }
        }
        seen.insert(state, next);
    }
    seen
}

#[test]
fn every_reachable_state_keeps_the_rules_and_has_a_way_to_the_desktop() {
    let graph = explore();
    // Straight to standard error: the harness swallows what a passing test prints, and the number is wanted.
    let _ = writeln!(
        std::io::stderr(),
        "flow reducer: {} states, {} transitions",
        graph.len(),
        graph.values().map(BTreeSet::len).sum::<usize>()
    );
    assert!(graph.len() > 1_000, "the search must really spread: {} states", graph.len());

    for state in graph.keys() {
        check(state);
    }

    // Backwards from the desktop: whatever is not reached is a trap.
    let mut back: BTreeMap<Flow, Vec<Flow>> = BTreeMap::new();
    for (from, next) in &graph {
        for to in next {
            back.entry(*to).or_default().push(*from);
        }
    }
    let mut queue: VecDeque<Flow> = graph.keys().filter(|s| s.stage == Stage::Desktop).copied().collect();
    let mut good: BTreeSet<Flow> = queue.iter().copied().collect();
    while let Some(state) = queue.pop_front() {
        for from in back.get(&state).into_iter().flatten() {
            if good.insert(*from) {
                queue.push_back(*from);
            }
        }
    }
    let traps: Vec<_> = graph.keys().filter(|s| !good.contains(s)).take(3).collect();
    assert!(traps.is_empty(), "states without a way to the desktop: {traps:#?}");
}

/// A state has an exit of its own: some event other than the power button moves it on.
#[test]
fn every_state_that_is_on_has_an_exit_besides_the_power_button() {
    let events: Vec<_> = events()
        .into_iter()
        .filter(|e| {
            !matches!(
                e,
                Event::PowerPressed | Event::PowerLost | Event::Restarted | Event::LinkUp | Event::LinkDown
            )
        })
        .collect();
    for state in explore().into_keys() {
        if matches!(state.stage, Stage::Off | Stage::Desktop)
            || (state.stage == Stage::Network && !state.link)
        {
            continue;
        }
        let moves = events.iter().any(|&event| {
            let mut after = state;
            let wants = reduce(&mut after, event);
            after != state || !wants.is_empty()
        });
        assert!(moves, "no exit from {state:?}");
    }
}

/// What must hold in every state.
fn check(state: &Flow) {
    let kept = state.kept;
    let oobe = state.start == Start::Oobe;
    match state.stage {
        Stage::Off => {
            assert!(!state.credentials, "USR-004: credentials don't survive a power cut: {state:?}");
        }
        Stage::SignOn(_) => {
            assert!(!state.credentials, "USR-004: credentials don't survive a restart: {state:?}");
        }
        Stage::Esp(phase) | Stage::EspFailed(phase) => {
            assert!(kept.enrolled, "no status page before enrolment: {state:?}");
            assert!(!oobe || kept.joined, "no status page before the join: {state:?}");
            assert!(
                phase == Phase::DevicePreparation || kept.preparation_done,
                "phases run in order: {state:?}"
            );
            assert!(phase != Phase::AccountSetup || kept.device_setup_done, "phases run in order: {state:?}");
        }
        Stage::Enrolling => assert!(!oobe || kept.joined, "USR-003: enrolment follows the join: {state:?}"),
        Stage::Joining => assert!(!kept.joined && state.credentials, "joined once, by a user: {state:?}"),
        Stage::AutoSignOn => assert!(!oobe || state.credentials, "USR-005: {state:?}"),
        Stage::Desktop => assert!(kept.finished && kept.profile.is_none(), "PRO-018: {state:?}"),
        _ => {}
    }
}
