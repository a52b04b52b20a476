//! Attributes of NV indexes (TPMA_NV, part 2, 13.4).

use serde::{Deserialize, Serialize};

/// Attributes of an index (TPMA_NV).
///
/// The bits of the wire, because `tpm2-protocol`'s type has flags in the place of the four-bit kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct NvAttributes(pub u32);

impl NvAttributes {
    /// Platform authorisation may write.
    pub const PPWRITE: Self = Self(1);
    /// Owner authorisation may write.
    pub const OWNERWRITE: Self = Self(1 << 1);
    /// The index's own authorisation value may write.
    pub const AUTHWRITE: Self = Self(1 << 2);
    /// The index's policy may write.
    pub const POLICYWRITE: Self = Self(1 << 3);
    /// Only UndefineSpaceSpecial, with the index's policy, deletes it.
    pub const POLICY_DELETE: Self = Self(1 << 10);
    /// Writing is locked.
    pub const WRITELOCKED: Self = Self(1 << 11);
    /// A write must be of the whole index.
    pub const WRITEALL: Self = Self(1 << 12);
    /// WriteLock locks for good.
    pub const WRITEDEFINE: Self = Self(1 << 13);
    /// WriteLock locks until the next reset or restart.
    pub const WRITE_STCLEAR: Self = Self(1 << 14);
    /// GlobalWriteLock locks it.
    pub const GLOBALLOCK: Self = Self(1 << 15);
    /// Platform authorisation may read.
    pub const PPREAD: Self = Self(1 << 16);
    /// Owner authorisation may read.
    pub const OWNERREAD: Self = Self(1 << 17);
    /// The index's own authorisation value may read.
    pub const AUTHREAD: Self = Self(1 << 18);
    /// The index's policy may read.
    pub const POLICYREAD: Self = Self(1 << 19);
    /// Wrong authorisation values do not count as a dictionary attack.
    pub const NO_DA: Self = Self(1 << 25);
    /// It lives in RAM and is written to NV at Shutdown.
    pub const ORDERLY: Self = Self(1 << 26);
    /// A reset or restart makes it unwritten.
    pub const CLEAR_STCLEAR: Self = Self(1 << 27);
    /// Reading is locked.
    pub const READLOCKED: Self = Self(1 << 28);
    /// It has been written.
    pub const WRITTEN: Self = Self(1 << 29);
    /// The platform created it.
    pub const PLATFORMCREATE: Self = Self(1 << 30);
    /// ReadLock may lock it, until the next reset or restart.
    pub const READ_STCLEAR: Self = Self(1 << 31);
    /// Bits that must be zero: 9:8 and 24:20.
    pub const RESERVED: Self = Self(0x01f0_0300);

    /// Whether all bits of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether some bit of `other` is set.
    pub const fn has_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// With the bits of `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Without the bits of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What the index holds (TPM_NT, bits 7:4); `None` when the value is reserved.
    pub const fn kind(self) -> Option<NvKind> {
        Some(match self.0 >> 4 & 0xf {
            0 => NvKind::Ordinary,
            1 => NvKind::Counter,
            2 => NvKind::Bits,
            4 => NvKind::Extend,
            8 => NvKind::PinFail,
            9 => NvKind::PinPass,
            _ => return None,
        })
    }
}

impl std::ops::BitOr for NvAttributes {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}

/// What an index holds (TPM_NT).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NvKind {
    /// Bytes.
    Ordinary,
    /// A number that only grows.
    Counter,
    /// 64 bits that can only be set.
    Bits,
    /// A digest that is extended as a PCR is.
    Extend,
    /// A PIN whose failures count.
    PinFail,
    /// A PIN whose uses count.
    PinPass,
}
