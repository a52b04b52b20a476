//! Writing hardware hashes.

use super::field::{
    CHASSIS, CPU, CPU_MANUFACTURER, CPU_MODEL, DISK, DISK_SERIAL, DISPLAY, EPOCH_2000, MAGIC, MEMORY, NIC,
    OFFLINE_DEVICE_ID, SMBIOS_FIRST, SMBIOS_UUID, TPM_EK_PUB, TPM_VERSION, TRAILER, TRAILER_MAGIC, VERSION,
};
use super::{BuildVersion, HardwareRecord, HashError, LENGTH};
use crate::crypto::sha256;
use crate::time::Utc;

/// Writes a hardware hash of [`super::LENGTH`] bytes. The time of generation is part of it, so no two hashes
/// of a device are the same. `quarter_hours` is the device's offset from UTC.
pub fn encode(record: &HardwareRecord, generated: Utc, quarter_hours: i8) -> Result<Vec<u8>, HashError> {
    // The order of the first five is the one seen in real hashes.
    let mut fields = Fields::default();
    fields.put(VERSION, &version_block(record, generated, quarter_hours));
    cpu_and_memory(&mut fields, record);
    devices(&mut fields, record);
    identity(&mut fields, record);
    fields.finish()
}

fn version_block(record: &HardwareRecord, generated: Utc, quarter_hours: i8) -> Vec<u8> {
    let build = |version: BuildVersion| {
        [version.minor, version.major, version.revision, version.build].map(u16::to_le_bytes).concat()
    };
    let seconds = (generated.unix_seconds() - EPOCH_2000).clamp(0, u32::MAX.into());
    let seconds = u32::try_from(seconds).unwrap_or_default().to_le_bytes();
    let rest = [quarter_hours.to_le_bytes()[0], record.os_type, record.architecture, record.tool_version];
    [build(record.tool_build), build(record.os_build), seconds.to_vec(), rest.to_vec()].concat()
}

fn cpu_and_memory(fields: &mut Fields, record: &HardwareRecord) {
    let cpu = &record.cpu;
    let counts = [cpu.architecture, cpu.packages, cpu.cores, cpu.threads].map(u16::to_le_bytes).concat();
    fields.put(CPU, &[counts.as_slice(), &[u8::from(cpu.hyperthreading), 0, 0, 0]].concat());
    let memory = &record.memory;
    let sizes = [memory.total_gb, memory.max_gb].map(u64::to_le_bytes).concat();
    let counts = [memory.slots, memory.arrays].map(u16::to_le_bytes).concat();
    fields.put(MEMORY, &[sizes.as_slice(), &counts, &[memory.ecc]].concat());
    fields.put_text(CPU_MANUFACTURER, &cpu.manufacturer);
    fields.put_text(CPU_MODEL, &cpu.model);
}

fn devices(fields: &mut Fields, record: &HardwareRecord) {
    for disk in &record.disks {
        let mut value = [0; 12];
        value[..4].copy_from_slice(&disk.capacity_gb.to_le_bytes());
        value[8] = disk.bus;
        value[10] = if disk.rotational { 0xff } else { 0 };
        fields.put(DISK, &value);
        // Even an empty one: serial numbers belong to disks by their order.
        fields.put(DISK_SERIAL, &c_string(&disk.serial));
    }
    for nic in &record.nics {
        fields.put(NIC, &[nic.medium.to_le_bytes().as_slice(), &nic.mac].concat());
    }
    for display in &record.displays {
        let sizes = [display.width_cm, display.height_cm, display.horizontal, display.vertical];
        fields.put(DISPLAY, &sizes.map(u16::to_le_bytes).concat());
    }
    fields.put(CHASSIS, &[record.chassis, record.power_role]);
}

fn identity(fields: &mut Fields, record: &HardwareRecord) {
    if let Some(offline) = &record.offline_device_id {
        let mut value = vec![0; 10];
        value[4..6].copy_from_slice(&offline.kind.number().to_le_bytes());
        value.extend_from_slice(&offline.id);
        fields.put(OFFLINE_DEVICE_ID, &value);
    }
    fields.put(SMBIOS_UUID, &record.smbios_uuid.to_le_bytes());
    fields.put_text(TPM_VERSION, &record.tpm_version);
    for (kind, text) in (SMBIOS_FIRST..).zip(record.smbios.strings()) {
        fields.put_text(kind, text);
    }
    if let Some(key) = &record.tpm_ek_pub {
        fields.put(TPM_EK_PUB, key);
    }
}

fn c_string(text: &str) -> Vec<u8> {
    text.bytes().filter(|byte| *byte != 0).chain([0]).collect()
}

/// Fields as they are put together.
#[derive(Default)]
struct Fields(Vec<u8>);

impl Fields {
    /// Type, 0, length with these four bytes, value. A value that does not fit makes the whole too long as
    /// well.
    fn put(&mut self, kind: u8, value: &[u8]) {
        let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX).to_le_bytes();
        self.0.extend_from_slice(&[kind, 0, length[0], length[1]]);
        self.0.extend_from_slice(value);
    }

    fn put_text(&mut self, kind: u8, text: &str) {
        if !text.is_empty() {
            self.put(kind, &c_string(text));
        }
    }

    fn finish(self) -> Result<Vec<u8>, HashError> {
        let total = 4 + self.0.len();
        let length = u16::try_from(total).ok().filter(|_| total + TRAILER <= LENGTH);
        let length = length.ok_or(HashError::TooLong(total + TRAILER))?;
        let content = [MAGIC.as_slice(), &length.to_le_bytes(), &self.0].concat();
        let trailer = u16::try_from(TRAILER).unwrap_or_default().to_le_bytes();
        let mut hash = [content.as_slice(), TRAILER_MAGIC, &trailer, &sha256(&content)].concat();
        hash.resize(LENGTH, 0);
        Ok(hash)
    }
}

/// A hardware hash as text: 4000 characters.
pub fn to_base64(hash: &[u8]) -> String {
    crate::encoding::base64_encode(hash)
}
