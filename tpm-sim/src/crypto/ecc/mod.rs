//! Elliptic curves: keys, ECDH, ECDSA, and the point and scalar arithmetic that the anonymous schemes are made of.
//!
//! Numbers are big-endian byte strings. What comes out is padded to the curve's size; what goes in may be shorter, or longer
//! by leading zeros.
//!
//! P-256, which nearly every key is on, has two engines: RustCrypto's, which runs everywhere, and graviola's assembly. Which
//! one runs is asked of the processor, and no answer depends on it.

mod arithmetic;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod assembly;
mod curve;
mod schemes;
mod weierstrass;

pub use arithmetic::{add, field_reduce, multiply, multiply_generator, negate, scalar};
pub use curve::{Curve, Parameters};
pub use schemes::{Signature, ecdaa_sign, ecdsa_sign, ecdsa_verify, ecschnorr_sign, ecschnorr_verify};

use super::rng::Drbg;

/// A point other than the one at infinity, by its affine coordinates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// The x coordinate, as long as the curve's field.
    pub x: Vec<u8>,
    /// The y coordinate, as long as the curve's field.
    pub y: Vec<u8>,
}

/// A private scalar with its public point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// The private scalar `d`, 1 <= d < n, as long as the order.
    pub private: Vec<u8>,
    /// The public point `dG`.
    pub public: Point,
}

/// A key pair: FIPS 186-5, A.2.1 (64 extra random bits, reduced modulo n - 1, plus one).
pub fn generate(curve: Curve, rng: &mut Drbg) -> KeyPair {
    let private = scalar::from_extra_bits(curve, &rng.bytes(curve.order_bytes() + 8));
    let public = multiply_generator(curve, &private).expect("d is neither zero nor a multiple of the order");
    KeyPair { private, public }
}

/// The public point of a private scalar; `None` unless 1 <= d < n.
pub fn public_of(curve: Curve, private: &[u8]) -> Option<Point> {
    scalar::is_private_key(curve, private).then(|| multiply_generator(curve, private)).flatten()
}

/// Whether the point is on the curve (and its coordinates are reduced).
pub fn is_on_curve(curve: Curve, point: &Point) -> bool {
    arithmetic::is_on_curve(curve, point)
}

/// The shared point `d * P` (all curves here have cofactor 1); `None` when `P` is not on the curve or the product is
/// the point at infinity.
pub fn ecdh(curve: Curve, private: &[u8], peer: &Point) -> Option<Point> {
    multiply(curve, private, peer)
}

#[cfg(test)]
mod tests;
