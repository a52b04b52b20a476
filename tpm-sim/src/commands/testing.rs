//! Self-test (part 3, chapter 10). Nothing here can be broken in a way that a test of itself would find, so every test
//! passes at once.

use crate::Tpm;
use crate::command::Call;
use crate::params::{self, alg};
use crate::rc::Rc;

/// TPM2_SelfTest.
pub fn self_test(_tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let _full: bool = call.params.read()?;
    call.params.finish()
}

/// An algorithm that is to be tested: read, and of no further interest.
struct Alg;

impl params::Param for Alg {
    fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
        alg(buf, Rc::VALUE).map(|_| Self)
    }
}

/// TPM2_IncrementalSelfTest: nothing is left to be tested.
pub fn incremental_self_test(_tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let _to_test: Vec<Alg> = call.params.read_with(|buf| params::list(buf, 64))?;
    call.params.finish()?;
    call.out.put_int(0_u32);
    Ok(())
}

/// TPM2_GetTestResult: no data, success.
pub fn get_test_result(_tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    call.out.put_2b(&[]);
    call.out.put_int(0_u32);
    Ok(())
}
