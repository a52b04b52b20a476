//! Starting the TPM, as the platform's firmware does: TPM2_Startup, and the measured boot.

use oobe_agent::tpm::TpmError;
use tpm_sim::crypto::HashAlg;
use tpm_sim::manufacture::measured_boot::{BootDescription, measure};
use tpm2_protocol::basic::TpmUint32;
use tpm2_protocol::data::{TpmAlgId, TpmCap, TpmSu, TpmuCapabilities};
use tpm2_protocol::frame::{
    TpmGetCapabilityCommand, TpmGetCapabilityResponse, TpmShutdownCommand, TpmShutdownResponse,
    TpmStartupCommand, TpmStartupResponse,
};

use super::conversation::Conversation;

/// Starts the TPM. One that refuses (failure mode) is left as it is: it says so again to whoever asks it for something.
pub(super) fn start(tpm: &mut Conversation<'_>) -> Result<(), TpmError> {
    let startup = TpmStartupCommand { handles: [], startup_type: TpmSu::Clear };
    match tpm.run::<_, TpmStartupResponse>(&startup, &[]) {
        Ok(_) | Err(TpmError::Code(_) | TpmError::Tpm12) => Ok(()),
        Err(other) => Err(other),
    }
}

/// Tells the TPM that its power will go: what Windows does before it restarts.
pub(super) fn shut_down(tpm: &mut Conversation<'_>) {
    let shutdown = TpmShutdownCommand { handles: [], shutdown_type: TpmSu::Clear };
    // An unorderly stop costs nothing that anybody here would miss.
    let _: Result<TpmShutdownResponse, TpmError> = tpm.run(&shutdown, &[]);
}

/// Extends what firmware and boot loader measure into every bank that the TPM has, and gives the log of it.
pub(super) fn measure_boot(
    tpm: &mut Conversation<'_>,
    platform: &BootDescription,
) -> Result<Vec<u8>, TpmError> {
    let log = measure(platform, &banks(tpm)?);
    for command in log.extend_commands() {
        tpm.run_bytes("TPM2_PCR_Extend", &command)?;
    }
    Ok(log.to_bytes())
}

/// The banks that are switched on, of those whose hash this program knows.
fn banks(tpm: &mut Conversation<'_>) -> Result<Vec<HashAlg>, TpmError> {
    let ask = TpmGetCapabilityCommand {
        handles: [],
        cap: TpmCap::Pcrs,
        property: TpmUint32::new(0),
        property_count: TpmUint32::new(1),
    };
    let answer: TpmGetCapabilityResponse = tpm.run(&ask, &[])?;
    let TpmuCapabilities::Pcrs(list) = answer.capability_data.data else { return Ok(Vec::new()) };
    let on = list.iter().filter(|bank| bank.pcr_select.iter().any(|registers| *registers != 0));
    Ok(on
        .filter_map(|bank| match bank.hash {
            TpmAlgId::Sha1 => Some(HashAlg::Sha1),
            TpmAlgId::Sha256 => Some(HashAlg::Sha256),
            TpmAlgId::Sha384 => Some(HashAlg::Sha384),
            _ => None,
        })
        .collect())
}
