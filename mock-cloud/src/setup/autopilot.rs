//! Registered devices and deployment profiles.

use serde::{Deserialize, Serialize};

/// What the Autopilot deployment service knows about a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutopilotSetup {
    /// Registered devices.
    pub devices: Vec<RegisteredDevice>,
    /// Deployment profiles, oldest first.
    pub profiles: Vec<ProfileSetup>,
}

/// A registered device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegisteredDevice {
    /// Hardware hash, base64: a device is registered by it (REG-001).
    pub hardware_hash: String,
    /// Serial number, as the upload says; empty takes the hash's.
    pub serial: String,
    /// Group tag.
    pub group_tag: String,
    /// User the device is assigned to.
    pub assigned_user: Option<String>,
    /// Profile assigned to it, by name. Without one the profile assigned to all devices is taken, if there is one.
    pub profile: Option<String>,
    /// Hardware was changed and the record awaits repair: no profile is delivered (REG-029).
    pub fix_pending: bool,
}

/// A deployment profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProfileSetup {
    /// Name.
    pub name: String,
    /// Deployment mode.
    pub mode: DeploymentMode,
    /// How devices join.
    pub join: JoinMethod,
    /// What OOBE shows and what it makes of the user.
    pub oobe: OobeSettings,
    /// Device name template; empty for none (PRO-008).
    pub name_template: String,
    /// `os-default` or a language tag.
    pub language: String,
    /// `os-default` or a region.
    pub region: String,
    /// Assigned to all devices: what a device without a profile of its own gets.
    pub assigned_to_all: bool,
}

impl Default for ProfileSetup {
    fn default() -> Self {
        Self {
            name: "Autopilot profile".into(),
            mode: DeploymentMode::UserDriven,
            join: JoinMethod::Entra,
            oobe: OobeSettings::default(),
            name_template: String::new(),
            language: "os-default".into(),
            region: "os-default".into(),
            assigned_to_all: true,
        }
    }
}

/// Deployment mode of a profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeploymentMode {
    /// A user signs in.
    #[default]
    UserDriven,
    /// The device is its own identity.
    SelfDeploying,
    /// A technician prepares it for a user.
    PreProvisioned,
}

impl DeploymentMode {
    /// The number in `AutopilotMode` (reference: protocols, E.2).
    pub const fn number(self) -> u32 {
        match self {
            Self::UserDriven => 0,
            Self::SelfDeploying => 1,
            Self::PreProvisioned => 2,
        }
    }
}

/// How a device joins (PRO-022).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JoinMethod {
    /// Entra join.
    #[default]
    Entra,
    /// Hybrid join.
    Hybrid,
}

/// Out-of-box experience settings (reference: protocols, E.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OobeSettings {
    /// The joining user is a standard user, not an administrator (PRO-004).
    pub standard_user: bool,
    /// Hide the privacy page.
    pub hide_privacy: bool,
    /// Hide the licence terms.
    pub hide_eula: bool,
    /// Skip the keyboard page (PRO-012).
    pub skip_keyboard: bool,
}

impl Default for OobeSettings {
    fn default() -> Self {
        Self { standard_user: true, hide_privacy: true, hide_eula: true, skip_keyboard: false }
    }
}

impl OobeSettings {
    /// `CloudAssignedOobeConfig` (PRO-019, PRO-020, PRO-021): base 8 + 256, and a bit for each setting.
    pub const fn bits(&self, mode: DeploymentMode) -> u32 {
        let mut bits = 8 + 256;
        if self.standard_user {
            bits += 2;
        }
        if self.hide_privacy {
            bits += 4;
        }
        if self.hide_eula {
            bits += 16;
        }
        if self.skip_keyboard {
            bits += 1024;
        }
        if matches!(mode, DeploymentMode::SelfDeploying) {
            bits += 32 + 64;
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_of_the_published_examples() {
        let all =
            OobeSettings { standard_user: true, hide_privacy: true, hide_eula: true, skip_keyboard: true };
        assert_eq!(all.bits(DeploymentMode::UserDriven), 1310);
        assert_eq!(OobeSettings::default().bits(DeploymentMode::UserDriven), 286);
        assert_eq!(OobeSettings::default().bits(DeploymentMode::SelfDeploying), 286 + 96);
    }
}
