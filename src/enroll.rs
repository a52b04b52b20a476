//! `oobe enroll`: the same device, enrolled over TLS into an MDM server that is not ours (MS-MDE2, OnPremise). It runs
//! its management sessions against its CSP tree, and its status page follows what that server writes.

use std::path::PathBuf;

use jiff::civil::Date;
use oobe_agent::io::Link;
use oobe_agent::setup::{DeviceSetup, Endpoints, Hardware, Image, Mode, Timings};
use oobe_agent::time::{DeviceClock, Span, VirtualTime};
use oobe_catalog::WindowsBuild;
use oobe_wire::crypto::KeyKind;
use oobe_wire::hwhash::{HardwareRecord, Nic, Smbios};
use oobe_wire::ids::Guid;
use oobe_wire::rng::Stream;
use oobe_wire::secret::Secret;
use oobe_wire::time::Utc;

use crate::certificates;
use crate::trace::record::TraceHeader;
use crate::world::transport::{Allowed, wall_clock};
use crate::world::{Ending, Pace, RunError, Sink, Speed, World};

/// What to enrol, and where.
#[derive(Debug, Clone)]
pub struct EnrollOptions {
    /// Discovery URL of the server.
    pub discovery_url: String,
    /// User principal name.
    pub user: String,
    /// Password.
    pub password: Secret<String>,
    /// Root certificates to trust (PEM or DER); without them nothing but the server's own chain could be.
    pub ca: Vec<PathBuf>,
    /// Hosts besides loopback that the device may talk to.
    pub allow_remote: Vec<String>,
    /// Makes the device another one.
    pub seed: u64,
    /// Kind of keys: RSA, as real servers expect, unless told otherwise.
    pub keys: KeyKind,
    /// How many times faster than the clock the device's timers run.
    pub hurry: u32,
    /// The run ends after this time on the clock at the latest.
    pub limit: Span,
    /// The date whose rules hold; that of the clock on the wall when absent.
    pub as_of: Option<Date>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct EnrollResult {
    /// Header of the trace.
    pub header: TraceHeader,
    /// How it ended.
    pub ending: Ending,
    /// How long it took, on the clock.
    pub took: VirtualTime,
}

/// Why there is nothing to run.
#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    /// The discovery URL is none.
    #[error("{url:?} is no http or https URL: {reason}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The host is neither loopback nor allowed.
    #[error("the device does not talk to {host} unless you say so: add --allow-remote {host}")]
    Remote {
        /// The host.
        host: String,
    },
    /// A file with root certificates is no use.
    #[error("{path}: {reason}")]
    Ca {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The run can't begin.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Enrols; every record goes to `sink`, in order.
pub fn run(options: &EnrollOptions, sink: &mut Sink<'_>) -> Result<EnrollResult, EnrollError> {
    let mut world = begin(options)?;
    let pace = Pace::new(Speed::REAL);
    while let Some(due) = world.next_due() {
        pace.wait_for(due);
        world.elapse(pace.elapsed());
        world.step(sink);
    }
    world.step(sink);
    let ending = world.ending().cloned().unwrap_or_else(Ending::quiet);
    Ok(EnrollResult { header: world.header().clone(), ending, took: world.now() })
}

/// The world of one device and the server that the user named.
pub fn begin(options: &EnrollOptions) -> Result<World, EnrollError> {
    check_url(options)?;
    let mut roots = Vec::new();
    for path in &options.ca {
        let wrong = |reason| EnrollError::Ca { path: path.display().to_string(), reason };
        roots.extend(certificates::read(path).map_err(wrong)?);
    }
    let allowed = Allowed { hosts: options.allow_remote.clone() };
    Ok(World::foreign(device(options, roots), allowed, options.hurry, options.limit)?)
}

fn check_url(options: &EnrollOptions) -> Result<(), EnrollError> {
    let wrong =
        |reason: &str| EnrollError::Url { url: options.discovery_url.clone(), reason: reason.to_owned() };
    let url = url::Url::parse(&options.discovery_url).map_err(|e| wrong(&e.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("its scheme is neither"));
    }
    let host = url.host_str().ok_or_else(|| wrong("it names no host"))?;
    let allowed = Allowed { hosts: options.allow_remote.clone() };
    if allowed.permits(host) { Ok(()) } else { Err(EnrollError::Remote { host: host.to_owned() }) }
}

/// The date of the clock on the wall, UTC: timestamps against a foreign server are its own, and so are the rules.
fn today() -> Date {
    wall_clock().date()
}

/// A plain notebook of ours; everything that identifies it follows from the seed.
fn device(options: &EnrollOptions, trusted_roots: Vec<Vec<u8>>) -> DeviceSetup {
    let mut stream = Stream::new(options.seed, &["enroll", "hardware"]);
    let mut mac: [u8; 6] = stream.bytes();
    mac[0] = mac[0] & 0xFC | 0x02; // locally administered, unicast: no vendor's
    let record = HardwareRecord {
        smbios_uuid: Guid::derive(options.seed, &["enroll", "smbios"]),
        smbios: Smbios {
            system_serial_number: format!("OOBE-{:08}", stream.below(100_000_000)),
            system_manufacturer: "oobe".into(),
            product_name: "Simulated Notebook".into(),
            ..Smbios::default()
        },
        nics: vec![Nic { medium: 14, mac }],
        ..HardwareRecord::default()
    };
    DeviceSetup {
        name: "device".into(),
        seed: options.seed,
        hardware: Hardware { record },
        image: Image {
            build: WindowsBuild { branch: 26_200, revision: 7_462 },
            kbs: std::collections::BTreeSet::new(),
            edition_sku: 4,
            language: "en-US".into(),
            computer_name: format!("DESKTOP-{:07}", stream.below(10_000_000)),
        },
        link: Link::Ethernet,
        clock: DeviceClock { epoch: Utc(0), skew_ms: 0 },
        keys: options.keys,
        trusted_roots,
        endpoints: Endpoints::default(),
        // The device is on already when somebody enrols it by hand.
        timings: Timings { boot: Span::from_secs(2), ..Timings::default() },
        as_of: options.as_of.unwrap_or_else(today),
        mode: Mode::Enroll {
            discovery_url: options.discovery_url.clone(),
            user: options.user.clone(),
            password: options.password.clone(),
        },
    }
}
