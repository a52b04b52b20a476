//! Time limits of the page, and when it looks.

use oobe_catalog::{codes, rules};

use super::Row;
use crate::cx::Cx;
use crate::esp::Phase;
use crate::io::{NoteFault, Timer};
use crate::manage::csp::{LocUri, Scope};
use crate::manage::event::{ManageEvent, Verdict};
use crate::manage::{Activity, Management};
use crate::time::{Span, VirtualTime};

/// How often the page of Windows looks (reference: artifacts, 4.3).
const LOOK: Span = Span::from_millis(500);
/// Time limit when the server writes none (ESS-024), and the longest wait for the first session (MOD-008).
const DEFAULT_MINUTES: i64 = 60;
/// Limit of a policy provider when nobody writes one (ESD-033).
const PROVIDER_MINUTES: i64 = 15;

fn minutes(minutes: i64) -> Span {
    Span::from_mins(u64::try_from(minutes).unwrap_or(0))
}

impl Management {
    /// The page looks again, half a second from now.
    pub(in crate::manage) fn look_soon(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        if self.tracker.is_running() && self.tracker.failure.is_none() && !a.looking {
            a.looking = true;
            cx.set_timer(Timer::EspLook, LOOK, "the page to look at what it waits for");
        }
    }

    fn limit(&self) -> Span {
        let node = self.first_sync(Scope::Device).into_child("TimeOutUntilSyncFailure");
        minutes(self.tree.number(&node).unwrap_or(DEFAULT_MINUTES))
    }

    /// Sets the page's time limit to what is left of it.
    pub(in crate::manage) fn arm_limit(&mut self, cx: &mut Cx<'_>) {
        if !self.tracker.is_running() || self.tracker.failure.is_some() {
            return;
        }
        let left = left(self.tracker.part_since + self.limit(), cx.now);
        cx.set_timer(Timer::EspLimit, left, "the time limit of the Enrollment Status Page");
    }

    /// Nothing can be decided without a first session; the wait for it ends some time.
    pub(in crate::manage) fn arm_first_session(&mut self, cx: &mut Cx<'_>) {
        let since = *self.tracker.waiting_since.get_or_insert(cx.now);
        let left = left(since + minutes(DEFAULT_MINUTES), cx.now);
        cx.set_timer(Timer::EspLimit, left, "the first management session");
    }

    /// A first-sync node was written.
    pub(in crate::manage) fn first_sync_written(
        &mut self,
        a: &mut Activity,
        cx: &mut Cx<'_>,
        uri: &LocUri,
        leaf: &str,
    ) {
        if leaf == "TimeOutUntilSyncFailure" {
            let text = self.tree.read(uri).unwrap_or_default().to_owned();
            cx.decided(rules::ESS_024, format!("the page may take {text} minutes"));
            self.arm_limit(cx);
        }
        if uri.scope == Scope::User && leaf == "ServerHasFinishedProvisioning" {
            cx.decided(rules::WIR_004, "with the user's context up the user-scope write succeeds");
        }
        self.look_soon(a, cx);
    }

    /// The page's time is up.
    pub(in crate::manage) fn limit_reached(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        if self.tracker.wanted.is_none() {
            cx.failed(
                "waiting for the first management session",
                NoteFault::Network,
                Some(codes::ERROR_TIMEOUT.code.to_string()),
                "no session was held in time: no page is shown",
            );
            cx.decided(rules::ESS_021, "nothing was written, so no page is shown");
            self.tracker.wanted = Some((false, false));
            let phase = Phase::DevicePreparation;
            a.tell(ManageEvent::PhaseEnded { phase, verdict: Verdict::TimedOut });
            return;
        }
        let Some(phase) = self.tracker.running() else { return };
        if self.tracker.failure.is_some() {
            return;
        }
        let row = self.first_open_row(a, phase);
        self.tell_what_held(cx, phase);
        cx.decided(rules::ESS_002, format!("{} passed: the error is shown", self.limit()));
        let detail = "the page's time limit passed";
        self.phase_failed(a, cx, row, Some(codes::ERROR_TIMEOUT.code.to_string()), detail, true);
    }

    /// Why the page was still up, where a rule says so.
    fn tell_what_held(&self, cx: &mut Cx<'_>, phase: Phase) {
        let released =
            |scope| self.tree.is_true(&self.first_sync(scope).into_child("ServerHasFinishedProvisioning"));
        if phase == Phase::AccountSetup && released(Scope::Device) && !released(Scope::User) {
            cx.decided(rules::ESS_029, "only the device-scope ServerHasFinishedProvisioning was written");
        }
        if !self.has_sidecar() {
            cx.decided(rules::ESS_027, "without Sidecar only the time limit brings the failure page up");
        }
    }

    fn provider_deadline(&self) -> Option<(String, VirtualTime)> {
        let node = LocUri::device("Vendor/MSFT/EnrollmentStatusTracking/DevicePreparation/PolicyProviders");
        let pending = self.tree.names(&node).into_iter().filter_map(|name| {
            let provider = node.child(&name);
            let state = self.tree.number(&provider.child("InstallationState")).unwrap_or(1);
            let limit =
                self.tree.number(&provider.child("Timeout")).filter(|n| *n > 0).unwrap_or(PROVIDER_MINUTES);
            (state == 1).then(|| (name, self.tracker.part_since + minutes(limit)))
        });
        pending.min_by_key(|(_, deadline)| *deadline)
    }

    /// Sets the limit of the provider that runs out first.
    pub(super) fn arm_provider_limit(&self, cx: &mut Cx<'_>) {
        match self.provider_deadline() {
            Some((name, deadline)) => {
                let why = format!("policy provider {name} to be installed");
                cx.set_timer(Timer::ProviderLimit, left(deadline, cx.now), why);
            }
            None => cx.cancel_timer(Timer::ProviderLimit),
        }
    }

    /// A provider's time is up.
    pub(in crate::manage) fn provider_limit_reached(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        let in_preparation = self.tracker.running() == Some(Phase::DevicePreparation);
        if !in_preparation || self.tracker.failure.is_some() {
            return;
        }
        if let Some((name, deadline)) = self.provider_deadline()
            && deadline <= cx.now
        {
            cx.decided(rules::ESD_033, format!("provider {name} did not come within its time limit"));
            let detail = format!("policy provider {name} was not installed in time");
            let code = Some(codes::ERROR_TIMEOUT.code.to_string());
            self.phase_failed(a, cx, Row::Providers, code, &detail, true);
        }
    }
}

fn left(deadline: VirtualTime, now: VirtualTime) -> Span {
    // A limit that is over already takes effect at the page's next look.
    (deadline - now).max(LOOK)
}
