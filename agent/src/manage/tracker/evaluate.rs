//! The page looks: is the running phase complete, has something failed?

use oobe_catalog::codes::CodeValue;
use oobe_catalog::rules;

use super::phase::half;
use super::{Ring, Row};
use crate::cx::Cx;
use crate::esp::Phase;
use crate::manage::csp::{Format, LocUri, Scope};
use crate::manage::{Activity, Management, in_force};

/// Providers of whose state 4 the page knows what to make; others bring no failure page (ESS-027).
const KNOWN_PROVIDERS: [&str; 2] = ["Sidecar", "ConfigMgr"];

impl Management {
    /// The timer fired: the page looks.
    pub(in crate::manage) fn look(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        a.looking = false;
        self.mirror(a, cx);
        let Some(phase) = self.tracker.running() else { return };
        if self.tracker.failure.is_some() {
            return;
        }
        a.tell(crate::manage::ManageEvent::PageChanged);
        match phase {
            Phase::DevicePreparation => self.look_at_preparation(a, cx),
            Phase::DeviceSetup | Phase::AccountSetup => self.look_at_setup(a, cx, phase),
        }
    }

    /// ESD-033: Device preparation goes on when every provider is at 2 or 3.
    fn look_at_preparation(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        if let Some(why) = too_small(cx) {
            cx.decided(rules::ESD_021, why.as_str());
            self.phase_failed(a, cx, Row::Providers, None, &why, false);
            return;
        }
        let node = LocUri::device("Vendor/MSFT/EnrollmentStatusTracking/DevicePreparation/PolicyProviders");
        let mut open = false;
        for name in self.tree.names(&node) {
            let provider = node.child(&name);
            match self.tree.number(&provider.child("InstallationState")) {
                Some(2 | 3) => {}
                Some(4) if KNOWN_PROVIDERS.contains(&name.as_str()) => {
                    let code = self.tree.number(&provider.child("LastError")).map(printed);
                    let detail = format!("policy provider {name} reports an error");
                    cx.decided(rules::ESD_033, detail.as_str());
                    self.phase_failed(a, cx, Row::Providers, code, &detail, false);
                    return;
                }
                Some(4) => {
                    cx.decided(rules::ESS_027, format!("state 4 of provider {name} brings no failure page"));
                    open = true;
                }
                _ => open = true,
            }
        }
        self.arm_provider_limit(cx);
        if !open {
            cx.decided(rules::ESD_033, "every policy provider is installed or not required");
            self.phase_done(a, cx, Phase::DevicePreparation);
        }
    }

    /// Try again: a provider that reported an error is waited for again.
    pub(super) fn retry_providers(&mut self) {
        let node = LocUri::device("Vendor/MSFT/EnrollmentStatusTracking/DevicePreparation/PolicyProviders");
        for name in self.tree.names(&node) {
            let state = node.child(&name).into_child("InstallationState");
            if self.tree.number(&state) == Some(4) {
                self.tree.set(&state, Format::Int, "1");
            }
        }
    }

    fn look_at_setup(&mut self, a: &mut Activity, cx: &mut Cx<'_>, phase: Phase) {
        let scope = half(phase);
        let node = self.first_sync(scope);
        // Without the user's context, or without the server's nodes for this user, there is nothing to look at
        // (ESU-010 tells it of a second user: the rows stay at Identifying).
        if self.tree.find(&node).is_none() {
            return;
        }
        if self.tree.is_true(&node.child("IsSyncDone")) {
            self.forced(a, cx, phase, scope);
            return;
        }
        let counts = Row::SETUP.map(|row| (row, self.count(scope, row)));
        if let Some((row, Some((code, detail)))) = counts
            .iter()
            .find_map(|(row, count)| count.failed.is_some().then(|| (*row, count.failed.clone())))
        {
            self.phase_failed(a, cx, row, code, &detail, false);
            return;
        }
        let idle = self.work_is_done(scope);
        if self.server_finished(scope) && idle && counts.iter().all(|(_, count)| count.complete()) {
            if self.ring_holds(a, cx) {
                return;
            }
            self.tell_why_done(cx, scope);
            self.phase_done(a, cx, phase);
        }
    }

    /// ESD-042: once an update ring reached the device, the page waits until its settings are synced, that is for a
    /// session that begins after they came.
    fn ring_holds(&mut self, a: &mut Activity, cx: &mut Cx<'_>) -> bool {
        if self.tracker.ring == Ring::Unsynced && in_force(cx, rules::ESD_042) {
            cx.decided(
                rules::ESD_042,
                "an update ring reached the device: its settings are to be synced first",
            );
            self.tracker.ring = Ring::Syncing;
            self.sync(a, cx, "the settings of the update ring");
        }
        self.tracker.ring == Ring::Syncing
    }

    pub(in crate::manage) fn ring_is_syncing(&self) -> bool {
        self.tracker.ring == Ring::Syncing
    }

    /// A session that began after they came was held to its end.
    pub(in crate::manage) fn ring_synced(&mut self) {
        if self.tracker.ring == Ring::Syncing {
            self.tracker.ring = Ring::Synced;
        }
    }

    /// A policy of the Update area was applied.
    pub(in crate::manage) fn ring_written(&mut self) {
        self.tracker.ring = Ring::Unsynced;
    }

    /// Policies, certificates and networks of one half that are still being worked on.
    fn work_is_done(&self, scope: Scope) -> bool {
        let of = |uri: &LocUri| uri.scope == scope;
        let certificates = |number: &u16| {
            self.certificates.iter().any(|job| job.number == *number && job.node.scope == scope)
        };
        !self.work.policies.iter().any(of)
            && !self.work.networks.iter().any(of)
            && !self.work.certificates.iter().any(certificates)
    }

    fn tell_why_done(&self, cx: &mut Cx<'_>, scope: Scope) {
        if self.has_sidecar() {
            cx.decided(rules::ESD_006, "security policies end as 1 of 1, the other rows by their counts");
        } else {
            cx.decided(rules::ESS_028, "without Sidecar the Expected lists move no rows");
        }
        let what = match scope {
            Scope::Device => "the device's ServerHasFinishedProvisioning is true and all it lists is there",
            Scope::User => "the user's ServerHasFinishedProvisioning is true too",
        };
        cx.decided(if scope == Scope::User { rules::ESS_029 } else { rules::ESD_001 }, what);
    }

    /// The server has set IsSyncDone: the page ends as it says (ESS-026), unless it wants a failure page that only
    /// Sidecar could bring (ESS-027).
    fn forced(&mut self, a: &mut Activity, cx: &mut Cx<'_>, phase: Phase, scope: Scope) {
        let was = self.first_sync(scope).into_child("WasDeviceSuccessfullyProvisioned");
        if self.tree.number(&was) != Some(0) {
            cx.decided(rules::ESS_026, "the server has set IsSyncDone: the page is over whatever its state");
            self.phase_done(a, cx, phase);
        } else if self.has_sidecar() {
            cx.decided(rules::ESS_026, "the server has set IsSyncDone and says that provisioning failed");
            let row = self.first_open_row(a, phase);
            self.phase_failed(a, cx, row, None, "the server says that provisioning failed", false);
        } else {
            cx.decided(rules::ESS_027, "without Sidecar a verdict of 0 brings no failure page");
        }
    }
}

/// ESD-021: a virtual machine needs two processors and 4 GB. What is one is told by the names that hypervisors put
/// into SMBIOS.
fn too_small(cx: &Cx<'_>) -> Option<String> {
    const HYPERVISORS: [&str; 5] = ["virtual machine", "vmware", "virtualbox", "qemu", "kvm"];
    let record = &cx.setup.hardware.record;
    let names =
        format!("{} {}", record.smbios.system_manufacturer, record.smbios.product_name).to_ascii_lowercase();
    let virtual_machine = HYPERVISORS.iter().any(|name| names.contains(name));
    let (threads, memory) = (record.cpu.threads, record.memory.total_gb);
    (virtual_machine && (threads < 2 || memory < 4)).then(|| {
        format!("this virtual machine has {threads} processors and {memory} GB of memory: too small")
    })
}

/// A LastError node as the catalogue prints codes; nodes hold signed or unsigned numbers.
fn printed(number: i64) -> String {
    let value = u32::try_from(number).or_else(|_| i32::try_from(number).map(i32::cast_unsigned)).unwrap_or(0);
    CodeValue::Hresult(value).to_string()
}
