//! Ephemeral EC keys (part 3, chapter 19; part 1, annex C.2 for the commitments).

use crate::Tpm;
use crate::command::Call;
use crate::crypto::HashAlg;
use crate::crypto::ecc::{self, Curve, Point};
use crate::crypto::kdf::kdfa;
use crate::crypto::rng::Drbg;
use crate::object::public::{MAX_ECC_KEY_BYTES, read_curve};
use crate::object::sensitive::MAX_SYM_DATA;
use crate::params::{Out, put_2b, sized, take_2b};
use crate::rc::Rc;
use crate::signature;
use crate::state::check::{Checked, check_counter, must};
use serde::{Deserialize, Serialize};
use tpm2_protocol::data::{TpmAlgId, TpmEccCurve, TpmsEccPoint};

/// Commitments that can be open at a time: bits of the commitment array.
const COMMITMENTS: u16 = 128;

/// State of TPM2_Commit and TPM2_EC_Ephemeral: the ephemeral scalars aren't kept but derived from a nonce and the count of the
/// command that made them; one bit for each remembers whether its scalar may still be used.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CommitState {
    /// commitNonce; empty until the first commitment after TPM Reset.
    nonce: Vec<u8>,
    /// commitCounter.
    counter: u64,
    /// commitArray.
    open: u128,
}

impl CommitState {
    /// Whether nonce and counter are such as a TPM has.
    pub(crate) fn check(&self) -> Checked {
        let sizes = [0, HashAlg::Sha512.size()];
        must(sizes.contains(&self.nonce.len()), "the nonce of commitments has the wrong size")?;
        check_counter(self.counter)
    }

    /// TPM Reset and TPM Restart: no commitment made before can be used any more.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    fn derive(&self, count: u64, curve: Curve, name: &[u8]) -> Vec<u8> {
        let bits = u32::from(curve.bits()) + 64;
        let derived = kdfa(HashAlg::Sha512, &self.nonce, b"ECDAA Commit", name, &count.to_be_bytes(), bits);
        ecc::scalar::from_extra_bits(curve, &derived)
    }

    /// The scalar of the next commitment of a key (by Name; empty for TPM2_EC_Ephemeral).
    fn next(&mut self, curve: Curve, name: &[u8], rng: &mut Drbg) -> Vec<u8> {
        if self.nonce.is_empty() {
            self.nonce = rng.bytes(HashAlg::Sha512.size());
        }
        self.derive(self.counter, curve, name)
    }

    /// Counts the commitment whose scalar [`CommitState::next`] gave; the result is what the caller has to name it by.
    fn commit(&mut self) -> u16 {
        let count = low_bits(self.counter);
        self.open |= bit(count);
        self.counter += 1;
        count
    }

    /// The scalar of an open commitment.
    pub(crate) fn scalar(&self, count: u16, curve: Curve, name: &[u8]) -> Option<Vec<u8>> {
        if self.open & bit(count) == 0 {
            return None;
        }
        // The last counter with these low bits that has been given out.
        let mut full = self.counter & !0xffff | u64::from(count);
        if full >= self.counter {
            full = full.checked_sub(0x1_0000)?;
        }
        // Its bit is shared with every 128th count: an older one was overwritten by a newer.
        (self.counter - full <= u64::from(COMMITMENTS)).then(|| self.derive(full, curve, name))
    }

    /// Closes a commitment: its scalar has been used.
    pub(crate) fn end(&mut self, count: u16) {
        self.open &= !bit(count);
    }
}

fn low_bits(counter: u64) -> u16 {
    u16::try_from(counter & 0xffff).expect("masked to 16 bits")
}

fn bit(count: u16) -> u128 {
    1 << (count % COMMITMENTS)
}

/// TPM2B_ECC_POINT; a point of two empty coordinates stands for none.
pub(crate) fn read_point(buf: &mut &[u8]) -> Result<Option<Point>, Rc> {
    let point: TpmsEccPoint = sized(buf)?;
    let (x, y) = (point.x.to_vec(), point.y.to_vec());
    Ok(if x.is_empty() && y.is_empty() { None } else { Some(Point { x, y }) })
}

/// Appends TPM2B_ECC_POINT.
pub(crate) fn put_point(out: &mut Out, point: Option<&Point>) {
    let mut inner = Vec::new();
    put_2b(&mut inner, point.map_or(&[], |point| &point.x));
    put_2b(&mut inner, point.map_or(&[], |point| &point.y));
    out.put_2b(&inner);
}

/// A curve parameter of a command.
pub(crate) fn curve(buf: &mut &[u8], tpm: &Tpm) -> Result<Curve, Rc> {
    let id: TpmEccCurve = read_curve(buf)?;
    let known = tpm.state.factory.profile().curves;
    Curve::from_id(id).filter(|curve| known.contains(curve)).ok_or(Rc::CURVE)
}

/// TPM2_Commit: the first half of an anonymous signature.
pub fn commit(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let p1 = call.params.read_with(read_point)?;
    let s2 = call.params.read_with(|buf| Ok(take_2b(buf, MAX_SYM_DATA)?.to_vec()))?;
    let y2 = call.params.read_with(|buf| Ok(take_2b(buf, MAX_ECC_KEY_BYTES)?.to_vec()))?;
    call.params.finish()?;
    let key = tpm.object(call.handles[0])?;
    if key.object_type() != TpmAlgId::Ecc {
        return Err(Rc::KEY.handle(1));
    }
    if !signature::is_anonymous(key.public.parameters.scheme().alg) {
        return Err(Rc::SCHEME.handle(1));
    }
    if s2.is_empty() != y2.is_empty() {
        return Err(Rc::SIZE.param(3));
    }
    let (curve, _) = signature::ecc_public(&key)?;
    let private = signature::secret(&key)?;
    let p2 = if s2.is_empty() {
        None
    } else {
        let hash = key.public.name_alg.ok_or(Rc::HASH.handle(1))?;
        let point = Point { x: ecc::field_reduce(curve, &hash.digest(&[&s2])), y: y2 };
        if !ecc::is_on_curve(curve, &point) {
            return Err(Rc::ECC_POINT.param(2));
        }
        Some(point)
    };
    if p1.as_ref().is_some_and(|point| !ecc::is_on_curve(curve, point)) {
        return Err(Rc::ECC_POINT.param(1));
    }
    let state = &mut tpm.state;
    let r = state.commit.next(curve, &key.name, &mut state.rng);
    let (k, l) = match &p2 {
        Some(p2) => {
            let product = |scalar: &[u8]| ecc::multiply(curve, scalar, p2).ok_or(Rc::NO_RESULT);
            (Some(product(private)?), Some(product(&r)?))
        }
        None => (None, None),
    };
    let e = match (&p1, &p2) {
        (Some(p1), _) => Some(ecc::multiply(curve, &r, p1).ok_or(Rc::NO_RESULT)?),
        (None, None) => Some(ecc::multiply_generator(curve, &r).ok_or(Rc::NO_RESULT)?),
        (None, Some(_)) => None,
    };
    let count = tpm.state.commit.commit();
    for point in [&k, &l, &e] {
        put_point(&mut call.out, point.as_ref());
    }
    call.out.put_int(count);
    Ok(())
}

/// TPM2_EC_Ephemeral: an ephemeral key for a two-phase key exchange.
pub fn ec_ephemeral(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let curve = call.params.read_with(|buf| curve(buf, tpm))?;
    call.params.finish()?;
    let state = &mut tpm.state;
    let r = state.commit.next(curve, &[], &mut state.rng);
    let q = ecc::multiply_generator(curve, &r).ok_or(Rc::NO_RESULT)?;
    let count = state.commit.commit();
    put_point(&mut call.out, Some(&q));
    call.out.put_int(count);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_can_be_used_once_and_only_while_it_is_young() {
        let mut rng = Drbg::from_seed(b"seed", "commit tests");
        let mut state = CommitState::default();
        let first = state.next(Curve::P256, b"name", &mut rng);
        assert_eq!(state.scalar(0, Curve::P256, b"name"), None, "not committed yet");
        assert_eq!(state.commit(), 0);
        assert_eq!(state.scalar(0, Curve::P256, b"name"), Some(first.clone()));
        assert_ne!(state.scalar(0, Curve::P256, b"other"), Some(first.clone()));
        assert_ne!(state.next(Curve::P256, b"name", &mut rng), first);
        for count in 1..128 {
            assert_eq!(state.commit(), count);
        }
        assert_eq!(state.scalar(0, Curve::P256, b"name"), Some(first));
        assert_eq!(state.commit(), 128);
        assert_eq!(state.scalar(0, Curve::P256, b"name"), None, "128 took its place");
        assert!(state.scalar(128, Curve::P256, b"name").is_some());
        state.end(128);
        assert_eq!(state.scalar(128, Curve::P256, b"name"), None);
        assert_eq!(state.scalar(300, Curve::P256, b"name"), None);
    }

    #[test]
    fn the_count_wraps_at_16_bits() {
        let mut rng = Drbg::from_seed(b"seed", "commit tests");
        let mut state = CommitState { counter: 0xffff, ..CommitState::default() };
        let last = state.next(Curve::P256, b"", &mut rng);
        assert_eq!(state.commit(), 0xffff);
        let wrapped = state.next(Curve::P256, b"", &mut rng);
        assert_eq!(state.commit(), 0);
        assert_eq!(state.scalar(0xffff, Curve::P256, b""), Some(last));
        assert_eq!(state.scalar(0, Curve::P256, b""), Some(wrapped));
        state.reset();
        assert_eq!(state.scalar(0, Curve::P256, b""), None);
    }
}
