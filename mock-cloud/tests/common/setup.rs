//! A tenant with everything in it.

use oobe_mock_cloud::setup::*;
use oobe_mock_cloud::{Cloud, CloudSetup};
use oobe_wire::bcrypt::encode_public;
use oobe_wire::crypto::KeyKind;
use oobe_wire::encoding::base64_encode;
use oobe_wire::hwhash::{HardwareRecord, Nic, Smbios, encode, to_base64};
use oobe_wire::ids::Guid;
use oobe_wire::secret::Secret;
use oobe_wire::time::Utc;

pub const EPOCH: Utc = Utc::from_unix_seconds(1_795_161_600);
pub const ALICE: &str = "alice@contoso.test";
pub const BOB: &str = "bob@contoso.test";
pub const EVE: &str = "eve@fabrikam.test";
pub const PASSWORD: &str = "Correct-Horse-1";

/// A machine by its number.
pub fn hardware(number: u8) -> HardwareRecord {
    HardwareRecord {
        smbios_uuid: Guid::from_bytes([number; 16]),
        smbios: Smbios {
            system_serial_number: format!("SN-{number:04}"),
            system_manufacturer: "Contoso Computers".into(),
            product_name: "Book 9".into(),
            ..Smbios::default()
        },
        nics: vec![Nic { medium: 14, mac: [2, 0, 0, 0, 0, number] }],
        tpm_ek_pub: Some(encode_public(super::tpm::endorsement_key(number).public())),
        ..HardwareRecord::default()
    }
}

pub fn hash(hardware: &HardwareRecord, at: Utc) -> String {
    to_base64(&encode(hardware, at, 0).unwrap())
}

pub fn user(upn: &str) -> UserSetup {
    UserSetup {
        upn: upn.into(),
        display_name: upn.split('@').next().unwrap().into(),
        password: Secret::new(PASSWORD.into()),
        ..UserSetup::default()
    }
}

/// Contoso with two users, device 1 registered, a policy, certificates, an MSI and two Win32 apps; and Fabrikam.
pub fn contoso() -> CloudSetup {
    let app = |name: &str, kind, scope| AppSetup { name: name.into(), kind, scope, ..AppSetup::default() };
    let certificate = |name: &str, scope, kind| CertificateSetup { name: name.into(), scope, kind };
    let policy = |scope, area: &str, name: &str, value: &str| PolicySetup {
        scope,
        area: area.into(),
        name: name.into(),
        value: value.into(),
        format: "int".into(),
    };
    let tenant = TenantSetup {
        users: vec![user(ALICE), user(BOB)],
        autopilot: AutopilotSetup {
            devices: vec![RegisteredDevice {
                hardware_hash: hash(&hardware(1), EPOCH.plus_days(-30)),
                ..RegisteredDevice::default()
            }],
            profiles: vec![ProfileSetup { name: "Offices".into(), ..ProfileSetup::default() }],
        },
        policies: vec![
            policy(Scope::Device, "DeviceLock", "MinDevicePasswordLength", "8"),
            policy(Scope::User, "Experience", "AllowCortana", "0"),
        ],
        certificates: vec![
            certificate("Contoso Root CA", Scope::Device, CertificateKind::TrustedRoot),
            certificate("Wi-Fi", Scope::Device, CertificateKind::Pfx),
            certificate("Mail", Scope::User, CertificateKind::Pfx),
        ],
        apps: vec![
            app("Viewer", AppKind::Msi, Scope::Device),
            app("Editor", AppKind::Win32, Scope::Device),
            app("Notes", AppKind::Win32, Scope::User),
        ],
        ..TenantSetup::default()
    };
    let fabrikam = TenantSetup {
        domain: "fabrikam.test".into(),
        name: "Fabrikam".into(),
        users: vec![user(EVE)],
        ..TenantSetup::default()
    };
    let vendor = VendorCa {
        name: "TEST ONLY vendor".into(),
        certificate: base64_encode(&super::tpm::vendor_ca("vendor").2),
        intermediates: Vec::new(),
    };
    let attestation = AttestationSetup { vendor_cas: vec![vendor], ..AttestationSetup::default() };
    CloudSetup { seed: 7, tenants: vec![tenant, fabrikam], attestation, ..CloudSetup::default() }
}

pub fn cloud() -> Cloud {
    Cloud::new(contoso()).unwrap()
}

pub fn cloud_with(change: impl FnOnce(&mut TenantSetup)) -> Cloud {
    let mut setup = contoso();
    change(&mut setup.tenants[0]);
    Cloud::new(setup).unwrap()
}

/// With device 2 registered as well.
pub fn two_devices() -> Cloud {
    cloud_with(|t| {
        let hardware_hash = hash(&hardware(2), EPOCH.plus_days(-30));
        t.autopilot.devices.push(RegisteredDevice { hardware_hash, ..RegisteredDevice::default() });
    })
}

pub fn rsa() -> Cloud {
    Cloud::new(CloudSetup { keys: KeyKind::Rsa2048, ..contoso() }).unwrap()
}
