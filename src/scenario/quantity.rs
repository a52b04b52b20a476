//! Quantities as people write them: `"40s"`, `"1h30m"`, `"12MB"`, `2026-11-20`.

use std::borrow::Cow;
use std::fmt;

use oobe_agent::time::Span;
use oobe_wire::time::Utc;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest time a scenario may name. A year and a day: pre-provisioned devices may wait for six months.
pub const LONGEST: Span = Span::from_mins(366 * 24 * 60);

/// A span of virtual time, written `"500ms"`, `"40s"`, `"95m"`, `"1h30m"`, `"2d"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(pub Span);

/// A span that may lie in the past: a [`Duration`] with a sign, e.g. `"-20m"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Offset {
    /// Milliseconds.
    pub ms: i64,
}

/// An amount of data, written `"900kB"`, `"12MB"`, `"1.5GB"` (powers of 1000).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Size(pub u64);

/// A calendar date, `2026-11-20`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Year.
    pub year: i16,
    /// Month, from 1.
    pub month: i8,
    /// Day, from 1.
    pub day: i8,
}

/// A point in time, `2026-11-20T08:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub Utc);

const HOW_DURATION: &str = "write a number with its unit: \"500ms\", \"40s\", \"95m\", \"1h30m\", \"2d\"";

impl Duration {
    /// Whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Span::from_secs(seconds))
    }

    /// Reads the written form; the error says what is wrong and, behind a line break, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let duration = Self::parse_any(text)?;
        if duration.0 > LONGEST { Err(too_long(text)) } else { Ok(duration) }
    }

    /// Reads the written form, however long the time is.
    fn parse_any(text: &str) -> Result<Self, String> {
        let wrong = || format!("{:?} is not a length of time\n{HOW_DURATION}", super::tree::shorten(text));
        let mut rest = text.trim();
        let mut total: u64 = 0;
        let mut last = u64::MAX;
        if rest.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let number: u64 = match &rest[..digits] {
                "" => return Err(wrong()),
                number if digits > 15 => return Err(too_long(number)),
                number => number.parse().map_err(|_| wrong())?,
            };
            rest = rest[digits..].trim_start();
            let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let unit = match &rest[..letters] {
                "ms" => 1,
                "s" => 1_000,
                "m" | "min" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                "" => return Err(format!("{text:?} has no unit\n{HOW_DURATION}")),
                unknown => return Err(format!("`{unknown}` is no unit of time\n{HOW_DURATION}")),
            };
            if unit >= last {
                return Err(format!("{text:?}: units go from large to small, each once\n{HOW_DURATION}"));
            }
            last = unit;
            rest = rest[letters..].trim_start();
            total = total.saturating_add(number.saturating_mul(unit));
        }
        Ok(Self(Span(total)))
    }
}

fn too_long(text: &str) -> String {
    let text = super::tree::shorten(text);
    format!("{text:?} is longer than any scenario may last\nthe longest time is \"366d\" (a year and a day)")
}

impl Offset {
    /// How far a clock can be off.
    const FARTHEST: Span = Span::from_mins(7_300 * 24 * 60);

    fn parse(text: &str) -> Result<Self, String> {
        let (sign, rest) = match text.trim().strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.trim().strip_prefix('+').unwrap_or(text.trim())),
        };
        let ms = Duration::parse_any(rest)?.0.0;
        if ms > Self::FARTHEST.0 {
            let text = super::tree::shorten(text);
            return Err(format!(
                "{text:?} is too far\na clock can be off by \"7300d\", twenty years, at most"
            ));
        }
        Ok(Self { ms: sign * i64::try_from(ms).unwrap_or(i64::MAX) })
    }
}

impl Size {
    /// Reads the written form; errors as in [`Duration::parse`].
    pub fn parse(text: &str) -> Result<Self, String> {
        const HOW: &str = "write a number with its unit: \"500B\", \"900kB\", \"12MB\", \"1.5GB\"";
        let wrong = || format!("{:?} is not an amount of data\n{HOW}", super::tree::shorten(text));
        let text = text.trim();
        let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = (&text[..split], text[split..].trim());
        let unit: u64 = match unit {
            "B" => 1,
            "kB" | "KB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "" => return Err(format!("{text:?} has no unit\n{HOW}")),
            _ => return Err(wrong()),
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        if part.len() > 6 || part.is_empty() {
            return Err(wrong());
        }
        let scale = 10_u64.pow(u32::try_from(part.len()).unwrap_or(6));
        let part: u64 = part.parse().map_err(|_| wrong())?;
        let bytes = whole.saturating_mul(unit).saturating_add(part * unit / scale);
        if bytes > 1_000_000_000_000 {
            return Err(format!("{text:?} is too much\nthe largest amount is \"1000GB\""));
        }
        Ok(Self(bytes))
    }
}

impl Date {
    fn parse(text: &str) -> Result<Self, String> {
        let date: jiff::civil::Date = text.trim().parse().map_err(|_| {
            format!("{:?} is not a date\nwrite year, month and day: 2026-11-20", super::tree::shorten(text))
        })?;
        within_reach(date.year())?;
        Ok(Self { year: date.year(), month: date.month(), day: date.day() })
    }
}

/// No TPM of a simulated kind was made before 2000; certificates of a world that begins after 2099 might outlive the dates that
/// X.509 has.
fn within_reach(year: i16) -> Result<(), String> {
    if (2000..=2099).contains(&year) {
        Ok(())
    } else {
        Err(format!("the year {year} is out of reach\nthe years 2000 to 2099 can be simulated"))
    }
}

impl From<Date> for jiff::civil::Date {
    fn from(date: Date) -> Self {
        jiff::civil::date(date.year, date.month, date.day)
    }
}

impl Moment {
    /// The year, UTC.
    pub fn year(self) -> i16 {
        self.0.date().year()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let moment = Utc::parse_rfc3339(&text.trim().replacen(' ', "T", 1)).map_err(|_| {
            let text = super::tree::shorten(text);
            format!("{text:?} is not a point in time\nwrite date, time and zone: 2026-11-20T08:00:00Z")
        })?;
        let moment = Self(moment);
        within_reach(moment.year())?;
        Ok(moment)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.0;
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, name) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")] {
            if rest >= unit {
                write!(f, "{}{name}", rest / unit)?;
                rest %= unit;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.ms < 0 { "-" } else { "" };
        write!(f, "{sign}{}", Duration(Span(self.ms.unsigned_abs())))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            n if n >= 1_000_000_000 => (1_000_000_000, "GB"),
            n if n >= 1_000_000 => (1_000_000, "MB"),
            n if n >= 1_000 => (1_000, "kB"),
            _ => return write!(f, "{}B", self.0),
        };
        let part = format!("{:06}", u128::from(self.0 % unit) * 1_000_000 / u128::from(unit));
        match part.trim_end_matches('0') {
            "" => write!(f, "{}{name}", self.0 / unit),
            part => write!(f, "{}.{part}{name}", self.0 / unit),
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! written_as_text {
    ($($type:ident, $name:literal, $article:literal, $what:literal, $example:literal, $pattern:literal;)*) => {$(
        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::parse(text)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl<'de> Visitor<'de> for Text {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($what)
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$type, E> {
                        $type::parse(text).map_err(E::custom)
                    }

                    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<$type, D::Error> {
                        from.deserialize_str(self)
                    }
                }

                // The name tells the reader of scenarios what to say when something else stands there.
                deserializer.deserialize_newtype_struct(concat!($article, "\n", $example), Text)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "description": $what,
                    "examples": [$example],
                    "pattern": $pattern,
                })
            }
        }
    )*};
}

written_as_text! {
    Duration, "Duration", "a length of time", "A length of time: numbers with units ms, s, m, h, d; at most 366d.", "1h30m",
        r"^\s*([0-9]+\s*(ms|s|m|min|h|d)\s*)+$";
    Offset, "Offset", "a length of time", "A length of time, with a minus sign when it lies in the past.", "-20m",
        r"^\s*[-+]?([0-9]+\s*(ms|s|m|min|h|d)\s*)+$";
    Size, "Size", "an amount of data", "An amount of data: a number with unit B, kB, MB or GB; at most 1000GB.", "12MB",
        r"^\s*[0-9]+(\.[0-9]{1,6})?\s*(B|kB|KB|MB|GB)\s*$";
    Date, "Date", "a date", "A calendar date.", "2026-11-20", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
    Moment, "Moment", "a point in time", "A point in time: date, time and zone (RFC 3339).", "2026-11-20T08:00:00Z",
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})$";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_as_people_write_them() {
        for (text, ms) in [("500ms", 500), ("40s", 40_000), ("1h30m", 5_400_000), ("2d 1h", 176_400_000)] {
            assert_eq!(Duration::parse(text).map(|d| d.0.0), Ok(ms), "{text}");
        }
        for text in ["", "40", "s", "-5s", "1m1h", "1s1s", "1y", "4 0s", "١s"] {
            assert!(Duration::parse(text).is_err(), "{text}");
        }
        assert!(Duration::parse("367d").unwrap_err().contains("366d"));
        assert!(Duration::parse("99999999999999999999999d").unwrap_err().contains("366d"));
        for text in ["1999-12-31", "1850-01-01", "2100-01-01", "9998-12-31"] {
            assert!(Date::parse(text).unwrap_err().contains("out of reach"), "{text}");
            assert!(
                Moment::parse(&format!("{text}T08:00:00Z")).unwrap_err().contains("out of reach"),
                "{text}"
            );
        }
        assert_eq!("-7300d".parse::<Offset>().unwrap().ms, -630_720_000_000);
        assert!("7301d".parse::<Offset>().unwrap_err().contains("twenty years"));
        assert_eq!("-20m".parse::<Offset>().unwrap().ms, -1_200_000);
    }

    #[test]
    fn sizes_as_people_write_them() {
        assert_eq!(Size::parse("1.5GB").unwrap().0, 1_500_000_000);
        assert_eq!(Size::parse("12 MB").unwrap().to_string(), "12MB");
        assert!(Size::parse("12").is_err() && Size::parse("1001GB").is_err() && Size::parse(".5MB").is_err());
    }

    proptest! {
        #[test]
        fn durations_round_trip(ms in 0..=LONGEST.0) {
            let duration = Duration(Span(ms));
            prop_assert_eq!(Duration::parse(&duration.to_string()), Ok(duration));
        }

        #[test]
        fn sizes_round_trip(bytes in 0..1_000_000_000_000_u64) {
            let shown = Size::parse(&Size(bytes).to_string()).unwrap();
            prop_assert_eq!(shown.to_string(), Size(bytes).to_string());
        }

        #[test]
        fn any_text_is_an_answer(text in ".*") {
            let _ = (Duration::parse(&text), Size::parse(&text), Date::parse(&text), Moment::parse(&text));
        }
    }
}
