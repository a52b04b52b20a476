//! How long things stay up in a demonstration, where nobody at the terminal answers them: long enough to be read. It
//! costs no virtual time.

use std::time::Duration;

use super::model::{Change, Power, Station};

/// The speed for which the times below are meant.
const USUAL: f64 = 60.0;

/// The first moments: what this is, and which keys there are.
const INTRODUCTION: Duration = Duration::from_millis(3_500);
/// A screen that went dark, or came up dark.
const DARK: Duration = Duration::from_millis(1_500);
/// A page on which the device works.
const WORKS: Duration = Duration::from_secs(1);
/// A page that asks somebody.
const ASKS: Duration = Duration::from_millis(1_800);
/// A page that tells more than a question: facts, a code to scan, how it ended.
const TELLS: Duration = Duration::from_millis(4_500);
/// A row of the Enrollment Status Page that says something new, a command of the TPM.
const STEP: Duration = Duration::from_millis(650);
/// What somebody typed, before it is sent.
const TYPED: Duration = Duration::from_millis(700);

/// How long a change is looked at, on the device where it happened; `None` for what passes.
pub(super) fn time(change: Change, typed: bool, station: &Station) -> Option<Duration> {
    Some(match (change, &station.power, &station.screen) {
        (Change::Little, ..) => return None,
        (Change::Acted, ..) => return typed.then_some(TYPED),
        (Change::Step, ..) => STEP,
        (Change::Scene, Power::Starting(_), _) if !station.seen => INTRODUCTION,
        (Change::Scene, Power::Off(_) | Power::Starting(_), _) | (Change::Scene, _, None) => DARK,
        (Change::Scene, _, Some(screen)) if !screen.facts.is_empty() => TELLS,
        (Change::Scene, ..) if station.asks() => ASKS,
        (Change::Scene, ..) => WORKS,
    })
}

/// The same at another speed: who is in a hurry is in a hurry with everything.
pub(super) fn at(time: Duration, factor: f64) -> Duration {
    time.mul_f64((USUAL / factor.max(1.0)).clamp(0.1, 3.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hurry_is_a_hurry_with_everything() {
        assert_eq!(at(ASKS, 60.0), ASKS);
        assert_eq!(at(ASKS, 120.0), ASKS / 2);
        assert_eq!(at(ASKS, 1_000_000.0), ASKS / 10);
        assert_eq!(at(ASKS, 1.0), ASKS * 3);
    }
}
