//! What the attestation service trusts.

use serde::{Deserialize, Serialize};

/// The attestation service, and the vendors' endpoints that belong to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttestationSetup {
    /// CA certificates of TPM vendors: an endorsement key certificate has to lead to one of these roots. Nobody is trusted
    /// unless named here.
    pub vendor_cas: Vec<VendorCa>,
    /// Firmware with known vulnerabilities (SDM-021).
    pub vulnerable_firmware: Vec<VulnerableFirmware>,
    /// Endorsement key certificates that vendors serve (NET-012).
    pub ek_endpoints: Vec<EkEndpoint>,
}

/// A TPM vendor's root.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VendorCa {
    /// Name for people.
    pub name: String,
    /// The certificate: DER in base64.
    pub certificate: String,
    /// The vendor's issuing CAs, for TPMs that don't bring them along (the public bundle of TPM vendors' certificates has
    /// both): DER in base64.
    pub intermediates: Vec<String>,
}

/// A range of firmware versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VulnerableFirmware {
    /// The vendor's four letters, e.g. `IFX`.
    pub manufacturer: String,
    /// First vulnerable version; empty for none before.
    pub from: String,
    /// First version that is not vulnerable any more; empty when there is none yet.
    pub fixed_in: String,
}

/// One certificate at a vendor's endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EkEndpoint {
    /// Host, e.g. `ekop.intel.com`.
    pub host: String,
    /// Path and query, compared to the letter: they hold a hash of the key.
    pub path: String,
    /// Content type of the answer.
    pub content_type: String,
    /// The answer, base64: the certificate, or what the vendor wraps it in.
    pub body: String,
}
