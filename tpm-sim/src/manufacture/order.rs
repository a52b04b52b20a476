//! Which TPM somebody wants, in the words of a command line.

use super::factory::{ManufactureError, ManufactureOptions, serial_number};
use super::profile::{PROFILES, Profile, profile};
use crate::Tpm;

/// Seed of a TPM for which none is given: TEST ONLY, everybody knows its keys.
pub const DEFAULT_SEED: &str = "tpm-sim";

/// A profile and a seed, either of them left open or not. The profile exists: names are checked when the order is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    profile: Option<&'static Profile>,
    seed: Option<String>,
}

/// In what a TPM is not the one that was ordered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It is of another kind.
    #[error("of profile {found:?}, and {ordered:?} is asked for")]
    Profile {
        /// The profile that it has.
        found: String,
        /// The profile that was asked for.
        ordered: &'static str,
    },
    /// It was made from another seed.
    #[error("of another seed than {0:?}")]
    Seed(String),
}

impl Order {
    /// An order by names.
    pub fn new(profile_id: Option<&str>, seed: Option<&str>) -> Result<Self, ManufactureError> {
        let profile = profile_id
            .map(|id| profile(id).ok_or_else(|| ManufactureError::UnknownProfile(id.to_owned())))
            .transpose()?;
        Ok(Self { profile, seed: seed.map(str::to_owned) })
    }

    /// The TPM, with defaults for what was left open.
    pub fn make(&self) -> Result<Tpm, ManufactureError> {
        let seed = self.seed.as_deref().unwrap_or(DEFAULT_SEED);
        Tpm::manufacture(&ManufactureOptions::new(seed.as_bytes(), self.profile.unwrap_or(&PROFILES[0])))
    }

    /// Whether a TPM is one that was ordered so; what was left open fits any.
    pub fn fits(&self, tpm: &Tpm) -> Result<(), Mismatch> {
        let factory = &tpm.state.factory;
        if let Some(ordered) = self.profile.filter(|profile| profile.id != factory.profile) {
            return Err(Mismatch::Profile { found: factory.profile.clone(), ordered: ordered.id });
        }
        // The seed itself is not kept; the serial number is a digest of it.
        let serial = factory.record.as_ref().map(|record| record.serial);
        match &self.seed {
            Some(seed) if serial != Some(serial_number(factory.profile(), seed.as_bytes())) => {
                Err(Mismatch::Seed(seed.clone()))
            }
            _ => Ok(()),
        }
    }
}

/// The profile of that name, or one that sounds like it: what to say of a name that is none.
pub(super) fn suggestion(id: &str) -> String {
    let close = |profile: &&Profile| strsim::jaro_winkler(id, profile.id);
    let best = PROFILES.iter().max_by(|a, b| close(a).total_cmp(&close(b))).filter(|best| close(best) > 0.8);
    let list = PROFILES.iter().map(|profile| profile.id).collect::<Vec<_>>().join(", ");
    match best {
        Some(best) => format!("did you mean {:?}? There are {list}", best.id),
        None => format!("there are {list}"),
    }
}

/// A TPM by the names of a command line: profile and seed, each with a default.
pub fn new_tpm(profile_id: Option<&str>, seed: Option<&str>) -> Result<Tpm, ManufactureError> {
    Order::new(profile_id, seed)?.make()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_fits_what_was_made_from_it_and_nothing_else() {
        let order = |profile, seed| Order::new(profile, seed).unwrap();
        let made = order(Some("intel-ptt"), Some("one")).make().unwrap();
        for same in [
            order(None, None),
            order(Some("intel-ptt"), None),
            order(None, Some("one")),
            order(Some("intel-ptt"), Some("one")),
        ] {
            assert_eq!(same.fits(&made), Ok(()));
        }
        let refused = order(Some("amd-ftpm"), None).fits(&made).unwrap_err();
        assert_eq!(refused.to_string(), "of profile \"intel-ptt\", and \"amd-ftpm\" is asked for");
        let refused = order(None, Some("two")).fits(&made).unwrap_err();
        assert_eq!(refused.to_string(), "of another seed than \"two\"");
        assert_eq!(order(None, Some(DEFAULT_SEED)).fits(&new_tpm(None, None).unwrap()), Ok(()));
    }

    #[test]
    fn a_name_that_is_none_is_answered_with_one_like_it() {
        let refused = |id| Order::new(Some(id), None).unwrap_err().to_string();
        let told = refused("intel-ppt");
        assert!(told.starts_with(
            "there is no profile \"intel-ppt\"; did you mean \"intel-ptt\"? There are simulator, "
        ));
        assert!(refused("teapot").starts_with("there is no profile \"teapot\"; there are simulator, "));
    }
}
