//! Updates that rules name, and the builds that they came with (`data/kbs.toml`).

use jiff::civil::{Date, date};

use crate::{Basis, WindowsBuild};

/// An update of Windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kb {
    /// The number behind `KB`.
    pub number: u32,
    /// When it came out, where known.
    pub date: Option<Date>,
    /// The build of each branch that it brings; empty where not known.
    pub builds: &'static [WindowsBuild],
    /// What the numbers stand on.
    pub basis: Basis,
}

include!(concat!(env!("OUT_DIR"), "/kbs.rs"));

/// All of them, by number.
pub static ALL: &[Kb] = &TABLE;

/// The update with this number.
pub fn find(number: u32) -> Option<&'static Kb> {
    ALL.binary_search_by_key(&number, |kb| kb.number).ok().map(|n| &ALL[n])
}
