//! The TPM as the device sees it: typed commands and typed replies, no bytes. An adapter of the program turns them
//! into TPM 2.0 commands for the software TPM, a TCP simulator or a real chip.
//!
//! User-driven mode needs no TPM (USR-011): it only looks whether there is one, to know where keys can live.

use serde::{Deserialize, Serialize};

/// One thing asked of the TPM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum TpmCommand {
    /// Who are you (TPM2_GetCapability, TPM_CAP_TPM_PROPERTIES).
    GetProperties,
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum TpmReply {
    /// Answer to [`TpmCommand::GetProperties`].
    Properties(TpmProperties),
}

/// The fixed properties of a TPM that provisioning looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TpmProperties {
    /// Specification family, `2.0`.
    pub family: String,
    /// Four-letter vendor id, e.g. `INTC`.
    pub manufacturer: String,
    /// Firmware version as the vendor prints it.
    pub firmware: String,
}

/// Why the TPM gives no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TpmError {
    /// There is no TPM, or it is switched off.
    #[error("this device has no TPM")]
    Absent,
}
