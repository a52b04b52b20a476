//! Who makes TPMs, as data: identifier, CA, and where firmware TPMs find their certificates.

/// A maker of TPMs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Vendor {
    /// Infineon Technologies.
    Infineon,
    /// Intel: Platform Trust Technology, in the management engine.
    Intel,
    /// AMD: the firmware TPM of its security processor.
    Amd,
    /// Qualcomm: firmware TPM in the trusted execution environment.
    Qualcomm,
    /// Microsoft: the virtual TPM of Hyper-V.
    Microsoft,
    /// STMicroelectronics.
    StMicro,
    /// Nuvoton.
    Nuvoton,
    /// This simulator itself.
    Simulator,
}

/// Data of a maker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VendorData {
    /// Four characters of TPM_PT_MANUFACTURER, in the TCG's Vendor ID Registry but for the simulator's.
    pub id: [u8; 4],
    /// Organisation in the CA's name. The CAs are this crate's: the name says TEST ONLY beside it.
    pub organization: &'static str,
    /// Host of the CA's certificates and revocation lists. *Model*: `.test` names (RFC 6761), never the vendor's.
    pub ca_host: &'static str,
    /// Host that serves EK certificates of firmware TPMs.
    pub ek_host: Option<&'static str>,
}

impl Vendor {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Infineon,
        Self::Intel,
        Self::Amd,
        Self::Qualcomm,
        Self::Microsoft,
        Self::StMicro,
        Self::Nuvoton,
        Self::Simulator,
    ];

    /// Its data.
    pub const fn data(self) -> VendorData {
        let (id, organization, ca_host, ek_host) = match self {
            Self::Infineon => (*b"IFX\0", "Infineon Technologies AG", "pki.infineon.test", None),
            Self::Intel => (*b"INTC", "Intel Corporation", "pki.intel.test", Some("ekop.intel.com")),
            Self::Amd => (*b"AMD\0", "Advanced Micro Devices", "pki.amd.test", Some("ftpm.amd.com")),
            Self::Qualcomm => {
                (*b"QCOM", "Qualcomm Technologies", "pki.qualcomm.test", Some("ekcert.spserv.microsoft.com"))
            }
            Self::Microsoft => (*b"MSFT", "Microsoft Corporation", "pki.microsoft.test", None),
            Self::StMicro => (*b"STM ", "STMicroelectronics NV", "pki.st.test", None),
            Self::Nuvoton => (*b"NTC\0", "Nuvoton Technology Corporation", "pki.nuvoton.test", None),
            Self::Simulator => (*b"SIM\0", "tpm-sim", "pki.tpm-sim.test", None),
        };
        VendorData { id, organization, ca_host, ek_host }
    }

    /// The identifier as certificates write it: `id:` and the four characters in upper-case hexadecimal.
    pub fn certificate_id(self) -> String {
        format!("id:{:08X}", u32::from_be_bytes(self.data().id))
    }
}
