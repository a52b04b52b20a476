//! The name that a profile's template gives (PRO-008, PRO-034): join and enrolment carry the old one, the device the
//! new one from its next start on.

use std::path::Path;

use oobe::scenario::{self, LoadOptions};
use oobe::world::{RunOptions, World};

#[test]
fn the_cloud_hears_the_old_name_and_the_disk_has_the_new_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/name-template.toml");
    let scenario = scenario::load(&path, &LoadOptions::default()).expect("the scenario is valid");
    let mut world = World::new(&scenario, &RunOptions::default()).expect("the scenario can be built");
    while world.next_due().is_some() {
        world.step(&mut |_| {});
    }

    let name = |device: &str| {
        let disk = world.device(device).expect("the scenario has the device").disk();
        let management = disk.management.as_ref().expect("the device is managed");
        assert_eq!(management.enrolment().device_name, disk.computer_name, "a server reads the new name");
        disk.computer_name.clone()
    };
    assert_eq!(name("pc"), "PC-KE-RB14-0001");
    let lab = name("lab");
    let digits = lab.strip_prefix("LAB-").expect("the text of the template stays");
    assert!(digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()), "{lab}");

    let cloud = world.cloud().expect("the world has a cloud of ours").save();
    let heard = |what: &str, field: &str| -> Vec<String> {
        let all = cloud["state"][what].as_object().expect("a map").values();
        all.map(|one| one[field].as_str().unwrap_or_default().to_owned()).collect()
    };
    for names in [heard("devices", "display_name"), heard("enrolments", "name")] {
        assert!(names.contains(&"DESKTOP-OLDNAME".to_owned()), "{names:?}");
        assert!(names.iter().all(|n| n.starts_with("DESKTOP-")), "{names:?}");
    }
}
