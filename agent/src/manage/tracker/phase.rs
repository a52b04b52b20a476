//! Phases begin and end.

use oobe_catalog::{events, rules};

use super::{Failure, Row};
use crate::cx::Cx;
use crate::esp::Phase;
use crate::io::{NoteFault, Timer};
use crate::manage::csp::{Format, LocUri, Node, Scope};
use crate::manage::event::{EspWanted, ManageEvent, Verdict};
use crate::manage::work::RESTART_KEY;
use crate::manage::{Activity, Management, in_force};
use crate::registry::RegistryValue;

/// Half of the tree that a phase is about.
pub(super) const fn half(phase: Phase) -> Scope {
    match phase {
        Phase::DevicePreparation | Phase::DeviceSetup => Scope::Device,
        Phase::AccountSetup => Scope::User,
    }
}

impl Management {
    /// The first-sync nodes of one half.
    pub(in crate::manage) fn first_sync(&self, scope: Scope) -> LocUri {
        LocUri { scope, ..self.enrolment.provider_node() }.into_child("FirstSyncStatus")
    }

    /// The first-sync nodes of one half, as they stand.
    pub(super) fn first_sync_node(&self, scope: Scope) -> Option<&Node> {
        let provider = self.enrolment.provider.as_str();
        self.tree.at(scope, &["Vendor", "MSFT", "DMClient", "Provider", provider, "FirstSyncStatus"])
    }

    /// What the server wants shown, read after the first session (ESS-014, ESS-021, WIR-001).
    pub(in crate::manage) fn decide(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        if self.tracker.wanted.is_some() {
            return;
        }
        let node = self.first_sync(Scope::Device);
        let shown = |leaf: &str| !self.tree.is_true(&node.child(leaf));
        let wanted = EspWanted { device: shown("SkipDeviceStatusPage"), user: shown("SkipUserStatusPage") };
        let said = |on: bool| if on { "shown" } else { "skipped" };
        let what = format!("device part {}, user part {}", said(wanted.device), said(wanted.user));
        cx.decided(rules::ESS_021, format!("both parts are skipped unless the server writes false: {what}"));
        cx.decided(rules::WIR_001, "what the first session wrote decides on the page");
        self.tracker.wanted = Some((wanted.device, wanted.user));
        cx.cancel_timer(Timer::EspLimit);
        a.tell(ManageEvent::Decided(wanted));
    }

    /// Begins a phase, or takes it up again after a restart.
    pub fn begin_phase(&mut self, a: &mut Activity, cx: &mut Cx<'_>, phase: Phase) {
        let first = !self.tracker.begun.contains(&phase);
        if first {
            self.tracker.begun.push(phase);
            cx.state("esp", self.tracker.running.map_or("closed", Phase::title), phase.title());
        }
        if self.tracker.running != Some(phase) {
            self.tracker.failure = None;
        }
        let new_part = first && phase != Phase::DeviceSetup || self.tracker.running.is_none();
        self.tracker.running = Some(phase);
        if new_part {
            self.tracker.part_since = cx.now;
        }
        // Before the user's context is up there is no half to write to; it is done when it comes.
        self.provisioning(cx, half(phase), false);
        if phase == Phase::DevicePreparation && first {
            cx.decided(rules::ESD_002, "Device preparation has four subtasks");
            if !self.enrolment.attested {
                cx.decided(
                    rules::ESD_003,
                    "user-driven: joining and registering are complete when the page opens",
                );
            }
        }
        self.arm_limit(cx);
        if phase == Phase::DeviceSetup && first && self.tracker.resealed {
            self.reopen(a, cx);
        }
        if first && self.sessions.completed > 0 {
            self.sync(a, cx, &format!("{} begins", phase.title()));
        }
        if phase == Phase::AccountSetup && self.tree.user().is_some() {
            self.check_in(a, cx, true);
        }
        self.pump(a, cx);
        self.look_soon(a, cx);
        self.mirror(a, cx);
    }

    /// ESD-037: `HasProvisioningCompleted` is false exactly while the page is up.
    pub(in crate::manage) fn provisioning(&mut self, cx: &mut Cx<'_>, scope: Scope, completed: bool) {
        let node = LocUri::at(scope, "Vendor/MSFT/EnrollmentStatusTracking/Setup/HasProvisioningCompleted");
        if self.tree.find(&node).is_some() && self.tree.is_true(&node) != completed {
            self.tree.set(&node, Format::Bool, if completed { "true" } else { "false" });
            cx.decided(rules::ESD_037, format!("{node} is {completed}"));
        }
    }

    /// Try again: what failed starts over, and so does the time limit (ESD-039).
    pub fn retry(&mut self, a: &mut Activity, cx: &mut Cx<'_>, phase: Phase) {
        self.tracker.failure = None;
        self.tracker.running = Some(phase);
        self.tracker.part_since = cx.now;
        cx.decided(rules::ESD_039, "what failed is tried again");
        cx.state("esp", "failed", phase.title());
        self.retry_msi(cx);
        self.retry_apps(cx);
        self.retry_certificates();
        self.retry_providers();
        self.arm_limit(cx);
        self.sync(a, cx, "the user tries again");
        self.pump(a, cx);
        self.look_soon(a, cx);
        self.mirror(a, cx);
    }

    /// The desktop is there: the page is gone, what it did not wait for is installed now.
    pub fn finish(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        if self.tracker.over {
            return;
        }
        self.tracker.over = true;
        self.tracker.running = None;
        cx.cancel_timer(Timer::EspLimit);
        cx.cancel_timer(Timer::ProviderLimit);
        self.provisioning(cx, Scope::Device, true);
        self.provisioning(cx, Scope::User, true);
        if self.agent.is_some() && in_force(cx, rules::ESD_027) {
            cx.decided(rules::ESD_027, "the page is over: the management extension syncs at once");
            self.check_in(a, cx, self.tree.user().is_some());
        }
        self.pump(a, cx);
        self.mirror(a, cx);
    }

    /// The running phase is complete.
    pub(super) fn phase_done(&mut self, a: &mut Activity, cx: &mut Cx<'_>, phase: Phase) {
        if !self.tracker.done.contains(&phase) {
            self.tracker.done.push(phase);
        }
        self.tracker.failure = None;
        cx.state("esp", phase.title(), "complete");
        match phase {
            Phase::DevicePreparation => cx.cancel_timer(Timer::ProviderLimit),
            Phase::DeviceSetup | Phase::AccountSetup => self.page_closes(cx, phase),
        }
        self.mirror(a, cx);
        a.tell(ManageEvent::PhaseEnded { phase, verdict: Verdict::Succeeded });
        if phase == Phase::DeviceSetup {
            self.coalesced_restart(a, cx);
        }
    }

    fn page_closes(&mut self, cx: &mut Cx<'_>, phase: Phase) {
        self.tracker.running = None;
        cx.cancel_timer(Timer::EspLimit);
        self.verdict(half(phase), true);
        self.provisioning(cx, half(phase), true);
        if phase == Phase::DeviceSetup {
            let data = [("name", "CommercialOOBE_ESPProgress_RebootCoalescing"), ("value", "processed")];
            cx.event(events::SHELL_62407, &data);
            cx.decided(rules::EVT_016, "the silent row RebootCoalescing is processed in every run");
        }
        page_event(cx, "CommercialOOBE_ESPProgress_Page_Exiting", "success");
    }

    /// The device's own verdict, unless the server gave one before: 0 and 1 are final (reference: protocols, D.1).
    fn verdict(&mut self, scope: Scope, succeeded: bool) {
        let node = self.first_sync(scope);
        if self.tree.find(&node).is_none() {
            return;
        }
        let was = node.child("WasDeviceSuccessfullyProvisioned");
        if self.tree.number(&was).unwrap_or(2) == 2 {
            self.tree.set(&was, Format::Int, if succeeded { "1" } else { "0" });
        }
        if succeeded {
            self.tree.set(&node.child("IsSyncDone"), Format::Bool, "true");
        }
    }

    /// USR-025: policies that need a restart, and apps that want one, get it together.
    fn coalesced_restart(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        let policies = std::mem::take(&mut self.restart_wanted);
        let apps = std::mem::take(&mut self.soft_restarts);
        for uri in &policies {
            cx.event(events::MDM_2800, &[("uri", uri)]);
        }
        if policies.is_empty() && apps.is_empty() {
            return;
        }
        cx.write_registry(RESTART_KEY, "RebootRequired", RegistryValue::Dword(0));
        if !policies.is_empty() {
            let count = policies.len();
            cx.decided(
                rules::USR_025,
                format!("{count} policies need a restart: one, at the end of Device setup"),
            );
        }
        let what = policies.iter().chain(&apps).map(String::as_str).collect::<Vec<_>>().join(", ");
        a.tell(ManageEvent::RestartNeeded {
            why: format!("Device setup is complete and needs a restart ({what})"),
        });
    }

    /// The running phase failed for good.
    pub(super) fn phase_failed(
        &mut self,
        a: &mut Activity,
        cx: &mut Cx<'_>,
        row: Row,
        code: Option<String>,
        detail: &str,
        timed_out: bool,
    ) {
        let Some(phase) = self.tracker.running else { return };
        cx.failed(&format!("{}: {}", phase.title(), row.title()), NoteFault::Device, code.clone(), detail);
        cx.state("esp", phase.title(), "failed");
        self.tracker.failure = Some(Failure { phase, row, code: code.clone(), timed_out });
        self.verdict(half(phase), false);
        let name = if timed_out { "Timeout" } else { "Failure" };
        page_event(
            cx,
            &format!("CommercialOOBE_ESPProgress_Page_{name}"),
            code.as_deref().unwrap_or("failed"),
        );
        self.tell_failure_rules(cx);
        cx.cancel_timer(Timer::EspLimit);
        cx.cancel_timer(Timer::ProviderLimit);
        self.mirror(a, cx);
        let verdict = if timed_out {
            Verdict::TimedOut
        } else {
            Verdict::Failed { code, row: row.title().to_owned(), detail: detail.to_owned() }
        };
        a.tell(ManageEvent::PhaseEnded { phase, verdict });
    }
}

/// The page ends, and the shell's log says how.
pub(crate) fn page_event(cx: &mut Cx<'_>, name: &str, value: &str) {
    cx.event(events::SHELL_62407, &[("name", name), ("value", value)]);
    cx.decided(rules::EVT_015, format!("the page ends with {name}"));
}
