//! What has to hold of a state before it is a TPM's: everything that the commands take for granted, because no command
//! can bring about anything else. Bytes that were restored can.

use super::State;
use super::limits::{MAX_LOADED_OBJECTS, MAX_PERSISTENT_OBJECTS, SEED_SIZE};
use super::objects::{Objects, PERSISTENT_FIRST, PERSISTENT_LAST, TRANSIENT_FIRST, Transient};
use crate::crypto::HashAlg;
use crate::manufacture::ManufactureRecord;
use crate::manufacture::profile::profile;

/// Nothing to complain of, or the complaint.
pub(crate) type Checked = Result<(), &'static str>;

/// Counters stay below this in any life; beyond it they could run over.
const FAR: u64 = 1 << 56;
/// The last second of the year 9999, the last that a certificate can name.
const LAST_SECOND: u64 = 253_402_300_799;

pub(crate) fn must(holds: bool, complaint: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(complaint) }
}

/// An authorisation value as it is kept.
pub(crate) fn check_auth(auth_value: &[u8]) -> Checked {
    must(
        auth_value.len() <= HashAlg::MAX_SIZE && auth_value.last() != Some(&0),
        "an authorisation value is longer than any, or ends with zeros",
    )
}

/// A policy and its hash.
pub(crate) fn check_policy(policy: Option<&(HashAlg, Vec<u8>)>) -> Checked {
    must(policy.is_none_or(|(hash, digest)| digest.len() == hash.size()), "a policy is no digest of its hash")
}

/// A counter that goes up by one.
pub(crate) fn check_counter(counter: u64) -> Checked {
    must(counter < FAR, "a counter is about to run over")
}

impl State {
    /// Whether all of it hangs together.
    pub(super) fn check(&self) -> Checked {
        must(profile(&self.factory.profile).is_some(), "its profile is not among those of this version")?;
        self.factory.record.as_ref().map_or(Ok(()), check_record)?;
        self.check_hierarchies()?;
        self.pcr.check()?;
        self.nv.check()?;
        check_objects(&self.objects)?;
        self.sessions.check()?;
        self.clock.check()?;
        self.commit.check()?;
        must(
            self.audit.digest.is_empty() || self.audit.digest.len() == self.audit.alg.size(),
            "the audit digest has the wrong size",
        )?;
        for counter in [self.audit.counter, self.total_resets, self.total_clears, self.rng.position()] {
            check_counter(counter)?;
        }
        must(self.powered || !self.started, "it is started without power")
    }

    fn check_hierarchies(&self) -> Checked {
        let of = &self.hierarchies;
        for hierarchy in [&of.platform, &of.owner, &of.endorsement, &of.null, &of.lockout] {
            check_auth(&hierarchy.auth_value)?;
            check_policy(hierarchy.policy.as_ref())?;
        }
        for hierarchy in [&of.platform, &of.owner, &of.endorsement, &of.null] {
            let sizes = (hierarchy.seed.len(), hierarchy.proof.len());
            must(sizes == (SEED_SIZE, SEED_SIZE), "a hierarchy's seed or proof has the wrong size")?;
        }
        Ok(())
    }
}

fn check_record(record: &ManufactureRecord) -> Checked {
    must(record.endorsement_seed.len() == SEED_SIZE, "the manufacturer's seed has the wrong size")?;
    let validity = record.validity;
    must(
        validity.not_before <= validity.not_after && validity.not_after <= LAST_SECOND,
        "the manufacturer's certificates are valid at no time",
    )
}

fn check_objects(objects: &Objects) -> Checked {
    let slots = u32::try_from(MAX_LOADED_OBJECTS).expect("there are few slots");
    let slots = TRANSIENT_FIRST..TRANSIENT_FIRST + slots;
    must(objects.transient.keys().all(|handle| slots.contains(handle)), "an object is loaded in no slot")?;
    let persistent = &objects.persistent;
    must(persistent.len() <= MAX_PERSISTENT_OBJECTS, "it has more persistent objects than fit")?;
    let handles = PERSISTENT_FIRST..=PERSISTENT_LAST;
    must(
        persistent.keys().all(|handle| handles.contains(handle)),
        "a persistent object has a foreign handle",
    )?;
    persistent.values().try_for_each(|object| object.check())?;
    objects.transient.values().try_for_each(|transient| match transient {
        Transient::Object(object) => object.check(),
        Transient::Sequence(sequence) => check_auth(&sequence.auth_value),
    })
}
