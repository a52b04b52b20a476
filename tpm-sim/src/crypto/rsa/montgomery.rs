//! Modular exponentiation for the sizes that RSA's primes have. crypto-bigint has it too, and is what unusual sizes and
//! unoptimised builds use (this crate is compiled unoptimised there, its dependencies aren't); this one takes 0.20 ms instead of
//! 0.33 ms for the squarings of a 1024-bit exponentiation, of which a 2048-bit key takes some 70. It is not constant in
//! time, which a simulator needs not be.

#![expect(
    clippy::inline_always,
    reason = "the rows only become loops of known length inside their caller: measured"
)]

use crypto_bigint::BoxedUint;

/// An odd modulus of `L` words (least significant first) with its highest bit set.
struct Modulus<const L: usize> {
    m: [u64; L],
    /// `-m^-1` modulo 2^64.
    inverse: u64,
    /// 1 in Montgomery form: `2^(64 L) mod m`.
    one: [u64; L],
}

/// One row of the cross products of a square: `a[I]` times the words above it, added at its place.
#[inline(always)]
fn row<const L: usize, const I: usize>(square: &mut [u64], a: &[u64; L]) {
    let mut carry = 0;
    for j in I + 1..L {
        (square[I + j], carry) = a[I].carrying_mul_add(a[j], square[I + j], carry);
    }
    square[I + L] = carry;
}

/// Cross products of a square; the rows are spelled out, so that each is a loop of known length to the compiler.
trait CrossProducts {
    fn cross_products(&self, square: &mut [u64]);
}

macro_rules! cross_products {
    ($($l:literal: $($i:literal)*;)*) => { $(
        impl CrossProducts for [u64; $l] {
            #[inline(always)]
            fn cross_products(&self, square: &mut [u64]) {
                $(row::<$l, $i>(square, self);)*
            }
        }
    )* };
}
cross_products! {
    8: 0 1 2 3 4 5 6;
    16: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14;
    24: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22;
}

impl<const L: usize> Modulus<L>
where
    [u64; L]: CrossProducts,
{
    /// `None` when the modulus isn't of this size, odd, and with its highest bit set.
    fn new(modulus: &BoxedUint) -> Option<Self> {
        let m: [u64; L] = modulus.as_words().try_into().ok()?;
        if m[L - 1] >> 63 == 0 || m[0].is_multiple_of(2) {
            return None;
        }
        // Newton: every step doubles the number of right bits, and one bit is right to begin with.
        let inverse = (0..6).fold(1_u64, |x, _| x.wrapping_mul(2_u64.wrapping_sub(m[0].wrapping_mul(x))));
        // 2^(64 L) is between m and 2m.
        let mut one = [0; L];
        subtract(&mut one, &m);
        Some(Self { m, inverse: inverse.wrapping_neg(), one })
    }

    /// `a^2 / 2^(64 L) mod m`.
    #[inline(never)]
    fn square(&self, a: &[u64; L]) -> [u64; L] {
        let mut wide = [[0; L]; 2];
        let square = wide.as_flattened_mut();
        a.cross_products(square);
        // Twice the cross products, plus the squares of the words.
        let (mut shifted_out, mut carry) = (0, false);
        for (i, word) in a.iter().enumerate() {
            let (low, high) = (square[2 * i], square[2 * i + 1]);
            let (square_low, square_high) = word.carrying_mul(*word, 0);
            (square[2 * i], carry) = (low << 1 | shifted_out).carrying_add(square_low, carry);
            (square[2 * i + 1], carry) = (high << 1 | low >> 63).carrying_add(square_high, carry);
            shifted_out = high >> 63;
        }
        self.reduce(wide)
    }

    /// `a b / 2^(64 L) mod m`.
    #[inline(never)]
    fn multiply(&self, a: &[u64; L], b: &[u64; L]) -> [u64; L] {
        let mut wide = [[0; L]; 2];
        let product = wide.as_flattened_mut();
        for (i, word) in b.iter().enumerate() {
            let mut carry = 0;
            for j in 0..L {
                (product[i + j], carry) = word.carrying_mul_add(a[j], product[i + j], carry);
            }
            product[i + L] = carry;
        }
        self.reduce(wide)
    }

    #[inline(always)]
    fn reduce(&self, mut wide: [[u64; L]; 2]) -> [u64; L] {
        let words = wide.as_flattened_mut();
        let mut over = false;
        for i in 0..L {
            let q = words[i].wrapping_mul(self.inverse);
            let mut carry = 0;
            for j in 0..L {
                (words[i + j], carry) = q.carrying_mul_add(self.m[j], words[i + j], carry);
            }
            (words[i + L], over) = words[i + L].carrying_add(carry, over);
        }
        let mut out = wide[1];
        self.correct(&mut out, over);
        out
    }

    fn double(&self, a: &mut [u64; L]) {
        let mut out = false;
        for word in a.iter_mut() {
            let next = *word >> 63 != 0;
            *word = *word << 1 | u64::from(out);
            out = next;
        }
        self.correct(a, out);
    }

    /// Brings a number below `2m` (with a bit more than it has words for) below `m`.
    #[inline(always)]
    fn correct(&self, a: &mut [u64; L], over: bool) {
        if over || a.iter().rev().ge(self.m.iter().rev()) {
            subtract(a, &self.m);
        }
    }

    /// 2 to the power of an exponent, in Montgomery form: squarings and doublings alone.
    fn power_of_two(&self, exponent: &BoxedUint) -> [u64; L] {
        let mut power = self.one;
        for bit in (0..exponent.bits_vartime()).rev() {
            power = self.square(&power);
            if exponent.bit_vartime(bit) {
                self.double(&mut power);
            }
        }
        power
    }

    /// `2^(128 L) mod m`, which brings a number into Montgomery form.
    fn form(&self) -> [u64; L] {
        // 2^k in Montgomery form for k = 1, squared and doubled up to k = 64 L.
        let mut power = self.one;
        for bit in (0..usize::BITS - (64 * L).leading_zeros()).rev() {
            power = self.square(&power);
            if ((64 * L) >> bit) & 1 != 0 {
                self.double(&mut power);
            }
        }
        power
    }

    /// `base ^ exponent mod m`, by windows of four bits.
    fn power(&self, base: &[u64; L], exponent: &BoxedUint) -> [u64; L] {
        let base = self.multiply(base, &self.form());
        let mut table = [self.one; 16];
        for i in 1..16 {
            table[i] = self.multiply(&table[i - 1], &base);
        }
        let mut power = self.one;
        for word in exponent.as_words().iter().rev() {
            for digit in (0..16).rev() {
                for _ in 0..4 {
                    power = self.square(&power);
                }
                power = self.multiply(&power, &table[(word >> (4 * digit) & 15) as usize]);
            }
        }
        let mut unit = [0; L];
        unit[0] = 1;
        self.multiply(&power, &unit)
    }

    /// The Miller-Rabin test of the modulus to base 2.
    fn is_probable_prime(&self) -> bool {
        let mut minus_one = self.m;
        subtract(&mut minus_one, &self.one);
        let predecessor = BoxedUint::from_words(self.m).wrapping_sub(BoxedUint::one());
        let twos = predecessor.trailing_zeros_vartime();
        let mut power = self.power_of_two(&predecessor.wrapping_shr_vartime(twos));
        if power == self.one {
            return true;
        }
        for _ in 1..twos {
            if power == minus_one {
                return true;
            }
            power = self.square(&power);
        }
        power == minus_one
    }
}

/// `a - b` modulo `2^(64 L)`.
#[inline(always)]
fn subtract<const L: usize>(a: &mut [u64; L], b: &[u64; L]) {
    let mut borrow = false;
    for (a, b) in a.iter_mut().zip(b) {
        (*a, borrow) = a.borrowing_sub(*b, borrow);
    }
}

fn power<const L: usize>(base: &BoxedUint, exponent: &BoxedUint, modulus: &BoxedUint) -> Option<BoxedUint>
where
    [u64; L]: CrossProducts,
{
    let power = Modulus::<L>::new(modulus)?.power(base.as_words().try_into().ok()?, exponent);
    Some(BoxedUint::from_words(power))
}

/// `base ^ exponent mod modulus` for a base below the modulus and as wide; `None` for a modulus that this module is not made for.
pub(super) fn pow(base: &BoxedUint, exponent: &BoxedUint, modulus: &BoxedUint) -> Option<BoxedUint> {
    match modulus.as_words().len() {
        8 => power::<8>(base, exponent, modulus),
        16 => power::<16>(base, exponent, modulus),
        24 => power::<24>(base, exponent, modulus),
        _ => None,
    }
}

/// The Miller-Rabin test to base 2; `None` for a number that this module is not made for.
pub(super) fn is_strong_probable_prime_to_base_two(candidate: &BoxedUint) -> Option<bool> {
    match candidate.as_words().len() {
        8 => Modulus::<8>::new(candidate).map(|modulus| modulus.is_probable_prime()),
        16 => Modulus::<16>::new(candidate).map(|modulus| modulus.is_probable_prime()),
        24 => Modulus::<24>::new(candidate).map(|modulus| modulus.is_probable_prime()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::rng::Drbg;
    use crypto_bigint::Odd;
    use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};

    fn number(bytes: &[u8]) -> BoxedUint {
        BoxedUint::from_be_slice(bytes, u32::try_from(bytes.len() * 8).unwrap()).unwrap()
    }

    #[test]
    fn agrees_with_crypto_bigint() {
        let mut rng = Drbg::from_seed(b"seed", "montgomery tests");
        for size in [64, 128, 192] {
            for extreme in [None, Some(0xff), Some(0)] {
                let mut modulus = rng.bytes(size);
                if let Some(byte) = extreme {
                    modulus[1..size - 1].fill(byte);
                }
                modulus[0] |= 0x80;
                modulus[size - 1] |= 1;
                let modulus = number(&modulus);
                let params = BoxedMontyParams::new_vartime(Odd::new(modulus.clone()).unwrap());
                for exponent in [rng.bytes(size), vec![0xff; size], vec![0; size]] {
                    let mut base = rng.bytes(size);
                    base[0] &= 0x7f;
                    let (base, exponent) = (number(&base), number(&exponent));
                    let want = BoxedMontyForm::new(base.clone(), &params).pow(&exponent).retrieve();
                    assert_eq!(pow(&base, &exponent, &modulus), Some(want));
                }
            }
        }
        let small = number(&[0x7f; 128]);
        assert_eq!(pow(&small, &small, &small), None, "its highest bit is not set");
        assert_eq!(pow(&number(&[0xff; 72]), &number(&[3; 72]), &number(&[0xff; 72])), None, "nine words");
    }

    #[test]
    fn the_prime_test_agrees_with_crypto_primes() {
        use crypto_primes::hazmat::MillerRabin;
        let mut rng = Drbg::from_seed(b"seed", "prime test");
        for _ in 0..200 {
            let mut bytes = rng.bytes(64);
            bytes[0] |= 0x80;
            bytes[63] |= 1;
            let candidate = number(&bytes);
            let want =
                MillerRabin::new(Odd::new(candidate.clone()).unwrap()).test_base_two().is_probably_prime();
            assert_eq!(is_strong_probable_prime_to_base_two(&candidate), Some(want));
        }
        // 2^521 - 1 is out of size; a known prime of 512 bits with its top bit set: 2^512 - 569.
        let mut prime = vec![0xff; 64];
        prime[62..].copy_from_slice(&(0xffff_u16 - 568).to_be_bytes());
        assert_eq!(is_strong_probable_prime_to_base_two(&number(&prime)), Some(true));
    }
}
