//! The measured boot of a PC with Windows: what firmware, boot manager and loader log, from a description of the device.
//!
//! *Model*: which events there are and how their data is built is public (TCG PC Client Platform Firmware Profile 1.05,
//! and `wbcl.h` of the Windows SDK for what Windows writes); the digests of code and tables are invented, and change with
//! what they stand for.

use super::event_log::{Event, EventLog, EventType, LoggedDigest, SpecId};
use crate::Tpm;
use crate::crypto::hash::HashAlg;

/// What the platform is like when it boots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootDescription {
    /// Version of the platform's firmware.
    pub firmware_version: String,
    /// Whether secure boot is on.
    pub secure_boot: bool,
    /// Version of Windows' boot manager and loader.
    pub boot_loader_version: String,
    /// Whether the kernel waits for a debugger.
    pub kernel_debugging: bool,
    /// Whether Windows takes drivers with test signatures.
    pub test_signing: bool,
    /// Starts of the platform so far (SIPAEVENT_BOOTCOUNTER).
    pub boot_count: u64,
    /// The device: its serial number, or whatever else tells it from another.
    pub device: Vec<u8>,
}

impl Default for BootDescription {
    fn default() -> Self {
        Self {
            firmware_version: "1.20.0".into(),
            secure_boot: true,
            boot_loader_version: "10.0.26100.1".into(),
            kernel_debugging: false,
            test_signing: false,
            boot_count: 1,
            device: Vec::new(),
        }
    }
}

/// Events of Windows (SIPAEVENT_… in `wbcl.h`).
mod sipa {
    pub(super) const TRUST_BOUNDARY: u32 = 0x4001_0001;
    pub(super) const LOADED_MODULE_AGGREGATION: u32 = 0x4001_0003;
    pub(super) const INFORMATION: u32 = 0x0002_0001;
    pub(super) const BOOT_COUNTER: u32 = 0x0002_0002;
    pub(super) const TRANSFER_CONTROL: u32 = 0x0002_0003;
    pub(super) const BITLOCKER_UNLOCK: u32 = 0x0002_0005;
    pub(super) const BOOT_DEBUGGING: u32 = 0x0004_0001;
    pub(super) const BOOT_REVOCATION_LIST: u32 = 0x0004_0002;
    pub(super) const KERNEL_DEBUG: u32 = 0x0005_0001;
    pub(super) const CODE_INTEGRITY: u32 = 0x0005_0002;
    pub(super) const TEST_SIGNING: u32 = 0x0005_0003;
    pub(super) const DATA_EXECUTION_PREVENTION: u32 = 0x0005_0004;
    pub(super) const SAFE_MODE: u32 = 0x0005_0005;
    pub(super) const WINPE: u32 = 0x0005_0006;
    pub(super) const FILE_PATH: u32 = 0x0007_0001;
    pub(super) const IMAGE_SIZE: u32 = 0x0007_0002;
    pub(super) const HASH_ALGORITHM_ID: u32 = 0x0007_0003;
    pub(super) const AUTHENTICODE_HASH: u32 = 0x0007_0004;
    pub(super) const AUTHORITY_ISSUER: u32 = 0x0007_0005;
    pub(super) const IMAGE_VALIDATED: u32 = 0x0007_000a;
}

/// GUID of the variables SecureBoot, PK and KEK: EFI_GLOBAL_VARIABLE, 8be4df61-93ca-11d2-aa0d-00e098032b8c.
const GLOBAL_VARIABLE: [u8; 16] =
    [0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c];
/// GUID of db and dbx: EFI_IMAGE_SECURITY_DATABASE, d719b2cb-3d3a-4596-a3bc-dad00e67656f.
const IMAGE_SECURITY_DATABASE: [u8; 16] =
    [0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45, 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f];

/// The log of one boot, with a digest for each of the banks. The same arguments give the same log.
pub fn measure(description: &BootDescription, banks: &[HashAlg]) -> EventLog {
    let mut boot = Boot { banks, events: Vec::new(), device: &description.device };
    boot.firmware(description);
    boot.boot_manager(description);
    boot.windows(description);
    EventLog { header: Some(SpecId::client(banks)), events: boot.events }
}

impl Tpm {
    /// Switches the platform on: power, TPM2_Startup(CLEAR), and all that firmware and boot loaders measure, into every bank
    /// that the TPM has. Gives the log that they leave; `None` when the TPM refuses to start or to be extended (failure
    /// mode, TPM 1.2).
    pub fn boot(&mut self, description: &BootDescription) -> Option<EventLog> {
        const STARTUP_CLEAR: [u8; 12] = [0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44, 0, 0];
        self.power_on();
        if self.execute(&STARTUP_CLEAR).get(6..10) != Some(&[0; 4]) {
            return None;
        }
        // What waited for a reset is in force now.
        let banks: Vec<HashAlg> =
            self.state.pcr.allocation().iter().filter(|bank| bank.pcrs != 0).map(|bank| bank.hash).collect();
        let log = measure(description, &banks);
        let extended =
            log.extend_commands().all(|command| self.execute(&command).get(6..10) == Some(&[0; 4]));
        extended.then_some(log)
    }
}

struct Boot<'a> {
    banks: &'a [HashAlg],
    events: Vec<Event>,
    device: &'a [u8],
}

impl Boot<'_> {
    /// An event whose digest is that of `measured`.
    fn measured(&mut self, pcr: u32, kind: EventType, measured: &[u8], data: Vec<u8>) {
        let digests = self
            .banks
            .iter()
            .map(|hash| LoggedDigest { alg: hash.alg() as u16, value: hash.digest(&[measured]) })
            .collect();
        self.events.push(Event { pcr, kind, digests, data });
    }

    /// An event whose digest is that of its data.
    fn plain(&mut self, pcr: u32, kind: EventType, data: Vec<u8>) {
        let measured = data.clone();
        self.measured(pcr, kind, &measured, data);
    }

    /// Bytes that stand for something of this device.
    fn of_device(&self, what: &str, size: usize) -> Vec<u8> {
        stand_in(&[self.device, what.as_bytes()], size)
    }

    /// Firmware: registers 0 to 7 up to the separators (profile, 3.3.4).
    fn firmware(&mut self, description: &BootDescription) {
        let version = &description.firmware_version;
        self.plain(0, EventType::S_CRTM_VERSION, utf16(version, true));
        for (volume, base) in [("PEI", 0xff00_0000_u64), ("DXE", 0xff40_0000)] {
            let length = 0x40_0000_u64;
            let code = stand_in(&[b"firmware volume", volume.as_bytes(), version.as_bytes()], 64);
            let data = [base.to_le_bytes(), length.to_le_bytes()].concat();
            self.measured(0, EventType::EFI_PLATFORM_FIRMWARE_BLOB, &code, data);
        }
        self.variable(
            EventType::EFI_VARIABLE_DRIVER_CONFIG,
            7,
            GLOBAL_VARIABLE,
            "SecureBoot",
            &[u8::from(description.secure_boot)],
        );
        // Keys are enrolled whether secure boot is on or not.
        let keys = [
            (GLOBAL_VARIABLE, "PK", 0x3d0),
            (GLOBAL_VARIABLE, "KEK", 0x618),
            (IMAGE_SECURITY_DATABASE, "db", 0xc3b),
            (IMAGE_SECURITY_DATABASE, "dbx", 0x94c),
        ];
        for (guid, name, size) in keys {
            let list = stand_in(&[b"signature list", name.as_bytes()], size);
            self.variable(EventType::EFI_VARIABLE_DRIVER_CONFIG, 7, guid, name, &list);
        }
        let smbios = self.of_device("SMBIOS", 96);
        let guid = self.of_device("SMBIOS3 table", 16);
        let handoff = [&1_u64.to_le_bytes()[..], &guid, &0x7a00_0000_u64.to_le_bytes()].concat();
        self.measured(1, EventType::EFI_HANDOFF_TABLES, &smbios, handoff);
        self.variable(EventType::EFI_VARIABLE_BOOT, 1, GLOBAL_VARIABLE, "BootOrder", &[0, 0]);
        let option = [
            &1_u32.to_le_bytes()[..],
            &98_u16.to_le_bytes(),
            &utf16("Windows Boot Manager", true),
            &self.of_device("boot partition", 98),
        ]
        .concat();
        self.variable(EventType::EFI_VARIABLE_BOOT, 1, GLOBAL_VARIABLE, "Boot0000", &option);
        self.plain(4, EventType::EFI_ACTION, b"Calling EFI Application from Boot Option".to_vec());
        for pcr in 0..=7 {
            self.plain(pcr, EventType::SEPARATOR, vec![0; 4]);
        }
    }

    /// The boot manager's image, its authority and the partition table.
    fn boot_manager(&mut self, description: &BootDescription) {
        let table = [b"EFI PART\0\0\x01\0".to_vec(), self.of_device("partition table", 80)].concat();
        let entries = self.of_device("partitions", 3 * 128);
        let gpt = [&table[..], &3_u64.to_le_bytes(), &entries].concat();
        self.plain(5, EventType::EFI_GPT_EVENT, gpt);
        if description.secure_boot {
            let certificate = stand_in(&[b"Windows Production PCA"], 0x5f0);
            self.variable(EventType::EFI_VARIABLE_AUTHORITY, 7, IMAGE_SECURITY_DATABASE, "db", &certificate);
        }
        let code = stand_in(&[b"bootmgfw.efi", description.boot_loader_version.as_bytes()], 64);
        let path = utf16("\\EFI\\Microsoft\\Boot\\bootmgfw.efi", true);
        let load = [0x7800_0000_u64, 0x1b_0000, 0x1000_0000, path.len() as u64]
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .chain(path.iter().copied())
            .collect();
        self.measured(4, EventType::EFI_BOOT_SERVICES_APPLICATION, &code, load);
    }

    /// What Windows' boot manager and loader log, in registers 11 to 14, and the end of boot services.
    fn windows(&mut self, description: &BootDescription) {
        let flag = |id, on: bool| tagged(id, &[u8::from(on)]);
        let information = [
            tagged(sipa::INFORMATION, &utf16("Windows Boot Manager", true)),
            tagged(sipa::BOOT_COUNTER, &description.boot_count.to_le_bytes()),
            flag(sipa::BOOT_DEBUGGING, false),
            tagged(sipa::BOOT_REVOCATION_LIST, &stand_in(&[b"boot revocation list"], 32)),
        ];
        self.tag(12, &information);
        self.tag(11, &[tagged(sipa::BITLOCKER_UNLOCK, &0_u32.to_le_bytes())]);
        let parameters = [
            flag(sipa::KERNEL_DEBUG, description.kernel_debugging),
            flag(sipa::CODE_INTEGRITY, true),
            flag(sipa::TEST_SIGNING, description.test_signing),
            tagged(sipa::DATA_EXECUTION_PREVENTION, &0_u64.to_le_bytes()),
            flag(sipa::SAFE_MODE, false),
            flag(sipa::WINPE, false),
        ];
        self.tag(12, &parameters);
        for module in ["winload.efi", "ntoskrnl.exe", "hal.dll", "ci.dll"] {
            let hash = stand_in(&[module.as_bytes(), description.boot_loader_version.as_bytes()], 32);
            let parts = [
                tagged(sipa::FILE_PATH, &utf16(&format!("\\Windows\\system32\\{module}"), true)),
                tagged(sipa::IMAGE_SIZE, &0x20_0000_u64.to_le_bytes()),
                tagged(sipa::HASH_ALGORITHM_ID, &0x800c_u32.to_le_bytes()), // CALG_SHA_256
                tagged(sipa::AUTHENTICODE_HASH, &hash),
                flag(sipa::IMAGE_VALIDATED, true),
            ];
            self.tag(13, &[tagged(sipa::LOADED_MODULE_AGGREGATION, &parts.concat())]);
        }
        let authority = "Microsoft Windows Production PCA 2011";
        self.tag(14, &[tagged(sipa::AUTHORITY_ISSUER, &utf16(authority, true))]);
        self.tag(12, &[tagged(sipa::TRANSFER_CONTROL, &1_u32.to_le_bytes())]);
        self.plain(5, EventType::EFI_ACTION, b"Exit Boot Services Invocation".to_vec());
        self.plain(5, EventType::EFI_ACTION, b"Exit Boot Services Returned with Success".to_vec());
    }

    /// UEFI_VARIABLE_DATA.
    fn variable(&mut self, kind: EventType, pcr: u32, guid: [u8; 16], name: &str, value: &[u8]) {
        let mut data = guid.to_vec();
        data.extend_from_slice(&(name.len() as u64).to_le_bytes());
        data.extend_from_slice(&(value.len() as u64).to_le_bytes());
        data.extend_from_slice(&utf16(name, false));
        data.extend_from_slice(value);
        self.plain(pcr, kind, data);
    }

    /// A tagged event of Windows: a trust boundary around its parts.
    fn tag(&mut self, pcr: u32, parts: &[Vec<u8>]) {
        self.plain(pcr, EventType::EVENT_TAG, tagged(sipa::TRUST_BOUNDARY, &parts.concat()));
    }
}

/// A tagged event (TCG_PCClientTaggedEvent): identifier, size, data.
fn tagged(id: u32, data: &[u8]) -> Vec<u8> {
    let size = u32::try_from(data.len()).expect("events are small");
    [&id.to_le_bytes()[..], &size.to_le_bytes(), data].concat()
}

/// UTF-16, little-endian.
fn utf16(text: &str, terminated: bool) -> Vec<u8> {
    text.encode_utf16().chain(terminated.then_some(0)).flat_map(u16::to_le_bytes).collect()
}

/// Bytes in the place of something that is not there: the same for the same names.
fn stand_in(parts: &[&[u8]], size: usize) -> Vec<u8> {
    let mut named = Vec::new();
    for part in parts {
        named.extend_from_slice(&(part.len() as u64).to_le_bytes());
        named.extend_from_slice(part);
    }
    let blocks =
        (0_u32..).map(|block| HashAlg::Sha256.digest(&[b"tpm-sim stand-in", &block.to_be_bytes(), &named]));
    let mut bytes: Vec<u8> = blocks.take(size.div_ceil(32)).flatten().collect();
    bytes.truncate(size);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const BANKS: [HashAlg; 3] = [HashAlg::Sha1, HashAlg::Sha256, HashAlg::Sha384];

    fn changed(description: &BootDescription) -> Vec<usize> {
        let (plain, other) = (measure(&BootDescription::default(), &BANKS), measure(description, &BANKS));
        let (plain, other) = (plain.replay(HashAlg::Sha256), other.replay(HashAlg::Sha256));
        (0..24).filter(|pcr| plain[*pcr] != other[*pcr]).collect()
    }

    #[test]
    fn each_description_changes_its_registers_and_no_others() {
        let usual = BootDescription::default;
        assert_eq!(changed(&usual()), [0; 0]);
        assert_eq!(changed(&BootDescription { secure_boot: false, ..usual() }), [7]);
        assert_eq!(changed(&BootDescription { firmware_version: "1.21.0".into(), ..usual() }), [0]);
        assert_eq!(
            changed(&BootDescription { boot_loader_version: "10.0.26200.1".into(), ..usual() }),
            [4, 13]
        );
        assert_eq!(changed(&BootDescription { kernel_debugging: true, ..usual() }), [12]);
        assert_eq!(changed(&BootDescription { test_signing: true, ..usual() }), [12]);
        assert_eq!(changed(&BootDescription { device: b"another".to_vec(), ..usual() }), [1, 5]);
    }

    #[test]
    fn registers_after_a_boot_are_what_the_log_replays_to() {
        let mut tpm = crate::manufacture::new_tpm(Some("amd-ftpm"), None).unwrap();
        // A second boot gives the same registers: the first leaves nothing behind.
        for _ in 0..2 {
            let log = tpm.boot(&BootDescription::default()).unwrap();
            for hash in [HashAlg::Sha256, HashAlg::Sha384] {
                for (pcr, expected) in (0..).zip(log.replay(hash)) {
                    assert_eq!(tpm.state.pcr.value(hash, pcr).unwrap(), expected, "{hash:?} {pcr}");
                }
            }
        }
        for troubled in ["tpm-1.2", "reduced-functionality"] {
            let mut tpm = crate::manufacture::new_tpm(Some(troubled), None).unwrap();
            assert_eq!(tpm.boot(&BootDescription::default()), None);
        }
    }

    #[test]
    fn log_is_read_back_whole_and_every_bank_has_its_digests() {
        let log = measure(&BootDescription::default(), &BANKS);
        let bytes = log.to_bytes();
        let read = EventLog::read(&bytes).unwrap();
        assert_eq!(read.consumed, bytes.len());
        assert_eq!(read.log, log);
        for event in &log.events {
            assert!(event.kind.name().is_some());
            for hash in BANKS {
                assert_eq!(event.digest(hash).unwrap().len(), hash.size());
            }
        }
        assert!(bytes.len() < 24 * 1024, "{} bytes", bytes.len());
    }
}
