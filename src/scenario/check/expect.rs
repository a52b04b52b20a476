//! Expectations.

use oobe_agent::checks as device;
use oobe_agent::io::Note;
use oobe_agent::screen::technician::RESEALED;
use oobe_catalog::codes;
use oobe_mock_cloud::{changes, checks as cloud};

use super::{Checker, given};
use crate::scenario::spec::{Action, ExpectSpec, Glob};
use crate::scenario::suggest;
use crate::scenario::tree::shorten;
use crate::world::ADMINISTRATOR;

pub(super) fn check(checker: &mut Checker<'_>) {
    let spec = checker.spec;
    for (i, expect) in spec.expect.iter().enumerate() {
        one(checker, &i.to_string(), expect);
    }
}

fn one(checker: &mut Checker<'_>, i: &str, expect: &ExpectSpec) {
    let at = |key: &'static str| ["expect", i, key];
    let found = given(&[
        ("outcome", expect.outcome.is_some()),
        ("screen", expect.screen.is_some()),
        ("screens", expect.screens.is_some()),
        ("event", expect.event.is_some()),
        ("events", expect.events.is_some()),
        ("registry", expect.registry.is_some()),
        ("rule", expect.rule.is_some()),
        ("code", expect.code.is_some()),
        ("state", expect.state.is_some()),
        ("check", expect.check.is_some()),
        ("cloud", expect.cloud.is_some()),
        ("csp", expect.csp.is_some()),
        ("progress", expect.progress.is_some()),
        ("request", expect.request.is_some()),
        ("requests", expect.requests.is_some()),
        ("fault", expect.fault.is_some()),
        ("restart", expect.restart.is_some()),
    ]);
    if found.len() != 1 {
        let what = if found.is_empty() { "nothing".to_owned() } else { format!("`{}`", found.join("`, `")) };
        checker.wrong(
            &["expect", i],
            format!("an expectation is about exactly one thing, here is {what}"),
            "choose one of `outcome`, `screen`, `screens`, `event`, `events`, `registry`, `rule`, `code`, `state`, \
             `check`, `cloud`, `csp`, `progress`, `request`, `requests`, `fault`, `restart`",
        );
    }
    if let Some(device) = &expect.device {
        checker.device(&at("device"), device);
    }
    names(checker, i, expect);
    counts(checker, i, expect);
    if let (Some(after), Some(within)) = (expect.after, expect.within)
        && after > within
    {
        checker.wrong(&at("within"), "no time is left", "let `within` be later than `after`");
    }
}

/// How a run can end: at the desktop, with the device resealed for its user, with everybody waiting for somebody, or at
/// the scenario's time limit.
const OUTCOMES: [&str; 5] = ["desktop", RESEALED, Note::SIGN_IN, "quiet", "time-limit"];

fn names(checker: &mut Checker<'_>, i: &str, expect: &ExpectSpec) {
    let at = |key: &'static str| ["expect", i, key];
    if let Some(screen) = &expect.screen {
        checker.screen(&at("screen"), screen);
    }
    if let Some(check) = &expect.check {
        name(checker, &["expect", i, "check", "name"], "check of the device", &check.name, device::ALL);
    }
    if let Some(decided) = &expect.cloud {
        let checks = cloud::ALL.iter().map(|check| check.name);
        let known: Vec<&str> = checks.chain(changes::ALL.iter().copied()).chain([ADMINISTRATOR]).collect();
        name(checker, &["expect", i, "cloud", "what"], "check or change of the cloud", &decided.what, &known);
    }
    if let Some(fault) = &expect.fault {
        let begins = |action: &Action| matches!(action, Action::Network { .. });
        let triggers = (0..).zip(&checker.spec.when).filter(|(_, t)| t.actions.iter().any(begins));
        let triggers = triggers.map(|(at, trigger)| trigger.called(at));
        let faults = (0..).zip(&checker.spec.fault).map(|(at, fault)| fault.called(at));
        let known: Vec<String> = faults.chain(triggers).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        name(checker, &["expect", i, "fault"], "fault of this scenario", fault, &known);
    }
    if expect.shows.is_some() && expect.screen.is_none() {
        checker.wrong(&at("shows"), "`shows` goes together with `screen`", "add `screen = \"...\"`");
    }
    for (j, screen) in expect.screens.iter().flatten().enumerate() {
        checker.screen(&["expect", i, "screens", &j.to_string()], screen);
    }
    if let Some(event) = &expect.event {
        checker.event(&at("event"), event);
    }
    for (j, event) in expect.events.iter().flatten().enumerate() {
        checker.event(&["expect", i, "events", &j.to_string()], event);
    }
    if let Some(rule) = &expect.rule {
        checker.rule(&at("rule"), rule);
    }
    if let Some(outcome) = &expect.outcome
        && !OUTCOMES.contains(&outcome.as_str())
    {
        let help = suggest::question(outcome, OUTCOMES)
            .unwrap_or_else(|| format!("a run ends in one of: {}", OUTCOMES.join(", ")));
        checker.wrong(&at("outcome"), format!("no run ends in `{}`", shorten(outcome)), help);
    }
    if let Some(code) = &expect.code
        && codes::find(&code.0).is_empty()
    {
        let labels: Vec<String> = codes::ALL.iter().map(|c| c.code.to_string()).collect();
        let help = suggest::question(&code.0, labels.iter().map(String::as_str))
            .unwrap_or_else(|| "`oobe list --codes` shows all codes".to_owned());
        checker.wrong(&at("code"), format!("the catalogue has no code `{}`", shorten(&code.0)), help);
    }
}

/// A pattern for names must fit one of them: with one that fits none, an expectation of something that never happens
/// would hold for ever.
fn name(checker: &mut Checker<'_>, path: &[&str], what: &str, pattern: &Glob, known: &[&str]) {
    if !known.iter().any(|name| pattern.matches(name)) {
        let help = suggest::question(&pattern.0, known.iter().copied()).unwrap_or_else(|| match known {
            [] => "there is none at all".to_owned(),
            [first, ..] => format!("the first of {} is `{first}`", known.len()),
        });
        checker.wrong(path, format!("there is no {what} `{}`", shorten(&pattern.0)), help);
    }
}

fn counts(checker: &mut Checker<'_>, i: &str, expect: &ExpectSpec) {
    let counted = expect.exactly.is_some() || expect.at_least.is_some() || expect.at_most.is_some();
    if expect.never && counted {
        checker.wrong(
            &["expect", i, "never"],
            "`never` leaves nothing to count",
            "take `never` or the count away",
        );
    }
    let sequence = expect.screens.is_some() || expect.events.is_some() || expect.requests.is_some();
    if (sequence || expect.outcome.is_some()) && counted {
        checker.wrong(
            &["expect", i],
            "this can't be counted",
            "count with `screen`, `event` or `request` in an expectation of its own",
        );
    }
    if expect.exactly.is_some() && (expect.at_least.is_some() || expect.at_most.is_some()) {
        checker.wrong(
            &["expect", i, "exactly"],
            "`exactly` stands alone",
            "take `at_least` and `at_most` away",
        );
    }
    if let (Some(least), Some(most)) = (expect.at_least, expect.at_most)
        && least > most
    {
        checker.wrong(&["expect", i, "at_most"], "no number is left", "let `at_least` be the smaller one");
    }
    let lists = [
        ("screens", expect.screens.as_ref().map(Vec::len)),
        ("events", expect.events.as_ref().map(Vec::len)),
        ("requests", expect.requests.as_ref().map(Vec::len)),
    ];
    for (key, length) in lists {
        if length == Some(0) {
            checker.wrong(&["expect", i, key], "the list is empty", "name what comes, in order");
        }
    }
    if expect.restart == Some(false) {
        checker.wrong(
            &["expect", i, "restart"],
            "`restart = false` says nothing",
            "write `restart = true, never = true`",
        );
    }
}
