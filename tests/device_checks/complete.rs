//! The list of checks stays complete: one that gets no negative test fails here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Calls that name a check, in the device's sources.
const CALLS: [&str; 4] = [".checked(", "check(cx, ", "need(cx, ", "reject("];

/// The calls that pass on a name that was given to them: the definitions of the helpers themselves.
const PASSED_ON: [&str; 5] = [
    ".checked(rejected.check, ",
    ".checked(name, failed.clone())",
    ".checked(check, Some(problem.clone()))",
    "check: &str",
    "check: &'static str, problem",
];

/// All Rust files below a folder, ordered, tests left out.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// The names of checks in one file. A call whose name can't be read is a failure: the list would be incomplete.
fn named(path: &Path, names: &mut BTreeSet<String>) {
    let text = fs::read_to_string(path).expect("the file can be read");
    // One line, however the calls are laid out.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(");
    for call in CALLS {
        for (at, _) in text.match_indices(call) {
            let after = text[at + call.len()..].trim_start();
            if let Some((name, _)) = after.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
                names.insert(name.to_owned());
                continue;
            }
            let passed_on =
                PASSED_ON.iter().any(|form| text[at..].starts_with(form) || after.starts_with(form));
            let shown: String = text[at..].chars().take(80).collect();
            assert!(passed_on, "{}: the check in `{shown}` has no name that can be read", path.display());
        }
    }
}

/// Names and bodies of the tests that are named after a check. Ignored ones are none.
fn refusals(tests: &str) -> Vec<(&str, &str)> {
    let begins =
        tests.match_indices("#[test]\nfn device_refuses_").map(|(at, begin)| &tests[at + begin.len()..]);
    begins
        .filter_map(|rest| {
            let (name, rest) = rest.split_once('(')?;
            Some((name, rest.split_once("\n}\n").map_or(rest, |(body, _)| body)))
        })
        .collect()
}

/// Whether there is a test that is named after the check and looks for it by its name.
fn is_refused(check: &str, tests: &[(&str, &str)]) -> bool {
    let function = check.replace('-', "_");
    let named = |name: &str| {
        name.strip_prefix(&function).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    let looks = |body: &str| {
        let code = body.lines().filter(|line| !line.trim_start().starts_with("//"));
        code.into_iter().any(|line| line.contains(&format!("\"{check}\"")))
    };
    tests.iter().any(|(name, body)| named(name) && looks(body))
}

#[test]
fn a_test_that_does_not_look_for_its_check_is_found() {
    let tests = "#[test]\nfn device_refuses_a_b() {\n    // \"a-b\"\n}\n#[test]\n#[ignore]\nfn device_refuses_c() {\n    \"c\"\n}\n\
                 #[test]\nfn device_refuses_d_in_time() {\n    refused(\"d\");\n}\n";
    let tests = refusals(tests);
    assert_eq!(["a-b", "c", "d", "d-in"].map(|check| is_refused(check, &tests)), [false, false, true, false]);
}

#[test]
fn every_check_of_the_device_has_a_negative_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut files, mut names) = (Vec::new(), BTreeSet::new());
    sources(&root.join("agent/src"), &mut files);
    for path in &files {
        named(path, &mut names);
    }
    assert!(names.len() > 50, "only {} checks were found: is the search still right?", names.len());
    let listed: BTreeSet<String> = oobe_agent::checks::ALL.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(names, listed, "agent/src/checks.rs lists what the sources check");

    let mut tests = Vec::new();
    sources(&root.join("tests/device_checks"), &mut tests);
    // What a peer of the attestation may send is tried where the TPM does as a test wants.
    tests.extend(
        ["device/tests.rs", "device/tests/prompt.rs", "dialogue/attest/tests.rs"]
            .map(|file| root.join("agent/src").join(file)),
    );
    let tests: String =
        tests.iter().map(|path| fs::read_to_string(path).expect("the file can be read")).collect();
    let tests = refusals(&tests);
    let missing: Vec<&String> = names.iter().filter(|name| !is_refused(name, &tests)).collect();
    assert!(
        missing.is_empty(),
        "no test is named device_refuses_... after {missing:?} and asks for it by its name"
    );
    println!("{} checks, each with its negative test", names.len());
}
