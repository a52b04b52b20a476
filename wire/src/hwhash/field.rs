//! The fields' types.

pub(super) const VERSION: u8 = 1;
pub(super) const CPU: u8 = 2;
pub(super) const CPU_MANUFACTURER: u8 = 3;
pub(super) const CPU_MODEL: u8 = 4;
pub(super) const MEMORY: u8 = 5;
pub(super) const DISK: u8 = 6;
pub(super) const DISK_SERIAL: u8 = 7;
pub(super) const NIC: u8 = 8;
pub(super) const DISPLAY: u8 = 9;
pub(super) const CHASSIS: u8 = 10;
pub(super) const OFFLINE_DEVICE_ID: u8 = 11;
pub(super) const SMBIOS_UUID: u8 = 12;
pub(super) const TPM_VERSION: u8 = 13;
/// The first of ten SMBIOS strings, in the order of [`super::Smbios`].
pub(super) const SMBIOS_FIRST: u8 = 14;
pub(super) const SMBIOS_LAST: u8 = 23;
pub(super) const TPM_EK_PUB: u8 = 25;

/// What begins a hash, and what begins its trailer.
pub(super) const MAGIC: &[u8; 2] = b"OA";
pub(super) const TRAILER_MAGIC: &[u8; 2] = b"CS";
/// Trailer: magic, length, SHA-256.
pub(super) const TRAILER: usize = 36;
/// Seconds from the Unix epoch to 2000-01-01, from which the time of generation counts.
pub(super) const EPOCH_2000: i64 = 946_684_800;
