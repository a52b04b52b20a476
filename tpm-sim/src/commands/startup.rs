//! Start-up and shutdown (part 3, chapter 9).

use crate::Tpm;
use crate::command::Call;
use crate::rc::Rc;
use crate::state::Shutdown;
use crate::state::pcr::StartKind;

const SU_CLEAR: u16 = 0;
const SU_STATE: u16 = 1;

/// TPM_SU: TPM_RC_VALUE for anything else.
fn startup_type(call: &mut Call) -> Result<u16, Rc> {
    call.params.read_with(|buf| match crate::params::Param::read(buf)? {
        su @ (SU_CLEAR | SU_STATE) => Ok(su),
        _ => Err(Rc::VALUE),
    })
}

/// TPM2_Startup.
pub fn startup(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let su = startup_type(call)?;
    call.params.finish()?;
    // The static root of trust starts the TPM at locality 0 or 3, hardware that measures it at 4.
    if !matches!(tpm.state.locality, 0 | 3 | 4) {
        return Err(Rc::LOCALITY);
    }
    let kind = match (su, tpm.state.shutdown) {
        (SU_STATE, Shutdown::State) => StartKind::Resume,
        (SU_STATE, _) => return Err(Rc::VALUE.param(1)),
        (_, Shutdown::State) => StartKind::Restart,
        _ => StartKind::Reset,
    };
    tpm.state.start(kind);
    Ok(())
}

/// TPM2_Shutdown.
pub fn shutdown(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let su = startup_type(call)?;
    call.params.finish()?;
    if su == SU_STATE && tpm.state.pcr.is_reallocating() {
        return Err(Rc::TYPE.param(1));
    }
    tpm.state.nv.shutdown();
    if su == SU_STATE {
        tpm.state.pcr.save();
    }
    tpm.state.clock.saved = tpm.state.clock.clock;
    tpm.state.shutdown = if su == SU_STATE { Shutdown::State } else { Shutdown::Clear };
    Ok(())
}
