//! What an entry stands on.

use std::fmt;

/// What an entry stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// The seed documents, about February 2025.
    Seed,
    /// The vendor's public documentation as it stood in that year and month.
    Learn(u16, u8),
    /// Seen on a real device, in a public log or field report of that build.
    Observed(u32),
    /// General public knowledge.
    Public,
    /// Our own choice where nothing public says it.
    Model,
}

impl Basis {
    /// The group for a summary.
    pub const fn class(self) -> BasisClass {
        match self {
            Self::Seed | Self::Learn(..) | Self::Public => BasisClass::Documented,
            Self::Observed(_) => BasisClass::Observed,
            Self::Model => BasisClass::Modelled,
        }
    }

    /// The basis in words, for a reader who does not know the short forms.
    pub fn words(self) -> String {
        match self {
            Self::Seed => "the seed documents (about February 2025)".into(),
            Self::Learn(year, month) => format!("the vendor's documentation as of {year}-{month:02}"),
            Self::Observed(build) => format!("observed on build {build}"),
            Self::Public => "general public knowledge".into(),
            Self::Model => "a model of our own: nothing public says it".into(),
        }
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seed => f.write_str("seed"),
            Self::Learn(year, month) => write!(f, "learn@{year}-{month:02}"),
            Self::Observed(build) => write!(f, "observed@{build}"),
            Self::Public => f.write_str("public"),
            Self::Model => f.write_str("model"),
        }
    }
}

/// The groups of [`Basis`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BasisClass {
    /// Written in a document: seed, learn, public.
    Documented,
    /// Seen on a device.
    Observed,
    /// Ours.
    Modelled,
}

impl fmt::Display for BasisClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Documented => "documented",
            Self::Observed => "observed",
            Self::Modelled => "modelled",
        })
    }
}

/// How many entries of each group something rests on: `rests on 41 documented, 6 observed, 3 modelled rules`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BasisSummary {
    /// Entries that a document states.
    pub documented: usize,
    /// Entries that were seen on a device.
    pub observed: usize,
    /// Entries of our own.
    pub modelled: usize,
}

impl FromIterator<Basis> for BasisSummary {
    fn from_iter<I: IntoIterator<Item = Basis>>(iter: I) -> Self {
        let mut sum = Self::default();
        for basis in iter {
            match basis.class() {
                BasisClass::Documented => sum.documented += 1,
                BasisClass::Observed => sum.observed += 1,
                BasisClass::Modelled => sum.modelled += 1,
            }
        }
        sum
    }
}

impl fmt::Display for BasisSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { documented, observed, modelled } = self;
        write!(f, "rests on {documented} documented, {observed} observed, {modelled} modelled rules")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_line() {
        let bases =
            [Basis::Seed, Basis::Public, Basis::Learn(2026, 9), Basis::Observed(26_100), Basis::Model];
        assert_eq!(
            bases.into_iter().collect::<BasisSummary>().to_string(),
            "rests on 3 documented, 1 observed, 1 modelled rules"
        );
        let shown: Vec<String> = bases.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["seed", "public", "learn@2026-09", "observed@26100", "model"]);
    }
}
