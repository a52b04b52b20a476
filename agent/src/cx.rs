//! What a part of the device may use while it handles an input: time, its random stream, the machine's facts, and a
//! tray for what it wants done. Parts never see each other's insides.

use oobe_catalog::events::Event;
use oobe_catalog::rules::Rule;
use oobe_wire::rng::Stream;
use oobe_wire::time::Utc;

use crate::eventlog::EventRecord;
use crate::io::{Effect, HttpReply, HttpRequest, Note, NoteFault, Slot, Timer, TransportError};
use crate::keys::{KeyCommand, KeyError, KeyReply};
use crate::registry::{Registry, RegistryValue};
use crate::setup::DeviceSetup;
use crate::time::{Span, VirtualTime};
use crate::tpm::{TpmCommand, TpmError, TpmReply};

/// Something a conversation needs from outside. One at a time in each [`Slot`].
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// A request to a peer. Silence ends in [`TransportError::TimedOut`] after the device's request limit.
    Http {
        /// The request.
        request: HttpRequest,
        /// Why, in words a person reads.
        why: String,
    },
    /// A key operation.
    Keys(KeyCommand),
    /// A TPM command.
    Tpm(TpmCommand),
}

/// What came of an [`Ask`].
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Of a request.
    Http(Result<HttpReply, TransportError>),
    /// Of a key operation.
    Keys(Result<KeyReply, KeyError>),
    /// Of a TPM command.
    Tpm(Result<TpmReply, TpmError>),
}

/// The context of one step.
pub struct Cx<'a> {
    /// Virtual time of this step.
    pub now: VirtualTime,
    /// The device's own clock at this step.
    pub utc: Utc,
    /// Boot generation.
    pub boot: u32,
    /// The device's random stream.
    pub rng: &'a mut Stream,
    /// What the device is made of.
    pub setup: &'a DeviceSetup,
    /// The registry hive on disk.
    pub registry: &'a mut Registry,
    pub(crate) asks: &'a mut Vec<(Slot, Ask)>,
    pub(crate) effects: &'a mut Vec<Effect>,
}

impl Cx<'_> {
    /// Wants something from outside, for the conversation in `slot`. The device core gives it its correlation and
    /// its time limit.
    pub fn ask(&mut self, slot: Slot, ask: Ask) {
        self.asks.push((slot, ask));
    }

    /// Sends a request for `slot`.
    pub fn send(&mut self, slot: Slot, request: HttpRequest, why: impl Into<String>) {
        self.ask(slot, Ask::Http { request, why: why.into() });
    }

    /// Sets a timer.
    pub fn set_timer(&mut self, timer: Timer, after: Span, why: impl Into<String>) {
        self.effects.push(Effect::SetTimer { timer, after, boot: self.boot, why: why.into() });
    }

    /// Cancels a timer.
    pub fn cancel_timer(&mut self, timer: Timer) {
        self.effects.push(Effect::CancelTimer { timer });
    }

    /// Leaves a remark for the trace.
    pub fn note(&mut self, note: Note) {
        self.effects.push(Effect::Note(note));
    }

    /// Tells that a decision rests on `rule`.
    pub fn decided(&mut self, rule: &'static Rule, what: impl Into<String>) {
        self.note(Note::decided(rule, what));
    }

    /// Tells how a check on something a peer sent came out.
    pub fn checked(&mut self, check: &'static str, failed: Option<String>) {
        self.note(Note::Checked { check: check.into(), failed });
    }

    /// Tells of a failure.
    pub fn failed(&mut self, doing: &str, fault: NoteFault, code: Option<String>, detail: impl Into<String>) {
        self.note(Note::Failed { doing: doing.to_owned(), fault, code, detail: detail.into() });
    }

    /// Tells that a state machine moved.
    pub fn state(&mut self, machine: &str, from: impl Into<String>, to: impl Into<String>) {
        self.note(Note::State { machine: machine.to_owned(), from: from.into(), to: to.into() });
    }

    /// Writes an event record, stamped with the device's clock.
    pub fn event(&mut self, event: &'static Event, data: &[(&str, &str)]) {
        self.effects.push(Effect::WriteEvent(EventRecord::new(event, data, self.utc)));
    }

    /// Writes a registry value; an unchanged one is no effect.
    pub fn write_registry(&mut self, key: &str, name: &str, value: RegistryValue) {
        if let Some(write) = self.registry.write(key, name, value) {
            self.effects.push(Effect::WriteRegistry(write.clone()));
        }
    }

    /// Draws a duration round `median` (MOD-004): half to about twice of it, the middle half within a quarter. Whole
    /// numbers only, so that it is the same on every machine.
    pub fn draw(&mut self, median: Span) -> Span {
        /// Quantiles of a log-normal with sigma 0.4, in thousandths of the median.
        const QUANTILES: [u64; 16] =
            [475, 590, 668, 733, 792, 848, 904, 961, 1_041, 1_106, 1_179, 1_262, 1_364, 1_497, 1_696, 2_107];
        let index = usize::try_from(self.rng.below(16)).unwrap_or(0);
        Span(median.0.saturating_mul(QUANTILES[index]) / 1_000)
    }
}
