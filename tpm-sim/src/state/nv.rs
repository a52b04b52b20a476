//! Non-volatile indexes: their kinds, attributes, locks, and what a start of the TPM does to them (Part 1, chapter 37;
//! Part 2, chapter 13; Part 3, chapter 31).

mod attributes;

use std::collections::BTreeMap;

pub use attributes::{NvAttributes, NvKind};
use serde::{Deserialize, Serialize};

use super::check::{Checked, check_auth, must};
use super::pcr::StartKind;
use crate::crypto::hash::HashAlg;

/// Largest size of an index in bytes (TPM_PT_NV_INDEX_MAX).
pub const MAX_INDEX_SIZE: u16 = 2048;
/// Bytes that all indexes together may take, each with [`INDEX_OVERHEAD`].
pub const TOTAL_SIZE: usize = 48 * 1024;
/// Bytes that an index takes besides its data: public area, authorisation value, place in the list.
pub const INDEX_OVERHEAD: usize = 164;
/// Bytes of orderly indexes, which live in RAM.
pub const ORDERLY_SIZE: usize = 512;
/// An orderly counter's low bits; it loses them when power is lost without Shutdown (TPM_PT_ORDERLY_COUNT).
pub const MAX_ORDERLY_COUNT: u64 = 0xff;

/// Count and limit of a PIN index (TPMS_NV_PIN_COUNTER_PARAMETERS).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinCounter {
    /// Failures, or uses.
    pub count: u32,
    /// At this count the authorisation value is of no use.
    pub limit: u32,
}

/// One index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NvIndex {
    /// Its handle, 0x01000000 to 0x01ffffff.
    pub handle: u32,
    /// Hash of its name and its policy.
    pub name_alg: HashAlg,
    /// Attributes, those that change included.
    pub attributes: NvAttributes,
    /// Policy digest; empty without a policy.
    pub policy: Vec<u8>,
    /// Size of the data in bytes.
    pub size: u16,
    /// Authorisation value without trailing zeros.
    pub auth: Vec<u8>,
    /// The data; empty until it is written.
    data: Vec<u8>,
    /// What a loss of power leaves of an orderly counter.
    flushed: Vec<u8>,
}

impl NvIndex {
    /// An index that was not written yet.
    pub fn new(
        handle: u32,
        name_alg: HashAlg,
        attributes: NvAttributes,
        policy: Vec<u8>,
        size: u16,
        auth: Vec<u8>,
    ) -> Self {
        Self { handle, name_alg, attributes, policy, size, auth, data: Vec::new(), flushed: Vec::new() }
    }

    /// What it holds. [`NvState::define`]'s callers have refused reserved kinds.
    pub fn kind(&self) -> NvKind {
        self.attributes.kind().unwrap_or(NvKind::Ordinary)
    }

    /// Whether it was written.
    pub fn is_written(&self) -> bool {
        self.attributes.has(NvAttributes::WRITTEN)
    }

    /// Whether it is kept in RAM.
    pub fn is_orderly(&self) -> bool {
        self.attributes.has(NvAttributes::ORDERLY)
    }

    /// Public area on the wire (TPMS_NV_PUBLIC).
    pub fn public_area(&self) -> Vec<u8> {
        let mut wire = Vec::with_capacity(14 + self.policy.len());
        wire.extend_from_slice(&self.handle.to_be_bytes());
        wire.extend_from_slice(&(self.name_alg.alg() as u16).to_be_bytes());
        wire.extend_from_slice(&self.attributes.0.to_be_bytes());
        // A policy is a digest: its size fits.
        wire.extend_from_slice(&u16::try_from(self.policy.len()).unwrap_or_default().to_be_bytes());
        wire.extend_from_slice(&self.policy);
        wire.extend_from_slice(&self.size.to_be_bytes());
        wire
    }

    /// Name: algorithm and digest of the public area (Part 1, 16).
    pub fn name(&self) -> Vec<u8> {
        let mut name = (self.name_alg.alg() as u16).to_be_bytes().to_vec();
        name.extend_from_slice(&self.name_alg.digest(&[&self.public_area()]));
        name
    }

    /// What a byte is that was never written: ones in NV, zeros in RAM.
    fn erased(&self) -> u8 {
        if self.is_orderly() { 0 } else { 0xff }
    }

    /// The bytes from `offset`; `None` when they are not all inside the index.
    pub fn read(&self, offset: u16, size: u16) -> Option<Vec<u8>> {
        let end = offset.checked_add(size).filter(|end| *end <= self.size)?;
        let mut bytes = vec![self.erased(); usize::from(size)];
        let present =
            self.data.get(usize::from(offset)..usize::from(end).min(self.data.len())).unwrap_or_default();
        bytes[..present.len()].copy_from_slice(present);
        Some(bytes)
    }

    /// Writes bytes at `offset` and marks the index written; the caller has checked that they fit.
    pub fn write(&mut self, offset: u16, bytes: &[u8]) {
        let size = usize::from(self.size);
        if !self.is_written() || self.data.len() < size {
            self.data = vec![self.erased(); size];
        }
        let start = usize::from(offset).min(size);
        let end = (start + bytes.len()).min(size);
        self.data[start..end].copy_from_slice(&bytes[..end - start]);
        self.attributes = self.attributes.with(NvAttributes::WRITTEN);
    }

    /// The eight bytes of a counter, of bits or of a PIN, as a number; 0 before the first write.
    pub fn number(&self) -> u64 {
        match self.data.first_chunk::<8>() {
            Some(bytes) if self.is_written() => u64::from_be_bytes(*bytes),
            _ => 0,
        }
    }

    /// Count and limit of a PIN index.
    pub fn pin(&self) -> PinCounter {
        let number = self.number();
        let half =
            |number: u64| u32::try_from(number & u64::from(u32::MAX)).expect("the mask leaves 32 bits");
        PinCounter { count: half(number >> 32), limit: half(number) }
    }

    /// Whether the authorisation value of a PIN index may be used (Part 1, 37.2.8): it was written, and its count
    /// is below its limit. Of other kinds it always may.
    pub fn is_auth_available(&self) -> bool {
        match self.kind() {
            NvKind::PinFail | NvKind::PinPass => {
                let pin = self.pin();
                self.is_written() && pin.count < pin.limit
            }
            _ => true,
        }
    }

    /// Sets a PIN index's count after its authorisation value was used, rightly or wrongly: a right use of a
    /// PIN-pass index counts, a wrong use of a PIN-fail index counts, a right one starts it again.
    pub fn count_pin(&mut self, success: bool) {
        let pin = self.pin();
        let count = match (self.kind(), success) {
            (NvKind::PinPass, true) | (NvKind::PinFail, false) => pin.count.saturating_add(1),
            (NvKind::PinFail, true) => 0,
            _ => return,
        };
        if self.is_written() && count != pin.count {
            self.write(0, &(u64::from(count) << 32 | u64::from(pin.limit)).to_be_bytes());
        }
    }

    /// Bytes of NV that it takes.
    fn cost(&self) -> usize {
        INDEX_OVERHEAD + usize::from(self.size)
    }

    /// A start of the TPM (Part 3, 9.3).
    fn start(&mut self, kind: StartKind, orderly: bool) {
        if kind == StartKind::Resume {
            return;
        }
        let mut attributes = self.attributes.without(NvAttributes::READLOCKED);
        if self.kind() == NvKind::Counter {
            if self.is_orderly() && !orderly && self.is_written() {
                // The low bits that were in RAM are lost: the next count is where they can't have been.
                let safe = self.flushed_number() | MAX_ORDERLY_COUNT;
                self.write(0, &safe.to_be_bytes());
            }
        } else if attributes.has(NvAttributes::CLEAR_STCLEAR)
            || (attributes.has(NvAttributes::ORDERLY) && kind == StartKind::Reset)
        {
            attributes = attributes.without(NvAttributes::WRITTEN);
            self.data.clear();
        }
        if !attributes.has(NvAttributes::WRITTEN) || !attributes.has(NvAttributes::WRITEDEFINE) {
            attributes = attributes.without(NvAttributes::WRITELOCKED);
        }
        self.attributes = attributes;
    }

    /// Whether its parts fit together.
    fn check(&self) -> Checked {
        must(is_index(self.handle), "an NV index has a foreign handle")?;
        must(self.size <= MAX_INDEX_SIZE, "an NV index is larger than any")?;
        let kind = self.attributes.kind().ok_or("an NV index is of no kind")?;
        let size = match kind {
            NvKind::Ordinary => usize::from(self.size),
            NvKind::Extend => self.name_alg.size(),
            NvKind::Counter | NvKind::Bits | NvKind::PinFail | NvKind::PinPass => 8,
        };
        must(usize::from(self.size) == size, "an NV index has not the size of its kind")?;
        must([0, size].contains(&self.data.len()), "an NV index holds more or less than its size")?;
        must([0, 8].contains(&self.flushed.len()), "a counter in NV has the wrong size")?;
        must([0, self.name_alg.size()].contains(&self.policy.len()), "an NV index's policy is no digest")?;
        check_auth(&self.auth)
    }

    fn flushed_number(&self) -> u64 {
        self.flushed.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }
}

/// Whether a handle is that of an NV index.
fn is_index(handle: u32) -> bool {
    crate::entity::handle_type(handle) == crate::entity::HT_NV_INDEX
}

/// All indexes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NvState {
    indexes: BTreeMap<u32, NvIndex>,
    /// Indexes that the manufacturer filled and whose content is not made yet.
    provisioned: BTreeMap<u32, u16>,
    /// The largest number that a deleted counter had; a new counter goes on from there.
    max_count: u64,
}

/// Why an index cannot be defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DefineError {
    /// There is one with this handle (TPM_RC_NV_DEFINED).
    #[error("the index is defined already")]
    Defined,
    /// There is no room for it (TPM_RC_NV_SPACE).
    #[error("no room for the index")]
    NoSpace,
}

impl NvState {
    /// Handles of all indexes, in order; those the manufacturer provisioned are among them.
    pub fn handles(&self) -> Vec<u32> {
        let mut handles: Vec<u32> = self.indexes.keys().chain(self.provisioned.keys()).copied().collect();
        handles.sort_unstable();
        handles
    }

    /// Number of indexes.
    pub fn len(&self) -> usize {
        self.indexes.len() + self.provisioned.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of counters.
    pub fn counters(&self) -> usize {
        self.indexes.values().filter(|index| index.kind() == NvKind::Counter).count()
    }

    /// The index with this handle.
    pub fn get(&self, handle: u32) -> Option<&NvIndex> {
        self.indexes.get(&handle)
    }

    /// The index with this handle, to change it.
    pub fn get_mut(&mut self, handle: u32) -> Option<&mut NvIndex> {
        self.indexes.get_mut(&handle)
    }

    /// All indexes whose content exists.
    pub fn iter(&self) -> impl Iterator<Item = &NvIndex> {
        self.indexes.values()
    }

    /// All indexes whose content exists, to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut NvIndex> {
        self.indexes.values_mut()
    }

    /// Marks a handle as an index of the manufacturer whose content is made at its first use; `reserved` is the
    /// room that it takes until then, in bytes.
    pub fn provision(&mut self, handle: u32, reserved: u16) {
        self.provisioned.insert(handle, reserved);
    }

    /// Whether the index is the manufacturer's and its content is not made yet.
    pub fn is_pending(&self, handle: u32) -> bool {
        self.provisioned.contains_key(&handle)
    }

    /// Puts the manufacturer's index in its place.
    pub fn fill(&mut self, index: NvIndex) {
        self.provisioned.remove(&index.handle);
        self.indexes.insert(index.handle, index);
    }

    /// Bytes that are free.
    pub fn free(&self) -> usize {
        let used: usize = self.indexes.values().map(NvIndex::cost).sum();
        let reserved: usize = self.provisioned.values().map(|size| INDEX_OVERHEAD + usize::from(*size)).sum();
        TOTAL_SIZE.saturating_sub(used + reserved)
    }

    /// Adds an index.
    pub fn define(&mut self, index: NvIndex) -> Result<(), DefineError> {
        self.can_define(&index)?;
        self.indexes.insert(index.handle, index);
        Ok(())
    }

    /// Whether [`Self::define`] would succeed.
    pub fn can_define(&self, index: &NvIndex) -> Result<(), DefineError> {
        if self.indexes.contains_key(&index.handle) || self.provisioned.contains_key(&index.handle) {
            return Err(DefineError::Defined);
        }
        let orderly: usize = self
            .indexes
            .values()
            .filter(|index| index.is_orderly())
            .map(|index| usize::from(index.size))
            .sum();
        let orderly_full = index.is_orderly() && orderly + usize::from(index.size) > ORDERLY_SIZE;
        if orderly_full || self.free() < index.cost() {
            return Err(DefineError::NoSpace);
        }
        Ok(())
    }

    /// Deletes an index; the number of a counter is remembered.
    pub fn undefine(&mut self, handle: u32) {
        if let Some(index) = self.indexes.remove(&handle)
            && index.kind() == NvKind::Counter
        {
            self.max_count = self.max_count.max(index.number());
        }
        self.provisioned.remove(&handle);
    }

    /// Deletes what the owner defined (TPM2_Clear, Part 3, 24.6): all that the platform did not create.
    pub fn clear_owner(&mut self) {
        let owned: Vec<u32> = self
            .indexes
            .values()
            .filter(|index| !index.attributes.has(NvAttributes::PLATFORMCREATE))
            .map(|index| index.handle)
            .collect();
        for handle in owned {
            self.undefine(handle);
        }
    }

    /// Counts a counter up. `false` when there is no such index. Its first number is one more than any deleted
    /// counter had (Part 3, 31.8).
    pub fn increment(&mut self, handle: u32) -> bool {
        let max_count = self.max_count;
        let Some(index) = self.indexes.get_mut(&handle) else { return false };
        let first = !index.is_written();
        let number = if first { max_count } else { index.number() }.wrapping_add(1);
        index.write(0, &number.to_be_bytes());
        if index.is_orderly() && (first || number & MAX_ORDERLY_COUNT == 0) {
            index.flushed = number.to_be_bytes().to_vec();
        }
        true
    }

    /// An orderly Shutdown: what is in RAM goes to NV.
    pub fn shutdown(&mut self) {
        let counters = self.indexes.values_mut().filter(|index| index.kind() == NvKind::Counter);
        for index in counters.filter(|index| index.is_orderly()) {
            index.flushed = index.data.clone();
        }
    }

    /// Whether the indexes are such as TPM2_NV_DefineSpace lets be, and fit.
    pub(super) fn check(&self) -> Checked {
        for (handle, index) in &self.indexes {
            must(*handle == index.handle, "an NV index has two handles")?;
            index.check()?;
        }
        for (handle, reserved) in &self.provisioned {
            must(is_index(*handle), "an NV index has a foreign handle")?;
            must(!self.indexes.contains_key(handle), "an NV index is made, and to be made")?;
            must(*reserved <= MAX_INDEX_SIZE, "an NV index is larger than any")?;
        }
        let used: usize = self.indexes.values().map(NvIndex::cost).sum();
        must(used <= TOTAL_SIZE, "the NV indexes do not fit")
    }

    /// A start of the TPM; `orderly` says whether a Shutdown went before it.
    pub fn start(&mut self, kind: StartKind, orderly: bool) {
        for index in self.indexes.values_mut() {
            index.start(kind, orderly);
        }
    }
}
