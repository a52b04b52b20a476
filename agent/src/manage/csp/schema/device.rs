//! What the device says about itself: DevInfo and DevDetail (reference: protocols, C.1 and D.7). The values are
//! computed when they are read ([`super::super::facts`]).

use super::{Csp, Def, Format, G, GR, Halves};

pub(super) const CSPS: &[Csp] = &[
    Csp { root: "DevInfo", halves: Halves::Device, nodes: DEV_INFO },
    Csp { root: "DevDetail", halves: Halves::Device, nodes: DEV_DETAIL },
];

const DEV_INFO: &[Def] = &[
    Def::node("", G),
    Def::leaf("DevId", Format::Chr, G).holds(""),
    Def::leaf("Man", Format::Chr, G).holds(""),
    Def::leaf("Mod", Format::Chr, G).holds(""),
    Def::leaf("DmV", Format::Chr, G).holds(""),
    Def::leaf("Lang", Format::Chr, G).holds(""),
];

const DEV_DETAIL: &[Def] = &[
    Def::node("", G),
    Def::leaf("DevTyp", Format::Chr, G).holds(""),
    Def::leaf("OEM", Format::Chr, G).holds(""),
    Def::leaf("FwV", Format::Chr, G).holds(""),
    Def::leaf("SwV", Format::Chr, G).holds(""),
    Def::leaf("HwV", Format::Chr, G).holds(""),
    Def::leaf("LrgObj", Format::Bool, G).holds("false"),
    Def::node("Ext", G),
    Def::leaf("Ext/DeviceHardwareData", Format::Chr, G).holds(""),
    Def::node("Ext/Microsoft", G),
    Def::leaf("Ext/Microsoft/DeviceName", Format::Chr, GR).holds(""),
    Def::leaf("Ext/Microsoft/DNSComputerName", Format::Chr, GR).holds(""),
    Def::leaf("Ext/Microsoft/OSPlatform", Format::Chr, G).holds(""),
    Def::leaf("Ext/Microsoft/ProcessorType", Format::Int, G).holds("0"),
    Def::leaf("Ext/Microsoft/ProcessorArchitecture", Format::Int, G).holds("0"),
    Def::leaf("Ext/Microsoft/LocalTime", Format::Chr, G).holds(""),
    Def::leaf("Ext/Microsoft/TotalRAM", Format::Int, G).holds("0"),
    Def::leaf("Ext/Microsoft/SMBIOSSerialNumber", Format::Chr, G).holds(""),
    Def::leaf("Ext/Microsoft/MaxDeviceNameLength", Format::Int, G).holds("15"),
];
