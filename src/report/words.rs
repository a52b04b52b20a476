//! One record in one line, for the places that show single records: the surroundings of a failure, a diff.

use oobe_agent::eventlog::EventRecord;
use oobe_agent::io::{Act, Fault, Note, NoteFault};
use oobe_agent::registry::RegistryValue;
use oobe_catalog::events::Channel;
use serde_json::Value;

use crate::expect::host_and_path;
use crate::trace::record::ScenarioPart;
use crate::trace::{Record, What};

/// A record in one line, without its time.
pub(crate) fn record(record: &Record) -> String {
    match &record.what {
        What::PowerOn => "power on".to_owned(),
        What::PowerLost => "power lost".to_owned(),
        What::Restart { why } => format!("restart: {why}"),
        What::PowerOff { why } => format!("power off: {why}"),
        What::Screen { screen } => match &screen.error {
            Some(error) => format!("screen {}: {} [{error}]", screen.id, screen.title),
            None => format!("screen {}: {}", screen.id, screen.title),
        },
        What::Act { person, act: what } => format!("{person} {}", act(what)),
        What::Request { method, url, bytes, why, .. } => format!("{method} {url} ({bytes} bytes): {why}"),
        What::Reply { status: Some(status), bytes, took, .. } => {
            format!("answer {status} ({bytes} bytes) after {} ms", took.0)
        }
        What::Reply { error, took, .. } => {
            format!("no answer after {} ms: {}", took.0, error.as_deref().unwrap_or("unknown"))
        }
        What::Push { heard } => push(*heard).to_owned(),
        What::Key { command, result, .. } => format!("key: {command}: {result}"),
        What::Tpm { command, error: Some(error), .. } => format!("TPM: {command:?}: {error}"),
        What::Tpm { command, .. } => format!("TPM: {command:?}"),
        What::TimerSet { timer, after, why } => format!("timer {timer:?} set, {after}: {why}"),
        What::TimerCancelled { timer } => format!("timer {timer:?} cancelled"),
        What::TimerFired { timer } => format!("timer {timer:?} fired"),
        What::Event { event } => format!("event {} {}", event_id(event), event.text),
        What::Registry { write } => format!("{}\\{} = {}", write.key, write.name, registry(&write.value)),
        What::Note { note: what } => note(what),
        What::Link { link } => format!("network link: {link:?}"),
        What::Fault { fault } => format!("fault: {}", device_fault(fault)),
        What::Injected { fault, does, .. } => format!("injected fault: {fault}: {does}"),
        What::Unused { part, name } => came_to_nothing(*part, name),
        What::Trigger { trigger, action } => format!("{trigger}: {action}"),
        What::Cloud { service, what, ok, detail, .. } => {
            let verdict = if *ok { "" } else { " REFUSED" };
            format!("{service}: {what}{verdict} {detail}").trim_end().to_owned()
        }
        What::End { outcome, detail } => format!("end: {outcome}: {detail}"),
    }
}

/// A line of a trace, of whatever kind.
pub(crate) fn json_line(json: &Value) -> String {
    match serde_json::from_value::<Record>(json.clone()) {
        Ok(known) => format!("{:>9} {:<8} {}", known.t.to_string(), known.who, record(&known)),
        Err(_) => json.to_string(),
    }
}

/// `autopilot 161`.
pub(crate) fn event_id(event: &EventRecord) -> String {
    let channel = Channel::ALL
        .iter()
        .find(|c| event.channel.parse() == Ok(**c) || event.channel.eq_ignore_ascii_case(&c.full()));
    format!("{} {}", channel.map_or(event.channel.as_str(), |c| c.short()), event.id)
}

pub(crate) fn registry(value: &RegistryValue) -> String {
    match value {
        RegistryValue::Dword(number) => number.to_string(),
        RegistryValue::String(text) => format!("{text:?}"),
    }
}

pub(crate) fn act(act: &Act) -> String {
    match act {
        Act::Press { button } => format!("presses {button}"),
        Act::Fill { field, text } if text == crate::trace::mask::MASK => format!("types a {field}"),
        Act::Fill { text, .. } => format!("types {text}"),
        Act::Key { key } => format!("presses {key}"),
        Act::Command { line } => format!("types {line} at a command prompt"),
    }
}

pub(crate) fn device_fault(fault: &Fault) -> String {
    match fault {
        Fault::ClockSet { skew_ms } => {
            let skew = crate::scenario::quantity::Offset { ms: *skew_ms };
            format!("the clock is off by {skew}")
        }
        Fault::Restart => "someone restarts the device".to_owned(),
        Fault::Wiped => "someone wipes the device".to_owned(),
    }
}

/// A push notification.
pub(crate) const fn push(heard: bool) -> &'static str {
    if heard {
        "the management server asks for a session"
    } else {
        "the management server asks for a session, and the device does not hear it"
    }
}

/// Something of the scenario came to nothing.
pub(crate) fn came_to_nothing(part: ScenarioPart, name: &str) -> String {
    match part {
        ScenarioPart::Fault => format!("the fault {name:?} never struck"),
        ScenarioPart::When => format!("the trigger {name:?} never fired"),
    }
}

pub(crate) const fn blame(fault: NoteFault) -> &'static str {
    match fault {
        NoteFault::PeerBrokeProtocol => "the peer broke the protocol",
        NoteFault::PeerRefused => "the peer refused",
        NoteFault::Device => "the device",
        NoteFault::Network => "the network",
        NoteFault::Person => "the person",
    }
}

fn note(note: &Note) -> String {
    match note {
        Note::State { machine, from, to } => format!("{machine}: {from} -> {to}"),
        Note::Decided { what, rule } => format!("{what} [{rule}]"),
        Note::Checked { check, failed: None } => format!("check {check} holds"),
        Note::Checked { check, failed: Some(why) } => format!("check {check} FAILS: {why}"),
        Note::Csp { verb, uri, status, value } => {
            let value = value.as_ref().map_or_else(String::new, |v| format!(" = {v}"));
            format!("{verb} {uri}{value}: {status}")
        }
        Note::Progress { item, state } => format!("{item}: {state}"),
        Note::Failed { doing, fault, code, detail } => {
            let code = code.as_ref().map_or_else(String::new, |c| format!(" {c}"));
            format!("FAILED {doing}:{code} {detail} ({})", blame(*fault))
        }
        Note::Ended { outcome } => format!("the device reached: {outcome}"),
        Note::Remark { text } => text.clone(),
    }
}

/// The host of a URL.
pub(crate) fn host(url: &str) -> &str {
    host_and_path(url).0
}
