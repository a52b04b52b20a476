//! Certificates (reference: protocols, B.6, D.5).

use super::{Csp, Def, Format, G, GAD, GARD, Halves, May, X};

pub(super) const CSPS: &[Csp] = &[
    Csp { root: "Vendor/MSFT/RootCATrustedCertificates", halves: Halves::Both, nodes: ROOTS },
    Csp { root: "Vendor/MSFT/ClientCertificateInstall", halves: Halves::Both, nodes: INSTALL },
    Csp { root: "Vendor/MSFT/CertificateStore", halves: Halves::Both, nodes: STORE },
];

const ROOTS: &[Def] = &[
    Def::node("", G),
    Def::node("*", G),
    Def::node("*/*", GAD),
    Def::leaf("*/*/EncodedCertificate", Format::B64, GARD),
    Def::leaf("*/*/IssuedBy", Format::Chr, G),
    Def::leaf("*/*/IssuedTo", Format::Chr, G),
    Def::leaf("*/*/ValidFrom", Format::Chr, G),
    Def::leaf("*/*/ValidTo", Format::Chr, G),
];

const WRITE_ONLY: May = May::ADD.and(May::REPLACE).and(May::IMPLICIT).and(May::DELETE).and(May::SECRET);

const INSTALL: &[Def] = &[
    Def::node("", G),
    Def::node("PFXCertInstall", G),
    Def::node("PFXCertInstall/*", GAD),
    Def::leaf("PFXCertInstall/*/KeyLocation", Format::Int, GARD),
    Def::leaf("PFXCertInstall/*/ContainerName", Format::Chr, GARD),
    Def::leaf("PFXCertInstall/*/PFXCertBlob", Format::Chr, WRITE_ONLY),
    Def::leaf("PFXCertInstall/*/PFXCertPassword", Format::Chr, WRITE_ONLY),
    Def::leaf("PFXCertInstall/*/PFXCertPasswordEncryptionType", Format::Int, GARD),
    Def::leaf("PFXCertInstall/*/PFXCertPasswordEncryptionStore", Format::Chr, GARD),
    Def::leaf("PFXCertInstall/*/PFXKeyExportable", Format::Bool, GARD),
    Def::leaf("PFXCertInstall/*/Thumbprint", Format::Chr, G),
    Def::leaf("PFXCertInstall/*/Status", Format::Int, G),
    Def::node("SCEP", G),
    Def::node("SCEP/*", GAD),
    Def::leaf("SCEP/*/CertThumbprint", Format::Chr, G),
    Def::leaf("SCEP/*/Status", Format::Int, G),
    Def::leaf("SCEP/*/ErrorCode", Format::Int, G),
    Def::leaf("SCEP/*/RespondentServerUrl", Format::Chr, G),
    Def::node("SCEP/*/Install", GAD),
    Def::leaf("SCEP/*/Install/Enroll", Format::Null, X),
    Def::leaf("SCEP/*/Install/Challenge", Format::Chr, WRITE_ONLY),
    Def::leaf("SCEP/*/Install/*", Format::Chr, GARD),
];

const STORE: &[Def] = &[
    Def::node("", G),
    Def::node("*", G),
    Def::node("*/*", G),
    Def::leaf("My/WSTEP/Renew/Status", Format::Int, G).holds("0"),
    Def::leaf("My/WSTEP/Renew/ErrorCode", Format::Int, G).holds("0"),
    Def::leaf("My/WSTEP/Renew/ROBOSupport", Format::Bool, GARD),
    Def::leaf("My/WSTEP/Renew/RenewPeriod", Format::Int, GARD),
    Def::leaf("My/WSTEP/Renew/RetryInterval", Format::Int, GARD),
    Def::leaf("My/WSTEP/CertThumbprint", Format::Chr, G),
    Def::node("*/*/*", GAD),
    Def::leaf("*/*/*/EncodedCertificate", Format::B64, GARD),
    Def::leaf("*/*/*/IssuedBy", Format::Chr, G),
    Def::leaf("*/*/*/IssuedTo", Format::Chr, G),
    Def::leaf("*/*/*/ValidFrom", Format::Chr, G),
    Def::leaf("*/*/*/ValidTo", Format::Chr, G),
];
