//! Firmware that is publicly known to be vulnerable.
//!
//! Which versions the attestation service has on its list (0x81039024, SDM-021) is not published: *model*. This list
//! is the public one of weak RSA keys in Infineon's TPMs (CVE-2017-15361, Microsoft advisory ADV170012): the first
//! fixed version of each line of firmware.

/// Vendor, main version, and the first minor version of it that is not vulnerable.
pub const VULNERABLE_LINES: [([u8; 4], u32, u32); 4] =
    [(*b"IFX\0", 4, 34), (*b"IFX\0", 5, 62), (*b"IFX\0", 6, 43), (*b"IFX\0", 7, 62)];

/// Whether firmware of that vendor (TPM_PT_MANUFACTURER) and version (TPM_PT_FIRMWARE_VERSION_1 and 2) is on the list.
pub fn is_known_vulnerable(vendor: [u8; 4], firmware: (u32, u32)) -> bool {
    let (main, minor) = (firmware.0 >> 16, firmware.0 & 0xffff);
    VULNERABLE_LINES.iter().any(|(id, line, fixed)| *id == vendor && *line == main && minor < *fixed)
}
