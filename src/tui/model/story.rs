//! The trace as a story: one line for what a person at the scene would tell, nothing for the rest.

use oobe_agent::esp::PhaseView;
use oobe_agent::io::{Act, Fault, Link, Note};
use oobe_agent::screen::Screen;
use oobe_agent::time::VirtualTime;

use super::station::Station;
use super::tpm;
use crate::report::{came_to_nothing, push};
use crate::trace::record::{Record, What};

/// One line of the story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoryLine {
    /// When.
    pub(crate) t: VirtualTime,
    /// Whose.
    pub(crate) who: String,
    /// What kind of line.
    pub(crate) mark: Mark,
    /// What happened.
    pub(crate) text: String,
    /// How many times, one after the other.
    pub(crate) times: u32,
}

impl StoryLine {
    /// Whether it tells the same as another, at the same time.
    pub(super) fn repeats(&self, before: &Self) -> bool {
        (self.t, &self.who, self.mark, &self.text) == (before.t, &before.who, before.mark, &before.text)
    }

    /// The line in words.
    pub(crate) fn words(&self) -> String {
        if self.times > 1 { format!("{} ({} times)", self.text, self.times) } else { self.text.clone() }
    }
}

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Power and restarts.
    Power,
    /// A screen came up.
    Screen,
    /// A person did something.
    Person,
    /// Work of the device.
    Work,
    /// A command of the TPM.
    Tpm,
    /// A record of the event log.
    Event,
    /// The cloud did something.
    Cloud,
    /// The scenario did something.
    Trigger,
    /// Something went wrong.
    Bad,
    /// Something came to a good end.
    Good,
}

impl Mark {
    /// One column wide.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Power => "*",
            Self::Screen => "▣",
            Self::Person => ">",
            Self::Work => "·",
            Self::Tpm => "◆",
            Self::Event => "≡",
            Self::Cloud => "~",
            Self::Trigger => "!",
            Self::Bad => "✗",
            Self::Good => "✓",
        }
    }
}

/// The line for a record, if it is worth one. `before` is the device as it was before the record.
pub(super) fn tell(record: &Record, before: Option<&Station>) -> Option<StoryLine> {
    let (mark, text) = match &record.what {
        What::PowerOn => (Mark::Power, "switched on".to_owned()),
        What::PowerLost => (Mark::Power, "power goes".to_owned()),
        What::Restart { why } => (Mark::Power, format!("restarts: {why}")),
        What::PowerOff { why } => (Mark::Power, format!("switches itself off: {why}")),
        What::Screen { screen } => screen_line(screen, before.and_then(|s| s.screen.as_ref()))?,
        What::Act { person, act } => (Mark::Person, deed(person, act)),
        What::Event { event } => {
            let mark = if event.level == "Error" { Mark::Bad } else { Mark::Event };
            (mark, format!("{} {}: {}", event.channel, event.id, event.text))
        }
        What::Reply { error: Some(error), id, .. } => (Mark::Bad, format!("no answer to {id}: {error}")),
        What::Tpm { command, reply, error, .. } => tpm::line(command, reply.as_ref(), error.as_deref())
            .map(|(bad, text)| (if bad { Mark::Bad } else { Mark::Tpm }, text))?,
        What::Request { why, .. } => (Mark::Work, why.clone()),
        What::Push { heard } => (Mark::Cloud, push(*heard).to_owned()),
        What::Link { link } => (Mark::Trigger, format!("network: {}", link_name(*link))),
        What::Fault { fault } => (Mark::Trigger, fault_name(fault)),
        What::Injected { fault, does, .. } => (Mark::Trigger, format!("injected fault: {fault}: {does}")),
        What::Unused { part, name } => (Mark::Trigger, came_to_nothing(*part, name)),
        What::Trigger { trigger, action } => (Mark::Trigger, format!("{trigger}: {action}")),
        What::Cloud { service, what, ok, detail, .. } => {
            let mark = if *ok { Mark::Cloud } else { Mark::Bad };
            let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
            (mark, format!("{service} {what}{detail}"))
        }
        What::End { outcome, detail } => (Mark::Good, format!("end: {outcome} ({detail})")),
        // Nobody touched it: that is the point of the mode (SDM-002).
        What::Note { note: Note::Ended { outcome } }
            if outcome == Note::SIGN_IN && before.is_some_and(|s| s.person.is_none()) =>
        {
            (Mark::Good, format!("reached: {outcome}, and nobody touched it"))
        }
        What::Note { note } => note_line(note)?,
        _ => return None,
    };
    Some(StoryLine { t: record.t, who: record.who.to_string(), mark, text, times: 1 })
}

fn screen_line(screen: &Screen, up: Option<&Screen>) -> Option<(Mark, String)> {
    if let Some(error) = &screen.error
        && up.and_then(|up| up.error.as_ref()) != Some(error)
    {
        return Some((Mark::Bad, format!("\"{}\": {error}", screen.title)));
    }
    match up {
        Some(up) if up.id == screen.id && up.title == screen.title => {
            let news = progress(screen, up);
            (!news.is_empty()).then(|| (Mark::Work, news.join("; ")))
        }
        _ => Some((Mark::Screen, format!("\"{}\" ({})", screen.title, screen.id))),
    }
}

/// Phases and rows of the Enrollment Status Page that say something new.
fn progress(screen: &Screen, up: &Screen) -> Vec<String> {
    let lines = |screen: &Screen| -> Vec<String> {
        let phases = screen.esp.iter().flat_map(|esp| &esp.phases);
        let told = |p: &PhaseView| {
            let phase = format!("{}: {}", p.phase.title(), p.status);
            let rows = p.rows.iter().map(|row| format!("{}: {}", row.title, row.status));
            std::iter::once(phase).chain(rows).collect::<Vec<_>>()
        };
        phases.flat_map(told).collect()
    };
    // What is new in its place: the same row of two phases may say the same.
    let old = lines(up);
    lines(screen)
        .into_iter()
        .enumerate()
        .filter(|(at, line)| old.get(*at) != Some(line))
        .map(|(_, line)| line)
        .collect()
}

fn note_line(note: &Note) -> Option<(Mark, String)> {
    Some(match note {
        Note::Decided { what, rule } => (Mark::Work, format!("{rule}: {what}")),
        Note::Checked { check, failed: Some(why) } => (Mark::Bad, format!("check {check} failed: {why}")),
        Note::Progress { item, state } => (Mark::Work, format!("{item}: {state}")),
        Note::Failed { doing, code, detail, .. } => {
            let code = code.as_ref().map(|c| format!(" ({c})")).unwrap_or_default();
            (Mark::Bad, format!("{doing}: {detail}{code}"))
        }
        Note::Ended { outcome } => (Mark::Good, format!("reached: {outcome}")),
        Note::Remark { text } => (Mark::Work, text.clone()),
        _ => return None,
    })
}

fn deed(person: &str, act: &Act) -> String {
    // The one at the terminal is told what they did; all others are told of.
    let s = if person == "you" { "" } else { "s" };
    let es = if person == "you" { "" } else { "es" };
    match act {
        Act::Press { button } => format!("{person} press{es} \"{button}\""),
        Act::Fill { field, text } => format!("{person} type{s} {field}: {text}"),
        Act::Key { key } => format!("{person} press{es} {key}"),
        Act::Command { line } => format!("{person} type{s} at a command prompt: {line}"),
    }
}

fn link_name(link: Link) -> &'static str {
    match link {
        Link::Down => "no link",
        Link::Ethernet => "cable plugged in",
        Link::WiFi => "Wi-Fi connected",
    }
}

fn fault_name(fault: &Fault) -> String {
    match fault {
        Fault::ClockSet { skew_ms } => format!("its clock jumps: off by {} s", skew_ms / 1_000),
        Fault::Restart => "somebody restarts it".into(),
        Fault::Wiped => "somebody wipes it".into(),
    }
}
