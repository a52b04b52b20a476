//! Device preparation while there is no management yet: what the page shows of the steps that a device takes by itself, in
//! self-deploying mode and in the technician flow (reference: screens, esp_phase; flows, 5 and 8).

use serde::{Deserialize, Serialize};

use super::{EspPage, Phase, PhaseState, PhaseView, RowState, RowView};

/// The steps of Device preparation, each a row of the page, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Securing your hardware: the TPM is attested.
    Securing,
    /// Joining your organization's network: with the device token.
    Joining,
    /// Registering your device for mobile management.
    Registering,
    /// Preparing your device for mobile management: the first management session, then the policy providers.
    Preparing,
}

impl Step {
    /// All, in order.
    pub const ALL: [Self; 4] = [Self::Securing, Self::Joining, Self::Registering, Self::Preparing];

    /// Caption of its row (ESD-002).
    pub const fn title(self) -> &'static str {
        match self {
            Self::Securing => "Securing your hardware",
            Self::Joining => "Joining your organization's network",
            Self::Registering => "Registering your device for mobile management",
            Self::Preparing => "Preparing your device for mobile management",
        }
    }
}

/// How a step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Going<'a> {
    /// The device is at it.
    Working,
    /// It failed, with a result code or without one.
    Failed(Option<&'a str>),
}

/// The page at the step `current`.
pub fn page(current: Step, going: Going<'_>) -> EspPage {
    let rows = Step::ALL.into_iter().map(|step| row(step, current, going)).collect();
    let (state, status) = match going {
        Going::Failed(_) => (PhaseState::Error, "Error"),
        Going::Working => (PhaseState::Working, "Working on it..."),
    };
    let preparation = PhaseView { phase: Phase::DevicePreparation, state, status: status.into(), rows };
    let waiting = |title: &'static str| RowView {
        title: title.into(),
        state: RowState::Waiting,
        status: WAITING.into(),
    };
    let setup = PhaseView {
        phase: Phase::DeviceSetup,
        state: PhaseState::Waiting,
        status: WAITING.into(),
        rows: SETUP.into_iter().map(waiting).collect(),
    };
    EspPage { phases: vec![preparation, setup], message: None }
}

const WAITING: &str = "Waiting for previous step";
/// Rows of Device setup (ESD-006).
const SETUP: [&str; 4] = ["Security policies", "Certificates", "Network connections", "Apps"];

fn row(step: Step, current: Step, going: Going<'_>) -> RowView {
    let (state, status) = match (step.cmp(&current), going) {
        (std::cmp::Ordering::Less, _) => (RowState::Completed, "Completed".into()),
        (std::cmp::Ordering::Equal, Going::Working) => (RowState::Working, "Working on it...".into()),
        (std::cmp::Ordering::Equal, Going::Failed(Some(code))) => {
            (RowState::Error, format!("Failed: {code}").into())
        }
        (std::cmp::Ordering::Equal, Going::Failed(None)) => (RowState::Error, "Error".into()),
        (std::cmp::Ordering::Greater, Going::Working) => (RowState::Waiting, WAITING.into()),
        (std::cmp::Ordering::Greater, Going::Failed(_)) => {
            (RowState::PreviousFailed, "Previous step failed".into())
        }
    };
    RowView { title: step.title().into(), state, status }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::esp::Text;

    fn rows(current: Step, going: Going<'_>) -> Vec<Text> {
        page(current, going).phases[0].rows.iter().map(|r| r.status.clone()).collect()
    }

    #[test]
    fn the_rows_before_are_complete_and_those_behind_wait() {
        assert_eq!(rows(Step::Joining, Going::Working), ["Completed", "Working on it...", WAITING, WAITING]);
    }

    #[test]
    fn a_failed_row_carries_its_code_and_those_behind_say_so() {
        assert_eq!(
            rows(Step::Securing, Going::Failed(Some("0x800705B4"))),
            ["Failed: 0x800705B4", "Previous step failed", "Previous step failed", "Previous step failed"]
        );
        assert_eq!(page(Step::Securing, Going::Failed(None)).phases[0].state, PhaseState::Error);
    }

    #[test]
    fn account_setup_is_not_part_of_it() {
        let phases: Vec<Phase> =
            page(Step::Securing, Going::Working).phases.iter().map(|p| p.phase).collect();
        assert_eq!(phases, [Phase::DevicePreparation, Phase::DeviceSetup], "SDM-013");
    }
}
