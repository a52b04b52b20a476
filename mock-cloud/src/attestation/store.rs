//! What the attestation service trusts, and what it has given out and must know again.

use std::collections::BTreeMap;

use oobe_wire::encoding::base64_decode;
use oobe_wire::ids::Guid;
use oobe_wire::time::Utc;
use oobe_wire::tpm::TpmIdentity;
use oobe_wire::x509::parse_certificate;
use serde::{Deserialize, Serialize};

use crate::setup::{AttestationSetup, EkEndpoint, SetupError, VulnerableFirmware};

/// How long a challenge and the nonce of a certification are good for, minutes (MOD-018).
pub(super) const CHALLENGE_MINUTES: i64 = 10;
/// How long what is used up or expired is remembered, minutes, so that its reuse is called by its name.
const MEMORY_MINUTES: i64 = 60;

/// The service's part of the state.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attestation {
    /// Trusted roots of TPM vendors, DER.
    pub(crate) roots: Vec<Vec<u8>>,
    /// The vendors' issuing CAs, DER.
    pub(crate) intermediates: Vec<Vec<u8>>,
    pub(crate) vulnerable: Vec<VulnerableFirmware>,
    pub(crate) endpoints: Vec<EkEndpoint>,
    /// Runs under way, by request id.
    pub(super) challenges: BTreeMap<Guid, Challenge>,
    /// Attestation keys that were certified, by the thumbprint of the key (RFC 7638).
    pub(super) keys: BTreeMap<String, CertifiedAik>,
    /// Device tokens that were given out, by their id.
    pub(crate) tokens: BTreeMap<Guid, DeviceToken>,
}

/// A challenge: what the first request showed, and what the second has to answer.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Challenge {
    pub(super) tenant: Guid,
    pub(super) registration: Guid,
    /// TPMT_PUBLIC of the AIK.
    pub(super) aik_public: Vec<u8>,
    pub(super) tpm: TpmIdentity,
    pub(super) secret: [u8; 32],
    pub(super) nonce: [u8; 32],
    pub(super) issued: Utc,
    pub(super) used: bool,
}

impl std::fmt::Debug for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Challenge").field("registration", &self.registration).finish_non_exhaustive()
    }
}

/// An attestation key that was certified.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CertifiedAik {
    pub(super) tenant: Guid,
    pub(super) registration: Guid,
    /// Nonce of the certification that is to come.
    pub(super) nonce: [u8; 32],
    pub(super) issued: Utc,
    pub(super) used: bool,
}

/// A device token that was given out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DeviceToken {
    pub(crate) registration: Guid,
    pub(crate) issued: Utc,
    pub(crate) used: bool,
}

/// Whether something given out at `issued` is still good.
pub(super) fn fresh(issued: Utc, now: Utc) -> bool {
    now <= issued.plus_seconds(CHALLENGE_MINUTES * 60)
}

impl Attestation {
    pub(crate) fn new(setup: AttestationSetup) -> Result<Self, SetupError> {
        let mut attestation = Self { endpoints: setup.ek_endpoints, ..Self::default() };
        for ca in setup.vendor_cas {
            let readable =
                |text: &String| ca_certificate(text).ok_or_else(|| SetupError::VendorCa(ca.name.clone()));
            attestation.roots.push(readable(&ca.certificate)?);
            for intermediate in &ca.intermediates {
                attestation.intermediates.push(readable(intermediate)?);
            }
        }
        for firmware in setup.vulnerable_firmware {
            for text in [&firmware.from, &firmware.fixed_in] {
                if !text.is_empty() && version(text).is_none() {
                    return Err(SetupError::FirmwareVersion(text.clone()));
                }
            }
            attestation.vulnerable.push(firmware);
        }
        Ok(attestation)
    }

    /// Forgets what is long past.
    pub(super) fn tidy(&mut self, now: Utc) {
        let remembered = |issued: Utc| now <= issued.plus_seconds(MEMORY_MINUTES * 60);
        self.challenges.retain(|_, c| remembered(c.issued));
        self.tokens.retain(|_, t| remembered(t.issued));
    }

    /// The entry of the list that a firmware version is on.
    pub(super) fn vulnerability(&self, manufacturer: &str, firmware: &str) -> Option<&VulnerableFirmware> {
        let has = version(firmware);
        let trim = |text: &str| text.trim_matches(['\0', ' ']).to_ascii_uppercase();
        self.vulnerable.iter().filter(|entry| trim(&entry.manufacturer) == trim(manufacturer)).find(|entry| {
            let from = version(&entry.from).unwrap_or_default();
            let fixed = version(&entry.fixed_in);
            // A version that cannot be read is none that is known to be mended.
            has.as_ref().is_none_or(|has| *has >= from && fixed.is_none_or(|fixed| *has < fixed))
        })
    }
}

/// A CA certificate in base64.
fn ca_certificate(text: &str) -> Option<Vec<u8>> {
    let der = base64_decode(text).ok()?;
    parse_certificate(&der).ok().filter(|certificate| certificate.is_ca).map(|c| c.der)
}

/// `7.63.3353.0`, part by part.
fn version(text: &str) -> Option<Vec<u32>> {
    text.trim().split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_firmware_is_vulnerable_from_its_first_bad_version_until_the_mended_one() {
        let entry = VulnerableFirmware {
            manufacturer: "IFX".into(),
            from: "7.0".into(),
            fixed_in: "7.63.3353.0".into(),
        };
        let attestation = Attestation { vulnerable: vec![entry], ..Attestation::default() };
        let hit = |manufacturer, firmware| attestation.vulnerability(manufacturer, firmware).is_some();
        assert!(hit("IFX", "7.62.3126.0") && hit("ifx\0", "7.0") && hit("IFX", "unreadable"));
        assert!(!hit("IFX", "7.63.3353.0") && !hit("IFX", "5.63.3144.0") && !hit("INTC", "7.62.3126.0"));
    }
}
