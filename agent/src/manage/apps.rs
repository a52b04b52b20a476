//! Applications: MSI packages that a server hands to the CSP, and Win32 apps of the management extension. One
//! installer runs at a time.

mod agent;
mod body;
mod delivery;
mod listing;
mod msi;
mod msi_job;
mod sidecar;
mod win32;

use oobe_catalog::codes::Code;
use oobe_wire::content::{Keys, Sealed};
use oobe_wire::model::PackageManifest;

pub(crate) use agent::{Agent, SIDECAR};
pub(crate) use msi_job::MsiJob;
pub(crate) use sidecar::SideCar;

use super::{Activity, Management};
use crate::cx::Cx;
use crate::io::{Slot, Timer};
use crate::time::Span;

/// What an installer's slot is busy with. Memory only.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// A package is being asked for, from the URL of that number.
    Fetching {
        /// Which URL of the list.
        url: usize,
    },
    /// The management extension asks where the content is and how it is encrypted.
    Locating,
    /// The content's key is being unwrapped.
    Unwrapping {
        /// What the service sealed for this device.
        sealed: Box<Sealed>,
        /// Where the content is.
        location: String,
    },
    /// Encrypted content is being asked for.
    Downloading {
        /// Its keys.
        keys: Box<Keys>,
    },
    /// The package came; the rest of its download time passes.
    Arriving(Box<PackageManifest>),
    /// The installer runs.
    Running {
        /// What it is.
        package: Box<PackageManifest>,
        /// Whether it will be ended by its time limit.
        killed: bool,
    },
}

/// A package by its bytes; a file that is not one of ours is taken for an installer that says nothing about itself.
fn package(cx: &mut Cx<'_>, bytes: &[u8]) -> PackageManifest {
    PackageManifest::read(bytes).unwrap_or_else(|| PackageManifest {
        oobe_model_package: 1,
        name: String::new(),
        runs_ms: cx.draw(cx.setup.timings.plain_msi).as_millis(),
        hangs: false,
        exit_code: 0,
        leaves: Vec::new(),
        size: bytes.len().try_into().unwrap_or(u64::MAX),
    })
}

/// How long a package is under way.
fn download_time(cx: &Cx<'_>, package: &PackageManifest) -> Span {
    Span::from_millis(package.size.saturating_mul(1_000) / cx.setup.timings.download_rate.max(1))
}

/// How long an installer runs, and whether its limit ends it. No limit means that a hanging installer never ends.
fn run_time(package: &PackageManifest, limit: Option<Span>) -> (Option<Span>, bool) {
    let needed = (!package.hangs).then(|| Span::from_millis(package.runs_ms));
    match (needed, limit) {
        (Some(needed), Some(limit)) if needed > limit => (Some(limit), true),
        (Some(needed), _) => (Some(needed), false),
        (None, Some(limit)) => (Some(limit), true),
        (None, None) => (None, false),
    }
}

/// `0x8007` and the number: how an installer's exit code reads as an HRESULT (HRESULT_FROM_WIN32).
fn from_exit_code(exit: u32) -> u32 {
    const SEVERITY_ERROR: u32 = 1 << 31;
    const FACILITY_WIN32: u32 = 7 << 16;
    SEVERITY_ERROR | FACILITY_WIN32 | (exit & 0xFFFF)
}

/// A code as the catalogue prints it.
fn printed(code: &'static Code) -> String {
    code.code.to_string()
}

impl Management {
    /// Starts the next installer if none runs: MSI packages first, they bring the management extension.
    pub(super) fn pump(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        while a.installer.is_none() {
            if let Some(number) = self.next_msi() {
                self.start_msi(a, cx, number);
            } else if let Some(number) = self.next_win32(a) {
                self.start_win32(a, cx, number);
            } else {
                return;
            }
        }
    }

    /// The installer is free again.
    fn free(a: &mut Activity, slot: Slot) {
        a.content.remove(&slot);
        if a.installer == Some(slot) {
            a.installer = None;
        }
    }

    /// Lets the package's download time pass.
    fn arrive(a: &mut Activity, cx: &mut Cx<'_>, slot: Slot, package: PackageManifest) {
        let why = format!("{} to be downloaded ({} bytes)", shown(&package, slot), package.size);
        cx.set_timer(Timer::Installer(slot), download_time(cx, &package), why);
        a.content.insert(slot, Content::Arriving(Box::new(package)));
    }

    /// Runs the installer; a hanging one without a limit gets no timer at all.
    fn run(a: &mut Activity, cx: &mut Cx<'_>, slot: Slot, package: PackageManifest, limit: Option<Span>) {
        let (after, killed) = run_time(&package, limit);
        if let Some(after) = after {
            let why = format!("the installer of {}", shown(&package, slot));
            cx.set_timer(Timer::Installer(slot), after, why);
        }
        a.content.insert(slot, Content::Running { package: Box::new(package), killed });
    }
}

fn shown(package: &PackageManifest, slot: Slot) -> String {
    if package.name.is_empty() { format!("{slot:?}") } else { package.name.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_ends_what_takes_longer() {
        let mut package = PackageManifest {
            oobe_model_package: 1,
            name: "x".into(),
            runs_ms: 5_000,
            hangs: false,
            exit_code: 0,
            leaves: vec![],
            size: 1,
        };
        assert_eq!(run_time(&package, None), (Some(Span::from_secs(5)), false));
        assert_eq!(run_time(&package, Some(Span::from_secs(2))), (Some(Span::from_secs(2)), true));
        package.hangs = true;
        assert_eq!(run_time(&package, Some(Span::from_secs(2))), (Some(Span::from_secs(2)), true));
        assert_eq!(run_time(&package, None), (None, false));
    }

    #[test]
    fn exit_codes_read_as_hresults() {
        let code = oobe_catalog::codes::ERROR_INSTALL_ALREADY_RUNNING;
        assert_eq!(from_exit_code(1618), code.value());
    }
}
