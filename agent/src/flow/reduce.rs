//! The reducer: state and event in, new state and wishes out.

use oobe_catalog::rules;

use super::{
    Action, Deployment, Event, Flow, Kept, ProfileTraits, SignOnFor, Stage, Start, prepare, technician,
};
use crate::esp::Phase;

/// Takes one step. An event that means nothing in the current step changes nothing: late answers, keys pressed on
/// the wrong page and timers of a step that is over all end here.
pub fn reduce(flow: &mut Flow, event: Event) -> Vec<Action> {
    let mut wants = Vec::new();
    match event {
        Event::PowerLost => power_off(flow),
        Event::PowerPressed if flow.stage == Stage::Off => boot(flow, &mut wants),
        Event::Restarted if flow.stage != Stage::Off => {
            if flow.credentials {
                wants.push(Action::Decided(rules::USR_004, "the restart loses the credentials"));
            }
            power_off(flow);
            boot(flow, &mut wants);
        }
        Event::Wiped if flow.stage != Stage::Off => reset(flow, &mut wants),
        Event::Wiped => {
            // Its next start is that of a new device.
            flow.kept = Kept::FRESH;
            wants.push(Action::Wipe);
        }
        Event::OptionsOpened if technician::options_open_here(flow) => technician::open(flow, &mut wants),
        Event::LinkDown => flow.link = false,
        Event::LinkUp => flow.link = true,
        _ => step(flow, event, &mut wants),
    }
    wants
}

/// Memory is gone; the disk stays.
pub(super) fn power_off(flow: &mut Flow) {
    *flow = Flow { link: flow.link, ..Flow::new(flow.start, flow.kept) };
}

fn boot(flow: &mut Flow, wants: &mut Vec<Action>) {
    flow.stage = Stage::Booting;
    if !flow.kept.finished && flow.start == Start::Oobe {
        flow.kept.starts = (flow.kept.starts + 1).min(Flow::TOO_MANY_STARTS + 1);
    }
    wants.push(Action::Boot);
}

/// One step of the run: each chapter knows its own stages.
fn step(flow: &mut Flow, event: Event, wants: &mut Vec<Action>) {
    match flow.stage {
        Stage::Off | Stage::Desktop => {}
        Stage::Booting => {
            if event == Event::Booted {
                booted(flow, wants);
            }
        }
        Stage::Recovery
        | Stage::Region
        | Stage::Keyboard
        | Stage::SecondKeyboard
        | Stage::Network
        | Stage::Probing
        | Stage::FetchingProfile
        | Stage::CheckingUpdates => first_pages(flow, event, wants),
        Stage::Eula
        | Stage::PersonalOrWork
        | Stage::SignInName
        | Stage::SignInPassword
        | Stage::SigningIn
        | Stage::WrongOrganization => sign_in(flow, event, wants),
        Stage::Joining | Stage::Enrolling | Stage::SetupError => set_up(flow, event, wants),
        Stage::Options | Stage::Information | Stage::Refreshing | Stage::Provisioning | Stage::Resealable => {
            technician::step(flow, event, wants);
        }
        Stage::Preparing(_) | Stage::PreparingFailed(_) => prepare::step(flow, event, wants),
        Stage::AwaitingEspDecision | Stage::Esp(_) | Stage::EspFailed(_) => status_page(flow, event, wants),
        Stage::Privacy | Stage::AutoSignOn | Stage::SignOn(_) | Stage::SigningOn(_) => {
            sign_on(flow, event, wants);
        }
    }
}

/// Pages before there is a network (and again when the profile doesn't preset them), profile, updates.
fn first_pages(flow: &mut Flow, event: Event, wants: &mut Vec<Action>) {
    use Event as E;
    match (flow.stage, event) {
        (Stage::Recovery, E::Answered) => {
            flow.kept.starts = 1;
            flow.region_answered = true;
            wants.push(Action::Decided(rules::OOB_009, "the start counter is set back to 1"));
            to_network(flow, wants);
        }
        (Stage::Region, E::Answered) => flow.stage = Stage::Keyboard,
        (Stage::Keyboard, E::Answered) => flow.stage = Stage::SecondKeyboard,
        (Stage::SecondKeyboard, E::Answered) => {
            flow.region_answered = true;
            after_region(flow, wants);
        }
        (Stage::Network, E::Answered) if flow.link => {
            flow.stage = Stage::Probing;
            wants.push(Action::Probe);
        }
        (Stage::Probing, E::ProbeSucceeded) => fetch_profile(flow, wants),
        (Stage::Probing, E::ProbeFailed) => no_internet(flow, wants),
        (Stage::FetchingProfile, E::ProfileArrived(traits)) => {
            flow.kept.profile = Some(traits);
            flow.kept.deployment = deployment(traits, wants);
            check_updates(flow, wants);
        }
        (Stage::FetchingProfile, E::ProfileAbsent) => {
            flow.plain = true;
            wants.push(Action::Decided(rules::NET_003, "no profile: plain OOBE until the next start"));
            check_updates(flow, wants);
        }
        (Stage::CheckingUpdates, E::UpdatesDone) => after_updates(flow, wants),
        (Stage::CheckingUpdates, E::UpdatesNeedRestart) => {
            wants.push(Action::Restart("a critical update needs a restart"));
        }
        _ => {}
    }
}

/// License terms, account, password.
fn sign_in(flow: &mut Flow, event: Event, wants: &mut Vec<Action>) {
    use Event as E;
    match (flow.stage, event) {
        (Stage::Eula, E::Answered) => {
            flow.eula_answered = true;
            after_eula(flow, wants);
        }
        (Stage::Eula, E::StartedOver) => flow.stage = Stage::Region,
        (Stage::SignInPassword, E::Answered) => {
            flow.stage = Stage::SigningIn;
            wants.push(Action::SignIn);
        }
        (Stage::SigningIn, E::SignInAccepted) => signed_in(flow, wants),
        (Stage::SigningIn, E::TenantMismatch) => {
            wants.push(Action::ForgetCredentials);
            wants.push(Action::Decided(rules::OOB_015, "the account belongs to another organization"));
            flow.stage = Stage::WrongOrganization;
        }
        (Stage::SignInName, E::Answered) | (Stage::SigningIn, E::SignInRefused) => {
            flow.stage = Stage::SignInPassword;
        }
        (Stage::SigningIn, E::SignInFailed) => {
            wants.push(Action::ForgetCredentials);
            flow.stage = Stage::SetupError;
        }
        (Stage::PersonalOrWork, E::Answered)
        | (Stage::SignInPassword, E::StartedOver)
        | (Stage::WrongOrganization, E::StartedOver | E::Answered) => flow.stage = Stage::SignInName,
        _ => {}
    }
}

/// Join and enrolment.
fn set_up(flow: &mut Flow, event: Event, wants: &mut Vec<Action>) {
    use Event as E;
    match (flow.stage, event) {
        (Stage::Joining, E::JoinSucceeded) => {
            flow.kept.joined = true;
            enrol(flow, wants);
        }
        (Stage::Enrolling, E::EnrolSucceeded) => {
            flow.kept.enrolled = true;
            flow.stage = Stage::AwaitingEspDecision;
        }
        (Stage::Enrolling, E::EnrolSkipped) => {
            wants.push(Action::Decided(rules::USR_010, "this user is not enrolled: no management, no ESP"));
            flow.kept.preparation_done = true;
            flow.kept.device_setup_done = true;
            flow.kept.account_setup_done = true;
            to_account_part(flow, wants);
        }
        (Stage::Joining, E::JoinFailed) | (Stage::Enrolling, E::EnrolFailed) => {
            flow.credentials = false;
            wants.push(Action::ForgetCredentials);
            flow.stage = Stage::SetupError;
        }
        (Stage::SetupError, E::TriedAgain | E::StartedOver) => try_setup_again(flow, wants),
        (Stage::SetupError, E::ResetChosen) => reset(flow, wants),
        _ => {}
    }
}

/// The Enrollment Status Page.
fn status_page(flow: &mut Flow, event: Event, wants: &mut Vec<Action>) {
    use Event as E;
    match (flow.stage, event) {
        (Stage::AwaitingEspDecision, E::EspDecided { device, user }) => {
            flow.kept.esp = Some((device, user));
            flow.eula_answered |= flow.start == Start::Enroll;
            resume_esp(flow, wants);
        }
        // Nothing can be decided without the server: after the limit of its own the page counts as not wanted
        // (ESS-021 says that it must be asked for).
        (Stage::AwaitingEspDecision, E::PhaseFailed(Phase::DevicePreparation)) => {
            flow.kept.esp = Some((false, false));
            resume_esp(flow, wants);
        }
        (Stage::Esp(phase), E::PhaseSucceeded(done)) if phase == done => phase_succeeded(flow, phase, wants),
        (Stage::Esp(Phase::DeviceSetup), E::PhaseSucceededBeforeRestart(Phase::DeviceSetup)) => {
            flow.kept.device_setup_done = true;
            flow.stage = Stage::Booting;
        }
        (Stage::Esp(phase), E::PhaseFailed(failed)) if phase == failed => {
            flow.stage = Stage::EspFailed(phase);
        }
        (Stage::Esp(phase), E::ContinuedAnyway) => {
            wants.push(Action::Decided(rules::ESS_005, "the page does not block: the user leaves it"));
            leave_phase(flow, phase, wants);
        }
        (Stage::EspFailed(phase), E::TriedAgain) => {
            technician::told(flow, wants, "the device part is tried again");
            flow.stage = Stage::Esp(phase);
            wants.push(Action::RetryPhase(phase));
        }
        (Stage::EspFailed(phase), E::ContinuedAnyway) => leave_phase(flow, phase, wants),
        (Stage::EspFailed(_), E::ResetChosen) => {
            technician::told(flow, wants, "the whole process starts over");
            reset(flow, wants);
        }
        _ => {}
    }
}

/// Between the device part and the user part.
fn sign_on(flow: &mut Flow, event: Event, wants: &mut Vec<Action>) {
    use Event as E;
    match (flow.stage, event) {
        (Stage::Privacy, E::Answered) => to_sign_on(flow, wants),
        (Stage::AutoSignOn, E::SignOnAccepted) => signed_on(flow, SignOnFor::AccountSetup, wants),
        (Stage::AutoSignOn, E::SignOnRefused | E::SignOnFailed) => {
            flow.credentials = false;
            flow.stage = Stage::SignOn(SignOnFor::AccountSetup);
        }
        (Stage::SignOn(what), E::Answered) => {
            flow.stage = Stage::SigningOn(what);
            wants.push(Action::SignOn(what));
        }
        (Stage::SigningOn(what), E::SignOnAccepted) => {
            flow.credentials = true;
            signed_on(flow, what, wants);
        }
        (Stage::SigningOn(what), E::SignOnRefused | E::SignOnFailed) => flow.stage = Stage::SignOn(what),
        _ => {}
    }
}

/// The disk is wiped and everything begins anew.
pub(super) fn reset(flow: &mut Flow, wants: &mut Vec<Action>) {
    flow.kept = Kept::FRESH;
    power_off(flow);
    flow.stage = Stage::Booting;
    wants.push(Action::Wipe);
    wants.push(Action::Restart("the device is reset"));
}

/// Windows is up: where does this disk go on?
fn booted(flow: &mut Flow, wants: &mut Vec<Action>) {
    let kept = flow.kept;
    if kept.enrolled {
        wants.push(Action::ResumeManagement);
    }
    // A resealed device begins like a new one, for its user.
    let resumes = kept.enrolled && kept.deployment != Deployment::Resealed;
    if kept.finished {
        let first = kept.deployment.is_by_device() && !kept.account_setup_done;
        flow.stage = Stage::SignOn(if first { SignOnFor::FirstUser } else { SignOnFor::Desktop });
        if first {
            wants.push(Action::AwaitFirstUser);
        }
    } else if resumes && kept.esp.is_none() {
        flow.stage = Stage::AwaitingEspDecision;
    } else if resumes {
        if kept.profile.is_some() {
            wants.push(Action::UseResidentProfile);
        }
        resume_esp(flow, wants);
    } else if flow.start == Start::Enroll {
        enrol(flow, wants);
    } else if kept.joined && kept.account_setup_done {
        to_account_part(flow, wants);
    } else if kept.starts > Flow::TOO_MANY_STARTS {
        wants.push(Action::Decided(rules::OOB_008, "restarted too often: recovery mode"));
        flow.stage = Stage::Recovery;
    } else if flow.link {
        wants.push(Action::Decided(rules::NET_002, "internet at power-on: the profile is asked for at once"));
        flow.stage = Stage::Probing;
        wants.push(Action::Probe);
    } else {
        wants.push(Action::Decided(
            rules::NET_001,
            "no network: region and keyboard are asked even if the profile hides them",
        ));
        flow.stage = Stage::Region;
    }
}

/// The profile decides who deploys the device (PRO-001).
fn deployment(traits: ProfileTraits, wants: &mut Vec<Action>) -> Deployment {
    if traits.self_deploying {
        wants
            .push(Action::Decided(rules::PRO_001, "self-deploying: no user signs in and none is associated"));
        Deployment::SelfDeploying
    } else {
        Deployment::UserDriven
    }
}

fn to_network(flow: &mut Flow, wants: &mut Vec<Action>) {
    if flow.link {
        flow.stage = Stage::Probing;
        wants.push(Action::Probe);
    } else {
        flow.stage = Stage::Network;
    }
}

/// Region and keyboards are answered: either the network is next, or (profile fetched before) the sign-in.
fn after_region(flow: &mut Flow, wants: &mut Vec<Action>) {
    if flow.plain || flow.kept.profile.is_some() {
        to_sign_in(flow, wants);
    } else {
        to_network(flow, wants);
    }
}

fn no_internet(flow: &mut Flow, wants: &mut Vec<Action>) {
    if flow.region_answered {
        flow.stage = Stage::Network;
    } else {
        wants.push(Action::Decided(rules::NET_001, "no internet: region and keyboard are asked first"));
        flow.stage = Stage::Region;
    }
}

fn fetch_profile(flow: &mut Flow, wants: &mut Vec<Action>) {
    if flow.kept.profile.is_some() {
        wants.push(Action::UseResidentProfile);
        check_updates(flow, wants);
    } else {
        flow.stage = Stage::FetchingProfile;
        wants.push(Action::FetchProfile);
    }
}

fn check_updates(flow: &mut Flow, wants: &mut Vec<Action>) {
    flow.stage = Stage::CheckingUpdates;
    wants.push(Action::Decided(
        rules::NET_021,
        "critical updates come after the profile and before the credentials",
    ));
    wants.push(Action::CheckUpdates);
}

/// The profile is known (or known not to be): which pages are left?
pub(super) fn after_updates(flow: &mut Flow, wants: &mut Vec<Action>) {
    // Provision was chosen and the device got its name: the restart leads to the status page, not to the first pages once
    // more (flows, 5).
    if flow.kept.deployment == Deployment::Technician {
        return prepare::begin(flow, wants);
    }
    let preset = flow.kept.profile.is_some_and(|p| p.hides_region);
    if flow.region_answered || preset {
        to_sign_in(flow, wants);
    } else {
        flow.stage = Stage::Region;
    }
}

fn to_sign_in(flow: &mut Flow, wants: &mut Vec<Action>) {
    let Some(profile) = flow.kept.profile else {
        flow.stage = Stage::PersonalOrWork;
        return;
    };
    if (profile.hides_eula || flow.eula_answered) && flow.kept.deployment.is_by_device() {
        prepare::begin(flow, wants);
    } else if profile.hides_eula || flow.eula_answered {
        wants.push(Action::Decided(
            rules::OOB_002,
            "with a profile the organization's sign-in page comes at once",
        ));
        flow.stage = Stage::SignInName;
    } else {
        flow.stage = Stage::Eula;
    }
}

/// License terms are accepted: with a profile they stand before the sign-in, without one behind it (OOB-022).
fn after_eula(flow: &mut Flow, wants: &mut Vec<Action>) {
    let resumes = flow.kept.enrolled && flow.kept.deployment != Deployment::Resealed;
    if flow.kept.profile.is_some() && !resumes {
        to_sign_in(flow, wants);
    } else {
        resume_esp(flow, wants);
    }
}

fn signed_in(flow: &mut Flow, wants: &mut Vec<Action>) {
    flow.credentials = true;
    if flow.kept.deployment == Deployment::Resealed {
        technician::user_came(flow, wants);
        resume_esp(flow, wants);
    } else if flow.kept.joined {
        enrol(flow, wants);
    } else {
        flow.stage = Stage::Joining;
        wants.push(Action::Decided(
            rules::USR_002,
            "credentials accepted: the device joins as the profile says",
        ));
        wants.push(Action::Join);
    }
}

fn enrol(flow: &mut Flow, wants: &mut Vec<Action>) {
    flow.stage = Stage::Enrolling;
    if flow.start == Start::Oobe {
        wants.push(Action::Decided(rules::USR_003, "for an Entra join the enrolment is part of the join"));
    }
    wants.push(Action::Enrol);
}

fn try_setup_again(flow: &mut Flow, wants: &mut Vec<Action>) {
    if flow.start == Start::Enroll {
        enrol(flow, wants);
    } else {
        flow.stage = Stage::SignInName;
    }
}

/// Goes on wherever the page stands: called when it is decided, and after every start.
fn resume_esp(flow: &mut Flow, wants: &mut Vec<Action>) {
    // Plain OOBE asks for the license terms once the account is known (OOB-022).
    if flow.plain && flow.start == Start::Oobe && !flow.eula_answered {
        wants.push(Action::Decided(
            rules::OOB_022,
            "plain OOBE asks for the license terms behind the sign-in",
        ));
        flow.stage = Stage::Eula;
        return;
    }
    let (device, _) = flow.kept.esp.unwrap_or((false, false));
    let next = if !flow.kept.preparation_done {
        Some(Phase::DevicePreparation)
    } else if !flow.kept.device_setup_done {
        Some(Phase::DeviceSetup)
    } else {
        None
    };
    match next {
        Some(phase) if device => {
            flow.stage = Stage::Esp(phase);
            wants.push(Action::BeginPhase(phase));
        }
        Some(_) => {
            wants.push(Action::Decided(rules::ESS_021, "the server did not ask for the page of the device"));
            flow.kept.preparation_done = true;
            flow.kept.device_setup_done = true;
            to_account_part(flow, wants);
        }
        None => to_account_part(flow, wants),
    }
}

fn phase_succeeded(flow: &mut Flow, phase: Phase, wants: &mut Vec<Action>) {
    match phase {
        Phase::DevicePreparation => {
            flow.kept.preparation_done = true;
            flow.stage = Stage::Esp(Phase::DeviceSetup);
            wants.push(Action::BeginPhase(Phase::DeviceSetup));
        }
        Phase::DeviceSetup => {
            flow.kept.device_setup_done = true;
            to_account_part(flow, wants);
        }
        Phase::AccountSetup => finish(flow, wants),
    }
}

/// The user leaves a phase: whatever the page still waits for goes on without it.
fn leave_phase(flow: &mut Flow, phase: Phase, wants: &mut Vec<Action>) {
    match phase {
        Phase::AccountSetup => finish(flow, wants),
        Phase::DevicePreparation | Phase::DeviceSetup => {
            flow.kept.preparation_done = true;
            flow.kept.device_setup_done = true;
            to_account_part(flow, wants);
        }
    }
}

fn to_account_part(flow: &mut Flow, wants: &mut Vec<Action>) {
    match flow.kept.deployment {
        Deployment::SelfDeploying => return prepare::to_sign_on_screen(flow, wants),
        Deployment::Technician => return technician::to_green_page(flow, wants),
        Deployment::UserDriven | Deployment::Resealed => {}
    }
    let hides_privacy = flow.start == Start::Enroll || flow.kept.profile.is_some_and(|p| p.hides_privacy);
    if hides_privacy {
        to_sign_on(flow, wants);
    } else {
        wants.push(Action::Decided(rules::OOB_006, "privacy settings come before the user is signed in"));
        flow.stage = Stage::Privacy;
    }
}

fn to_sign_on(flow: &mut Flow, wants: &mut Vec<Action>) {
    // A device that was enrolled by hand has a local user who is there anyway; no directory is asked.
    if flow.credentials || flow.start == Start::Enroll {
        if flow.start == Start::Oobe {
            wants.push(Action::Decided(
                rules::USR_005,
                "no restart: signed in with the credentials given earlier",
            ));
        }
        flow.stage = Stage::AutoSignOn;
        wants.push(Action::SignOn(SignOnFor::AccountSetup));
    } else {
        wants.push(Action::Decided(rules::USR_004, "the credentials are gone: the user signs in again"));
        flow.stage = Stage::SignOn(SignOnFor::AccountSetup);
    }
}

fn signed_on(flow: &mut Flow, what: SignOnFor, wants: &mut Vec<Action>) {
    let (_, user) = flow.kept.esp.unwrap_or((false, false));
    if what == SignOnFor::Desktop || flow.kept.account_setup_done {
        finish(flow, wants);
    } else if user {
        wants.push(if what == SignOnFor::FirstUser {
            Action::Decided(
                rules::ESU_002,
                "the first user of a self-deployed device: Account setup runs now",
            )
        } else {
            Action::Decided(rules::ESU_001, "the device part is done: Account setup")
        });
        flow.stage = Stage::Esp(Phase::AccountSetup);
        wants.push(Action::BeginPhase(Phase::AccountSetup));
    } else {
        wants.push(Action::Decided(rules::ESU_011, "SkipUserStatusPage: no page for the user"));
        finish(flow, wants);
    }
}

fn finish(flow: &mut Flow, wants: &mut Vec<Action>) {
    flow.stage = Stage::Desktop;
    flow.credentials = false;
    flow.kept.account_setup_done = true;
    if !flow.kept.finished {
        flow.kept.finished = true;
        flow.kept.starts = 0;
        wants.push(Action::Decided(rules::USR_007, "provisioning is over: the desktop"));
        wants.push(Action::Decided(rules::PRO_018, "the profile is discarded"));
    }
    flow.kept.profile = None;
    wants.push(Action::ForgetCredentials);
    wants.push(Action::Finish);
}
