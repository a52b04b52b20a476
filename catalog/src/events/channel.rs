//! Event logs.

use std::fmt;
use std::str::FromStr;

/// An event log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// ModernDeployment-Diagnostics-Provider/Autopilot.
    Autopilot,
    /// ModernDeployment-Diagnostics-Provider/ManagementService.
    Management,
    /// DeviceManagement-Enterprise-Diagnostics-Provider/Admin.
    Mdm,
    /// User Device Registration/Admin.
    Udr,
    /// Shell-Core/Operational.
    Shell,
    /// HelloForBusiness/Operational.
    Hello,
    /// PushNotifications-Platform/Operational.
    Push,
    /// The log of the connector service, on its server.
    Odj,
}

impl Channel {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Autopilot,
        Self::Management,
        Self::Mdm,
        Self::Udr,
        Self::Shell,
        Self::Hello,
        Self::Push,
        Self::Odj,
    ];

    /// The short name that consts begin with, in lower case.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Autopilot => "autopilot",
            Self::Management => "management",
            Self::Mdm => "mdm",
            Self::Udr => "udr",
            Self::Shell => "shell",
            Self::Hello => "hello",
            Self::Push => "push",
            Self::Odj => "odj",
        }
    }

    /// The provider.
    pub const fn provider(self) -> &'static str {
        match self {
            Self::Autopilot | Self::Management => "Microsoft-Windows-ModernDeployment-Diagnostics-Provider",
            Self::Mdm => "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider",
            Self::Udr => "Microsoft-Windows-User Device Registration",
            Self::Shell => "Microsoft-Windows-Shell-Core",
            Self::Hello => "Microsoft-Windows-HelloForBusiness",
            Self::Push => "Microsoft-Windows-PushNotifications-Platform",
            Self::Odj => "Microsoft-Intune-ODJConnectorService",
        }
    }

    /// The log below the provider.
    pub const fn log(self) -> &'static str {
        match self {
            Self::Autopilot => "Autopilot",
            Self::Management => "ManagementService",
            Self::Mdm | Self::Udr => "Admin",
            Self::Shell | Self::Hello | Self::Push | Self::Odj => "Operational",
        }
    }

    /// The full name: provider, slash, log.
    pub fn full(self) -> String {
        format!("{}/{}", self.provider(), self.log())
    }

    /// The GUID of the provider, where it is public.
    pub const fn guid(self) -> Option<&'static str> {
        match self {
            Self::Autopilot | Self::Management => Some("bab3ad92-fb96-5902-450b-b8421bdec7bd"),
            Self::Mdm => Some("3da494e4-0fe2-415c-b895-fb5265c5c83b"),
            Self::Udr => Some("23b8d46b-67dd-40a3-b636-d43e50552c6d"),
            Self::Shell | Self::Hello | Self::Push | Self::Odj => None,
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

impl FromStr for Channel {
    type Err = ();

    /// The short or the full name, whatever the case.
    fn from_str(text: &str) -> Result<Self, ()> {
        let is = |c: &Self| c.short().eq_ignore_ascii_case(text) || c.full().eq_ignore_ascii_case(text);
        Self::ALL.into_iter().find(is).ok_or(())
    }
}
