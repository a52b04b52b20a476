//! From the scenario to what the device and the cloud are made of.

mod deeds;
mod endorsement;
mod machine;
mod tenant;

use std::collections::BTreeMap;

use oobe_agent::setup::{DeviceSetup, Endpoints, Hardware, Image, Mode, Timings};
use oobe_agent::time::{DeviceClock, Span};
use oobe_catalog::WindowsBuild;
use oobe_mock_cloud::setup as cloud;
use oobe_wire::hwhash::{self, HardwareRecord, HashError};
use oobe_wire::time::Utc;

pub use self::deeds::{describe, network_fault, service_fault};
pub use self::endorsement::OutsideTpm;
use self::endorsement::{attests, endorsement, service};
use self::machine::{computer_name, hardware};
pub use self::tenant::mdm_scope;
use self::tenant::{assigned, profile_name, tenant};
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

/// The apps that an administrator may assign in the middle of the run, by the names of tenant and app in the scenario; with
/// the tenant's domain, which the cloud knows it by.
pub fn unassigned(spec: &Spec) -> BTreeMap<(String, String), (String, cloud::AppSetup)> {
    let of = |(name, tenant): (&String, &super::spec::TenantSpec)| {
        let (name, domain) = (name.clone(), tenant.domain.clone());
        let apps: Vec<_> = assigned(tenant, false).map(|(key, app)| (key.to_owned(), app)).collect();
        apps.into_iter().map(move |(key, app)| ((name.clone(), key), (domain.clone(), app)))
    };
    spec.tenant.iter().flat_map(of).collect()
}

/// The device that proves itself with its TPM, and that TPM as the scenario has it; the first one, when there are several.
pub fn attesting(scenario: &Scenario, with: Variation) -> Option<TpmSetup> {
    let mut devices = scenario.spec.device.iter().filter(|(name, _)| attests(&scenario.spec, name));
    devices.find_map(|(name, d)| tpm_of(scenario, name, d, with))
}

/// Plans the world that a scenario describes. With a TPM `outside`, that is the one of every device that has one.
pub fn plan(scenario: &Scenario, with: Variation, outside: Option<&OutsideTpm>) -> Result<Plan, HashError> {
    let spec = &scenario.spec;
    let mut devices = Vec::with_capacity(spec.device.len());
    let mut endpoints = Vec::new();
    let mut registered = BTreeMap::new();
    for (name, d) in &spec.device {
        let (mut setup, tpm) = device(scenario, name, with);
        let mut known = setup.hardware.record.clone();
        if attests(spec, name) {
            let own = tpm.as_ref().and_then(|tpm| endorsement(tpm, with.keys.into(), outside));
            setup.hardware.record.tpm_ek_pub = own.as_ref().map(|e| e.public.clone());
            known.tpm_ek_pub = if d.registered.as_ref().is_some_and(|r| r.tpm_replaced) {
                let before = tpm_of(scenario, &format!("{name}, before"), d, with);
                before.and_then(|tpm| endorsement(&tpm, with.keys.into(), None)).map(|e| e.public)
            } else {
                setup.hardware.record.tpm_ek_pub.clone()
            };
            endpoints.extend(own.and_then(|e| e.endpoint));
        }
        registered.insert(name.as_str(), known);
        devices.push(PlannedDevice { setup, tpm, power_on: d.power_on.0 });
    }
    let anybody_attests = spec.device.keys().any(|name| attests(spec, name));
    let attestation =
        if anybody_attests { service(endpoints, outside) } else { cloud::AttestationSetup::default() };
    Ok(Plan {
        cloud: cloud(scenario, with, &registered, attestation)?,
        devices,
        keys: with.keys.name().to_owned(),
        as_of: with.as_of.to_string(),
        epoch: spec.epoch.0,
        time_limit: spec.time_limit.0,
    })
}

/// Everything that makes the cloud.
fn cloud(
    scenario: &Scenario,
    with: Variation,
    hardware: &BTreeMap<&str, HardwareRecord>,
    attestation: cloud::AttestationSetup,
) -> Result<cloud::CloudSetup, HashError> {
    let spec = &scenario.spec;
    let mut tenants = Vec::with_capacity(spec.tenant.len());
    for (name, one) in &spec.tenant {
        let mut setup = tenant(one);
        for (device, d) in &spec.device {
            let Some(mut known) = registration(spec, device).filter(|k| k.tenant == *name) else { continue };
            // The hash was taken some days before the world begins, when the device was registered.
            let taken = spec.epoch.0.plus_days(-14);
            known.device.hardware_hash = hash(&hardware[device.as_str()], taken)?;
            known.device.fix_pending = d.registered.as_ref().is_some_and(|r| r.fix_pending);
            setup.autopilot.devices.push(known.device);
        }
        tenants.push(setup);
    }
    Ok(cloud::CloudSetup {
        seed: with.seed,
        keys: with.keys.into(),
        as_of: as_of(with.as_of),
        epoch: spec.epoch.0,
        tenants,
        attestation,
    })
}

/// How the administrator registers a device.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// The tenant, by name in the scenario.
    tenant: String,
    /// Its domain.
    pub domain: String,
    /// What the cloud is told; without the hardware hash.
    pub device: cloud::RegisteredDevice,
}

/// The registration of a device as the scenario has it; its hardware hash is still to be taken.
pub fn registration(spec: &Spec, device: &str) -> Option<Registration> {
    let d = spec.device.get(device)?;
    let registered = d.registered.as_ref()?;
    let tenant = &spec.tenant[&registered.tenant];
    let user = registered.user.as_ref().and_then(|u| tenant.user.get(u));
    let device = cloud::RegisteredDevice {
        hardware_hash: String::new(),
        serial: d.serial.clone(),
        group_tag: registered.group_tag.clone().unwrap_or_default(),
        assigned_user: user.map(|u| u.upn.clone()),
        profile: registered.profile.as_ref().map(|p| profile_name(p, &tenant.profile[p])),
        fix_pending: false,
    };
    Some(Registration { tenant: registered.tenant.clone(), domain: tenant.domain.clone(), device })
}

/// What the portal calls the profiles of the tenant that a device is registered in, by their names in the scenario.
pub fn profiles(spec: &Spec, device: &str) -> BTreeMap<String, String> {
    let registered = spec.device.get(device).and_then(|d| d.registered.as_ref());
    let tenant = registered.and_then(|r| spec.tenant.get(&r.tenant));
    let profiles = tenant.into_iter().flat_map(|tenant| &tenant.profile);
    profiles.map(|(key, profile)| (key.clone(), profile_name(key, profile))).collect()
}

/// The hardware hash as it is imported.
pub fn hash(hardware: &HardwareRecord, taken: Utc) -> Result<String, HashError> {
    Ok(hwhash::to_base64(&hwhash::encode(hardware, taken, 0)?))
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
    (setup, tpm_of(scenario, name, d, with))
}

/// The TPM called `name` in a device of that kind.
fn tpm_of(scenario: &Scenario, name: &str, d: &DeviceSpec, with: Variation) -> Option<TpmSetup> {
    let profile = d.tpm.profile().expect("the scenario was checked");
    let setup = TpmSetup::new(profile, with.seed, name, scenario.spec.epoch.0, &d.serial, &d.build)?;
    Some(match d.tpm_made {
        Some(made) => setup.made(made.0),
        None => setup,
    })
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
