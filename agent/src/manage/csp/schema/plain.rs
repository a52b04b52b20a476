//! CSPs whose inside plays no part in provisioning: whatever is written is kept and read back, nothing more happens
//! (reference: protocols, D.7; MOD-012).

use super::{Csp, Def, Format, G, GARD, Halves, X};

const fn both(root: &'static str) -> Csp {
    Csp { root, halves: Halves::Both, nodes: ANYTHING }
}

const fn device(root: &'static str) -> Csp {
    Csp { root, halves: Halves::Device, nodes: ANYTHING }
}

const ANYTHING: &[Def] = &[Def::node("", G), Def::leaf("**", Format::Chr, GARD)];

const WIPE: &[Def] = &[
    Def::node("", G),
    Def::node("AutomaticRedeployment", G),
    Def::leaf("AutomaticRedeployment/doAutomaticRedeployment", Format::Chr, X),
    Def::leaf("AutomaticRedeployment/LastError", Format::Int, G).holds("0"),
    Def::leaf("AutomaticRedeployment/Status", Format::Int, G).holds("0"),
    Def::leaf("doWipe", Format::Chr, X),
    Def::leaf("doWipePersistProvisionedData", Format::Chr, X),
    Def::leaf("doWipePersistUserData", Format::Chr, X),
    Def::leaf("doWipeProtected", Format::Chr, X),
    Def::leaf("doWipeCloud", Format::Chr, X),
    Def::leaf("doWipeCloudPersistUserData", Format::Chr, X),
    Def::leaf("doWipeCloudPersistProvisionedData", Format::Chr, X),
];

const REBOOT: &[Def] = &[
    Def::node("", G),
    Def::leaf("RebootNow", Format::Null, X),
    Def::node("Schedule", G),
    Def::leaf("Schedule/**", Format::Chr, GARD),
];

pub(super) const CSPS: &[Csp] = &[
    Csp { root: "Vendor/MSFT/RemoteWipe", halves: Halves::Device, nodes: WIPE },
    Csp { root: "Vendor/MSFT/Reboot", halves: Halves::Device, nodes: REBOOT },
    both("Vendor/MSFT/NodeCache"),
    both("Vendor/MSFT/WiFi"),
    both("Vendor/MSFT/VPNv2"),
    both("Vendor/MSFT/PassportForWork"),
    both("Vendor/MSFT/AppLocker"),
    both("Vendor/MSFT/AssignedAccess"),
    both("Vendor/MSFT/EMAIL2"),
    both("Vendor/MSFT/Office"),
    both("Vendor/MSFT/WindowsLicensing"),
    both("Vendor/MSFT/DeclaredConfiguration"),
    both("Vendor/MSFT/DynamicManagement"),
    both("Vendor/MSFT/Win32AppInventory"),
    device("Vendor/MSFT/Accounts"),
    device("Vendor/MSFT/ActiveSync"),
    device("Vendor/MSFT/BitLocker"),
    device("Vendor/MSFT/Defender"),
    device("Vendor/MSFT/DeviceManageability"),
    device("Vendor/MSFT/DeviceStatus"),
    device("Vendor/MSFT/DiagnosticLog"),
    device("Vendor/MSFT/Firewall"),
    device("Vendor/MSFT/HealthAttestation"),
    device("Vendor/MSFT/LAPS"),
    device("Vendor/MSFT/NetworkProxy"),
    device("Vendor/MSFT/NetworkQoSPolicy"),
    device("Vendor/MSFT/OfflineDomainJoin"),
    device("Vendor/MSFT/Personalization"),
    device("Vendor/MSFT/SharedPC"),
    device("Vendor/MSFT/TenantLockdown"),
    device("Vendor/MSFT/TPMPolicy"),
    device("Vendor/MSFT/Uefi"),
    device("Vendor/MSFT/Update"),
    device("Vendor/MSFT/WindowsAdvancedThreatProtection"),
    device("Vendor/MSFT/WindowsAutopilot"),
    device("Vendor/MSFT/WindowsDefenderApplicationGuard"),
];
