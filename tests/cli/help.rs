//! Help texts are part of the product.

use super::{oobe, told};

#[test]
fn help_of_every_command() {
    insta::assert_snapshot!("help", told(&oobe(&["--help"])));
    for command in
        ["run", "check", "list", "explain", "diff", "tui", "enroll", "schema", "completions", "man"]
    {
        insta::assert_snapshot!(format!("help-{command}"), told(&oobe(&[command, "--help"])));
    }
}

#[test]
fn without_arguments_the_help_is_shown() {
    let output = oobe(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("oobe run scenarios/user-driven.toml"));
}

#[test]
fn wrong_command_lines() {
    for (name, arguments) in [
        ("unknown-command", &["rnu", "x.toml"][..]),
        ("unknown-option", &["run", "x.toml", "--sed", "1"]),
        ("bad-speed", &["run", "x.toml", "--speed", "ludicrous"]),
        ("bad-seed", &["run", "x.toml", "--seed", "-1"]),
        ("bad-devices", &["run", "x.toml", "--devices", "0"]),
        ("bad-date", &["run", "x.toml", "--as-of", "tomorrow"]),
        ("bad-report", &["run", "x.toml", "--report", "pdf=x"]),
        ("quiet-and-verbose", &["run", "x.toml", "-q", "-v"]),
        ("no-such-path", &["run", "no-such-folder/x.toml"]),
        (
            "speed-is-for-one-world",
            &["run", "scenarios/user-driven.toml", "--devices", "2", "--speed", "60x"],
        ),
        ("no-password", &["enroll", "--discovery-url", "https://localhost/", "--user", "a@b.test"]),
        (
            "foreign-host",
            &["enroll", "--discovery-url", "https://mdm.test/", "--user", "a@b.test", "--password", "x"],
        ),
    ] {
        insta::assert_snapshot!(format!("usage-{name}"), told(&oobe(arguments)));
    }
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = oobe(&["completions", shell]);
        assert!(output.status.success() && output.stdout.len() > 1_000, "{shell}");
    }
}

#[test]
fn a_manual_page_for_every_command() {
    let folder = tempfile::tempdir().expect("a folder for the pages");
    let out = folder.path().join("man");
    let output = oobe(&["man", "--out", out.to_str().expect("a path in UTF-8")]);
    assert!(output.status.success(), "{}", told(&output));
    let pages = std::fs::read_dir(&out).expect("the pages were written").count();
    assert_eq!(pages, 12);
    assert!(told(&oobe(&["man"])).contains(".TH"));
}
