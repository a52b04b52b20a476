//! What the trace has told so far: the only thing that screens are drawn from. Pure: records go in, nothing comes
//! out, and the same records always give the same model.

mod station;
mod story;
mod tpm;
mod waits;

use std::collections::{BTreeSet, VecDeque};

use oobe_agent::io::Note;
use oobe_agent::time::VirtualTime;
use oobe_catalog::BasisSummary;
use oobe_catalog::rules;

pub(super) use self::station::{Power, Station};
pub(super) use self::story::{Mark, StoryLine};
pub(super) use self::waits::Wait;
use crate::trace::record::{Record, What};

/// Story lines that are kept.
const STORY: usize = 2_000;

/// Everything the trace has told.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    /// Time of the last record.
    pub(super) now: VirtualTime,
    /// Records so far.
    pub(super) records: u64,
    /// The devices, in the order in which they showed up.
    pub(super) stations: Vec<Station>,
    /// What happened, in words, oldest first.
    pub(super) story: VecDeque<StoryLine>,
    /// How the world ended.
    pub(super) end: Option<End>,
    /// Rules that decisions rested on.
    rules: BTreeSet<String>,
}

/// How the world ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    /// `desktop`, `quiet`, `time-limit`, ...
    pub(super) outcome: String,
    /// In words.
    pub(super) detail: String,
}

/// What a record changed, as far as drawing is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing that has to be seen at once.
    Little,
    /// A step that whoever watches may want to see: worth a moment in a demonstration.
    Step,
    /// A person did something: worth a moment.
    Acted,
    /// Another screen, or a dark one: worth a frame of its own.
    Scene,
}

impl Model {
    /// Takes in one record.
    pub(super) fn apply(&mut self, record: &Record) -> Change {
        self.now = self.now.max(record.t);
        self.records += 1;
        self.note_rule(record);
        let station = (!matches!(&*record.who, "cloud" | "world")).then(|| self.station_index(&record.who));
        let line = story::tell(record, station.map(|at| &self.stations[at]));
        let change = match station {
            Some(at) => self.stations[at].apply(record),
            None => Change::Little,
        };
        let told = line.is_some() && matches!(record.what, What::Screen { .. } | What::Tpm { .. });
        let change = if told && change == Change::Little { Change::Step } else { change };
        if let Some(line) = line {
            if let Some(last) = self.story.back_mut().filter(|last| line.repeats(last)) {
                last.times += 1;
                return change;
            }
            if self.story.len() == STORY {
                self.story.pop_front();
            }
            self.story.push_back(line);
        }
        if let What::End { outcome, detail } = &record.what {
            self.end = Some(End { outcome: outcome.clone(), detail: detail.clone() });
            return Change::Scene;
        }
        change
    }

    /// Whether the world ended, and every device at an end of its own.
    pub(super) fn ended_well(&self) -> bool {
        self.end.is_some() && self.stations.iter().all(|s| s.ended.is_some())
    }

    /// What the run rests on so far.
    pub(super) fn basis(&self) -> BasisSummary {
        self.rules.iter().filter_map(|id| rules::find(id)).map(|rule| rule.basis).collect()
    }

    fn station_index(&mut self, name: &str) -> usize {
        if let Some(at) = self.stations.iter().position(|s| s.name == name) {
            return at;
        }
        self.stations.push(Station::new(name));
        self.stations.len() - 1
    }

    fn note_rule(&mut self, record: &Record) {
        let (What::Note { note: Note::Decided { rule, .. } } | What::Cloud { rule: Some(rule), .. }) =
            &record.what
        else {
            return;
        };
        if !self.rules.contains(&**rule) {
            self.rules.insert(rule.to_string());
        }
    }
}
