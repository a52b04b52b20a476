//! What happens next, ordered by virtual time and then by the order in which it was decided.

use std::collections::BTreeMap;

use oobe_agent::io::{Act, Correlation, HttpReply, HttpRequest, Timer, TransportError};
use oobe_agent::keys::{KeyError, KeyReply};
use oobe_agent::time::VirtualTime;
use oobe_agent::tpm::{TpmError, TpmReply};

use super::actors::Deed;
use super::network::Fate;

/// Something that will happen.
#[derive(Debug, Clone)]
pub(super) enum Due {
    /// Someone presses the power button.
    Power { device: String },
    /// A device's timer runs out, unless it was cancelled or set again (its ticket is no longer the current one).
    Timer { device: String, timer: Timer, boot: u32, ticket: u64 },
    /// A request reaches its service.
    Arrive { device: String, id: Correlation, request: HttpRequest, asked: VirtualTime, fate: Fate },
    /// An answer (or the lack of one) reaches the device.
    Deliver { device: String, id: Correlation, result: Result<HttpReply, TransportError>, asked: VirtualTime },
    /// The key store answers.
    Keys { device: String, id: Correlation, result: Result<KeyReply, KeyError> },
    /// The TPM answers.
    Tpm { device: String, id: Correlation, result: Result<TpmReply, TpmError> },
    /// A push notification of the management server reaches the device.
    Push { device: String },
    /// A person acts, if the screen they look at is still that one.
    Person { person: String, device: String, screen: u64, acts: Vec<Act> },
    /// A trigger's action.
    Action { trigger: String, device: Option<String>, deed: Deed },
}

/// The queue.
#[derive(Debug, Clone, Default)]
pub(super) struct Queue {
    due: BTreeMap<(VirtualTime, u64), Due>,
    sequence: u64,
}

impl Queue {
    pub(super) fn push(&mut self, at: VirtualTime, due: Due) {
        self.due.insert((at, self.sequence), due);
        self.sequence += 1;
    }

    pub(super) fn pop(&mut self) -> Option<(VirtualTime, Due)> {
        self.due.pop_first().map(|((time, _), due)| (time, due))
    }

    pub(super) fn next_time(&self) -> Option<VirtualTime> {
        self.due.first_key_value().map(|((time, _), _)| *time)
    }

    /// When the first thing happens that is not `over`.
    pub(super) fn next_time_but(&self, over: impl Fn(&Due) -> bool) -> Option<VirtualTime> {
        self.due.iter().find(|(_, due)| !over(due)).map(|((time, _), _)| *time)
    }

    /// Whether something is under way between devices, services and keys: a request, an answer, a notification, a key
    /// operation.
    pub(super) fn holds_traffic(&self) -> bool {
        self.due.values().any(|due| {
            matches!(
                due,
                Due::Arrive { .. }
                    | Due::Deliver { .. }
                    | Due::Push { .. }
                    | Due::Keys { .. }
                    | Due::Tpm { .. }
            )
        })
    }

    /// Whether power comes back to a device, or somebody is about to switch one on.
    pub(super) fn holds_power(&self) -> bool {
        self.due.values().any(|due| matches!(due, Due::Power { .. }))
    }

    /// Whether a person is about to do something at that device.
    pub(super) fn holds_person(&self, at: &str) -> bool {
        self.due.values().any(|due| matches!(due, Due::Person { device, .. } if device == at))
    }

    /// Whether an action of the scenario is still to come that is not `moot`.
    pub(super) fn holds_action(&self, moot: impl Fn(&Deed, Option<&str>) -> bool) -> bool {
        let comes = |due: &Due| match due {
            Due::Action { deed, device, .. } => !moot(deed, device.as_deref()),
            _ => false,
        };
        self.due.values().any(comes)
    }
}
