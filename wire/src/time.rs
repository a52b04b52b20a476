//! Points in time as plain numbers: nothing here knows what time it is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, UTC.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Utc(pub i64);

/// The text is not an RFC 3339 date and time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time: {0}")]
pub struct TimeError(String);

impl Utc {
    /// The instant that many seconds after the Unix epoch.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The instant `ms` milliseconds later (earlier when negative).
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// The instant `seconds` seconds later (earlier when negative).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_ms(seconds.saturating_mul(1000))
    }

    /// The instant `days` days of 24 hours later (earlier when negative).
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        self.plus_seconds(days.saturating_mul(86_400))
    }

    /// `2026-11-20T08:00:00Z`; milliseconds appear only when they are not zero. Instants outside the years
    /// -9999..9999 are shown as the nearest one inside.
    pub fn to_rfc3339(self) -> String {
        self.timestamp().to_string()
    }

    /// Reads an RFC 3339 date and time with any offset; what is finer than a millisecond is cut off.
    pub fn parse_rfc3339(text: &str) -> Result<Self, TimeError> {
        let stamp: Timestamp = text.trim().parse().map_err(|e: jiff::Error| TimeError(e.to_string()))?;
        Ok(Self(stamp.as_millisecond()))
    }

    /// The date, UTC.
    pub fn date(self) -> jiff::civil::Date {
        self.timestamp().to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    pub(crate) fn timestamp(self) -> Timestamp {
        let edge = if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Timestamp::from_millisecond(self.0).unwrap_or(edge)
    }
}

impl std::fmt::Display for Utc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shows_milliseconds_only_when_there_are_any() {
        let whole = Utc::from_unix_seconds(1_795_161_600);
        assert_eq!(whole.to_rfc3339(), "2026-11-20T08:00:00Z");
        assert_eq!(whole.plus_ms(250).to_rfc3339(), "2026-11-20T08:00:00.25Z");
        assert_eq!(Utc(i64::MAX).to_rfc3339(), Utc(i64::MAX - 1).to_rfc3339());
    }

    #[test]
    fn offsets_are_taken_into_account() {
        assert_eq!(
            Utc::parse_rfc3339("2026-11-20T09:30:00+01:30"),
            Ok(Utc::from_unix_seconds(1_795_161_600))
        );
        assert!(Utc::parse_rfc3339("yesterday").is_err());
    }

    proptest! {
        #[test]
        fn text_round_trips(ms in -62_000_000_000_000_i64..253_000_000_000_000) {
            prop_assert_eq!(Utc::parse_rfc3339(&Utc(ms).to_rfc3339()), Ok(Utc(ms)));
        }

        #[test]
        fn any_text_is_an_answer(text in ".*") {
            let _ = Utc::parse_rfc3339(&text);
        }
    }
}
