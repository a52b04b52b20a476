//! Firmware updates of TPMs that are in use.

use super::factory::CHAIN_INDEX;
use super::profile::{CertificateLocation, Profile};
use crate::Tpm;

/// Why a firmware can't be put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// It is made for another part.
    #[error("the firmware of {new:?} does not run on a TPM of the kind {old:?}")]
    OtherPart {
        /// Profile of the TPM.
        old: &'static str,
        /// Profile whose firmware it was to be.
        new: &'static str,
    },
    /// Firmware is replaced before the TPM starts.
    #[error("the TPM is running: new firmware takes hold with its next start")]
    Running,
}

impl Profile {
    /// Whether the firmware of `other` is one for this part: same maker, same part, same certificates from the factory.
    pub fn runs_firmware_of(&self, other: &Self) -> bool {
        let part = |p: &Self| (p.vendor, p.kind, p.generation, p.vendor_string, p.endorsement, p.chain_in_nv);
        part(self) == part(other)
    }
}

impl Tpm {
    /// Puts in the firmware of a profile, while the TPM is off. Seeds, keys, NV memory and PCR banks stay; so do the
    /// certificates in NV, which go on naming the firmware that the TPM left its factory with. What is wrong with the
    /// firmware goes with it.
    pub fn update_firmware(&mut self, profile: &'static Profile) -> Result<(), UpdateError> {
        let old = self.state.factory.profile();
        if !old.runs_firmware_of(profile) {
            return Err(UpdateError::OtherPart { old: old.id, new: profile.id });
        }
        if self.is_powered() {
            return Err(UpdateError::Running);
        }
        // Certificates come into being when somebody asks for them: those here are still the factory's.
        for offer in old.endorsement.iter().filter(|offer| offer.location == CertificateLocation::Nv) {
            self.fill_provisioned(offer.template.certificate_index());
        }
        if old.chain_in_nv {
            self.fill_provisioned(CHAIN_INDEX);
        }
        profile.id.clone_into(&mut self.state.factory.profile);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manufacture::profile::profile;
    use crate::manufacture::{EkTemplate, ManufactureOptions};

    fn make(id: &str) -> Tpm {
        Tpm::manufacture(&ManufactureOptions::new(b"seed", profile(id).unwrap())).unwrap()
    }

    /// TPM2_Startup(CLEAR), then TPM2_GetCapability for one property.
    fn property(tpm: &mut Tpm, which: u32) -> u32 {
        tpm.execute(&[0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44, 0, 0]);
        let [a, b, c, d] = which.to_be_bytes();
        let ask = [0x80, 0x01, 0, 0, 0, 22, 0, 0, 0x01, 0x7a, 0, 0, 0, 6, a, b, c, d, 0, 0, 0, 1];
        let answer = tpm.execute(&ask);
        u32::from_be_bytes(*answer.last_chunk().unwrap())
    }

    #[test]
    fn a_mended_tpm_is_the_same_one_and_says_so_at_its_next_start() {
        const FIRMWARE_VERSION_1: u32 = 0x10b;
        let mended = profile("infineon-slb9665").unwrap();
        // One whose certificate nobody has read before the update, and one that was never updated.
        let (mut tpm, untouched) = (make("vulnerable-firmware"), make("vulnerable-firmware"));
        tpm.power_on();
        assert_eq!(property(&mut tpm, FIRMWARE_VERSION_1), 0x0005_0033);
        assert_eq!(tpm.update_firmware(mended), Err(UpdateError::Running));
        tpm.power_off();
        tpm.update_firmware(mended).unwrap();
        tpm.power_on();
        assert_eq!(property(&mut tpm, FIRMWARE_VERSION_1), 0x0005_003e);
        assert_eq!(tpm.serial(), untouched.serial());
        for ek in [EkTemplate::L1, EkTemplate::L2] {
            assert_eq!(tpm.ek_public_area(ek), untouched.ek_public_area(ek));
            assert_eq!(tpm.ek_certificate(ek), untouched.ek_certificate(ek));
            assert!(tpm.ek_certificate(ek).is_some());
        }
    }

    #[test]
    fn firmware_of_another_part_is_refused() {
        for other in ["infineon-slb9670", "hyper-v", "tpm-1.2", "none"] {
            let mut tpm = make("vulnerable-firmware");
            let refused = tpm.update_firmware(profile(other).unwrap());
            assert_eq!(refused, Err(UpdateError::OtherPart { old: "vulnerable-firmware", new: other }));
            assert_eq!(tpm.state.factory.profile().id, "vulnerable-firmware");
        }
        // The same part, but with certificates that its maker did not give to this one.
        let refused = make("amd-ftpm-old").update_firmware(profile("amd-ftpm").unwrap());
        assert_eq!(refused, Err(UpdateError::OtherPart { old: "amd-ftpm-old", new: "amd-ftpm" }));
    }
}
