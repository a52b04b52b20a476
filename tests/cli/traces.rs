//! `oobe diff`, on traces that were written by hand.

use super::{oobe, told};

#[test]
fn differences() {
    for (name, left, right) in [
        ("same", "a", "a-other-header"),
        ("other-status", "a", "b"),
        ("shorter", "a", "short"),
        ("unknown-kinds", "a", "later"),
    ] {
        let (left, right) = (format!("tests/traces/{left}.jsonl"), format!("tests/traces/{right}.jsonl"));
        insta::assert_snapshot!(format!("diff-{name}"), told(&oobe(&["diff", &left, &right])));
    }
    let json = oobe(&["diff", "tests/traces/a.jsonl", "tests/traces/b.jsonl", "--format", "json"]);
    insta::assert_snapshot!("diff-json", told(&json));
}

#[test]
fn what_is_no_trace_is_told() {
    for (name, file) in [
        ("missing", "tests/traces/no-such-trace.jsonl"),
        ("broken", "tests/traces/broken.jsonl"),
        ("no-trace", "scenarios/user-driven.toml"),
        ("folder", "tests"),
    ] {
        insta::assert_snapshot!(format!("diff-{name}"), told(&oobe(&["diff", "tests/traces/a.jsonl", file])));
    }
}
