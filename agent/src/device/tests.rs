//! The device alone, in self-deploying mode: a scripted TPM, a scripted cloud, nobody at the keyboard.

use std::collections::{BTreeMap, VecDeque};

use oobe_wire::attestation::KeyAttestation;
use oobe_wire::jwe::WrappedKey;
use oobe_wire::rng::Stream;

use super::{Device, keys};
use crate::cx::Answer;
use crate::dialogue::enrol::MDM_KEY;
use crate::dialogue::join::{DEVICE_KEY, TRANSPORT_KEY};
use crate::esp::{Phase, RowState, Step};
use crate::flow::{SignOnFor, Stage};
use crate::io::{Act, Effect, HttpRequest, Input, Note, Timer, TransportError};
use crate::keys::{KeyCommand, KeyName, KeyReply};
use crate::manage::tests::user_phase;
use crate::screen::Screen;
use crate::testing::cloud::{self, Heard, answer, path, whole};
use crate::testing::{ScriptedTpm, setup};
use crate::time::{Span, VirtualTime};
use crate::tpm::TpmError;

mod prompt;
mod technician;

type Cloud = Box<dyn FnMut(&HttpRequest) -> Heard>;

/// A device and what is round it.
struct Pc {
    device: Device,
    tpm: ScriptedTpm,
    cloud: Cloud,
    now: VirtualTime,
    due: VecDeque<Input>,
    timers: BTreeMap<Timer, (VirtualTime, u32)>,
    effects: Vec<Effect>,
    sent: Vec<HttpRequest>,
    steps: usize,
}

impl Pc {
    fn new(tpm: ScriptedTpm, cloud: impl FnMut(&HttpRequest) -> Heard + 'static) -> Self {
        Self {
            device: Device::new(setup()),
            tpm,
            cloud: Box::new(cloud),
            now: VirtualTime::ZERO,
            due: VecDeque::from([Input::PowerPressed]),
            timers: BTreeMap::new(),
            effects: Vec::new(),
            sent: Vec::new(),
            steps: 0,
        }
    }

    fn stage(&self) -> Stage {
        self.device.flow().stage
    }

    /// One input, and everything that it brings about at once.
    fn input(&mut self, input: Input) {
        self.steps += 1;
        assert!(self.steps < 5_000, "the run does not end: {:?}", self.stage());
        for effect in self.device.step(self.now, input) {
            match &effect {
                Effect::AskTpm { id, command } => {
                    let result = self.tpm.execute(command);
                    self.due.push_back(Input::TpmReplied { id: *id, result });
                }
                Effect::AskKeys { command, .. } => panic!("every key is in the TPM: {command:?}"),
                Effect::Send { id, request, .. } => {
                    let result = (self.cloud)(request);
                    self.sent.push(request.clone());
                    self.due.push_back(Input::HttpReplied { id: *id, result });
                }
                Effect::SetTimer { timer, after, boot, .. } => {
                    self.timers.insert(*timer, (self.now + *after, *boot));
                }
                Effect::CancelTimer { timer } => {
                    self.timers.remove(timer);
                }
                Effect::Restart { .. } | Effect::ShutDown { .. } => {
                    self.timers.retain(|t, _| *t == Timer::Boot);
                }
                _ => {}
            }
            self.effects.push(effect);
        }
    }

    /// The next thing that happens.
    fn next(&mut self) {
        if let Some(input) = self.due.pop_front() {
            self.now = self.now + Span::from_millis(10);
            return self.input(input);
        }
        let (timer, (at, boot)) = self
            .timers
            .iter()
            .min_by_key(|(_, (at, _))| *at)
            .map(|(timer, when)| (*timer, *when))
            .expect("something goes on");
        self.timers.remove(&timer);
        self.now = self.now.max(at);
        self.input(Input::TimerFired { timer, boot });
    }

    fn until(&mut self, wanted: impl Fn(Stage) -> bool) -> &mut Self {
        while !wanted(self.stage()) {
            self.next();
        }
        self
    }

    fn reach_sign_on(&mut self) -> &mut Self {
        self.until(|stage| stage == Stage::SignOn(SignOnFor::FirstUser))
    }

    fn press(&mut self, button: &str) {
        self.input(Input::Acted(Act::Press { button: button.to_owned() }));
    }

    fn cut_power(&mut self) {
        self.timers.clear();
        self.input(Input::PowerLost);
        self.input(Input::PowerPressed);
    }

    fn screens(&self) -> Vec<&Screen> {
        let screens = self.effects.iter().filter_map(|effect| match effect {
            Effect::ShowScreen(screen) => Some(screen.as_ref()),
            _ => None,
        });
        screens.collect()
    }

    fn screen(&self) -> &Screen {
        self.screens().pop().expect("a screen was shown")
    }

    /// Rows of Device preparation as they stand.
    fn rows(&self) -> Vec<String> {
        let page = self.screen().esp.as_ref().expect("a status page");
        page.phases[0].rows.iter().map(|row| row.status.to_string()).collect()
    }

    fn events(&self) -> Vec<i32> {
        let ids = self.effects.iter().filter_map(|effect| match effect {
            Effect::WriteEvent(event) => Some(event.id),
            _ => None,
        });
        ids.collect()
    }

    fn rules(&self) -> Vec<&str> {
        let rules = self.effects.iter().filter_map(|effect| match effect {
            Effect::Note(Note::Decided { rule, .. }) => Some(&**rule),
            _ => None,
        });
        rules.collect()
    }
}

#[test]
fn a_self_deploying_device_gets_to_the_sign_on_screen_with_nobody_there() {
    let mut pc = Pc::new(ScriptedTpm::sound(), whole);
    pc.reach_sign_on();
    for rule in ["PRO-001", "SDM-001", "SDM-002", "SDM-013", "SDM-014", "PRO-018"] {
        assert!(pc.rules().contains(&rule), "{rule} in {:?}", pc.rules());
    }
    // Device preparation is shown live, one row after the other, and Account setup is no part of it.
    let mut working = Vec::new();
    for page in pc.screens().iter().filter_map(|screen| screen.esp.as_ref()) {
        assert!(page.phases.iter().all(|p| p.phase != Phase::AccountSetup), "SDM-013");
        let row = page.phases[0].rows.iter().find(|row| row.state == RowState::Working);
        working.extend(row.map(|row| row.title.clone()).filter(|title| working.last() != Some(title)));
    }
    assert_eq!(working, Step::ALL.map(Step::title));
    // Nobody is its user (SDM-015), and what it keeps says so.
    let joined = pc.device.disk().joined.as_ref().unwrap();
    assert!(joined.by_device && joined.upn.expose().is_empty());
    assert_eq!((joined.tenant, joined.device_id), (cloud::tenant(), cloud::device()));
    let enrolment = pc.device.disk().management.as_ref().unwrap().enrolment();
    assert!(enrolment.attested && enrolment.user.is_none());
    assert!(pc.device.disk().profile.is_none());
    let ended = pc
        .effects
        .iter()
        .any(|e| matches!(e, Effect::Note(Note::Ended { outcome }) if outcome == Note::SIGN_IN));
    assert!(ended && pc.screen().id == "winlogon.signin");
    assert_eq!(pc.screen().fields[0].value, "", "anybody of the organization may sign in");
}

#[test]
fn the_join_carries_the_proof_and_the_enrolment_the_devices_own_token() {
    let mut pc = Pc::new(ScriptedTpm::sound(), whole);
    pc.reach_sign_on();
    let join = pc.sent.iter().find(|r| path(r).starts_with("/EnrollmentServer/device/")).unwrap();
    assert!(join.headers.contains(&("authorization".into(), "Bearer device token".into())));
    let statement = KeyAttestation::decode(&cloud::decoded(join, "AttestationData")).unwrap();
    assert_eq!(
        (statement.public.as_slice(), statement.attest.as_slice()),
        (&b"key public"[..], &b"nonce 2"[..])
    );
    assert!(!cloud::decoded(join, "AikCertificate").is_empty());
    let enrol = pc.sent.iter().find(|r| path(r) == "/enrol").unwrap();
    let body = String::from_utf8_lossy(&enrol.body);
    assert!(body.contains("ZeroTouchProvisioning"), "{body}");
    let keys: Vec<&str> = pc.device.disk().tpm_keys.iter().map(|key| key.0.as_str()).collect();
    assert_eq!(keys, ["device", "mdm", "transport"]);
}

/// The failure page: text and buttons (MOD-021), the rows, and no way on but these.
fn failed(pc: &mut Pc, step: Step, code: &str) {
    pc.until(|stage| matches!(stage, Stage::PreparingFailed(_)));
    assert_eq!(pc.stage(), Stage::PreparingFailed(step));
    let screen = pc.screen();
    assert_eq!(screen.id, "esp.error");
    assert!(screen.error.as_deref().unwrap_or_default().starts_with("Setup could not be completed."));
    assert!(screen.text.contains(&format!("Error code: {code}")), "{:?}", screen.text);
    let buttons: Vec<&str> = screen.buttons.iter().map(|button| button.label.as_str()).collect();
    assert_eq!(buttons, ["Reset device", "Try again"]);
    let expected: Vec<String> = Step::ALL
        .into_iter()
        .map(|row| match row.cmp(&step) {
            std::cmp::Ordering::Less => "Completed".to_owned(),
            std::cmp::Ordering::Equal => format!("Failed: {code}"),
            std::cmp::Ordering::Greater => "Previous step failed".to_owned(),
        })
        .collect();
    assert_eq!(pc.rows(), expected);
}

#[test]
fn without_a_tpm_it_times_out_and_a_reset_begins_anew() {
    let mut tpm = ScriptedTpm::sound();
    tpm.properties = Err(TpmError::Absent);
    let mut pc = Pc::new(tpm, whole);
    failed(&mut pc, Step::Securing, "0x800705B4");
    // The golden sequence of an attestation that failed (reference: events, sequence).
    let golden = [164, 160, 161, 153, 111, 171, 172];
    let mut seen = pc.events().into_iter();
    assert!(golden.iter().all(|id| seen.any(|event| event == *id)), "{:?}", pc.events());
    pc.press("Reset device");
    assert_eq!(pc.stage(), Stage::Booting);
    assert!(pc.device.disk().profile.is_none());
    failed(&mut pc, Step::Securing, "0x800705B4");
}

#[test]
fn try_again_helps_when_the_hosts_are_open_again() {
    let mut closed = true;
    let opened = std::rc::Rc::new(std::cell::Cell::new(false));
    let seen = opened.clone();
    let mut pc = Pc::new(ScriptedTpm::sound(), move |request| {
        closed &= !seen.get();
        if closed && path(request).starts_with("/aik/") {
            return Err(TransportError::TimedOut);
        }
        whole(request)
    });
    failed(&mut pc, Step::Securing, "0x800705B4");
    opened.set(true);
    pc.press("Try again");
    assert_eq!(pc.rows()[0], "Working on it...");
    pc.reach_sign_on();
}

#[test]
fn a_service_that_rejects_the_proof_leaves_nothing_to_join_with() {
    let mut pc = Pc::new(ScriptedTpm::sound(), |request| {
        if path(request) == "/aik/v1/attest" {
            return answer(403, &serde_json::json!({ "check": "quote-signature", "message": "no" }));
        }
        whole(request)
    });
    failed(&mut pc, Step::Joining, "0x801C03EA");
    assert!(pc.rules().contains(&"SDM-006"));
    assert!(
        !pc.sent.iter().any(|r| path(r).starts_with("/EnrollmentServer/device/")),
        "nothing to join with"
    );
}

#[test]
fn a_refused_join_and_a_second_deployment_fail_in_their_own_rows() {
    for (words, code) in [("attestation failed", "0x801C03EA"), ("DeviceObjectNotFound", "0x801C03F3")] {
        let mut pc = Pc::new(ScriptedTpm::sound(), move |request| {
            if path(request).starts_with("/EnrollmentServer/device/") {
                return answer(400, &serde_json::json!({ "ErrorType": "InvalidRequest", "Message": words }));
            }
            whole(request)
        });
        failed(&mut pc, Step::Joining, code);
        assert!(pc.events().contains(&304));
    }
    let mut pc = Pc::new(ScriptedTpm::sound(), |request| {
        if path(request) == "/enrol" { cloud::one_time_limit() } else { whole(request) }
    });
    failed(&mut pc, Step::Registering, "0x80180014");
    assert!(pc.events().contains(&52));
    // Joined it is: another try begins with the enrolment, and needs no proof.
    let shown = pc.sent.iter().filter(|r| path(r) == "/aik/v1/challenge").count();
    pc.press("Try again");
    failed(&mut pc, Step::Registering, "0x80180014");
    assert_eq!(pc.sent.iter().filter(|r| path(r) == "/aik/v1/challenge").count(), shown);
}

#[test]
fn a_tenant_without_mdm_is_no_end_for_a_device_that_deploys_itself() {
    let mut pc = Pc::new(ScriptedTpm::sound(), |request| {
        if path(request).contains("/servicePrincipals/") {
            return answer(200, &serde_json::json!({ "value": [] }));
        }
        whole(request)
    });
    pc.until(|stage| matches!(stage, Stage::PreparingFailed(_)));
    assert_eq!(pc.stage(), Stage::PreparingFailed(Step::Registering));
}

#[test]
fn device_refuses_device_token_device() {
    let mut pc = Pc::new(ScriptedTpm::sound(), |request| {
        let mut reply = whole(request)?;
        if path(request).ends_with("/oauth2/token") && !request.body.starts_with(b"grant_type=srv_challenge")
        {
            let other = oobe_wire::ids::Guid::derive(2, &["another"]);
            let token = cloud::device_token("https://graph.microsoft.com", other);
            reply = answer(200, &serde_json::json!({ "access_token": token }))?;
        }
        Ok(reply)
    });
    pc.until(|stage| matches!(stage, Stage::PreparingFailed(_)));
    assert_eq!(pc.stage(), Stage::PreparingFailed(Step::Registering));
    let refused = pc.effects.iter().any(|e| {
        matches!(e, Effect::Note(Note::Checked { check, failed: Some(_) }) if check == "device-token-device")
    });
    assert!(refused);
}

#[test]
fn device_refuses_nonce_reply_and_json_reply_without_a_user() {
    for (check, body) in [("nonce-reply", "{}"), ("json-reply", "<html>Welcome to the hotel.</html>")] {
        let mut pc = Pc::new(ScriptedTpm::sound(), |request| {
            let mut reply = whole(request)?;
            if request.body.starts_with(b"grant_type=srv_challenge") {
                reply.body = body.into();
            }
            Ok(reply)
        });
        pc.until(|stage| matches!(stage, Stage::PreparingFailed(_)));
        assert_eq!(pc.stage(), Stage::PreparingFailed(Step::Registering));
        let refused = pc.effects.iter().any(
            |e| matches!(e, Effect::Note(Note::Checked { check: found, failed: Some(_) }) if found == check),
        );
        assert!(refused, "{check}");
    }
}

#[test]
fn keys_wait_for_a_tpm_that_is_busy_at_its_first_start() {
    let mut tpm = ScriptedTpm::sound();
    tpm.busy = 20;
    let mut pc = Pc::new(tpm, whole);
    pc.reach_sign_on();
    // And again in the middle: the transport key, the management key and their signatures.
    let mut pc = Pc::new(ScriptedTpm::sound(), whole);
    pc.until(|stage| stage == Stage::Preparing(Step::Joining));
    pc.tpm.busy = 20;
    pc.reach_sign_on();
    assert_eq!(pc.tpm.busy, 0);
}

/// The cloud with its management server: it holds the page, and releases it from the second session on.
fn managed() -> impl FnMut(&HttpRequest) -> Heard {
    let mut server = user_phase::patient_server();
    move |request| {
        if request.url.starts_with("https://mdm.test/manage") {
            server.answer(request)
        } else {
            whole(request)
        }
    }
}

impl Pc {
    /// Somebody of the organization signs in.
    fn sign_in(&mut self) {
        for (field, text) in [("username", "alice@contoso.test"), ("password", "secret")] {
            self.input(Input::Acted(Act::Fill { field: field.to_owned(), text: text.to_owned() }));
        }
        self.press("Sign in");
    }
}

#[test]
fn the_first_user_gets_account_setup_and_then_the_desktop() {
    let mut pc = Pc::new(ScriptedTpm::sound(), managed());
    pc.reach_sign_on();
    assert!(pc.now < VirtualTime::ZERO + Span::from_mins(30), "the page was released");
    let phases = |pc: &Pc| -> Vec<Phase> {
        let page = pc.screens().into_iter().rev().find_map(|screen| screen.esp.clone());
        page.expect("a status page").phases.iter().map(|phase| phase.phase).collect()
    };
    assert_eq!(phases(&pc), [Phase::DevicePreparation, Phase::DeviceSetup], "SDM-013");
    // Power may go while nobody is there: the sign-on screen is where it comes back to.
    pc.cut_power();
    pc.reach_sign_on().sign_in();
    pc.until(|stage| stage == Stage::Esp(Phase::AccountSetup));
    assert!(pc.rules().contains(&"ESU-002"), "{:?}", pc.rules());
    assert_eq!(phases(&pc), [Phase::DevicePreparation, Phase::DeviceSetup, Phase::AccountSetup]);
    let page = pc.screen().esp.clone().expect("a status page");
    assert!(page.phases[0].rows.iter().all(|row| row.state == RowState::Completed), "{:?}", page.phases[0]);
    // And while Account setup runs: the user signs in again, and it goes on.
    pc.cut_power();
    pc.reach_sign_on().sign_in();
    pc.until(|stage| stage == Stage::Esp(Phase::AccountSetup)).until(|stage| stage == Stage::Desktop);
    let asked: Vec<&str> = pc.tpm.asked.iter().map(String::as_str).collect();
    assert!(asked.contains(&"ecdh"), "the session key is unwrapped in the TPM");
    pc.cut_power();
    pc.until(|stage| stage == Stage::SignOn(SignOnFor::Desktop));
}

/// Design, rule 7: power may go at any step.
#[test]
fn wherever_the_power_goes_the_device_gets_to_the_sign_on_screen() {
    let mut clean = Pc::new(ScriptedTpm::sound(), whole);
    clean.reach_sign_on();
    for cut in 1..clean.steps {
        let mut pc = Pc::new(ScriptedTpm::sound(), whole);
        while pc.steps < cut {
            pc.next();
        }
        pc.cut_power();
        pc.reach_sign_on();
        assert!(pc.device.disk().management.is_some(), "cut after {cut}");
    }
}

/// What a conversation hears of a key operation that the TPM carries out.
fn in_tpm(tpm: &mut ScriptedTpm, command: &KeyCommand) -> Answer {
    let for_tpm = keys::translate(command).expect("a TPM can do that");
    keys::told(command, Answer::Tpm(tpm.execute(&for_tpm)))
}

fn create(tpm: &mut ScriptedTpm, key: &str) {
    let command = KeyCommand::Create { key: KeyName::new(key), kind: oobe_wire::crypto::KeyKind::P256 };
    assert!(matches!(in_tpm(tpm, &command), Answer::Keys(Ok(KeyReply::Public { .. }))));
}

fn unwrap(key: &str) -> KeyCommand {
    let public = ScriptedTpm::key(key);
    let wrapped = Some(WrappedKey::wrap(public.public(), &mut Stream::new(1, &["x"]), &[7; 32]));
    KeyCommand::Unwrap { key: KeyName::new(key), wrapped }
}

#[test]
fn what_is_wrapped_to_a_key_in_the_tpm_comes_out_again() {
    let mut tpm = ScriptedTpm::sound();
    // The session key of a user, and what an app's content is sealed with.
    for key in [TRANSPORT_KEY, MDM_KEY] {
        create(&mut tpm, key);
        let answer = in_tpm(&mut tpm, &unwrap(key));
        assert_eq!(answer, Answer::Keys(Ok(KeyReply::Unwrapped { key: [7; 32] })), "{key}");
    }
    let refused = keys::told(&unwrap(TRANSPORT_KEY), Answer::Tpm(Err(TpmError::Code(0x921))));
    let Answer::Keys(Err(error)) = refused else { panic!("a refusal") };
    assert_eq!(error.to_string(), "the TPM answered with response code 0x00000921");
}

#[test]
fn a_key_in_the_tpm_does_what_it_was_made_for_and_nothing_else() {
    let mut tpm = ScriptedTpm::sound();
    let sign = |key: &str| KeyCommand::Sign {
        key: KeyName::new(key),
        message: b"message".to_vec(),
        form: crate::keys::SignatureForm::X509,
    };
    let done = |answer: Answer| matches!(answer, Answer::Keys(Ok(_)));
    for (key, signs, unwraps) in
        [(DEVICE_KEY, true, false), (TRANSPORT_KEY, false, true), (MDM_KEY, true, true)]
    {
        create(&mut tpm, key);
        assert_eq!(done(in_tpm(&mut tpm, &sign(key))), signs, "{key} signs");
        assert_eq!(done(in_tpm(&mut tpm, &unwrap(key))), unwraps, "{key} unwraps");
    }
}
