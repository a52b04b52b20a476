//! Design, rule 1: the device does no I/O. Nothing that could is among its dependencies.

use std::process::Command;

/// Crates that do I/O, run tasks or draw terminals.
const BANNED: [&str; 9] =
    ["tokio", "reqwest", "axum", "ratatui", "crossterm", "hyper", "rustls", "oobe-mock-cloud", "oobe"];

#[test]
fn the_device_depends_on_nothing_that_does_io() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "tree",
            "--package",
            "oobe-agent",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--offline",
            "--locked",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs these tests, so it can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8_lossy(&output.stdout);
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains(&"oobe-agent") && names.contains(&"serde"), "the tree was read: {tree}");
    for banned in BANNED {
        assert!(!names.contains(&banned), "the device must not depend on {banned}");
    }
}
