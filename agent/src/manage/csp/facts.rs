//! What the device says about itself when a server asks (reference: protocols, C.1, D.7): computed when it is read.

use oobe_wire::hwhash;
use oobe_wire::time::Utc;

use super::uri::{LocUri, Scope};
use crate::setup::DeviceSetup;

/// Where the facts come from.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The machine and its image.
    pub setup: &'a DeviceSetup,
    /// MDM DeviceID, which is also the SyncML Source.
    pub device_id: &'a str,
    /// Computer name.
    pub device_name: &'a str,
    /// The device's own clock.
    pub utc: Utc,
}

impl Facts<'_> {
    /// The value of a computed leaf; `None` when what stands in the tree counts.
    pub fn read(&self, uri: &LocUri) -> Option<String> {
        if uri.scope != Scope::Device {
            return None;
        }
        let record = &self.setup.hardware.record;
        let smbios = &record.smbios;
        let text = match uri.path()[..] {
            ["DevInfo", "DevId"] => self.device_id.to_owned(),
            ["DevInfo", "Man"] | ["DevDetail", "OEM"] => smbios.system_manufacturer.clone(),
            ["DevInfo", "Mod"] | ["DevDetail", "DevTyp"] => smbios.product_name.clone(),
            // The version of the management client (reference: protocols, C.1).
            ["DevInfo", "DmV"] => "1.3".to_owned(),
            ["DevInfo", "Lang"] => self.setup.image.language.clone(),
            ["DevDetail", "FwV"] => smbios.firmware_vendor.clone(),
            ["DevDetail", "SwV"] => self.setup.image.build.dotted(),
            ["DevDetail", "HwV"] => smbios.system_version.clone(),
            ["DevDetail", "Ext", "DeviceHardwareData"] => self.hardware_hash(),
            ["DevDetail", "Ext", "Microsoft", leaf] => self.extended(leaf)?,
            ["Vendor", "MSFT", "DMClient", "HWDevID"] => self.hardware_id(),
            _ => return None,
        };
        Some(text)
    }

    fn extended(&self, leaf: &str) -> Option<String> {
        let record = &self.setup.hardware.record;
        Some(match leaf {
            "DeviceName" | "DNSComputerName" => self.device_name.to_owned(),
            "OSPlatform" => self.setup.image.build.product(),
            "ProcessorArchitecture" => record.architecture.to_string(),
            "LocalTime" => self.utc.to_rfc3339(),
            "TotalRAM" => record.memory.total_gb.saturating_mul(1_024).to_string(),
            "SMBIOSSerialNumber" => record.smbios.system_serial_number.clone(),
            _ => return None,
        })
    }

    /// The 4K hardware hash as text. A record that does not fit the format gives an empty leaf, as a firmware that
    /// answers nothing does.
    fn hardware_hash(&self) -> String {
        let hash = hwhash::encode(&self.setup.hardware.record, self.utc, 0);
        hash.map(|hash| hwhash::to_base64(&hash)).unwrap_or_default()
    }

    /// 64 hex characters that stay the same as long as the machine does (reference: protocols, B.5; the derivation is
    /// not public: SHA-256 over the SMBIOS UUID and serial number).
    fn hardware_id(&self) -> String {
        let record = &self.setup.hardware.record;
        let of = format!("{}{}", record.smbios_uuid, record.smbios.system_serial_number);
        oobe_wire::encoding::hex_upper(&oobe_wire::crypto::sha256(of.as_bytes()))
    }
}
