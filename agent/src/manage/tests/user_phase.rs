//! The user's part of the page, above all with a server that is not Intune.

use super::peer::{P, Peer, cmd, hold, release};
use super::world::World;
use crate::esp::Phase;
use crate::manage::csp::LocUri;
use crate::manage::{EspWanted, ManageEvent, Verdict};

const PROVIDER: &str = "Fleet";
const EST: &str = "./Device/Vendor/MSFT/EnrollmentStatusTracking/DevicePreparation/PolicyProviders/Fleet";

/// What a public foreign server sends in every session (reference: protocols, D.1).
fn fleet_hold() -> String {
    [
        cmd(10, "Add", "./User/Vendor/MSFT/DMClient/Provider/Fleet", "node", ""),
        cmd(11, "Add", "./User/Vendor/MSFT/DMClient/Provider/Fleet/FirstSyncStatus", "node", ""),
        hold(PROVIDER),
        cmd(12, "Add", EST, "node", ""),
        cmd(13, "Replace", &format!("{EST}/InstallationState"), "int", "1"),
    ]
    .concat()
}

fn fleet_release() -> String {
    [
        cmd(14, "Replace", &format!("{EST}/InstallationState"), "int", "3"),
        release(15, "Device", PROVIDER),
        release(16, "User", PROVIDER),
    ]
    .concat()
}

/// Holds, then releases once; whether it repeats what was refused is the server's choice.
pub(crate) fn server(repeats: bool) -> Peer {
    let mut peer =
        Peer::default().session(1, &[&fleet_hold()]).session(2, &[&fleet_hold(), &fleet_release()]);
    if repeats {
        peer.every = vec![
            cmd(10, "Add", "./User/Vendor/MSFT/DMClient/Provider/Fleet", "node", "")
                + &release(16, "User", PROVIDER),
        ];
    }
    peer
}

/// Holds, and says in every later session what it said before: whatever the device lost of an answer comes again.
pub(crate) fn patient_server() -> Peer {
    let mut peer = Peer::default().session(1, &[&fleet_hold()]);
    peer.every = vec![fleet_hold(), fleet_release()];
    peer
}

#[test]
fn a_release_before_the_user_is_there_is_refused_and_hangs() {
    let mut world = World::new(PROVIDER, server(false));
    assert_eq!(world.until_end_of(Phase::DeviceSetup), Verdict::Succeeded);
    let early = "Replace ./User/Vendor/MSFT/DMClient/Provider/Fleet/FirstSyncStatus/ServerHasFinishedProvisioning -> 405";
    assert!(world.commands().iter().any(|c| c == early));
    assert_eq!(world.until_end_of(Phase::AccountSetup), Verdict::TimedOut);
    assert!(world.now.as_millis() / 60_000 >= 60);
    assert_eq!(world.row(Phase::AccountSetup, "Security policies"), "Error");
    for title in ["Certificates", "Network connections", "Apps"] {
        assert_eq!(world.row(Phase::AccountSetup, title), "Identifying");
    }
    for rule in ["ESU-012", "ESS-029", "ESS-027", "ESS-002"] {
        assert!(world.rules().contains(&rule), "{rule}");
    }
}

#[test]
fn a_server_that_repeats_its_release_recovers() {
    let mut world = World::new(PROVIDER, server(true));
    assert_eq!(world.until_end_of(Phase::AccountSetup), Verdict::Succeeded);
    assert!(world.now.as_millis() / 60_000 < 5);
    let late = "Replace ./User/Vendor/MSFT/DMClient/Provider/Fleet/FirstSyncStatus/ServerHasFinishedProvisioning -> 200";
    assert!(world.commands().iter().any(|c| c == late));
    assert!(world.events.contains(&ManageEvent::UserContextUp));
}

#[test]
fn the_session_says_who_is_there() {
    let mut world = World::new(PROVIDER, server(true));
    world.until_end_of(Phase::AccountSetup);
    let said: Vec<&str> = ["none", "others", "user"]
        .into_iter()
        .filter(|s| world.peer.heard.iter().any(|m| m.contains(&format!("<Data>{s}</Data>"))))
        .collect();
    assert!(said.contains(&"none") && said.contains(&"user"), "{said:?}");
    let with_user = world.peer.heard.iter().find(|m| m.contains("<Data>user</Data>")).unwrap();
    assert!(with_user.contains("AADUserToken") && with_user.contains("<Replace><CmdID>5</CmdID>"));
}

#[test]
fn a_hard_stop_of_a_foreign_server_needs_the_one_minute_limit() {
    let first_sync = format!("{P}/Fleet/FirstSyncStatus");
    let verdict = [
        cmd(40, "Replace", &format!("{first_sync}/WasDeviceSuccessfullyProvisioned"), "int", "0"),
        cmd(41, "Replace", &format!("{first_sync}/IsSyncDone"), "bool", "true"),
        cmd(42, "Replace", &format!("{EST}/InstallationState"), "int", "4"),
    ]
    .concat();
    let mut world =
        World::new(PROVIDER, Peer::default().session(1, &[&fleet_hold()]).session(2, &[&verdict]));
    world.until(|w| w.now.as_millis() > 10 * 60_000);
    assert!(world.management.failure().is_none(), "neither verdict nor state 4 bring the page up");
    assert!(world.rules().contains(&"ESS-027"));

    let stop = [
        cmd(40, "Replace", &format!("{first_sync}/CustomErrorText"), "chr", "Call IT."),
        cmd(41, "Replace", &format!("{first_sync}/BlockInStatusPage"), "int", "1"),
        cmd(42, "Replace", &format!("{first_sync}/AllowCollectLogsButton"), "bool", "true"),
        cmd(43, "Replace", &format!("{first_sync}/TimeOutUntilSyncFailure"), "int", "1"),
    ]
    .concat();
    let before = world.now.as_millis();
    world.peer.every = vec![stop];
    assert_eq!(world.until_end_of(Phase::DevicePreparation), Verdict::TimedOut);
    assert!(world.now.as_millis() - before <= 2 * 60_000, "within a minute of the session that brings it");
    let page = world.management.failure().unwrap();
    assert_eq!(page.message, "Call IT.");
    assert_eq!(page.buttons, ["Reset device", "Collect logs"]);
    for rule in ["ESS-003", "ESS-004", "ESS-017"] {
        assert!(world.rules().contains(&rule), "{rule}");
    }
}

#[test]
fn expected_policies_of_a_foreign_server_move_no_rows() {
    let list = cmd(
        30,
        "Replace",
        &format!("{P}/Fleet/FirstSyncStatus/ExpectedPolicies"),
        "chr",
        "./Vendor/MSFT/Policy/Config/A/B",
    );
    let mut world = World::new(PROVIDER, Peer::default().session(1, &[&(fleet_hold() + &list)]));
    world.until(|w| w.now.as_millis() > 60_000);
    world.begin(Phase::DeviceSetup);
    assert_eq!(world.row(Phase::DeviceSetup, "Security policies"), "Identifying");
}

#[test]
fn a_second_user_gets_a_page_of_their_own_and_waits_on_it() {
    let mut world = World::new(PROVIDER, server(true));
    assert_eq!(world.until_end_of(Phase::AccountSetup), Verdict::Succeeded);
    let release = LocUri::parse(
        "./User/Vendor/MSFT/DMClient/Provider/Fleet/FirstSyncStatus/ServerHasFinishedProvisioning",
    )
    .unwrap();
    assert!(world.management.tree().is_true(&release));
    let bob = crate::manage::SignedOnUser { upn: "bob@contoso.test".into(), oid: None, token: None };
    world.peer.every.clear();
    world.with(|m, a, cx| m.user_signed_on(a, cx, bob));
    world.until(|w| w.management.tree().user() == Some("bob@contoso.test"));
    assert!(!world.management.tree().is_true(&release), "the state is per user");
}

#[test]
fn both_parts_skipped_by_the_server() {
    let skip =
        cmd(20, "Replace", &format!("{P}/Fleet/FirstSyncStatus/SkipDeviceStatusPage"), "bool", "false");
    let mut world = World::new(PROVIDER, Peer::default().session(1, &[&skip]));
    world.until(|w| !w.events.is_empty());
    assert_eq!(world.events[0], ManageEvent::Decided(EspWanted { device: true, user: false }));
    assert_eq!(world.page().phases.len(), 2, "the user's phase is absent");
}
