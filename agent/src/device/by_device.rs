//! What a device does for itself where nobody signs in: the attestation of its TPM, and what its refusals rest on.

use oobe_catalog::codes::{self, ResultCode};
use oobe_catalog::rules;

use super::Parts;
use super::oobe::fail;
use crate::cx::{Answer, Cx};
use crate::dialogue::attest::{Attest, Claim, Outcome};
use crate::dialogue::profile;
use crate::disk::StoredTicket;
use crate::esp::Phase;
use crate::esp::preparation::{self, Going};
use crate::flow::{Event, Stage};
use crate::io::{Slot, Timer};
use crate::manage::{mirror_phase, page_event};

/// Begins to prove the TPM.
pub(super) fn attest(cx: &mut Cx<'_>, parts: &mut Parts<'_>) -> Vec<Event> {
    parts.memory.code = None;
    parts.memory.error = None;
    let ticket = parts.ticket.as_ref().map(StoredTicket::secret);
    let (Some(profile), Some(ticket)) = (parts.profile.as_ref(), ticket) else {
        // The flow attests only with a profile, and a profile came with a ticket; a disk that says otherwise fails.
        return vec![Event::AttestationFailed];
    };
    let claim = Claim { registration: profile.ztd_registration_id, ticket };
    parts.memory.attest = Some(Attest::begin(cx, claim));
    Vec::new()
}

/// The next try.
pub(super) fn again(cx: &mut Cx<'_>, parts: &mut Parts<'_>) {
    if let Some(attest) = parts.memory.attest.as_mut() {
        attest.again(cx);
    }
}

/// Seven minutes are over: whatever is still asked finds no one waiting.
pub(super) fn expired(cx: &mut Cx<'_>, parts: &mut Parts<'_>) -> Option<Event> {
    let outcome = parts.memory.attest.as_mut()?.expired(cx);
    if parts.memory.pending.remove(&Slot::Attest).is_some() {
        cx.cancel_timer(Timer::RequestLimit(Slot::Attest));
    }
    Some(ended(cx, parts, outcome))
}

/// An answer for the conversation.
pub(super) fn answered(cx: &mut Cx<'_>, parts: &mut Parts<'_>, answer: Answer) -> Option<Event> {
    let outcome = parts.memory.attest.as_mut()?.resume(cx, answer)?;
    Some(ended(cx, parts, outcome))
}

fn ended(cx: &mut Cx<'_>, parts: &mut Parts<'_>, outcome: Outcome) -> Event {
    parts.memory.attest = None;
    match outcome {
        Outcome::Proved(proof) => {
            parts.memory.proof = Some(*proof);
            Event::AttestationSucceeded
        }
        Outcome::Rejected(failure) => {
            fail(cx, parts, &failure);
            Event::AttestationRejected
        }
        Outcome::Failed(failure) => {
            fail(cx, parts, &failure);
            Event::AttestationFailed
        }
    }
}

/// The page moved on by itself, or failed: what diagnostic tools read of it (reference: artifacts, 4.3), and the shell's
/// record of the failure. From the enrolment on management writes both.
///
/// In the technician flow every failure is a page of its own.
pub(super) fn page_moved(cx: &mut Cx<'_>, parts: &Parts<'_>, stage: Stage, technician: bool) {
    if technician && matches!(stage, Stage::PreparingFailed(_) | Stage::EspFailed(_)) {
        cx.decided(rules::PRE_009, "the device part failed: the red page, with Retry and Reset");
    }
    let page = match stage {
        Stage::Preparing(step) => preparation::page(step, Going::Working),
        Stage::PreparingFailed(step) => {
            let code = parts.memory.code.as_deref();
            let timed_out = code == Some(codes::ERROR_TIMEOUT.to_string().as_str());
            let how = if timed_out { "Timeout" } else { "Failure" };
            let name = format!("CommercialOOBE_ESPProgress_Page_{how}");
            page_event(cx, &name, code.unwrap_or("failed"));
            cx.state("esp", Phase::DevicePreparation.title(), "failed");
            if !technician {
                cx.decided(rules::MOD_021, format!("{} failed: Reset device and Try again", step.title()));
            }
            preparation::page(step, Going::Failed(code))
        }
        _ => return,
    };
    for view in &page.phases {
        mirror_phase(cx, view);
    }
}

/// The join succeeded: the tenant is that of the profile (reference: registry, AadTenantId).
pub(super) fn joined(cx: &mut Cx<'_>, parts: &Parts<'_>) {
    if let Some(joined) = parts.joined.as_ref().filter(|joined| joined.by_device) {
        profile::record_own_tenant(cx, &joined.tenant.to_string());
    }
}

/// Names the rule behind a refusal to join a device that vouches for itself.
pub(super) fn tell_join_rule(cx: &mut Cx<'_>, parts: &Parts<'_>, code: &'static ResultCode) {
    if parts.memory.signed_in.is_some() {
        return;
    }
    if code.id == codes::DSREG_ATTESTATION_FAILED.id {
        cx.decided(rules::SDM_006, "the join with the device token is refused: attestation failed");
    }
}
