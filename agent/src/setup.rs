//! What a device is made of before it is switched on: hardware, the image on its disk, its clock, and how long
//! things take. Plain values, handed over by whoever builds the world.

use std::collections::BTreeSet;

use jiff::civil::Date;
use oobe_catalog::WindowsBuild;
use oobe_wire::crypto::KeyKind;
use oobe_wire::hwhash::HardwareRecord;
use serde::{Deserialize, Serialize};

use crate::io::Link;
use crate::time::{DeviceClock, Span};

/// Everything that makes a device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceSetup {
    /// Name in the scenario, e.g. `pc-1`: labels the trace and seeds the random stream.
    pub name: String,
    /// World seed.
    pub seed: u64,
    /// The machine.
    pub hardware: Hardware,
    /// The Windows image.
    pub image: Image,
    /// The link at power-on.
    pub link: Link,
    /// The device's clock.
    pub clock: DeviceClock,
    /// What kind of keys the device makes: RSA is the published protocol, P-256 a model dialect for speed (MOD-002).
    pub keys: KeyKind,
    /// Roots the machine trusts for TLS, DER.
    pub trusted_roots: Vec<Vec<u8>>,
    /// Where the cloud is.
    pub endpoints: Endpoints,
    /// How long things take.
    pub timings: Timings,
    /// The date the world stands at: the service's side of dated rules.
    pub as_of: Date,
    /// How the device comes to be managed.
    pub mode: Mode,
}

/// How the device comes to be managed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case")]
pub enum Mode {
    /// The out-of-box experience from power-on, as the Autopilot profile (or its absence) says.
    Oobe,
    /// Straight to MDM enrolment with a server that the user names (MS-MDE2, OnPremise), then the ESP as that server
    /// writes it.
    Enroll {
        /// Discovery URL.
        discovery_url: String,
        /// User principal name.
        user: String,
        /// Password.
        password: oobe_wire::secret::Secret<String>,
    },
}

/// The machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hardware {
    /// What the hardware hash is made of: vendor, model, serial, addresses.
    pub record: HardwareRecord,
}

/// The Windows image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Build and revision, e.g. `26100.4061`.
    #[serde(with = "build_text")]
    pub build: WindowsBuild,
    /// Updates installed on top, by KB number.
    pub kbs: BTreeSet<u32>,
    /// Edition as OSEdition sends it (4 Enterprise, 48 Pro; reference: protocols, B.2).
    pub edition_sku: u32,
    /// Language tag, e.g. `en-US`.
    pub language: String,
    /// Random name that Windows gave itself, e.g. `DESKTOP-4F2K9QX`.
    pub computer_name: String,
}

/// Where the cloud is. Real host names by default: the transport maps them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Connectivity probe.
    pub connect_test: String,
    /// Time service (RFC 5905).
    pub time: String,
    /// Device credential service.
    pub live: String,
    /// Autopilot deployment service.
    pub ztd: String,
    /// Entra ID.
    pub login: String,
    /// Device Registration Service.
    pub registration: String,
    /// Graph (lists the tenant's MDM endpoints).
    pub graph: String,
    /// Service that lists the side-car gateway.
    pub manage: String,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self {
            connect_test: "http://www.msftconnecttest.com".into(),
            time: "udp://time.windows.com:123".into(),
            live: "https://login.live.com".into(),
            ztd: "https://ztd.dds.microsoft.com".into(),
            login: "https://login.microsoftonline.com".into(),
            registration: "https://enterpriseregistration.windows.net".into(),
            graph: "https://graph.microsoft.com".into(),
            manage: "https://manage.microsoft.com".into(),
        }
    }
}

/// How long the device's own work takes, as medians; each use is drawn round its median from the device's stream
/// (MOD-004; reference: artifacts, 6). What a peer takes is the network's business, not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timings {
    /// Power-on to the first screen.
    pub boot: Span,
    /// Looking for critical updates.
    pub updates: Span,
    /// Applying one policy.
    pub policy: Span,
    /// Installing one certificate.
    pub certificate: Span,
    /// Setting up one network profile.
    pub network_profile: Span,
    /// Running an MSI that says nothing about itself (a foreign server's).
    pub plain_msi: Span,
    /// First sign-in animation.
    pub first_sign_in: Span,
    /// Windows sign-on until the user's MDM context is there (MOD-005).
    pub user_context: Span,
    /// Download rate in bytes per second.
    pub download_rate: u64,
    /// How long a request may stay unanswered.
    pub request_limit: Span,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            boot: Span::from_secs(40),
            updates: Span::from_secs(45),
            policy: Span::from_secs(3),
            certificate: Span::from_secs(4),
            network_profile: Span::from_secs(4),
            plain_msi: Span::from_secs(30),
            first_sign_in: Span::from_secs(60),
            user_context: Span::from_secs(20),
            download_rate: 5_000_000,
            request_limit: Span::from_secs(60),
        }
    }
}

/// A build as text, `26100.4061`.
mod build_text {
    use oobe_catalog::WindowsBuild;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[allow(clippy::trivially_copy_pass_by_ref)] // the shape that serde asks for
    pub(super) fn serialize<S: Serializer>(build: &WindowsBuild, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(build)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<WindowsBuild, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}
