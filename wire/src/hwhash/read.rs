//! Reading hardware hashes.

use super::field::{
    CHASSIS, CPU, CPU_MANUFACTURER, CPU_MODEL, DISK, DISK_SERIAL, DISPLAY, EPOCH_2000, MAGIC, MEMORY, NIC,
    OFFLINE_DEVICE_ID, SMBIOS_FIRST, SMBIOS_LAST, SMBIOS_UUID, TPM_EK_PUB, TPM_VERSION, TRAILER,
    TRAILER_MAGIC, VERSION,
};
use super::{
    BuildVersion, Cpu, Disk, Display, HardwareRecord, HashError, LENGTH, Memory, Nic, OfflineDeviceId,
    OfflineIdKind,
};
use crate::crypto::sha256;
use crate::ids::Guid;
use crate::time::Utc;

/// What a hardware hash says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The inventory.
    pub record: HardwareRecord,
    /// When it was made, whole seconds; `None` when the field is unset.
    pub generated: Option<Utc>,
    /// The device's offset from UTC, in quarter hours.
    pub quarter_hours: i8,
    /// What is not as it should be, though it can be read.
    pub warnings: Vec<Warning>,
    /// Fields that are not understood, type and value, in order.
    pub other: Vec<(u8, Vec<u8>)>,
}

/// What is not as it should be in a hardware hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// The SHA-256 is another: the content was changed.
    #[error("the SHA-256 does not match the content")]
    Checksum,
    /// There is no `CS` trailer of 36 bytes: the hash was cut off.
    #[error("the trailer is missing")]
    NoTrailer,
    /// Something follows that is not zero.
    #[error("the padding is not zero")]
    Padding,
    /// Not 3000 bytes.
    #[error("{0} bytes long instead of 3000")]
    Length(usize),
    /// A field is shorter than its type says.
    #[error("field of type {0} is too short")]
    ShortField(u8),
    /// A string without its NUL, or not UTF-8.
    #[error("field of type {0} is not a proper string")]
    BadString(u8),
    /// No version block (type 1).
    #[error("the version block is missing")]
    NoVersion,
}

/// Reads a hardware hash.
pub fn decode(hash: &[u8]) -> Result<Decoded, HashError> {
    let (magic, after) = hash.split_first_chunk::<2>().ok_or(HashError::Magic)?;
    if magic != MAGIC {
        return Err(HashError::Magic);
    }
    let total = after.first_chunk::<2>().map_or(0, |length| usize::from(u16::from_le_bytes(*length)));
    if total < 4 || total > hash.len() {
        return Err(HashError::TotalLength(total));
    }
    let (content, rest) = hash.split_at(total);
    let mut reader = FieldReader::default();
    if hash.len() != LENGTH {
        reader.warnings.push(Warning::Length(hash.len()));
    }
    let mut offset = 4;
    while let Some(&kind) = content.get(offset) {
        let length = content.get(offset + 2..offset + 4);
        let length = length.map_or(0, |l| usize::from(l[0]) | usize::from(l[1]) << 8);
        let value =
            content.get(offset + 4..offset + length).ok_or(HashError::FieldLength { kind, offset })?;
        reader.take(kind, value);
        offset += length;
    }
    check_trailer(content, rest, &mut reader.warnings);
    Ok(reader.finish())
}

/// Reads a hardware hash from text: white space, quotes and missing padding are accepted, and so is a missing
/// tail of `A`s, since some pipelines cut it off.
pub fn decode_base64(text: &str) -> Result<Decoded, HashError> {
    const CHARACTERS: usize = LENGTH / 3 * 4;
    // As the tool writes it: all of it and nothing else.
    if let Ok(hash) = crate::encoding::base64_decode(text)
        && hash.len() == LENGTH
    {
        return decode(&hash);
    }
    let noise = |c: &char| c.is_whitespace() || matches!(c, '"' | '\'' | '=');
    let mut text: String = text.chars().filter(|c| !noise(c)).collect();
    while text.len() < CHARACTERS {
        text.push('A');
    }
    decode(&crate::encoding::base64_decode(&text).map_err(|_| HashError::Base64)?)
}

fn check_trailer(content: &[u8], rest: &[u8], warnings: &mut Vec<Warning>) {
    let (trailer, padding) = rest.split_at(rest.len().min(TRAILER));
    match trailer.split_first_chunk::<4>() {
        Some(([b0, b1, 36, 0], digest)) if [*b0, *b1] == *TRAILER_MAGIC => {
            if digest != sha256(content) {
                warnings.push(Warning::Checksum);
            }
            if padding.iter().any(|byte| *byte != 0) {
                warnings.push(Warning::Padding);
            }
        }
        _ => warnings.push(Warning::NoTrailer),
    }
}

/// Puts a record together from fields.
#[derive(Default)]
struct FieldReader {
    record: HardwareRecord,
    generated: Option<Utc>,
    quarter_hours: i8,
    versions: usize,
    serials: Vec<String>,
    warnings: Vec<Warning>,
    other: Vec<(u8, Vec<u8>)>,
}

impl FieldReader {
    fn take(&mut self, kind: u8, value: &[u8]) {
        match kind {
            CPU_MANUFACTURER => self.record.cpu.manufacturer = self.text(kind, value),
            CPU_MODEL => self.record.cpu.model = self.text(kind, value),
            TPM_VERSION => self.record.tpm_version = self.text(kind, value),
            DISK_SERIAL => {
                let serial = self.text(kind, value);
                self.serials.push(serial);
            }
            SMBIOS_FIRST..=SMBIOS_LAST => {
                let text = self.text(kind, value);
                let strings = self.record.smbios.strings_mut();
                if let Some(string) = strings.into_iter().nth(usize::from(kind - SMBIOS_FIRST)) {
                    *string = text;
                }
            }
            TPM_EK_PUB => self.record.tpm_ek_pub = Some(value.to_vec()),
            VERSION | CPU | MEMORY | DISK | NIC | DISPLAY | CHASSIS | OFFLINE_DEVICE_ID | SMBIOS_UUID => {
                if self.fixed(kind, value).is_none() {
                    self.warnings.push(Warning::ShortField(kind));
                }
            }
            _ => self.other.push((kind, value.to_vec())),
        }
    }

    /// A field of fixed layout; `None` when it is too short.
    fn fixed(&mut self, kind: u8, value: &[u8]) -> Option<()> {
        let value = Value(value);
        match kind {
            VERSION => self.version(value)?,
            CPU => {
                let cpu = &mut self.record.cpu;
                *cpu = Cpu {
                    architecture: value.u16(0)?,
                    packages: value.u16(2)?,
                    cores: value.u16(4)?,
                    threads: value.u16(6)?,
                    hyperthreading: value.u8(8)? != 0,
                    manufacturer: std::mem::take(&mut cpu.manufacturer),
                    model: std::mem::take(&mut cpu.model),
                };
            }
            MEMORY => {
                self.record.memory = Memory {
                    total_gb: u64::from_le_bytes(value.array(0)?),
                    max_gb: u64::from_le_bytes(value.array(8)?),
                    slots: value.u16(16)?,
                    arrays: value.u16(18)?,
                    ecc: value.u8(20)?,
                };
            }
            DISK => self.record.disks.push(Disk {
                capacity_gb: u32::from_le_bytes(value.array(0)?),
                bus: value.u8(8)?,
                rotational: value.u8(10)? != 0,
                serial: String::new(),
            }),
            NIC => {
                self.record
                    .nics
                    .push(Nic { medium: u32::from_le_bytes(value.array(0)?), mac: value.array(4)? });
            }
            DISPLAY => self.record.displays.push(Display {
                width_cm: value.u16(0)?,
                height_cm: value.u16(2)?,
                horizontal: value.u16(4)?,
                vertical: value.u16(6)?,
            }),
            CHASSIS => (self.record.chassis, self.record.power_role) = (value.u8(0)?, value.u8(1)?),
            OFFLINE_DEVICE_ID => {
                let kind = OfflineIdKind::from_number(value.u16(4)?);
                self.record.offline_device_id =
                    Some(OfflineDeviceId { kind, id: value.0.get(10..)?.to_vec() });
            }
            _ => self.record.smbios_uuid = Guid::from_le_bytes(value.array(0)?),
        }
        Some(())
    }

    fn version(&mut self, value: Value<'_>) -> Option<()> {
        let build = |at: usize| {
            Some(BuildVersion {
                minor: value.u16(at)?,
                major: value.u16(at + 2)?,
                revision: value.u16(at + 4)?,
                build: value.u16(at + 6)?,
            })
        };
        self.record.tool_build = build(0)?;
        self.record.os_build = build(8)?;
        self.versions += 1;
        let seconds = u32::from_le_bytes(value.array(16)?);
        // Old versions of the tool left 0x78 there.
        self.generated = (seconds != 0 && seconds != 0x78)
            .then(|| Utc::from_unix_seconds(EPOCH_2000 + i64::from(seconds)));
        self.quarter_hours = i8::from_le_bytes(value.array(20)?);
        self.record.os_type = value.u8(21)?;
        self.record.architecture = value.u8(22)?;
        self.record.tool_version = value.u8(23)?;
        Some(())
    }

    fn text(&mut self, kind: u8, value: &[u8]) -> String {
        let end = value.iter().position(|byte| *byte == 0);
        let text = std::str::from_utf8(&value[..end.unwrap_or(value.len())]);
        if end.is_none_or(|end| end + 1 != value.len()) || text.is_err() {
            self.warnings.push(Warning::BadString(kind));
        }
        text.unwrap_or_default().to_owned()
    }

    fn finish(mut self) -> Decoded {
        if self.versions == 0 {
            self.warnings.push(Warning::NoVersion);
        }
        for (disk, serial) in self.record.disks.iter_mut().zip(self.serials) {
            disk.serial = serial;
        }
        Decoded {
            record: self.record,
            generated: self.generated,
            quarter_hours: self.quarter_hours,
            warnings: self.warnings,
            other: self.other,
        }
    }
}

/// A field's value, read at offsets.
#[derive(Copy, Clone)]
struct Value<'a>(&'a [u8]);

impl Value<'_> {
    fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..at + N)?.try_into().ok()
    }

    fn u8(self, at: usize) -> Option<u8> {
        self.0.get(at).copied()
    }

    fn u16(self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Smbios, encode, to_base64};
    use super::*;
    use proptest::prelude::*;

    fn record() -> HardwareRecord {
        HardwareRecord {
            tool_build: BuildVersion { major: 10, minor: 0, build: 26100, revision: 1 },
            os_build: BuildVersion { major: 10, minor: 0, build: 26100, revision: 2033 },
            os_type: 2,
            architecture: 9,
            tool_version: 8,
            cpu: Cpu {
                architecture: 9,
                packages: 1,
                cores: 8,
                threads: 16,
                hyperthreading: true,
                manufacturer: "GenuineIntel".into(),
                model: "Model CPU".into(),
            },
            memory: Memory { total_gb: 16, max_gb: 64, slots: 2, arrays: 1, ecc: 3 },
            disks: vec![
                Disk { capacity_gb: 512, bus: 17, rotational: false, serial: String::new() },
                Disk { capacity_gb: 2000, bus: 11, rotational: true, serial: "D2".into() },
            ],
            nics: vec![
                Nic { medium: 14, mac: [2, 0, 0, 0, 0, 1] },
                Nic { medium: 9, mac: [2, 0, 0, 0, 0, 2] },
            ],
            displays: vec![Display { width_cm: 31, height_cm: 17, horizontal: 1920, vertical: 1080 }],
            chassis: 10,
            power_role: 2,
            offline_device_id: Some(OfflineDeviceId { kind: OfflineIdKind::TpmEk, id: vec![7; 32] }),
            smbios_uuid: Guid::from_bytes([0x5a; 16]),
            tpm_version: "TPM-Version:2.0 -Level:0-Revision:1.59-VendorID:'MSFT'-Firmware:1.0".into(),
            smbios: Smbios {
                system_serial_number: "SN-1".into(),
                system_manufacturer: "Contoso".into(),
                system_version: "v1".into(),
                ..Smbios::default()
            },
            tpm_ek_pub: Some(vec![9; 300]),
        }
    }

    #[test]
    fn round_trips_through_text() {
        let at = Utc::parse_rfc3339("2026-11-20T08:00:00Z").unwrap();
        let text = to_base64(&encode(&record(), at, 4).unwrap());
        assert_eq!(text.len(), 4000);
        assert!(text.starts_with("T0") && text.ends_with("AAAA"), "{text}");
        assert_eq!(text[6..16], *"EAHAAAAAoA");
        let expected = Decoded {
            record: record(),
            generated: Some(at),
            quarter_hours: 4,
            warnings: vec![],
            other: vec![],
        };
        let mangled = format!(" \"{}\"\r\n", text.trim_end_matches('A'));
        assert_eq!(decode_base64(&text), Ok(expected.clone()));
        assert_eq!(decode_base64(&mangled), Ok(expected));
    }

    #[test]
    fn the_beginnings_of_hashes_in_public_documents() {
        for (text, total, tool, os, time, quarter_hours) in [
            (
                "T0FzAQEAHAAAAAoA6AOCOgEABgBgW7EdzorHH3g",
                371,
                (10, 0, 14978, 1000),
                (6, 1, 7601, 23392),
                None,
                0x78,
            ),
            (
                "T0FmBAEAHAAAAAoAHgZhSgAACgCSBmFKYGIyKgg",
                1126,
                (10, 0, 19041, 1566),
                (10, 0, 19041, 1682),
                Some("2022-06-07"),
                8,
            ),
            (
                "T0GDAgEAHAAAAAoADwCrPwAACgCRALpHq0gcJ3gC",
                643,
                (10, 0, 16299, 15),
                (10, 0, 18362, 145),
                None,
                0x78,
            ),
        ] {
            let mut bytes = crate::encoding::base64_decode(text).unwrap();
            assert_eq!(usize::from(u16::from_le_bytes([bytes[2], bytes[3]])), total);
            bytes.resize(32, 0);
            let mut reader = FieldReader::default();
            reader.take(VERSION, &bytes[8..]);
            let build = |v: BuildVersion| (v.major, v.minor, v.build, v.revision);
            assert_eq!((build(reader.record.tool_build), build(reader.record.os_build)), (tool, os));
            assert_eq!(reader.quarter_hours, quarter_hours);
            if let Some(day) = time {
                assert!(reader.generated.unwrap().to_rfc3339().starts_with(day));
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let hash = encode(&record(), Utc(0), 0).unwrap();
        let warnings = |hash: &[u8]| decode(hash).unwrap().warnings;
        let changed = |at: usize, value: u8| {
            let mut hash = hash.clone();
            hash[at] = value;
            hash
        };
        let total = usize::from(u16::from_le_bytes([hash[2], hash[3]]));
        assert_eq!(warnings(&changed(total - 1, 1)), [Warning::Checksum]);
        assert_eq!(warnings(&changed(total, 1)), [Warning::NoTrailer]);
        assert_eq!(warnings(&changed(2999, 1)), [Warning::Padding]);
        assert_eq!(warnings(&hash[..total]), [Warning::Length(total), Warning::NoTrailer]);
        assert_eq!(decode(&changed(0, 0)), Err(HashError::Magic));
        assert_eq!(decode(&changed(3, 0xff)), Err(HashError::TotalLength(0xff00 | total & 0xff)));
        assert_eq!(decode(&changed(6, 3)), Err(HashError::FieldLength { kind: 1, offset: 4 }));
        assert_eq!(decode_base64("T0F!"), Err(HashError::Base64));
        let large = HardwareRecord { tpm_ek_pub: Some(vec![0; 3000]), ..record() };
        assert!(matches!(encode(&large, Utc(0), 0), Err(HashError::TooLong(_))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes: Vec<u8>, text in ".{0,60}", at: prop::sample::Index, value: u8) {
            let _ = decode(&bytes);
            let _ = decode(&[b"OA".as_slice(), &bytes].concat());
            let _ = decode_base64(&text);
            let mut hash = encode(&record(), Utc(0), 0).unwrap();
            let at = at.index(hash.len());
            hash[at] = value;
            let _ = decode(&hash);
        }
    }
}
