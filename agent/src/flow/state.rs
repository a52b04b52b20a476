//! Where a device stands in its out-of-box experience.

use serde::{Deserialize, Serialize};

use crate::esp::{Phase, Step};

/// The step a device is in. What it shows follows from it, and so does what it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Switched off.
    Off,
    /// Firmware and Windows start; the boot timer runs.
    Booting,
    /// `oobe.recovery`: restarted too often, all options on one page, no Autopilot (OOB-008).
    Recovery,
    /// `oobe.region`.
    Region,
    /// `oobe.keyboard`.
    Keyboard,
    /// `oobe.keyboard2`.
    SecondKeyboard,
    /// `oobe.network`: waits for a link, then for Next.
    Network,
    /// `oobe.checking`: is there internet?
    Probing,
    /// `oobe.checking`: the profile is asked for.
    FetchingProfile,
    /// `oobe.checking`: critical updates.
    CheckingUpdates,
    /// `oobe.eula`.
    Eula,
    /// `plain.personal-or-work`: only without a profile (OOB-002).
    PersonalOrWork,
    /// `entra.signin` or `plain.account`: the user name.
    SignInName,
    /// `entra.password`: the password.
    SignInPassword,
    /// The sign-in is being checked with Entra ID.
    SigningIn,
    /// `entra.wrong-org`: TenantMatched = 0.
    WrongOrganization,
    /// The device is being joined to Entra ID.
    Joining,
    /// The device is being enrolled into MDM.
    Enrolling,
    /// `entra.error`: sign-in, join or enrolment failed.
    SetupError,
    /// `preprov.options`: the Windows key was pressed five times (PRE-001).
    Options,
    /// `preprov.info` (PRE-002).
    Information,
    /// `preprov.info`, while the profile is asked for again (PRE-003).
    Refreshing,
    /// `preprov.restart`: the device gets its name (PRE-005).
    Provisioning,
    /// `preprov.success`: the green page (PRE-007).
    Resealable,
    /// `esp.device-prep` before there is a management: the device takes this step of Device preparation by itself.
    Preparing(Step),
    /// `esp.error`: that step failed.
    PreparingFailed(Step),
    /// The first management session decides whether there is an ESP (ESS-021).
    AwaitingEspDecision,
    /// A phase of the Enrollment Status Page runs.
    Esp(Phase),
    /// `esp.error`: a phase failed.
    EspFailed(Phase),
    /// `oobe.privacy`.
    Privacy,
    /// First sign-in animation, with the credentials that were kept (USR-005).
    AutoSignOn,
    /// `winlogon.signin`: the user has to type the credentials.
    SignOn(SignOnFor),
    /// What was typed at Windows sign-on is being checked.
    SigningOn(SignOnFor),
    /// `desktop`.
    Desktop,
}

/// What a Windows sign-on leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignOnFor {
    /// Account setup, because a restart lost the credentials (USR-004).
    AccountSetup,
    /// Account setup of the first user of a device that deployed itself: anybody of the organization (SDM-014).
    FirstUser,
    /// The desktop of a device that is done.
    Desktop,
}

/// Who deploys the device: decides whether somebody signs in, or the TPM vouches for the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deployment {
    /// A user, who signs in and joins it.
    #[default]
    UserDriven,
    /// Nobody (PRO-001).
    SelfDeploying,
    /// A technician, for a user who comes later (PRE-006).
    Technician,
    /// A technician did; its user has not come yet (PRE-008).
    Resealed,
}

impl Deployment {
    /// Whether the device joins by itself, with what its TPM proved.
    pub const fn is_by_device(self) -> bool {
        matches!(self, Self::SelfDeploying | Self::Technician)
    }
}

/// How the device came to be managed; decides where a start leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// The out-of-box experience.
    Oobe,
    /// Straight into enrolment with a server that the user named.
    Enroll,
}

/// What the profile says about pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct ProfileTraits {
    /// Region and keyboard pages are preset.
    pub hides_region: bool,
    /// License terms are hidden (bit 16).
    pub hides_eula: bool,
    /// Privacy settings are hidden (bit 4).
    pub hides_privacy: bool,
    /// Nobody signs in: the TPM is attested and the device joins by itself (bits 32 and 64; PRO-021).
    #[serde(default)]
    pub self_deploying: bool,
}

/// What survives a restart and a power cut: it is part of the disk (design, rule 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Kept {
    /// OOBE starts since the last clean one (registry, UserOOBE).
    pub starts: u8,
    /// The profile on disk, if there is one.
    pub profile: Option<ProfileTraits>,
    /// Who deploys the device, once a profile said so.
    #[serde(default)]
    pub deployment: Deployment,
    /// The device is joined to Entra ID.
    pub joined: bool,
    /// The device is enrolled into MDM.
    pub enrolled: bool,
    /// What the first session decided: pages for the device part and the user part.
    pub esp: Option<(bool, bool)>,
    /// Device preparation is complete.
    pub preparation_done: bool,
    /// Device setup is complete.
    pub device_setup_done: bool,
    /// Account setup is complete or was left.
    pub account_setup_done: bool,
    /// The out-of-box experience is over.
    pub finished: bool,
}

impl Kept {
    /// A disk that was never started.
    pub const FRESH: Self = Self {
        starts: 0,
        profile: None,
        deployment: Deployment::UserDriven,
        joined: false,
        enrolled: false,
        esp: None,
        preparation_done: false,
        device_setup_done: false,
        account_setup_done: false,
        finished: false,
    };
}

/// The reducer's state. Everything outside [`Kept`] is memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Flow {
    /// How the device came to be managed.
    pub start: Start,
    /// Current step.
    pub stage: Stage,
    /// What is on disk.
    pub kept: Kept,
    /// Whether there is a link.
    pub link: bool,
    /// Region and keyboard were answered since power-on.
    pub region_answered: bool,
    /// License terms were answered since power-on.
    pub eula_answered: bool,
    /// The service said that there is no profile: plain OOBE until the next start (NET-003).
    pub plain: bool,
    /// The user's credentials are in memory: lost on every restart.
    pub credentials: bool,
}

impl Flow {
    /// A device that is switched off.
    pub const fn new(start: Start, kept: Kept) -> Self {
        Self {
            start,
            stage: Stage::Off,
            kept,
            link: false,
            region_answered: false,
            eula_answered: false,
            plain: false,
            credentials: false,
        }
    }

    /// OOBE starts after which it goes into recovery mode (OOB-008 gives no number; ours).
    pub const TOO_MANY_STARTS: u8 = 12;
}
