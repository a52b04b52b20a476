//! Selections of registers (part 2, 10.6 and 10.9.7).

use serde::{Deserialize, Serialize};

use super::PCR_COUNT;
use crate::crypto::hash::HashAlg;

/// Registers of one bank (TPMS_PCR_SELECTION).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PcrSelection {
    /// The bank.
    pub hash: HashAlg,
    /// Bit *n* selects register *n*.
    pub pcrs: u32,
}

impl PcrSelection {
    /// The selection on the wire: algorithm, size of the bit map, bit map.
    pub fn to_wire(self) -> [u8; 6] {
        let alg = (self.hash.alg() as u16).to_be_bytes();
        let map = self.pcrs.to_le_bytes();
        [alg[0], alg[1], 3, map[0], map[1], map[2]]
    }

    /// The numbers of the selected registers, in order.
    pub fn numbers(self) -> impl Iterator<Item = u32> {
        (0..PCR_COUNT).filter(move |pcr| self.pcrs & (1 << pcr) != 0)
    }
}

/// A list of selections on the wire (TPML_PCR_SELECTION).
pub fn selections_to_wire(selections: &[PcrSelection]) -> Vec<u8> {
    let count = u32::try_from(selections.len()).unwrap_or(u32::MAX);
    let mut wire = count.to_be_bytes().to_vec();
    for selection in selections {
        wire.extend_from_slice(&selection.to_wire());
    }
    wire
}
