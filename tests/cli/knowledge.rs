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
