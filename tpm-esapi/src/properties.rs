//! Who the TPM is, and how it is.

use oobe_agent::tpm::{TpmError, TpmProperties, TpmReply};
use tss_esapi::constants::PropertyTag;

use crate::EsapiTpm;

/// TPMA_PERMANENT.inLockout.
const IN_LOCKOUT: u32 = 1 << 9;

impl EsapiTpm {
    pub(crate) fn properties(&mut self) -> Result<TpmReply, TpmError> {
        let mut ask = |tag| {
            let value = self.call("TPM2_GetCapability", |context| context.get_tpm_property(tag))?;
            Ok::<u32, TpmError>(value.unwrap_or_default())
        };
        let manufacturer = text(ask(PropertyTag::Manufacturer)?);
        let firmware = [ask(PropertyTag::FirmwareVersion1)?, ask(PropertyTag::FirmwareVersion2)?];
        let family = text(ask(PropertyTag::FamilyIndicator)?);
        let permanent = ask(PropertyTag::Permanent)?;
        let tested = self.call("TPM2_GetTestResult", tss_esapi::Context::get_test_result)?;
        Ok(TpmReply::Properties(TpmProperties {
            family,
            is_virtual: ["MSFT", "VMW"].contains(&manufacturer.as_str()),
            manufacturer,
            firmware: firmware.map(|half| format!("{}.{}", half >> 16, half & 0xffff)).join("."),
            locked_out: permanent & IN_LOCKOUT != 0,
            reduced: tested.1.is_err(),
        }))
    }
}

fn text(value: u32) -> String {
    value.to_be_bytes().map(char::from).iter().collect::<String>().trim_end_matches(['\0', ' ']).to_owned()
}
