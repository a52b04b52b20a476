//! Dictionary attack protection (part 3, chapter 25).

use crate::Tpm;
use crate::command::Call;
use crate::rc::Rc;

/// TPM2_DictionaryAttackLockReset.
pub fn lock_reset(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    tpm.state.da.failed_tries = 0;
    Ok(())
}

/// TPM2_DictionaryAttackParameters.
pub fn parameters(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let max_tries = call.params.read()?;
    let recovery_time = call.params.read()?;
    let lockout_recovery = call.params.read()?;
    call.params.finish()?;
    let da = &mut tpm.state.da;
    (da.max_tries, da.recovery_time, da.lockout_recovery) = (max_tries, recovery_time, lockout_recovery);
    da.healed_at = tpm.state.clock.time;
    Ok(())
}
