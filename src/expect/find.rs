//! Looking for what an expectation is about.

use std::collections::BTreeMap;

use oobe_agent::io::{Correlation, Note};
use oobe_agent::registry::RegistryValue;

use super::fits::{event_fits, request_fits, screen_shows, texts};
use crate::scenario::spec::{ExpectSpec, Glob, RequestPattern, Scalar};
use crate::trace::{Record, What};

/// The records that count for an expectation, in order. A screen counts when it comes up, or when the text looked for
/// comes up on it; not again each time that something else on it changes.
pub(super) fn hits<'t>(expect: &ExpectSpec, trace: &'t [Record]) -> Vec<&'t Record> {
    if let Some(pattern) = &expect.request {
        return requests(trace, expect.device.as_deref(), pattern);
    }
    let mut shown: BTreeMap<&str, bool> = BTreeMap::new();
    let mut found = Vec::new();
    for record in trace.iter().filter(|r| on_device(expect.device.as_deref(), r)) {
        let fits = fits(expect, record);
        match &record.what {
            What::Screen { .. } => {
                let before = shown.insert(&record.who, fits);
                if fits && before != Some(true) {
                    found.push(record);
                }
            }
            What::Restart { .. } | What::PowerLost | What::PowerOff { .. } => {
                shown.remove(&*record.who);
                if fits {
                    found.push(record);
                }
            }
            _ if fits => found.push(record),
            _ => {}
        }
    }
    found
}

pub(super) fn on_device(device: Option<&str>, record: &Record) -> bool {
    device.is_none_or(|device| [device, "cloud", "world"].contains(&&*record.who))
}

fn fits(expect: &ExpectSpec, record: &Record) -> bool {
    match &record.what {
        What::Screen { screen } => {
            expect.screen.as_ref().is_some_and(|id| *id == screen.id)
                && expect.shows.as_ref().is_none_or(|text| screen_shows(screen, text))
                || expect.code.as_ref().is_some_and(|code| texts(screen).any(|text| tells(text, &code.0)))
        }
        What::Event { event } => {
            expect.event.as_ref().is_some_and(|pattern| event_fits(pattern, event))
                || expect.code.as_ref().is_some_and(|code| tells(&event.text, &code.0))
        }
        What::Registry { write } => expect.registry.as_ref().is_some_and(|seen| {
            seen.key.matches(&write.key)
                && seen.name.eq_ignore_ascii_case(&write.name)
                && seen.value.as_ref().is_none_or(|value| is(value, &write.value))
        }),
        What::Restart { .. } => expect.restart.is_some(),
        What::Injected { fault, .. } => expect.fault.as_ref().is_some_and(|name| name.matches(fault)),
        What::Cloud { service, what, ok, rule, detail } => {
            let rests = |id: &String| rule.as_ref().is_some_and(|rule| rule.eq_ignore_ascii_case(id));
            expect.rule.as_ref().is_some_and(rests)
                || expect.cloud.as_ref().is_some_and(|pattern| {
                    pattern.what.matches(what)
                        && glob(pattern.service.as_ref(), service)
                        && pattern.ok.is_none_or(|wanted| wanted == *ok)
                        && glob(pattern.detail.as_ref(), detail)
                })
        }
        What::Note { note } => note_fits(expect, note),
        _ => false,
    }
}

fn note_fits(expect: &ExpectSpec, note: &Note) -> bool {
    match note {
        Note::State { machine, from, to } => expect.state.as_ref().is_some_and(|pattern| {
            pattern.machine == *machine && glob(pattern.to.as_ref(), to) && glob(pattern.from.as_ref(), from)
        }),
        Note::Decided { rule, .. } => expect.rule.as_ref().is_some_and(|id| rule.eq_ignore_ascii_case(id)),
        Note::Checked { check, failed } => expect.check.as_ref().is_some_and(|pattern| {
            pattern.name.matches(check) && pattern.held.is_none_or(|held| held == failed.is_none())
        }),
        Note::Csp { verb, uri, status, value } => expect.csp.as_ref().is_some_and(|pattern| {
            pattern.uri.matches(uri)
                && pattern.verb.as_ref().is_none_or(|v| v.eq_ignore_ascii_case(verb))
                && pattern.status.is_none_or(|s| s == *status)
                && glob(pattern.value.as_ref(), value.as_deref().unwrap_or_default())
        }),
        Note::Progress { item, state } => expect
            .progress
            .as_ref()
            .is_some_and(|pattern| pattern.item.matches(item) && pattern.state.matches(state)),
        Note::Failed { code: Some(told), .. } => {
            expect.code.as_ref().is_some_and(|code| told.eq_ignore_ascii_case(&code.0))
        }
        Note::Failed { code: None, .. } | Note::Ended { .. } | Note::Remark { .. } => false,
    }
}

fn glob(pattern: Option<&Glob>, text: &str) -> bool {
    pattern.is_none_or(|p| p.matches(text))
}

/// Whether `text` tells the code: in any of the usual spellings of its number, not as a part of a longer one.
pub(super) fn tells(text: &str, code: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let code = code.to_ascii_lowercase();
    let bare = code.strip_prefix("0x").unwrap_or(&code);
    text.match_indices(bare).any(|(at, _)| {
        let before = text[..at].strip_suffix("0x").unwrap_or(&text[..at]).chars().next_back();
        let after = text[at + bare.len()..].chars().next();
        !before.is_some_and(|c| c.is_ascii_alphanumeric())
            && !after.is_some_and(|c| c.is_ascii_alphanumeric())
    })
}

pub(super) fn is(wanted: &Scalar, value: &RegistryValue) -> bool {
    match (wanted, value) {
        (Scalar::Integer(wanted), RegistryValue::Dword(value)) => u32::try_from(*wanted) == Ok(*value),
        (Scalar::Bool(wanted), RegistryValue::Dword(value)) => u32::from(*wanted) == *value,
        (Scalar::Text(wanted), RegistryValue::String(value)) => Glob(wanted.clone()).matches(value),
        _ => false,
    }
}

/// Requests that fit. With a status or an error in the pattern, those whose answer fits; the answer is what counts.
fn requests<'t>(trace: &'t [Record], device: Option<&str>, pattern: &RequestPattern) -> Vec<&'t Record> {
    let wants_answer = pattern.status.is_some() || pattern.error.is_some();
    let mut under_way: BTreeMap<(&str, Correlation), bool> = BTreeMap::new();
    let mut found = Vec::new();
    for record in trace.iter().filter(|r| on_device(device, r)) {
        match &record.what {
            What::Request { id, method, url, .. } => {
                let fits = request_fits(pattern, method, url);
                under_way.insert((&record.who, *id), fits);
                if fits && !wants_answer {
                    found.push(record);
                }
            }
            What::Reply { id, status, error, .. } if wants_answer => {
                let asked = under_way.remove(&(&*record.who, *id)).unwrap_or(false);
                let status_fits = pattern.status.is_none_or(|wanted| *status == Some(wanted));
                let error_fits =
                    pattern.error.as_ref().is_none_or(|e| error.as_ref().is_some_and(|t| e.matches(t)));
                if asked && status_fits && error_fits {
                    found.push(record);
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::tells;

    #[test]
    fn codes_are_told_in_any_spelling_but_not_inside_another() {
        assert!(
            tells("error 0x801C0003.", "0x801c0003")
                && tells("(801c0003)", "0x801c0003")
                && tells("80180018", "80180018")
        );
        assert!(!tells("0x801c00031", "0x801c0003") && !tells("1801c0003", "801c0003") && !tells("", "1"));
    }
}
