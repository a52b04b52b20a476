//! Device preparation by the device itself: the TPM vouches for it and nobody signs in (flows, 5 and 8).

use oobe_catalog::rules;

use super::reduce::reset;
use super::{Action, Deployment, Event, Flow, SignOnFor, Stage, technician};
use crate::esp::Step;

/// Everything before is answered: the page opens at the first step that is not done. A power cut after the join leaves the
/// join on the disk, and the token that it took is gone; none is needed for the rest.
pub(super) fn begin(flow: &mut Flow, wants: &mut Vec<Action>) {
    if flow.kept.deployment == Deployment::Technician {
        wants.push(Action::Decided(
            rules::PRE_006,
            "technician flow: Device preparation and Device setup, without a user",
        ));
    } else {
        self_deploying(flow, wants);
    }
    if flow.kept.joined {
        register(flow, wants);
    } else {
        flow.stage = Stage::Preparing(Step::Securing);
        wants.push(Action::Attest);
    }
}

fn self_deploying(flow: &Flow, wants: &mut Vec<Action>) {
    let touched =
        if flow.region_answered { "region, keyboard and network were asked" } else { "nothing was asked" };
    wants.push(Action::Decided(rules::SDM_002, touched));
    wants.push(Action::Decided(
        rules::SDM_001,
        "profile and updates are done: join by TPM, enrolment, status page, sign-on screen",
    ));
}

fn register(flow: &mut Flow, wants: &mut Vec<Action>) {
    flow.stage = Stage::Preparing(Step::Registering);
    wants.push(Action::Enrol);
}

/// The steps, and their failure page.
pub(super) fn step(flow: &mut Flow, event: Event, wants: &mut Vec<Action>) {
    use Event as E;
    match (flow.stage, event) {
        (Stage::Preparing(Step::Securing), E::AttestationSucceeded) => {
            flow.stage = Stage::Preparing(Step::Joining);
            wants.push(Action::Join);
        }
        (Stage::Preparing(Step::Securing), E::AttestationFailed) => {
            flow.stage = Stage::PreparingFailed(Step::Securing);
        }
        // The hardware did its part; what it said is not accepted, and the join has nothing to show.
        (Stage::Preparing(Step::Securing), E::AttestationRejected) => {
            wants.push(Action::Decided(rules::SDM_006, "attestation failed: no join with a device token"));
            flow.stage = Stage::PreparingFailed(Step::Joining);
        }
        (Stage::Preparing(Step::Joining), E::JoinSucceeded) => {
            flow.kept.joined = true;
            register(flow, wants);
        }
        (Stage::Preparing(Step::Joining), E::JoinFailed) => {
            flow.stage = Stage::PreparingFailed(Step::Joining);
        }
        (Stage::Preparing(Step::Registering), E::EnrolSucceeded) => {
            flow.kept.enrolled = true;
            flow.stage = Stage::AwaitingEspDecision;
        }
        (Stage::Preparing(Step::Registering), E::EnrolFailed | E::EnrolSkipped) => {
            flow.stage = Stage::PreparingFailed(Step::Registering);
        }
        (Stage::PreparingFailed(_), E::TriedAgain) => {
            technician::told(flow, wants, "the first step that is not done is tried again");
            begin(flow, wants);
        }
        (Stage::PreparingFailed(_), E::ResetChosen) => {
            technician::told(flow, wants, "the whole process starts over");
            reset(flow, wants);
        }
        _ => {}
    }
}

/// The device part is done: whoever of the organization comes first signs in (SDM-014).
pub(super) fn to_sign_on_screen(flow: &mut Flow, wants: &mut Vec<Action>) {
    flow.kept.finished = true;
    flow.kept.starts = 0;
    flow.kept.profile = None;
    flow.stage = Stage::SignOn(SignOnFor::FirstUser);
    wants.push(Action::Decided(rules::SDM_013, "Account setup is postponed to the first sign-in"));
    wants.push(Action::Decided(
        rules::SDM_014,
        "provisioning is over: any member of the organization may sign in",
    ));
    wants.push(Action::Decided(rules::PRO_018, "the profile is discarded"));
    wants.push(Action::AwaitFirstUser);
}
