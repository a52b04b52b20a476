//! One topic from one entry of a table.

use super::{Field, Topic, TopicKind};
use crate::Limit;
use crate::codes::{self, ResultCode};
use crate::events::{self, Event, TextSource};
use crate::files::FileFact;
use crate::kbs::Kb;
use crate::registry::RegistryFact;
use crate::rules::{self, Rule};
use crate::screens::{self, ScreenFact};

/// Labelled parts; empty ones are left out.
struct Fields(Vec<Field>);

impl Fields {
    const fn new() -> Self {
        Self(Vec::new())
    }

    fn lines(mut self, label: &'static str, lines: Vec<String>) -> Self {
        if !lines.is_empty() {
            self.0.push(Field { label, lines });
        }
        self
    }

    fn list(self, label: &'static str, list: &[&str]) -> Self {
        self.lines(label, list.iter().map(ToString::to_string).collect())
    }

    fn text<'a>(self, label: &'static str, text: impl Into<Option<&'a str>>) -> Self {
        let text = text.into().filter(|t| !t.is_empty());
        self.lines(label, text.map(String::from).into_iter().collect())
    }

    fn limits(self, since: Option<&Limit>, until: Option<&Limit>, fixed_by: Option<&Limit>) -> Self {
        self.text("Since", since.map(|l| l.text))
            .text("Until", until.map(|l| l.text))
            .text("Fixed by", fixed_by.map(|l| l.text))
    }
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

pub(super) fn code(code: &ResultCode) -> Topic {
    let title = match code.name {
        Some(name) if name != code.code.to_string() => format!("{} {name}", code.code),
        _ => code.code.to_string(),
    };
    let fields = Fields::new()
        .text("Seen", code.seen)
        .text("Where", code.shown_at)
        .list("Causes", code.causes)
        .list("Remedy", code.remedy)
        .text("On the wire", code.wire)
        .list("Modes", code.modes)
        .list("Phases", code.phases)
        .limits(code.since.as_ref(), code.until.as_ref(), code.fixed_by.as_ref())
        .text("Note", code.note)
        .text("Causes stand on", code.causes_basis)
        .text("Const", code.id);
    let mut see_also = owned(code.rules);
    let shares =
        |other: &&ResultCode| other.id != code.id && other.errors.iter().any(|e| code.errors.contains(e));
    see_also.extend(codes::ALL.iter().filter(shares).map(|other| other.code.to_string()));
    let same_number = |event: &&Event| u32::try_from(event.id) == Ok(code.value());
    if code.kind() == codes::CodeKind::Ztd {
        see_also.extend(events::ALL.iter().filter(same_number).map(|event| event.name.to_owned()));
    }
    Topic {
        title,
        kind: TopicKind::Code,
        summary: code.title.to_owned(),
        fields: fields.0,
        basis: code.basis,
        sources: code.sources.to_vec(),
        see_also,
    }
}

pub(super) fn event(event: &Event) -> Topic {
    let words = match event.text_source {
        TextSource::Document => "as a document prints it",
        TextSource::Observed => "read on a device or in a public log",
        TextSource::Public => "public knowledge",
        TextSource::Ours => "ours: the literal text of Windows is not public or was not seen",
    };
    let around = |ids: &[i32]| ids.iter().map(|id| format!("{} {id}", event.channel)).collect();
    let fields = Fields::new()
        .text("Level", Some(format!("{:?}", event.level).as_str()))
        .text("Text", event.template)
        .text("Words", words)
        .text("When", event.emit_when)
        .text("Log", Some(event.channel.full().as_str()))
        .list("Data", event.params)
        .list("Known values", event.known)
        .lines("After", around(event.after))
        .lines("Followed by", around(event.followed_by))
        .text("Registry", event.registry_effect)
        .text("Note", event.note);
    let of_code = |code: &&ResultCode| {
        event.channel == events::Channel::Autopilot
            && (code.kind() == codes::CodeKind::Ztd && u32::try_from(event.id) == Ok(code.value())
                || code.code.to_string() == event.id.to_string())
    };
    let mut see_also = owned(event.rules);
    see_also.extend(codes::ALL.iter().filter(of_code).map(|code| code.code.to_string()));
    Topic {
        title: format!("{} {}", event.channel, event.id),
        kind: TopicKind::Event,
        summary: event.emit_when.to_owned(),
        fields: fields.0,
        basis: event.basis,
        sources: vec![event.source],
        see_also,
    }
}

pub(super) fn screen(screen: &ScreenFact) -> Topic {
    let windows_11 = if screen.w11_title == "same" { screen.w10_title } else { screen.w11_title };
    let fields = Fields::new()
        .text("Windows 11", windows_11)
        .text("Windows 10", screen.w10_title)
        .list("Content", screen.content)
        .list("Buttons", screen.buttons)
        .list("Keys", screen.keys)
        .text("Shown when", screen.visibility)
        .list("Results", screen.results)
        .list("Next", screen.next)
        .limits(screen.since.as_ref(), None, None)
        .text("Note", screen.note)
        .text("Corrected", screen.corrected);
    Topic {
        title: screen.id.to_owned(),
        kind: TopicKind::Screen,
        summary: windows_11.to_owned(),
        fields: fields.0,
        basis: screen.basis,
        sources: screen.sources.to_vec(),
        see_also: owned(screen.rules),
    }
}

pub(super) fn rule(rule: &Rule) -> Topic {
    let line = rule.line.map(|line| format!("line {line}"));
    let fields = Fields::new()
        .text("Rule", rule.text)
        .text("Area", rule.area)
        .text("Place", line.as_deref())
        .limits(rule.since.as_ref(), rule.until.as_ref(), rule.fixed_by.as_ref())
        .list("Replaces", rule.supersedes)
        .list("Replaced by", rule.superseded_by)
        .list("Refined by", rule.refined_by)
        .text("Corrected", rule.corrected);
    let names = |list: &[&str]| list.contains(&rule.id);
    let mut see_also = owned(rule.supersedes);
    see_also.extend(owned(rule.superseded_by));
    see_also.extend(owned(rule.refined_by));
    let refines = rules::ALL.iter().filter(|other| names(other.refined_by));
    see_also.extend(refines.map(|other| other.id.to_owned()));
    let codes = codes::ALL.iter().filter(|code| names(code.rules));
    see_also.extend(codes.map(|code| code.code.to_string()));
    let events = events::ALL.iter().filter(|event| names(event.rules));
    see_also.extend(events.map(|event| event.name.to_owned()));
    let screens = screens::ALL.iter().filter(|screen| names(screen.rules));
    see_also.extend(screens.map(|screen| screen.id.to_owned()));
    Topic {
        title: rule.id.to_owned(),
        kind: TopicKind::Rule,
        summary: rule.text.to_owned(),
        fields: fields.0,
        basis: rule.basis,
        sources: vec![rule.source],
        see_also,
    }
}

pub(super) fn registry(value: &RegistryFact) -> Topic {
    let fields = Fields::new()
        .text("Meaning", value.meaning)
        .text("Type", value.kind)
        .text("Type stands on", value.kind_source)
        .text("Written", value.written_when)
        .list("Notes", value.notes);
    Topic {
        title: value.path(),
        kind: TopicKind::Registry,
        summary: value.meaning.to_owned(),
        fields: fields.0,
        basis: value.basis,
        sources: vec![value.source],
        see_also: owned(value.rules),
    }
}

pub(super) fn file(file: &FileFact) -> Topic {
    Topic {
        title: file.path.to_owned(),
        kind: TopicKind::File,
        summary: file.meaning.to_owned(),
        fields: Fields::new().text("Note", file.note).0,
        basis: file.basis,
        sources: vec![file.source],
        see_also: owned(file.rules),
    }
}

pub(super) fn kb(kb: &Kb) -> Topic {
    let mark = format!("KB{}", kb.number);
    let builds = kb.builds.iter().map(|b| format!("{b} ({})", b.product())).collect();
    let date = kb.date.map(|d| d.to_string());
    let says = |limit: &Option<Limit>| limit.is_some_and(|l| l.text.contains(&mark));
    let named = |r: &&Rule| r.text.contains(&mark) || says(&r.since) || says(&r.until) || says(&r.fixed_by);
    let see_also: Vec<String> = rules::ALL.iter().filter(named).map(|r| r.id.to_owned()).collect();
    Topic {
        summary: if kb.builds.is_empty() {
            "An update that rules name; its build is not known, so a scenario has to list it.".into()
        } else {
            "An update that rules name; a device has it from these builds on.".into()
        },
        title: mark,
        kind: TopicKind::Kb,
        fields: Fields::new().text("Date", date.as_deref()).lines("Builds", builds).0,
        basis: kb.basis,
        sources: vec!["the rules that name it; builds as the basis says"],
        see_also,
    }
}
