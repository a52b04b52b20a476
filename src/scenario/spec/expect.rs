//! Expectations: what must be true of the trace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    CheckPattern, CloudPattern, CspPattern, EventPattern, Glob, ProgressPattern, RequestPattern, Scalar,
    StatePattern,
};
use crate::scenario::quantity::Duration;

/// One thing that must be true of the run. Exactly one of the keys from `outcome` to `restart` says what is looked
/// for; the others say how often, when and on which device.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectSpec {
    /// What to call it in reports.
    pub name: Option<String>,
    /// On this device; on any when absent.
    pub device: Option<String>,

    /// The device ends here: `desktop`, ...
    pub outcome: Option<String>,
    /// A screen shows, by id.
    pub screen: Option<String>,
    /// ... with this text somewhere on it (together with `screen`, `*` for anything).
    pub shows: Option<Glob>,
    /// Screens show in this order, by id; others may come in between.
    pub screens: Option<Vec<String>>,
    /// An event is written.
    pub event: Option<EventPattern>,
    /// Events are written in this order; others may come in between.
    pub events: Option<Vec<EventPattern>>,
    /// A registry value is written.
    pub registry: Option<RegistrySeen>,
    /// A decision rests on this rule, by id.
    pub rule: Option<String>,
    /// A result code is told: on a screen, in a failure, or in an event.
    pub code: Option<CodeSeen>,
    /// A state machine moves.
    pub state: Option<StatePattern>,
    /// The device checks something.
    pub check: Option<CheckPattern>,
    /// The cloud decides something.
    pub cloud: Option<CloudPattern>,
    /// A management command is carried out.
    pub csp: Option<CspPattern>,
    /// An app, a certificate or a policy moves on.
    pub progress: Option<ProgressPattern>,
    /// A request is made.
    pub request: Option<RequestPattern>,
    /// Requests are made in this order; others may come in between.
    pub requests: Option<Vec<RequestPattern>>,
    /// A fault of the scenario strikes, by the name that the scenario gives it (a network fault that a trigger begins: the
    /// trigger's).
    pub fault: Option<Glob>,
    /// The device restarts by itself.
    pub restart: Option<bool>,

    /// It must not happen.
    pub never: bool,
    /// It happens exactly so often.
    pub exactly: Option<u32>,
    /// It happens at least so often; once when absent.
    pub at_least: Option<u32>,
    /// It happens at most so often.
    pub at_most: Option<u32>,
    /// It happens no later than this virtual time.
    pub within: Option<Duration>,
    /// It happens no earlier than this virtual time.
    pub after: Option<Duration>,
}

/// A registry value that is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrySeen {
    /// Full key path.
    pub key: Glob,
    /// Value name.
    pub name: String,
    /// What is written; anything when absent. The last write counts.
    #[serde(default)]
    pub value: Option<Scalar>,
}

/// A result code as the catalogue prints it, e.g. `0x801c0003`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CodeSeen(pub String);
