//! Scenario files: one world, what happens in it, and what is expected of it, in TOML (docs/scenario-format.md).

pub mod build;
mod check;
mod fixtures;
mod load;
mod overrides;
mod passwords;
mod preset;
mod problem;
pub mod quantity;
mod read;
mod source;
pub mod spec;
pub mod suggest;
mod tree;

use std::path::PathBuf;

pub use fixtures::{Fixture, Fixtures, KINDS};
pub(crate) use load::describe_io;
pub use load::{LARGEST, LoadOptions, load, parse};
pub use problem::{Located, ScenarioError};
pub use source::{Location, Source, Sources};
pub use spec::Spec;

/// A scenario, ready to be run: presets and overrides are in, and everything that it names exists.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// File name without its ending: labels traces and reports.
    pub name: String,
    /// The file, as the user named it.
    pub path: PathBuf,
    /// SHA-256 of what the scenario comes to, hex.
    pub sha256: String,
    /// What it says.
    pub spec: Spec,
}

impl Scenario {
    /// The tenant and user of a user principal name.
    pub fn user(&self, upn: &str) -> Option<(&str, &spec::UserSpec)> {
        self.spec.tenant.iter().find_map(|(tenant, t)| {
            let user = t.user.values().find(|u| u.upn.eq_ignore_ascii_case(upn))?;
            Some((tenant.as_str(), user))
        })
    }

    /// The device that a person sits at, by name.
    pub fn device_of<'a>(&'a self, person: &'a spec::PersonSpec) -> Option<&'a str> {
        person.device.as_deref().or_else(|| self.spec.device.keys().next().map(String::as_str))
    }

    /// The user in front of a device, by name.
    pub fn person_at(&self, device: &str) -> Option<(&str, &spec::PersonSpec)> {
        self.seated(device, false)
    }

    /// The technician who prepares a device for its user, by name.
    pub fn technician_at(&self, device: &str) -> Option<(&str, &spec::PersonSpec)> {
        self.seated(device, true)
    }

    fn seated(&self, device: &str, technician: bool) -> Option<(&str, &spec::PersonSpec)> {
        let sits = |p: &spec::PersonSpec| p.technician == technician && self.device_of(p) == Some(device);
        self.spec.person.iter().find_map(|(name, p)| sits(p).then_some((name.as_str(), p)))
    }
}
