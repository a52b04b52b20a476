//! When the next session is held: by the server's Poll nodes, at once when something came up, later and later when
//! the server can't be reached.

use super::check::Again;
use crate::cx::Cx;
use crate::io::{Slot, Timer};
use crate::manage::{Activity, Management};
use crate::time::Span;

/// Between two sessions while the page is up and the server wrote no schedule (MOD-008).
const DURING_ESP: Span = Span::from_secs(60);
/// Afterwards (the documentation's example of a remaining interval: eight hours).
const AFTERWARDS: Span = Span::from_mins(480);
/// After a 429 that does not say for how long.
const TOO_MANY: Span = Span::from_secs(60);
/// The longest that a `Retry-After` is obeyed.
const LONGEST_OBEYED: u64 = 86_400;

impl Management {
    /// Sets the timer for the next session by schedule.
    pub(super) fn schedule(&self, cx: &mut Cx<'_>) {
        let (after, why) = match self.interval() {
            Some(minutes) => (Span::from_mins(minutes), "the next session by the server's schedule"),
            None if self.tracker.is_running() => (DURING_ESP, "the next session while the page is up"),
            None => (AFTERWARDS, "the next session by schedule"),
        };
        cx.set_timer(Timer::Poll, after, why);
    }

    /// Minutes to the next scheduled session: the first set, the second set, then the remaining ones (reference:
    /// protocols, B.6). A set without an interval is skipped.
    fn interval(&self) -> Option<u64> {
        let poll = self.enrolment.provider_node().into_child("Poll");
        let number = |name: &str| self.tree.number(&poll.child(name));
        let minutes = |name: &str| number(name).filter(|n| *n > 0).and_then(|n| u64::try_from(n).ok());
        let first = number("NumberOfFirstRetries").unwrap_or(0).max(0);
        let second = number("NumberOfSecondRetries").unwrap_or(0).max(0);
        let held = self.sessions.scheduled;
        if held < first
            && let Some(interval) = minutes("IntervalForFirstSetOfRetries")
        {
            return Some(interval);
        }
        if held < first.saturating_add(second)
            && let Some(interval) = minutes("IntervalForSecondSetOfRetries")
        {
            return Some(interval);
        }
        minutes("IntervalForRemainingScheduledRetries")
    }

    /// Sets the timer for another try at a session that could not be held.
    pub(super) fn back_off(&mut self, a: &mut Activity, cx: &mut Cx<'_>, again: Again) {
        a.again = None;
        self.sessions.failures = self.sessions.failures.saturating_add(1);
        let doublings = self.sessions.failures.saturating_sub(1).min(20);
        if let Again::After(seconds) = again {
            // A server that says 0 again and again is not asked in an endless loop: one second, two, four, ...
            let least = Span::from_millis((1_000 << doublings).min(self.enrolment.backoff.max_ms));
            let after = seconds.map_or(TOO_MANY, |s| Span::from_secs(s.min(LONGEST_OBEYED))).max(least);
            cx.set_timer(Timer::Retry(Slot::Session), after, "the time that the server asked for (429)");
            return;
        }
        let backoff = self.enrolment.backoff;
        if self.sessions.failures > backoff.retries && self.sessions.completed > 0 {
            self.schedule(cx);
            return;
        }
        let wait = backoff.initial_ms.saturating_mul(1 << doublings).min(backoff.max_ms);
        cx.set_timer(Timer::Retry(Slot::Session), Span::from_millis(wait), "another try at the session");
    }
}
