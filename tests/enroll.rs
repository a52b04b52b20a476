//! `oobe enroll` against an MDM server that shares no code with it (`mde2_server`): the real program, real TLS, and
//! what both sides tell of it.

mod mde2_server;

use mde2_server::esp::{NOWHERE, POLICY, device_release, first_sync, preparation, provider, user_release};
use mde2_server::run::{HURRY, Order, Run, enroll};
use mde2_server::seen::{Ledger, What};
use mde2_server::{Plan, Release, Server, Step, Trouble};

/// Exit code of a run that reached the desktop (docs/exit-codes.md).
const SUCCESS: i32 = 0;
/// Exit code when a run did not finish.
const UNFINISHED: i32 = 4;
/// Exit code when the server refused, broke the protocol or could not be reached.
const PEER: i32 = 5;

#[test]
fn a_server_that_behaves_gets_the_device_to_the_desktop() {
    let server = Server::start(Plan::default());
    let run = run(&server);
    let ledger = server.ledger();
    reached_desktop(&run, &ledger);
    assert_eq!(ledger.names()[..4], ["probe", "discover", "policies", "enrol"]);
    let enrolment = ledger.enrolments()[0];
    assert_eq!(enrolment.context["NotInOobe"], ["false"]);
    assert_eq!(enrolment.key, "RSA-2048");

    // Held, then released; the hold is repeated, so its Adds find their nodes.
    assert_eq!(ledger.statuses("Add", &preparation())[..2], [(1, 200), (2, 418)]);
    assert_eq!(ledger.statuses("Replace", POLICY), [(1, 200), (2, 200)]);
    assert_eq!(ledger.statuses("Get", NOWHERE), [(1, 404)]);
    assert_eq!(ledger.statuses("Replace", &device_release()), [(3, 200)]);
    let user = run.trace.csp("Replace", &user_release());
    assert_eq!(user.iter().filter(|status| **status == 200).count(), 1, "{user:?}");
    // In the first session nobody is there, in the last one the user is.
    let login = ledger.login();
    assert_eq!(login[0], (1, "none".into()));
    assert!(login.last().is_some_and(|(_, who)| who == "user"), "{login:?}");
    // The pages that the server asked for came up, in their order, and no other.
    assert_eq!(run.trace.pages(), ["esp.device-prep", "esp.device-setup", "esp.account"]);
}

#[test]
fn the_device_speaks_as_windows_writes() {
    let server = Server::start(Plan::default());
    let run = run(&server);
    reached_desktop(&run, &server.ledger());
    assert_eq!(server.ledger().remarks(), [""; 0]);
}

/// That includes the last one: a server that never learns of the 200 keeps the device on its list.
#[test]
fn both_sides_tell_the_same_statuses() {
    let server = Server::start(Plan::default());
    let run = run(&server);
    let ledger = server.ledger();
    reached_desktop(&run, &ledger);
    let both = [
        ("Add", preparation()),
        ("Add", provider("User")),
        ("Replace", first_sync("Device", "BlockInStatusPage")),
        ("Replace", first_sync("Device", "SkipUserStatusPage")),
        ("Replace", device_release()),
        ("Replace", user_release()),
        ("Get", NOWHERE.to_owned()),
    ];
    for (verb, uri) in both {
        let seen: Vec<u64> =
            ledger.statuses(verb, &uri).iter().map(|(_, status)| u64::from(*status)).collect();
        assert_eq!(run.trace.csp(verb, &uri), seen, "{verb} {uri}");
    }
}

/// Field bug 1: the user-scope release came before there was a user context, and is never repeated.
#[test]
fn a_release_written_too_early_hangs_account_setup() {
    let plan = Plan { release: Release::TooEarly { retries: false }, limit_minutes: 30, ..early() };
    let server = Server::start(plan);
    let run = hung(&server);
    let ledger = server.ledger();
    assert_eq!(ledger.statuses("Replace", &device_release()), [(2, 200)]);
    assert_eq!(ledger.statuses("Replace", &user_release()), [(2, 405)]);
    assert_eq!(run.trace.csp("Replace", &user_release()), [405]);
    assert!(ledger.sessions() > 5, "the device stopped polling after {} sessions", ledger.sessions());

    let pages = ["esp.device-prep", "esp.device-setup", "esp.account", "esp.error"];
    assert_eq!(run.trace.pages(), pages);
    assert!(!run.trace.screens().contains(&"desktop"), "{:?}", run.trace.screens());
    assert_eq!(run.trace.phase("esp.error", "device-setup"), "complete");
    assert_eq!(run.trace.phase("esp.error", "account-setup"), "error");
    // Mask 5: reset and continue; and the logs, which the server allowed.
    let buttons = run.trace.buttons("esp.error");
    for label in ["Reset device", "Continue anyway", "Collect logs"] {
        assert!(buttons.contains(&label), "{label}: {buttons:?}");
    }
    assert!(!buttons.contains(&"Try again"), "{buttons:?}");
    let page = run.trace.screen("esp.error").expect("it is up").to_string();
    assert!(page.contains(&server.plan().error_text), "{page}");
}

/// As above, and the server looks at the status and writes again.
#[test]
fn a_release_written_again_recovers() {
    let server = Server::start(Plan { release: Release::TooEarly { retries: true }, ..early() });
    let run = run(&server);
    let ledger = server.ledger();
    reached_desktop(&run, &ledger);
    assert_eq!(ledger.statuses("Replace", &user_release())[0], (2, 405));
    let user = run.trace.csp("Replace", &user_release());
    assert_eq!((user.first(), user.last()), (Some(&405), Some(&200)), "{user:?}");
    assert_eq!(run.trace.pages(), ["esp.device-prep", "esp.device-setup", "esp.account"]);
}

#[test]
fn the_hard_stop_only_lets_the_device_be_reset() {
    assert_eq!(buttons_of_mask(1), ["Reset device"]);
}

#[test]
fn every_button_of_the_failure_page_is_a_bit_of_the_mask() {
    assert_eq!(buttons_of_mask(6), ["Try again", "Continue anyway"]);
}

#[test]
fn a_wrong_password_is_an_authentication_fault() {
    let server = Server::start(Plan::default());
    let run = enroll(&Order { password: "Battery-Staple-2".into(), ..Order::for_server(&server) });
    failed_with(&run, &["0x80180002"]);
    let ledger = server.ledger();
    assert!(!ledger.refusals().is_empty() && ledger.enrolments().is_empty(), "{:?}", ledger.names());
}

#[test]
fn a_server_that_nobody_vouches_for_is_not_trusted() {
    let server = Server::start(Plan::default());
    let run = enroll(&Order { root: server.foreign().pem(), ..Order::for_server(&server) });
    failed_with(&run, &["0x80180012"]);
    let ledger = server.ledger();
    assert!(ledger.0.iter().all(|s| matches!(s.what, What::NoTls(Step::Discovery, _))), "{}", ledger.story());
}

#[test]
fn a_server_that_is_not_there_is_a_connectivity_error() {
    let order = Order::for_server(&Server::start(Plan::default()));
    failed_with(&enroll(&order), &["0x80180010"]);
}

#[test]
fn a_fault_counts_whatever_the_http_status() {
    let server = Server::start(Plan::with(Trouble::FaultWith200));
    let run = run(&server);
    // The detail wins over the subcode.
    failed_with(&run, &["0x80180013"]);
    assert_eq!(server.ledger().sessions(), 0);
}

#[test]
fn garbage_ends_the_enrolment() {
    for step in [Step::Discovery, Step::Policy, Step::Enrol] {
        let server = Server::start(Plan::with(Trouble::Garbage(step)));
        let run = run(&server);
        failed(&run);
        struck(&server, step);
        assert_eq!(server.ledger().sessions(), 0, "{step:?}");
    }
}

#[test]
fn an_empty_answer_ends_the_enrolment() {
    for step in [Step::Policy, Step::Enrol] {
        let server = Server::start(Plan::with(Trouble::Empty(step)));
        let run = run(&server);
        failed_with(&run, &["0x80180029"]);
        struck(&server, step);
    }
}

#[test]
fn a_certificate_for_another_key_is_not_taken() {
    let server = Server::start(Plan::with(Trouble::OtherKey));
    let run = run(&server);
    // Rejected by the certificate store, or not found when one is looked for.
    failed_with(&run, &["0x8018001e", "0x80180024"]);
    assert_eq!(server.ledger().sessions(), 0);
}

#[test]
fn a_certificate_of_a_foreign_ca_opens_no_session() {
    let server = Server::start(Plan::with(Trouble::ForeignCa));
    let run = run(&server);
    without_page(&run);
    // It was connected well enough; what was refused is its certificate.
    let errors = run.trace.errors("/ManagementServer/");
    assert!(!errors.is_empty() && !errors.contains(&"connection refused"), "{errors:?}");
    let ledger = server.ledger();
    assert_eq!((ledger.enrolments().len(), ledger.sessions()), (1, 0), "{:?}", ledger.names());
}

/// A real server announces more bytes than it sends; its text is whole, so it counts.
#[test]
fn a_wrong_content_length_does_not_matter() {
    let server = Server::start(Plan::with(Trouble::ShortBody));
    let run = run(&server);
    reached_desktop(&run, &server.ledger());
}

#[test]
fn half_a_message_is_none() {
    let server = Server::start(Plan::with(Trouble::CutBody));
    without_page(&run(&server));
    let ledger = server.ledger();
    assert!(ledger.messages().iter().all(|m| m.outcomes.is_empty()), "half a message was obeyed");
}

#[test]
fn nonsense_in_the_sessions_does_not_hang_the_device() {
    for trouble in [Trouble::Garbage(Step::Manage), Trouble::Empty(Step::Manage)] {
        let server = Server::start(Plan::with(trouble));
        without_page(&run(&server));
        struck(&server, Step::Manage);
    }
}

#[test]
fn silence_ends_the_enrolment() {
    for step in [Step::Discovery, Step::Enrol] {
        let server = Server::start(Plan::with(Trouble::Silence(step)));
        failed(&run(&server));
        struck(&server, step);
    }
}

#[test]
fn silence_in_the_sessions_does_not_hang_the_device() {
    let server = Server::start(Plan::with(Trouble::Silence(Step::Manage)));
    without_page(&run(&server));
    struck(&server, Step::Manage);
}

#[test]
fn too_many_requests_end_the_enrolment() {
    let trouble = Trouble::TooMany { at: Step::Enrol, seconds: 60, times: u32::MAX };
    let server = Server::start(Plan::with(trouble));
    failed_with(&run(&server), &["0x80180033"]);
    struck(&server, Step::Enrol);
}

#[test]
fn retry_after_is_obeyed() {
    let seconds = 600;
    let server = Server::start(Plan::with(Trouble::TooMany { at: Step::Manage, seconds, times: 1 }));
    let run = run(&server);
    ended(&run);
    let pause = run.trace.pause_after(429, "/ManagementServer/").expect("it comes again");
    assert!(pause * HURRY >= u64::from(seconds) * 1_000, "it came again after {pause} ms at {HURRY}x");
    assert!(server.ledger().sessions() > 0);
}

/// Buttons of the failure page that are bits of the mask.
fn buttons_of_mask(mask: u8) -> Vec<String> {
    let plan = Plan { release: Release::TooEarly { retries: false }, limit_minutes: 10, mask, ..early() };
    let run = hung(&Server::start(plan));
    let masked = ["Reset device", "Try again", "Continue anyway"];
    run.trace.buttons("esp.error").into_iter().filter(|b| masked.contains(b)).map(str::to_owned).collect()
}

/// A run that hangs until its limit.
fn hung(server: &Server) -> Run {
    let run = enroll(&Order { limit: 12, ..Order::for_server(server) });
    assert_eq!(run.code, Some(UNFINISHED), "{:?}\n{}", run.trace.outcome(), run.trace.tail());
    run
}

/// A plan whose release comes in the second session, before the user is there.
fn early() -> Plan {
    Plan { hold_sessions: 1, ..Plan::default() }
}

fn run(server: &Server) -> Run {
    enroll(&Order::for_server(server))
}

fn reached_desktop(run: &Run, ledger: &Ledger) {
    assert_eq!(ledger.refusals(), [""; 0]);
    let screens = run.trace.screens();
    let told = || format!("{screens:?}\n{}{}", ledger.story(), run.trace.tail());
    assert_eq!(run.trace.outcome(), Some("desktop"), "{}", told());
    assert_eq!((screens.last(), run.code), (Some(&"desktop"), Some(SUCCESS)), "{}", run.output);
}

/// It came to an end that is documented, and told so.
fn ended(run: &Run) {
    let documented = [SUCCESS, UNFINISHED, PEER].map(Some);
    assert!(documented.contains(&run.code), "{:?} {}", run.code, run.output);
    assert!(run.trace.outcome().is_some(), "no end in the trace\n{}", run.trace.tail());
}

/// No session came about, so nothing asked for a status page and none was shown (ESS-021, WIR-001).
fn without_page(run: &Run) {
    ended(run);
    assert_eq!(run.trace.pages(), [""; 0], "{}", run.trace.tail());
}

fn failed(run: &Run) {
    ended(run);
    assert_eq!(run.code, Some(PEER), "{:?}\n{}", run.trace.outcome(), run.trace.tail());
    assert!(!run.trace.screens().contains(&"desktop"), "{:?}", run.trace.screens());
    assert!(run.trace.codes().iter().any(|c| c.starts_with("0x")), "no code told\n{}", run.trace.tail());
}

fn failed_with(run: &Run, codes: &[&str]) {
    failed(run);
    let told = run.trace.codes();
    assert!(
        told.iter().any(|c| codes.contains(&c.as_str())),
        "{told:?}, not {codes:?}\n{}",
        run.trace.tail()
    );
}

fn struck(server: &Server, step: Step) {
    let ledger = server.ledger();
    let hit = ledger.0.iter().any(|s| matches!(s.what, What::Struck(at) if at == step));
    assert!(hit, "the device never came to {step:?}: {:?}", ledger.names());
}
