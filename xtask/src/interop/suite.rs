//! The bar for suites of others: what swtpm passes, and why we may not.

use std::collections::{BTreeMap, BTreeSet};

/// A suite's names that matter.
#[derive(Debug)]
pub(super) struct Bar {
    /// Names of tests that swtpm passes, one a line.
    pub(super) swtpm_passes: &'static str,
    /// Tests among them that we don't pass: `name: reason`, one a line; lines that begin with `#` are remarks.
    pub(super) reasons: &'static str,
}

/// What a run gave.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) passed: BTreeSet<String>,
    pub(super) failed: BTreeSet<String>,
}

impl Bar {
    /// Holds a run to the bar: 95 in 100 of what swtpm passes, and a reason for every other test.
    pub(super) fn judge(&self, suite: &str, outcome: &Outcome) -> Result<(), String> {
        let wanted: BTreeSet<&str> = self.swtpm_passes.lines().filter(|line| !line.is_empty()).collect();
        let reasons: BTreeMap<&str, &str> = self
            .reasons
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| {
                line.split_once(": ").ok_or_else(|| format!("{suite}: no reason in the line {line:?}"))
            })
            .collect::<Result<_, _>>()?;
        let lacking: Vec<&str> =
            wanted.iter().copied().filter(|name| !outcome.passed.contains(*name)).collect();
        let unexplained: Vec<&str> =
            lacking.iter().copied().filter(|name| !reasons.contains_key(name)).collect();
        let stale: Vec<&str> = reasons.keys().copied().filter(|name| !lacking.contains(name)).collect();
        let more = outcome.passed.iter().filter(|name| !wanted.contains(name.as_str())).count();
        let passed = wanted.len() - lacking.len();
        println!(
            "{suite}: {passed} of {} tests that swtpm passes, {more} more, {} failed",
            wanted.len(),
            outcome.failed.len()
        );
        let mut problems = Vec::new();
        if passed * 100 < wanted.len() * 95 {
            problems.push(format!("{passed} of {} is less than 95 in 100", wanted.len()));
        }
        for name in unexplained {
            let how = if outcome.failed.contains(name) { "fails" } else { "did not pass" };
            problems.push(format!("{name} {how}, swtpm passes it, and no reason is given"));
        }
        for name in stale {
            problems.push(format!("{name} has a reason not to pass, but passes (or is no such test)"));
        }
        if problems.is_empty() { Ok(()) } else { Err(format!("{suite}:\n  {}", problems.join("\n  "))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(passed: &[&str], failed: &[&str]) -> Outcome {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Outcome { passed: set(passed), failed: set(failed) }
    }

    const TWENTY: &str = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\nq\nr\ns\nt\n";

    #[test]
    fn a_test_that_fails_needs_a_reason() {
        let names: Vec<&str> = TWENTY.lines().collect();
        let run = outcome(&names[1..], &["a"]);
        let judge = |reasons| Bar { swtpm_passes: TWENTY, reasons }.judge("x", &run);
        assert!(judge("").unwrap_err().contains("a fails"));
        judge("# remark\na: not done yet").unwrap();
        assert!(judge("a: not done yet\nb: neither").unwrap_err().contains("b has a reason"));
    }

    #[test]
    fn reasons_do_not_lower_the_bar() {
        let names: Vec<&str> = TWENTY.lines().collect();
        let bar = Bar { swtpm_passes: TWENTY, reasons: "a: why\nb: why" };
        assert!(bar.judge("x", &outcome(&names[2..], &["a", "b"])).unwrap_err().contains("95 in 100"));
    }
}
