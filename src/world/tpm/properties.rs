//! Who the TPM is, and how it is.

use oobe_agent::tpm::{TpmError, TpmProperties, TpmReply};
use tpm2_protocol::basic::TpmUint32;
use tpm2_protocol::data::{TpmCap, TpmPt, TpmRc, TpmRcBase, TpmuCapabilities};
use tpm2_protocol::frame::{
    TpmGetCapabilityCommand, TpmGetCapabilityResponse, TpmGetTestResultCommand, TpmGetTestResultResponse,
};

use super::conversation::Conversation;

/// Fixed properties from TPM_PT_FAMILY_INDICATOR to TPM_PT_FIRMWARE_VERSION_2.
const FIXED: u32 = 13;
/// TPMA_PERMANENT.inLockout.
const IN_LOCKOUT: u32 = 1 << 9;
/// Hypervisors (TCG Vendor ID Registry): Hyper-V; VMware; libtpms, the TPM of swtpm, which has its first author's.
const HYPERVISORS: [&str; 3] = ["MSFT", "VMW", "IBM"];

/// Reads them.
pub(super) fn read(tpm: &mut Conversation<'_>) -> Result<TpmReply, TpmError> {
    let fixed = properties(tpm, TpmPt::FamilyIndicator, FIXED)?;
    let value =
        |wanted: TpmPt| fixed.iter().find(|(property, _)| *property == wanted).map_or(0, |(_, value)| *value);
    let permanent = properties(tpm, TpmPt::Permanent, 1)?;
    let reduced = failed_its_tests(tpm)?;
    let manufacturer = text(value(TpmPt::Manufacturer));
    let firmware = [value(TpmPt::FirmwareVersion1), value(TpmPt::FirmwareVersion2)];
    Ok(TpmReply::Properties(TpmProperties {
        family: text(value(TpmPt::FamilyIndicator)),
        is_virtual: HYPERVISORS.contains(&manufacturer.as_str()),
        manufacturer,
        firmware: version(firmware),
        locked_out: permanent
            .iter()
            .any(|(property, value)| *property == TpmPt::Permanent && value & IN_LOCKOUT != 0),
        reduced,
    }))
}

fn properties(tpm: &mut Conversation<'_>, first: TpmPt, count: u32) -> Result<Vec<(TpmPt, u32)>, TpmError> {
    let ask = TpmGetCapabilityCommand {
        handles: [],
        cap: TpmCap::TpmProperties,
        property: TpmUint32::new(first.value()),
        property_count: TpmUint32::new(count),
    };
    let answer: TpmGetCapabilityResponse = tpm.run(&ask, &[])?;
    Ok(match answer.capability_data.data {
        TpmuCapabilities::TpmProperties(list) => list.iter().map(|p| (p.property, p.value.value())).collect(),
        _ => Vec::new(),
    })
}

/// Failure mode (Part 1, 12.3.3) is what Windows calls reduced functionality here (SDM-025): the TPM tells who it is, and
/// does nothing else.
fn failed_its_tests(tpm: &mut Conversation<'_>) -> Result<bool, TpmError> {
    let ask = TpmGetTestResultCommand { handles: [] };
    match tpm.run::<_, TpmGetTestResultResponse>(&ask, &[]) {
        Ok(answer) => Ok(answer.test_result == TpmRc::Fmt0(TpmRcBase::Failure)),
        Err(TpmError::Code(_)) => Ok(true),
        Err(other) => Err(other),
    }
}

/// A version of firmware, as vendors print it: TPM_PT_FIRMWARE_VERSION_1 and 2.
pub(super) fn version(firmware: [u32; 2]) -> String {
    firmware.map(|half| format!("{}.{}", half >> 16, half & 0xffff)).join(".")
}

/// Four characters of a property: blanks and zeros at the end fill up.
pub(super) fn text(value: u32) -> String {
    value.to_be_bytes().map(char::from).iter().collect::<String>().trim_end_matches(['\0', ' ']).to_owned()
}
