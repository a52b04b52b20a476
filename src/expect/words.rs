//! Expectations and what came of them, in words.

use oobe_agent::io::Note;
use oobe_agent::registry::RegistryValue;

use super::find::{self, on_device};
use crate::scenario::spec::{EventPattern, ExpectSpec, RequestPattern};
use crate::trace::{Record, What};

/// The steps of an expectation about an order, each as an expectation of its own.
pub(super) fn order(expect: &ExpectSpec) -> Option<Vec<ExpectSpec>> {
    let step = || ExpectSpec { device: expect.device.clone(), ..ExpectSpec::default() };
    if let Some(screens) = &expect.screens {
        return Some(screens.iter().map(|id| ExpectSpec { screen: Some(id.clone()), ..step() }).collect());
    }
    if let Some(events) = &expect.events {
        return Some(events.iter().map(|e| ExpectSpec { event: Some(e.clone()), ..step() }).collect());
    }
    let requests = expect.requests.as_ref()?;
    Some(requests.iter().map(|r| ExpectSpec { request: Some(r.clone()), ..step() }).collect())
}

/// `the screen entra.wrong-org, exactly once, within 1h`.
pub(super) fn expected(expect: &ExpectSpec) -> String {
    let times = |n: u32| match n {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    };
    let count = match (expect.never, expect.exactly, expect.at_least, expect.at_most) {
        (true, ..) => ", never".to_owned(),
        (_, Some(n), ..) => format!(", exactly {}", times(n)),
        (_, _, Some(least), Some(most)) => format!(", {least} to {most} times"),
        (_, _, Some(least), None) => format!(", at least {}", times(least)),
        (_, _, None, Some(most)) => format!(", at most {}", times(most)),
        (false, None, None, None) => String::new(),
    };
    let device = expect.device.as_ref().map_or_else(String::new, |device| format!(" on {device}"));
    let after = expect.after.map_or_else(String::new, |after| format!(", not before {after}"));
    let within = expect.within.map_or_else(String::new, |within| format!(", within {within}"));
    format!("{}{device}{count}{after}{within}", subject(expect))
}

/// What the expectation is about.
pub(super) fn subject(expect: &ExpectSpec) -> String {
    let list = |items: Vec<String>| items.join(", then ");
    if let Some(outcome) = &expect.outcome {
        format!("the run ends as `{outcome}`")
    } else if let Some(screen) = &expect.screen {
        let shows = expect.shows.as_ref().map_or_else(String::new, |s| format!(" showing {:?}", s.0));
        format!("the screen {screen}{shows}")
    } else if let Some(screens) = &expect.screens {
        format!("the screens {}", list(screens.clone()))
    } else if let Some(event) = &expect.event {
        event_words(event)
    } else if let Some(events) = &expect.events {
        list(events.iter().map(event_words).collect())
    } else if let Some(seen) = &expect.registry {
        let value = seen.value.as_ref().map_or_else(String::new, |v| format!(" = {v}"));
        format!("the registry value {}\\{}{value}", seen.key, seen.name)
    } else if let Some(rule) = &expect.rule {
        format!("a decision that rests on {rule}")
    } else if let Some(code) = &expect.code {
        format!("the code {}", code.0)
    } else if let Some(state) = &expect.state {
        let part =
            |word: &str, glob: &Option<_>| glob.as_ref().map_or_else(String::new, |g| format!(" {word} {g}"));
        format!("{} moves{}{}", state.machine, part("from", &state.from), part("to", &state.to))
    } else if let Some(check) = &expect.check {
        match check.held {
            Some(true) => format!("the check {} holds", check.name),
            Some(false) => format!("the check {} fails", check.name),
            None => format!("the check {}", check.name),
        }
    } else if let Some(cloud) = &expect.cloud {
        let service = cloud.service.as_ref().map_or_else(|| "the cloud".to_owned(), |s| s.0.clone());
        let ok = match cloud.ok {
            Some(true) => " (allowed)",
            Some(false) => " (refused)",
            None => "",
        };
        format!("{service} decides {}{ok}", cloud.what)
    } else if let Some(csp) = &expect.csp {
        let status = csp.status.map_or_else(String::new, |s| format!(" with status {s}"));
        format!("{} {}{status}", csp.verb.as_deref().unwrap_or("a command on"), csp.uri)
    } else if let Some(progress) = &expect.progress {
        format!("{} is {}", progress.item, progress.state)
    } else if let Some(request) = &expect.request {
        request_words(request)
    } else if let Some(requests) = &expect.requests {
        list(requests.iter().map(request_words).collect())
    } else if let Some(fault) = &expect.fault {
        format!("the injected fault {fault}")
    } else {
        "a restart".to_owned()
    }
}

fn event_words(event: &EventPattern) -> String {
    let mut parts = vec![format!("event {} {}", event.channel.as_deref().unwrap_or("any"), event.id)];
    parts.extend(event.data.iter().map(|(name, value)| format!("{name} = {value}")));
    parts.join(", ")
}

fn request_words(request: &RequestPattern) -> String {
    let method = request.method.as_deref().unwrap_or("a request");
    let host = request.host.as_ref().map_or_else(|| "any host".to_owned(), |h| h.0.clone());
    let path = request.path.as_ref().map_or_else(String::new, |p| p.0.clone());
    let status = request.status.map_or_else(String::new, |s| format!(" answered with {s}"));
    let error = request.error.as_ref().map_or_else(String::new, |e| format!(" that fails: {e}"));
    format!("{method} to {host}{path}{status}{error}")
}

/// A record in few words.
pub(super) fn told(record: &Record) -> String {
    match &record.what {
        What::Screen { screen } => match &screen.error {
            Some(error) => format!("{} ({error})", screen.id),
            None => format!("{} ({})", screen.id, screen.title),
        },
        What::Event { event } => format!("{} {} {}", event.channel, event.id, event.text),
        What::Registry { write } => match &write.value {
            RegistryValue::Dword(value) => format!("{} = {value}", write.name),
            RegistryValue::String(value) => format!("{} = {value:?}", write.name),
        },
        What::Restart { why } => why.clone(),
        What::Injected { fault, does, .. } => format!("{fault}: {does}"),
        What::Cloud { service, what, detail, .. } => {
            format!("{service}: {what} {detail}").trim_end().to_owned()
        }
        What::Request { method, url, .. } => format!("{method} {url}"),
        What::Reply { status: Some(status), .. } => format!("answered with {status}"),
        What::Reply { error: Some(error), .. } => error.clone(),
        What::Note { note } => match note {
            Note::State { machine, from, to } => format!("{machine}: {from} to {to}"),
            Note::Decided { what, rule } => format!("{what} ({rule})"),
            Note::Checked { check, failed: Some(why) } => format!("{check} failed: {why}"),
            Note::Checked { check, failed: None } => format!("{check} held"),
            Note::Csp { verb, uri, status, .. } => format!("{verb} {uri}: {status}"),
            Note::Progress { item, state } => format!("{item}: {state}"),
            Note::Failed { doing, detail, code, .. } => {
                format!("{doing}: {detail} {}", code.as_deref().unwrap_or_default()).trim_end().to_owned()
            }
            Note::Ended { outcome } => outcome.clone(),
            Note::Remark { text } => text.clone(),
        },
        _ => String::new(),
    }
}

/// What there was in place of what never came.
pub(super) fn instead(expect: &ExpectSpec, trace: &[Record]) -> String {
    let similar = || trace.iter().filter(|r| on_device(expect.device.as_deref(), r));
    if let Some(seen) = &expect.registry {
        let other = similar().rev().find(|r| {
            matches!(&r.what, What::Registry { write }
                if seen.key.matches(&write.key) && seen.name.eq_ignore_ascii_case(&write.name))
        });
        return other.map_or_else(|| "it was not written".to_owned(), |r| format!("{} at {}", told(r), r.t));
    }
    if expect.screen.is_some() && expect.shows.is_some() {
        let bare = ExpectSpec { shows: None, ..expect.clone() };
        if let Some(record) = find::hits(&bare, trace).first() {
            return format!("the screen came at {}, without that text: {}", record.t, told(record));
        }
    }
    if expect.screen.is_some() {
        let last = similar().rev().find(|r| matches!(r.what, What::Screen { .. }));
        return last.map_or_else(
            || "no screen came at all".to_owned(),
            |r| format!("it did not come; the last screen was {} at {}", told(r), r.t),
        );
    }
    if let Some(pattern) = &expect.progress {
        let last = similar()
            .rev()
            .find(|r| matches!(&r.what, What::Note { note: Note::Progress { item, .. } } if pattern.item.matches(item)));
        return last
            .map_or_else(|| "nothing of that name moved".to_owned(), |r| format!("last: {}", told(r)));
    }
    "it did not come".to_owned()
}

/// Where to look when nothing fits: the end of the trace.
pub(super) fn nearest(expect: &ExpectSpec, trace: &[Record]) -> Option<u64> {
    trace.iter().rev().find(|r| on_device(expect.device.as_deref(), r)).map(|r| r.n)
}
