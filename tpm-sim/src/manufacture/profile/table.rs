//! The profiles.

use super::CertificateLocation::{Endpoint, Missing, Nv};
use super::{
    Basis, CertificateLocation, Curve, Defect, EkOffer, EkTemplate, Generation, HashAlg, Kind, Profile,
};
use super::{Specification, Vendor};

const fn offer(template: EkTemplate, location: CertificateLocation) -> EkOffer {
    EkOffer { template, location }
}

const ALL_BANKS: &[HashAlg] = &[HashAlg::Sha1, HashAlg::Sha256, HashAlg::Sha384];
const TWO_BANKS: &[HashAlg] = &[HashAlg::Sha1, HashAlg::Sha256];
const MODERN_BANKS: &[HashAlg] = &[HashAlg::Sha256, HashAlg::Sha384];
/// The curves that PC Client TPMs have to have (TCG PC Client Platform TPM Profile 1.05, table of ECC curves). That vendors
/// add none to them is a *model*: what a part has besides is not published for all.
const PC_CLIENT_CURVES: &[Curve] = &[Curve::P256, Curve::P384];
const NV_BOTH: &[EkOffer] = &[offer(EkTemplate::L1, Nv), offer(EkTemplate::L2, Nv)];

/// What most profiles share; each entry of the table says what it has of its own.
const COMMON: Profile = Profile {
    id: "simulator",
    name: "tpm-sim, a TPM without defects",
    vendor: Vendor::Simulator,
    kind: Kind::Discrete,
    generation: Generation::Tpm20,
    vendor_string: "tpm-sim",
    vendor_type: 1,
    firmware: (0x0001_0000, 0x0000_0000),
    model: "tpm-sim",
    specification: Specification::REVISION_159,
    // Nothing in the high range: tools that test with this TPM put certificates of their own there.
    endorsement: NV_BOTH,
    chain_in_nv: false,
    banks: ALL_BANKS,
    // All that there are: suites of others ask for them.
    curves: &Curve::ALL,
    certificate_years: 25,
    defects: &[],
    basis: &[Basis::Model("a TPM that no vendor sells")],
};

/// Infineon's SLB 9672 with firmware that is sound.
const SLB9672: Profile = Profile {
    id: "infineon-slb9672",
    name: "Infineon OPTIGA TPM SLB 9672, firmware 15.23: the update for attestation",
    vendor: Vendor::Infineon,
    vendor_string: "SLB9672",
    vendor_type: 0,
    firmware: (0x000f_0017, 0x0040_3c00),
    model: "SLB9672",
    endorsement: &[offer(EkTemplate::L1, Nv), offer(EkTemplate::L2, Nv), offer(EkTemplate::H3, Nv)],
    banks: MODERN_BANKS,
    certificate_years: 15,
    basis: &[
        Basis::Documented("SDM-023"),
        Basis::Model("that the version after 15.22 is the one that helps, and the build in the lower half"),
    ],
    curves: PC_CLIENT_CURVES,
    ..COMMON
};

/// Infineon's SLB 9665 with firmware that is sound.
const SLB9665: Profile = Profile {
    id: "infineon-slb9665",
    name: "Infineon SLB 9665, firmware 5.62: the update for weak RSA keys",
    vendor: Vendor::Infineon,
    vendor_string: "SLB9665",
    vendor_type: 0,
    firmware: (0x0005_003e, 0x000c_3602),
    model: "SLB9665",
    specification: Specification::REVISION_116,
    endorsement: NV_BOTH,
    banks: TWO_BANKS,
    certificate_years: 15,
    basis: &[
        Basis::Documented("SDM-021"),
        Basis::Public("CVE-2017-15361: 5.62 is the first version of its line that is not vulnerable"),
        Basis::Model("the build in the lower half"),
    ],
    curves: PC_CLIENT_CURVES,
    ..COMMON
};

/// All profiles.
pub const PROFILES: &[Profile] = &[
    COMMON,
    Profile {
        id: "simulator-high-range",
        name: "tpm-sim with EK certificates of the high range",
        endorsement: &[
            offer(EkTemplate::H2, Nv),
            offer(EkTemplate::H1, Nv),
            offer(EkTemplate::H3, Nv),
            offer(EkTemplate::H6, Nv),
        ],
        chain_in_nv: true,
        ..COMMON
    },
    Profile {
        id: "infineon-slb9670",
        name: "Infineon OPTIGA TPM SLB 9670, firmware 7.85",
        vendor: Vendor::Infineon,
        vendor_string: "SLB9670",
        vendor_type: 0,
        firmware: (0x0007_0055, 0x0011_cb02),
        model: "SLB9670",
        specification: Specification::REVISION_138,
        endorsement: NV_BOTH,
        banks: TWO_BANKS,
        certificate_years: 15,
        basis: &[Basis::Documented("NET-012"), Basis::Public("Infineon data sheet SLB 9670 TPM2.0")],
        curves: PC_CLIENT_CURVES,
        ..COMMON
    },
    Profile {
        id: "intel-ptt",
        name: "Intel PTT, EK certificate at ekop.intel.com",
        vendor: Vendor::Intel,
        kind: Kind::Firmware,
        vendor_string: "Intel",
        firmware: (0x0193_0002, 0x0000_0000),
        model: "Intel",
        specification: Specification::REVISION_138,
        endorsement: &[offer(EkTemplate::L1, Endpoint), offer(EkTemplate::L2, Endpoint)],
        banks: TWO_BANKS,
        certificate_years: 30,
        basis: &[Basis::Documented("NET-012"), Basis::Public("tpm2-tools manual, tpm2_getekcertificate")],
        curves: PC_CLIENT_CURVES,
        ..COMMON
    },
    Profile {
        id: "intel-ptt-on-die",
        name: "Intel PTT of Tiger Lake and later, certified by a CA on the die",
        vendor: Vendor::Intel,
        kind: Kind::Firmware,
        vendor_string: "Intel",
        firmware: (0x0258_0012, 0x0000_0000),
        model: "Intel",
        specification: Specification::REVISION_138,
        endorsement: &[offer(EkTemplate::L1, Endpoint), offer(EkTemplate::L2, Nv), offer(EkTemplate::H3, Nv)],
        chain_in_nv: true,
        banks: MODERN_BANKS,
        certificate_years: 30,
        basis: &[
            Basis::Documented("SDM-024"),
            Basis::Public("Intel, On Die Certificate Authority: the chain lies in NV from 0x01C00100"),
            Basis::Model("that older Windows cannot attest it is a rule of the device, not of the TPM"),
        ],
        curves: PC_CLIENT_CURVES,
        ..COMMON
    },
    Profile {
        id: "amd-ftpm",
        name: "AMD ASP firmware TPM",
        vendor: Vendor::Amd,
        kind: Kind::Firmware,
        vendor_string: "AMD",
        firmware: (0x0003_005d, 0x0002_0005),
        model: "AMD",
        specification: Specification::REVISION_138,
        endorsement: &[offer(EkTemplate::L1, Endpoint), offer(EkTemplate::L2, Endpoint)],
        banks: MODERN_BANKS,
        basis: &[Basis::Documented("NET-012"), Basis::Public("tpm2-tools manual, tpm2_getekcertificate")],
        curves: PC_CLIENT_CURVES,
        ..COMMON
    },
    Profile {
        id: "qualcomm",
        name: "Qualcomm firmware TPM",
        vendor: Vendor::Qualcomm,
        kind: Kind::Firmware,
        vendor_string: "QCOM fTPM",
        firmware: (0x0002_0000, 0x0000_0001),
        model: "fTPM",
        specification: Specification::REVISION_138,
        endorsement: &[offer(EkTemplate::L1, Endpoint), offer(EkTemplate::L2, Endpoint)],
        banks: TWO_BANKS,
        basis: &[
            Basis::Documented("NET-012"),
            Basis::Model("path and answer of the endpoint, vendor string"),
        ],
        curves: PC_CLIENT_CURVES,
        ..COMMON
    },
    Profile {
        id: "hyper-v",
        name: "Virtual TPM of Hyper-V",
        vendor: Vendor::Microsoft,
        kind: Kind::Virtual,
        vendor_string: "xCG fTPM",
        firmware: (0x2017_0619, 0x0016_3636),
        model: "vTPM",
        specification: Specification::REVISION_138,
        endorsement: NV_BOTH,
        banks: ALL_BANKS,
        basis: &[
            Basis::Documented("SDM-004"),
            Basis::Model(
                "the certificate's CA is one that attestation does not take for a hardware vendor's",
            ),
        ],
        curves: PC_CLIENT_CURVES,
        ..COMMON
    },
    Profile {
        id: "infineon-slb9672-15.22",
        name: "Infineon OPTIGA TPM SLB 9672, firmware 15.22",
        firmware: (0x000f_0016, 0x0040_3b00),
        defects: &[Defect::EndorsementNeverReady],
        basis: &[
            Basis::Documented("SDM-023"),
            Basis::Documented("ERR-036"),
            Basis::Model("what makes attestation time out is not published: here the EK is never ready"),
        ],
        ..SLB9672
    },
    SLB9672,
    Profile {
        id: "amd-ftpm-old",
        name: "AMD ASP firmware TPM before its fix",
        vendor: Vendor::Amd,
        kind: Kind::Firmware,
        vendor_string: "AMD",
        firmware: (0x0003_0037, 0x0000_0005),
        model: "AMD",
        specification: Specification::REVISION_138,
        endorsement: &[offer(EkTemplate::L1, Missing), offer(EkTemplate::L2, Missing)],
        banks: TWO_BANKS,
        basis: &[
            Basis::Documented("SDM-022"),
            Basis::Documented("ERR-010"),
            Basis::Model(
                "0x80070490 is ERROR_NOT_FOUND: here no EK certificate is found, in NV or at the endpoint",
            ),
        ],
        curves: PC_CLIENT_CURVES,
        ..COMMON
    },
    Profile {
        id: "st-rsa3072",
        name: "STMicroelectronics ST33KTPM with an RSA 3072 EK",
        vendor: Vendor::StMicro,
        vendor_string: "ST33KTPM2X",
        vendor_type: 0,
        firmware: (0x0009_0100, 0x0000_0000),
        model: "ST33KTPM2X",
        endorsement: &[offer(EkTemplate::H6, Nv), offer(EkTemplate::H3, Nv)],
        chain_in_nv: true,
        banks: MODERN_BANKS,
        basis: &[
            Basis::Documented("SDM-028"),
            Basis::Documented("ERR-080"),
            Basis::Model(
                "the TPM is sound: it has no RSA 2048 or P-256 EK certificate, and who wants one fails",
            ),
        ],
        curves: PC_CLIENT_CURVES,
        ..COMMON
    },
    Profile {
        id: "nuvoton-rsa3072",
        name: "Nuvoton NPCT7xx with an RSA 3072 EK",
        vendor: Vendor::Nuvoton,
        vendor_string: "NPCT76x",
        vendor_type: 0,
        firmware: (0x0007_0002, 0x0005_0000),
        model: "NPCT76x",
        endorsement: &[offer(EkTemplate::H6, Nv), offer(EkTemplate::H3, Nv)],
        chain_in_nv: true,
        banks: MODERN_BANKS,
        certificate_years: 20,
        basis: &[
            Basis::Documented("SDM-028"),
            Basis::Documented("ERR-080"),
            Basis::Model(
                "the TPM is sound: it has no RSA 2048 or P-256 EK certificate, and who wants one fails",
            ),
        ],
        curves: PC_CLIENT_CURVES,
        ..COMMON
    },
    Profile {
        id: "vulnerable-firmware",
        name: "Infineon SLB 9665 with weak RSA keys, firmware 5.51",
        firmware: (0x0005_0033, 0x0008_0602),
        defects: &[Defect::VulnerableFirmware],
        basis: &[
            Basis::Documented("SDM-021"),
            Basis::Documented("ERR-009"),
            Basis::Public("CVE-2017-15361, Microsoft advisory ADV170012"),
            Basis::Model("that the service's list is that of the advisory; the keys here are sound"),
        ],
        ..SLB9665
    },
    SLB9665,
    Profile {
        id: "reduced-functionality",
        name: "A TPM in reduced functionality mode",
        defects: &[Defect::FailureMode],
        basis: &[
            Basis::Documented("SDM-025"),
            Basis::Public(
                "TPM 2.0 Library, Part 1, 12.3.3: failure mode answers GetTestResult and GetCapability",
            ),
            Basis::Model("that Windows' reduced functionality is the library's failure mode"),
        ],
        ..COMMON
    },
    Profile {
        id: "tpm-1.2",
        name: "Infineon SLB 9660, TPM 1.2",
        vendor: Vendor::Infineon,
        generation: Generation::Tpm12,
        vendor_string: "SLB9660",
        vendor_type: 0,
        firmware: (0x0004_0028, 0x0000_0000),
        model: "SLB9660",
        specification: Specification::REVISION_116,
        endorsement: &[],
        banks: &[HashAlg::Sha1],
        basis: &[
            Basis::Documented("SDM-003"),
            Basis::Public("TPM Main Specification 1.2, Part 2: TPM_BADTAG for a tag that is not its own"),
        ],
        ..COMMON
    },
    Profile {
        id: "none",
        name: "No TPM",
        generation: Generation::None,
        endorsement: &[],
        banks: &[],
        basis: &[Basis::Documented("SDM-003")],
        ..COMMON
    },
    Profile {
        id: "slow-first-boot",
        name: "A TPM that makes its keys at the first boot",
        defects: &[Defect::SlowFirstBoot(75_000)],
        basis: &[Basis::Documented("SDM-026"), Basis::Model("75 seconds, and TPM_RC_RETRY until then")],
        ..COMMON
    },
];
