//! From the scenario to what the device and the cloud are made of.

mod deeds;
mod machine;
mod tenant;

use oobe_agent::setup::{DeviceSetup, Endpoints, Hardware, Image, Mode, Timings};
use oobe_agent::time::{DeviceClock, Span};
use oobe_catalog::WindowsBuild;
use oobe_mock_cloud::setup as cloud;
use oobe_wire::hwhash::{self, HashError};
use oobe_wire::time::Utc;

pub use self::deeds::{describe, service_fault};
use self::machine::{computer_name, hardware};
use self::tenant::{profile_name, tenant};
use super::quantity::{Date, Duration};
use super::spec::{DeviceSpec, Keys};
use super::{Scenario, Spec};
use crate::world::TpmSetup;

/// What may differ from run to run of one scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variation {
    /// World seed.
    pub seed: u64,
    /// Which keys devices and cloud make.
    pub keys: Keys,
    /// The date the cloud stands at.
    pub as_of: Date,
}

impl Variation {
    /// As the scenario says.
    pub const fn of(spec: &Spec) -> Self {
        Self { seed: spec.seed, keys: spec.keys, as_of: spec.as_of }
    }
}

/// Everything that a world is built from.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The cloud.
    pub cloud: cloud::CloudSetup,
    /// The devices, by name.
    pub devices: Vec<PlannedDevice>,
    /// `p256` or `rsa`.
    pub keys: String,
    /// Date the world stands at, ISO.
    pub as_of: String,
    /// UTC at virtual time zero.
    pub epoch: Utc,
    /// The run ends then at the latest.
    pub time_limit: Span,
}

/// A device and what goes with it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedDevice {
    /// What it is made of. The roots that it trusts for TLS are still to be filled in.
    pub setup: DeviceSetup,
    /// The TPM in it; none when the socket is empty.
    pub tpm: Option<TpmSetup>,
    /// When someone presses its power button.
    pub power_on: Span,
}

/// Plans the world that a scenario describes.
pub fn plan(scenario: &Scenario, with: Variation) -> Result<Plan, HashError> {
    let spec = &scenario.spec;
    let devices = spec.device.iter().map(|(name, d)| {
        let (setup, tpm) = device(scenario, name, with);
        PlannedDevice { setup, tpm, power_on: d.power_on.0 }
    });
    Ok(Plan {
        cloud: cloud(scenario, with)?,
        devices: devices.collect(),
        keys: with.keys.name().to_owned(),
        as_of: with.as_of.to_string(),
        epoch: spec.epoch.0,
        time_limit: spec.time_limit.0,
    })
}

/// Everything that makes the cloud.
fn cloud(scenario: &Scenario, with: Variation) -> Result<cloud::CloudSetup, HashError> {
    let spec = &scenario.spec;
    let mut tenants = Vec::with_capacity(spec.tenant.len());
    for (name, one) in &spec.tenant {
        let mut setup = tenant(one);
        for (device, d) in &spec.device {
            let Some(registered) = d.registered.as_ref().filter(|r| r.tenant == *name) else { continue };
            // The hash was taken some days before the world begins, when the device was registered.
            let taken = spec.epoch.0.plus_days(-14);
            let hash = hwhash::encode(&hardware(device, d, with.seed), taken, 0)?;
            setup.autopilot.devices.push(cloud::RegisteredDevice {
                hardware_hash: hwhash::to_base64(&hash),
                serial: d.serial.clone(),
                group_tag: registered.group_tag.clone().unwrap_or_default(),
                assigned_user: registered.user.as_ref().and_then(|u| one.user.get(u)).map(|u| u.upn.clone()),
                profile: registered.profile.as_ref().map(|p| profile_name(p, &one.profile[p])),
                fix_pending: registered.fix_pending,
            });
        }
        tenants.push(setup);
    }
    Ok(cloud::CloudSetup {
        seed: with.seed,
        keys: with.keys.into(),
        as_of: as_of(with.as_of),
        epoch: spec.epoch.0,
        tenants,
        attestation: cloud::AttestationSetup::default(),
    })
}

/// Everything that makes a device, and the TPM in it, if there is one.
fn device(scenario: &Scenario, name: &str, with: Variation) -> (DeviceSetup, Option<TpmSetup>) {
    let spec = &scenario.spec;
    let d = &spec.device[name];
    let build: WindowsBuild = d.build.parse().expect("the scenario was checked");
    let setup = DeviceSetup {
        name: name.to_owned(),
        seed: with.seed,
        hardware: Hardware { record: hardware(name, d, with.seed) },
        image: Image {
            build,
            kbs: d.kbs.iter().copied().collect(),
            edition_sku: d.edition.sku(),
            language: d.language.clone(),
            computer_name: d.computer_name.clone().unwrap_or_else(|| computer_name(name, with.seed)),
        },
        link: d.link.into(),
        clock: DeviceClock { epoch: spec.epoch.0, skew_ms: d.clock_skew.ms },
        keys: with.keys.into(),
        trusted_roots: Vec::new(),
        endpoints: Endpoints::default(),
        timings: timings(spec, d),
        as_of: with.as_of.into(),
        mode: Mode::Oobe,
    };
    let profile = d.tpm.profile().expect("the scenario was checked");
    let tpm = TpmSetup::new(profile, with.seed, name, spec.epoch.0, &d.serial, &d.build);
    (setup, tpm)
}

const fn as_of(date: Date) -> (i16, i8, i8) {
    (date.year, date.month, date.day)
}

fn timings(spec: &Spec, d: &DeviceSpec) -> Timings {
    let usual = Timings::default();
    let or = |own: Option<Duration>, usual: Span| own.map_or(usual, |d| d.0);
    Timings {
        boot: or(d.timing.boot, usual.boot),
        updates: or(d.timing.updates, usual.updates),
        policy: or(d.timing.policy, usual.policy),
        certificate: or(d.timing.certificate, usual.certificate),
        first_sign_in: or(d.timing.first_sign_in, usual.first_sign_in),
        user_context: or(d.timing.user_context, usual.user_context),
        request_limit: or(d.timing.request_limit, usual.request_limit),
        download_rate: spec.network.rate.0,
        ..usual
    }
}
