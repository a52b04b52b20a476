//! Those who act: people, administrators, the network. All of them through triggers.

use std::collections::BTreeMap;

use oobe_wire::secret::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    EventPattern, Glob, LinkSpec, Members, NetworkFault, ProgressPattern, RequestPattern, StatePattern,
    TpmSpec,
};
use crate::scenario::quantity::{Duration, Offset};

/// A person in front of a device. By default they do what each screen asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonSpec {
    /// A file of `fixtures/people` that this person is based on; keys given here win.
    #[serde(default)]
    pub preset: Option<String>,
    /// The device they sit at; the only one when absent.
    #[serde(default)]
    pub device: Option<String>,
    /// A technician: opens the Windows Autopilot options on the first page that has them, pre-provisions the device and
    /// leaves once it is resealed. The device's user, another person, sits down then.
    #[serde(default)]
    pub technician: bool,
    /// The user name they type. A technician types none.
    #[serde(default)]
    pub user: String,
    /// The passwords they type, one try after the other, the last one again and again. The right one when absent.
    /// For tests only: never put a real one here.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub passwords: Vec<Secret<String>>,
    /// How long they take before they act, as a median.
    #[serde(default = "default_think")]
    pub think: Duration,
    /// How often they answer an error page before they give up.
    #[serde(default = "default_tries")]
    pub tries: u32,
    /// What they do on a screen in place of the default, by screen id.
    #[serde(default)]
    pub at: BTreeMap<String, Vec<Step>>,
}

fn default_think() -> Duration {
    Duration::from_secs(5)
}

const fn default_tries() -> u32 {
    3
}

/// One thing a person does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Presses the button, or picks the entry, of this caption.
    Press(String),
    /// Types into a field.
    Fill {
        /// Field name, e.g. `username`.
        field: String,
        /// What is typed.
        text: String,
    },
    /// Presses a key combination.
    Key(String),
    /// Opens a command prompt (Shift+F10) and types a line, e.g. `w32tm /resync /force`.
    Command(String),
    /// Presses the Windows key so many times.
    WindowsKey(u32),
    /// Waits.
    Wait(Duration),
    /// Leaves the screen alone.
    Nothing,
}

/// When something happens, something is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TriggerSpec {
    /// What to call it in the trace.
    #[serde(default)]
    pub name: Option<String>,
    /// What it waits for.
    pub on: Condition,
    /// How long after that.
    #[serde(default)]
    pub after: Duration,
    /// How often it may happen; once when absent.
    #[serde(default = "once")]
    #[schemars(range(min = 1))]
    pub times: u32,
    /// What is done, in order.
    #[serde(rename = "do")]
    pub actions: Vec<Action>,
}

impl TriggerSpec {
    /// What the trace calls it. `at` is its place among the triggers of its scenario, from 0.
    pub fn called(&self, at: usize) -> String {
        self.name.clone().unwrap_or_else(|| format!("when {}", at + 1))
    }
}

const fn once() -> u32 {
    1
}

/// What a trigger waits for: exactly one of `time`, `screen`, `event`, `state`, `request`, `progress`, `restart`,
/// `power_off`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Condition {
    /// On this device; on any when absent.
    pub device: Option<String>,
    /// A time comes.
    pub time: Option<Duration>,
    /// A screen shows, by id.
    pub screen: Option<String>,
    /// ... with this text somewhere on it (together with `screen`).
    pub shows: Option<Glob>,
    /// An event is written.
    pub event: Option<EventPattern>,
    /// A state machine moves.
    pub state: Option<StatePattern>,
    /// A request is made, or answered.
    pub request: Option<RequestPattern>,
    /// An app, a certificate or a policy moves on.
    pub progress: Option<ProgressPattern>,
    /// The device restarts by itself.
    pub restart: Option<bool>,
    /// The device switches itself off, as it does once it is resealed.
    pub power_off: Option<bool>,
    /// The how-manieth time, from 1; the first when absent.
    #[schemars(range(min = 1))]
    pub nth: Option<u32>,
}

/// Something that is done. Where a device may be named, the one that the trigger waited on is meant by default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Power goes.
    PowerCut {
        /// Device.
        #[serde(default)]
        device: Option<String>,
        /// It comes back after this time; never when absent.
        #[serde(default)]
        back: Option<Duration>,
    },
    /// Someone presses the power button of a device that is off.
    PowerOn {
        /// Device.
        #[serde(default)]
        device: Option<String>,
    },
    /// Someone restarts the device.
    Restart {
        /// Device.
        #[serde(default)]
        device: Option<String>,
    },
    /// Someone wipes the device: Windows is installed anew, the TPM is not cleared (*model*).
    Wipe {
        /// Device.
        #[serde(default)]
        device: Option<String>,
    },
    /// Someone updates the firmware of the TPM: it has the same keys and certificates, and from the device's next start on
    /// the firmware of another profile. A TPM that is not the scenario's (`--tpm`) keeps its own.
    Firmware {
        /// Device.
        #[serde(default)]
        device: Option<String>,
        /// The profile whose firmware it is.
        tpm: TpmSpec,
    },
    /// The clock jumps.
    Clock {
        /// Device.
        #[serde(default)]
        device: Option<String>,
        /// How far it is off then.
        skew: Offset,
    },
    /// The network link changes.
    Link {
        /// Device.
        #[serde(default)]
        device: Option<String>,
        /// To what.
        to: LinkSpec,
    },
    /// A person does something out of turn.
    Person {
        /// Who; the one at the device when absent.
        #[serde(default)]
        who: Option<String>,
        /// What.
        does: Vec<Step>,
    },
    /// A network fault begins.
    Network {
        /// The fault.
        fault: NetworkFault,
        /// How long it lasts; for ever when absent.
        #[serde(default)]
        lasts: Option<Duration>,
    },
    /// An administrator does something in the cloud.
    Admin {
        /// What.
        does: AdminAction,
    },
}

impl Action {
    /// The key under which it stands in a scenario.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::PowerCut { .. } => "power-cut",
            Self::PowerOn { .. } => "power-on",
            Self::Restart { .. } => "restart",
            Self::Wipe { .. } => "wipe",
            Self::Firmware { .. } => "firmware",
            Self::Clock { .. } => "clock",
            Self::Link { .. } => "link",
            Self::Person { .. } => "person",
            Self::Network { .. } => "network",
            Self::Admin { .. } => "admin",
        }
    }
}

/// What an administrator can do. Devices by their name in this file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AdminAction {
    /// Assigns a profile to a registered device.
    AssignProfile {
        /// Device.
        device: String,
        /// Profile, by name in the device's tenant.
        profile: String,
    },
    /// Takes the profile away.
    UnassignProfile {
        /// Device.
        device: String,
    },
    /// Deletes the Autopilot registration.
    Deregister {
        /// Device.
        device: String,
    },
    /// Captures the hardware hash of the device as it is now and imports it: registered as this file says (MBR-001), with a
    /// new Entra device object (REG-003).
    Register {
        /// Device.
        device: String,
    },
    /// Deletes the Entra device object (REG-003).
    DeleteEntraDevice {
        /// Device.
        device: String,
    },
    /// Deletes the managed device in Intune: its sessions are refused from then on.
    DeleteManagedDevice {
        /// Device.
        device: String,
    },
    /// Blocks the device from being enrolled again, as a run without a user does (SDM-009).
    BlockDevice {
        /// Device.
        device: String,
    },
    /// Lets a blocked device be enrolled again.
    UnblockDevice {
        /// Device.
        device: String,
    },
    /// Wipes the managed device from the cloud: it is asked to check in, and Windows is installed anew (MOD-026).
    WipeDevice {
        /// Device.
        device: String,
    },
    /// Restarts the managed device from the cloud.
    RestartDevice {
        /// Device.
        device: String,
    },
    /// Asks the managed device to check in.
    SyncDevice {
        /// Device.
        device: String,
    },
    /// Disables or enables the Entra device object.
    EnableDevice {
        /// Device.
        device: String,
        /// Whether it is enabled afterwards.
        enabled: bool,
    },
    /// Assigns a user to the registered device.
    AssignUser {
        /// Device.
        device: String,
        /// User principal name; nobody when absent.
        #[serde(default)]
        user: Option<String>,
    },
    /// Gives a user an Intune licence, or takes it away.
    LicenseUser {
        /// User principal name.
        user: String,
        /// Whether the user has one afterwards.
        licensed: bool,
    },
    /// Sets whose devices are enrolled: the MDM user scope.
    SetMdmScope {
        /// Tenant.
        tenant: String,
        /// The scope.
        users: Members,
    },
    /// Assigns an app that the tenant has with `assigned = false`.
    AssignApp {
        /// Tenant.
        tenant: String,
        /// App, by name in that tenant.
        app: String,
    },
    /// Sets a user's password.
    SetPassword {
        /// User principal name.
        user: String,
        /// The new password. For tests only: never put a real one here.
        #[schemars(with = "String")]
        password: Secret<String>,
    },
    /// Blocks or unblocks a user's sign-in.
    EnableUser {
        /// User principal name.
        user: String,
        /// Whether sign-in is allowed.
        enabled: bool,
    },
}
