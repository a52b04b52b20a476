//! How fast virtual time goes by on the wall, with pause, and with a person who thinks in real time: while a screen
//! asks the person at the terminal something, time is not sped up.

use std::time::{Duration, Instant};

use oobe_agent::time::VirtualTime;

use crate::world::Speed;

/// The speeds that the keys walk through; beyond the last one lies as fast as it goes.
const LADDER: [f64; 11] = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0];

/// Holds virtual time against the wall.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    speed: Speed,
    paused: bool,
    /// A person is asked: no faster than the wall.
    human: bool,
    /// Nothing happens and nothing shows: at least this fast.
    dull: Option<f64>,
    /// A moment on the wall and where virtual time stood then, in milliseconds.
    anchor: (Instant, f64),
}

impl Pace {
    pub(super) fn new(wall: Instant, speed: Speed) -> Self {
        Self { speed, paused: false, human: false, dull: None, anchor: (wall, 0.0) }
    }

    /// The speed that was asked for.
    pub(super) fn speed(&self) -> Speed {
        self.speed
    }

    /// Whether time stands still.
    pub(super) fn is_paused(&self) -> bool {
        self.paused
    }

    /// Where virtual time stands; `None` when it need not be waited for.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // never negative, years fit
    pub(super) fn reached(&self, wall: Instant) -> Option<VirtualTime> {
        Some(VirtualTime(self.reached_ms(wall)? as u64))
    }

    /// How long until virtual time gets there: zero when it has, `None` when it never will.
    #[allow(clippy::cast_precision_loss)] // milliseconds of a year are exact in an f64
    pub(super) fn until(&self, due: VirtualTime, wall: Instant) -> Option<Duration> {
        if self.paused {
            return None;
        }
        let (Some(factor), Some(reached)) = (self.factor(), self.reached_ms(wall)) else {
            return Some(Duration::ZERO);
        };
        let missing = (due.0 as f64 - reached) / factor / 1_000.0;
        Some(Duration::try_from_secs_f64(missing.max(0.0)).unwrap_or(Duration::MAX))
    }

    /// Virtual time stands at `now`, whatever the wall says.
    #[allow(clippy::cast_precision_loss)] // as above
    pub(super) fn set(&mut self, wall: Instant, now: VirtualTime) {
        self.anchor = (wall, now.0 as f64);
    }

    pub(super) fn pause(&mut self, wall: Instant, now: VirtualTime, paused: bool) {
        self.change(wall, now, |pace| pace.paused = paused);
    }

    pub(super) fn human(&mut self, wall: Instant, now: VirtualTime, human: bool) {
        if self.human != human {
            self.change(wall, now, |pace| pace.human = human);
            if human {
                // They are asked now, however far a fast run had got since the last frame.
                self.set(wall, now);
            }
        }
    }

    /// Nothing happens between two moments: that takes no longer than `most` on the wall, unless time is to go by as it
    /// does on the wall, or slower.
    #[allow(clippy::cast_precision_loss)] // as above
    pub(super) fn dull(&mut self, wall: Instant, gap: Option<(VirtualTime, VirtualTime)>, most: Duration) {
        let factor = gap.map(|(from, to)| (to - from).0 as f64 / 1_000.0 / most.as_secs_f64());
        let factor =
            factor.filter(|f| matches!(self.speed, Speed::Scaled(asked) if asked > 1.0 && *f > asked));
        if self.dull != factor {
            self.change(wall, gap.map_or(VirtualTime::ZERO, |(from, _)| from), |pace| pace.dull = factor);
        }
    }

    pub(super) fn faster(&mut self, wall: Instant, now: VirtualTime) {
        let speed = match self.speed {
            Speed::Instant => Speed::Instant,
            Speed::Scaled(now) => LADDER.into_iter().find(|f| *f > now).map_or(Speed::Instant, Speed::Scaled),
        };
        self.change(wall, now, |pace| pace.speed = speed);
    }

    pub(super) fn slower(&mut self, wall: Instant, now: VirtualTime) {
        let speed = match self.speed {
            Speed::Instant => LADDER[LADDER.len() - 1],
            Speed::Scaled(now) => LADDER.into_iter().rev().find(|f| *f < now).unwrap_or(LADDER[0].min(now)),
        };
        self.change(wall, now, |pace| pace.speed = Speed::Scaled(speed));
    }

    /// Times per second on the wall; `None` for as fast as it goes.
    fn factor(&self) -> Option<f64> {
        let asked = match self.speed {
            Speed::Instant => None,
            Speed::Scaled(factor) => Some(factor.max(0.001)),
        };
        if self.human {
            return Some(asked.map_or(1.0, |f| f.min(1.0)));
        }
        asked.map(|f| self.dull.map_or(f, |dull| dull.max(f)))
    }

    fn reached_ms(&self, wall: Instant) -> Option<f64> {
        let (since, from) = self.anchor;
        if self.paused {
            return Some(from);
        }
        Some(from + wall.saturating_duration_since(since).as_secs_f64() * 1_000.0 * self.factor()?)
    }

    /// Changes the pace; virtual time goes on from where it stands, and from `now` at the least.
    #[allow(clippy::cast_precision_loss)] // as above
    fn change(&mut self, wall: Instant, now: VirtualTime, change: impl FnOnce(&mut Self)) {
        let reached = self.reached_ms(wall).unwrap_or(0.0).max(now.0 as f64);
        change(self);
        self.anchor = (wall, reached);
    }
}

/// `60x`, `max`.
pub(super) fn speed_name(speed: Speed) -> String {
    match speed {
        Speed::Instant => "max".into(),
        Speed::Scaled(factor) => format!("{factor}x"),
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // the wall is what this is about
mod tests {
    use super::*;

    const ZERO: VirtualTime = VirtualTime::ZERO;

    #[test]
    fn time_goes_by_at_its_speed() {
        let wall = Instant::now();
        let pace = Pace::new(wall, Speed::Scaled(60.0));
        let later = wall + Duration::from_secs(1);
        assert_eq!(pace.reached(later), Some(VirtualTime(60_000)));
        assert_eq!(pace.until(VirtualTime(120_000), later), Some(Duration::from_secs(1)));
        assert_eq!(pace.until(VirtualTime(1), later), Some(Duration::ZERO));
        assert_eq!(Pace::new(wall, Speed::Instant).until(VirtualTime(9_000_000), wall), Some(Duration::ZERO));
    }

    #[test]
    fn a_person_is_not_hurried() {
        let wall = Instant::now();
        for speed in [Speed::Scaled(600.0), Speed::Instant] {
            let mut pace = Pace::new(wall, speed);
            pace.human(wall, ZERO, true);
            assert_eq!(pace.reached(wall + Duration::from_secs(2)), Some(VirtualTime(2_000)));
        }
        let mut fast = Pace::new(wall, Speed::Scaled(3_600.0));
        fast.human(wall + Duration::from_secs(1), VirtualTime(7_000), true);
        assert_eq!(fast.reached(wall + Duration::from_secs(1)), Some(VirtualTime(7_000)));
        let mut slow = Pace::new(wall, Speed::Scaled(0.5));
        slow.human(wall, ZERO, true);
        assert_eq!(slow.reached(wall + Duration::from_secs(2)), Some(VirtualTime(1_000)));
    }

    #[test]
    fn what_is_dull_is_soon_over() {
        let wall = Instant::now();
        let hours = Some((ZERO, VirtualTime(7_200_000)));
        let most = Duration::from_secs(4);
        let after = |speed| {
            let mut pace = Pace::new(wall, speed);
            pace.dull(wall, hours, most);
            pace.until(VirtualTime(7_200_000), wall)
        };
        assert_eq!(after(Speed::Scaled(60.0)), Some(most));
        assert_eq!(after(Speed::REAL), Some(Duration::from_hours(2)), "somebody wants it as it is");
        assert_eq!(after(Speed::Scaled(3_600.0)), Some(Duration::from_secs(2)), "it is soon over anyway");
        let mut pace = Pace::new(wall, Speed::Scaled(60.0));
        pace.dull(wall, hours, most);
        pace.dull(wall + most, None, most);
        assert_eq!(
            pace.reached(wall + most * 2),
            Some(VirtualTime(7_200_000 + 240_000)),
            "and then as before"
        );
    }

    #[test]
    fn pause_holds_and_goes_on_from_there() {
        let wall = Instant::now();
        let mut pace = Pace::new(wall, Speed::REAL);
        let at = |s| wall + Duration::from_secs(s);
        pace.pause(at(5), ZERO, true);
        assert_eq!(
            (pace.until(VirtualTime(9_000), at(60)), pace.reached(at(60))),
            (None, Some(VirtualTime(5_000)))
        );
        pace.pause(at(60), ZERO, false);
        assert_eq!(pace.reached(at(61)), Some(VirtualTime(6_000)));
    }

    #[test]
    fn the_ladder_has_two_ends() {
        let wall = Instant::now();
        let mut pace = Pace::new(wall, Speed::Scaled(3_600.0));
        pace.faster(wall, ZERO);
        pace.faster(wall, ZERO);
        assert_eq!(pace.speed(), Speed::Instant);
        for _ in 0..20 {
            pace.slower(wall, ZERO);
        }
        assert_eq!(pace.speed(), Speed::REAL);
        pace.faster(wall, ZERO);
        assert_eq!(pace.speed(), Speed::Scaled(2.0));
        assert_eq!(
            (speed_name(Speed::Scaled(60.0)), speed_name(Speed::Scaled(0.5))),
            ("60x".into(), "0.5x".into())
        );
    }
}
