//! Which registered device a piece of hardware is. How the service really matches is not public; this is a *model* of
//! what the documents say about it: a replaced disk or network adapter does not matter (REG-009), another board or
//! TPM makes another device (LIC-008), and the search goes over all tenants (REG-043).

use std::collections::BTreeSet;

use oobe_wire::hwhash::HardwareRecord;
use oobe_wire::ids::Guid;

use crate::directory::Registration;
use crate::state::State;

/// What the search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// This device. So many tenants registered one that can't be told from it: virtual machines may look alike (REG-043).
    Device { tenant: Guid, registration: Guid, tenants: usize },
    /// This device, but its serial number is another now.
    SerialNumberMismatch { tenant: Guid, registration: Guid },
    /// None.
    Nothing,
}

/// Looks hardware up among all registered devices.
pub(crate) fn look_up(state: &State, hardware: &HardwareRecord) -> Found {
    let all = || state.tenants.iter().flat_map(|t| t.registrations.iter().map(move |r| (t.id, r)));
    let same_machine: Vec<(Guid, &Registration)> =
        all().filter(|(_, r)| same_board(&r.hardware, hardware) && same_tpm(&r.hardware, hardware)).collect();
    let serial = |r: &Registration| {
        r.hardware
            .smbios
            .system_serial_number
            .trim()
            .eq_ignore_ascii_case(hardware.smbios.system_serial_number.trim())
    };
    let alike: Vec<&(Guid, &Registration)> = same_machine.iter().filter(|(_, r)| serial(r)).collect();
    if let Some((tenant, r)) = alike.first() {
        let tenants: BTreeSet<Guid> = alike.iter().map(|(tenant, _)| *tenant).collect();
        return Found::Device { tenant: *tenant, registration: r.id, tenants: tenants.len() };
    }
    match same_machine.first() {
        Some((tenant, r)) => Found::SerialNumberMismatch { tenant: *tenant, registration: r.id },
        None => Found::Nothing,
    }
}

/// The board: its UUID and who made it.
fn same_board(a: &HardwareRecord, b: &HardwareRecord) -> bool {
    let same = |a: &str, b: &str| a.trim().eq_ignore_ascii_case(b.trim());
    a.smbios_uuid == b.smbios_uuid
        && same(&a.smbios.system_manufacturer, &b.smbios.system_manufacturer)
        && same(&a.smbios.product_name, &b.smbios.product_name)
}

/// The TPM, as far as both tell of one.
fn same_tpm(a: &HardwareRecord, b: &HardwareRecord) -> bool {
    match (&a.tpm_ek_pub, &b.tpm_ek_pub) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}
