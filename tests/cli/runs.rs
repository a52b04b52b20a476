//! `oobe run`

use serde_json::Value;

use super::{oobe, oobe_in, root, text, told};

const MAIN: &str = "scenarios/user-driven.toml";

#[test]
fn every_scenario_passes() {
    let output = oobe(&["run", "scenarios", "--quiet", "--jobs", "2"]);
    assert!(output.status.success(), "{}", told(&output));
}

/// One scenario for each mode.
const MODES: [&str; 3] = [MAIN, "scenarios/self-deploying.toml", "scenarios/pre-provisioned.toml"];

#[test]
fn what_comes_out_does_not_depend_on_jobs() {
    let run = |jobs: &str| {
        let [user, own, prepared] = MODES;
        let output =
            oobe(&["run", user, own, prepared, "--devices", "4", "--jobs", jobs, "--format", "jsonl"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        output.stdout
    };
    assert!(run("1") == run("2"), "one job and two give different output");
}

#[test]
fn diff_finds_no_difference_between_two_runs_nor_between_the_transports() {
    let folder = tempfile::tempdir().expect("a folder");
    for mode in MODES {
        let trace = |name: &str, transport: &str| {
            let path = folder.path().join(name).to_str().expect("a path in UTF-8").to_owned();
            let output = oobe(&["run", mode, "--quiet", "--transport", transport, "--trace", &path]);
            assert!(output.status.success(), "{}", told(&output));
            path
        };
        let first = trace("first.jsonl", "in-process");
        for other in [trace("second.jsonl", "in-process"), trace("wire.jsonl", "wire")] {
            let output = oobe(&["diff", &first, &other]);
            assert!(
                output.status.success() && text(&output.stdout).starts_with("no difference"),
                "{}",
                told(&output)
            );
        }
    }
}

#[test]
fn who_vouches_for_a_tpm_is_said_for_one_outside_only_and_has_to_be_readable() {
    let own = oobe(&["run", MAIN, "--tpm-ca", "Cargo.toml"]);
    assert_eq!(own.status.code(), Some(2), "{}", told(&own));
    assert!(text(&own.stderr).contains("--tpm-ca is for a TPM outside"), "{}", told(&own));
    for (file, why) in [("no-such.pem", "no such file"), ("Cargo.toml", "no certificate")] {
        let output = oobe(&["run", MAIN, "--tpm", "mssim:127.0.0.1:1", "--tpm-ca", file]);
        assert_eq!(output.status.code(), Some(74), "{}", told(&output));
        assert!(
            text(&output.stderr).contains(file) && text(&output.stderr).contains(why),
            "{}",
            told(&output)
        );
    }
}

#[test]
fn the_story_is_told() {
    let output = oobe(&["run", MAIN]);
    let story = text(&output.stdout);
    for part in
        ["power on", "Welcome to Contoso!", "alice types a password", "restart:", "USR-025", "rests on "]
    {
        assert!(story.contains(part), "{part:?} is missing in:\n{story}");
    }
    assert!(!story.contains("correct horse"), "the password shows");
    assert!(story.lines().all(|line| line.chars().count() <= 100), "a line is too long");
}

#[test]
fn secrets_are_masked_everywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace.jsonl");
    let trace = path.to_str().expect("a path in UTF-8");
    let output = oobe(&["run", MAIN, "-vv", "--trace", trace]);
    let all = format!("{}{}", told(&output), std::fs::read_to_string(&path).expect("the trace was written"));
    assert!(!all.contains("correct horse") && !all.contains("TEST ONLY"), "a password shows");
}

/// Somebody types the password where the name belongs: that field is no secret, but the password is.
#[test]
fn a_password_in_the_wrong_field_is_masked_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let typed = r#"
        oobe = 1
        title = "the password is typed as the name"
        time_limit = "10m"
        [tenant.contoso]
        preset = "contoso"
        [device.pc]
        preset = "laptop"
        registered = { tenant = "contoso", profile = "standard" }
        [person.alice]
        preset = "careful"
        user = "alice@contoso.test"
        [person.alice.at]
        "entra.signin" = [{ fill = { field = "username", text = "TEST ONLY correct horse" } }, { press = "Sign in" }]
        [[expect]]
        screen = "desktop"
    "#;
    std::fs::write(folder.path().join("typed.toml"), typed).expect("it can be written");
    let ways: [&[&str]; 4] = [&["-vv"], &["--quiet"], &["--devices", "3"], &["--format", "jsonl"]];
    for way in ways {
        let output = oobe_in(folder.path(), &[&["run", "typed.toml"], way].concat());
        let all = told(&output);
        assert!(
            !output.status.success() && !all.contains("correct horse"),
            "{way:?}: a password shows in\n{all}"
        );
    }
    let output = oobe_in(folder.path(), &["run", "typed.toml", "-vv"]);
    assert!(told(&output).contains("types a username"), "it does not show that something was typed");
}

#[test]
fn reports_for_programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        let mut all = vec!["run", "main.toml"];
        all.extend(arguments);
        oobe_in(folder.path(), &all)
    };
    std::fs::copy(root().join(MAIN), folder.path().join("main.toml")).expect("it can be copied");
    let output = run(&["--format", "json", "--report", "junit=out.xml", "--report", "json=out.json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).expect("a JSON document");
    assert_eq!(document["runs"][0]["outcome"], "desktop");
    assert_eq!(document["runs"][0]["header"]["seed"], 1);
    let file: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("out.json")).expect("it was written"))
            .expect("a JSON document");
    assert_eq!(file, document);
    let junit = std::fs::read_to_string(folder.path().join("out.xml")).expect("it was written");
    assert!(
        junit.contains("<testsuite name=\"main.toml (seed 1, keys p256)\"")
            && junit.contains("failures=\"0\"")
    );
    let left = std::fs::read_dir(folder.path()).expect("it can be read").count();
    assert_eq!(left, 3, "something half written was left behind");
}

#[test]
fn jsonl_ends_with_the_result() {
    let output = oobe(&["run", MAIN, "--format", "jsonl"]);
    let lines = text(&output.stdout);
    let first: Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    let last: Value = serde_json::from_str(lines.lines().last().expect("a line")).expect("JSON");
    assert_eq!(first["format"], "oobe-trace");
    assert_eq!(last["kind"], "result");
    assert_eq!(last["records"], lines.lines().count() - 2);
}

#[test]
fn a_failed_expectation_shows_what_happened_and_how_to_run_it_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out.xml");
    let report = format!("junit={}", path.display());
    let set = "expect.\"the desktop comes up\".within=2m";
    let output = oobe(&["run", MAIN, "--quiet", "--seed", "5", "--set", set, "--report", &report]);
    assert_eq!(output.status.code(), Some(1));
    let junit = std::fs::read_to_string(&path).expect("it was written");
    assert!(junit.contains("run again: oobe run scenarios/user-driven.toml --seed 5"), "{junit}");
    let told = text(&output.stdout);
    for part in [
        "✗ the desktop comes up",
        "expected  the run ends as `desktop`, within 2m",
        "happened  it ended as `desktop` at ",
        "around ",
        "run again: oobe run scenarios/user-driven.toml --seed 5 --set 'expect.\"the desktop comes up\".within=2m' -v",
    ] {
        assert!(told.contains(part), "{part:?} is missing in:\n{told}");
    }
}

#[test]
fn nobody_in_front_of_the_device() {
    let output = oobe(&["run", MAIN, "--quiet", "--set", "person={}", "--set", "expect=[]"]);
    assert_eq!(output.status.code(), Some(4), "{}", told(&output));
    assert!(text(&output.stdout).starts_with("STOP scenarios/user-driven.toml  quiet after"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::process::{Command, Stdio};

    let mut child = Command::new(env!("CARGO_BIN_EXE_oobe"))
        .args(["list", "--rules"])
        .current_dir(root())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program was built with the tests");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", told(&output));
}

#[test]
fn personal_data_can_be_masked_in_everything_that_is_written_and_changes_no_verdict() {
    const NAMES: [&str; 3] = ["alice@contoso.test", "alice%40contoso", "FAKE-RB14-0001"];
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path in UTF-8").to_owned();
    let written = |how: &str| {
        let (trace, junit) = (path(&format!("{how}.jsonl")), path(&format!("{how}.xml")));
        let report = format!("junit={junit}");
        let output =
            oobe(&["run", MAIN, "-vv", "--personal-data", how, "--trace", &trace, "--report", &report]);
        assert!(output.status.success(), "{}", told(&output));
        let file = |path: &str| std::fs::read_to_string(path).expect("it was written");
        [text(&output.stdout), file(&trace), file(&junit)].concat()
    };
    let shown = written("show");
    for name in NAMES {
        assert!(shown.contains(name), "{name} is nowhere, so nothing would be masked");
    }
    let masked = written("mask");
    for name in NAMES {
        assert!(!masked.contains(name), "{name} is still there");
    }
    assert!(masked.contains("a***@contoso.test"), "what Personal shows is left");
}

#[test]
fn runs_that_come_to_nothing_are_counted_and_stand_in_the_reports() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path in UTF-8").to_owned();
    // A folder stands where the second trace goes.
    std::fs::create_dir_all(folder.path().join("traces/scenarios-user-driven-2.jsonl")).expect("a folder");
    let (junit, document) = (format!("junit={}", path("out.xml")), format!("json={}", path("out.json")));
    let traces = path("traces");
    let all = [
        "run",
        MAIN,
        "--quiet",
        "--devices",
        "3",
        "--trace",
        &traces,
        "--report",
        &junit,
        "--report",
        &document,
    ];
    let output = oobe(&all);
    assert_eq!(output.status.code(), Some(74), "{}", told(&output));
    assert!(text(&output.stdout).ends_with("2 of 3 runs passed\n"), "{}", told(&output));
    let report = std::fs::read_to_string(path("out.xml")).expect("it was written");
    assert!(
        report.contains("errors=\"1\"") && report.contains("the trace can&apos;t be written"),
        "{report}"
    );
    let report: Value =
        serde_json::from_str(&std::fs::read_to_string(path("out.json")).expect("it was written"))
            .expect("JSON");
    assert_eq!(
        (report["runs"].as_array().map(Vec::len), &report["broken"][0]["seed"]),
        (Some(2), &Value::from(2))
    );
}
