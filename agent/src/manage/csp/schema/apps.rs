//! Applications and policies (reference: protocols, D.4, D.6).

use super::{Csp, Def, Format, G, GAD, GARD, GR, Halves, May, X};

pub(super) const CSPS: &[Csp] = &[
    Csp { root: "Vendor/MSFT/EnterpriseDesktopAppManagement", halves: Halves::Both, nodes: DESKTOP },
    Csp { root: "Vendor/MSFT/EnterpriseModernAppManagement", halves: Halves::Both, nodes: MODERN },
    Csp { root: "Vendor/MSFT/Policy", halves: Halves::Both, nodes: POLICY },
];

const DESKTOP: &[Def] = &[
    Def::node("", G),
    Def::node("MSI", G),
    Def::node("MSI/UpgradeCode", G),
    Def::leaf("MSI/UpgradeCode/*", Format::Chr, GARD),
    Def::node("MSI/*", GAD),
    Def::leaf("MSI/*/DownloadInstall", Format::Xml, X.and(GAD)),
    Def::leaf("MSI/*/Status", Format::Int, G),
    Def::leaf("MSI/*/LastError", Format::Chr, G),
    Def::leaf("MSI/*/LastErrorDesc", Format::Chr, G),
    Def::leaf("MSI/*/Version", Format::Chr, G),
    Def::leaf("MSI/*/Name", Format::Chr, G),
    Def::leaf("MSI/*/Publisher", Format::Chr, G),
    Def::leaf("MSI/*/InstallPath", Format::Chr, G),
    Def::leaf("MSI/*/InstallDate", Format::Chr, G),
];

const MODERN: &[Def] = &[
    Def::node("", G),
    Def::node("AppInstallation", G),
    Def::node("AppInstallation/*", GAD),
    Def::leaf("AppInstallation/*/StoreInstall", Format::Xml, X.and(GAD)),
    Def::leaf("AppInstallation/*/HostedInstall", Format::Xml, X.and(GAD)),
    Def::leaf("AppInstallation/*/Status", Format::Int, G),
    Def::leaf("AppInstallation/*/ProgressStatus", Format::Int, G),
    Def::leaf("AppInstallation/*/LastError", Format::Int, G),
    Def::leaf("AppInstallation/*/LastErrorDesc", Format::Chr, G),
    Def::node("AppManagement", G),
    Def::node("AppManagement/AppStore", G),
    Def::leaf("AppManagement/AppStore/**", Format::Chr, G.and(May::DELETE)),
    Def::node("AppManagement/nonStore", G),
    Def::leaf("AppManagement/nonStore/**", Format::Chr, G.and(May::DELETE)),
    Def::node("AppManagement/System", G),
    Def::leaf("AppManagement/System/**", Format::Chr, G),
    Def::node("AppLicenses", G),
    Def::leaf("AppLicenses/**", Format::Chr, GARD),
];

const POLICY: &[Def] = &[
    Def::node("", G),
    Def::node("Config", G),
    Def::node("Config/*", GAD),
    Def::leaf("Config/*/*", Format::Chr, GARD),
    Def::node("Result", G),
    Def::node("Result/*", G),
    Def::leaf("Result/*/*", Format::Chr, G),
    Def::node("ConfigOperations", G),
    Def::node("ConfigOperations/ADMXInstall", G),
    Def::node("ConfigOperations/ADMXInstall/*", GAD),
    Def::node("ConfigOperations/ADMXInstall/*/*", GAD),
    Def::leaf("ConfigOperations/ADMXInstall/*/*/*", Format::Chr, GR.and(May::DELETE)),
];
