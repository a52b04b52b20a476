//! Shapes that are ours, because the real ones are not public (reference: protocols, H). Versioned, and called
//! *model* wherever they show: MOD-001 (profile), MOD-007 (device credential), MOD-003 (application package).

use serde::{Deserialize, Serialize};

use crate::ids::Guid;

/// MOD-007. `POST https://login.live.com/ppsecure/deviceaddcredential.srf`, JSON here. The real exchange is SOAP whose
/// bodies are not public; what it achieves is this: the service learns the hardware, the device gets a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceCredentialRequest {
    /// Always 1.
    pub model_version: u32,
    /// Hardware hash, base64.
    pub hardware_hash: String,
}

/// MOD-007. The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceCredentialReply {
    /// Device PUID, 16 hex digits, begins with `0018`.
    pub device_puid: String,
    /// Opaque ticket, goes into `x-device-token` and, base64, into the join attribute `MSA-DDID`.
    pub device_ticket: String,
}

/// MOD-001. `POST https://ztd.dds.microsoft.com/ztd/v1/profile` with header `x-device-token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileRequest {
    /// Always 1.
    pub model_version: u32,
    /// Windows build, `10.0.26100.4061`.
    pub os_version: String,
}

/// MOD-001. Answer when there is no profile: HTTP 200 with the service's own code (807, 809, 815, 908).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProfileRefusal {
    /// Code as the event log prints it.
    pub error_code: u32,
    /// Name, e.g. `ZtdDeviceIsNotRegistered`.
    pub error_reason: String,
}

/// The Autopilot profile as the device caches it. The keys are those of the published file format (reference:
/// protocols, E.2); the request that fetches it is MOD-001.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AutopilotProfile {
    /// Tenant id.
    pub cloud_assigned_tenant_id: Guid,
    /// Tenant domain, e.g. `contoso.onmicrosoft.com`.
    pub cloud_assigned_tenant_domain: String,
    /// User the device is assigned to; empty for none.
    #[serde(default)]
    pub cloud_assigned_tenant_upn: String,
    /// Bit mask of OOBE settings (PRO-019, PRO-020).
    pub cloud_assigned_oobe_config: u32,
    /// 0 Entra join, 1 hybrid join.
    pub cloud_assigned_domain_join_method: u32,
    /// 1: the user can't skip.
    pub cloud_assigned_forced_enrollment: u32,
    /// Name template, e.g. `PC-%SERIAL%`; empty for none (PRO-008).
    #[serde(default)]
    pub cloud_assigned_device_name: String,
    /// `os-default` or a tag.
    #[serde(default)]
    pub cloud_assigned_language: String,
    /// `os-default` or a region.
    #[serde(default)]
    pub cloud_assigned_region: String,
    /// MDM application id.
    #[serde(default)]
    pub cloud_assigned_mdm_id: String,
    /// Registration id, goes into the enrolment as `ZeroTouchProvisioning`.
    pub ztd_registration_id: Guid,
    /// The pre-created Entra device object.
    pub aad_device_id: Guid,
    /// Profile name.
    pub deployment_profile_name: String,
    /// Organization, for the branded page (the real one comes from Entra's branding; model).
    #[serde(default)]
    pub organization_name: String,
    /// Text below the sign-in box (model, as above).
    #[serde(default)]
    pub sign_in_text: String,
    /// 0 user-driven, 1 self-deploying, 2 pre-provisioned.
    #[serde(default)]
    pub autopilot_mode: u32,
    /// When it was handed out, RFC 3339.
    #[serde(default)]
    pub policy_download_date: String,
}

/// MOD-003. What an application package holds in place of a real installer: how it behaves when it is run. It is a
/// real file: downloaded, hashed, decrypted like any other; only its inside is ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageManifest {
    /// Always 1; marks the file.
    pub oobe_model_package: u32,
    /// Name for people.
    pub name: String,
    /// How long the installer runs, in milliseconds.
    pub runs_ms: u64,
    /// It never ends by itself.
    #[serde(default)]
    pub hangs: bool,
    /// Exit code (0, 1707, 3010, 1641, 1618, ...).
    #[serde(default)]
    pub exit_code: u32,
    /// What is on the disk afterwards: file paths and MSI product codes, for detection rules to find.
    #[serde(default)]
    pub leaves: Vec<String>,
    /// How much there is to download, in bytes: the file itself is small, the time is that of this size.
    pub size: u64,
}

impl PackageManifest {
    /// Reads a package; `None` when the file is not one of ours (a real installer).
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let manifest: Self = serde_json::from_slice(bytes).ok()?;
        (manifest.oobe_model_package == 1).then_some(manifest)
    }

    /// Writes a package.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a manifest has only strings and numbers, which always serialise")
    }
}

/// MOD-003. A detection rule of a Win32 app, one of the documented kinds. The side-car's own JSON is not public; this
/// is what stands in `DetectionRule` (a JSON string) of an app object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum DetectionRule {
    /// A file or folder is there.
    File {
        /// Full path.
        path: String,
    },
    /// An MSI product is installed.
    Msi {
        /// Product code with braces.
        product_code: String,
    },
}
