//! Points and scalars as byte strings, on top of the RustCrypto curves, and of [`weierstrass`] for the others; the dear
//! operations on P-256 by assembly where the processor has it.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::assembly;
use super::{Curve, Point, weierstrass};
use crypto_bigint::{BoxedUint, NonZero};
use p256::NistP256;
use p256::elliptic_curve::ff::{Field, PrimeField};
use p256::elliptic_curve::group::{Curve as _, Group};
use p256::elliptic_curve::point::AffineCoordinates;
use p256::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytes, ProjectivePoint, Scalar};
use p384::NistP384;

/// Runs `$body` with `$c` as the curve's type where a library has the curve, and `$other` elsewhere.
macro_rules! on_curve {
    ($curve:expr, $c:ident => $body:expr, else $other:expr) => {
        match $curve {
            $crate::crypto::ecc::Curve::P256 => {
                type $c = NistP256;
                $body
            }
            $crate::crypto::ecc::Curve::P384 => {
                type $c = NistP384;
                $body
            }
            _ => $other,
        }
    };
}

/// A number as a field's bytes; `None` when it is too long.
pub(super) fn field_bytes<C: CurveArithmetic>(number: &[u8]) -> Option<FieldBytes<C>> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = &number[zeros..];
    let mut out = FieldBytes::<C>::default();
    let start = out.len().checked_sub(digits.len())?;
    out[start..].copy_from_slice(digits);
    Some(out)
}

fn decode<C: CurveArithmetic>(point: &Point) -> Option<ProjectivePoint<C>> {
    let (x, y) = (field_bytes::<C>(&point.x)?, field_bytes::<C>(&point.y)?);
    AffinePoint::<C>::from_coordinates(&x, &y).into_option().map(Into::into)
}

fn encode<C: CurveArithmetic>(point: &ProjectivePoint<C>) -> Option<Point> {
    if bool::from(point.is_identity()) {
        return None;
    }
    let affine = point.to_affine();
    Some(Point { x: affine.x().to_vec(), y: affine.y().to_vec() })
}

pub(super) fn decode_scalar<C: CurveArithmetic>(number: &[u8]) -> Option<Scalar<C>> {
    Scalar::<C>::from_repr(field_bytes::<C>(number)?).into_option()
}

pub(super) fn is_on_curve(curve: Curve, point: &Point) -> bool {
    on_curve!(curve, C => decode::<C>(point).is_some(), else weierstrass::is_on_curve(curve, point))
}

/// `k * P`; `None` when `P` is not on the curve, `k` is not below the order, or the product is the point at infinity.
pub fn multiply(curve: Curve, k: &[u8], point: &Point) -> Option<Point> {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    if curve == Curve::P256 && assembly::runs_here() {
        let number = field_bytes::<NistP256>;
        return assembly::multiply(&number(k)?, &number(&point.x)?, &number(&point.y)?);
    }
    portable_multiply(curve, k, point)
}

/// [`multiply`] without assembly.
pub(super) fn portable_multiply(curve: Curve, k: &[u8], point: &Point) -> Option<Point> {
    on_curve!(
        curve,
        C => encode::<C>(&(decode::<C>(point)? * decode_scalar::<C>(k)?)),
        else weierstrass::multiply(curve, k, point)
    )
}

/// `k * G`; `None` when `k` is zero or not below the order.
pub fn multiply_generator(curve: Curve, k: &[u8]) -> Option<Point> {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    if curve == Curve::P256 && assembly::runs_here() {
        return assembly::multiply_generator(&field_bytes::<NistP256>(k)?);
    }
    portable_multiply_generator(curve, k)
}

/// [`multiply_generator`] without assembly.
pub(super) fn portable_multiply_generator(curve: Curve, k: &[u8]) -> Option<Point> {
    on_curve!(
        curve,
        C => encode::<C>(&ProjectivePoint::<C>::mul_by_generator(&decode_scalar::<C>(k)?)),
        else weierstrass::multiply(curve, k, &curve.parameters().generator)
    )
}

/// `P + Q`; `None` when either is not on the curve or the sum is the point at infinity.
pub fn add(curve: Curve, p: &Point, q: &Point) -> Option<Point> {
    on_curve!(
        curve,
        C => encode::<C>(&(decode::<C>(p)? + decode::<C>(q)?)),
        else weierstrass::add(curve, p, q)
    )
}

/// `-P`; `None` when it is not on the curve.
pub fn negate(curve: Curve, p: &Point) -> Option<Point> {
    on_curve!(curve, C => encode::<C>(&-decode::<C>(p)?), else weierstrass::negate(curve, p))
}

/// `number` (of any length) modulo the prime of the curve's field.
pub fn field_reduce(curve: Curve, number: &[u8]) -> Vec<u8> {
    remainder(number, &curve.parameters().p)
}

/// `number` modulo `modulus`; as long as `modulus`.
pub(super) fn remainder(number: &[u8], modulus: &[u8]) -> Vec<u8> {
    let boxed = |bytes: &[u8]| {
        let bits = u32::try_from(bytes.len() * 8).expect("numbers have a few hundred bits");
        BoxedUint::from_be_slice(bytes, bits).expect("a number is as long as itself")
    };
    if number.is_empty() {
        return vec![0; modulus.len()];
    }
    let divisor =
        NonZero::new(boxed(modulus)).into_option().expect("primes, and orders less one, are not zero");
    let rest = boxed(number).rem_vartime(&divisor).to_be_bytes();
    // In whole words: zeros stand in front.
    rest[rest.len() - modulus.len()..].to_vec()
}

/// Arithmetic modulo the order of the curve's generator.
pub mod scalar {
    use super::{
        Curve, CurveArithmetic, Field, NistP256, NistP384, PrimeField, Scalar, decode_scalar, weierstrass,
    };
    use crypto_bigint::modular::BoxedMontyForm;

    /// A number of any length modulo the order.
    fn reduce_to<C: CurveArithmetic>(number: &[u8]) -> Scalar<C> {
        let base = Scalar::<C>::from(256_u64);
        number.iter().fold(Scalar::<C>::ZERO, |sum, byte| sum * base + Scalar::<C>::from(u64::from(*byte)))
    }

    /// `number` (of any length) modulo the order.
    pub fn reduce(curve: Curve, number: &[u8]) -> Vec<u8> {
        on_curve!(
            curve,
            C => reduce_to::<C>(number).to_repr().to_vec(),
            else super::remainder(number, &curve.parameters().n)
        )
    }

    /// A private key from at least 64 more random bits than the order has: `1 + number mod (n - 1)` (FIPS 186-5, A.2.1).
    pub fn from_extra_bits(curve: Curve, number: &[u8]) -> Vec<u8> {
        let mut modulus = curve.parameters().n;
        *modulus.last_mut().expect("an order has bytes") -= 1; // the order is odd
        let mut rest = super::remainder(number, &modulus);
        // Plus one can't overflow: the remainder is at most n - 2.
        for digit in rest.iter_mut().rev() {
            *digit = digit.wrapping_add(1);
            if *digit != 0 {
                break;
            }
        }
        rest
    }

    /// Whether 1 <= d < n.
    pub fn is_private_key(curve: Curve, d: &[u8]) -> bool {
        on_curve!(
            curve,
            C => decode_scalar::<C>(d).is_some_and(|d| !bool::from(d.is_zero())),
            else weierstrass::is_below_order(curve, d) && !is_zero(d)
        )
    }

    /// `a + b mod n`; both may have any length.
    pub fn add(curve: Curve, a: &[u8], b: &[u8]) -> Vec<u8> {
        on_curve!(
            curve,
            C => (reduce_to::<C>(a) + reduce_to::<C>(b)).to_repr().to_vec(),
            else weierstrass::modulo_order(curve, a, b, BoxedMontyForm::add)
        )
    }

    /// `a - b mod n`; both may have any length.
    pub fn subtract_mod(curve: Curve, a: &[u8], b: &[u8]) -> Vec<u8> {
        on_curve!(
            curve,
            C => (reduce_to::<C>(a) - reduce_to::<C>(b)).to_repr().to_vec(),
            else weierstrass::modulo_order(curve, a, b, BoxedMontyForm::sub)
        )
    }

    /// `a * b mod n`; both may have any length.
    pub fn multiply(curve: Curve, a: &[u8], b: &[u8]) -> Vec<u8> {
        on_curve!(
            curve,
            C => (reduce_to::<C>(a) * reduce_to::<C>(b)).to_repr().to_vec(),
            else weierstrass::modulo_order(curve, a, b, BoxedMontyForm::mul)
        )
    }

    /// Whether a number is zero.
    pub fn is_zero(number: &[u8]) -> bool {
        number.iter().all(|byte| *byte == 0)
    }
}

pub(super) use on_curve;
