//! How a TPM comes out of a factory: vendor profiles, endorsement keys and their certificates, the platform's
//! certificate, and the measured boot of the platform that the TPM is soldered to.
//!
//! All certificates are issued by vendor CAs whose keys derive from public constants: TEST ONLY. The documents are the
//! TCG's: EK Credential Profile 2.5, Platform Certificate Profile 1.1, PC Client Platform Firmware Profile 1.05, PC Client
//! Platform TPM Profile 1.05, Vendor ID Registry.
//!
//! ```
//! use tpm_sim::manufacture::measured_boot::BootDescription;
//! use tpm_sim::manufacture::{EkChoice, EkTemplate, Factory, profile};
//!
//! let profile = profile("infineon-slb9670").expect("it is in the table");
//! let mut tpm = Factory::new(b"fleet").profile(profile).ek_choice(EkChoice::EccFirst).make(7)?;
//! let log = tpm.boot(&BootDescription::default()).expect("a sound TPM starts");
//! assert!(log.events.len() > 30);
//! assert_eq!(tpm.endorsement_templates()[0], EkTemplate::L2);
//! assert!(tpm.ek_certificate(EkTemplate::L2).is_some());
//! # Ok::<(), tpm_sim::manufacture::ManufactureError>(())
//! ```

pub(crate) mod asn1;
pub mod ca;
mod defect;
pub mod ek_certificate;
pub mod endpoint;
pub mod event_log;
mod factory;
pub mod measured_boot;
mod name;
mod order;
pub mod platform_certificate;
pub mod profile;
pub mod template;
mod update;
pub mod vendor;

pub use factory::{
    CHAIN_INDEX, EkChoice, Factory, ManufactureError, ManufactureOptions, ManufactureRecord, profile_list,
};
pub use order::{DEFAULT_SEED, Mismatch, Order, new_tpm};
pub use profile::{Profile, profile};
pub use template::EkTemplate;
pub use update::UpdateError;
pub use vendor::Vendor;
