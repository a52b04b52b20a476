//! The hardware hash: an inventory of the device that Autopilot registration takes (reference: artifacts,
//! section 1).
//!
//! It is no hash but a record of typed fields, 3000 bytes long, with a SHA-256 at its end.

mod field;
mod read;
mod record;
mod write;

pub use read::{Decoded, Warning, decode, decode_base64};
pub use record::{
    BuildVersion, Cpu, Disk, Display, HardwareRecord, Memory, Nic, OfflineDeviceId, OfflineIdKind, Smbios,
};
pub use write::{encode, to_base64};

/// Length of every hardware hash, in bytes; 4000 characters of base64.
pub const LENGTH: usize = 3000;

/// Why there is no hardware hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Not base64.
    #[error("the hardware hash is not base64")]
    Base64,
    /// It does not begin with `OA`.
    #[error("the hardware hash does not begin with OA")]
    Magic,
    /// Its length field points outside.
    #[error("the hardware hash's length field says {0}")]
    TotalLength(usize),
    /// A field's length is under 4 or points outside.
    #[error("field of type {kind} at byte {offset} has a wrong length")]
    FieldLength {
        /// Type of the field.
        kind: u8,
        /// Where it begins.
        offset: usize,
    },
    /// The record's fields need more than the format can hold.
    #[error("the device's fields need {0} bytes, more than a hardware hash can hold")]
    TooLong(usize),
}
