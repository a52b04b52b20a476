//! The managed device: everything from a provisioning document on. Management sessions against the CSP tree, the
//! installers that they start, the management extension, and what the Enrollment Status Page makes of it.
//!
//! [`Management`] is what survives a restart; [`Activity`] is what runs right now and does not. Whoever runs the device
//! calls [`Management::enrolled`] once, [`Management::boot`] then and after every start, and hands over the answers of
//! the slots `Session`, `SideCar`, `Msi`, `Win32`, `Certificate` and all timers that it does not know itself.
//!
//! | part | what it does |
//! | --- | --- |
//! | [`csp`] | the tree, and each command on it |
//! | `provisioning` | a provisioning document becomes an enrolment |
//! | `session` | the dialogue with the management server, and when it is held |
//! | `remote` | what a server has the whole device do |
//! | `react`, `work`, `certificates` | what the device does about what a server wrote |
//! | `apps` | MSI packages and the apps of the management extension |
//! | `tracker` | phases of the page, time limits, failure page, registry mirrors |

mod apps;
mod certificates;
pub mod csp;
mod enrolment;
mod event;
mod provisioning;
mod react;
mod remote;
mod run;
mod session;
mod state;
#[cfg(test)]
pub(crate) mod tests;
mod tracker;
mod work;

pub(crate) use apps::SIDECAR;
pub use enrolment::{
    Backoff, Enrolment, EnrolmentDetails, EntraIdentity, INTUNE_PROVIDER, ProvisioningError, SignedOnUser,
};
pub use event::{EspWanted, ManageEvent, Verdict};
use run::in_force;
pub use state::{Activity, Management};
pub use tracker::FailurePage;
pub(crate) use tracker::{DEFAULT_TEXT, mirror_phase, page_event};
