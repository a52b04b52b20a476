//! Assertions that compare: PolicyNV, PolicyCounterTimer, PolicyAuthorizeNV.

use super::{session, session_mut};
use crate::Tpm;
use crate::command::Call;
use crate::commands::nv::check_read;
use crate::params::{Param, marshal};
use crate::rc::Rc;
use std::cmp::Ordering;
use tpm2_protocol::data::{Tpm2bOperand, TpmCc, TpmEo, TpmtHa, TpmuHa};

impl Param for TpmEo {
    /// TPM_RC_VALUE for an operation that is none.
    fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
        Self::try_from(u16::read(buf)?).map_err(|_| Rc::VALUE)
    }
}

struct Comparison {
    operand: Vec<u8>,
    offset: u16,
    operation: TpmEo,
}

impl Comparison {
    fn read(call: &mut Call) -> Result<Self, Rc> {
        let operand: Tpm2bOperand = call.params.read()?;
        let (offset, operation) = (call.params.read()?, call.params.read()?);
        call.params.finish()?;
        Ok(Self { operand: operand.to_vec(), offset, operation })
    }

    /// The digest of the arguments that goes into the policy.
    fn arguments(&self, hash: crate::crypto::HashAlg) -> Vec<u8> {
        hash.digest(&[&self.operand, &self.offset.to_be_bytes(), &self.operation.value().to_be_bytes()])
    }

    /// Whether it holds for `value`, which is as long as the operand.
    fn holds(&self, value: &[u8]) -> bool {
        let operand = self.operand.as_slice();
        let signed = || compare_signed(value, operand);
        let unsigned = value.cmp(operand);
        match self.operation {
            TpmEo::Eq => unsigned == Ordering::Equal,
            TpmEo::Neq => unsigned != Ordering::Equal,
            TpmEo::SignedGt => signed() == Ordering::Greater,
            TpmEo::UnsignedGt => unsigned == Ordering::Greater,
            TpmEo::SignedLt => signed() == Ordering::Less,
            TpmEo::UnsignedLt => unsigned == Ordering::Less,
            TpmEo::SignedGe => signed() != Ordering::Less,
            TpmEo::UnsignedGe => unsigned != Ordering::Less,
            TpmEo::SignedLe => signed() != Ordering::Greater,
            TpmEo::UnsignedLe => unsigned != Ordering::Greater,
            TpmEo::Bitset => value.iter().zip(operand).all(|(value, operand)| value & operand == *operand),
            TpmEo::Bitclear => value.iter().zip(operand).all(|(value, operand)| value & operand == 0),
            _ => false,
        }
    }
}

/// Compares two's complement numbers of the same length.
fn compare_signed(a: &[u8], b: &[u8]) -> Ordering {
    let negative = |bytes: &[u8]| bytes.first().is_some_and(|first| first & 0x80 != 0);
    match (negative(a), negative(b)) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        _ => a.cmp(b),
    }
}

/// TPM2_PolicyNV.
pub fn policy_nv(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let comparison = Comparison::read(call)?;
    let (auth, handle, session_handle) = (call.handles[0], call.handles[1], call.handles[2]);
    if !session(tpm, session_handle)?.is_trial() {
        check_read(tpm, auth, handle)?;
        let index = tpm.nv_index(handle)?;
        if comparison.offset > index.size {
            return Err(Rc::VALUE.param(2));
        }
        let size = u16::try_from(comparison.operand.len()).expect("an operand is no longer than a digest");
        let value = index.read(comparison.offset, size).ok_or(Rc::SIZE.param(1))?;
        if !comparison.holds(&value) {
            return Err(Rc::POLICY);
        }
    }
    let name = tpm.name(handle);
    let session = session_mut(tpm, session_handle)?;
    session.extend(TpmCc::PolicyNv, &[&comparison.arguments(session.hash), &name]);
    Ok(())
}

/// TPM2_PolicyCounterTimer.
pub fn policy_counter_timer(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let comparison = Comparison::read(call)?;
    let info = marshal(&tpm.state.clock.time_info());
    let offset = usize::from(comparison.offset);
    if offset > info.len() {
        return Err(Rc::VALUE.param(2));
    }
    let value = info.get(offset..offset + comparison.operand.len()).ok_or(Rc::RANGE)?;
    if !session(tpm, call.handles[0])?.is_trial() && !comparison.holds(value) {
        return Err(Rc::POLICY);
    }
    let session = session_mut(tpm, call.handles[0])?;
    session.extend(TpmCc::PolicyCounterTimer, &[&comparison.arguments(session.hash)]);
    Ok(())
}

/// TPM2_PolicyAuthorizeNV.
pub fn policy_authorize_nv(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    let (auth, handle, session_handle) = (call.handles[0], call.handles[1], call.handles[2]);
    let state = session(tpm, session_handle)?;
    if !state.is_trial() {
        check_read(tpm, auth, handle)?;
        let index = tpm.nv_index(handle)?;
        let stored = index.read(0, index.size.min(66)).ok_or(Rc::INSUFFICIENT)?;
        let approved = TpmtHa::read(&mut stored.as_slice())?;
        if approved.hash_alg != state.hash.alg() {
            return Err(Rc::HASH);
        }
        if !matches!(&approved.digest, TpmuHa::Digest(digest) if **digest == *state.policy.digest) {
            return Err(Rc::VALUE);
        }
    }
    let name = tpm.name(handle);
    let session = session_mut(tpm, session_handle)?;
    session.zero();
    // No policyRef, so one hash only (part 3, "TPM2_PolicyAuthorizeNV").
    session.extend(TpmCc::PolicyAuthorizeNv, &[&name]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_compare_as_part_2_says() {
        let holds = |operation, value: &[u8], operand: &[u8]| {
            Comparison { operand: operand.to_vec(), offset: 0, operation }.holds(value)
        };
        assert!(holds(TpmEo::UnsignedGt, &[0xff, 0], &[1, 0]));
        assert!(holds(TpmEo::SignedLt, &[0xff, 0], &[1, 0]));
        assert!(holds(TpmEo::SignedLt, &[0xfe], &[0xff]));
        assert!(holds(TpmEo::SignedGe, &[5], &[5]) && holds(TpmEo::UnsignedLe, &[5], &[5]));
        assert!(holds(TpmEo::Bitset, &[0b111], &[0b101]) && !holds(TpmEo::Bitset, &[0b110], &[0b101]));
        assert!(holds(TpmEo::Bitclear, &[0b010], &[0b101]) && !holds(TpmEo::Bitclear, &[0b110], &[0b101]));
        assert!(holds(TpmEo::Eq, &[], &[]) && !holds(TpmEo::Neq, &[7], &[7]));
    }
}
