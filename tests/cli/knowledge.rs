//! What the program knows: codes, events, screens, rules, presets.

use super::{oobe, text, told};

#[test]
fn explanations() {
    for (name, query) in [
        ("code", &["0x801c0003"][..]),
        ("event", &["autopilot", "171"]),
        ("screen", &["esp.device-setup"]),
        ("rule", &["USR-004"]),
        ("registry", &["TenantMatched"]),
        ("nothing", &["frobnicate"]),
        ("near-miss", &["USR-0044"]),
    ] {
        let arguments: Vec<&str> = [&["explain"], query].concat();
        insta::assert_snapshot!(format!("explain-{name}"), told(&oobe(&arguments)));
    }
}

#[test]
fn every_list_has_something_and_is_json_too() {
    for what in ["--presets", "--rules", "--codes", "--events", "--screens"] {
        let human = oobe(&["list", what]);
        assert!(human.status.success() && text(&human.stdout).lines().count() > 10, "{what}");
        let json = oobe(&["list", what, "--format", "json"]);
        let list: Vec<serde_json::Value> = serde_json::from_slice(&json.stdout).expect("a JSON list");
        assert!(list.len() > 10, "{what}");
    }
    assert!(text(&oobe(&["list"]).stdout).contains("scenarios/user-driven.toml"));
    insta::assert_snapshot!("list-presets-of-no-kind", told(&oobe(&["list", "--presets", "device"])));
}

#[test]
fn explain_takes_several_things_and_names_the_one_that_is_unknown() {
    let output = oobe(&["explain", "SDM-008", "0x80180014"]);
    let told = text(&output.stdout);
    assert!(output.status.success() && told.contains("SDM-008") && told.contains("0x80180014"), "{told}");
    let output = oobe(&["explain", "SDM-008", "SDM-999"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("nothing is known about \"SDM-999\""), "{}", text(&output.stderr));
}

#[test]
fn enroll_refuses_what_can_not_be_meant() {
    let url = "http://127.0.0.1:1/EnrollmentServer/Discovery.svc";
    let base = ["enroll", "--discovery-url", url];
    for (more, why) in [
        (["--user", "", "--password", "x"].as_slice(), "--user"),
        (&["--user", "a@b.test", "--password", ""], "the password is empty"),
        (&["--user", "a@b.test", "--password", "x", "--limit", "0s"], "over before it began"),
    ] {
        let output = oobe(&[&base[..], more].concat());
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        assert!(text(&output.stderr).contains(why), "{}", text(&output.stderr));
    }
}
