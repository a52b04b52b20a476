//! Policies and certificates that a tenant assigns.

use serde::{Deserialize, Serialize};

/// Whether something belongs to the device or to its user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The device.
    #[default]
    Device,
    /// The user.
    User,
}

impl Scope {
    /// How a LocURI of this scope begins.
    pub const fn root(self) -> &'static str {
        match self {
            Self::Device => "./Device",
            Self::User => "./User",
        }
    }
}

/// A setting of the Policy CSP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicySetup {
    /// Whose.
    pub scope: Scope,
    /// Area, e.g. `DeviceLock`.
    pub area: String,
    /// Name, e.g. `MinDevicePasswordLength`.
    pub name: String,
    /// Value.
    pub value: String,
    /// Format: `int`, `chr`, `bool`, ...
    pub format: String,
}

impl Default for PolicySetup {
    fn default() -> Self {
        Self {
            scope: Scope::Device,
            area: String::new(),
            name: String::new(),
            value: String::new(),
            format: "int".into(),
        }
    }
}

/// A certificate profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CertificateSetup {
    /// Name: the common name of a root; the container of a PFX.
    pub name: String,
    /// Whose.
    pub scope: Scope,
    /// What.
    pub kind: CertificateKind,
}

/// What a certificate profile delivers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateKind {
    /// A root for the trusted store.
    #[default]
    TrustedRoot,
    /// A certificate with its key, as PKCS#12.
    Pfx,
}
