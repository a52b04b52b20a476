//! Platform configuration registers: banks, allocation, localities, the update counter, and what of them outlives
//! a sleep (Part 1, chapter 17; attributes from the TCG PC Client Platform TPM Profile, section 4.6).

mod selection;
mod traits;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::check::{Checked, check_auth, check_policy, must};
use crate::crypto::hash::{HashAlg, Hasher};
pub use selection::{PcrSelection, selections_to_wire};
pub use traits::{PROPERTIES, has_own_authorization, property};
use traits::{is_dynamic, is_no_increment, traits};

/// How many registers a bank has (TPM_PT_PCR_COUNT).
pub const PCR_COUNT: u32 = 24;
/// Bytes of a selection bit map (TPM_PT_PCR_SELECT_MIN, and the largest that is accepted).
pub const SELECT_SIZE: usize = 3;
/// The bit map that selects every register.
pub const ALL_PCRS: u32 = (1 << PCR_COUNT) - 1;
/// The register of the dynamic root of trust's measurement.
pub const DRTM_PCR: u32 = 17;
/// The register of the static root of trust's measurement.
pub const HCRTM_PCR: u32 = 0;

/// Which start follows a power cycle (Part 1, 12.2.3): what is kept depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartKind {
    /// Startup(CLEAR) without a saved state: the platform was off.
    Reset,
    /// Startup(CLEAR) after Shutdown(STATE): the platform was hibernating.
    Restart,
    /// Startup(STATE) after Shutdown(STATE): the platform was asleep.
    Resume,
}

/// One bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Bank {
    /// Registers that exist in it.
    allocated: u32,
    /// All 24 values, one after another; those that are not allocated stay zero.
    values: Vec<u8>,
}

/// Why an allocation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AllocationError {
    /// No bank would have register 0 or register 17, which measurements of the platform need (TPM_RC_PCR).
    #[error("no bank would have PCR 0 and PCR 17")]
    RootsMissing,
}

/// What PCR_Allocate answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation {
    /// Whether it will be in force after the next reset.
    pub success: bool,
    /// Registers of a bank.
    pub max_pcr: u32,
    /// Bytes that the allocation takes.
    pub needed: u32,
    /// Bytes that there are.
    pub available: u32,
}

/// All registers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pcrs {
    banks: BTreeMap<HashAlg, Bank>,
    /// Allocation that the next TPM Reset puts in force.
    next: Option<BTreeMap<HashAlg, u32>>,
    update_counter: u32,
    /// Values that Shutdown(STATE) put aside: by bank, the registers that survive, in order.
    saved: Option<(u32, BTreeMap<HashAlg, Vec<u8>>)>,
    /// Authorisation value of registers 20 to 22.
    auth: Vec<u8>,
    /// Policy of registers 20 to 22 and its hash.
    policy: Option<(HashAlg, Vec<u8>)>,
    /// A launch sequence (`_TPM_Hash_Start` … `_TPM_Hash_End`) under way.
    launch: Option<Vec<Hasher>>,
    /// The static root of trust was measured by hardware before Startup.
    hcrtm: bool,
}

impl Pcrs {
    /// Registers with the given banks, each complete.
    pub fn new(banks: &[HashAlg]) -> Self {
        let mut pcrs = Self {
            banks: BTreeMap::new(),
            next: None,
            update_counter: 0,
            saved: None,
            auth: Vec::new(),
            policy: None,
            launch: None,
            hcrtm: false,
        };
        pcrs.put_in_force(&banks.iter().map(|hash| (*hash, ALL_PCRS)).collect());
        pcrs
    }

    fn put_in_force(&mut self, allocation: &BTreeMap<HashAlg, u32>) {
        self.banks = allocation
            .iter()
            .filter(|(_, pcrs)| **pcrs != 0)
            .map(|(hash, pcrs)| {
                (*hash, Bank { allocated: *pcrs, values: vec![0; hash.size() * PCR_COUNT as usize] })
            })
            .collect();
    }

    /// The allocation in force: every bank that this TPM could have, also those without registers.
    pub fn allocation(&self) -> Vec<PcrSelection> {
        HashAlg::ALL
            .into_iter()
            .map(|hash| PcrSelection { hash, pcrs: self.banks.get(&hash).map_or(0, |bank| bank.allocated) })
            .collect()
    }

    /// Whether an allocation waits for the next reset; Shutdown(STATE) is refused then (TPM_RC_TYPE).
    pub fn is_reallocating(&self) -> bool {
        self.next.is_some()
    }

    /// TPM2_PCR_Allocate: banks that are not named keep their registers.
    pub fn allocate(&mut self, selections: &[PcrSelection]) -> Result<Allocation, AllocationError> {
        let mut next: BTreeMap<HashAlg, u32> = match &self.next {
            Some(next) => next.clone(),
            None => self.allocation().into_iter().map(|s| (s.hash, s.pcrs)).collect(),
        };
        // The last selection of a bank counts.
        next.extend(selections.iter().map(|s| (s.hash, s.pcrs & ALL_PCRS)));
        let in_some = |pcr: u32| next.values().any(|pcrs| pcrs & (1 << pcr) != 0);
        if !in_some(HCRTM_PCR) || !in_some(DRTM_PCR) {
            return Err(AllocationError::RootsMissing);
        }
        let needed = next.iter().map(|(hash, pcrs)| digest_size(*hash) * pcrs.count_ones()).sum();
        let available = HashAlg::ALL.iter().map(|hash| digest_size(*hash) * PCR_COUNT).sum();
        self.next = Some(next);
        Ok(Allocation { success: true, max_pcr: PCR_COUNT, needed, available })
    }

    /// Number of changes of registers that count (TPM2_PCR_Read's pcrUpdateCounter).
    pub fn update_counter(&self) -> u32 {
        self.update_counter
    }

    /// Value of a register; `None` when the bank does not have it.
    pub fn value(&self, hash: HashAlg, pcr: u32) -> Option<&[u8]> {
        let bank = self.banks.get(&hash)?;
        if pcr >= PCR_COUNT || bank.allocated & (1 << pcr) == 0 {
            return None;
        }
        let start = pcr as usize * hash.size();
        bank.values.get(start..start + hash.size())
    }

    fn value_mut(&mut self, hash: HashAlg, pcr: u32) -> Option<&mut [u8]> {
        let bank = self.banks.get_mut(&hash)?;
        if pcr >= PCR_COUNT || bank.allocated & (1 << pcr) == 0 {
            return None;
        }
        let start = pcr as usize * hash.size();
        bank.values.get_mut(start..start + hash.size())
    }

    /// The selections without the registers that do not exist (Part 3, 22.1): banks stay, even when empty.
    pub fn filter(&self, selections: &[PcrSelection]) -> Vec<PcrSelection> {
        selections
            .iter()
            .map(|s| PcrSelection {
                hash: s.hash,
                pcrs: s.pcrs & self.banks.get(&s.hash).map_or(0, |bank| bank.allocated),
            })
            .collect()
    }

    /// Digest over the values of the selected registers, in the order of the selections (Part 1, 17.5).
    pub fn digest(&self, hash: HashAlg, selections: &[PcrSelection]) -> Vec<u8> {
        let mut hasher = Hasher::new(hash);
        for selection in selections {
            for value in selection.numbers().filter_map(|pcr| self.value(selection.hash, pcr)) {
                hasher.update(value);
            }
        }
        hasher.finish()
    }

    /// Values of the selected registers, at most eight, and the selections that they answer (Part 3, 22.4).
    pub fn read(&self, selections: &[PcrSelection]) -> (Vec<PcrSelection>, Vec<Vec<u8>>) {
        let mut values = Vec::new();
        let mut out = Vec::new();
        for selection in self.filter(selections) {
            let mut read = PcrSelection { hash: selection.hash, pcrs: 0 };
            for pcr in selection.numbers() {
                if values.len() < 8
                    && let Some(value) = self.value(selection.hash, pcr)
                {
                    values.push(value.to_vec());
                    read.pcrs |= 1 << pcr;
                }
            }
            out.push(read);
        }
        (out, values)
    }

    /// Whether `locality` may extend the register (else TPM_RC_LOCALITY).
    pub fn may_extend(pcr: u32, locality: u8) -> bool {
        traits(pcr).extend & locality_bit(locality) != 0
    }

    /// Whether `locality` may reset the register with TPM2_PCR_Reset (else TPM_RC_LOCALITY). Locality 4 resets by its
    /// launch sequence alone.
    pub fn may_reset(pcr: u32, locality: u8) -> bool {
        traits(pcr).reset & 0x0f & locality_bit(locality) != 0
    }

    /// Whether Shutdown(STATE) keeps the register; a change of such a one ends an orderly state.
    pub fn is_saved(pcr: u32) -> bool {
        traits(pcr).saved
    }

    /// Extends the register in one bank and counts the change ([`Self::count_change`]): once for each bank. Nothing happens
    /// when the bank does not have the register.
    pub fn extend(&mut self, hash: HashAlg, pcr: u32, digest: &[u8]) {
        if let Some(value) = self.value_mut(hash, pcr) {
            let extended = hash.digest(&[value, digest]);
            value.copy_from_slice(&extended);
            self.count_change(pcr);
        }
    }

    /// Counts a change of the register.
    pub fn count_change(&mut self, pcr: u32) {
        if !is_no_increment(pcr) {
            self.update_counter = self.update_counter.wrapping_add(1);
        }
    }

    /// TPM2_PCR_Reset: zeros in every bank.
    pub fn reset(&mut self, pcr: u32) {
        self.set_all_banks(pcr, 0);
        self.count_change(pcr);
    }

    fn set_all_banks(&mut self, pcr: u32, byte: u8) {
        for hash in HashAlg::ALL {
            if let Some(value) = self.value_mut(hash, pcr) {
                value.fill(byte);
            }
        }
    }

    /// Authorisation value of the register; empty for all but 20 to 22.
    pub fn auth(&self, pcr: u32) -> &[u8] {
        if has_own_authorization(pcr) { &self.auth } else { &[] }
    }

    /// Sets the authorisation value that registers 20 to 22 share.
    pub fn set_auth(&mut self, auth: Vec<u8>) {
        self.auth = auth;
    }

    /// Policy of the register.
    pub fn policy(&self, pcr: u32) -> Option<(HashAlg, &[u8])> {
        let (hash, digest) = self.policy.as_ref().filter(|_| has_own_authorization(pcr))?;
        Some((*hash, digest))
    }

    /// Sets the policy that registers 20 to 22 share; `None` takes it away.
    pub fn set_policy(&mut self, policy: Option<(HashAlg, Vec<u8>)>) {
        self.policy = policy;
    }

    /// Shutdown(STATE).
    pub fn save(&mut self) {
        let values =
            self.banks.iter().map(|(hash, bank)| (*hash, bank.values[..kept_size(*hash)].to_vec())).collect();
        self.saved = Some((self.update_counter, values));
    }

    /// Startup at `locality`. Registers 17 to 22 become ones, others zeros; register 0 tells the locality of the
    /// start, or 4 when hardware measured the root of trust before it (Part 3, 9.3). A resume brings back what
    /// [`Self::save`] put aside.
    pub fn start(&mut self, kind: StartKind, locality: u8) {
        if kind == StartKind::Reset
            && let Some(next) = self.next.take()
        {
            self.put_in_force(&next);
        }
        let measured =
            self.hcrtm.then(|| HashAlg::ALL.map(|hash| self.value(hash, HCRTM_PCR).map(<[u8]>::to_vec)));
        for pcr in 0..PCR_COUNT {
            self.set_all_banks(pcr, if is_dynamic(pcr) { 0xff } else { 0 });
        }
        let saved = self.saved.take();
        if kind == StartKind::Resume
            && let Some((counter, values)) = saved
        {
            for (hash, kept) in values {
                if let Some(bank) = self.banks.get_mut(&hash)
                    && let Some(place) = bank.values.get_mut(..kept.len())
                {
                    place.copy_from_slice(&kept);
                }
            }
            self.update_counter = counter;
        } else {
            // The value lasts until the next reset or restart; the policy stays (Part 3, 22.6 and 22.7).
            self.auth.clear();
            self.update_counter = 0;
            for (index, hash) in HashAlg::ALL.into_iter().enumerate() {
                let measured = measured.as_ref().and_then(|values| values[index].clone());
                if let Some(value) = self.value_mut(hash, HCRTM_PCR) {
                    match measured {
                        Some(measured) => value.copy_from_slice(&measured),
                        None => value[hash.size() - 1] = locality,
                    }
                }
            }
        }
        self.hcrtm = false;
        self.launch = None;
    }

    /// Power goes, and with it what hardware measured for a start that did not come.
    pub(super) fn power_off(&mut self) {
        self.launch = None;
        self.hcrtm = false;
    }

    /// Forgets the values, which a start sets in any case; what [`Self::save`] put aside stays.
    pub(super) fn forget(&mut self) {
        for bank in self.banks.values_mut() {
            bank.values.fill(0);
        }
        self.update_counter = 0;
    }

    /// Whether banks, allocations and values have the sizes that go with their hashes.
    pub(super) fn check(&self) -> Checked {
        let in_range = |pcrs: u32| pcrs & !ALL_PCRS == 0;
        for (hash, bank) in &self.banks {
            must(bank.values.len() == hash.size() * PCR_COUNT as usize, "a bank of PCRs has the wrong size")?;
            must(in_range(bank.allocated), "a bank has PCRs that there are not")?;
        }
        let allocated = self.next.iter().flatten().all(|(_, pcrs)| in_range(*pcrs));
        must(allocated, "PCRs are allocated that there are not")?;
        for (hash, values) in self.saved.iter().flat_map(|(_, banks)| banks) {
            must(values.len() == kept_size(*hash), "saved PCRs have the wrong size")?;
        }
        let of_banks = |hasher: &Hasher| self.banks.contains_key(&hasher.alg());
        must(self.launch.iter().flatten().all(of_banks), "a launch is measured into no bank")?;
        check_auth(&self.auth)?;
        check_policy(self.policy.as_ref())
    }

    /// `_TPM_Hash_Start`: hardware begins to measure a launch (Part 3, 22.9).
    pub fn launch_start(&mut self) {
        self.launch = Some(self.banks.keys().map(|hash| Hasher::new(*hash)).collect());
    }

    /// `_TPM_Hash_Data`; ignored without a start.
    pub fn launch_data(&mut self, data: &[u8]) {
        for hasher in self.launch.iter_mut().flatten() {
            hasher.update(data);
        }
    }

    /// `_TPM_Hash_End`. Before Startup it measures the static root of trust into register 0 (which begins as
    /// four then); after it, it resets the dynamic registers and measures into register 17. `false` when no
    /// sequence was begun.
    pub fn launch_end(&mut self, started: bool) -> bool {
        let Some(hashers) = self.launch.take() else { return false };
        let register = if started { DRTM_PCR } else { HCRTM_PCR };
        if started {
            for pcr in (0..PCR_COUNT).filter(|pcr| is_dynamic(*pcr)) {
                self.set_all_banks(pcr, 0);
            }
        } else {
            self.hcrtm = true;
            self.set_all_banks(HCRTM_PCR, 0);
            for hash in HashAlg::ALL {
                if let Some(value) = self.value_mut(hash, HCRTM_PCR) {
                    value[hash.size() - 1] = 4;
                }
            }
        }
        for hasher in hashers {
            let hash = hasher.alg();
            let digest = hasher.finish();
            self.extend(hash, register, &digest);
        }
        true
    }
}

/// Bytes of a bank that Shutdown(STATE) keeps: those registers come first.
fn kept_size(hash: HashAlg) -> usize {
    (0..PCR_COUNT).take_while(|pcr| traits(*pcr).saved).count() * hash.size()
}

/// Size of a digest in bytes.
fn digest_size(hash: HashAlg) -> u32 {
    u32::try_from(hash.size()).expect("64 at most")
}

fn locality_bit(locality: u8) -> u8 {
    if locality < 8 { 1 << locality } else { 0 }
}
