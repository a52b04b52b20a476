//! What a reseal leaves, and how Device setup begins anew in the flow of the user (PRU-001, PRU-002, MOD-024).

use oobe_catalog::rules;

use crate::cx::Cx;
use crate::esp::Phase;
use crate::manage::csp::{Format, LocUri, Scope};
use crate::manage::{Activity, Management};

impl Management {
    /// The device is resealed for its user, in whose flow Device setup runs again (PRU-001).
    pub(crate) fn reseal(&mut self) {
        self.tracker.running = None;
        self.tracker.begun.retain(|phase| *phase != Phase::DeviceSetup);
        self.tracker.done.retain(|phase| *phase != Phase::DeviceSetup);
        self.tracker.resealed = true;
    }

    /// MOD-024: what was said at the end of the technician's Device setup is taken back, so that the server can say what
    /// there is to wait for now. What is installed stays installed.
    pub(super) fn reopen(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        cx.decided(
            rules::MOD_024,
            "Device setup begins anew: the server and the providers say again what it waits for",
        );
        let node = self.first_sync(Scope::Device);
        if self.tree.find(&node).is_some() {
            self.tree.set(&node.child("ServerHasFinishedProvisioning"), Format::Bool, "false");
            self.tree.set(&node.child("IsSyncDone"), Format::Bool, "false");
            self.tree.set(&node.child("WasDeviceSuccessfullyProvisioned"), Format::Int, "2");
        }
        let providers = LocUri::device("Vendor/MSFT/EnrollmentStatusTracking/Setup/Apps/PolicyProviders");
        for name in self.tree.names(&providers) {
            let created = providers.child(&name).into_child("TrackingPoliciesCreated");
            self.tree.set(&created, Format::Bool, "false");
        }
        if self.retry_apps(cx) {
            cx.decided(rules::PRU_014, "apps that failed while the technician was there are tried again");
        }
        self.list_again(a, cx);
    }
}
