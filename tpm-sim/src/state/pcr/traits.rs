//! What each register allows (TCG PC Client Platform TPM Profile, section 4.6).

use super::PCR_COUNT;

/// What a register allows, by its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
    /// Shutdown(STATE) keeps its value.
    pub(super) saved: bool,
    /// Localities (bit *n* for locality *n*) that may reset it.
    pub(super) reset: u8,
    /// Localities that may extend it.
    pub(super) extend: u8,
}

pub(super) const fn traits(pcr: u32) -> Traits {
    let (saved, reset, extend) = match pcr {
        0..=15 => (true, 0x00, 0x1f),
        16 | 23 => (false, 0x0f, 0x1f),
        17 | 18 => (false, 0x10, 0x1c),
        19 => (false, 0x10, 0x0c),
        20 => (false, 0x14, 0x0e),
        _ => (false, 0x14, 0x04),
    };
    Traits { saved, reset, extend }
}

/// Whether a change of the register leaves the update counter alone (debug and application registers).
pub(super) const fn is_no_increment(pcr: u32) -> bool {
    matches!(pcr, 16 | 21..=23)
}

/// Whether the register starts as ones, and becomes zeros when the dynamic launch resets it.
pub(super) const fn is_dynamic(pcr: u32) -> bool {
    traits(pcr).reset & 0x10 != 0
}

/// Whether the register belongs to the one group that has an authorisation value and a policy of its own.
pub const fn has_own_authorization(pcr: u32) -> bool {
    matches!(pcr, 20..=22)
}

/// A property of registers, as TPM_CAP_PCR_PROPERTIES names them (TPM_PT_PCR, Part 2, table 26).
pub fn property(tag: u32) -> Option<u32> {
    let with =
        |f: &dyn Fn(u32) -> bool| (0..PCR_COUNT).filter(|pcr| f(*pcr)).fold(0, |map, pcr| map | 1 << pcr);
    Some(match tag {
        0x00 => with(&|pcr| traits(pcr).saved),
        0x01..=0x0a => {
            let locality = (tag - 1) / 2;
            let bit = 1 << locality;
            if tag % 2 == 1 {
                with(&|pcr| traits(pcr).extend & bit != 0)
            } else {
                with(&|pcr| traits(pcr).reset & bit != 0)
            }
        }
        0x11 => with(&is_no_increment),
        0x12 => with(&is_dynamic),
        0x13 | 0x14 => with(&has_own_authorization),
        _ => return None,
    })
}

/// The tags that [`property`] answers, in order.
pub const PROPERTIES: [u32; 15] =
    [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x11, 0x12, 0x13, 0x14];
