//! What the management server refuses, and what it does about devices that refuse. One test for each check.

mod common;

use common::device::TestDevice;
use common::http::post;
use common::session::{MANAGE, TestSession, obedient};
use common::setup::*;
use common::steps::*;
use common::{nothing_refused, refused, told};
use oobe_mock_cloud::setup::AppKind;
use oobe_mock_cloud::{AdminAction, Cloud, FaultKind, Matcher, Record, ServiceFault, TokenTweak, checks};
use oobe_wire::soap::Security;
use oobe_wire::syncml::{Body, CONTENT_TYPE, Item, Message, Status, StatusCode};

/// Sends a first message with something changed in it. Gives the HTTP status.
fn hello(cloud: &Cloud, device: &TestDevice, change: impl FnOnce(&mut Message)) -> u16 {
    let mut session = TestSession::new(cloud, device, "1");
    let mut message = session.hello(None);
    change(&mut message);
    session.send(&message).status
}

fn with_certificate(cloud: &Cloud, device: &TestDevice, certificate: Option<&[u8]>) -> u16 {
    let message = TestSession::new(cloud, device, "1").hello(None);
    let request = post(MANAGE, CONTENT_TYPE, message.write());
    let request = match certificate {
        Some(certificate) => request.peer(certificate),
        None => request,
    };
    request.send(cloud).status
}

/// A session in its second message: what the server ordered, ready to be answered.
fn ordered<'a>(cloud: &'a Cloud, device: &'a TestDevice) -> (TestSession<'a>, Vec<Body>) {
    let mut session = TestSession::new(cloud, device, "1");
    let first = session.hello(None);
    let reply = Message::parse(&session.send(&first).ok().body).unwrap();
    let answers = session.carry(&reply, &mut obedient());
    (session, answers)
}

#[test]
fn refuses_dm_certificate_missing() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    assert_eq!(with_certificate(&cloud, &device, None), 401);
    refused(&cloud, checks::DM_CERTIFICATE);
}

#[test]
fn refuses_dm_chain_of_another_ca_and_out_of_date() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    assert_eq!(with_certificate(&cloud, &device, Some(&device.device_certificate)), 401);
    refused(&cloud, checks::DM_CHAIN);
    cloud.set_now(EPOCH.plus_days(366));
    assert_eq!(with_certificate(&cloud, &device, Some(&device.mdm_certificate)), 401);
    refused(&cloud, checks::DM_CHAIN);
}

#[test]
fn refuses_dm_enrolled_but_removed_device() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let delete = AdminAction::DeleteDevice { device: "PC".into(), which: Record::Intune };
    cloud.administer(delete).unwrap();
    assert_eq!(hello(&cloud, &device, |_| ()), 403);
    refused(&cloud, checks::DM_ENROLLED);
}

#[test]
fn refuses_dm_certificate_current_at_an_earlier_enrolment() {
    let cloud = cloud();
    let mut device = enrolled(&cloud, 1, ALICE);
    let old = device.mdm_certificate.clone();
    device.mdm_key = TestDevice::new(2).mdm_key;
    let token = token(&cloud, ALICE, MDM);
    enrol_with(&cloud, &mut device, Security::Jwt(token));
    assert_eq!(with_certificate(&cloud, &device, Some(&old)), 403);
    refused(&cloud, checks::DM_CERTIFICATE_CURRENT);
    assert_eq!(hello(&cloud, &device, |_| ()), 200);
}

#[test]
fn refuses_dm_message_that_is_garbage() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    for body in ["", "Bad", "<SyncML/>"] {
        let answer = post(MANAGE, CONTENT_TYPE, body).peer(&device.mdm_certificate).send(&cloud);
        assert_eq!((answer.status, answer.text().as_str()), (400, "Bad Request"));
        refused(&cloud, checks::DM_MESSAGE);
    }
}

#[test]
fn refuses_dm_source_that_is_another_device() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let other = enrolled(&cloud, 2, ALICE);
    assert_eq!(hello(&cloud, &device, |m| m.header.source.clone_from(&other.mdm_id)), 403);
    refused(&cloud, checks::DM_SOURCE);
}

#[test]
fn refuses_dm_target_that_is_another_server() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    assert_eq!(hello(&cloud, &device, |m| m.header.target = "https://mdm.fabrikam.test/".into()), 400);
    refused(&cloud, checks::DM_TARGET);
}

#[test]
fn refuses_dm_message_id_out_of_order() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    for number in ["2", "0", "one", ""] {
        assert_eq!(hello(&cloud, &device, |m| m.header.msg_id = number.into()), 400);
        refused(&cloud, checks::DM_MESSAGE_ID);
    }
    assert_eq!(hello(&cloud, &device, |m| m.header.session_id = String::new()), 400);
    refused(&cloud, checks::DM_MESSAGE_ID);
    let (mut session, answers) = ordered(&cloud, &device);
    session.message += 1;
    let message = session.message(answers);
    assert_eq!(session.send(&message).status, 400);
    refused(&cloud, checks::DM_MESSAGE_ID);
}

fn statuses(answers: &mut [Body]) -> impl Iterator<Item = &mut Status> {
    answers.iter_mut().filter_map(|b| if let Body::Status(s) = b { Some(s) } else { None })
}

#[test]
fn refuses_dm_status_reference_to_a_command_that_was_not_sent() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let spoils: [fn(&mut Status); 2] = [|s| s.msg_ref = "7".into(), |s| s.cmd_ref = "99".into()];
    for spoil in spoils {
        let (mut session, mut answers) = ordered(&cloud, &device);
        spoil(statuses(&mut answers).last().unwrap());
        let message = session.message(answers);
        assert_eq!(session.send(&message).status, 400);
        refused(&cloud, checks::DM_STATUS_REFERENCE);
    }
}

#[test]
fn refuses_dm_status_complete_but_for_one_command() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let (mut session, mut answers) = ordered(&cloud, &device);
    answers.remove(1);
    let message = session.message(answers);
    assert_eq!(session.send(&message).status, 400);
    refused(&cloud, checks::DM_STATUS_COMPLETE);
    // In the next session everything comes again.
    let mut again = TestSession::new(&cloud, &device, "2");
    again.run(None, &mut obedient());
    assert_eq!(again.ordered("SkipDeviceStatusPage").len(), 1);
}

#[test]
fn refuses_dm_results_reference_without_a_get() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let (mut session, mut answers) = ordered(&cloud, &device);
    let items = vec![Item::source("./DevDetail/SwV").with_data("10.0")];
    answers.push(Body::Results { msg_ref: "1".into(), cmd_ref: "1".into(), items });
    let message = session.message(answers);
    assert_eq!(session.send(&message).status, 400);
    refused(&cloud, checks::DM_RESULTS_REFERENCE);
}

#[test]
fn refuses_dm_first_message_without_introduction() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let status = hello(&cloud, &device, |m| m.commands.retain(|c| !matches!(c.body, Body::Replace { .. })));
    assert_eq!(status, 400);
    refused(&cloud, checks::DM_FIRST_MESSAGE);
}

/// What the alert with a user token is answered with.
fn token_status(cloud: &Cloud, device: &TestDevice, token: &str) -> u16 {
    let mut session = TestSession::new(cloud, device, "9");
    let replies = session.run(Some(token), &mut obedient());
    assert!(session.ordered("./User").is_empty());
    let alert = |s: &Status| s.cmd == "Alert" && s.cmd_ref == "4";
    let found = replies[0].commands.iter().find_map(|c| match &c.body {
        Body::Status(s) if alert(s) => Some(s.code),
        _ => None,
    });
    found.unwrap().0
}

#[test]
fn refuses_dm_user_token_bad_or_late() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let foreign = token(&cloud, EVE, MDM);
    let wrong = token(&cloud, ALICE, DRS);
    let matcher = Matcher { operation: Some("grant_type=password".into()), ..Matcher::default() };
    let tweak = TokenTweak::BadSignature;
    cloud.inject(ServiceFault { matcher, what: FaultKind::Token { tweak } });
    let damaged = token(&cloud, ALICE, MDM);
    for token in [foreign, wrong, damaged, "x".into()] {
        assert_eq!(token_status(&cloud, &device, &token), 401);
        refused(&cloud, checks::DM_USER_TOKEN);
    }
    let late = token(&cloud, ALICE, MDM);
    cloud.set_now(EPOCH.plus_seconds(7200));
    assert_eq!(token_status(&cloud, &device, &late), 401);
    refused(&cloud, checks::DM_USER_TOKEN);
}

#[test]
fn refuses_dm_user_token_device_that_is_another() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let other = enrolled(&cloud, 2, ALICE);
    let token = prt_token(&cloud, &prt(&cloud, &other, ALICE), MDM);
    assert_eq!(token_status(&cloud, &device, &token), 401);
    refused(&cloud, checks::DM_USER_TOKEN_DEVICE);
}

#[test]
fn lost_answer_is_given_again() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let mut session = TestSession::new(&cloud, &device, "1");
    let first = session.hello(None);
    let reply = session.send(&first).ok().body;
    assert_eq!(session.send(&first).ok().body, reply);
    let mut csp = obedient();
    let parsed = Message::parse(&reply).unwrap();
    let answers = session.carry(&parsed, &mut csp);
    let second = session.message(answers);
    let reply = session.send(&second).ok().body;
    assert_eq!(session.send(&second).ok().body, reply);
    assert!(told(&nothing_refused(&cloud), "reply-repeated"));
}

#[test]
fn cut_session_begins_again_where_it_was() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let mut csp = obedient();
    let mut session = TestSession::new(&cloud, &device, "1");
    let first = session.hello(None);
    let reply = Message::parse(&session.send(&first).ok().body).unwrap();
    let answers = session.carry(&reply, &mut csp);
    let second = session.message(answers);
    session.send(&second).ok();
    // Power goes: what was answered is not ordered again, the rest is. The session may have the same number.
    let mut again = TestSession::new(&cloud, &device, "1");
    again.run(None, &mut csp);
    assert!(again.ordered("SkipDeviceStatusPage").is_empty());
    assert_eq!(again.ordered("ServerHasFinishedProvisioning").len(), 1);
    assert!(told(&nothing_refused(&cloud), "device-released"));
}

#[test]
fn installer_is_ordered_until_it_is_taken() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let mut usual = obedient();
    let mut not_yet = |verb: &str, uri: &str, data: Option<&str>| {
        if verb == "Exec" { (404, None) } else { usual(verb, uri, data) }
    };
    for session in ["1", "2"] {
        let mut session = TestSession::new(&cloud, &device, session);
        session.run(None, &mut not_yet);
        assert_eq!(session.orders.iter().filter(|o| o.0 == "Exec").count(), 2);
        assert!(session.ordered("ServerHasFinishedProvisioning").is_empty());
    }
    let mut third = TestSession::new(&cloud, &device, "3");
    third.run(None, &mut usual);
    assert_eq!(third.orders.iter().filter(|o| o.0 == "Exec").count(), 2);
    assert_eq!(third.ordered("ServerHasFinishedProvisioning").len(), 1);
}

#[test]
fn user_release_is_repeated_until_the_context_is_there() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let token = prt_token(&cloud, &prt(&cloud, &device, ALICE), MDM);
    let mut usual = obedient();
    TestSession::new(&cloud, &device, "1").run(None, &mut usual);
    let mut no_user = |verb: &str, uri: &str, data: Option<&str>| match verb {
        "Add" if uri.starts_with("./User") => (500, None),
        _ if uri.starts_with("./User") => (405, None),
        _ => usual(verb, uri, data),
    };
    for session in ["2", "3"] {
        let mut session = TestSession::new(&cloud, &device, session);
        session.run(Some(&token), &mut no_user);
        assert_eq!(session.ordered("./User").len(), 2, "{:?}", session.orders);
    }
    let mut fourth = TestSession::new(&cloud, &device, "4");
    fourth.run(Some(&token), &mut usual);
    assert_eq!(fourth.ordered("./User/Vendor/MSFT/DMClient").last().unwrap().2, "true");
    assert!(told(&nothing_refused(&cloud), "user-released"));
}

#[test]
fn second_user_gets_orders_of_their_own() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let mut csp = obedient();
    TestSession::new(&cloud, &device, "1").run(None, &mut csp);
    for (user, session) in [(ALICE, "2"), (BOB, "3")] {
        let token = token(&cloud, user, MDM);
        let mut session = TestSession::new(&cloud, &device, session);
        session.run(Some(&token), &mut csp);
        assert_eq!(session.ordered("ServerHasFinishedProvisioning").len(), 1);
    }
}

#[test]
fn device_enrolled_by_password_has_no_tokens() {
    let cloud = cloud();
    let mut device = TestDevice::new(1);
    let security = Security::UsernameToken { user: ALICE.into(), password: PASSWORD.into() };
    enrol_with(&cloud, &mut device, security);
    let mut csp = obedient();
    TestSession::new(&cloud, &device, "1").run(None, &mut csp);
    let mut second = TestSession::new(&cloud, &device, "2");
    let mut message = second.hello(Some("x"));
    // Only the LoginStatus: there is no token.
    message.commands.remove(2);
    let reply = Message::parse(&second.send(&message).ok().body).unwrap();
    second.carry(&reply, &mut csp);
    assert_eq!(second.ordered("./User").len(), 2);
    nothing_refused(&cloud);
}

#[test]
fn tenant_without_status_page_and_agent_orders_neither() {
    let cloud = cloud_with(|t| {
        t.esp.show = false;
        t.apps.retain(|a| a.kind == AppKind::Msi);
    });
    let device = enrolled(&cloud, 1, ALICE);
    let mut session = TestSession::new(&cloud, &device, "1");
    session.run(None, &mut obedient());
    assert_eq!(session.ordered("SkipDeviceStatusPage")[0].2, "true");
    assert!(session.ordered("Sidecar").is_empty() && session.ordered("BlockInStatusPage").is_empty());
    assert_eq!(session.orders.iter().filter(|o| o.0 == "Exec").count(), 1);
}

#[test]
fn first_answer_holds_the_device() {
    let cloud = cloud_with(|t| {
        t.esp.allow_reset = true;
        t.esp.custom_error = Some("Call 1234 \u{1f4de}".into());
    });
    let device = enrolled(&cloud, 1, ALICE);
    let mut session = TestSession::new(&cloud, &device, "1");
    let first = session.hello(None);
    let reply = Message::parse(&session.send(&first).ok().body).unwrap();
    session.carry(&reply, &mut obedient());
    let value = |leaf: &str| session.ordered(leaf)[0].2.clone();
    assert_eq!(value("BlockInStatusPage"), "3");
    assert_eq!(value("CustomErrorText"), "Call 1234 \u{1f4de}");
    assert_eq!(value("TimeOutUntilSyncFailure"), "60");
    assert_eq!(value("Sidecar/InstallationState"), "1");
    // Statuses come first, beginning with the header's.
    assert!(
        matches!(&reply.commands[0].body, Body::Status(s) if s.cmd == "SyncHdr" && s.code == StatusCode::OK)
    );
}

#[test]
fn device_that_unenrols_is_not_served_any_more() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let status = hello(&cloud, &device, |m| {
        let item = Item::default().with_type("com.microsoft:mdm.unenrollment.userrequest").with_data("1");
        m.commands[1].body = Body::Alert { code: 1226, items: vec![item] };
    });
    assert_eq!(status, 200);
    assert!(told(&nothing_refused(&cloud), "device-unenrolled"));
    assert_eq!(hello(&cloud, &device, |_| ()), 403);
}

#[test]
fn answers_may_come_in_two_messages() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let (mut session, mut answers) = ordered(&cloud, &device);
    let rest = answers.split_off(4);
    let mut message = session.message(answers);
    message.final_ = false;
    let interim = Message::parse(&session.send(&message).ok().body).unwrap();
    assert!(interim.commands.iter().all(|c| matches!(c.body, Body::Status(_))), "nothing new in between");
    let message = session.message(rest);
    let reply = Message::parse(&session.send(&message).ok().body).unwrap();
    assert!(reply.commands.iter().any(|c| !matches!(c.body, Body::Status(_))));
    nothing_refused(&cloud);
}
