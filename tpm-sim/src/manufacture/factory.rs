//! Making a TPM: seeds, profile, and the EK certificates that come into being when somebody asks for them.

use serde::{Deserialize, Serialize};

use super::ca::{Authority, VendorCa};
use super::ek_certificate::{self, EkPublicKey, Validity};
use super::endpoint::{self, Endpoint};
use super::order::suggestion;
use super::platform_certificate::{self, Platform};
use super::profile::{CertificateLocation, Generation, PROFILES, Profile};
use super::template::EkTemplate;
use tpm2_protocol::data::TpmRh;

use crate::Tpm;
use crate::crypto::hash::HashAlg;
use crate::object::Public;
use crate::object::create;
use crate::params;
use crate::state::nv::{NvAttributes, NvIndex};

/// First index of the CA's chain in NV (EK Credential Profile 2.5, section 2.2.1.4).
pub const CHAIN_INDEX: u32 = 0x01c0_0100;
/// Room that a certificate takes in NV until it is made, in bytes.
const RESERVED: u16 = 1024;

/// Attributes of what the manufacturer writes: the platform has created it and locked it, anybody can read it.
const ATTRIBUTES: NvAttributes = NvAttributes(
    NvAttributes::PPWRITE.0
        | NvAttributes::WRITEDEFINE.0
        | NvAttributes::WRITELOCKED.0
        | NvAttributes::PPREAD.0
        | NvAttributes::OWNERREAD.0
        | NvAttributes::AUTHREAD.0
        | NvAttributes::NO_DA.0
        | NvAttributes::WRITTEN.0
        | NvAttributes::PLATFORMCREATE.0,
);

/// Which EK a device takes when its TPM has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum EkChoice {
    /// As the profile has them.
    #[default]
    Profile,
    /// An elliptic curve first: keys cost a tenth of a millisecond.
    EccFirst,
    /// RSA first, as Windows does.
    RsaFirst,
}

/// What a TPM is made from.
#[derive(Debug, Clone)]
pub struct ManufactureOptions<'a> {
    /// Everything that tells this TPM from others: the same seed makes the same TPM.
    pub seed: &'a [u8],
    /// Which kind.
    pub profile: &'static Profile,
    /// Day of manufacture in seconds since the epoch: certificates begin with it.
    pub manufactured: u64,
    /// Which EK comes first.
    pub ek_choice: EkChoice,
    /// When the EK certificates are valid, where it is not the profile's time from manufacture on.
    pub validity: Option<Validity>,
    /// Seed of the CA that issues the EK certificates, where it is not the vendor's own: a CA that nobody trusts.
    pub ca_seed: Option<&'a [u8]>,
}

impl<'a> ManufactureOptions<'a> {
    /// A TPM of that profile, made on 2025-01-01, with certificates of the vendor's own CA.
    pub fn new(seed: &'a [u8], profile: &'static Profile) -> Self {
        Self {
            seed,
            profile,
            manufactured: 1_735_689_600,
            ek_choice: EkChoice::Profile,
            validity: None,
            ca_seed: None,
        }
    }
}

/// Why there is no TPM.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManufactureError {
    /// The profile is that of a platform without one.
    #[error("profile {0:?} is that of a platform without a TPM")]
    NoTpm(&'static str),
    /// There is no such profile.
    #[error("there is no profile {0:?}; {help}", help = suggestion(.0))]
    UnknownProfile(String),
}

/// The serial number of the TPM of a profile and a seed.
pub(super) fn serial_number(profile: &Profile, seed: &[u8]) -> [u8; 8] {
    let digest = HashAlg::Sha256.digest(&[b"tpm-sim serial number", profile.id.as_bytes(), seed]);
    *digest.first_chunk().expect("a digest has more than eight bytes")
}

/// Ids of all profiles, with their names for people.
pub fn profile_list() -> impl Iterator<Item = (&'static str, &'static str)> {
    PROFILES.iter().map(|profile| (profile.id, profile.name))
}

/// What the manufacturer knows of a TPM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManufactureRecord {
    /// Its serial number.
    pub serial: [u8; 8],
    /// The endorsement primary seed that was put in; TPM2_ChangeEPS makes another, and the certificates no longer fit.
    pub endorsement_seed: Vec<u8>,
    /// When the EK certificates are valid.
    pub validity: Validity,
    /// Which EK comes first.
    pub ek_choice: EkChoice,
    /// Seed of a CA that is not the vendor's own.
    pub ca_seed: Option<Vec<u8>>,
}

impl Tpm {
    /// Makes a TPM, without power. No key and no certificate is made yet: the first command that needs one makes it.
    pub fn manufacture(options: &ManufactureOptions<'_>) -> Result<Self, ManufactureError> {
        let profile = options.profile;
        if profile.generation == Generation::None {
            return Err(ManufactureError::NoTpm(profile.id));
        }
        let mut tpm = Self::new(options.seed, profile.banks);
        profile.id.clone_into(&mut tpm.state.factory.profile);
        tpm.state.factory.record = Some(ManufactureRecord {
            serial: serial_number(profile, options.seed),
            endorsement_seed: tpm.state.hierarchies.endorsement.seed.clone(),
            validity: options
                .validity
                .unwrap_or_else(|| Validity::years(options.manufactured, profile.certificate_years)),
            ek_choice: options.ek_choice,
            ca_seed: options.ca_seed.map(<[u8]>::to_vec),
        });
        for offer in profile.endorsement.iter().filter(|offer| offer.location == CertificateLocation::Nv) {
            tpm.state.nv.provision(offer.template.certificate_index(), RESERVED);
        }
        if profile.chain_in_nv {
            tpm.state.nv.provision(CHAIN_INDEX, RESERVED);
        }
        Ok(tpm)
    }

    /// The TPM's serial number in hexadecimal; empty for one that no manufacturer made.
    pub fn serial(&self) -> String {
        self.state
            .factory
            .record
            .as_ref()
            .map_or_else(String::new, |record| format!("{:016X}", u64::from_be_bytes(record.serial)))
    }

    /// The EKs that the manufacturer certified, the one to take at the front.
    pub fn endorsement_templates(&self) -> Vec<EkTemplate> {
        let offers = self.state.factory.profile().endorsement.iter();
        let mut templates: Vec<EkTemplate> = offers.map(|offer| offer.template).collect();
        match self.state.factory.record.as_ref().map(|record| record.ek_choice) {
            // The sorts are stable: within a kind the profile's order holds.
            Some(EkChoice::EccFirst) => templates.sort_by_key(|template| template.is_rsa()),
            Some(EkChoice::RsaFirst) => templates.sort_by_key(|template| !template.is_rsa()),
            _ => (),
        }
        templates
    }

    /// The CA that certified this TPM.
    pub fn vendor_ca(&self) -> Option<VendorCa> {
        let record = self.state.factory.record.as_ref()?;
        let vendor = self.state.factory.profile().vendor;
        Some(match &record.ca_seed {
            Some(seed) => VendorCa::derive(vendor, seed),
            None => VendorCa::of(vendor).clone(),
        })
    }

    /// Public area (TPMT_PUBLIC) of the EK of a template, as the manufacturer saw it: that which CreatePrimary makes until
    /// TPM2_ChangeEPS. `None` for a TPM that no manufacturer made.
    pub fn ek_public_area(&self, template: EkTemplate) -> Option<Vec<u8>> {
        let record = self.state.factory.record.as_ref()?;
        derive_ek(self, &record.endorsement_seed, template)
    }

    /// The certificate of the EK of a template, wherever it is; `None` when the manufacturer certified none.
    pub fn ek_certificate(&self, template: EkTemplate) -> Option<Vec<u8>> {
        let offer = self.state.factory.profile().offer(template)?;
        if offer.location == CertificateLocation::Missing {
            return None;
        }
        if let Some(index) = self.state.nv.get(template.certificate_index())
            && index.attributes.has(NvAttributes::PLATFORMCREATE | NvAttributes::WRITTEN)
        {
            return index.read(0, index.size);
        }
        let record = self.state.factory.record.as_ref()?;
        let key = EkPublicKey::from_public_area(&self.ek_public_area(template)?).ok()?;
        Some(ek_certificate::issue(&self.vendor_ca()?, self.state.factory.profile(), &key, record.validity))
    }

    /// The vendor's endpoint for the EK of a template, with what it answers; `None` when the certificate is not there.
    pub fn ek_endpoint(&self, template: EkTemplate) -> Option<Endpoint> {
        let profile = self.state.factory.profile();
        profile.offer(template).filter(|offer| offer.location == CertificateLocation::Endpoint)?;
        let key = EkPublicKey::from_public_area(&self.ek_public_area(template)?).ok()?;
        endpoint::endpoint(profile.vendor, &key, &self.ek_certificate(template)?)
    }

    /// The certificate of the platform that the TPM is on, bound to its first EK's certificate; `None` when it has none.
    pub fn platform_certificate(&self, platform: &Platform) -> Option<Vec<u8>> {
        let ek =
            self.endorsement_templates().into_iter().find_map(|template| self.ek_certificate(template))?;
        let validity = self.state.factory.record.as_ref()?.validity;
        let maker = Authority::of_platform_maker(&platform.manufacturer);
        platform_certificate::issue(&maker, platform, &ek, validity).ok()
    }

    /// Makes the content of an index of the manufacturer's, if it is not made yet.
    pub(crate) fn fill_provisioned(&mut self, handle: u32) {
        if !self.state.nv.is_pending(handle) {
            return;
        }
        let content = match EkTemplate::at_index(handle) {
            Some(template) => self.ek_certificate(template),
            None => self.vendor_ca().map(|ca| [ca.issuing().certificate(), ca.root().certificate()].concat()),
        };
        // What cannot be made was never there.
        let Some(content) = content else { return self.state.nv.undefine(handle) };
        let size = u16::try_from(content.len()).expect("certificates have about a kilobyte");
        let mut index = NvIndex::new(handle, HashAlg::Sha256, ATTRIBUTES, Vec::new(), size, Vec::new());
        index.write(0, &content);
        self.state.nv.fill(index);
    }
}

/// The public area of the primary that TPM2_CreatePrimary makes from an endorsement seed: by the same functions.
fn derive_ek(tpm: &Tpm, endorsement_seed: &[u8], template: EkTemplate) -> Option<Vec<u8>> {
    let template = Public::read(&mut template.public_area().as_slice(), false).ok()?;
    let mut stream = if tpm.state.hierarchies.endorsement.seed == endorsement_seed {
        create::primary_stream(tpm, TpmRh::Endorsement, &template, &[])
    } else {
        // TPM2_ChangeEPS has been here: what the manufacturer certified is the key of a TPM with the old seed.
        let mut old = Tpm::new(&[], &[]);
        old.state.derivation_version = tpm.state.derivation_version;
        old.state.hierarchies.endorsement.seed = endorsement_seed.to_vec();
        create::primary_stream(&old, TpmRh::Endorsement, &template, &[])
    };
    let mut public = template;
    create::fill(&mut public, Vec::new(), &[], &mut stream).ok()?;
    Some(params::marshal(&public))
}

/// A production line: TPMs of one kind, one after the other.
#[derive(Debug, Clone)]
pub struct Factory {
    seed: Vec<u8>,
    profile: &'static Profile,
    manufactured: u64,
    ek_choice: EkChoice,
}

impl Factory {
    /// A production line of the simulator's own profile.
    pub fn new(seed: &[u8]) -> Self {
        let options = ManufactureOptions::new(seed, &PROFILES[0]);
        Self {
            seed: seed.to_vec(),
            profile: options.profile,
            manufactured: options.manufactured,
            ek_choice: options.ek_choice,
        }
    }

    /// That makes TPMs of this profile.
    #[must_use]
    pub fn profile(mut self, profile: &'static Profile) -> Self {
        self.profile = profile;
        self
    }

    /// On this day, in seconds since the epoch.
    #[must_use]
    pub fn manufactured(mut self, seconds: u64) -> Self {
        self.manufactured = seconds;
        self
    }

    /// With this EK first.
    #[must_use]
    pub fn ek_choice(mut self, choice: EkChoice) -> Self {
        self.ek_choice = choice;
        self
    }

    /// The TPM of that number.
    pub fn make(&self, number: u64) -> Result<Tpm, ManufactureError> {
        let seed = HashAlg::Sha256.digest(&[b"tpm-sim production line", &number.to_be_bytes(), &self.seed]);
        let options = ManufactureOptions {
            manufactured: self.manufactured,
            ek_choice: self.ek_choice,
            ..ManufactureOptions::new(&seed, self.profile)
        };
        Tpm::manufacture(&options)
    }
}

#[cfg(test)]
mod tests;
