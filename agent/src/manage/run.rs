//! Management as the device runs it: begins, is fed answers and timers, and tells what came of them.

use oobe_catalog::rules;
use oobe_catalog::rules::Rule;
use oobe_catalog::{AsOf, InForce};
use oobe_wire::wap::ProvisioningDoc;

use super::csp::Scope;
use super::enrolment::{EnrolmentDetails, ProvisioningError, SignedOnUser};
use super::event::ManageEvent;
use super::session::Sessions;
use super::tracker::Tracker;
use super::work::Work;
use super::{Activity, Management, provisioning};
use crate::cx::{Answer, Cx};
use crate::io::{Slot, Timer};

/// Whether `rule` holds in this world, on this device.
pub(super) fn in_force(cx: &Cx<'_>, rule: &'static Rule) -> bool {
    let image = &cx.setup.image;
    let world = AsOf { date: cx.setup.as_of, build: image.build, kbs: image.kbs.clone() };
    rule.in_force(&world) == InForce::Yes
}

impl Management {
    /// Applies the provisioning document that ends an enrolment. Call [`boot`](Self::boot) next: it holds the first
    /// session.
    pub fn enrolled(
        cx: &mut Cx<'_>,
        doc: &ProvisioningDoc,
        details: EnrolmentDetails,
    ) -> Result<Self, ProvisioningError> {
        let (enrolment, tree) = provisioning::apply(cx, doc, details)?;
        Ok(Self {
            enrolment,
            tree,
            sessions: Sessions { next_id: 1, ..Sessions::default() },
            tracker: Tracker::default(),
            work: Work::default(),
            certificates: Vec::new(),
            msi: Vec::new(),
            agent: None,
            installed: std::collections::BTreeSet::new(),
            restart_wanted: Vec::new(),
            applocker: false,
            soft_restarts: Vec::new(),
            remote: None,
        })
    }

    /// Takes up after enrolment, and after every start: whatever is unfinished begins again, and nothing that is done
    /// is done twice. A phase that was running is taken up by [`begin_phase`](Self::begin_phase).
    pub fn boot(&mut self, cx: &mut Cx<'_>) -> Activity {
        let mut a = Activity::default();
        self.tree.switch_user(None);
        if !self.tracker.knows_what_is_wanted() {
            self.arm_first_session(cx);
        }
        self.resume_certificates(&mut a, cx);
        self.resume_msi(cx);
        self.resume_agent(&mut a, cx);
        self.work(&mut a, cx);
        let reason =
            if self.sessions.completed == 0 { "the first after enrolment" } else { "Windows has started" };
        self.sync(&mut a, cx, reason);
        self.pump(&mut a, cx);
        self.look_soon(&mut a, cx);
        a
    }

    /// A user signed on to Windows. The user's context comes up some time later (MOD-005); until then nothing can be
    /// written to `./User` (ESU-012).
    pub fn user_signed_on(&mut self, a: &mut Activity, cx: &mut Cx<'_>, user: SignedOnUser) {
        a.user = Some(user);
        self.tree.switch_user(None);
        cx.decided(rules::MOD_005, "the user's management context comes up some time after the sign-on");
        let after = cx.draw(cx.setup.timings.user_context);
        cx.set_timer(Timer::UserContext, after, "the user's management context");
    }

    fn user_context(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        let Some(user) = &a.user else { return };
        let name = user.oid.map_or_else(|| user.upn.clone(), |oid| oid.to_string());
        self.tree.switch_user(Some(&name));
        cx.state("user-context", "none", "up");
        if self.tracker.running() == Some(crate::esp::Phase::AccountSetup) {
            self.provisioning(cx, Scope::User, false);
        }
        self.resume_certificates(a, cx);
        self.work(a, cx);
        a.tell(ManageEvent::UserContextUp);
        cx.decided(rules::WIR_007, "the next session tells the server that a user is there");
        self.sync(a, cx, "the user's context is up");
        if self.tracker.account_part_begun() {
            self.check_in(a, cx, true);
        }
        self.pump(a, cx);
        self.look_soon(a, cx);
    }

    /// The server asks for a session by a push notification.
    pub fn pushed(&mut self, a: &mut Activity, cx: &mut Cx<'_>) {
        self.sync(a, cx, "the server asks for it");
    }

    /// A conversation got its answer.
    pub fn answer(
        &mut self,
        a: &mut Activity,
        cx: &mut Cx<'_>,
        slot: Slot,
        answer: Answer,
    ) -> Vec<ManageEvent> {
        match slot {
            Slot::Session => self.session_answer(a, cx, answer),
            Slot::SideCar => self.sidecar_answer(a, cx, answer),
            Slot::Msi(number) => self.msi_answer(a, cx, number, answer),
            Slot::Win32(number) => self.win32_answer(a, cx, number, answer),
            Slot::Certificate(number) => self.certificate_answer(a, cx, number, &answer),
            _ => {}
        }
        std::mem::take(&mut a.outbox)
    }

    /// A timer fired.
    pub fn timer(&mut self, a: &mut Activity, cx: &mut Cx<'_>, timer: Timer) -> Vec<ManageEvent> {
        match timer {
            Timer::UserContext => self.user_context(a, cx),
            Timer::Poll => {
                self.sessions.scheduled = self.sessions.scheduled.saturating_add(1);
                self.sync(a, cx, "the schedule says so");
            }
            Timer::Retry(Slot::Session) => self.sync(a, cx, "the last one could not be held"),
            Timer::Retry(Slot::SideCar) => self.sidecar_retry(a, cx),
            Timer::Retry(Slot::Msi(number)) => self.msi_retry(a, cx, number),
            Timer::Retry(Slot::Win32(number)) => self.win32_retry(a, cx, number),
            Timer::Installer(Slot::Msi(number)) => self.msi_timer(a, cx, number),
            Timer::Installer(Slot::Win32(number)) => self.win32_timer(a, cx, number),
            Timer::Row(row) => self.row_done(a, cx, row),
            Timer::EspLook => self.look(a, cx),
            Timer::EspLimit => self.limit_reached(a, cx),
            Timer::ProviderLimit => self.provider_limit_reached(a, cx),
            _ => {}
        }
        std::mem::take(&mut a.outbox)
    }
}
