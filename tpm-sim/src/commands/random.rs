//! Random numbers (part 3, chapter 16).

use crate::Tpm;
use crate::command::Call;
use crate::crypto::HashAlg;
use crate::params::take_2b;
use crate::rc::Rc;

/// TPM2_GetRandom: at most as many bytes as the largest digest has.
pub fn get_random(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let requested = usize::from(call.params.read::<u16>()?);
    call.params.finish()?;
    let bytes = tpm.state.rng.bytes(requested.min(HashAlg::MAX_SIZE));
    call.out.put_2b(&bytes);
    Ok(())
}

/// TPM2_StirRandom.
pub fn stir_random(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let data = call.params.read_with(|buf| Ok(take_2b(buf, 128)?.to_vec()))?;
    call.params.finish()?;
    tpm.state.rng.stir(&data);
    Ok(())
}
