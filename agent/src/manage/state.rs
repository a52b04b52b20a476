//! What management keeps on disk, and what it keeps in memory only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::apps::{Agent, Content, MsiJob, SideCar};
use super::certificates::CertificateJob;
use super::csp::{Facts, Tree};
use super::enrolment::{Enrolment, SignedOnUser};
use super::event::ManageEvent;
use super::remote::Remote;
use super::session::{Session, Sessions};
use super::tracker::{Seen, Tracker};
use super::work::Work;
use crate::cx::Cx;
use crate::esp::EspPage;
use crate::io::Slot;

/// A managed device: everything that survives a restart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Management {
    pub(super) enrolment: Enrolment,
    pub(super) tree: Tree,
    pub(super) sessions: Sessions,
    pub(super) tracker: Tracker,
    pub(super) work: Work,
    pub(super) certificates: Vec<CertificateJob>,
    pub(super) msi: Vec<MsiJob>,
    pub(super) agent: Option<Agent>,
    /// What installers left on the disk: file paths and product codes.
    pub(super) installed: BTreeSet<String>,
    /// Policies that want a restart and did not get it yet (USR-025).
    pub(super) restart_wanted: Vec<String>,
    /// Whether application control came in this session (ESD-040).
    pub(super) applocker: bool,
    /// Apps that want a restart at the end of the phase (ESD-036).
    pub(super) soft_restarts: Vec<String>,
    /// What the server has the device do once the session is over, or after a start when there was no end to it.
    #[serde(default)]
    pub(super) remote: Option<Remote>,
}

/// What management is doing right now: lost at a restart or power cut.
#[derive(Debug, Clone, Default)]
pub struct Activity {
    /// Who is signed on.
    pub(super) user: Option<SignedOnUser>,
    pub(super) session: Option<Session>,
    /// Another session is wanted as soon as this one ends.
    pub(super) again: Option<String>,
    /// Which job holds the installer: one runs at a time.
    pub(super) installer: Option<Slot>,
    /// What the installer that runs, or is being fetched, is like.
    pub(super) content: BTreeMap<Slot, Content>,
    pub(super) sidecar: SideCar,
    /// Certificate jobs whose key is on its way into the key store.
    pub(super) importing: BTreeSet<u16>,
    /// Rows whose timer runs.
    pub(super) rows: BTreeSet<u16>,
    /// Whether the page will look at what it waits for.
    pub(super) looking: bool,
    /// The page as it was last put together.
    pub(super) page: Option<Seen>,
    /// The page as the registry has it.
    pub(super) mirrored: Option<Arc<EspPage>>,
    /// The tree as the registry has it: what its [`Tree::changes`] was then.
    pub(super) mirrored_tree: Option<u64>,
    pub(super) outbox: Vec<ManageEvent>,
}

impl Activity {
    pub(super) fn tell(&mut self, event: ManageEvent) {
        if self.outbox.last() != Some(&event) {
            self.outbox.push(event);
        }
    }
}

impl Management {
    /// The enrolment.
    pub fn enrolment(&self) -> &Enrolment {
        &self.enrolment
    }

    /// The CSP tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// What installers left on the disk: file paths and product codes.
    pub fn installed(&self) -> impl Iterator<Item = &str> {
        self.installed.iter().map(String::as_str)
    }

    /// The device goes by another name: what a server reads from now on.
    pub fn renamed(&mut self, name: &str) {
        name.clone_into(&mut self.enrolment.device_name);
    }

    pub(super) fn facts<'a>(&'a self, cx: &Cx<'a>) -> Facts<'a> {
        Facts {
            setup: cx.setup,
            device_id: &self.enrolment.device_id,
            device_name: &self.enrolment.device_name,
            utc: cx.utc,
        }
    }
}
