//! Random primes. A window of odd numbers above a random start is sieved by all primes up to [`SIEVE_LIMIT`], and what is left
//! over is put to the Miller-Rabin test to base 2. The sieve is large because the test is dear: for 1024 bits it leaves
//! about 34 of some 355 odd numbers to the test. The first to pass has to pass the test to two random bases as well: by the
//! bounds of Damgård, Landrock and Pomerance a random number of 1024 bits that passes three is composite with a probability
//! below 2^-80 (and a strong Lucas test in their place would take a tenth of the whole).

use super::montgomery;
use crate::crypto::rng::Drbg;
use crypto_bigint::{BoxedUint, CheckedAdd, Limb, NonZero, Odd, Resize};
use crypto_primes::hazmat::MillerRabin;
use std::cell::LazyCell;
use std::sync::LazyLock;

/// The sieve knows the odd primes below this.
const SIEVE_LIMIT: usize = 1 << 17;

/// Odd numbers in a window. A window without a prime of 1024 bits comes once in 10^5.
const WINDOW: usize = 4096;

/// Odd primes whose product fits a word: one long division of the candidate serves them all.
struct Group {
    product: NonZero<Limb>,
    primes: Vec<u32>,
}

static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(groups);

fn groups() -> Vec<Group> {
    let mut composite = vec![false; SIEVE_LIMIT];
    let mut groups: Vec<(u64, Vec<u32>)> = vec![(1, Vec::new())];
    for n in (3..SIEVE_LIMIT).step_by(2) {
        if composite[n] {
            continue;
        }
        (n * n..SIEVE_LIMIT).step_by(n).for_each(|multiple| composite[multiple] = true);
        let prime = u32::try_from(n).expect("the limit is far below 2^32");
        let last = groups.last_mut().expect("it starts with one");
        if let Some(product) = last.0.checked_mul(u64::from(prime)) {
            last.0 = product;
            last.1.push(prime);
        } else {
            groups.push((u64::from(prime), vec![prime]));
        }
    }
    let group = |(product, primes)| Group {
        product: NonZero::new(Limb::from(product)).expect("a product of primes is not zero"),
        primes,
    };
    groups.into_iter().map(group).collect()
}

/// A prime of `bits` bits (a multiple of 64) with its two highest bits set, so that the product of two has twice the bits, and
/// with `p - 1` coprime to `exponent`.
pub(super) fn generate(bits: u32, exponent: u32, rng: &mut Drbg) -> BoxedUint {
    loop {
        if let Some(prime) = search_window(bits, exponent, rng) {
            return prime;
        }
    }
}

fn search_window(bits: u32, exponent: u32, rng: &mut Drbg) -> Option<BoxedUint> {
    let mut bytes = rng.bytes(bits as usize / 8);
    bytes[0] |= 0xc0;
    *bytes.last_mut()? |= 1;
    let start = BoxedUint::from_be_slice(&bytes, bits).ok()?;
    for (index, composite) in sieve(&start).into_iter().enumerate() {
        if composite {
            continue;
        }
        let candidate =
            Odd::new(start.checked_add(&BoxedUint::from(2 * index as u64).resize(bits)).into_option()?)
                .into_option()?;
        if coprime_to_predecessor(&candidate, exponent) && is_prime(&candidate, rng) {
            return Some(candidate.get());
        }
    }
    None
}

/// For each of [`WINDOW`] odd numbers from `start` on: whether it has a small factor.
fn sieve(start: &BoxedUint) -> Vec<bool> {
    let mut composite = vec![false; WINDOW];
    for group in GROUPS.iter() {
        let rest = start.rem_limb(group.product).0;
        for &prime in &group.primes {
            // start + 2i = 0 mod prime at i = -start / 2 mod prime.
            let residue = u32::try_from(rest % u64::from(prime)).expect("a residue is below its modulus");
            let minus = if residue == 0 { 0 } else { prime - residue };
            let first = if minus % 2 == 0 { minus / 2 } else { minus.midpoint(prime) };
            let mut index = first as usize;
            while index < WINDOW {
                composite[index] = true;
                index += prime as usize;
            }
        }
    }
    composite
}

fn coprime_to_predecessor(p: &BoxedUint, exponent: u32) -> bool {
    let exponent_limb = NonZero::new(Limb::from(exponent)).expect("the exponent was checked to be odd");
    let (mut a, mut b) = (exponent, u32::try_from(p.rem_limb(exponent_limb).0).expect("below the exponent"));
    b = if b == 0 { exponent - 1 } else { b - 1 };
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}

/// Rounds of the Miller-Rabin test to random bases, after the one to base 2.
const ROUNDS: usize = 2;

fn is_prime(candidate: &Odd<BoxedUint>, rng: &mut Drbg) -> bool {
    // In an unoptimised build the arithmetic of a dependency, which is optimised even then, is the faster one.
    let own = if cfg!(debug_assertions) {
        None
    } else {
        montgomery::is_strong_probable_prime_to_base_two(candidate)
    };
    let test = LazyCell::new(|| MillerRabin::new(candidate.clone()));
    own.unwrap_or_else(|| test.test_base_two().is_probably_prime())
        && (0..ROUNDS).all(|_| test.test_random_base(rng).is_probably_prime())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sieve_marks_multiples_of_small_primes_and_nothing_else() {
        let start = BoxedUint::from(1_000_000_007_u64).resize(512);
        let composite = sieve(&start);
        for (index, composite) in composite.iter().enumerate().take(500) {
            let n = 1_000_000_007 + 2 * index as u64;
            let smallest = (3..).step_by(2).find(|d| n.is_multiple_of(*d) || d * d > n).unwrap();
            assert_eq!(*composite, n.is_multiple_of(smallest), "{n}");
        }
    }

    #[test]
    fn primes_have_their_shape() {
        for (bits, exponent) in [(512, 65537), (512, 3), (512, 15)] {
            let mut rng = Drbg::from_seed(b"shape", "prime tests");
            let p = generate(bits, exponent, &mut rng);
            assert!(p.bit_vartime(bits - 1) && p.bit_vartime(bits - 2) && p.bit_vartime(0));
            assert!(crypto_primes::is_prime(crypto_primes::Flavor::Any, &p));
            assert!(coprime_to_predecessor(&p, exponent));
        }
        assert!(!coprime_to_predecessor(&BoxedUint::from(7_u32), 3));
        assert!(coprime_to_predecessor(&BoxedUint::from(5_u32), 3));
        assert!(coprime_to_predecessor(&BoxedUint::from(3_u32), 3), "p - 1 = 2");
    }
}
