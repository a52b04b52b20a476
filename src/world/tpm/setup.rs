//! What a device's TPM is made of.

use oobe_wire::rng::Stream;
use oobe_wire::time::Utc;
use tpm_sim::Tpm;
use tpm_sim::manufacture::measured_boot::BootDescription;
use tpm_sim::manufacture::profile::Generation;
use tpm_sim::manufacture::{ManufactureOptions, Profile};

/// How old a TPM is when the world begins (MOD-040): its certificates begin with the day on which it was made.
const AGE_DAYS: i64 = 180;

/// A TPM, as it was made, and the platform that it is soldered to.
#[derive(Debug, Clone, PartialEq)]
pub struct TpmSetup {
    /// Which kind.
    pub profile: &'static Profile,
    /// Everything that tells it from others.
    pub seed: [u8; 32],
    /// The day on which it was made, in seconds since the epoch of Unix.
    pub manufactured: u64,
    /// What its platform measures when it boots.
    pub platform: BootDescription,
}

impl TpmSetup {
    /// The TPM of the device called `name` in the world of `seed`, which begins at `epoch`; `None` when the profile is
    /// that of an empty socket. The platform is the one with that serial number and build of Windows.
    pub fn new(
        profile: &'static Profile,
        seed: u64,
        name: &str,
        epoch: Utc,
        serial: &str,
        build: &str,
    ) -> Option<Self> {
        if profile.generation == Generation::None {
            return None;
        }
        Some(Self {
            profile,
            seed: Stream::new(seed, &["tpm", name]).bytes(),
            manufactured: 0,
            platform: BootDescription {
                boot_loader_version: format!("10.0.{build}"),
                device: serial.as_bytes().to_vec(),
                ..BootDescription::default()
            },
        })
        .map(|setup| setup.made(epoch.plus_days(-AGE_DAYS)))
    }

    /// The same, made on that day.
    #[must_use]
    pub fn made(self, day: Utc) -> Self {
        Self { manufactured: u64::try_from(day.unix_seconds()).unwrap_or(0), ..self }
    }

    /// Makes it, without power. Keys and certificates come later, when somebody asks for them; the same setup makes the
    /// same TPM, so that a cloud may learn from a second one what the first one's maker knows.
    pub fn manufacture(&self) -> Tpm {
        let options = ManufactureOptions {
            manufactured: self.manufactured,
            ..ManufactureOptions::new(&self.seed, self.profile)
        };
        Tpm::manufacture(&options).expect("a profile without a TPM gives no setup")
    }
}
