//! Devices.

use std::borrow::Cow;
use std::collections::BTreeSet;

use oobe_agent::io::Link;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use tpm_sim::manufacture::profile::PROFILES;
use tpm_sim::manufacture::{Profile, profile};

use crate::scenario::quantity::{Duration, Moment, Offset};

/// A device: the machine, the image on its disk, and what the cloud knows of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceSpec {
    /// A file of `fixtures/devices` that this device is based on; keys given here win.
    #[serde(default)]
    pub preset: Option<String>,
    /// Maker.
    pub manufacturer: String,
    /// Model.
    pub model: String,
    /// Serial number (SMBIOS): 1 to 64 printable ASCII characters.
    pub serial: String,
    /// Chassis.
    #[serde(default)]
    pub chassis: Chassis,
    /// Windows build and revision, for example `26100.4061`.
    pub build: String,
    /// Updates on top of it, by KB number.
    #[serde(default)]
    pub kbs: BTreeSet<u32>,
    /// Edition.
    #[serde(default)]
    pub edition: Edition,
    /// Language of the image.
    #[serde(default = "default_language")]
    pub language: String,
    /// The name that Windows gave itself; drawn when absent.
    #[serde(default)]
    pub computer_name: Option<String>,
    /// Network link at power-on.
    #[serde(default)]
    pub link: LinkSpec,
    /// How far its clock is off; ahead when positive.
    #[serde(default)]
    pub clock_skew: Offset,
    /// Its TPM.
    #[serde(default)]
    pub tpm: TpmSpec,
    /// When its TPM was made: the maker's certificates begin with that day. Half a year before the world begins when absent
    /// (MOD-040).
    #[serde(default)]
    pub tpm_made: Option<Moment>,
    /// When someone presses the power button.
    #[serde(default)]
    pub power_on: Duration,
    /// The Autopilot registration. Without one, nobody knows the device.
    #[serde(default)]
    pub registered: Option<RegistrationSpec>,
    /// How long its own work takes, where that differs from the usual.
    #[serde(default)]
    pub timing: TimingSpec,
}

fn default_language() -> String {
    "en-US".to_owned()
}

/// Chassis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Chassis {
    /// Notebook.
    #[default]
    Notebook,
    /// Desktop.
    Desktop,
}

/// Edition of Windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Edition {
    /// Pro.
    #[default]
    Pro,
    /// Enterprise.
    Enterprise,
    /// Education.
    Education,
    /// Pro for Workstations.
    ProWorkstation,
    /// Home: no Entra join.
    Home,
}

impl Edition {
    /// The number that `OSEdition` carries (reference: protocols, B.2).
    pub const fn sku(self) -> u32 {
        match self {
            Self::Enterprise => 4,
            Self::Pro => 48,
            Self::Home => 101,
            Self::Education => 121,
            Self::ProWorkstation => 161,
        }
    }
}

/// The network link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LinkSpec {
    /// No link.
    Down,
    /// Cable.
    #[default]
    Ethernet,
    /// Wireless.
    #[serde(rename = "wifi")]
    WiFi,
}

impl LinkSpec {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Ethernet => "up by cable",
            Self::WiFi => "up by Wi-Fi",
        }
    }
}

impl From<LinkSpec> for Link {
    fn from(link: LinkSpec) -> Self {
        match link {
            LinkSpec::Down => Self::Down,
            LinkSpec::Ethernet => Self::Ethernet,
            LinkSpec::WiFi => Self::WiFi,
        }
    }
}

/// Which TPM the device has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TpmSpec(pub String);

impl TpmSpec {
    /// What there is to know of it; `None` when there is no TPM of that name.
    pub fn profile(&self) -> Option<&'static Profile> {
        profile(&self.0)
    }
}

impl Default for TpmSpec {
    fn default() -> Self {
        Self("simulator".to_owned())
    }
}

impl JsonSchema for TpmSpec {
    fn schema_name() -> Cow<'static, str> {
        "TpmSpec".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let kinds: Vec<Schema> = PROFILES
            .iter()
            .map(|profile| json_schema!({ "const": profile.id, "description": format!("{}.", profile.name) }))
            .collect();
        json_schema!({ "description": "Which TPM the device has.", "oneOf": kinds })
    }
}

/// An Autopilot registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrationSpec {
    /// The tenant that owns the device.
    pub tenant: String,
    /// The profile assigned to it; none when absent.
    #[serde(default)]
    pub profile: Option<String>,
    /// The user assigned to it, by name in the tenant.
    #[serde(default)]
    pub user: Option<String>,
    /// Group tag.
    #[serde(default)]
    pub group_tag: Option<String>,
    /// Its hardware was changed and the record awaits repair: no profile is handed out (REG-029).
    #[serde(default)]
    pub fix_pending: bool,
    /// The TPM was replaced after the registration: the hash still has the endorsement key of the one before.
    #[serde(default)]
    pub tpm_replaced: bool,
}

/// How long the device's own work takes, as medians. Absent keys keep what the documents and surveys give.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TimingSpec {
    /// Power-on to the first screen.
    pub boot: Option<Duration>,
    /// Looking for critical updates.
    pub updates: Option<Duration>,
    /// Applying one policy.
    pub policy: Option<Duration>,
    /// Installing one certificate.
    pub certificate: Option<Duration>,
    /// First sign-in animation.
    pub first_sign_in: Option<Duration>,
    /// Windows sign-on until the user's management context is there.
    pub user_context: Option<Duration>,
    /// How long a request may stay unanswered.
    pub request_limit: Option<Duration>,
}
