//! Everything that can be wrong with a scenario: told with file, line and column, and with what would be right.

use super::{oobe, root, told};

#[test]
fn every_bad_scenario_is_explained() {
    let mut files: Vec<_> = std::fs::read_dir(root().join("tests/bad-scenarios"))
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").file_name().into_string().expect("names are UTF-8"))
        .collect();
    files.sort();
    assert!(files.len() > 20);
    for file in files {
        let output = oobe(&["check", &format!("tests/bad-scenarios/{file}")]);
        assert_eq!(output.status.code(), Some(3), "{file}");
        assert!(output.stdout.is_empty(), "{file}");
        insta::assert_snapshot!(file.replace(".toml", ""), told(&output));
    }
}

#[test]
fn overrides_are_checked_like_the_file() {
    for (name, set) in [
        ("unknown-value", "device.pc.link=carrier-pigeon"),
        ("unknown-key", "device.pc.lnik=wifi"),
        ("wrong-type", "seed=many"),
        ("not-key-value", "seed"),
        ("no-key", "=5"),
        ("no-entry", "expect.99.never=true"),
        ("below-text", "title.short=x"),
    ] {
        let output = oobe(&["check", "scenarios/user-driven.toml", "--set", set]);
        assert_eq!(output.status.code(), Some(3), "{set}");
        insta::assert_snapshot!(format!("set-{name}"), told(&output));
    }
}

#[test]
fn problems_as_json() {
    let output = oobe(&["check", "tests/bad-scenarios/unknown-keys.toml", "--format", "json"]);
    assert_eq!(output.status.code(), Some(3));
    insta::assert_snapshot!("problems-json", told(&output));
}

#[test]
fn huge_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("huge.toml");
    std::fs::write(&path, "# nothing but comment\n".repeat(100_000)).expect("it can be written");
    let output = oobe(&["check", path.to_str().expect("a path in UTF-8")]);
    assert_eq!(output.status.code(), Some(3));
    assert!(told(&output).contains("larger than 1000000 bytes"));
}

#[test]
fn fixtures_beside_the_scenario_come_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let devices = folder.path().join("fixtures/devices");
    std::fs::create_dir_all(&devices).expect("it can be made");
    let laptop =
        "oobe = 1\nmanufacturer = \"Other\"\nmodel = \"Other\"\nserial = \"FAKE-1\"\nbuild = \"26100.1\"\n";
    std::fs::write(devices.join("laptop.toml"), laptop).expect("it can be written");
    std::fs::write(
        folder.path().join("x.toml"),
        "oobe = 1\ntitle = \"x\"\n[device.pc]\npreset = \"laptop\"\n",
    )
    .expect("it can be written");
    let own = super::oobe_in(folder.path(), &["check", "x.toml", "--format", "json"]);
    let other = std::fs::read_to_string(folder.path().join("x.toml")).expect("it was written");
    std::fs::create_dir(folder.path().join("elsewhere")).expect("it can be made");
    std::fs::rename(folder.path().join("fixtures"), folder.path().join("elsewhere/fixtures"))
        .expect("it can move");
    std::fs::write(folder.path().join("x.toml"), other).expect("it can be written");
    let built_in = super::oobe_in(folder.path(), &["check", "x.toml", "--format", "json"]);
    let named = super::oobe_in(
        folder.path(),
        &["check", "x.toml", "--format", "json", "--fixtures", "elsewhere/fixtures"],
    );
    assert_ne!(own.stdout, built_in.stdout);
    assert_eq!(own.stdout, named.stdout);
}
