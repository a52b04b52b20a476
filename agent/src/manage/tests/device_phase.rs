//! The device part of the page with Intune's agent.

use super::peer::{P, Peer, app, app_content, cmd, hold, msi, package, release};
use super::world::World;
use crate::esp::Phase;
use crate::manage::{INTUNE_PROVIDER, ManageEvent, Verdict};

pub(super) const AGENT_URL: &str = "https://cdn.test/IntuneWindowsAgent.msi";
const EST: &str = "./Device/Vendor/MSFT/EnrollmentStatusTracking";

pub(super) fn agent() -> Vec<u8> {
    package("Intune Management Extension", 0, &["C:\\IME\\agent.exe"]).write()
}

/// First session: the hold, a provider to wait for, the agent's MSI.
pub(super) fn first() -> String {
    let state = format!("{EST}/DevicePreparation/PolicyProviders/Sidecar/InstallationState");
    hold_and_agent() + &cmd(31, "Replace", &state, "int", "1")
}

/// The same without the state of the provider: repeated, it would undo what the agent wrote.
pub(super) fn hold_and_agent() -> String {
    [
        hold(INTUNE_PROVIDER),
        cmd(30, "Add", &format!("{EST}/DevicePreparation/PolicyProviders/Sidecar"), "node", ""),
        cmd(32, "Replace", &format!("{EST}/DevicePreparation/PolicyProviders/Sidecar/Timeout"), "int", "30"),
        msi(40, "AA", AGENT_URL, &agent()),
    ]
    .concat()
}

/// Second session: a policy, an LOB package, what to wait for, and the release.
pub(super) fn second(policy: &str) -> String {
    let first_sync = format!("{P}/MS%20DM%20Server/FirstSyncStatus");
    let lob = package("LOB", 0, &["{BB}"]).write();
    let status = "./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7BBB%7D/Status;1";
    [
        cmd(50, "Replace", &format!("./Device/Vendor/MSFT/Policy/Config/{policy}"), "int", "1"),
        msi(60, "BB", "https://cdn.test/lob.msi", &lob),
        cmd(70, "Replace", &format!("{first_sync}/ExpectedMSIAppPackages"), "chr", status),
        release(71, "Device", INTUNE_PROVIDER),
    ]
    .concat()
}

pub(super) fn intune(policy: &str) -> Peer {
    let (one, two) = (package("One", 0, &["C:\\one"]), package("Two", 3010, &["C:\\two"]));
    let mut peer = Peer::default()
        .session(1, &[&first()])
        .session(2, &[&second(policy)])
        .file(AGENT_URL, agent())
        .file("https://cdn.test/lob.msi", package("LOB", 0, &["{BB}"]).write());
    for (id, package) in [("one", &one), ("two", &two)] {
        let (url, blob) = app_content(id, package);
        peer = peer.file(&url, blob);
    }
    peer.device_apps = vec![app("one", "C:\\one"), app("two", "C:\\two")];
    peer
}

#[test]
fn the_device_part_runs_to_its_end() {
    let mut world = World::new(INTUNE_PROVIDER, intune("Browser/AllowPopups"));
    assert_eq!(world.until_end_of(Phase::DevicePreparation), Verdict::Succeeded);
    assert_eq!(world.until_end_of(Phase::DeviceSetup), Verdict::Succeeded);
    assert_eq!(world.row(Phase::DeviceSetup, "Security policies"), "1 of 1 applied");
    assert_eq!(world.row(Phase::DeviceSetup, "Apps"), "3 of 3 installed");
    assert_eq!(world.row(Phase::DeviceSetup, "Certificates"), "No setup needed");
    assert_eq!(world.row(Phase::DevicePreparation, "Securing your hardware"), "No setup needed");
    for path in ["C:\\IME\\agent.exe", "{BB}", "C:\\one", "C:\\two"] {
        assert!(world.management.installed().any(|found| found == path), "{path}");
    }
    let refused: Vec<_> =
        world.commands().into_iter().filter(|c| !c.ends_with("200") && !c.ends_with("202")).collect();
    assert_eq!(refused, Vec::<String>::new());
    assert_eq!(world.failed_checks(), Vec::<&str>::new());
    for id in [208, 209, 813, 1905, 1906, 1920, 1922, 62407] {
        assert!(world.event_ids().contains(&id), "{id}");
    }
    for rule in ["ESS-021", "ESD-003", "ESD-005", "ESD-033", "ESD-036", "EVT-015"] {
        assert!(world.rules().contains(&rule), "{rule}");
    }
}

#[test]
fn an_app_that_wants_a_restart_gets_it_at_the_end_of_the_phase() {
    let mut world = World::new(INTUNE_PROVIDER, intune("Browser/AllowPopups"));
    world.until(|w| w.events.iter().any(|e| matches!(e, ManageEvent::RestartNeeded { .. })));
    let order: Vec<bool> = world
        .events
        .iter()
        .filter_map(|event| match event {
            ManageEvent::PhaseEnded { phase: Phase::DeviceSetup, .. } => Some(false),
            ManageEvent::RestartNeeded { .. } => Some(true),
            _ => None,
        })
        .collect();
    assert_eq!(order, [false, true], "the phase ends, then the device restarts");
}

#[test]
fn policies_that_need_a_restart_share_one() {
    let mut peer = intune("DeviceLock/MinDevicePasswordLength");
    peer.device_apps.truncate(1);
    let mut world = World::new(INTUNE_PROVIDER, peer);
    world.until(|w| w.restarts == 1);
    assert!(world.event_ids().contains(&2800));
    assert!(world.rules().contains(&"USR-025"));
}

#[test]
fn the_page_counts_while_apps_are_installed() {
    let mut peer = intune("Browser/AllowPopups");
    let late = peer.sessions.remove(&2).unwrap();
    peer.sessions.insert(4, late);
    let mut world = World::new(INTUNE_PROVIDER, peer);
    let mut seen = Vec::new();
    while world.events.iter().all(|e| !matches!(e, ManageEvent::PhaseEnded { phase: Phase::DeviceSetup, .. }))
    {
        assert!(world.step());
        if !world.page().phases.is_empty() {
            let row = world.row(Phase::DeviceSetup, "Apps");
            if seen.last() != Some(&row) {
                seen.push(row);
            }
        }
    }
    assert_eq!(
        seen,
        [
            "Waiting for previous step",
            "Identifying",
            "0 of 3 installed",
            "1 of 3 installed",
            "2 of 3 installed",
            "3 of 3 installed"
        ]
    );
}

#[test]
fn a_server_that_never_finishes_meets_the_time_limit() {
    let mut peer = intune("Browser/AllowPopups");
    peer.sessions.remove(&2);
    let mut world = World::new(INTUNE_PROVIDER, peer);
    assert_eq!(world.until_end_of(Phase::DeviceSetup), Verdict::TimedOut);
    let minutes = world.now.as_millis() / 60_000;
    assert!((60..62).contains(&minutes), "{minutes}");
    let page = world.management.failure().expect("a failure page");
    assert_eq!(page.code.as_deref(), Some("0x800705B4"));
    assert_eq!(page.buttons, ["Reset device", "Try again"]);
    assert!(page.message.starts_with("Setup could not be completed"));
    assert!(world.management.blocks());
}

#[test]
fn an_agent_that_never_comes_meets_the_limit_of_its_provider() {
    let mut peer = intune("Browser/AllowPopups");
    peer.files.remove(AGENT_URL);
    let mut world = World::new(INTUNE_PROVIDER, peer);
    assert_eq!(world.until_end_of(Phase::DevicePreparation), Verdict::TimedOut);
    let minutes = world.now.as_millis() / 60_000;
    assert!((30..32).contains(&minutes), "{minutes}");
    let row = world.row(Phase::DevicePreparation, "Preparing your device for mobile management");
    assert_eq!(row, "Failed: 0x800705B4");
}

#[test]
fn an_app_that_fails_brings_the_failure_page_and_try_again_mends_it() {
    let mut peer = intune("Browser/AllowPopups");
    let (url, blob) = app_content("one", &package("One", 1603, &[]));
    peer.files.insert(url, blob);
    let mut world = World::new(INTUNE_PROVIDER, peer);
    let Verdict::Failed { code, row, .. } = world.until_end_of(Phase::DeviceSetup) else {
        panic!("it fails")
    };
    assert_eq!((code.as_deref(), row.as_str()), (Some("0x80070643"), "Apps"));
    assert_eq!(world.row(Phase::DeviceSetup, "Apps"), "Error");

    let (url, blob) = app_content("one", &package("One", 0, &["C:\\one"]));
    world.peer.files.insert(url, blob);
    world.events.clear();
    world.with(|m, a, cx| m.retry(a, cx, Phase::DeviceSetup));
    assert_eq!(world.until_end_of(Phase::DeviceSetup), Verdict::Succeeded);
    assert!(world.rules().contains(&"ESD-039"));
}

#[test]
fn no_page_without_a_wish_of_the_server() {
    let mut world = World::new(INTUNE_PROVIDER, Peer::default());
    world.until(|w| !w.events.is_empty());
    let wanted = crate::manage::EspWanted { device: false, user: false };
    assert_eq!(world.events, [ManageEvent::Decided(wanted)]);
    assert!(world.rules().contains(&"ESS-021"));
}

#[test]
fn an_update_ring_holds_the_page_for_one_more_session() {
    let run = |as_of| {
        let mut peer = intune("Update/DeferQualityUpdatesPeriodInDays");
        peer.device_apps.clear();
        let mut world = World::new(INTUNE_PROVIDER, peer);
        world.setup.as_of = as_of;
        assert_eq!(world.until_end_of(Phase::DeviceSetup), Verdict::Succeeded);
        (world.rules().contains(&"ESD-042"), world.management.sessions.completed)
    };
    let (held, sessions) = run(jiff::civil::date(2026, 11, 1));
    assert!(held);
    let (held, before) = run(jiff::civil::date(2026, 1, 12));
    assert!(!held);
    assert!(sessions > before);
}

#[test]
fn application_control_restarts_the_device_at_once_and_once() {
    let rule = "./Vendor/MSFT/AppLocker/ApplicationLaunchRestrictions/G/EXE/Policy";
    let mut peer = intune("Browser/AllowPopups");
    let with_rule =
        second("Browser/AllowPopups") + &cmd(95, "Replace", rule, "chr", "&lt;RuleCollection/&gt;");
    peer.sessions.insert(2, vec![with_rule]);
    peer.sessions.insert(3, vec![cmd(95, "Replace", rule, "chr", "&lt;RuleCollection/&gt;")]);
    let mut world = World::new(INTUNE_PROVIDER, peer);
    assert_eq!(world.until_end_of(Phase::DeviceSetup), Verdict::Succeeded);
    let restarts = world.events.iter().filter(
        |event| matches!(event, ManageEvent::RestartNeeded { why } if why.contains("application control")),
    );
    assert_eq!(restarts.count(), 1);
    assert!(world.rules().contains(&"ESD-040"));
}

#[test]
fn a_virtual_machine_that_is_too_small_fails_in_preparation() {
    let mut world = World::new(INTUNE_PROVIDER, intune("Browser/AllowPopups"));
    let record = &mut world.setup.hardware.record;
    record.smbios.product_name = "Virtual Machine".into();
    record.cpu.threads = 1;
    record.memory.total_gb = 2;
    let Verdict::Failed { row, .. } = world.until_end_of(Phase::DevicePreparation) else {
        panic!("it fails")
    };
    assert_eq!(row, "Preparing your device for mobile management");
    assert!(world.rules().contains(&"ESD-021"));
}

#[test]
fn results_are_reported() {
    let mut world = World::new(INTUNE_PROVIDER, intune("Browser/AllowPopups"));
    world.until_end_of(Phase::DeviceSetup);
    assert!(world.peer.asked.iter().any(|kind| kind == "ReportAppResults"));
}

#[test]
fn the_registry_says_what_the_page_says() {
    let mut world = World::new(INTUNE_PROVIDER, intune("Browser/AllowPopups"));
    world.until_end_of(Phase::DeviceSetup);
    let text = |key: &str, name: &str| match world.registry.read(key, name) {
        Some(crate::registry::RegistryValue::String(text)) => text.clone(),
        other => panic!("{key} {name}: {other:?}"),
    };
    let settings = "HKLM\\SOFTWARE\\Microsoft\\Provisioning\\AutopilotSettings";
    let status: serde_json::Value =
        serde_json::from_str(&text(settings, "DeviceSetupCategory.Status")).unwrap();
    assert_eq!(status["categoryState"], "succeeded");
    assert_eq!(status["DeviceSetup.AppsSubcategory"]["subcategoryStatusText"], "Apps (3 of 3 installed)");
    let tracking = "HKLM\\SOFTWARE\\Microsoft\\Windows\\Autopilot\\EnrollmentStatusTracking\\Device";
    let state = |path: &str, name: &str| world.registry.read(&format!("{tracking}\\{path}"), name).cloned();
    let three = Some(crate::registry::RegistryValue::Dword(3));
    assert_eq!(state("DevicePreparation\\PolicyProviders\\Sidecar", "InstallationState"), three);
    assert_eq!(state("Setup\\Apps\\Tracking\\Sidecar\\Win32App_one_1", "InstallationState"), three);
}
