//! Keys and the raw operations.

use super::{DEFAULT_EXPONENT, KEY_BITS, RsaError, montgomery, prime};
use crate::crypto::rng::Drbg;
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, ConcatenatingMul, Limb, NonZero, Odd, Resize};

/// A key fresh from the generator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The modulus.
    pub modulus: Vec<u8>,
    /// One of its two primes, half as long.
    pub prime: Vec<u8>,
}

/// A key of `bits` bits (one of [`KEY_BITS`]) with a public exponent (0 for 65537), from `rng`.
pub fn generate(bits: u16, exponent: u32, rng: &mut Drbg) -> Result<Generated, RsaError> {
    if !KEY_BITS.contains(&bits) {
        return Err(RsaError::Modulus);
    }
    let exponent = checked_exponent(exponent)?;
    let half = u32::from(bits) / 2;
    let p = prime::generate(half, exponent, rng);
    let q = loop {
        let q = prime::generate(half, exponent, rng);
        // FIPS 186-5, A.1.3, step 5.4: the primes must differ in their highest hundred bits.
        if p.to_be_bytes()[..12] != q.to_be_bytes()[..12] {
            break q;
        }
    };
    Ok(Generated { modulus: p.concatenating_mul(&q).to_be_bytes().to_vec(), prime: p.to_be_bytes().to_vec() })
}

fn checked_exponent(exponent: u32) -> Result<u32, RsaError> {
    match exponent {
        0 => Ok(DEFAULT_EXPONENT),
        e if e >= 3 && e % 2 == 1 => Ok(e),
        _ => Err(RsaError::Exponent),
    }
}

/// A public key.
#[derive(Debug, Clone)]
pub struct PublicKey {
    modulus: BoxedMontyParams,
    exponent: u32,
    size: usize,
}

impl PublicKey {
    /// The key of a modulus and an exponent (0 for 65537).
    pub fn new(modulus: &[u8], exponent: u32) -> Result<Self, RsaError> {
        let size = modulus.len();
        if !KEY_BITS.iter().any(|bits| usize::from(*bits) == size * 8) || modulus[0] < 0x80 {
            return Err(RsaError::Modulus);
        }
        let odd = Odd::new(number(modulus, size)?).into_option().ok_or(RsaError::Modulus)?;
        let exponent = checked_exponent(exponent)?;
        Ok(Self { modulus: BoxedMontyParams::new_vartime(odd), exponent, size })
    }

    /// Size of the modulus in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// `value ^ e mod n`, as long as the modulus. The value may be shorter, or longer by leading zeros.
    pub fn raw(&self, value: &[u8]) -> Result<Vec<u8>, RsaError> {
        let value = self.reduced(value)?;
        let base = BoxedMontyForm::new(value, &self.modulus);
        let exponent = BoxedUint::from(self.exponent);
        let power = base.pow_bounded_exp(&exponent, exponent.bits_vartime());
        Ok(power.retrieve().to_be_bytes().to_vec())
    }

    fn reduced(&self, value: &[u8]) -> Result<BoxedUint, RsaError> {
        let value = number(value, self.size)?;
        if value >= *self.modulus.modulus().as_ref() { Err(RsaError::TooLarge) } else { Ok(value) }
    }
}

/// A private key, ready for use.
#[derive(Debug, Clone)]
pub struct PrivateKey {
    public: PublicKey,
    p: BoxedMontyParams,
    q: BoxedMontyParams,
    /// `e^-1 mod p - 1` and `mod q - 1`.
    dp: BoxedUint,
    dq: BoxedUint,
    /// `q^-1 mod p`.
    q_inverse: BoxedMontyForm,
}

impl PrivateKey {
    /// The key of a modulus, an exponent (0 for 65537) and one of the modulus' two primes, which aren't put to a test of
    /// primality.
    pub fn new(modulus: &[u8], exponent: u32, prime: &[u8]) -> Result<Self, RsaError> {
        let public = PublicKey::new(modulus, exponent)?;
        let half = modulus.len() / 2;
        if prime.len() != half || prime[0] == 0 {
            return Err(RsaError::Prime);
        }
        let p = Odd::new(number(prime, half)?).into_option().ok_or(RsaError::Prime)?;
        let (q, rest) = public.modulus.modulus().as_ref().div_rem_vartime(p.as_nz_ref());
        let half_bits = p.bits_precision();
        if rest.is_nonzero().into() || q.bits_vartime() > half_bits {
            return Err(RsaError::Prime);
        }
        let q = Odd::new(q.resize(half_bits)).into_option().ok_or(RsaError::Prime)?;
        let dp = inverse_of_exponent(&p, public.exponent).ok_or(RsaError::Prime)?;
        let dq = inverse_of_exponent(&q, public.exponent).ok_or(RsaError::Prime)?;
        let (p, q) = (BoxedMontyParams::new_vartime(p), BoxedMontyParams::new_vartime(q));
        let q_inverse = BoxedMontyForm::new(reduce(q.modulus(), &p), &p);
        let q_inverse = q_inverse.invert_vartime().into_option().ok_or(RsaError::Prime)?;
        Ok(Self { public, p, q, dp, dq, q_inverse })
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// `value ^ d mod n`, as long as the modulus. The value may be shorter, or longer by leading zeros.
    pub fn raw(&self, value: &[u8]) -> Result<Vec<u8>, RsaError> {
        let value = self.public.reduced(value)?;
        let power = |modulus, exponent| power(reduce(&value, modulus), exponent, modulus);
        let (mp, mq) = (power(&self.p, &self.dp), power(&self.q, &self.dq));
        // Garner: m = mq + q * ((mp - mq) / q mod p).
        let form = |value| BoxedMontyForm::new(value, &self.p);
        let difference = form(mp).sub(&form(reduce(&mq, &self.p)));
        let h = difference.mul(&self.q_inverse).retrieve();
        let bits = value.bits_precision();
        let m = h.concatenating_mul(self.q.modulus().as_ref()).resize(bits).wrapping_add(mq.resize(bits));
        Ok(m.to_be_bytes().to_vec())
    }
}

/// `base ^ exponent mod modulus`.
fn power(base: BoxedUint, exponent: &BoxedUint, modulus: &BoxedMontyParams) -> BoxedUint {
    let own = if cfg!(debug_assertions) { None } else { montgomery::pow(&base, exponent, modulus.modulus()) };
    own.unwrap_or_else(|| BoxedMontyForm::new(base, modulus).pow(exponent).retrieve())
}

/// `e^-1 mod p - 1` for a small `e`: the smallest `k` with `e | 1 + k (p - 1)` gives `(1 + k (p - 1)) / e`.
fn inverse_of_exponent(p: &Odd<BoxedUint>, exponent: u32) -> Option<BoxedUint> {
    let limb = NonZero::new(Limb::from(exponent)).into_option()?;
    let predecessor = p.as_ref().wrapping_sub(BoxedUint::one());
    let inverse = inverse(predecessor.rem_limb(limb).0, u64::from(exponent))?;
    let k = u64::from(exponent) - inverse;
    let (quotient, rest) =
        predecessor.concatenating_mul(BoxedUint::from(k)).wrapping_add(BoxedUint::one()).div_rem_limb(limb);
    debug_assert!(rest.0 == 0, "k was chosen so that e divides");
    Some(quotient.resize(p.bits_precision()))
}

/// The inverse of `a` modulo a `modulus` of at most 32 bits, by Euclid; `None` when they have a factor in common.
fn inverse(a: u64, modulus: u64) -> Option<u64> {
    let (mut above, mut below) = (i128::from(modulus), i128::from(a));
    let (mut previous, mut current) = (0_i128, 1_i128);
    while below != 0 {
        let quotient = above / below;
        (above, below) = (below, above - quotient * below);
        (previous, current) = (current, previous - quotient * current);
    }
    (above == 1).then(|| u64::try_from(previous.rem_euclid(i128::from(modulus))).ok())?
}

/// A number modulo one of the primes, as wide as the prime.
fn reduce(value: &BoxedUint, modulus: &BoxedMontyParams) -> BoxedUint {
    value.rem_vartime(modulus.modulus().as_nz_ref()).resize(modulus.bits_precision())
}

/// A number of at most `size` bytes (leading zeros don't count).
fn number(value: &[u8], size: usize) -> Result<BoxedUint, RsaError> {
    let zeros = value.iter().take_while(|byte| **byte == 0).count();
    let digits = &value[zeros..];
    let bits = u32::try_from(size * 8).map_err(|_| RsaError::TooLarge)?;
    if digits.len() > size {
        return Err(RsaError::TooLarge);
    }
    BoxedUint::from_be_slice(digits, bits).map_err(|_| RsaError::TooLarge)
}
