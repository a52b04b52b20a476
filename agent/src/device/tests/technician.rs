//! The device alone, pre-provisioned: a technician at the keyboard, and later the user.

use super::*;
use crate::dialogue::sign_in::DRS_AUDIENCE;
use crate::flow::Deployment;
use crate::screen::{Verdict, WINDOWS_KEY};

/// A user-driven profile, everything preset, with an assigned user and a name.
fn profile(template: &str) -> oobe_wire::model::AutopilotProfile {
    let mut profile = cloud::profile();
    profile.cloud_assigned_oobe_config = 1310;
    profile.deployment_profile_name = "Contoso standard".into();
    profile.cloud_assigned_tenant_upn = "alice@contoso.test".into();
    profile.cloud_assigned_device_name = template.into();
    profile
}

/// The cloud, with a management server, that profile, and a directory that knows Alice.
fn service(template: &'static str) -> impl FnMut(&HttpRequest) -> Heard {
    with_profile(template, managed())
}

fn with_profile(
    template: &'static str,
    mut rest: impl FnMut(&HttpRequest) -> Heard,
) -> impl FnMut(&HttpRequest) -> Heard {
    move |request| {
        let body = String::from_utf8_lossy(&request.body);
        if path(request) == "/ztd/v1/profile" {
            answer(200, &profile(template))
        } else if body.contains("grant_type=password") {
            let token = cloud::user_token(DRS_AUDIENCE);
            answer(200, &serde_json::json!({ "access_token": token, "refresh_token": "refresh" }))
        } else {
            rest(request)
        }
    }
}

impl Pc {
    fn windows_key(&mut self, times: usize) {
        for _ in 0..times {
            self.input(Input::Acted(Act::Key { key: WINDOWS_KEY.to_owned() }));
        }
    }

    /// To the information page.
    fn reach_information(&mut self) {
        self.until(|stage| stage == Stage::SignInName);
        self.windows_key(5);
        assert_eq!(self.stage(), Stage::Options);
        self.press("Next");
        assert_eq!(self.stage(), Stage::Information);
    }

    fn reach_green_page(&mut self) {
        self.until(|stage| {
            stage == Stage::Resealable || matches!(stage, Stage::PreparingFailed(_) | Stage::EspFailed(_))
        });
        assert_eq!(self.stage(), Stage::Resealable, "{:?}", self.screen());
    }

    fn fact(&self, label: &str) -> Option<String> {
        self.screen().facts.iter().find(|fact| fact.label == label).map(|fact| fact.value.clone())
    }
}

#[test]
fn a_technician_prepares_it_and_the_user_goes_on_to_the_desktop() {
    let mut pc = Pc::new(ScriptedTpm::sound(), service(""));
    pc.reach_information();
    let id = cloud::profile().ztd_registration_id.to_string().to_uppercase();
    assert_eq!(pc.screen().qr.as_deref(), Some(id.as_str()), "PRE-002");
    assert_eq!(pc.fact("Organization").as_deref(), Some("Contoso"));
    assert_eq!(pc.fact("Profile").as_deref(), Some("Contoso standard"));
    assert_eq!(pc.fact("Assigned user").as_deref(), Some("alice@contoso.test"));
    pc.press("Next");
    pc.reach_green_page();
    assert_eq!(pc.screen().verdict, Some(Verdict::Success));
    assert_ne!(pc.fact("Elapsed time").as_deref(), Some("0:00:00"), "PRE-007");
    let none = pc.screens().iter().filter_map(|s| s.esp.as_ref()).all(|page| page.phases.len() == 2);
    assert!(none, "PRE-006: no Account setup for a technician");
    assert!(pc.device.disk().joined.as_ref().is_some_and(|joined| joined.by_device));

    pc.press("Reseal");
    assert_eq!((pc.stage(), pc.device.flow().kept.deployment), (Stage::Off, Deployment::Resealed));
    assert!(matches!(pc.effects.last(), Some(Effect::ShutDown { .. })), "PRE-008");
    assert!(pc.timers.is_empty() || pc.timers.keys().all(|t| *t == Timer::Boot));
    let (joins, challenges) = (count(&pc, "/EnrollmentServer/device/"), count(&pc, "/aik/v1/challenge"));

    pc.timers.clear();
    pc.due.clear();
    pc.now = pc.now + Span::from_mins(95);
    let shown = pc.effects.len();
    pc.input(Input::PowerPressed);
    pc.until(|stage| stage == Stage::SignInName);
    pc.windows_key(5);
    assert_eq!(pc.stage(), Stage::SignInName, "a prepared device is the user's");
    pc.input(Input::Acted(Act::Fill { field: "username".into(), text: "alice@contoso.test".into() }));
    pc.press("Sign in");
    pc.input(Input::Acted(Act::Fill { field: "password".into(), text: "secret".into() }));
    pc.press("Sign in");
    pc.until(|stage| stage == Stage::Esp(Phase::DeviceSetup));
    let page = pc.screen().esp.clone().expect("a status page");
    assert_eq!(page.phases.len(), 3, "the user sees Account setup, too");
    pc.until(|stage| stage == Stage::Desktop);
    let prepared_again = pc.effects[shown..]
        .iter()
        .any(|effect| matches!(effect, Effect::ShowScreen(screen) if screen.id == "esp.device-prep"));
    assert!(!prepared_again, "PRU-001: Device preparation is not repeated");
    assert_eq!(joins, count(&pc, "/EnrollmentServer/device/"), "it is joined already");
    assert_eq!(challenges, count(&pc, "/aik/v1/challenge"));
    for rule in ["PRE-001", "PRE-002", "PRE-004", "PRE-006", "PRE-007", "PRE-008", "PRU-001"] {
        assert!(pc.rules().contains(&rule), "{rule}");
    }
}

fn count(pc: &Pc, part: &str) -> usize {
    pc.sent.iter().filter(|request| path(request).contains(part)).count()
}

#[test]
fn a_name_comes_before_the_status_page_with_a_restart() {
    let mut pc = Pc::new(ScriptedTpm::sound(), service("PC-%SERIAL%"));
    pc.reach_information();
    pc.press("Next");
    assert!(pc.rules().contains(&"PRE-005"), "{:?}", pc.rules());
    assert_eq!(pc.stage(), Stage::Booting);
    pc.reach_green_page();
    assert_eq!(pc.device.disk().computer_name, "PC-SN-1");
}

#[test]
fn the_red_page_offers_retry_and_reset() {
    let opened = std::rc::Rc::new(std::cell::Cell::new(false));
    let (seen, mut service) = (opened.clone(), service(""));
    let mut pc = Pc::new(ScriptedTpm::sound(), move |request| {
        if !seen.get() && path(request).starts_with("/aik/") {
            return Err(TransportError::TimedOut);
        }
        service(request)
    });
    pc.reach_information();
    pc.press("Next");
    pc.until(|stage| matches!(stage, Stage::PreparingFailed(_)));
    let red = pc.screen().clone();
    assert_eq!((red.id.as_str(), red.verdict), ("preprov.failure", Some(Verdict::Failure)), "PRE-009");
    assert!(
        red.error
            .as_deref()
            .is_some_and(|e| e.contains("Securing your hardware") && e.contains("0x800705B4"))
    );
    assert_eq!(pc.fact("Elapsed time").as_deref(), Some("0:07:00"));
    assert!(pc.rules().contains(&"PRE-009"), "{:?}", pc.rules());
    assert!(!pc.rules().contains(&"MOD-021"), "that is the page of the other modes");
    opened.set(true);
    pc.press("Retry");
    pc.reach_green_page();

    let mut pc = Pc::new(ScriptedTpm::with(|p| p.reduced = true), self::service(""));
    pc.reach_information();
    pc.press("Next");
    pc.until(|stage| matches!(stage, Stage::PreparingFailed(_)));
    pc.press("Reset");
    assert_eq!(pc.stage(), Stage::Booting);
    assert!(pc.device.disk().profile.is_none(), "PRE-012: everything begins anew");
}

#[test]
fn four_strokes_open_nothing_and_cancel_goes_back() {
    let mut pc = Pc::new(ScriptedTpm::sound(), service(""));
    pc.until(|stage| stage == Stage::SignInName);
    pc.windows_key(4);
    assert_eq!(pc.stage(), Stage::SignInName);
    pc.windows_key(1);
    pc.press("Install provisioning package");
    pc.press("Next");
    assert_eq!(pc.stage(), Stage::Options, "packages are not simulated");
    pc.press("Cancel");
    assert_eq!(pc.stage(), Stage::SignInName);
}

#[test]
fn refresh_downloads_the_profile_again() {
    let mut pc = Pc::new(ScriptedTpm::sound(), service(""));
    pc.reach_information();
    let before = count(&pc, "/ztd/v1/profile");
    pc.press("Refresh");
    assert!(pc.screen().busy);
    pc.until(|stage| stage == Stage::Information);
    assert_eq!(count(&pc, "/ztd/v1/profile"), before + 1);
    assert!(pc.rules().contains(&"PRE-003"));
}

/// Design, rule 7: power may go at any step, in the middle of a session too. The server says again what the device may have
/// lost of an answer: one that released the page once, in an answer that never arrived, would leave it to its time limit.
#[test]
fn wherever_the_power_goes_the_technician_gets_to_the_green_page() {
    let mut clean = Pc::new(ScriptedTpm::sound(), service(""));
    clean.reach_information();
    let first = clean.steps;
    clean.press("Next");
    clean.reach_green_page();
    for cut in first + 2..clean.steps {
        let mut pc = Pc::new(ScriptedTpm::sound(), service(""));
        pc.reach_information();
        pc.press("Next");
        while pc.steps < cut {
            pc.next();
        }
        pc.due.clear();
        pc.cut_power();
        pc.reach_green_page();
    }
}

/// What a cut costs with a server that says everything once: the release was in the answer that never arrived, and the page
/// runs into its limit. The device is sound: it is the server's to repeat what was not acknowledged.
#[test]
fn a_release_that_was_lost_with_the_power_and_never_comes_again_leaves_the_page_to_its_limit() {
    let mut server = user_phase::server(true);
    let once = with_profile("", move |request| {
        if request.url.starts_with("https://mdm.test/manage") {
            server.answer(request)
        } else {
            whole(request)
        }
    });
    let mut pc = Pc::new(ScriptedTpm::sound(), once);
    pc.reach_information();
    pc.press("Next");
    // The answer to the second message of the second session has the release: power goes while it is on its way.
    let messages = |pc: &Pc| pc.sent.iter().filter(|r| r.url.starts_with("https://mdm.test/manage")).count();
    while messages(&pc) < 4 {
        pc.next();
    }
    pc.due.clear();
    pc.cut_power();
    pc.until(|stage| matches!(stage, Stage::Resealable | Stage::EspFailed(_)));
    assert!(matches!(pc.stage(), Stage::EspFailed(_)), "{:?}", pc.stage());
    assert!(pc.screen().error.as_deref().is_some_and(|error| error.contains("0x800705B4")));
}
