//! Properties of the TPM (TPM_PT, part 2, 6.13): fixed ones, and those that change.

use super::Items;
use crate::Tpm;
use crate::command::COMMANDS;
use crate::manufacture::profile::Profile;
use crate::state::hierarchy::Hierarchy;
use crate::state::limits;
use crate::state::nv::{INDEX_OVERHEAD, MAX_INDEX_SIZE, MAX_ORDERLY_COUNT};
use crate::state::pcr::{PCR_COUNT, SELECT_SIZE};

const FIXED: u32 = 0x100;
const VARIABLE: u32 = 0x200;
/// TPM_PT_FIRMWARE_VERSION_2.
const FIRMWARE_VERSION_2: u32 = 0x10c;

/// TPM_CAP_TPM_PROPERTIES: the properties of one of the two groups, that in which `property` is.
pub(super) fn properties(tpm: &Tpm, property: u32) -> Items {
    let list = match property {
        0..VARIABLE => fixed(tpm),
        VARIABLE..0x300 => variable(tpm),
        _ => Vec::new(),
    };
    to_items(list)
}

/// Who the TPM is: from TPM_PT_FAMILY_INDICATOR to TPM_PT_FIRMWARE_VERSION_2.
pub(super) fn identity(tpm: &Tpm) -> Items {
    to_items(fixed(tpm).into_iter().take_while(|(tag, _)| *tag <= FIRMWARE_VERSION_2))
}

fn to_items(list: impl IntoIterator<Item = (u32, u32)>) -> Items {
    list.into_iter().map(|(tag, value)| (tag, [tag.to_be_bytes(), value.to_be_bytes()].concat())).collect()
}

/// A limit as a property.
fn number(limit: impl TryInto<u32>) -> u32 {
    limit.try_into().ok().expect("limits are far below 2^32")
}

fn fixed(tpm: &Tpm) -> Vec<(u32, u32)> {
    let profile: &Profile = tpm.state.factory.profile();
    let words = profile.vendor_words();
    let family = u32::from_be_bytes(*b"2.0\0");
    let specification = profile.specification;
    let commands = number(COMMANDS.len());
    let values = [
        family,
        specification.level,
        specification.revision,
        specification.day_of_year,
        specification.year,
        u32::from_be_bytes(profile.vendor.data().id),
        words[0],
        words[1],
        words[2],
        words[3],
        profile.vendor_type,
        profile.firmware.0,
        profile.firmware.1,
        number(limits::MAX_DIGEST_BUFFER),
        number(limits::MAX_LOADED_OBJECTS),
        // HR_PERSISTENT_MIN.
        7,
        number(limits::MAX_LOADED_SESSIONS),
        number(limits::MAX_ACTIVE_SESSIONS),
        PCR_COUNT,
        number(SELECT_SIZE),
        u32::try_from(limits::CONTEXT_GAP_MAX).unwrap_or(u32::MAX),
    ];
    let mut list: Vec<(u32, u32)> = (FIXED..).zip(values).collect();
    // 0x115 is not used.
    let values = [
        // No limit on counters but the space.
        0,
        u32::from(MAX_INDEX_SIZE),
        // TPMA_MEMORY: NV shares its space with persistent objects, objects are copied to RAM.
        0b110,
        // CLOCK_UPDATE in milliseconds.
        number(crate::state::clock::UPDATE_INTERVAL),
        // CONTEXT_HASH, CONTEXT_SYM (AES), CONTEXT_SYM_SIZE in bits.
        u32::from(limits::CONTEXT_HASH.alg().value()),
        0x0006,
        u32::from(limits::CONTEXT_SYM_BITS),
        number(MAX_ORDERLY_COUNT),
        number(limits::MAX_COMMAND_SIZE),
        number(limits::MAX_COMMAND_SIZE),
        number(crate::crypto::HashAlg::MAX_SIZE),
        // MAX_OBJECT_CONTEXT, MAX_SESSION_CONTEXT.
        2692,
        404,
        // The platform's specification: that of the TPM.
        family,
        specification.level,
        specification.revision,
        specification.day_of_year,
        specification.year,
        // SPLIT_MAX: commits that can be open at once.
        128,
        // All commands are of the library, none is the vendor's.
        commands,
        commands,
        0,
        number(limits::MAX_NV_BUFFER_SIZE),
        // MODES: not FIPS 140-2.
        0,
        // MAX_CAP_BUFFER.
        1024,
    ];
    list.extend((0x116..).zip(values));
    list
}

fn variable(tpm: &Tpm) -> Vec<(u32, u32)> {
    let state = &tpm.state;
    let sessions = &state.sessions;
    let loaded = sessions.loaded();
    let active = loaded + sessions.handles(false).len();
    let persistent = state.objects.persistent.len();
    let free_counters = state.nv.free() / (INDEX_OVERHEAD + 8);
    let values = [
        permanent(tpm),
        startup_clear(tpm),
        number(state.nv.len()),
        number(loaded),
        number(limits::MAX_LOADED_SESSIONS - loaded),
        number(active),
        number(limits::MAX_ACTIVE_SESSIONS - active),
        number(limits::MAX_LOADED_OBJECTS.saturating_sub(state.objects.transient.len())),
        number(persistent),
        number(limits::MAX_PERSISTENT_OBJECTS.saturating_sub(persistent)),
        number(state.nv.counters()),
        number(free_counters),
        state.algorithm_set,
        // LOADED_CURVES.
        number(super::algorithms::curves(tpm).len()),
        state.da.failed_tries,
        state.da.max_tries,
        state.da.recovery_time,
        state.da.lockout_recovery,
        // NV_WRITE_RECOVERY: the rate of writes is not limited.
        0,
        high(state.audit.counter),
        low(state.audit.counter),
    ];
    (VARIABLE..).zip(values).collect()
}

/// The upper half of a number.
fn high(number: u64) -> u32 {
    low(number >> 32)
}

/// The lower half of a number.
fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).expect("the mask leaves 32 bits")
}

/// TPMA_PERMANENT (part 2, 8.6).
fn permanent(tpm: &Tpm) -> u32 {
    let state = &tpm.state;
    let has_auth = |hierarchy: &Hierarchy| !hierarchy.auth_value.is_empty();
    let generated_eps = !state.factory.has_manufacturers_eps(&state.hierarchies.endorsement.seed);
    u32::from(has_auth(&state.hierarchies.owner))
        | u32::from(has_auth(&state.hierarchies.endorsement)) << 1
        | u32::from(has_auth(&state.hierarchies.lockout)) << 2
        | u32::from(state.disable_clear) << 8
        | u32::from(state.da.in_lockout()) << 9
        | u32::from(generated_eps) << 10
}

/// TPMA_STARTUP_CLEAR (part 2, 8.7).
fn startup_clear(tpm: &Tpm) -> u32 {
    let hierarchies = &tpm.state.hierarchies;
    u32::from(hierarchies.platform.enabled)
        | u32::from(hierarchies.owner.enabled) << 1
        | u32::from(hierarchies.endorsement.enabled) << 2
        | u32::from(hierarchies.platform_nv) << 3
        | u32::from(tpm.state.factory.orderly_start) << 31
}
