//! The page as a person sees it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::expected::Count;
use super::phase::half;
use super::{Row, Tracker};
use crate::esp::{EspPage, Phase, PhaseState, PhaseView, RowState, RowView, Text};
use crate::manage::csp::{LocUri, Scope};
use crate::manage::{Activity, Management};

/// The page, and what it was put together from.
#[derive(Debug, Clone)]
pub(in crate::manage) struct Seen {
    page: Arc<EspPage>,
    tree: u64,
    tracker: Tracker,
    policies: VecDeque<LocUri>,
    networks: VecDeque<LocUri>,
    agent: bool,
    attested: bool,
}

impl Seen {
    fn still_holds(&self, now: &Management) -> bool {
        self.tree == now.tree.changes()
            && self.agent == now.agent.is_some()
            && self.attested == now.enrolment.attested
            && self.policies == now.work.policies
            && self.networks == now.work.networks
            && self.tracker == now.tracker
    }
}

impl Management {
    /// The page. It is asked for after every step, and put together when something that it goes by has changed.
    pub fn page(&self, a: &mut Activity) -> Arc<EspPage> {
        if let Some(seen) = a.page.as_ref().filter(|seen| seen.still_holds(self)) {
            debug_assert_eq!(*seen.page, self.page_now(), "the page goes by something that is not looked at");
            return Arc::clone(&seen.page);
        }
        let page = Arc::new(self.page_now());
        a.page = Some(Seen {
            page: Arc::clone(&page),
            tree: self.tree.changes(),
            tracker: self.tracker.clone(),
            policies: self.work.policies.clone(),
            networks: self.work.networks.clone(),
            agent: self.agent.is_some(),
            attested: self.enrolment.attested,
        });
        page
    }

    fn page_now(&self) -> EspPage {
        let (_, user) = self.tracker.wanted.unwrap_or((true, true));
        let mut phases = vec![Phase::DevicePreparation, Phase::DeviceSetup];
        // The user's phase is absent when it does not run (ESU-011), or not before somebody signs in (SDM-013).
        let begun = self.tracker.begun.contains(&Phase::AccountSetup);
        if begun || user && (!self.enrolment.attested || self.tracker.resealed) {
            phases.push(Phase::AccountSetup);
        }
        EspPage {
            phases: phases.into_iter().map(|phase| self.phase_view(phase)).collect(),
            message: self.failure().map(|failure| failure.message),
        }
    }

    fn phase_view(&self, phase: Phase) -> PhaseView {
        let failed = self.tracker.failure.as_ref().is_some_and(|failure| failure.phase == phase);
        let state = if failed {
            PhaseState::Error
        } else if self.tracker.done.contains(&phase) {
            PhaseState::Complete
        } else if self.tracker.begun.contains(&phase) {
            PhaseState::Working
        } else {
            PhaseState::Waiting
        };
        let status = match state {
            PhaseState::Waiting => "Waiting for previous step",
            PhaseState::Working => "Working on it...",
            PhaseState::Complete => "Complete",
            PhaseState::Error => "Error",
        };
        let rows = Row::of(phase).into_iter().map(|row| self.row_view(phase, state, row)).collect();
        PhaseView { phase, state, status: status.into(), rows }
    }

    fn row_view(&self, phase: Phase, of: PhaseState, row: Row) -> RowView {
        let (state, status) = match self.failed_row(phase, row) {
            Some(view) => view,
            None => match (of, row) {
                (PhaseState::Waiting, _) => (RowState::Waiting, "Waiting for previous step".into()),
                (_, Row::Hardware | Row::Join | Row::Enrolment | Row::Providers) => self.preparation(of, row),
                _ => self.setup_row(half(phase), of, row),
            },
        };
        RowView { title: row.title().into(), state, status }
    }

    /// The row that failed, and those behind it in Device preparation, which run one after the other.
    fn failed_row(&self, phase: Phase, row: Row) -> Option<(RowState, Text)> {
        let failure = self.tracker.failure.as_ref().filter(|failure| failure.phase == phase)?;
        if failure.row == row {
            let status = match &failure.code {
                Some(code) if phase == Phase::DevicePreparation => format!("Failed: {code}").into(),
                _ => "Error".into(),
            };
            return Some((RowState::Error, status));
        }
        (phase == Phase::DevicePreparation && row > failure.row)
            .then(|| (RowState::PreviousFailed, "Previous step failed".into()))
    }

    fn setup_row(&self, scope: Scope, of: PhaseState, row: Row) -> (RowState, Text) {
        let complete = of == PhaseState::Complete;
        // Without Sidecar nothing is counted: what is stored and what is shown are two things (ESS-028, field bug 7).
        if !self.has_sidecar() {
            return if complete {
                (RowState::Completed, "Completed".into())
            } else {
                (RowState::Identifying, "Identifying".into())
            };
        }
        let count = self.count(scope, row);
        if row == Row::Policies {
            return self.policies_row(&count, complete);
        }
        let word = match row {
            Row::Networks => "added",
            Row::Apps => "installed",
            _ => "applied",
        };
        match (count.known || complete, count.total) {
            (false, _) => (RowState::Identifying, "Identifying".into()),
            (true, 0) => (RowState::NoSetupNeeded, "No setup needed".into()),
            (true, total) => {
                let state = if count.done == total { RowState::Completed } else { RowState::Working };
                (state, format!("{} of {total} {word}", count.done).into())
            }
        }
    }

    /// ESD-006: security policies are one item, whatever there is.
    fn policies_row(&self, count: &Count, complete: bool) -> (RowState, Text) {
        if complete || (count.complete() && self.work.policies.is_empty()) {
            (RowState::Completed, "1 of 1 applied".into())
        } else if count.known {
            (RowState::Working, "0 of 1 applied".into())
        } else {
            (RowState::Identifying, "Identifying".into())
        }
    }

    /// ESD-003: in user-driven mode the first is not needed and the next two are complete when the page opens. A device that
    /// vouched for itself did all three.
    fn preparation(&self, of: PhaseState, row: Row) -> (RowState, Text) {
        match row {
            Row::Hardware if !self.enrolment.attested => (RowState::NoSetupNeeded, "No setup needed".into()),
            Row::Providers if of != PhaseState::Complete => (RowState::Working, "Working on it...".into()),
            _ => (RowState::Completed, "Completed".into()),
        }
    }
}
