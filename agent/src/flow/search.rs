//! Visits every state that the reducer can be in, breadth first, from a fresh disk in either start mode, with every
//! event in every state, and holds the rules of the house against each.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Write as _;

use super::{Deployment, Event, Flow, Kept, ProfileTraits, SignOnFor, Stage, Start, reduce};
use crate::esp::{Phase, Step};

const PHASES: [Phase; 3] = [Phase::DevicePreparation, Phase::DeviceSetup, Phase::AccountSetup];

/// Every event there is.
fn events() -> Vec<Event> {
    let mut all = vec![
        Event::PowerPressed,
        Event::PowerLost,
        Event::Restarted,
        Event::Wiped,
        Event::Booted,
        Event::LinkUp,
        Event::LinkDown,
        Event::Answered,
        Event::StartedOver,
        Event::TriedAgain,
        Event::ContinuedAnyway,
        Event::ResetChosen,
        Event::OptionsOpened,
        Event::RefreshChosen,
        Event::NamePending,
        Event::NameSettled,
        Event::ProbeSucceeded,
        Event::ProbeFailed,
        Event::ProfileAbsent,
        Event::UpdatesDone,
        Event::UpdatesNeedRestart,
        Event::SignInAccepted,
        Event::TenantMismatch,
        Event::SignInRefused,
        Event::SignInFailed,
        Event::AttestationSucceeded,
        Event::AttestationFailed,
        Event::AttestationRejected,
        Event::JoinSucceeded,
        Event::JoinFailed,
        Event::EnrolSucceeded,
        Event::EnrolFailed,
        Event::EnrolSkipped,
        Event::SignOnAccepted,
        Event::SignOnRefused,
        Event::SignOnFailed,
    ];
    for bits in 0..16_u8 {
        all.push(Event::ProfileArrived(ProfileTraits {
            hides_region: bits & 1 != 0,
            hides_eula: bits & 2 != 0,
            hides_privacy: bits & 4 != 0,
            self_deploying: bits & 8 != 0,
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

/// How many kinds of events [`listed`] has.
const KINDS: usize = 41;

/// Does not build once there is an event that nobody thought of here: [`events`] has to have it too.
const fn listed(event: Event) {
    match event {
        Event::PowerPressed
        | Event::PowerLost
        | Event::Restarted
        | Event::Wiped
        | Event::Booted
        | Event::LinkUp
        | Event::LinkDown
        | Event::Answered
        | Event::StartedOver
        | Event::TriedAgain
        | Event::ContinuedAnyway
        | Event::ResetChosen
        | Event::OptionsOpened
        | Event::RefreshChosen
        | Event::NamePending
        | Event::NameSettled
        | Event::ProbeSucceeded
        | Event::ProbeFailed
        | Event::ProfileArrived(_)
        | Event::ProfileAbsent
        | Event::UpdatesDone
        | Event::UpdatesNeedRestart
        | Event::SignInAccepted
        | Event::TenantMismatch
        | Event::SignInRefused
        | Event::SignInFailed
        | Event::AttestationSucceeded
        | Event::AttestationFailed
        | Event::AttestationRejected
        | Event::JoinSucceeded
        | Event::JoinFailed
        | Event::EnrolSucceeded
        | Event::EnrolFailed
        | Event::EnrolSkipped
        | Event::EspDecided { .. }
        | Event::PhaseSucceeded(_)
        | Event::PhaseSucceededBeforeRestart(_)
        | Event::PhaseFailed(_)
        | Event::SignOnAccepted
        | Event::SignOnRefused
        | Event::SignOnFailed => {}
    }
}

/// All reachable states, each with the states that one event leads to.
type Graph = BTreeMap<Flow, BTreeSet<Flow>>;

/// The search, made once for all tests.
fn explore() -> &'static Graph {
    static GRAPH: std::sync::OnceLock<Graph> = std::sync::OnceLock::new();
    GRAPH.get_or_init(search)
}

fn search() -> Graph {
    let events = events();
    events.iter().copied().for_each(listed);
    let kinds: BTreeSet<String> =
        events.iter().map(|event| format!("{:?}", std::mem::discriminant(event))).collect();
    assert_eq!(kinds.len(), KINDS, "every event that `listed` has must be tried");
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
fn every_reachable_state_keeps_the_rules() {
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
}

/// What happens to a device from outside, and leads out of every state: no exit that counts.
const fn from_outside(event: Event) -> bool {
    matches!(event, Event::PowerLost | Event::Restarted | Event::Wiped)
}

/// Nobody has to pull the plug, restart or wipe the device: whatever state it is in, what its pages, its services and the
/// network bring leads to the desktop. (A reset that a page offers is among it, and so is switching on one that is off.)
#[test]
fn every_reachable_state_has_a_way_to_the_desktop_of_its_own() {
    let graph = explore();
    let events: Vec<_> = events().into_iter().filter(|event| !from_outside(*event)).collect();
    let mut back: BTreeMap<Flow, Vec<Flow>> = BTreeMap::new();
    for from in graph.keys() {
        for &event in &events {
            let mut to = *from;
            reduce(&mut to, event);
            back.entry(to).or_default().push(*from);
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
    let traps: Vec<_> = graph.keys().filter(|s| !good.contains(s)).collect();
    assert!(
        traps.is_empty(),
        "{} states without a way to the desktop, such as {:#?}",
        traps.len(),
        &traps[..1]
    );
}

/// A state has an exit of its own: some event other than the power button moves it on.
#[test]
fn every_state_that_is_on_has_an_exit_besides_the_power_button() {
    let from_elsewhere =
        |event: &Event| matches!(event, Event::PowerPressed | Event::LinkUp | Event::LinkDown);
    let events: Vec<_> =
        events().into_iter().filter(|event| !from_outside(*event) && !from_elsewhere(event)).collect();
    for state in explore().keys() {
        if matches!(state.stage, Stage::Off | Stage::Desktop)
            || (state.stage == Stage::Network && !state.link)
        {
            continue;
        }
        let moves = events.iter().any(|&event| {
            let mut after = *state;
            let wants = reduce(&mut after, event);
            after != *state || !wants.is_empty()
        });
        assert!(moves, "no exit from {state:?}");
    }
}

/// What must hold in every state.
fn check(state: &Flow) {
    let kept = state.kept;
    let oobe = state.start == Start::Oobe;
    by_device(state);
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
        Stage::Preparing(step) | Stage::PreparingFailed(step) => {
            assert!(
                !kept.enrolled,
                "Device preparation by hand of the device ends with the enrolment: {state:?}"
            );
            assert_eq!(kept.joined, step == Step::Registering, "SDM-001: joined, then enrolled: {state:?}");
            let self_deploying = kept.profile.is_some_and(|p| p.self_deploying);
            let technician = kept.deployment == Deployment::Technician;
            assert!(self_deploying || technician, "a profile or a technician said so: {state:?}");
        }
        Stage::Options | Stage::Information | Stage::Refreshing => {
            assert_eq!(kept.deployment, Deployment::UserDriven, "nothing is chosen yet: {state:?}");
            assert!(kept.profile.is_some() && !kept.joined, "PRE-001: {state:?}");
        }
        Stage::Provisioning => {
            assert!(kept.deployment == Deployment::Technician && !kept.joined, "{state:?}");
        }
        Stage::Resealable => {
            assert_eq!(kept.deployment, Deployment::Technician, "PRE-007: {state:?}");
            assert!(
                kept.enrolled && kept.device_setup_done && !kept.account_setup_done,
                "PRE-006: {state:?}"
            );
        }
        Stage::Desktop => assert!(kept.finished && kept.profile.is_none(), "PRO-018: {state:?}"),
        _ => {}
    }
}

/// What must hold of a device that joins by itself, and of none else.
fn by_device(state: &Flow) {
    let kept = state.kept;
    let first_user =
        matches!(state.stage, Stage::SignOn(SignOnFor::FirstUser) | Stage::SigningOn(SignOnFor::FirstUser));
    if kept.deployment == Deployment::Resealed {
        assert!(kept.enrolled && kept.preparation_done && kept.profile.is_some(), "PRE-008: {state:?}");
        assert!(!kept.device_setup_done && !kept.finished && !state.credentials, "PRU-001: {state:?}");
        assert!(!matches!(state.stage, Stage::Esp(_) | Stage::Joining | Stage::Enrolling), "{state:?}");
        return;
    }
    if kept.deployment == Deployment::Technician {
        assert!(!kept.finished && !state.credentials, "PRE-006: nobody signs in: {state:?}");
        assert!(
            !matches!(
                state.stage,
                Stage::SignInName
                    | Stage::SignOn(_)
                    | Stage::SigningOn(_)
                    | Stage::Esp(Phase::AccountSetup)
                    | Stage::EspFailed(Phase::AccountSetup)
            ),
            "PRE-006: Account setup is the user's: {state:?}"
        );
        return;
    }
    if kept.deployment == Deployment::UserDriven {
        let own = matches!(state.stage, Stage::Preparing(_) | Stage::PreparingFailed(_)) || first_user;
        assert!(!own, "a user joins this device: {state:?}");
        return;
    }
    assert!(state.start == Start::Oobe, "{state:?}");
    assert!(
        !matches!(
            state.stage,
            Stage::PersonalOrWork
                | Stage::SignInName
                | Stage::SignInPassword
                | Stage::SigningIn
                | Stage::WrongOrganization
                | Stage::Joining
                | Stage::Enrolling
                | Stage::SetupError
                | Stage::Privacy
                | Stage::AutoSignOn
        ),
        "PRO-001: nobody signs in before the end, and PRO-003 hides the pages: {state:?}"
    );
    assert!(!state.credentials || kept.finished, "PRO-001: no credentials before the end: {state:?}");
    match state.stage {
        Stage::Esp(Phase::AccountSetup) | Stage::EspFailed(Phase::AccountSetup) => {
            assert!(
                kept.finished && kept.device_setup_done,
                "SDM-013: not before somebody signed in: {state:?}"
            );
        }
        Stage::SignOn(what) | Stage::SigningOn(what) => {
            assert!(kept.finished && what != SignOnFor::AccountSetup, "SDM-014: {state:?}");
            assert_eq!(what == SignOnFor::Desktop, kept.account_setup_done, "ESU-002: {state:?}");
        }
        _ => {}
    }
}

/// Wherever the power goes, the device comes back to the step that is not done, never to one that is (design, rule 7).
#[test]
fn after_a_power_cut_a_self_deploying_device_takes_up_what_is_not_done() {
    let by_itself = |s: &&Flow| s.kept.deployment.is_by_device() && s.stage != Stage::Off;
    for state in explore().keys().filter(by_itself) {
        let mut after = *state;
        reduce(&mut after, Event::PowerLost);
        reduce(&mut after, Event::LinkUp);
        for event in [Event::PowerPressed, Event::Booted] {
            reduce(&mut after, event);
        }
        if after.stage == Stage::Recovery {
            continue;
        }
        for event in [Event::ProbeSucceeded, Event::UpdatesDone] {
            reduce(&mut after, event);
        }
        let kept = state.kept;
        let expected = if kept.finished && kept.account_setup_done {
            vec![Stage::SignOn(SignOnFor::Desktop)]
        } else if kept.finished {
            vec![Stage::SignOn(SignOnFor::FirstUser)]
        } else if kept.enrolled && kept.esp.is_none() {
            vec![Stage::AwaitingEspDecision]
        } else if kept.enrolled {
            let end = if kept.deployment == Deployment::Technician {
                Stage::Resealable
            } else {
                Stage::SignOn(SignOnFor::FirstUser)
            };
            vec![Stage::Esp(Phase::DevicePreparation), Stage::Esp(Phase::DeviceSetup), end]
        } else if kept.joined {
            vec![Stage::Preparing(Step::Registering), Stage::Region, Stage::Eula]
        } else {
            // Pages that the profile does not preset come again.
            vec![Stage::Preparing(Step::Securing), Stage::Region, Stage::Eula]
        };
        assert!(expected.contains(&after.stage), "{state:?} comes back as {after:?}");
    }
}

/// SDM-001, SDM-002, SDM-013, SDM-014: the whole run, with nobody there until the end.
#[test]
fn a_self_deploying_device_gets_to_the_sign_on_screen_by_itself() {
    let traits =
        ProfileTraits { hides_region: true, hides_eula: true, hides_privacy: true, self_deploying: true };
    let mut flow = Flow { link: true, ..Flow::new(Start::Oobe, Kept::FRESH) };
    let mut stages = Vec::new();
    for event in [
        Event::PowerPressed,
        Event::Booted,
        Event::ProbeSucceeded,
        Event::ProfileArrived(traits),
        Event::UpdatesDone,
        Event::AttestationSucceeded,
        Event::JoinSucceeded,
        Event::EnrolSucceeded,
        Event::EspDecided { device: true, user: true },
        Event::PhaseSucceeded(Phase::DevicePreparation),
        Event::PhaseSucceeded(Phase::DeviceSetup),
        Event::Answered,
        Event::SignOnAccepted,
        Event::PhaseSucceeded(Phase::AccountSetup),
    ] {
        reduce(&mut flow, event);
        stages.push(flow.stage);
    }
    assert_eq!(
        stages,
        [
            Stage::Booting,
            Stage::Probing,
            Stage::FetchingProfile,
            Stage::CheckingUpdates,
            Stage::Preparing(Step::Securing),
            Stage::Preparing(Step::Joining),
            Stage::Preparing(Step::Registering),
            Stage::AwaitingEspDecision,
            Stage::Esp(Phase::DevicePreparation),
            Stage::Esp(Phase::DeviceSetup),
            Stage::SignOn(SignOnFor::FirstUser),
            Stage::SigningOn(SignOnFor::FirstUser),
            Stage::Esp(Phase::AccountSetup),
            Stage::Desktop,
        ]
    );
}

/// PRE-001 to PRE-008, PRU-001: a technician prepares the device, its user takes it from there.
#[test]
fn a_device_is_prepared_by_a_technician_and_finished_by_its_user() {
    let traits =
        ProfileTraits { hides_region: true, hides_eula: true, hides_privacy: true, self_deploying: false };
    let mut flow = Flow { link: true, ..Flow::new(Start::Oobe, Kept::FRESH) };
    let run = [
        (Event::PowerPressed, Stage::Booting),
        (Event::Booted, Stage::Probing),
        (Event::ProbeSucceeded, Stage::FetchingProfile),
        (Event::OptionsOpened, Stage::FetchingProfile),
        (Event::ProfileArrived(traits), Stage::CheckingUpdates),
        (Event::UpdatesDone, Stage::SignInName),
        (Event::OptionsOpened, Stage::Options),
        (Event::Answered, Stage::Information),
        (Event::RefreshChosen, Stage::Refreshing),
        (Event::ProfileArrived(traits), Stage::Information),
        (Event::Answered, Stage::Provisioning),
        (Event::NamePending, Stage::Provisioning),
        (Event::Restarted, Stage::Booting),
        (Event::Booted, Stage::Probing),
        (Event::ProbeSucceeded, Stage::CheckingUpdates),
        (Event::UpdatesDone, Stage::Preparing(Step::Securing)),
        (Event::AttestationFailed, Stage::PreparingFailed(Step::Securing)),
        (Event::TriedAgain, Stage::Preparing(Step::Securing)),
        (Event::AttestationSucceeded, Stage::Preparing(Step::Joining)),
        (Event::JoinSucceeded, Stage::Preparing(Step::Registering)),
        (Event::EnrolSucceeded, Stage::AwaitingEspDecision),
        (Event::EspDecided { device: true, user: true }, Stage::Esp(Phase::DevicePreparation)),
        (Event::PhaseSucceeded(Phase::DevicePreparation), Stage::Esp(Phase::DeviceSetup)),
        (Event::PhaseSucceeded(Phase::DeviceSetup), Stage::Resealable),
        (Event::Answered, Stage::Off),
        (Event::PowerPressed, Stage::Booting),
        (Event::Booted, Stage::Probing),
        (Event::ProbeSucceeded, Stage::CheckingUpdates),
        (Event::UpdatesDone, Stage::SignInName),
        (Event::OptionsOpened, Stage::SignInName),
        (Event::Answered, Stage::SignInPassword),
        (Event::Answered, Stage::SigningIn),
        (Event::SignInAccepted, Stage::Esp(Phase::DeviceSetup)),
        (Event::PhaseSucceeded(Phase::DeviceSetup), Stage::AutoSignOn),
        (Event::SignOnAccepted, Stage::Esp(Phase::AccountSetup)),
        (Event::PhaseSucceeded(Phase::AccountSetup), Stage::Desktop),
    ];
    for (event, stage) in run {
        reduce(&mut flow, event);
        assert_eq!(flow.stage, stage, "after {event:?}");
    }
}
