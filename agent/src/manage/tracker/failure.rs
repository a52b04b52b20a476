//! The failure page: text and buttons.

use oobe_catalog::rules;

use crate::cx::Cx;
use crate::manage::Management;
use crate::manage::csp::Scope;

use super::phase::half;

/// What stands on the page when a phase failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailurePage {
    /// The message: the default, or the server's own (ESS-003).
    pub message: String,
    /// Captions of the buttons, left to right (ESS-017).
    pub buttons: Vec<&'static str>,
    /// Result code as the catalogue prints it.
    pub code: Option<String>,
    /// Whether it was the time limit.
    pub timed_out: bool,
}

/// Windows' own text (reference: artifacts, 5).
pub(crate) const DEFAULT_TEXT: &str =
    "Setup could not be completed. Please try again or contact your support person for help.";

impl Management {
    fn mask(&self) -> i64 {
        let node = self.first_sync_node(Scope::Device);
        let mask = node.and_then(|node| node.value(&["BlockInStatusPage"]));
        mask.and_then(|mask| mask.parse().ok()).unwrap_or(0)
    }

    /// Whether the user has to wait for the end of the page (ESS-005, ESS-017, ESS-018).
    pub fn blocks(&self) -> bool {
        self.mask() != 0
    }

    /// ESS-020: the documentation puts the text into the user's half, field servers write it to the device's.
    fn custom_text(&self, scope: Scope) -> Option<String> {
        [scope, Scope::Device].into_iter().find_map(|scope| {
            let text = self.tree.read(&self.first_sync(scope).into_child("CustomErrorText"))?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        })
    }

    fn collects_logs(&self, scope: Scope) -> bool {
        [scope, Scope::Device]
            .into_iter()
            .any(|scope| self.tree.is_true(&self.first_sync(scope).into_child("AllowCollectLogsButton")))
    }

    /// The failure page, when a phase failed.
    pub fn failure(&self) -> Option<FailurePage> {
        let failure = self.tracker.failure.as_ref().filter(|_| !self.tracker.over)?;
        let scope = half(failure.phase);
        let mask = self.mask();
        let mut buttons = Vec::new();
        for (bit, caption) in [(1, "Reset device"), (2, "Try again"), (4, "Continue anyway")] {
            if mask & bit != 0 {
                buttons.push(caption);
            }
        }
        if self.collects_logs(scope) {
            buttons.push("Collect logs");
        }
        Some(FailurePage {
            message: self.custom_text(scope).unwrap_or_else(|| DEFAULT_TEXT.to_owned()),
            buttons,
            code: failure.code.clone(),
            timed_out: failure.timed_out,
        })
    }

    /// Names the rules that the failure page rests on.
    pub(super) fn tell_failure_rules(&self, cx: &mut Cx<'_>) {
        let Some(failure) = &self.tracker.failure else { return };
        let scope = half(failure.phase);
        let (custom, default) = ("the server's own text is shown", "the default text is shown");
        cx.decided(rules::ESS_003, if self.custom_text(scope).is_some() { custom } else { default });
        cx.decided(rules::ESS_017, format!("buttons by mask {}", self.mask()));
        if self.mask() == 0 {
            cx.decided(rules::ESS_018, "mask 0: the page does not block");
        }
        if self.collects_logs(scope) {
            cx.decided(rules::ESS_004, "log collection is on: Collect logs is offered");
        }
        if self.custom_text(scope).is_none() {
            cx.note(crate::io::Note::Remark { text: format!("the page says: {DEFAULT_TEXT}") });
        }
    }
}
