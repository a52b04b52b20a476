//! JUnit XML: one suite a run, one case an expectation.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::summary::{Broken, Summary};
use crate::expect::Verdict;

/// All runs as one report, those that came to nothing as errors.
pub fn junit(runs: &[Summary], broken: &[Broken]) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new("oobe");
    for run in runs {
        let mut suite =
            TestSuite::new(format!("{} (seed {}, keys {})", run.path, run.header.seed, run.header.keys));
        suite.add_property(("trace_sha256", run.trace_sha256.as_str()));
        suite.add_property(("outcome", run.outcome.as_str()));
        suite.add_property(("rests_on", run.rests_on.to_string().as_str()));
        // Virtual time: the same on every machine.
        let time = Duration::from_millis(run.virtual_ms);
        let mut finished =
            TestCase::new("the run comes to an end", status(run.finished, &run.outcome, &run.detail));
        finished.set_time(time).set_classname(run.header.scenario.as_str());
        suite.add_test_case(finished);
        for verdict in &run.expectations {
            let Verdict { expected, happened, .. } = verdict;
            let detail = format!("expected: {expected}\nhappened: {happened}\nrun again: {}", run.rerun);
            let mut case =
                TestCase::new(verdict.name.as_str(), status(verdict.held, &verdict.happened, &detail));
            case.set_time(time).set_classname(run.header.scenario.as_str());
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    for run in broken {
        let mut suite = TestSuite::new(format!("{} (seed {})", run.path, run.seed));
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        let detail = format!("{}\nrun again: {}", run.error, run.rerun);
        status.set_message(run.error.as_str()).set_type("run").set_description(detail);
        suite.add_test_case(TestCase::new("the run comes to an end", status));
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn status(held: bool, message: &str, detail: &str) -> TestCaseStatus {
    if held {
        return TestCaseStatus::success();
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(message).set_type("expectation").set_description(detail);
    status
}
