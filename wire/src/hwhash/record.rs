//! What a hardware hash says about a device.

use serde::{Deserialize, Serialize};

use crate::ids::Guid;

/// A device's inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HardwareRecord {
    /// Build of the tool that made the hash.
    pub tool_build: BuildVersion,
    /// Build of Windows.
    pub os_build: BuildVersion,
    /// 2 for a full Windows.
    pub os_type: u8,
    /// Processor architecture: 0 x86, 9 x64, 12 ARM64.
    pub architecture: u8,
    /// Version of the format: 5 and 8 were seen.
    pub tool_version: u8,
    /// The processor.
    pub cpu: Cpu,
    /// The memory.
    pub memory: Memory,
    /// The disks.
    pub disks: Vec<Disk>,
    /// The network adapters.
    pub nics: Vec<Nic>,
    /// The displays.
    pub displays: Vec<Display>,
    /// SMBIOS chassis type: 3 desktop, 10 notebook.
    pub chassis: u8,
    /// Power platform role: 1 desktop, 2 mobile, 8 slate.
    pub power_role: u8,
    /// Id that does not need the network.
    pub offline_device_id: Option<OfflineDeviceId>,
    /// UUID of SMBIOS.
    pub smbios_uuid: Guid,
    /// Free text: `TPM-Version:2.0 -Level:0-Revision:1.59-VendorID:'MSFT'-Firmware:...`; empty without a TPM.
    pub tpm_version: String,
    /// Strings of SMBIOS.
    pub smbios: Smbios,
    /// Public part of the TPM's endorsement key.
    pub tpm_ek_pub: Option<Vec<u8>>,
}

/// A four-part version.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct BuildVersion {
    /// 10.
    pub major: u16,
    /// 0.
    pub minor: u16,
    /// 26100.
    pub build: u16,
    /// 2033.
    pub revision: u16,
}

/// The processor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cpu {
    /// Architecture, as [`HardwareRecord::architecture`].
    pub architecture: u16,
    /// Sockets in use.
    pub packages: u16,
    /// Cores.
    pub cores: u16,
    /// Threads.
    pub threads: u16,
    /// Whether a core runs two threads.
    pub hyperthreading: bool,
    /// `GenuineIntel`, `AuthenticAMD`.
    pub manufacturer: String,
    /// Brand string.
    pub model: String,
}

/// The memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Installed, GB.
    pub total_gb: u64,
    /// Most that can be installed, GB.
    pub max_gb: u64,
    /// Slots.
    pub slots: u16,
    /// Arrays.
    pub arrays: u16,
    /// Error correction: 3 none, 4 parity, 5 single bit, 6 multiple bits, 7 CRC.
    pub ecc: u8,
}

/// A disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Disk {
    /// Capacity, GB.
    pub capacity_gb: u32,
    /// Bus: 11 SATA, 17 NVMe.
    pub bus: u8,
    /// Whether it turns.
    pub rotational: bool,
    /// Serial number.
    pub serial: String,
}

/// A network adapter.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Nic {
    /// Medium: 1 WLAN, 9 native 802.11, 10 Bluetooth, 14 Ethernet.
    pub medium: u32,
    /// MAC address.
    pub mac: [u8; 6],
}

/// A display.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Display {
    /// Width, cm.
    pub width_cm: u16,
    /// Height, cm.
    pub height_cm: u16,
    /// Pixels across.
    pub horizontal: u16,
    /// Pixels down.
    pub vertical: u16,
}

/// Where the offline device id comes from.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfflineIdKind {
    /// The TPM's endorsement key (1).
    #[default]
    TpmEk,
    /// A UEFI variable sealed by the TPM (2).
    UefiVariableTpm,
    /// Another number.
    Other(u16),
}

/// Id that does not need the network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OfflineDeviceId {
    /// Where it comes from.
    pub kind: OfflineIdKind,
    /// The id.
    pub id: Vec<u8>,
}

/// Strings of SMBIOS; empty ones are left out of the hash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Smbios {
    /// Type 14.
    pub system_serial_number: String,
    /// Type 15.
    pub firmware_vendor: String,
    /// Type 16.
    pub system_manufacturer: String,
    /// Type 17.
    pub product_name: String,
    /// Type 18.
    pub sku: String,
    /// Type 19.
    pub family: String,
    /// Type 20.
    pub firmware_vendor_2: String,
    /// Type 21.
    pub board_product: String,
    /// Type 22.
    pub board_version: String,
    /// Type 23.
    pub system_version: String,
}

impl Smbios {
    /// The strings in the order of their types, 14 to 23.
    pub(super) fn strings(&self) -> [&str; 10] {
        [
            &self.system_serial_number,
            &self.firmware_vendor,
            &self.system_manufacturer,
            &self.product_name,
            &self.sku,
            &self.family,
            &self.firmware_vendor_2,
            &self.board_product,
            &self.board_version,
            &self.system_version,
        ]
    }

    /// The same, to be filled in.
    pub(super) fn strings_mut(&mut self) -> [&mut String; 10] {
        [
            &mut self.system_serial_number,
            &mut self.firmware_vendor,
            &mut self.system_manufacturer,
            &mut self.product_name,
            &mut self.sku,
            &mut self.family,
            &mut self.firmware_vendor_2,
            &mut self.board_product,
            &mut self.board_version,
            &mut self.system_version,
        ]
    }
}

impl OfflineIdKind {
    pub(super) const fn number(self) -> u16 {
        match self {
            Self::TpmEk => 1,
            Self::UefiVariableTpm => 2,
            Self::Other(number) => number,
        }
    }

    pub(super) const fn from_number(number: u16) -> Self {
        match number {
            1 => Self::TpmEk,
            2 => Self::UefiVariableTpm,
            other => Self::Other(other),
        }
    }
}
