//! Clocks and timers (part 3, chapter 29).

use crate::Tpm;
use crate::command::Call;
use crate::params::Param;
use crate::rc::Rc;

/// Clock can't be set beyond this, so that it can't run over in the life of a TPM.
const CLOCK_MAX: u64 = 0xffff_0000_0000_0000;

/// TPM2_ReadClock.
pub fn read_clock(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    call.out.put(&tpm.state.clock.time_info());
    Ok(())
}

/// TPM2_ClockSet: forward only.
pub fn clock_set(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let time: u64 = call.params.read()?;
    call.params.finish()?;
    if time > CLOCK_MAX || time < tpm.state.clock.clock {
        return Err(Rc::VALUE.param(1));
    }
    tpm.state.clock.set(time);
    Ok(())
}

/// TPM2_ClockRateAdjust.
pub fn clock_rate_adjust(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    // TPM_CLOCK_ADJUST: three sizes of step, slower or faster.
    let step = call.params.read_with(|buf| match i8::read(buf)? {
        step @ -3..=3 => Ok(step),
        _ => Err(Rc::VALUE),
    })?;
    call.params.finish()?;
    tpm.state.clock.adjust_rate(step);
    Ok(())
}
