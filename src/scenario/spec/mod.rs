//! What stands in a scenario file, typed. Plain data: [`super::load()`] reads it and checks what it means,
//! [`super::build`] makes a world of it.

mod actor;
mod assigned;
mod device;
mod expect;
mod fault;
mod pattern;
mod profile;
mod tenant;
mod values;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use actor::{Action, AdminAction, Condition, PersonSpec, Step, TriggerSpec};
pub use assigned::{
    AppKind, AppSpec, CertificateKind, CertificateSpec, Detection, PolicySpec, RunsAs, Scope,
};
pub use device::{Chassis, DeviceSpec, Edition, LinkSpec, RegistrationSpec, TimingSpec, TpmSpec};
pub use expect::{CodeSeen, ExpectSpec, RegistrySeen};
pub use fault::{
    DeviceFault, FaultSpec, ForceFault, NetworkFailure, NetworkFault, ServiceFailure, ServiceFaultSpec,
    TokenFlaw,
};
pub use pattern::{
    CheckPattern, CloudPattern, CspPattern, EventPattern, Glob, ProgressPattern, RequestPattern, StatePattern,
};
pub use profile::{AccountType, Blocking, EspSpec, ProfileMode, ProfileSpec, Visibility};
pub use tenant::{JoinSpec, MdmSpec, Members, TenantSpec, UserSpec};
pub use values::{Keys, Scalar};

use super::quantity::{Date, Duration, Moment, Size};

/// A scenario: one world, what happens in it, and what is expected of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Version of this format. Always 1.
    #[schemars(range(min = 1, max = 1))]
    pub oobe: u32,
    /// What it shows, in one line.
    pub title: String,
    /// More about it.
    #[serde(default)]
    pub description: String,
    /// Rules of the documents that it shows, for example `USR-004`.
    #[serde(default)]
    pub covers: Vec<String>,
    /// Everything left to chance follows from this number.
    #[serde(default = "default_seed")]
    #[schemars(range(max = 9_223_372_036_854_775_807_u64))]
    pub seed: u64,
    /// Which keys devices and cloud make.
    #[serde(default)]
    pub keys: Keys,
    /// The date the cloud stands at: rules that changed over time follow it.
    #[serde(default = "default_as_of")]
    pub as_of: Date,
    /// The time of day and date at which the world begins.
    #[serde(default = "default_epoch")]
    pub epoch: Moment,
    /// The run ends at this virtual time at the latest.
    #[serde(default = "default_time_limit")]
    pub time_limit: Duration,
    /// How fast the network is.
    #[serde(default)]
    pub network: NetworkSpec,
    /// The organizations of the cloud, by name.
    #[serde(default)]
    pub tenant: BTreeMap<String, TenantSpec>,
    /// The devices, by name: at least one.
    #[serde(default)]
    pub device: BTreeMap<String, DeviceSpec>,
    /// The people in front of the devices, by name. A device without a person waits for ever at its first question.
    #[serde(default)]
    pub person: BTreeMap<String, PersonSpec>,
    /// What is done when something happens.
    #[serde(default)]
    pub when: Vec<TriggerSpec>,
    /// What is broken, and how.
    #[serde(default)]
    pub fault: Vec<FaultSpec>,
    /// What must be true of the run.
    #[serde(default)]
    pub expect: Vec<ExpectSpec>,
}

/// How fast the network is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkSpec {
    /// How long a peer takes to answer, as a median; each answer is drawn round it.
    pub reply: Duration,
    /// How much arrives in a second.
    pub rate: Size,
}

impl Default for NetworkSpec {
    fn default() -> Self {
        Self { reply: "300ms".parse().expect("a duration"), rate: Size(5_000_000) }
    }
}

const fn default_seed() -> u64 {
    1
}

fn default_as_of() -> Date {
    Date { year: 2026, month: 11, day: 20 }
}

fn default_epoch() -> Moment {
    Moment(oobe_wire::time::Utc::from_unix_seconds(1_795_161_600))
}

fn default_time_limit() -> Duration {
    "6h".parse().expect("a duration")
}
