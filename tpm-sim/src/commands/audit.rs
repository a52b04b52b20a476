//! Command audit (part 3, chapter 21).

use crate::Tpm;
use crate::command::{self, Call};
use crate::crypto::HashAlg;
use crate::params::list;
use crate::rc::Rc;
use tpm2_protocol::data::TpmCc;

/// Most command codes in a TPML_CC: MAX_CAP_CC.
const MAX_CODES: usize = 254;

/// TPM2_SetCommandCodeAuditStatus: another hash, or other commands.
pub fn set_command_code_audit_status(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let hash: Option<HashAlg> = call.params.read()?;
    let set: Vec<u32> = call.params.read_with(|buf| list(buf, MAX_CODES))?;
    let clear: Vec<u32> = call.params.read_with(|buf| list(buf, MAX_CODES))?;
    call.params.finish()?;
    let audit = &mut tpm.state.audit;
    if let Some(hash) = hash
        && hash != audit.alg
    {
        if !set.is_empty() || !clear.is_empty() {
            return Err(Rc::VALUE.param(1));
        }
        audit.change_hash(hash);
        return Ok(());
    }
    // This command is always audited, Shutdown never.
    let auditable = |code: &u32| command::find(*code).is_some() && *code != TpmCc::Shutdown.value();
    audit.commands.extend(set.iter().filter(|code| auditable(code)));
    for code in clear.iter().filter(|code| **code != TpmCc::SetCommandCodeAuditStatus.value()) {
        audit.commands.remove(code);
    }
    Ok(())
}
