//! The technician flow of pre-provisioning, and what it leaves for the user (flows, 5 and 6): options, information page,
//! the device part without a user, green page, Reseal. Device preparation itself is that of every device that joins by
//! itself (`prepare`); the red page is its failure, drawn for technicians.

use oobe_catalog::rules;

use super::reduce::{after_updates, power_off};
use super::{Action, Deployment, Event, Flow, Stage, Start, prepare};

/// Whether the Windows key, five times, opens the options here: on the first pages and the sign-in page, without having
/// gone on (PRE-001). They are about a profile, so one has to be there: over Wi-Fi region and keyboard come first
/// (PRE-028).
pub fn options_open_here(flow: &Flow) -> bool {
    let page = matches!(
        flow.stage,
        Stage::Region | Stage::Keyboard | Stage::SecondKeyboard | Stage::Eula | Stage::SignInName
    );
    let fresh = flow.kept.deployment == Deployment::UserDriven && !flow.kept.joined;
    page && fresh && flow.start == Start::Oobe && flow.kept.profile.is_some()
}

/// The options are opened.
pub(super) fn open(flow: &mut Flow, wants: &mut Vec<Action>) {
    flow.stage = Stage::Options;
    wants.push(Action::Decided(rules::PRE_001, "the Windows key, five times: what would you like to do?"));
}

/// The technician's own pages.
pub(super) fn step(flow: &mut Flow, event: Event, wants: &mut Vec<Action>) {
    use Event as E;
    match (flow.stage, event) {
        (Stage::Options, E::Answered) => {
            flow.stage = Stage::Information;
            wants.push(Action::Decided(rules::PRE_002, "organization, profile, assigned user and a QR code"));
        }
        (Stage::Options, E::StartedOver) => after_updates(flow, wants),
        (Stage::Information, E::RefreshChosen) => {
            flow.stage = Stage::Refreshing;
            wants.push(Action::FetchProfile);
        }
        (Stage::Refreshing, E::ProfileArrived(traits)) => {
            flow.kept.profile = Some(traits);
            wants.push(Action::Decided(
                rules::PRE_003,
                "the profile is downloaded again and the page redrawn",
            ));
            if traits.self_deploying {
                flow.kept.deployment = Deployment::SelfDeploying;
                wants.push(Action::Decided(
                    rules::PRO_001,
                    "the new profile is self-deploying: nobody is asked",
                ));
                after_updates(flow, wants);
            } else {
                flow.stage = Stage::Information;
            }
        }
        // What was known is still known; that nothing new came stands in the log.
        (Stage::Refreshing, E::ProfileAbsent) => flow.stage = Stage::Information,
        (Stage::Information, E::Answered) => {
            flow.kept.deployment = Deployment::Technician;
            flow.stage = Stage::Provisioning;
            wants
                .push(Action::Decided(rules::PRE_004, "provisioning begins; the device might restart first"));
            wants.push(Action::BeginProvisioning);
        }
        (Stage::Provisioning, E::NamePending) => {
            wants.push(Action::Restart("the device takes its name before the status page opens"));
        }
        (Stage::Provisioning, E::NameSettled) => prepare::begin(flow, wants),
        (Stage::Resealable, E::Answered) => {
            flow.kept.deployment = Deployment::Resealed;
            flow.kept.device_setup_done = false;
            flow.kept.starts = 0;
            wants.push(Action::Decided(rules::PRE_008, "the device turns off; its next start is the user's"));
            power_off(flow);
            wants.push(Action::Reseal);
        }
        _ => {}
    }
}

/// What a button of the red page does, when it is a technician who presses it (PRE-012).
pub(super) fn told(flow: &Flow, wants: &mut Vec<Action>, what: &'static str) {
    if flow.kept.deployment == Deployment::Technician {
        wants.push(Action::Decided(rules::PRE_012, what));
    }
}

/// The device part is done: the green page (PRE-007).
pub(super) fn to_green_page(flow: &mut Flow, wants: &mut Vec<Action>) {
    flow.stage = Stage::Resealable;
    let (shown, _) = flow.kept.esp.unwrap_or((false, false));
    if !shown {
        wants.push(Action::Decided(
            rules::PRE_016,
            "no status page: success says that the device is enrolled, no more",
        ));
    }
    wants.push(Action::Decided(rules::PRE_006, "Account setup is left for the user"));
    wants.push(Action::Decided(rules::PRE_007, "the device part succeeded: Reseal is offered"));
}

/// The user of a resealed device signed in: Device preparation is done, Device setup runs again (PRU-001).
pub(super) fn user_came(flow: &mut Flow, wants: &mut Vec<Action>) {
    flow.kept.deployment = Deployment::UserDriven;
    wants.push(Action::Decided(
        rules::PRU_001,
        "resealed: Device preparation is not repeated, Device setup runs again",
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::esp::Step;
    use crate::flow::{Kept, ProfileTraits, reduce};

    /// Windows has started and looked for updates; region and keyboard are not preset.
    fn started(deployment: Deployment) -> Flow {
        let profile = Some(ProfileTraits { hides_eula: true, ..ProfileTraits::default() });
        let kept = Kept { profile, deployment, starts: 2, ..Kept::FRESH };
        Flow { link: true, stage: Stage::CheckingUpdates, ..Flow::new(Start::Oobe, kept) }
    }

    #[test]
    fn the_restart_for_the_name_leads_to_the_status_page_and_asks_nothing_once_more() {
        let mut flow = started(Deployment::Technician);
        let wants = reduce(&mut flow, Event::UpdatesDone);
        assert_eq!(flow.stage, Stage::Preparing(Step::Securing));
        assert!(wants.contains(&Action::Attest));

        let mut flow = started(Deployment::Resealed);
        reduce(&mut flow, Event::UpdatesDone);
        assert_eq!(flow.stage, Stage::Region, "the user of a resealed device is asked");
    }

    #[test]
    fn the_buttons_of_a_failure_page_are_told_of_when_it_is_the_technicians() {
        for (deployment, told) in [(Deployment::Technician, true), (Deployment::SelfDeploying, false)] {
            for event in [Event::TriedAgain, Event::ResetChosen] {
                let mut flow = Flow { stage: Stage::PreparingFailed(Step::Securing), ..started(deployment) };
                let wants = reduce(&mut flow, event);
                let rests =
                    wants.iter().any(|w| matches!(w, Action::Decided(rule, _) if *rule == rules::PRE_012));
                assert_eq!(rests, told, "{deployment:?} {event:?}");
            }
        }
    }
}
