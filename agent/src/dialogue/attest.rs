//! Proving the TPM to the cloud: "Securing your hardware". The outer part, which tries until the proof is there, until it
//! can't come any more, or until seven minutes are over; what one try does is in `attempt`.
//!
//! | what happens | what comes of it |
//! | --- | --- |
//! | no TPM 2.0, a virtual one, a TPM that is never ready, hosts that don't answer, a clock that is off | waited for, until the cap: 0x800705B4 (SDM-004, NET-009, NET-016) |
//! | the service or the TPM fails a try | tried again, event 177; after the third 0x81039001 (SDM-019) |
//! | the vendor has no certificate for the key; firmware on the list of vulnerable ones | the code that the documents name (SDM-022, SDM-021) |
//! | the service rejects the proof, or the TPM works in part only | nothing to join with: 0x801C03EA (SDM-006, SDM-025) |
//!
//! The cap and the three tries are observed (reference: artifacts, 4.3 and 6); which fault counts as which is ours (MOD-020).

mod attempt;
#[cfg(test)]
mod tests;
mod vendor;

use oobe_catalog::codes::{self, ResultCode};
use oobe_catalog::rules::Rule;
use oobe_catalog::{events, rules};
use oobe_wire::attestation::KeyAttestation;
use oobe_wire::crypto::PublicKey;
use oobe_wire::ids::Guid;
use oobe_wire::secret::Secret;

use self::attempt::{Attempt, Ended};
use super::Failure;
use crate::cx::{Answer, Cx};
use crate::io::{NoteFault, Slot, Timer};
use crate::time::Span;

/// The attestation key.
pub const AIK: &str = "aik";
/// The page waits so long (reference: artifacts, 4.3).
pub const CAP: Span = Span::from_mins(7);
/// Tries that may fail (reference: artifacts, 6; events 176 and 177).
pub const TRIES: u32 = 3;
/// Between two tries. Not public; ours (MOD-020).
const PAUSE: Span = Span::from_secs(30);
/// Tries that the cap has room for when nothing takes any time.
const MOST: u64 = CAP.as_millis() / PAUSE.as_millis();

const DOING: &str = "securing your hardware";

/// What a device has in hand before it proves anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Its registration.
    pub registration: Guid,
    /// The device ticket.
    pub ticket: Secret<String>,
}

/// What was proved, and what for: in memory only.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// Authorises one join without a user.
    pub device_token: Secret<String>,
    /// The attestation key's certificate, DER.
    pub aik_certificate: Vec<u8>,
    /// The key that will join: it is in the TPM already.
    pub key: PublicKey,
    /// The attestation key's statement about it.
    pub statement: KeyAttestation,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Proved.
    Proved(Box<Proof>),
    /// The cloud looked at the proof and rejects it, or the TPM can't give any: the join fails for want of it.
    Rejected(Failure),
    /// No proof came about.
    Failed(Failure),
}

/// The conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Attest {
    claim: Claim,
    /// Tries that failed.
    failed: u32,
    /// The try under way; none while the next is waited for.
    attempt: Option<Attempt>,
    /// Tries that were begun.
    begun: u32,
    /// Why the proof is not there yet, as the last try had it.
    held: Option<Held>,
    /// The TPM said that it is at work, last time it was asked.
    busy: bool,
}

/// What the proof waits for.
#[derive(Debug, Clone, PartialEq)]
struct Held {
    rule: &'static Rule,
    fault: NoteFault,
    detail: String,
}

impl Attest {
    /// Begins.
    pub fn begin(cx: &mut Cx<'_>, claim: Claim) -> Self {
        cx.decided(rules::MOD_020, "the TPM has seven minutes to be attested");
        cx.set_timer(Timer::AttestLimit, CAP, "the TPM to be attested");
        let attempt = Some(Attempt::begin(cx, claim.clone(), 1));
        Self { claim, failed: 0, attempt, begun: 1, held: None, busy: false }
    }

    /// Goes on; `None` while it is not over.
    pub fn resume(&mut self, cx: &mut Cx<'_>, answer: Answer) -> Option<Outcome> {
        self.busy = false;
        let ended = self.attempt.as_mut()?.resume(cx, answer)?;
        match ended {
            Ended::Busy(span) => {
                cx.decided(rules::SDM_026, "the TPM is at work: it is asked again");
                self.busy = true;
                cx.set_timer(Timer::Retry(Slot::Attest), span.max(Span::from_secs(1)), "the TPM to be ready");
                None
            }
            Ended::NotYet { rule, fault, detail } => {
                cx.failed(DOING, fault, None, detail.clone());
                cx.decided(rule, "there is no proof yet: waited for");
                self.held = Some(Held { rule, fault, detail });
                self.pause(cx);
                None
            }
            Ended::Failed { fault, detail } => self.try_failed(cx, fault, &detail),
            Ended::Proved(proof) => {
                stop(cx);
                Some(Outcome::Proved(proof))
            }
            Ended::Defect { code, rule, fault, detail } => {
                cx.decided(rule, detail.clone());
                Some(Outcome::Failed(give_up(cx, code, fault, detail)))
            }
            Ended::Rejected { rule, fault, detail } => {
                cx.decided(rule, detail.clone());
                Some(Outcome::Rejected(give_up(cx, codes::DSREG_ATTESTATION_FAILED, fault, detail)))
            }
        }
    }

    /// The pause is over: the busy TPM is asked again, or a new try begins.
    pub fn again(&mut self, cx: &mut Cx<'_>) {
        if let Some(attempt) = &mut self.attempt {
            attempt.ask_again(cx);
        } else {
            self.begun += 1;
            self.attempt = Some(Attempt::begin(cx, self.claim.clone(), self.begun));
        }
    }

    /// The cap is reached.
    pub fn expired(&mut self, cx: &mut Cx<'_>) -> Outcome {
        let never_ready =
            Held { rule: rules::SDM_023, fault: NoteFault::Device, detail: "the TPM was never ready".into() };
        let held = if self.busy { Some(never_ready) } else { self.held.take() };
        let (fault, detail) = match held {
            Some(held) => {
                cx.decided(held.rule, "that is why the proof never came");
                (held.fault, held.detail)
            }
            None => (NoteFault::Network, "no proof within seven minutes".to_owned()),
        };
        cx.decided(rules::SDM_004, "the verification times out");
        Outcome::Failed(give_up(cx, codes::ERROR_TIMEOUT, fault, detail))
    }

    fn try_failed(&mut self, cx: &mut Cx<'_>, fault: NoteFault, detail: &str) -> Option<Outcome> {
        self.failed += 1;
        cx.failed(DOING, fault, None, format!("try {} of {TRIES}: {detail}", self.failed));
        if self.failed >= TRIES {
            cx.decided(rules::SDM_019, "every try failed; a later attempt may work");
            let code = codes::AUTOPILOT_TPM_MAX_ATTESTATION_RETRY;
            return Some(Outcome::Failed(give_up(cx, code, fault, detail.to_owned())));
        }
        cx.event(events::AUTOPILOT_177, &[("n", &self.failed.to_string()), ("max", &TRIES.to_string())]);
        self.pause(cx);
        None
    }

    fn pause(&mut self, cx: &mut Cx<'_>) {
        self.attempt = None;
        cx.set_timer(Timer::Retry(Slot::Attest), PAUSE, "the next try at the attestation");
    }
}

fn stop(cx: &mut Cx<'_>) {
    cx.cancel_timer(Timer::AttestLimit);
    cx.cancel_timer(Timer::Retry(Slot::Attest));
}

/// EVT-009: the identity is not confirmed, and so the profile is not available.
fn give_up(cx: &mut Cx<'_>, code: &'static ResultCode, fault: NoteFault, detail: String) -> Failure {
    stop(cx);
    let hresult = code.to_string();
    cx.decided(rules::EVT_009, "the TPM's identity can't be confirmed: events 171 and 172");
    cx.event(events::AUTOPILOT_171, &[("hresult", &hresult)]);
    cx.event(events::AUTOPILOT_172, &[("hresult", &hresult)]);
    Failure { doing: DOING, fault, code: Some(code), detail }
}
