//! Carrying out what the flow wants, and telling it what came of it.

use std::collections::VecDeque;

use oobe_catalog::{AsOf, InForce, codes, events, in_force, rules};
use oobe_wire::model::AutopilotProfile;
use oobe_wire::secret::Secret;

use super::{Device, Parts, Tray, by_device, name, technician};
use crate::cx::{Answer, Ask, Cx};
use crate::dialogue::{Credentials, Failure, enrol, join, probe, profile, prt, sign_in};
use crate::disk::StoredTicket;
use crate::flow::{Action, Deployment, Event, ProfileTraits, Stage, reduce};
use crate::io::{Note, Slot, Timer};
use crate::keys::KeyName;
use crate::manage::{EnrolmentDetails, EntraIdentity, ManageEvent, Management, SignedOnUser, Verdict};
use crate::setup::Mode;
use crate::time::{Span, VirtualTime};
use crate::tpm::{TpmCommand, TpmReply};

/// Between two tries at the profile (reference: artifacts, 6: about every ten seconds).
const PROFILE_RETRY: Span = Span::from_secs(10);

impl Device {
    /// Feeds the flow and carries out what it wants, until nothing more follows at once.
    pub(super) fn happened(&mut self, now: VirtualTime, tray: &mut Tray, event: Event) {
        let mut queue = VecDeque::from([event]);
        while let Some(event) = queue.pop_front() {
            let before = self.flow.stage;
            let actions = reduce(&mut self.flow, event);
            self.disk.kept = self.flow.kept;
            let after = self.flow.stage;
            if after != before {
                let technician = self.flow.kept.deployment == Deployment::Technician;
                let (mut cx, parts) = self.parts(now, tray);
                cx.state("oobe", stage_name(before), stage_name(after));
                by_device::page_moved(&mut cx, &parts, after, technician);
                if parts.technician.is_some() {
                    technician::result_shown(&mut cx, after);
                }
                self.technician_clock(now);
            }
            for action in actions {
                queue.extend(self.perform(now, tray, action));
            }
        }
    }

    fn perform(&mut self, now: VirtualTime, tray: &mut Tray, action: Action) -> Vec<Event> {
        if let Action::Restart(why) = action {
            self.restart(now, tray, why.to_owned());
            return Vec::new();
        }
        if action == Action::Boot {
            self.disk.boots += 1;
        }
        if action == Action::Wipe {
            let boots = self.disk.boots;
            self.disk = crate::disk::Disk::fresh(self.setup.image.computer_name.clone());
            self.disk.boots = boots;
            return Vec::new();
        }
        if action == Action::Reseal {
            self.reseal(tray);
            return Vec::new();
        }
        let stage = self.flow.stage;
        let (mut cx, mut parts) = self.parts(now, tray);
        perform(&mut cx, &mut parts, stage, action)
    }

    /// An answer arrived for the conversation in `slot`.
    pub(super) fn answered(&mut self, now: VirtualTime, tray: &mut Tray, slot: Slot, answer: Answer) {
        let (mut cx, mut parts) = self.parts(now, tray);
        let (events, managed) = answered(&mut cx, &mut parts, slot, answer);
        self.follow(now, tray, events, managed);
    }

    /// A timer of ours fired.
    pub(super) fn timer_fired(&mut self, now: VirtualTime, tray: &mut Tray, timer: Timer) {
        let stage = self.flow.stage;
        let (mut cx, mut parts) = self.parts(now, tray);
        let (events, managed) = match timer {
            Timer::Boot => (vec![Event::Booted], Vec::new()),
            Timer::Updates => (vec![Event::UpdatesDone], Vec::new()),
            Timer::Retry(Slot::Profile) => {
                begin_profile(&mut cx, &mut parts);
                (Vec::new(), Vec::new())
            }
            Timer::Retry(Slot::Attest) => {
                by_device::again(&mut cx, &mut parts);
                (Vec::new(), Vec::new())
            }
            Timer::AttestLimit => (by_device::expired(&mut cx, &mut parts).into_iter().collect(), Vec::new()),
            Timer::Page if stage == Stage::AutoSignOn => {
                let event = begin_sign_on(&mut cx, &mut parts);
                (event.into_iter().collect(), Vec::new())
            }
            timer => {
                let Parts { management, memory, .. } = &mut parts;
                let managed = management
                    .as_mut()
                    .map(|m| m.timer(&mut memory.activity, &mut cx, timer))
                    .unwrap_or_default();
                (Vec::new(), managed)
            }
        };
        self.follow(now, tray, events, managed);
    }

    /// The management server asks for a session.
    pub(super) fn pushed(&mut self, now: VirtualTime, tray: &mut Tray) {
        if !self.hears_pushes() {
            return;
        }
        let (mut cx, parts) = self.parts(now, tray);
        if let Some(management) = parts.management.as_mut() {
            management.pushed(&mut parts.memory.activity, &mut cx);
        }
    }

    fn follow(&mut self, now: VirtualTime, tray: &mut Tray, events: Vec<Event>, managed: Vec<ManageEvent>) {
        for event in events {
            self.happened(now, tray, event);
        }
        let restarts = managed.iter().any(|event| matches!(event, ManageEvent::RestartNeeded { .. }));
        for event in managed {
            match event {
                ManageEvent::PageChanged | ManageEvent::UserContextUp => {}
                ManageEvent::Decided(wanted) => {
                    self.happened(now, tray, Event::EspDecided { device: wanted.device, user: wanted.user });
                }
                ManageEvent::PhaseEnded { phase, verdict } => {
                    let event = match verdict {
                        Verdict::Succeeded if restarts => Event::PhaseSucceededBeforeRestart(phase),
                        Verdict::Succeeded => Event::PhaseSucceeded(phase),
                        _ => Event::PhaseFailed(phase),
                    };
                    self.happened(now, tray, event);
                }
                ManageEvent::WipeOrdered => {
                    self.happened(now, tray, Event::Wiped);
                    return;
                }
                ManageEvent::RestartNeeded { why } => {
                    self.restart(now, tray, why);
                    // What else the same step brought belongs to memory that is gone.
                    return;
                }
            }
        }
    }
}

/// A stage by the name that traces use.
pub(super) fn stage_name(stage: Stage) -> String {
    match serde_json::to_value(stage) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(serde_json::Value::Object(map)) => map
            .iter()
            .next()
            .map(|(kind, of)| format!("{kind}.{}", of.as_str().unwrap_or_default()))
            .unwrap_or_default(),
        _ => format!("{stage:?}"),
    }
}

fn perform(cx: &mut Cx<'_>, parts: &mut Parts<'_>, stage: Stage, action: Action) -> Vec<Event> {
    match action {
        Action::Boot => {
            name::take(cx, parts);
            if cx.boot == 1 {
                cx.decided(
                    rules::MOD_004,
                    "how long things take is drawn round the middle of what was observed",
                );
            }
            let after = cx.draw(cx.setup.timings.boot);
            cx.set_timer(Timer::Boot, after, "Windows to start");
            cx.ask(Slot::Hardware, Ask::Tpm(TpmCommand::GetProperties));
        }
        Action::Probe => probe::begin(cx),
        Action::FetchProfile => begin_profile(cx, parts),
        Action::UseResidentProfile => {
            if let Some(resident) = parts.profile.clone() {
                cx.decided(rules::EVT_007, "a profile is on disk: none is downloaded");
                cx.event(events::AUTOPILOT_163, &[]);
                profile::record_use(cx, &resident);
            }
        }
        Action::CheckUpdates => {
            let after = cx.draw(cx.setup.timings.updates);
            cx.set_timer(Timer::Updates, after, "critical updates to be looked for");
        }
        Action::SignIn => {
            if let Some(credentials) = parts.memory.credentials.clone() {
                parts.memory.sign_in = Some(sign_in::SignIn::begin(cx, credentials));
            }
        }
        Action::Attest => return by_device::attest(cx, parts),
        Action::Join => return begin_join(cx, parts),
        Action::Enrol => return begin_enrol(cx, parts),
        Action::ResumeManagement => {
            if let Some(management) = parts.management {
                if management.take_overdue_wipe(cx) {
                    return vec![Event::Wiped];
                }
                parts.memory.activity = management.boot(cx);
            }
        }
        Action::BeginPhase(phase) => {
            if let Some(management) = parts.management {
                management.begin_phase(&mut parts.memory.activity, cx, phase);
            }
        }
        Action::RetryPhase(phase) => {
            if let Some(management) = parts.management {
                management.retry(&mut parts.memory.activity, cx, phase);
            }
        }
        Action::SignOn(_) if stage == Stage::AutoSignOn => {
            let after = cx.draw(cx.setup.timings.first_sign_in);
            cx.set_timer(Timer::Page, after, "the first sign-in");
        }
        Action::SignOn(_) => return begin_sign_on(cx, parts).into_iter().collect(),
        Action::ForgetCredentials => {
            parts.memory.credentials = None;
            parts.memory.signed_in = None;
        }
        Action::AwaitFirstUser => {
            *parts.profile = None;
            cx.note(Note::Ended { outcome: Note::SIGN_IN.into() });
        }
        Action::Finish => {
            *parts.profile = None;
            if let Some(management) = parts.management {
                management.finish(&mut parts.memory.activity, cx);
            }
            cx.note(Note::Ended { outcome: "desktop".into() });
        }
        Action::Decided(rule, what) => cx.decided(rule, what),
        Action::BeginProvisioning => return vec![technician::begin(cx, parts)],
        Action::Restart(_) | Action::Wipe | Action::Reseal => {
            unreachable!("carried out by the device itself, which owns disk and memory")
        }
    }
    Vec::new()
}

fn begin_profile(cx: &mut Cx<'_>, parts: &mut Parts<'_>) {
    parts.memory.profile_attempts += 1;
    parts.memory.profile = Some(profile::Profile::begin(cx));
}

fn begin_join(cx: &mut Cx<'_>, parts: &mut Parts<'_>) -> Vec<Event> {
    let ticket = parts.ticket.as_ref().filter(|_| parts.profile.is_some()).map(StoredTicket::secret);
    let display_name = parts.computer_name.clone();
    let request = match (&parts.memory.signed_in, parts.memory.proof.take(), parts.profile.as_ref()) {
        (Some(user), ..) => join::Request {
            right: join::Right::User { token: user.drs_token.clone(), upn: user.upn.clone() },
            tenant: user.tenant,
            ticket,
            display_name,
        },
        (None, Some(proof), Some(profile)) => join::Request {
            right: join::Right::Device {
                proof: Box::new(proof),
                domain: profile.cloud_assigned_tenant_domain.clone(),
            },
            tenant: profile.cloud_assigned_tenant_id,
            ticket,
            display_name,
        },
        // The flow joins only with one of the two; memory that says otherwise starts over.
        _ => return vec![Event::JoinFailed],
    };
    parts.memory.join = Some(join::Join::begin(cx, request));
    Vec::new()
}

fn begin_enrol(cx: &mut Cx<'_>, parts: &mut Parts<'_>) -> Vec<Event> {
    let right = match &cx.setup.mode {
        Mode::Enroll { discovery_url, user, password } => enrol::Right::OnPremise {
            discovery_url: discovery_url.clone(),
            credentials: Credentials {
                user: oobe_wire::secret::Personal::new(user.clone()),
                password: password.clone(),
            },
        },
        Mode::Oobe => match (&parts.memory.signed_in, &parts.joined) {
            (Some(user), Some(joined)) => enrol::Right::Entra {
                authority: user.authority.clone(),
                refresh_token: user.refresh_token.clone(),
                upn: user.upn.clone(),
                device_id: joined.device_id,
                registration: parts.profile.as_ref().map(|p| p.ztd_registration_id),
            },
            // Nobody signed in: the device enrols itself, with the certificate of its join.
            (None, Some(joined)) if joined.by_device => enrol::Right::Device {
                device: joined.clone(),
                registration: parts.profile.as_ref().map(|p| p.ztd_registration_id),
                technician: parts.technician.is_some(),
            },
            // The flow enrols only a joined device with a user in memory; a disk that says otherwise starts over.
            _ => return vec![Event::EnrolFailed],
        },
    };
    parts.memory.enrol = Some(enrol::Enrol::begin(cx, right, parts.computer_name.clone()));
    Vec::new()
}

/// Begins the sign-on; against a foreign server there is no directory to ask.
fn begin_sign_on(cx: &mut Cx<'_>, parts: &mut Parts<'_>) -> Option<Event> {
    if let Mode::Enroll { user, .. } = &cx.setup.mode {
        let user = SignedOnUser { upn: user.clone(), oid: None, token: None };
        signed_on(cx, parts, user);
        return Some(Event::SignOnAccepted);
    }
    match (parts.memory.credentials.clone(), parts.joined.clone()) {
        (Some(credentials), Some(joined)) => {
            parts.memory.prt = Some(prt::Prt::begin(cx, credentials, joined));
            None
        }
        _ => Some(Event::SignOnFailed),
    }
}

fn signed_on(cx: &mut Cx<'_>, parts: &mut Parts<'_>, user: SignedOnUser) {
    if let Some(management) = parts.management {
        management.user_signed_on(&mut parts.memory.activity, cx, user);
    }
}

fn answered(
    cx: &mut Cx<'_>,
    parts: &mut Parts<'_>,
    slot: Slot,
    answer: Answer,
) -> (Vec<Event>, Vec<ManageEvent>) {
    let event = match slot {
        Slot::Hardware => {
            hardware(cx, parts, &answer);
            None
        }
        // The command prompt hears this one itself.
        Slot::Time => None,
        Slot::Attest => by_device::answered(cx, parts, answer),
        Slot::Probe => {
            Some(if probe::resume(cx, &answer) { Event::ProbeSucceeded } else { Event::ProbeFailed })
        }
        Slot::Profile => profile_answered(cx, parts, &answer),
        Slot::SignIn => sign_in_answered(cx, parts, &answer),
        Slot::Join => join_answered(cx, parts, answer),
        Slot::Enrol => enrol_answered(cx, parts, answer),
        Slot::Prt => prt_answered(cx, parts, answer),
        Slot::Session | Slot::SideCar | Slot::Msi(_) | Slot::Win32(_) | Slot::Certificate(_) => {
            let Parts { management, memory, .. } = parts;
            let managed = management
                .as_mut()
                .map(|m| m.answer(&mut memory.activity, cx, slot, answer))
                .unwrap_or_default();
            return (Vec::new(), managed);
        }
    };
    (event.into_iter().collect(), Vec::new())
}

fn hardware(cx: &mut Cx<'_>, parts: &mut Parts<'_>, answer: &Answer) {
    if let Answer::Tpm(Ok(TpmReply::Properties(properties))) = answer {
        parts.memory.tpm = Some(properties.clone());
    }
    if let Answer::Tpm(Err(_)) = answer {
        cx.decided(
            rules::USR_011,
            "no TPM: keys live in the software key store, user-driven mode works all the same",
        );
    }
}

fn profile_answered(cx: &mut Cx<'_>, parts: &mut Parts<'_>, answer: &Answer) -> Option<Event> {
    let outcome = parts.memory.profile.as_mut()?.resume(cx, answer)?;
    parts.memory.profile = None;
    match outcome {
        profile::Outcome::Arrived(arrived, ticket) => {
            profile::record_arrival(cx, &arrived);
            let traits = traits(&arrived);
            *parts.ticket = Some(StoredTicket::new(&ticket));
            *parts.profile = Some(*arrived);
            Some(Event::ProfileArrived(traits))
        }
        profile::Outcome::None(refusal) => {
            let code = profile::refusal_code(&refusal).map(ToString::to_string);
            cx.failed(
                "downloading the Autopilot profile",
                crate::io::NoteFault::PeerRefused,
                code,
                refusal.error_reason.clone(),
            );
            profile::record_absence(cx, Some(&refusal));
            Some(Event::ProfileAbsent)
        }
        profile::Outcome::Failed(failure) => {
            tell(cx, &failure);
            let world =
                AsOf { date: cx.setup.as_of, build: cx.setup.image.build, kbs: cx.setup.image.kbs.clone() };
            let patient = in_force(rules::PRO_029, &world) == InForce::Yes;
            if patient && parts.memory.profile_attempts < 3 {
                cx.decided(rules::PRO_029, "the download is tried again");
                cx.set_timer(Timer::Retry(Slot::Profile), PROFILE_RETRY, "the next try at the profile");
                return None;
            }
            profile::record_absence(cx, None);
            Some(Event::ProfileAbsent)
        }
    }
}

/// What a profile says about pages and about who deploys the device (PRO-019 to PRO-021).
fn traits(profile: &AutopilotProfile) -> ProfileTraits {
    let bit = |mask: u32| profile.cloud_assigned_oobe_config & mask != 0;
    let preset = !profile.cloud_assigned_region.is_empty() || !profile.cloud_assigned_language.is_empty();
    ProfileTraits {
        hides_region: preset && bit(1024),
        hides_eula: bit(16),
        hides_privacy: bit(4),
        self_deploying: bit(32) && bit(64),
    }
}

fn sign_in_answered(cx: &mut Cx<'_>, parts: &mut Parts<'_>, answer: &Answer) -> Option<Event> {
    let outcome = parts.memory.sign_in.as_mut()?.resume(cx, answer)?;
    parts.memory.sign_in = None;
    match outcome {
        sign_in::Outcome::Accepted(user) => {
            let expected = parts.profile.as_ref().map(|p| p.cloud_assigned_tenant_id);
            let matched = expected.is_none_or(|tenant| tenant == user.tenant);
            if expected.is_some() {
                profile::record_tenant(cx, &user.tenant.to_string(), matched);
                cx.decided(rules::USR_013, "the profile applies only to its own tenant");
            }
            if !matched {
                return Some(Event::TenantMismatch);
            }
            parts.memory.signed_in = Some(*user);
            Some(Event::SignInAccepted)
        }
        sign_in::Outcome::Refused(code, text) => {
            refused(cx, parts, "signing in", code, &text);
            Some(Event::SignInRefused)
        }
        sign_in::Outcome::Failed(failure) => {
            cx.decided(rules::NET_008, "the sign-in could not be finished: Something went wrong");
            fail(cx, parts, &failure);
            Some(Event::SignInFailed)
        }
    }
}

fn join_answered(cx: &mut Cx<'_>, parts: &mut Parts<'_>, answer: Answer) -> Option<Event> {
    let outcome = parts.memory.join.as_mut()?.resume(cx, answer)?;
    parts.memory.join = None;
    match outcome {
        join::Outcome::Joined(joined) => {
            *parts.joined = Some(*joined);
            name::assign(cx, parts);
            by_device::joined(cx, parts);
            Some(Event::JoinSucceeded)
        }
        join::Outcome::Failed(failure) => {
            if let Some(code) = failure.code {
                cx.event(events::UDR_304, &[("hresult", &code.to_string())]);
                by_device::tell_join_rule(cx, parts, code);
            }
            fail(cx, parts, &failure);
            Some(Event::JoinFailed)
        }
    }
}

fn enrol_answered(cx: &mut Cx<'_>, parts: &mut Parts<'_>, answer: Answer) -> Option<Event> {
    let outcome = parts.memory.enrol.as_mut()?.resume(cx, answer)?;
    parts.memory.enrol = None;
    match outcome {
        enrol::Outcome::Enrolled(enrolled) => {
            let attested = parts.joined.as_ref().is_some_and(|joined| joined.by_device);
            let details = EnrolmentDetails {
                device_id: enrolled.mdm_device_id.clone(),
                user: enrolled.upn.as_ref().map(|upn| upn.expose().clone()),
                attested,
                entra: parts
                    .joined
                    .as_ref()
                    .map(|j| EntraIdentity { tenant: j.tenant, device_id: j.device_id }),
                key: KeyName::new(enrol::MDM_KEY),
                public_key: enrolled.key.clone(),
                autopilot: parts.profile.is_some(),
                device_name: parts.computer_name.clone(),
            };
            match Management::enrolled(cx, &enrolled.document, details) {
                Ok(mut management) => {
                    cx.event(events::MDM_72, &[]);
                    parts.memory.activity = management.boot(cx);
                    *parts.management = Some(management);
                    Some(Event::EnrolSucceeded)
                }
                Err(error) => {
                    let failure =
                        Failure::broken("applying the provisioning document", Some(error.code), error.detail);
                    fail(cx, parts, &failure);
                    Some(Event::EnrolFailed)
                }
            }
        }
        enrol::Outcome::NotOffered if parts.joined.as_ref().is_some_and(|joined| joined.by_device) => {
            let code = Some(codes::MENROLL_E_MDM_NOT_CONFIGURED);
            let failure =
                Failure::refused("enrolling into device management", code, "the tenant names no MDM");
            fail(cx, parts, &failure);
            Some(Event::EnrolFailed)
        }
        enrol::Outcome::NotOffered => Some(Event::EnrolSkipped),
        enrol::Outcome::Failed(failure) => {
            fail(cx, parts, &failure);
            Some(Event::EnrolFailed)
        }
    }
}

fn prt_answered(cx: &mut Cx<'_>, parts: &mut Parts<'_>, answer: Answer) -> Option<Event> {
    let outcome = parts.memory.prt.as_mut()?.resume(cx, answer)?;
    parts.memory.prt = None;
    match outcome {
        prt::Outcome::Accepted(user) => {
            let user = SignedOnUser {
                upn: user.upn.clone(),
                oid: Some(user.object),
                token: Some(Secret::new(user.mdm_token.expose().clone())),
            };
            signed_on(cx, parts, user);
            Some(Event::SignOnAccepted)
        }
        prt::Outcome::Refused(code, text) => {
            refused(cx, parts, "signing on to Windows", code, &text);
            Some(Event::SignOnRefused)
        }
        prt::Outcome::Failed(failure) => {
            fail(cx, parts, &failure);
            Some(Event::SignOnFailed)
        }
    }
}

fn refused(
    cx: &mut Cx<'_>,
    parts: &mut Parts<'_>,
    doing: &str,
    code: &'static codes::ResultCode,
    text: &str,
) {
    cx.failed(doing, crate::io::NoteFault::Person, Some(code.to_string()), text);
    parts.memory.credentials = None;
    parts.memory.error = Some("Your account or password is incorrect.".into());
}

/// Tells of a failure and puts its message on the page that follows.
pub(super) fn fail(cx: &mut Cx<'_>, parts: &mut Parts<'_>, failure: &Failure) {
    tell(cx, failure);
    parts.memory.code = failure.code.map(ToString::to_string);
    parts.memory.error = Some(match failure.code.map(shown_code) {
        Some(code) => format!("Something went wrong. Error code: {code}"),
        None => "Something went wrong.".into(),
    });
}

fn tell(cx: &mut Cx<'_>, failure: &Failure) {
    cx.failed(failure.doing, failure.fault, failure.code.map(ToString::to_string), failure.detail.clone());
}

/// The page shows one code for all of Entra's refusals to join (reference: flows, 17).
fn shown_code(code: &'static codes::ResultCode) -> &'static codes::ResultCode {
    let join_refusals = [codes::DSREG_JOIN_NOT_AUTHORIZED, codes::DSREG_E_DEVICE_REGISTRATION_QUOTA_EXCEEDED];
    if join_refusals.iter().any(|c| c.id == code.id) {
        codes::DSREG_E_DEVICE_AUTHORIZATION_ERROR
    } else {
        code
    }
}
