//! What is stored carries a version, and files of every version that ever was are kept in `tests/stored`, of version 1 those
//! of the first program that stored them: a program that can't read one of them any more, or loses something that it held,
//! fails here. A field that comes with a default leaves the version as it is; what an older reader would get wrong raises it,
//! brings its migration, and adds a file (`OOBE_UPDATE=1`, which never touches one that is there).

use std::fs;
use std::path::{Path, PathBuf};

use oobe::scenario::{self, LoadOptions};
use oobe::world::{RunOptions, World};
use oobe_agent::disk::{DISK_VERSION, Disk, DiskError};
use oobe_agent::flow::Stage;
use oobe_agent::io::{Effect, Input, Link, Timer};
use oobe_agent::keys::{KEYS_VERSION, KeyCommand, KeyName, SoftwareKeyStore};
use oobe_agent::time::{Span, VirtualTime};
use oobe_agent::{Device, esp::Phase};
use oobe_mock_cloud::{AdminAction, Cloud, LoadError, RemoteAction, STATE_VERSION};
use oobe_wire::crypto::KeyKind;
use serde_json::{Value, json};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The main scenario in the middle of Device setup: joined, enrolled, an app under way.
fn half_way() -> World {
    let path = root().join("scenarios/user-driven.toml");
    let scenario = scenario::load(&path, &LoadOptions::default()).expect("the scenario can be read");
    let mut world = World::new(&scenario, &RunOptions::default()).expect("it can be built");
    let in_device_setup = |world: &World| {
        world.device("pc").is_some_and(|pc| pc.flow().stage == Stage::Esp(Phase::DeviceSetup))
    };
    while !in_device_setup(&world) {
        world.step(&mut |_| {});
    }
    let until = world.now() + Span::from_secs(60);
    while world.now() < until {
        world.step(&mut |_| {});
    }
    assert!(in_device_setup(&world), "it takes longer than a minute");
    world
}

/// The stored file of that kind and version; makes the one of the current version when there is none and it is asked for.
fn stored(kind: &str, version: u32, current: u32, make: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    let path: PathBuf = root().join(format!("tests/stored/{kind}-v{version}.json"));
    if !path.exists() && version == current && std::env::var_os("OOBE_UPDATE").is_some() {
        fs::write(&path, make()).expect("the file can be written");
    }
    let shown = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
    fs::read(&path).unwrap_or_else(|e| panic!("{shown}: {e} (OOBE_UPDATE=1 makes one of version {current})"))
}

/// Everything that `old` holds is in `new`: fields may come, none may go or change.
fn holds(old: &Value, new: &Value, at: &str) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (name, value) in old {
                let here = format!("{at}/{name}");
                let kept = new.get(name).unwrap_or_else(|| panic!("{here} was lost"));
                holds(value, kept, &here);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (i, (old, new)) in old.iter().zip(new).enumerate() {
                holds(old, new, &format!("{at}/{i}"));
            }
        }
        _ => assert_eq!(old, new, "{at} changed"),
    }
}

#[test]
fn disks_of_every_version_are_read_and_go_on_where_they_stopped() {
    for version in 1..=DISK_VERSION {
        let bytes = stored("disk", version, DISK_VERSION, || {
            half_way().device("pc").expect("the scenario has it").disk().write()
        });
        let disk = Disk::read(&bytes).unwrap_or_else(|e| panic!("version {version}: {e}"));
        assert_eq!(disk.version, DISK_VERSION);
        let old: Value = serde_json::from_slice(&bytes).expect("JSON");
        let new: Value = serde_json::from_slice(&disk.write()).expect("JSON");
        if version == DISK_VERSION {
            holds(&old, &new, "");
        }

        // It comes up in Device setup, not on the first page.
        let world = half_way();
        let setup = world.device("pc").expect("the scenario has it").setup().clone();
        let mut device = Device::with_disk(setup, disk);
        let mut now = VirtualTime::ZERO;
        device.step(now, Input::LinkChanged(Link::Ethernet));
        let boot = device.step(now, Input::PowerPressed).into_iter().find_map(|effect| match effect {
            Effect::SetTimer { timer: Timer::Boot, after, boot, .. } => Some((after, boot)),
            _ => None,
        });
        let (after, boot) = boot.expect("Windows starts");
        now = now + after;
        device.step(now, Input::TimerFired { timer: Timer::Boot, boot });
        assert_eq!(device.flow().stage, Stage::Esp(Phase::DeviceSetup));
    }
}

#[test]
fn clouds_of_every_version_are_read_and_know_their_devices() {
    for version in 1..=STATE_VERSION {
        let bytes = stored("cloud", version, STATE_VERSION, || {
            let saved = half_way().cloud().expect("it has a cloud").save();
            serde_json::to_vec(&saved).expect("JSON can be written")
        });
        let old: Value = serde_json::from_slice(&bytes).expect("JSON");
        let cloud = Cloud::load(old.clone()).unwrap_or_else(|e| panic!("version {version}: {e}"));
        if version == STATE_VERSION {
            holds(&old, &cloud.save(), "");
        }
        let action = AdminAction::Remote { device: "FAKE-RB14-0001".into(), does: RemoteAction::Sync };
        assert!(cloud.administer(action).is_ok(), "the device is managed");
    }
}

#[test]
fn key_stores_of_every_version_are_read_and_go_on_where_they_stopped() {
    let create = |store: &mut SoftwareKeyStore, name: &str, kind| {
        store.execute(&KeyCommand::Create { key: KeyName::new(name), kind }).expect("a key is made")
    };
    let with_keys = || {
        let mut store = SoftwareKeyStore::new(1, "pc");
        create(&mut store, "device", KeyKind::P256);
        create(&mut store, "transport", KeyKind::Rsa2048);
        store
    };
    for version in 1..=KEYS_VERSION {
        let bytes = stored("keys", version, KEYS_VERSION, || {
            serde_json::to_vec(&with_keys()).expect("JSON can be written")
        });
        let mut store: SoftwareKeyStore =
            serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("version {version}: {e}"));
        if version == KEYS_VERSION {
            let old = serde_json::from_slice(&bytes).expect("JSON");
            holds(&old, &serde_json::to_value(&store).expect("JSON can be written"), "");
        }
        let mut now = with_keys();
        for name in ["device", "transport"] {
            let public = KeyCommand::Public { key: KeyName::new(name) };
            assert_eq!(store.execute(&public), now.execute(&public), "{name}");
        }
        assert_eq!(create(&mut store, "next", KeyKind::P256), create(&mut now, "next", KeyKind::P256));
    }
}

#[test]
fn what_a_newer_program_stored_is_refused_and_says_so() {
    let newer = serde_json::to_vec(&json!({ "version": DISK_VERSION + 1, "boots": 1 })).expect("JSON");
    match Disk::read(&newer) {
        Err(error @ DiskError::TooNew { found: 2 }) => {
            assert_eq!(error.to_string(), "the stored disk has version 2; this program knows up to 1");
        }
        other => panic!("{other:?}"),
    }
    let newer = json!({ "version": KEYS_VERSION + 1, "another": "shape" });
    let error = serde_json::from_value::<SoftwareKeyStore>(newer).expect_err("nobody knows it yet");
    assert_eq!(error.to_string(), "the stored key store has version 2; this program knows up to 1");
    let newer = json!({ "format": "oobe-cloud", "version": STATE_VERSION + 1, "state": {} });
    assert!(matches!(Cloud::load(newer), Err(LoadError::Version { found: 2 })));
}

#[test]
fn what_was_never_stored_by_us_is_refused() {
    for bytes in [&b""[..], b"null", b"{}", b"{\"version\":1}", b"{\"version\":\"1\"}", b"\x00\xff"] {
        assert!(matches!(Disk::read(bytes), Err(DiskError::Malformed(_))), "{bytes:?}");
    }
    for value in [json!(null), json!({}), json!({ "format": "else", "version": 1, "state": {} })] {
        assert!(matches!(Cloud::load(value), Err(LoadError::Format(_))));
    }
}
