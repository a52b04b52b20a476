//! Time as the device sees it: a monotonic virtual clock that comes in as an argument, and its own wall clock,
//! which is that plus the moment the world began plus whatever the real-time clock is off by.

use std::fmt;
use std::ops::{Add, Sub};

use oobe_wire::time::Utc;
use serde::{Deserialize, Serialize};

/// A point on the world's monotonic virtual clock, in milliseconds since the world began. Never goes back, and is
/// the same for every device, person and cloud of one world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VirtualTime(pub u64);

impl VirtualTime {
    /// The moment the world began.
    pub const ZERO: Self = Self(0);

    /// Milliseconds since the world began.
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

/// A span of virtual time, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(pub u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of whole milliseconds.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// A span of whole seconds. Saturates: a scenario may ask for absurd lengths.
    pub const fn from_secs(s: u64) -> Self {
        Self(s.saturating_mul(1_000))
    }

    /// A span of whole minutes. Saturates.
    pub const fn from_mins(m: u64) -> Self {
        Self(m.saturating_mul(60_000))
    }

    /// Milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

impl Add<Span> for VirtualTime {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub for VirtualTime {
    type Output = Span;

    /// The span between two points; zero when the right one is later.
    fn sub(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

/// `h:mm:ss` (or `m:ss`), the way timelines and screens print it.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.0 / 1_000;
        let (h, m, s) = (total / 3_600, total / 60 % 60, total % 60);
        if h > 0 { write!(f, "{h}:{m:02}:{s:02}") } else { write!(f, "{m}:{s:02}") }
    }
}

impl fmt::Display for VirtualTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Span(self.0).fmt(f)
    }
}

/// The device's own wall clock: what it stamps on events and checks certificates and tokens against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceClock {
    /// UTC at [`VirtualTime::ZERO`], fixed by the scenario (or the wall clock against a foreign server).
    pub epoch: Utc,
    /// How far the real-time clock is off, in milliseconds; positive runs ahead.
    pub skew_ms: i64,
}

impl DeviceClock {
    /// What the device believes the time to be.
    pub fn utc(&self, now: VirtualTime) -> Utc {
        let elapsed = i64::try_from(now.0).unwrap_or(i64::MAX);
        self.epoch.plus_ms(elapsed.saturating_add(self.skew_ms))
    }
}
