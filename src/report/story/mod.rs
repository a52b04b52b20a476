//! A run told as a story: what is on the screen, what the person does, what the device does about it, what it waits
//! for, and which rules of the documents its decisions rest on.

mod page;

use std::collections::{BTreeMap, BTreeSet};

use oobe_agent::io::{Correlation, Note, Timer};
use oobe_agent::screen::Screen;
use oobe_agent::time::{Span, VirtualTime};

use self::page::{changed_rows, shortened, waited_for};
use super::layout::{Entry, Layout};
use super::paint::Tone;
use super::words;
use crate::trace::{Record, What};

/// Shorter waits are not worth a line.
const WORTH_TELLING: Span = Span::from_secs(15);

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Detail {
    /// The story.
    #[default]
    Story,
    /// And every event, registry value, answer and management command (`-v`).
    More,
    /// Everything that the trace has (`-vv`).
    All,
}

/// Tells one run, record by record.
#[derive(Debug, Clone)]
pub struct Narrator {
    layout: Layout,
    detail: Detail,
    several: bool,
    devices: BTreeMap<String, Told>,
    now: VirtualTime,
    shown: Option<String>,
    wait: Wait,
    out: String,
}

/// What was told of a device already.
#[derive(Debug, Clone, Default)]
struct Told {
    screen: Option<Screen>,
    acts: Option<(String, Vec<String>)>,
    doing: Option<(Correlation, String)>,
    asked: BTreeMap<Correlation, (String, String)>,
    timers: BTreeMap<Timer, String>,
    decided: BTreeSet<(String, String)>,
}

/// A wait that is still to be told.
#[derive(Debug, Clone, Default)]
struct Wait {
    span: Span,
    reasons: Vec<String>,
}

impl Narrator {
    /// Tells in lines of at most `width`; `several` devices get their names in front.
    pub fn new(width: usize, detail: Detail, several: bool) -> Self {
        Self {
            layout: Layout::new(width),
            detail,
            several,
            devices: BTreeMap::new(),
            now: VirtualTime::ZERO,
            shown: None,
            wait: Wait::default(),
            out: String::new(),
        }
    }

    /// Takes a record in; gives the lines that are ready to be printed.
    pub fn hear(&mut self, record: &Record) -> String {
        let passed = record.t - self.now;
        if passed > Span::ZERO {
            self.finish_acts();
        }
        if passed >= WORTH_TELLING {
            self.wait.span.0 += passed.0;
            let reason = self.reason(record);
            if self.wait.reasons.last() != Some(&reason) {
                self.wait.reasons.push(reason);
            }
        }
        self.now = record.t;
        self.tell(record);
        std::mem::take(&mut self.out)
    }

    /// Nothing more comes: gives what was held back.
    pub fn finish(&mut self) -> String {
        self.finish_acts();
        std::mem::take(&mut self.out)
    }

    fn told(&mut self, who: &str) -> &mut Told {
        self.devices.entry(who.to_owned()).or_default()
    }

    /// What ended the wait is what was waited for.
    fn reason(&mut self, record: &Record) -> String {
        let told = self.told(&record.who);
        match &record.what {
            What::TimerFired { timer } => {
                let why = told.timers.get(timer).map_or("", String::as_str);
                why.strip_prefix("waiting for ").unwrap_or(why).to_owned()
            }
            What::Reply { id, .. } => told.asked.get(id).map_or_else(String::new, |(host, _)| host.clone()),
            What::Act { person, .. } => person.clone(),
            What::PowerOn => "someone to press the power button".to_owned(),
            What::Trigger { trigger, .. } | What::Injected { fault: trigger, request: None, .. } => {
                trigger.clone()
            }
            _ => String::new(),
        }
    }

    fn tell(&mut self, record: &Record) {
        let who = &*record.who;
        match &record.what {
            What::PowerOn => self.event(who, "power on", Tone::Strong),
            What::PowerLost => self.event(who, "power lost", Tone::Bad),
            What::Restart { why } => self.event(who, &format!("restart: {why}"), Tone::Warning),
            What::PowerOff { why } => self.event(who, &format!("power off: {why}"), Tone::Warning),
            What::Screen { screen } => self.screen(who, screen),
            What::Act { person, act } => {
                let text = words::act(act);
                match &mut self.told(who).acts {
                    Some((name, acts)) if name == person => acts.push(text),
                    acts => *acts = Some((person.clone(), vec![text])),
                }
            }
            What::Request { id, url, why, method, bytes, .. } => {
                let host = words::host(url).to_owned();
                let told = self.told(who);
                told.asked.insert(*id, (host.clone(), why.clone()));
                let doing = told.doing.replace((*id, why.clone()));
                let again = doing.is_some_and(|(other, text)| other.slot == id.slot && text == *why);
                if self.detail > Detail::Story {
                    self.line(who, '→', &format!("{why}: {method} {url} ({bytes} bytes)"), "", Tone::Plain);
                } else if !again {
                    self.line(who, '→', why, &host, Tone::Plain);
                }
            }
            What::Reply { id, status, error, bytes, took, .. } => {
                let asked = self.told(who).asked.remove(id);
                let host = asked.map_or_else(|| "the peer".to_owned(), |(host, _)| host);
                match (status, error) {
                    (Some(status), _) => {
                        let text = format!("{host} answers {status} ({bytes} bytes, {} ms)", took.0);
                        self.more(who, '←', &text, "");
                    }
                    (None, error) => {
                        let error = error.as_deref().unwrap_or("no answer");
                        self.line(who, '✗', &format!("{host}: {error}"), "", Tone::Bad);
                    }
                }
            }
            What::Push { heard } => self.line(who, '←', words::push(*heard), "", Tone::Plain),
            What::TimerSet { timer, why, .. } => {
                self.told(who).timers.insert(*timer, why.clone());
                self.all(record);
            }
            What::Event { event } => {
                let tone = match event.level.to_ascii_lowercase().as_str() {
                    "error" | "critical" => Tone::Bad,
                    "warning" => Tone::Warning,
                    _ => Tone::Faint,
                };
                if tone != Tone::Faint || self.detail > Detail::Story {
                    self.line(who, '≡', &event.text, &words::event_id(event), tone);
                }
            }
            What::Registry { write } => {
                let text = format!("{}\\{} = {}", write.key, write.name, words::registry(&write.value));
                self.more(who, '=', &shortened(&text), "");
            }
            What::Note { note } => self.note(record, note),
            What::Link { link } => {
                self.event(who, &format!("network link: {link:?}").to_lowercase(), Tone::Warning);
            }
            What::Fault { fault } => self.event(who, &words::device_fault(fault), Tone::Warning),
            What::Injected { fault, does, .. } => {
                self.line(who, '!', &format!("injected fault: {does}"), fault, Tone::Warning);
            }
            What::Unused { part, name } => {
                self.line(who, '!', &words::came_to_nothing(*part, name), "", Tone::Warning);
            }
            What::Trigger { trigger, action } => self.line(who, '!', action, trigger, Tone::Warning),
            What::Cloud { service, what, ok, detail, rule } => {
                let reference = rule.as_deref().unwrap_or_default();
                let text = format!("{service}: {what} {detail}");
                match ok {
                    true => self.more(who, '◇', text.trim_end(), reference),
                    false => self.line(
                        who,
                        '◇',
                        &format!("refused by {}", text.trim_end()),
                        reference,
                        Tone::Warning,
                    ),
                }
            }
            What::End { outcome, detail } => {
                self.line(who, '■', &format!("the run ends: {detail}"), outcome, Tone::Strong);
            }
            What::Key { .. } | What::Tpm { .. } | What::TimerCancelled { .. } | What::TimerFired { .. } => {
                self.all(record);
            }
        }
    }

    fn note(&mut self, record: &Record, note: &Note) {
        let who = &*record.who;
        match note {
            Note::Decided { what, rule } => {
                // Told once for each device, however often it is decided.
                if self.told(who).decided.insert((rule.to_string(), what.clone())) {
                    self.line(who, '§', what, rule, Tone::Faint);
                }
            }
            Note::Checked { check, failed: Some(why) } => {
                self.line(who, '✗', &format!("the check {check} fails: {why}"), "", Tone::Bad);
            }
            Note::Progress { item, state } => {
                // Numbers on the way are for those who ask for more.
                let text = format!("{item}: {state}");
                if state.starts_with("status ") {
                    self.more(who, '·', &text, "");
                } else {
                    self.line(who, '·', &text, "", Tone::Plain);
                }
            }
            Note::Failed { doing, fault, code, detail } => {
                let short = detail.lines().next().unwrap_or_default();
                let detail = if self.detail > Detail::Story { detail } else { short };
                let text = format!("{doing}: {detail} ({})", words::blame(*fault));
                self.line(who, '✗', &text, code.as_deref().unwrap_or_default(), Tone::Bad);
            }
            Note::Ended { outcome } => {
                self.line(who, '■', &format!("the device is through: {outcome}"), "", Tone::Good);
            }
            Note::Remark { text } => self.line(who, '·', text, "", Tone::Faint),
            Note::Csp { .. } => self.more(who, '~', &shortened(&words::record(record)), ""),
            Note::State { .. } | Note::Checked { failed: None, .. } => self.all(record),
        }
    }

    fn screen(&mut self, who: &str, screen: &Screen) {
        let before = self.told(who).screen.replace(screen.clone()).filter(|old| old.id == screen.id);
        if before.is_none() {
            self.line(who, '▣', &screen.title, &screen.id, Tone::Strong);
            if self.detail > Detail::Story {
                screen.text.iter().for_each(|text| self.line(who, ' ', text, "", Tone::Faint));
            }
        }
        let old_error = before.as_ref().and_then(|old| old.error.as_ref());
        if let Some(error) = screen.error.as_ref().filter(|error| Some(*error) != old_error) {
            self.line(who, '✗', error, &screen.id, Tone::Bad);
        }
        let rows = changed_rows(before.as_ref(), screen);
        if !rows.is_empty() {
            self.line(who, '▸', &rows.join("; "), "", Tone::Plain);
        }
    }

    fn finish_acts(&mut self) {
        let names: Vec<String> = self.devices.keys().cloned().collect();
        for name in &names {
            self.tell_acts(name);
        }
    }

    /// Acts at one moment are told together, before something else is told.
    fn tell_acts(&mut self, who: &str) {
        if let Some((person, acts)) = self.told(who).acts.take() {
            self.line(who, '>', &format!("{person} {}", acts.join(", ")), "", Tone::Plain);
        }
    }

    /// Something that happens to the device as a whole.
    fn event(&mut self, who: &str, text: &str, tone: Tone) {
        self.told(who).screen = None;
        self.line(who, '●', text, "", tone);
    }

    fn more(&mut self, who: &str, sign: char, text: &str, reference: &str) {
        if self.detail > Detail::Story {
            self.line(who, sign, text, reference, Tone::Faint);
        }
    }

    fn all(&mut self, record: &Record) {
        if self.detail == Detail::All {
            self.line(&record.who, ' ', &words::record(record), "", Tone::Faint);
        }
    }

    fn line(&mut self, who: &str, sign: char, text: &str, reference: &str, tone: Tone) {
        self.tell_acts(who);
        if self.wait.span > Span::ZERO {
            let wait = std::mem::take(&mut self.wait);
            let text = format!("{} {}", wait.span, waited_for(&wait.reasons));
            self.push(who, '…', text.trim_end(), "", Tone::Faint, String::new());
        }
        // The time stands only where it changes.
        let time = self.now.to_string();
        let time = if self.shown.as_ref() == Some(&time) { String::new() } else { time };
        if !time.is_empty() {
            self.shown = Some(time.clone());
        }
        self.push(who, sign, text, reference, tone, time);
    }

    fn push(&mut self, who: &str, sign: char, text: &str, reference: &str, tone: Tone, time: String) {
        let who = if self.several { who.to_owned() } else { String::new() };
        let entry = Entry { time, who, sign, text: text.to_owned(), tone, reference: reference.to_owned() };
        let lines = self.layout.entry(&entry);
        self.out.push_str(&lines);
    }
}
