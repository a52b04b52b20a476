//! Since when, and until when: the one place where dates and builds are compared.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;

use crate::WindowsBuild;
use crate::rules::Rule;

/// One bound of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A day: compared with the date of the world.
    Date(Date),
    /// An update of Windows; with `build`, the build that first has it.
    Kb {
        /// The number behind `KB`.
        number: u32,
        /// The build that first has it, one entry for each branch.
        build: Option<WindowsBuild>,
    },
    /// A build of Windows.
    Build(WindowsBuild),
    /// A bound that is not computed: firmware, a part of the rule.
    Text(&'static str),
}

/// The bounds at one end of a rule, and the text that they were read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// As the document says it.
    pub text: &'static str,
    /// What could be read out of it; a date and the builds both count, of several builds that of the device's branch.
    pub bounds: &'static [Bound],
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// The world that a rule is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// The date that services, and rules bounded by date, go by.
    pub date: Date,
    /// The build of the device.
    pub build: WindowsBuild,
    /// Updates that the device has besides those that its build implies.
    pub kbs: BTreeSet<u32>,
}

impl AsOf {
    /// A world without extra updates.
    pub const fn new(date: Date, build: WindowsBuild) -> Self {
        Self { date, build, kbs: BTreeSet::new() }
    }

    /// The same world, and the device has these updates too.
    #[must_use]
    pub fn with_kbs(mut self, kbs: impl IntoIterator<Item = u32>) -> Self {
        self.kbs.extend(kbs);
        self
    }
}

/// Does a rule hold?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InForce {
    /// It holds.
    Yes,
    /// Its `since` is not reached.
    NotYet,
    /// Its `until` is reached.
    Ended,
}

impl InForce {
    /// It holds.
    pub const fn yes(self) -> bool {
        matches!(self, Self::Yes)
    }
}

/// Does this rule hold in this world? Bounds that are a text only do not bound.
pub fn in_force(rule: &Rule, world: &AsOf) -> InForce {
    window(rule.since.as_ref(), rule.until.as_ref(), world)
}

/// The same for anything with a `since` and an `until`.
pub(crate) fn window(since: Option<&Limit>, until: Option<&Limit>, world: &AsOf) -> InForce {
    if since.is_some_and(|limit| limit.reached(world) == Some(false)) {
        InForce::NotYet
    } else if until.is_some_and(|limit| limit.reached(world) == Some(true)) {
        InForce::Ended
    } else {
        InForce::Yes
    }
}

impl Limit {
    /// Is it reached? Nothing if it cannot be computed.
    pub fn reached(&self, world: &AsOf) -> Option<bool> {
        let mut dates = None;
        let mut of_device = Vec::new();
        let mut updates = Vec::new();
        for bound in self.bounds {
            match *bound {
                Bound::Date(date) => dates = Some(dates.unwrap_or(true) && world.date >= date),
                Bound::Kb { number, build } => {
                    updates.push(number);
                    of_device.extend(build);
                }
                Bound::Build(build) => of_device.push(build),
                Bound::Text(_) => {}
            }
        }
        let device = if of_device.is_empty() && updates.is_empty() {
            None
        } else {
            Some(updates.iter().any(|kb| world.kbs.contains(kb)) || has_build(world.build, &of_device))
        };
        match (dates, device) {
            (Some(by_date), Some(by_device)) => Some(by_date && by_device),
            (one, other) => one.or(other),
        }
    }
}

/// Does a device of this build have what these builds, one for each branch, first had?
///
/// The entry of its own branch decides, else that of the branch it shares updates with. A branch that is newer than all
/// entries came out with it; any other branch never got it.
fn has_build(device: WindowsBuild, first: &[WindowsBuild]) -> bool {
    let lowest = |same: &dyn Fn(&WindowsBuild) -> bool| first.iter().copied().filter(|b| same(b)).min();
    if let Some(bound) = lowest(&|b| b.branch == device.branch) {
        device >= bound
    } else if let Some(bound) = lowest(&|b| b.family() == device.family()) {
        // revision 0 means the branch itself
        if bound.revision == 0 { device.branch >= bound.branch } else { device.revision >= bound.revision }
    } else {
        first.iter().max().is_some_and(|newest| device.family() > newest.family())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn at(build: &str) -> AsOf {
        AsOf::new(date(2026, 11, 1), build.parse().unwrap())
    }

    #[test]
    fn the_branch_of_the_device_decides() {
        const LIMIT: Limit = Limit {
            text: "KB5065789 (26200.6725), KB5065426 (26100.6584), KB5070312 (22631.6276)",
            bounds: &[
                Bound::Kb { number: 5_065_789, build: Some(WindowsBuild::new(26_200, 6725)) },
                Bound::Kb { number: 5_065_426, build: Some(WindowsBuild::new(26_100, 6584)) },
                Bound::Kb { number: 5_070_312, build: Some(WindowsBuild::new(22_631, 6276)) },
            ],
        };
        for (build, reached) in [
            ("26200.6725", true),
            ("26200.6600", false),
            ("26100.6600", true),
            ("26100.4061", false),
            ("22631.6276", true),
            // shares its updates with 22631
            ("22621.5000", false),
            // newer than all: came with it
            ("28000.1", true),
            // Windows 10 never got it
            ("19045.6000", false),
        ] {
            assert_eq!(LIMIT.reached(&at(build)), Some(reached), "{build}");
        }
        assert_eq!(LIMIT.reached(&at("26100.1").with_kbs([5_065_426])), Some(true));
    }

    #[test]
    fn date_and_update_both_count() {
        const LIMIT: Limit = Limit {
            text: "2026-08-27 / KB5120998",
            bounds: &[Bound::Date(date(2026, 8, 27)), Bound::Kb { number: 5_120_998, build: None }],
        };
        let device = at("26100.9000");
        assert_eq!(LIMIT.reached(&device), Some(false));
        assert_eq!(LIMIT.reached(&device.clone().with_kbs([5_120_998])), Some(true));
        let early = AsOf { date: date(2026, 8, 26), ..device }.with_kbs([5_120_998]);
        assert_eq!(LIMIT.reached(&early), Some(false));
    }

    #[test]
    fn a_text_does_not_bound() {
        let limit = Limit { text: "OEM firmware", bounds: &[Bound::Text("OEM firmware")] };
        assert_eq!(limit.reached(&at("26100.1")), None);
        assert_eq!(window(Some(&limit), Some(&limit), &at("26100.1")), InForce::Yes);
    }
}
