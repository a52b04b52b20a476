//! Kinds of TPM, as data: what they say of themselves, where their EK certificates are, what is wrong with them.
//!
//! Every fact says what it rests on ([`Basis`]). A value that no document gives (the lower half of a firmware version,
//! mostly) is a *model* value.

mod table;
mod vulnerable;

pub use table::PROFILES;
pub use vulnerable::{VULNERABLE_LINES, is_known_vulnerable};

use super::template::EkTemplate;
use super::vendor::Vendor;
use crate::crypto::ecc::Curve;
use crate::crypto::hash::HashAlg;

/// Where a TPM is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A chip of its own.
    Discrete,
    /// A program on a processor that does something else too.
    Firmware,
    /// A program of a hypervisor; attestation does not take it for hardware.
    Virtual,
}

/// Which TPM the platform has at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// None.
    None,
    /// TPM 1.2: it answers commands of TPM 2.0 with an error of its own.
    Tpm12,
    /// TPM 2.0.
    Tpm20,
}

/// What a statement rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The documents: an id of the behaviours or errors catalogue.
    Documented(&'static str),
    /// Public knowledge, and where it is from.
    Public(&'static str),
    /// Invented, because nothing is public.
    Model(&'static str),
}

/// Where the certificate of an EK is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateLocation {
    /// At the template's index in NV.
    Nv,
    /// At the vendor's endpoint only.
    Endpoint,
    /// Nowhere.
    Missing,
}

/// An EK that the manufacturer certified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EkOffer {
    /// The key's template.
    pub template: EkTemplate,
    /// Where its certificate is.
    pub location: CertificateLocation,
}

/// What is wrong with a TPM, at its own level. What a cloud makes of it is the cloud's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Defect {
    /// Commands that use the endorsement key are never ready: TPM_RC_RETRY, for ever.
    EndorsementNeverReady,
    /// Its firmware is on a public list of vulnerable ones; it works.
    VulnerableFirmware,
    /// Reduced functionality: it is in failure mode, and answers TPM_RC_FAILURE (Part 1, 12.3.3).
    FailureMode,
    /// It is busy after its first start, this long in milliseconds: TPM_RC_RETRY until then.
    SlowFirstBoot(u32),
}

/// Level, revision and date of the specification that a TPM follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Specification {
    /// TPM_PT_LEVEL.
    pub level: u32,
    /// TPM_PT_REVISION: 138 for 1.38.
    pub revision: u32,
    /// TPM_PT_DAY_OF_YEAR.
    pub day_of_year: u32,
    /// TPM_PT_YEAR.
    pub year: u32,
}

impl Specification {
    /// Revision 1.16 of 2014-10-30.
    pub const REVISION_116: Self = Self { level: 0, revision: 116, day_of_year: 303, year: 2014 };
    /// Revision 1.38 of 2016-09-29.
    pub const REVISION_138: Self = Self { level: 0, revision: 138, day_of_year: 273, year: 2016 };
    /// Revision 1.59 of 2019-11-08.
    pub const REVISION_159: Self = Self { level: 0, revision: 159, day_of_year: 312, year: 2019 };
}

/// A kind of TPM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Its name in commands and files.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// Who makes it.
    pub vendor: Vendor,
    /// Where it is.
    pub kind: Kind,
    /// Which TPM it is.
    pub generation: Generation,
    /// TPM_PT_VENDOR_STRING_1 to 4, as text; at most 16 characters.
    pub vendor_string: &'static str,
    /// TPM_PT_VENDOR_TPM_TYPE.
    pub vendor_type: u32,
    /// TPM_PT_FIRMWARE_VERSION_1 and 2.
    pub firmware: (u32, u32),
    /// tpmModel in certificates.
    pub model: &'static str,
    /// The specification that it follows.
    pub specification: Specification,
    /// EKs that are certified, the one that Windows takes first at the front.
    pub endorsement: &'static [EkOffer],
    /// Whether the CA's chain lies in NV from 0x01C00100.
    pub chain_in_nv: bool,
    /// Banks of PCRs as delivered.
    pub banks: &'static [HashAlg],
    /// Curves that it knows; keys on others are refused with TPM_RC_CURVE (TPM_CAP_ECC_CURVES).
    pub curves: &'static [Curve],
    /// Years that an EK certificate is valid.
    pub certificate_years: u32,
    /// What is wrong with it.
    pub defects: &'static [Defect],
    /// What it rests on.
    pub basis: &'static [Basis],
}

impl Profile {
    /// Words of the vendor string, as TPM_PT_VENDOR_STRING_1 to 4 give them.
    pub fn vendor_words(&self) -> [u32; 4] {
        let mut text = [0; 16];
        let length = self.vendor_string.len().min(16);
        text[..length].copy_from_slice(&self.vendor_string.as_bytes()[..length]);
        std::array::from_fn(|word| {
            u32::from_be_bytes([text[4 * word], text[4 * word + 1], text[4 * word + 2], text[4 * word + 3]])
        })
    }

    /// Both halves of the firmware version as one number (TPMS_ATTEST.firmwareVersion).
    pub fn firmware_version(&self) -> u64 {
        u64::from(self.firmware.0) << 32 | u64::from(self.firmware.1)
    }

    /// The offer for a template.
    pub fn offer(&self, template: EkTemplate) -> Option<EkOffer> {
        self.endorsement.iter().copied().find(|offer| offer.template == template)
    }

    /// Whether it has this defect.
    pub fn has(&self, defect: Defect) -> bool {
        self.defects.contains(&defect)
    }

    /// The version string of a hardware hash: `TPM-Version:2.0 -Level:…` (reference: artifacts, element 13).
    pub fn version_text(&self) -> String {
        let id: String =
            self.vendor.data().id.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
        let version = if self.generation == Generation::Tpm12 { "1.2" } else { "2.0" };
        let Specification { level, revision, .. } = self.specification;
        let (high, low) = self.firmware;
        format!(
            "TPM-Version:{version} -Level:{level}-Revision:{}.{:02}-VendorID:'{id}'-Firmware:{high}.{low}",
            revision / 100,
            revision % 100
        )
    }
}

/// The profile with this id.
pub fn profile(id: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| profile.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_found() {
        for (index, profile) in PROFILES.iter().enumerate() {
            assert_eq!(super::profile(profile.id), Some(profile));
            assert!(PROFILES[..index].iter().all(|other| other.id != profile.id), "{}", profile.id);
            assert!(profile.vendor_string.len() <= 16, "{}", profile.id);
            assert!(!profile.basis.is_empty(), "{} rests on nothing", profile.id);
            let at_endpoint = profile.endorsement.iter().any(|o| o.location == CertificateLocation::Endpoint);
            assert!(
                !at_endpoint || profile.vendor.data().ek_host.is_some(),
                "{} has no endpoint",
                profile.id
            );
        }
    }

    #[test]
    fn the_vulnerable_profile_and_no_other_is_on_the_list() {
        for profile in PROFILES {
            let listed = is_known_vulnerable(profile.vendor.data().id, profile.firmware);
            assert_eq!(listed, profile.has(Defect::VulnerableFirmware), "{}", profile.id);
        }
    }

    #[test]
    fn version_text_has_the_documents_form() {
        let text = super::profile("hyper-v").unwrap().version_text();
        assert!(text.starts_with("TPM-Version:2.0 -Level:0-Revision:1."), "{text}");
        assert!(text.contains("-VendorID:'MSFT'-Firmware:"), "{text}");
    }
}
