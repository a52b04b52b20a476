//! The machine: what the scenario does not say is drawn from the seed.

use oobe_catalog::WindowsBuild;
use oobe_wire::hwhash::{BuildVersion, Cpu, Disk, Display, HardwareRecord, Memory, Nic, Smbios};
use oobe_wire::rng::Stream;
use tpm_sim::manufacture::profile::Generation;

use crate::scenario::spec::{Chassis, DeviceSpec};

/// `DESKTOP-` and seven characters, as Windows names itself.
pub(super) fn computer_name(name: &str, seed: u64) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut stream = Stream::new(seed, &["computer-name", name]);
    let letter = || char::from(LETTERS[usize::try_from(stream.below(36)).unwrap_or(0)]);
    let tail: String = std::iter::repeat_with(letter).take(7).collect();
    format!("DESKTOP-{tail}")
}

/// The machine's inventory.
pub(super) fn hardware(name: &str, d: &DeviceSpec, seed: u64) -> HardwareRecord {
    let mut stream = Stream::new(seed, &["hardware", name]);
    let build: WindowsBuild = d.build.parse().expect("the scenario was checked");
    let part = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
    let version =
        BuildVersion { major: 10, minor: 0, build: part(build.branch), revision: part(build.revision) };
    let mut mac = |medium| {
        let mut mac: [u8; 6] = stream.bytes();
        mac[0] = 0x02; // locally administered: no maker owns it
        Nic { medium, mac }
    };
    let nics = vec![mac(14), mac(9)];
    let notebook = d.chassis == Chassis::Notebook;
    HardwareRecord {
        tool_build: version,
        os_build: version,
        os_type: 2,
        architecture: 9,
        tool_version: 8,
        cpu: Cpu {
            architecture: 9,
            packages: 1,
            cores: 4,
            threads: 8,
            hyperthreading: true,
            manufacturer: "SimulatedCpu".to_owned(),
            model: "Simulated CPU".to_owned(),
        },
        memory: Memory { total_gb: 16, max_gb: 64, slots: 2, arrays: 1, ecc: 3 },
        disks: vec![Disk {
            capacity_gb: 512,
            bus: 17,
            rotational: false,
            serial: format!("SIM{}", oobe_wire::encoding::hex_upper(&stream.bytes::<6>())),
        }],
        nics,
        displays: vec![Display { width_cm: 31, height_cm: 17, horizontal: 1920, vertical: 1080 }],
        chassis: if notebook { 10 } else { 3 },
        power_role: if notebook { 2 } else { 1 },
        offline_device_id: None,
        smbios_uuid: stream.guid(),
        tpm_version: match d.tpm.profile() {
            Some(profile) if profile.generation != Generation::None => profile.version_text(),
            _ => String::new(),
        },
        smbios: Smbios {
            system_serial_number: d.serial.clone(),
            system_manufacturer: d.manufacturer.clone(),
            product_name: d.model.clone(),
            firmware_vendor: d.manufacturer.clone(),
            family: d.model.clone(),
            ..Smbios::default()
        },
        tpm_ek_pub: None,
    }
}
