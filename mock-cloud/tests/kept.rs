//! Orders and lists are composed once and kept. Nobody may ever see that: whatever changes, the next answer is as if they
//! had been composed anew.

mod common;

use common::device::TestDevice;
use common::gateway::apps;
use common::session::{TestSession, obedient};
use common::setup::*;
use common::steps::*;
use oobe_mock_cloud::setup::{AppKind, AppSetup, Scope};
use oobe_mock_cloud::{AdminAction, Cloud};
use oobe_wire::syncml::Message;

fn app(name: &str, kind: AppKind) -> AppSetup {
    AppSetup { name: name.into(), kind, scope: Scope::Device, ..AppSetup::default() }
}

fn assign(cloud: &Cloud, name: &str, kind: AppKind) {
    let action = AdminAction::AssignApp { tenant: "contoso.test".into(), app: Box::new(app(name, kind)) };
    cloud.administer(action).unwrap();
}

/// Jobs of MSIs that a whole session ordered.
fn installed(cloud: &Cloud, device: &TestDevice, id: &str) -> usize {
    let mut session = TestSession::new(cloud, device, id);
    session.run(None, &mut obedient());
    session.orders.iter().filter(|(verb, uri, _)| verb == "Exec" && uri.ends_with("DownloadInstall")).count()
}

#[test]
fn an_app_that_is_assigned_in_mid_session_is_in_the_next_message() {
    // After the hold, after the settings, after the apps.
    for assigned_after in 0..3 {
        let cloud = cloud();
        let device = enrolled(&cloud, 1, ALICE);
        assert_eq!(apps(&cloud, &device, None), ["Editor"]);
        let mut session = TestSession::new(&cloud, &device, "1");
        let mut csp = obedient();
        let mut next = session.hello(None);
        for message in 0.. {
            let reply = Message::parse(&session.send(&next).ok().body).unwrap();
            let answers = session.carry(&reply, &mut csp);
            if answers.len() == 1 {
                break;
            }
            next = session.message(answers);
            if message == assigned_after {
                assign(&cloud, "Planner", AppKind::Msi);
                assign(&cloud, "Drawing", AppKind::Win32);
            }
        }
        let jobs = session.ordered("DownloadInstall");
        let jobs = jobs.iter().filter(|(verb, ..)| verb == "Exec").count();
        assert_eq!(
            jobs, 3,
            "Viewer, Planner and the extension, though assigned after message {assigned_after}"
        );
        if assigned_after == 0 {
            let list = &session.ordered("ExpectedMSIAppPackages")[0].2;
            assert_eq!(list.split('\u{f000}').count(), 2, "the page waits for both: {list}");
        }
        assert_eq!(apps(&cloud, &device, None), ["Editor", "Drawing"]);
    }
}

#[test]
fn an_app_that_is_assigned_between_sessions_is_in_the_next_one() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    assert_eq!(installed(&cloud, &device, "1"), 2);
    assign(&cloud, "Planner", AppKind::Msi);
    assert_eq!(installed(&cloud, &device, "2"), 1, "only the new one");
    assert_eq!(installed(&cloud, &device, "3"), 0);
}

#[test]
fn what_is_assigned_in_a_fork_stays_there() {
    let first = cloud();
    let device = enrolled(&first, 1, ALICE);
    assert_eq!((installed(&first, &device, "1"), apps(&first, &device, None).len()), (2, 1));
    let second = first.fork();
    assign(&second, "Planner", AppKind::Msi);
    assign(&second, "Drawing", AppKind::Win32);
    assert_eq!((installed(&first, &device, "2"), apps(&first, &device, None).len()), (0, 1));
    assert_eq!((installed(&second, &device, "2"), apps(&second, &device, None).len()), (1, 2));
}

#[test]
fn a_saved_cloud_composes_anew_and_says_the_same() {
    let first = cloud();
    let device = enrolled(&first, 1, ALICE);
    assert_eq!(installed(&first, &device, "1"), 2);
    let second = Cloud::load(first.save()).unwrap();
    let said = |cloud: &Cloud| {
        assign(cloud, "Planner", AppKind::Msi);
        let user = token(cloud, ALICE, MDM);
        let mut session = TestSession::new(cloud, &device, "2");
        let replies = session.run(Some(&user), &mut obedient());
        replies.iter().map(Message::write).collect::<String>()
    };
    assert_eq!(said(&first), said(&second));
    assert_eq!(first.save(), second.save());
}

#[test]
fn each_tenant_and_each_user_has_lists_of_their_own() {
    let mut setup = contoso();
    setup.tenants[1].apps.push(app("Ledger", AppKind::Win32));
    let cloud = Cloud::new(setup).unwrap();
    let (alices, eves) = (enrolled(&cloud, 1, ALICE), enrolled(&cloud, 2, EVE));
    let alice = token(&cloud, ALICE, MDM);
    for _ in 0..2 {
        assert_eq!(apps(&cloud, &alices, None), ["Editor"]);
        assert_eq!(apps(&cloud, &eves, None), ["Ledger"]);
        assert_eq!(apps(&cloud, &alices, Some(&alice)), ["Notes"]);
    }
    assert_eq!((installed(&cloud, &alices, "1"), installed(&cloud, &eves, "1")), (2, 1));
    let mut files = Vec::new();
    for (id, user) in [("2", ALICE), ("3", BOB)] {
        let token = token(&cloud, user, MDM);
        let mut session = TestSession::new(&cloud, &alices, id);
        session.run(Some(&token), &mut obedient());
        files.push(session.ordered("PFXCertBlob")[0].2.clone());
    }
    assert_ne!(files[0], files[1], "a certificate for each user");
}
