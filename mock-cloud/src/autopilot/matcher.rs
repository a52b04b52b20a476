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
    /// This device.
    Device { tenant: Guid, registration: Guid },
    /// This device, but its serial number is another now.
    SerialNumberMismatch { tenant: Guid, registration: Guid },
    /// None.
    Nothing,
}

/// Looks hardware up among all registered devices.
pub(crate) fn look_up(state: &State, hardware: &HardwareRecord) -> Found {
    let same_machine = same_machine(state, hardware);
    let serial = |r: &Registration| {
        r.hardware
            .smbios
            .system_serial_number
            .trim()
            .eq_ignore_ascii_case(hardware.smbios.system_serial_number.trim())
    };
    if let Some((tenant, r)) = same_machine.iter().find(|(_, r)| serial(r)) {
        return Found::Device { tenant: *tenant, registration: r.id };
    }
    match same_machine.first() {
        Some((tenant, r)) => Found::SerialNumberMismatch { tenant: *tenant, registration: r.id },
        None => Found::Nothing,
    }
}

/// How many tenants registered hardware that can't be told from this: virtual machines may look alike (REG-043).
pub(crate) fn tenants_that_match(state: &State, hardware: &HardwareRecord) -> usize {
    let tenants: BTreeSet<Guid> =
        same_machine(state, hardware).into_iter().map(|(tenant, _)| tenant).collect();
    tenants.len()
}

fn same_machine<'a>(state: &'a State, hardware: &HardwareRecord) -> Vec<(Guid, &'a Registration)> {
    let all = state.tenants.iter().flat_map(|t| t.registrations.iter().map(move |r| (t.id, r)));
    all.filter(|(_, r)| same_board(&r.hardware, hardware) && same_tpm(&r.hardware, hardware)).collect()
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
