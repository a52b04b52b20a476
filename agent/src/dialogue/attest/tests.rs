//! The conversation against a TPM that does as it is told and a service that says what the story needs.

use std::collections::BTreeMap;

use oobe_catalog::WindowsBuild;
use oobe_wire::attestation::{AttestReply, AttestationRefusal, ChallengeReply, ChallengeRequest};
use oobe_wire::encoding::base64url_encode;
use oobe_wire::ids::Guid;
use oobe_wire::rng::Stream;
use oobe_wire::secret::Secret;

use super::{Attest, CAP, Claim, Outcome, Proof};
use crate::cx::{Answer, Ask, Cx};
use crate::dialogue::join::DEVICE_KEY;
use crate::io::{Effect, HttpReply, HttpRequest, Note, Slot, Timer, TransportError};
use crate::registry::Registry;
use crate::setup::DeviceSetup;
use crate::testing::cloud::{Heard, answer, attestation as trusting, path};
use crate::testing::{ScriptedTpm, certificate, setup};
use crate::time::{Span, VirtualTime};
use crate::tpm::{TpmError, TpmProperties};

fn refusal(check: &str, code: Option<u32>) -> Heard {
    answer(403, &AttestationRefusal { check: check.into(), message: "no".into(), code })
}

/// A device on a stand.
struct Stand<'a> {
    setup: DeviceSetup,
    tpm: ScriptedTpm,
    service: Box<dyn FnMut(&HttpRequest) -> Heard + 'a>,
    now: VirtualTime,
    rng: Stream,
    registry: Registry,
    timers: BTreeMap<Timer, VirtualTime>,
    effects: Vec<Effect>,
    sent: Vec<String>,
}

impl<'a> Stand<'a> {
    fn new(tpm: ScriptedTpm, service: impl FnMut(&HttpRequest) -> Heard + 'a) -> Self {
        Self {
            setup: setup(),
            tpm,
            service: Box::new(service),
            now: VirtualTime::ZERO,
            rng: Stream::new(1, &["device"]),
            registry: Registry::default(),
            timers: BTreeMap::new(),
            effects: Vec::new(),
            sent: Vec::new(),
        }
    }

    /// Lets the device do something, and gives what it asks for.
    fn at<T>(&mut self, act: impl FnOnce(&mut Cx<'_>) -> T) -> (T, Vec<Ask>) {
        let (mut asks, mut effects) = (Vec::new(), Vec::new());
        let mut cx = Cx {
            now: self.now,
            utc: self.setup.clock.utc(self.now),
            boot: 1,
            rng: &mut self.rng,
            setup: &self.setup,
            registry: &mut self.registry,
            asks: &mut asks,
            effects: &mut effects,
        };
        let done = act(&mut cx);
        for effect in &effects {
            match effect {
                Effect::SetTimer { timer, after, .. } => {
                    self.timers.insert(*timer, self.now + *after);
                }
                Effect::CancelTimer { timer } => {
                    self.timers.remove(timer);
                }
                _ => {}
            }
        }
        self.effects.extend(effects);
        let asks = asks.into_iter().map(|(slot, ask)| {
            assert_eq!(slot, Slot::Attest);
            ask
        });
        (done, asks.collect())
    }

    /// Runs to the end; `each` sees the time before every timer.
    fn run_with(&mut self, mut each: impl FnMut(&mut Self)) -> Outcome {
        let claim =
            Claim { registration: Guid::derive(1, &["registration"]), ticket: Secret::new("ticket".into()) };
        let (mut attest, mut asks) = self.at(|cx| Attest::begin(cx, claim));
        loop {
            if let Some(ask) = asks.pop() {
                assert!(asks.is_empty(), "one question at a time");
                let told = match ask {
                    Ask::Tpm(command) => Answer::Tpm(self.tpm.execute(&command)),
                    Ask::Http { request, .. } => {
                        self.sent.push(request.url.clone());
                        let heard = (self.service)(&request);
                        if heard == Err(TransportError::TimedOut) {
                            self.now = self.now + Span::from_secs(60);
                        }
                        // The cap comes before an answer that is later.
                        if self.timers.get(&Timer::AttestLimit).is_some_and(|at| *at <= self.now) {
                            self.now = self.timers[&Timer::AttestLimit];
                            return self.at(|cx| attest.expired(cx)).0;
                        }
                        Answer::Http(heard)
                    }
                    Ask::Keys(_) => panic!("nothing is asked of the key store"),
                };
                let (outcome, more) = self.at(|cx| attest.resume(cx, told));
                if let Some(outcome) = outcome {
                    return outcome;
                }
                asks = more;
                continue;
            }
            each(self);
            let (timer, at) = self
                .timers
                .iter()
                .min_by_key(|(_, at)| **at)
                .map(|(timer, at)| (*timer, *at))
                .expect("something goes on, or it is over");
            self.timers.remove(&timer);
            self.now = at;
            match timer {
                Timer::AttestLimit => return self.at(|cx| attest.expired(cx)).0,
                Timer::Retry(Slot::Attest) => asks = self.at(|cx| attest.again(cx)).1,
                other => panic!("{other:?} is not ours"),
            }
        }
    }

    fn run(&mut self) -> Outcome {
        self.run_with(|_| {})
    }

    fn events(&self) -> Vec<i32> {
        let ids = self.effects.iter().filter_map(|effect| match effect {
            Effect::WriteEvent(event) => Some(event.id),
            _ => None,
        });
        ids.collect()
    }

    /// Whether that check failed.
    fn refused(&self, name: &str) -> bool {
        self.effects
            .iter()
            .any(|e| matches!(e, Effect::Note(Note::Checked { check, failed: Some(_) }) if check == name))
    }

    fn rests_on(&self, rule: &str) -> bool {
        self.effects
            .iter()
            .any(|e| matches!(e, Effect::Note(Note::Decided { rule: found, .. }) if found == rule))
    }

    /// It failed with that code, after those events, and nothing is left running.
    fn failed(&mut self, code: &str, events: &[i32]) {
        let outcome = self.run();
        let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
        assert_eq!(failure.code.map(ToString::to_string).as_deref(), Some(code), "{}", failure.detail);
        assert_eq!(self.events(), events, "{}", failure.detail);
        assert!(self.timers.is_empty(), "{:?}", self.timers);
    }

    /// It waited in vain.
    fn timed_out(&mut self, rule: &str) {
        self.failed("0x800705B4", &[171, 172]);
        assert_eq!(self.now, VirtualTime::ZERO + CAP, "seven minutes to the point");
        assert!(self.rests_on(rule), "{rule}");
        assert!(self.rests_on("SDM-004"));
    }
}

fn proved(outcome: Outcome) -> Proof {
    match outcome {
        Outcome::Proved(proof) => *proof,
        other => panic!("{other:?}"),
    }
}

fn virtual_tpm() -> ScriptedTpm {
    ScriptedTpm::with(|tpm| {
        tpm.manufacturer = "MSFT".into();
        tpm.is_virtual = true;
    })
}

#[test]
fn a_chip_with_its_certificate_is_proved_in_one_go() {
    let mut stand = Stand::new(ScriptedTpm::sound(), trusting);
    let proof = proved(stand.run());
    assert_eq!(proof.device_token.expose(), "device token");
    assert_eq!(proof.key, *ScriptedTpm::key(DEVICE_KEY).public());
    assert_eq!(proof.statement.attest, b"nonce 2");
    assert_eq!(
        stand.tpm.asked,
        [
            "get-properties",
            "read-ek-certificate",
            "create-aik",
            "activate-credential",
            "quote",
            "read-event-log",
            "create-key",
            "certify"
        ]
    );
    assert!(stand.sent.iter().all(|url| url.starts_with("https://ifx-keyid-")), "{:?}", stand.sent);
    assert!(stand.timers.is_empty() && stand.events().is_empty());
}

#[test]
fn a_firmware_tpm_gets_its_certificate_from_its_vendor() {
    let mut tpm = ScriptedTpm::with(|tpm| tpm.manufacturer = "INTC".into());
    tpm.certificate_in_nv = false;
    let mut shown = None;
    let mut stand = Stand::new(tpm, |request| {
        if request.url.starts_with("https://ekop.intel.com/ekcertservice/") {
            let body = format!(r#"{{"certificate":"{}"}}"#, base64url_encode(b"from intel"));
            return Ok(HttpReply { status: 200, headers: Vec::new(), body: body.into_bytes() });
        }
        if path(request) == "/aik/v1/challenge" {
            let body: ChallengeRequest = serde_json::from_slice(&request.body).unwrap();
            shown = body.ek_certificate;
        }
        trusting(request)
    });
    proved(stand.run());
    assert!(stand.rests_on("NET-012"));
    drop(stand);
    assert_eq!(shown.as_deref(), Some(b"from intel".as_slice()));
}

#[test]
fn without_a_tpm_or_with_an_old_one_the_wait_ends_after_seven_minutes() {
    let mut none = ScriptedTpm::sound();
    none.properties = Err(TpmError::Absent);
    Stand::new(none, trusting).timed_out("SDM-003");
    let mut old = ScriptedTpm::sound();
    old.properties = Err(TpmError::Tpm12);
    Stand::new(old, trusting).timed_out("SDM-003");
    Stand::new(ScriptedTpm::with(|tpm| tpm.family = "1.2".into()), trusting).timed_out("SDM-003");
}

#[test]
fn a_virtual_tpm_is_vouched_for_by_nobody() {
    let mut bare = virtual_tpm();
    bare.certificate_in_nv = false;
    Stand::new(bare, trusting).timed_out("SDM-004");
    // One that shows a certificate finds that nobody trusts it.
    Stand::new(virtual_tpm(), |_| refusal("ek-certificate-root", None)).timed_out("SDM-004");
}

#[test]
fn hosts_that_do_not_answer_are_waited_for_until_the_cap() {
    for error in
        [TransportError::Refused, TransportError::TimedOut, TransportError::Dns, TransportError::NoNetwork]
    {
        Stand::new(ScriptedTpm::sound(), |_| Err(error.clone())).timed_out("NET-013");
        let mut tpm = ScriptedTpm::with(|tpm| tpm.manufacturer = "AMD".into());
        tpm.certificate_in_nv = false;
        Stand::new(tpm, |_| Err(error.clone())).timed_out("NET-009");
    }
}

#[test]
fn hosts_that_come_back_in_time_do_no_harm() {
    let mut asked = 0;
    let mut stand = Stand::new(ScriptedTpm::sound(), |request| {
        asked += 1;
        if asked <= 5 { Err(TransportError::Refused) } else { trusting(request) }
    });
    proved(stand.run());
    assert!(stand.events().is_empty(), "an unreachable host is no failed try");
}

#[test]
fn a_service_that_fails_three_times_ends_it() {
    let mut stand = Stand::new(ScriptedTpm::sound(), |_| answer(503, &"busy"));
    stand.failed("0x81039001", &[177, 177, 171, 172]);
    assert!(stand.rests_on("SDM-019"));
    let mut stand = Stand::new(ScriptedTpm::sound(), |_| answer(200, &"nonsense"));
    stand.failed("0x81039001", &[177, 177, 171, 172]);
}

#[test]
fn the_third_try_may_be_the_good_one() {
    let mut failed = 0;
    let mut stand = Stand::new(ScriptedTpm::sound(), |request| {
        if path(request) == "/aik/v1/attest" && failed < 2 {
            failed += 1;
            return answer(500, &"");
        }
        trusting(request)
    });
    proved(stand.run());
    assert_eq!(stand.events(), [177, 177]);
}

#[test]
fn a_rejected_proof_leaves_nothing_to_join_with() {
    for at in ["/aik/v1/challenge", "/aik/v1/attest", "/aik/v1/devicetoken"] {
        let mut stand = Stand::new(ScriptedTpm::sound(), |request| {
            if path(request) == at { refusal("quote-nonce", None) } else { trusting(request) }
        });
        let outcome = stand.run();
        let Outcome::Rejected(failure) = outcome else { panic!("{outcome:?}") };
        assert_eq!(failure.code.map(ToString::to_string).as_deref(), Some("0x801C03EA"));
        assert!(failure.detail.starts_with("quote-nonce"), "the check is named: {}", failure.detail);
        assert_eq!(stand.events(), [171, 172]);
        assert!(stand.rests_on("SDM-006") && stand.timers.is_empty());
    }
}

#[test]
fn a_tpm_of_reduced_functionality_proves_nothing() {
    let mut stand = Stand::new(ScriptedTpm::with(|tpm| tpm.reduced = true), trusting);
    assert!(matches!(stand.run(), Outcome::Rejected(_)));
    assert!(stand.rests_on("SDM-025") && stand.sent.is_empty());
}

#[test]
fn vulnerable_firmware_has_a_code_of_its_own() {
    let mut stand = Stand::new(ScriptedTpm::sound(), |_| refusal("tpm-firmware", Some(0x8103_9024)));
    stand.failed("0x81039024", &[171, 172]);
    assert!(stand.rests_on("SDM-021"));
}

#[test]
fn a_vendor_that_has_no_certificate_for_the_key_is_old_firmware() {
    let mut tpm = ScriptedTpm::with(|tpm| tpm.manufacturer = "AMD".into());
    tpm.certificate_in_nv = false;
    let mut stand = Stand::new(tpm, |_| answer(404, &""));
    stand.failed("0x80070490", &[171, 172]);
    assert!(stand.rests_on("SDM-022"));
}

/// The answer of a service that says what time it is.
fn with_time(request: &HttpRequest, now: &str) -> Heard {
    let mut reply = trusting(request)?;
    if path(request) == "/aik/v1/challenge" {
        let mut challenge: ChallengeReply = serde_json::from_slice(&reply.body).unwrap();
        challenge.server_time = now.into();
        reply.body = serde_json::to_vec(&challenge).unwrap();
    }
    Ok(reply)
}

#[test]
fn device_refuses_attestation_clock() {
    let time = crate::testing::EPOCH.to_rfc3339();
    for skew in [-20, 20] {
        let mut stand = Stand::new(ScriptedTpm::sound(), |request| with_time(request, &time));
        stand.setup.clock.skew_ms = skew * 60_000;
        let Outcome::Failed(failure) = stand.run() else { panic!("a clock {skew} min off") };
        assert_eq!(failure.code.map(ToString::to_string).as_deref(), Some("0x800705B4"));
        assert!(stand.events().starts_with(&[753, 753]) && stand.events().ends_with(&[171, 172]));
        assert!(stand.rests_on("NET-016") && stand.refused("attestation-clock"));

        let mut stand = Stand::new(ScriptedTpm::sound(), |request| with_time(request, &time));
        stand.setup.clock.skew_ms = skew * 60_000;
        // w32tm /resync /force
        proved(stand.run_with(|stand| stand.setup.clock.skew_ms = 0));
        assert_eq!(stand.events(), [753]);
    }
}

#[test]
fn device_refuses_aik_certificate_validity() {
    let mut stand = Stand::new(ScriptedTpm::sound(), trusting);
    stand.setup.clock.skew_ms = -20 * 60_000;
    let Outcome::Failed(failure) = stand.run() else { panic!("the certificate is not valid yet") };
    assert!(failure.detail.contains("AIK certificate"), "{}", failure.detail);
    assert!(stand.events().contains(&753) && stand.refused("aik-certificate-validity"));
}

#[test]
fn a_busy_tpm_is_asked_again_and_one_that_is_never_ready_times_out() {
    let mut tpm = ScriptedTpm::sound();
    tpm.busy = 15;
    let mut stand = Stand::new(tpm, trusting);
    proved(stand.run());
    assert!(stand.now >= VirtualTime::ZERO + Span::from_secs(75), "SDM-026: more than a minute");
    assert!(stand.events().is_empty(), "being busy is no failed try");

    let mut tpm = ScriptedTpm::sound();
    tpm.busy = u32::MAX;
    Stand::new(tpm, trusting).timed_out("SDM-023");
}

#[test]
fn a_credential_for_another_tpm_is_a_difference_of_key_states() {
    let mut tpm = ScriptedTpm::sound();
    tpm.activation = Err(TpmError::Code(0x0000_01df));
    Stand::new(tpm, trusting).failed("0x81039001", &[176, 177, 176, 177, 176, 171, 172]);
}

#[test]
fn a_tpm_that_is_locked_out_fails_every_try() {
    Stand::new(ScriptedTpm::with(|tpm| tpm.locked_out = true), trusting)
        .failed("0x81039001", &[177, 177, 171, 172]);
}

#[test]
fn device_refuses_aik_certificate_fits_key() {
    let mut stand = Stand::new(ScriptedTpm::sound(), |request| {
        if path(request) != "/aik/v1/attest" {
            return trusting(request);
        }
        let other = ScriptedTpm::key("somebody else's").public().clone();
        let reply = AttestReply {
            aik_certificate: certificate(&other, "AIK", -5),
            chain: Vec::new(),
            nonce: b"nonce 2".to_vec(),
        };
        answer(200, &reply)
    });
    stand.failed("0x81039001", &[177, 177, 171, 172]);
    let refused = stand.effects.iter().any(|e| {
        matches!(e, Effect::Note(Note::Checked { check, failed: Some(_) }) if check == "aik-certificate-fits-key")
    });
    assert!(refused);
}

#[test]
fn what_this_build_of_windows_can_not_do_it_does_not() {
    let windows_11 = |kb: Option<u32>| {
        let mut stand = Stand::new(ScriptedTpm::sound(), trusting);
        stand.setup.image.build = WindowsBuild::new(22_000, 493);
        stand.setup.image.kbs.extend(kb);
        stand
    };
    let mut stand = windows_11(None);
    stand.failed("0x81039023", &[171, 172]);
    assert!(stand.rests_on("SDM-020"));
    proved(windows_11(Some(5_013_943)).run());

    let tiger_lake = |tpm: &mut TpmProperties| {
        tpm.manufacturer = "INTC".into();
        tpm.firmware = "600.18.0.0".into();
    };
    let windows_10 = |kb: Option<u32>| {
        let mut stand = Stand::new(ScriptedTpm::with(tiger_lake), trusting);
        stand.setup.image.build = WindowsBuild::new(19_044, 1_288);
        stand.setup.image.kbs.extend(kb);
        stand
    };
    windows_10(None).timed_out("SDM-024");
    proved(windows_10(Some(5_007_253)).run());
    proved(Stand::new(ScriptedTpm::with(tiger_lake), trusting).run());
}

/// Of every answer to `at`, what `change` makes of it is refused by that check, and in the end there is no proof.
fn refuses(check: &str, tpm: ScriptedTpm, at: &'static str, wrong: &Heard) {
    let mut stand =
        Stand::new(tpm, |request| if request.url.contains(at) { wrong.clone() } else { trusting(request) });
    stand.failed("0x81039001", &[177, 177, 171, 172]);
    let refused = stand.effects.iter().any(|effect| {
        matches!(effect, Effect::Note(Note::Checked { check: found, failed: Some(_) }) if found == check)
    });
    assert!(refused, "{check}");
}

#[test]
fn device_refuses_attestation_reply_shape() {
    for at in ["/aik/v1/challenge", "/aik/v1/attest", "/aik/v1/devicetoken"] {
        refuses("attestation-reply-shape", ScriptedTpm::sound(), at, &answer(200, &"no answer"));
    }
}

#[test]
fn device_refuses_aik_certificate_shape() {
    let wrong = AttestReply { aik_certificate: b"no certificate".to_vec(), ..AttestReply::default() };
    refuses("aik-certificate-shape", ScriptedTpm::sound(), "/aik/v1/attest", &answer(200, &wrong));
}

#[test]
fn device_refuses_challenge_shape() {
    let wrong = ChallengeReply::default();
    refuses("challenge-shape", ScriptedTpm::sound(), "/aik/v1/challenge", &answer(200, &wrong));
}

#[test]
fn device_refuses_ek_certificate_shape() {
    let mut tpm = ScriptedTpm::with(|tpm| tpm.manufacturer = "INTC".into());
    tpm.certificate_in_nv = false;
    refuses("ek-certificate-shape", tpm, "ekop.intel.com", &answer(200, &"no certificate"));
}
