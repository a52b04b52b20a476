//! Packages, apps and certificates: what can be wrong with them.

use oobe_wire::crypto::{KeyKind, PrivateKey};
use oobe_wire::encoding::{base64_encode, hex_upper};
use oobe_wire::pfx;
use oobe_wire::rng::Stream;
use oobe_wire::x509::parse_certificate;
use serde_json::json;

use super::device_phase::{AGENT_URL, first, intune};
use super::fixtures::certificates;
use super::peer::{P, Peer, app_content, cmd, hold, msi, package, release};
use super::world::World;
use crate::esp::Phase;
use crate::io::TransportError;
use crate::keys::{KeyCommand, KeyName};
use crate::manage::csp::LocUri;
use crate::manage::{INTUNE_PROVIDER, Verdict};

fn lob(file: &[u8], sent_for: &[u8]) -> World {
    let batch = hold("X") + &msi(60, "BB", "https://cdn.test/lob.msi", sent_for);
    World::new("X", Peer::default().session(1, &[&batch]).file("https://cdn.test/lob.msi", file.to_vec()))
}

fn msi_node(leaf: &str) -> LocUri {
    LocUri::device("Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/{BB}").child(leaf)
}

fn msi_status(world: &World) -> Option<i64> {
    world.management.tree().number(&msi_node("Status"))
}

#[test]
fn an_msi_goes_through_its_states_and_the_server_is_told() {
    let file = package("LOB", 0, &["{BB}"]).write();
    let mut world = lob(&file, &file);
    let mut seen = Vec::new();
    while seen.last() != Some(&70) {
        assert!(world.step());
        if let Some(status) = msi_status(&world)
            && seen.last() != Some(&status)
        {
            seen.push(status);
        }
    }
    assert_eq!(seen, [10, 20, 50, 70]);
    world.until(|w| w.peer.heard.iter().any(|m| m.contains("win32csp_install")));
    let told = world.peer.heard.iter().find(|m| m.contains("win32csp_install")).unwrap();
    assert!(told.contains("<Data>1226</Data>") && told.contains("MSI/%7BBB%7D"));
    let again = world.peer.heard.len();
    world.until(|w| w.peer.heard.len() > again + 2);
    assert_eq!(world.peer.heard.iter().filter(|m| m.contains("win32csp_install")).count(), 1, "told once");
}

#[test]
fn a_file_with_another_hash_is_not_run() {
    let file = package("LOB", 0, &["{BB}"]).write();
    let mut world = lob(&file, b"something else");
    world.until(|w| msi_status(w) == Some(30));
    assert!(world.failed_checks().contains(&"msi-sha256"));
    assert_eq!(world.management.installed().count(), 0);
}

#[test]
fn a_real_installer_is_one_that_says_nothing_about_itself() {
    let file = b"MZ not one of ours".to_vec();
    let mut world = lob(&file, &file);
    world.until(|w| msi_status(w) == Some(70));
    assert_eq!(world.management.installed().collect::<Vec<_>>(), ["{BB}"]);
}

#[test]
fn an_installer_that_hangs_is_ended_by_its_limit() {
    let mut hanging = package("LOB", 0, &[]);
    hanging.hangs = true;
    let file = hanging.write();
    let mut world = lob(&file, &file);
    world.until(|w| msi_status(w) == Some(60));
    assert_eq!(world.management.tree().read(&msi_node("LastError")), Some("0x800705B4"));
    assert!(world.now.as_millis() >= 2 * 10 * 60_000, "two tries of ten minutes");
}

#[test]
fn an_installer_that_fails_is_tried_again_and_then_given_up() {
    let file = package("LOB", 1603, &[]).write();
    let mut world = lob(&file, &file);
    world.until(|w| msi_status(w) == Some(60));
    assert_eq!(world.management.tree().read(&msi_node("LastError")), Some("0x80070643"));
    assert_eq!(world.peer.asked.iter().filter(|url| url.ends_with("lob.msi")).count(), 2);
    assert!(world.event_ids().contains(&1924));
}

/// Runs Intune's device part with another app `one`.
fn with_app(change: impl FnOnce(&mut Peer)) -> (World, Verdict) {
    let mut peer = intune("Browser/AllowPopups");
    change(&mut peer);
    let mut world = World::new(INTUNE_PROVIDER, peer);
    let verdict = world.until_end_of(Phase::DeviceSetup);
    (world, verdict)
}

fn code(verdict: &Verdict) -> Option<&str> {
    if let Verdict::Failed { code, .. } = verdict { code.as_deref() } else { None }
}

#[test]
fn an_app_that_is_not_detected_afterwards() {
    let (url, blob) = app_content("one", &package("One", 0, &["C:\\elsewhere"]));
    let (world, verdict) = with_app(|peer| {
        peer.files.insert(url, blob);
    });
    assert_eq!(code(&verdict), Some("0x87D1041C"));
    assert!(world.rules().contains(&"ESD-038"));
}

#[test]
fn content_that_was_changed_on_the_way() {
    let (url, mut blob) = app_content("one", &package("One", 0, &["C:\\one"]));
    let last = blob.len() - 1;
    blob[last] ^= 1;
    let (world, verdict) = with_app(|peer| {
        peer.files.insert(url, blob);
    });
    assert_eq!(code(&verdict), Some("0x87D30065"));
    assert!(world.failed_checks().contains(&"content-mac"));
}

#[test]
fn content_that_is_not_there() {
    let (world, verdict) = with_app(|peer| {
        peer.files.remove("https://cdn.test/one");
    });
    assert_eq!(code(&verdict), Some("0x87D30067"));
    let tries = world.peer.asked.iter().filter(|url| *url == "https://cdn.test/one").count();
    assert_eq!(tries, 4, "one, its own retry, and two more since September 2026 (ESD-026)");
    assert!(world.rules().contains(&"ESD-026"));
}

#[test]
fn an_app_that_hangs_is_ended_by_its_own_limit() {
    let mut hanging = package("One", 0, &["C:\\one"]);
    hanging.hangs = true;
    let (url, blob) = app_content("one", &hanging);
    let (world, verdict) = with_app(|peer| {
        peer.files.insert(url, blob);
    });
    assert_eq!(code(&verdict), Some("0x87D300C9"));
    assert!(world.rules().contains(&"ESD-016"));
}

#[test]
fn an_app_that_is_there_already_is_not_fetched() {
    let mut brings = package("Intune Management Extension", 0, &["C:\\IME\\agent.exe"]);
    brings.leaves.push("C:\\one".into());
    let file = brings.write();
    let mut peer = intune("Browser/AllowPopups");
    peer.files.insert(AGENT_URL.to_owned(), file.clone());
    let first = first().replace(&hash(&super::device_phase::agent()), &hash(&file));
    peer.sessions.insert(1, vec![first]);
    let mut world = World::new(INTUNE_PROVIDER, peer);
    assert_eq!(world.until_end_of(Phase::DeviceSetup), Verdict::Succeeded);
    assert!(!world.peer.asked.iter().any(|url| url == "https://cdn.test/one"));
}

fn hash(file: &[u8]) -> String {
    hex_upper(&oobe_wire::crypto::sha256(file))
}

#[test]
fn what_an_app_needs_comes_first() {
    let (world, verdict) = with_app(|peer| {
        peer.device_apps[0]["FlatDependencies"] = json!([{ "ChildId": "two" }]);
    });
    assert_eq!(verdict, Verdict::Succeeded);
    let content: Vec<&String> =
        world.peer.asked.iter().filter(|url| url.ends_with("/one") || url.ends_with("/two")).collect();
    assert_eq!(content, ["https://cdn.test/two", "https://cdn.test/one"]);
}

#[test]
fn an_app_whose_dependency_failed_fails_too() {
    let (url, blob) = app_content("two", &package("Two", 1603, &[]));
    let (world, verdict) = with_app(|peer| {
        peer.files.insert(url, blob);
        peer.device_apps[0]["FlatDependencies"] = json!([{ "ChildId": "two" }]);
    });
    assert!(matches!(verdict, Verdict::Failed { .. }));
    assert!(!world.peer.asked.iter().any(|url| url == "https://cdn.test/one"));
}

#[test]
fn a_hard_restart_comes_at_once_and_once() {
    let (url, blob) = app_content("one", &package("One", 1641, &["C:\\one"]));
    let mut peer = intune("Browser/AllowPopups");
    peer.files.insert(url, blob);
    let mut world = World::new(INTUNE_PROVIDER, peer);
    world.until(|w| w.restarts == 1);
    assert!(!world.management.installed().any(|path| path == "C:\\two"), "before the next app");
    assert_eq!(world.until_end_of(Phase::DeviceSetup), Verdict::Succeeded);
    assert!(world.rules().contains(&"ESD-036"));
}

/// A gateway that errs once: the check fails, the device asks again and gets through.
fn gets_over(check: &str, damage: impl FnOnce(&mut Peer)) {
    let (world, verdict) = with_app(damage);
    assert_eq!(verdict, Verdict::Succeeded, "{check}");
    assert!(world.failed_checks().contains(&check), "{check}: {:?}", world.failed_checks());
}

#[test]
fn sidecar_addresses() {
    for body in [
        "",
        "nonsense",
        "[]",
        "[{\"Services\":[]}]",
        "[{\"Services\":[{\"ServiceName\":\"SideCarGatewayService\"}]}]",
    ] {
        gets_over("sidecar-addresses", |peer| peer.damaged_addresses = Some(body.to_owned()));
    }
}

#[test]
fn sidecar_payload() {
    gets_over("sidecar-payload", |peer| {
        peer.damaged.insert("PolicyRequest", serde_json::Value::Null);
    });
}

#[test]
fn sidecar_app_list() {
    for payload in ["", "!!!", "AAAA", "AAAAAAAAAAAA"] {
        gets_over("sidecar-app-list", |peer| {
            peer.damaged.insert("GetSelectedApp", json!(payload));
        });
    }
}

#[test]
fn sidecar_app() {
    gets_over("sidecar-app", |peer| peer.device_apps.push(json!({ "Name": "an app without an id" })));
}

#[test]
fn content_info() {
    let odd =
        [json!("{}"), json!("[]"), json!("x"), json!("{\"ContentInfo\":\"{}\",\"DecryptInfo\":\"<a/>\"}")];
    for payload in odd {
        gets_over("content-info", |peer| {
            peer.damaged.insert("GetContentInfo", payload);
        });
    }
}

#[test]
fn content_key() {
    for plain in ["", "{}", "{\"EncryptionKey\":\"AAAA\",\"MacKey\":\"AAAA\"}"] {
        gets_over("content-key", |peer| peer.damaged_key = Some(plain.to_owned()));
    }
}

#[test]
fn a_gateway_that_can_not_be_reached_is_asked_again() {
    let mut world = World::new(INTUNE_PROVIDER, intune("Browser/AllowPopups"));
    world.until(|w| w.pending.iter().any(|(slot, _)| *slot == crate::io::Slot::SideCar));
    world.pending.retain(|(slot, _)| *slot != crate::io::Slot::SideCar);
    let silence = crate::cx::Answer::Http(Err(TransportError::TimedOut));
    world.with(|m, a, cx| m.answer(a, cx, crate::io::Slot::SideCar, silence));
    assert_eq!(world.until_end_of(Phase::DeviceSetup), Verdict::Succeeded);
    assert!(world.rules().contains(&"MOD-011"));
}

/// A PFX for the device, and what the page expects of it.
fn with_pfx(password: &str) -> (World, String) {
    let key = PrivateKey::generate(KeyKind::P256, &mut Stream::new(3, &["pfx"]));
    let (_, certificate) = certificates(key.public(), "wifi");
    let file = pfx::make(&key, &certificate, &[], "right", "wifi", &mut Stream::new(4, &["pfx"]));
    let thumbprint = parse_certificate(&certificate).unwrap().sha1_thumbprint_hex_upper();
    let node = "./Device/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/wifi";
    let first_sync = format!("{P}/MS%20DM%20Server/FirstSyncStatus");
    let members = [
        cmd(81, "Add", node, "node", ""),
        cmd(82, "Add", &format!("{node}/KeyLocation"), "int", "3"),
        cmd(83, "Add", &format!("{node}/PFXCertPassword"), "chr", password),
        cmd(84, "Add", &format!("{node}/PFXKeyExportable"), "bool", "false"),
        cmd(85, "Add", &format!("{node}/PFXCertBlob"), "chr", &base64_encode(&file)),
    ]
    .concat();
    let batch = [
        format!("<Atomic><CmdID>80</CmdID>{members}</Atomic>"),
        cmd(90, "Replace", &format!("{first_sync}/ExpectedPFXCerts"), "chr", &format!("{node}/Status")),
        release(91, "Device", INTUNE_PROVIDER),
    ]
    .concat();
    let mut peer = intune("Browser/AllowPopups").session(2, &[&batch]);
    peer.device_apps.clear();
    (World::new(INTUNE_PROVIDER, peer), thumbprint)
}

#[test]
fn a_pfx_is_opened_and_its_key_goes_to_the_key_store() {
    let (mut world, thumbprint) = with_pfx("right");
    assert_eq!(world.until_end_of(Phase::DeviceSetup), Verdict::Succeeded);
    assert_eq!(world.row(Phase::DeviceSetup, "Certificates"), "1 of 1 applied");
    let node = LocUri::device("Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/wifi");
    assert_eq!(world.management.tree().read(&node.child("Thumbprint")), Some(thumbprint.as_str()));
    assert_eq!(world.management.tree().read(&node.child("Status")), Some("0"));
    let key = KeyName::new(format!("pfx-wifi-{thumbprint}"));
    assert!(world.keys.execute(&KeyCommand::Public { key }).is_ok());
    let disk = serde_json::to_string(&world.management).unwrap();
    assert!(!disk.contains("PFXCertPassword") && !disk.contains("PFXCertBlob"), "neither is kept");
    assert!(world.notes().all(|note| !format!("{note:?}").contains("\"right\"")), "the password is masked");
}

#[test]
fn a_pfx_with_a_wrong_password_fails_its_row() {
    let (mut world, _) = with_pfx("wrong");
    let Verdict::Failed { row, .. } = world.until_end_of(Phase::DeviceSetup) else { panic!("it fails") };
    assert_eq!(row, "Certificates");
    assert!(world.failed_checks().contains(&"pfx"));
}

#[test]
fn a_root_certificate_has_to_be_named_by_its_thumbprint() {
    let key = PrivateKey::generate(KeyKind::P256, &mut Stream::new(3, &["x"]));
    let (root, _) = certificates(key.public(), "x");
    let thumbprint = parse_certificate(&root).unwrap().sha1_thumbprint_hex_upper();
    let write = |id: u32, name: &str| {
        let uri = format!("./Device/Vendor/MSFT/RootCATrustedCertificates/Root/{name}/EncodedCertificate");
        cmd(id, "Add", &uri, "b64", &base64_encode(&root))
    };
    let mut world = World::new("X", Peer::default().session(1, &[&write(60, &thumbprint)]));
    world.until(|w| !w.events.is_empty());
    assert_eq!(world.failed_checks(), Vec::<&str>::new());
    let mut world = World::new("X", Peer::default().session(1, &[&write(60, "AB")]));
    world.until(|w| !w.events.is_empty());
    assert_eq!(world.failed_checks(), ["root-certificate"]);
}
