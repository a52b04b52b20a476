//! Where records come from: a world that is played, or a trace that was saved.

use std::collections::VecDeque;
use std::path::Path;

use oobe_agent::io::Act;
use oobe_agent::time::{Span, VirtualTime};

use crate::trace::{Record, Trace, TraceError, TraceHeader, What};
use crate::world::{Ending, Sink, World};

/// Something that is played, event by event.
pub(super) trait Source {
    /// What is played.
    fn header(&self) -> &TraceHeader;
    /// Where it stands.
    fn now(&self) -> VirtualTime;
    /// When the next thing happens; `None` when nothing will by itself.
    fn next_due(&self) -> Option<VirtualTime>;
    /// How it ended.
    fn ending(&self) -> Option<Ending>;
    /// Lets the next thing happen.
    fn step(&mut self, sink: &mut Sink<'_>);
    /// The person at the terminal does something.
    fn act(&mut self, device: &str, act: Act, sink: &mut Sink<'_>);
    /// So late it is by now, as the person at the terminal sees it: no later than the next thing that happens.
    fn elapse(&mut self, to: VirtualTime);
    /// The person at the terminal presses the power button of a device that is off.
    fn press_power(&mut self, device: &str, sink: &mut Sink<'_>);
    /// Power goes, and comes back after a while.
    fn cut_power(&mut self, device: &str, back: Span, sink: &mut Sink<'_>);
    /// The people of the scenario act, or keep their hands off.
    fn people_act(&mut self, act: bool);
    /// Whether it takes part in what the person at the terminal does.
    fn is_live(&self) -> bool;
}

impl Source for World {
    fn header(&self) -> &TraceHeader {
        self.header()
    }

    fn now(&self) -> VirtualTime {
        self.now()
    }

    fn next_due(&self) -> Option<VirtualTime> {
        self.next_to_see()
    }

    fn ending(&self) -> Option<Ending> {
        self.ending().cloned()
    }

    fn step(&mut self, sink: &mut Sink<'_>) {
        self.step(sink);
    }

    fn act(&mut self, device: &str, act: Act, sink: &mut Sink<'_>) {
        self.act(device, act, sink);
    }

    fn elapse(&mut self, to: VirtualTime) {
        self.elapse(to);
    }

    fn press_power(&mut self, device: &str, sink: &mut Sink<'_>) {
        self.press_power(device, sink);
    }

    fn cut_power(&mut self, device: &str, back: Span, sink: &mut Sink<'_>) {
        self.cut_power(device, Some(back), sink);
    }

    fn people_act(&mut self, act: bool) {
        self.people_act(act);
    }

    fn is_live(&self) -> bool {
        true
    }
}

/// A trace that was saved.
#[derive(Debug)]
pub(super) struct Replay {
    header: TraceHeader,
    records: VecDeque<Record>,
    now: VirtualTime,
    /// Records that were played.
    played: u64,
    ending: Option<Ending>,
}

impl Replay {
    /// Reads a trace. Records of kinds that this program does not know are left out.
    pub(super) fn open(path: &Path) -> Result<Self, TraceError> {
        Ok(Self::of(Trace::open(path)?))
    }

    pub(super) fn of(trace: Trace) -> Self {
        let records = trace.lines.into_iter().filter_map(|line| line.record).collect();
        Self { header: trace.header, records, now: VirtualTime::ZERO, played: 0, ending: None }
    }
}

impl Source for Replay {
    fn header(&self) -> &TraceHeader {
        &self.header
    }

    fn now(&self) -> VirtualTime {
        self.now
    }

    fn next_due(&self) -> Option<VirtualTime> {
        self.records.front().map(|record| record.t)
    }

    fn ending(&self) -> Option<Ending> {
        self.ending.clone()
    }

    fn step(&mut self, sink: &mut Sink<'_>) {
        if self.ending.is_some() {
            return;
        }
        // A trace may break off: then it ends all the same.
        let record = self.records.pop_front().unwrap_or_else(|| Record {
            t: self.now,
            n: self.played,
            who: "world".into(),
            what: What::End { outcome: "broken off".into(), detail: "the trace ends here".into() },
        });
        self.played = record.n + 1;
        self.now = self.now.max(record.t);
        if let What::End { outcome, detail } = &record.what {
            self.ending = Some(Ending { outcome: outcome.clone(), detail: detail.clone() });
        }
        sink(&record);
    }

    fn act(&mut self, _device: &str, _act: Act, _sink: &mut Sink<'_>) {}

    fn elapse(&mut self, _to: VirtualTime) {}

    fn press_power(&mut self, _device: &str, _sink: &mut Sink<'_>) {}

    fn cut_power(&mut self, _device: &str, _back: Span, _sink: &mut Sink<'_>) {}

    fn people_act(&mut self, _act: bool) {}

    fn is_live(&self) -> bool {
        false
    }
}
