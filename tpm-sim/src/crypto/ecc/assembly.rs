//! NIST P-256 by graviola's assembly, for processors that have what it is written with: a multiple of the base point in a
//! tenth of the time that RustCrypto takes, any other in half of it. It gives the same points, which the tests hold it to.

use super::{Curve, Point, negate};
use graviola::key_agreement::p256::{PublicKey, StaticPrivateKey};
use p256::elliptic_curve::ops::Reduce;
use p256::elliptic_curve::point::{AffineCoordinates, DecompressPoint};
use p256::elliptic_curve::subtle::Choice;
use p256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};

/// Whether the assembly runs on this processor; on another it would stop the program.
#[cfg(target_arch = "x86_64")]
pub(super) fn runs_here() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("aes")
        && has!("pclmulqdq")
        && has!("bmi1")
        && has!("bmi2")
        && has!("adx")
        && has!("avx")
        && has!("avx2")
}

/// Whether the assembly runs on this processor; on another it would stop the program.
#[cfg(target_arch = "aarch64")]
pub(super) fn runs_here() -> bool {
    use std::arch::is_aarch64_feature_detected as has;
    has!("neon") && has!("aes") && has!("pmull") && has!("sha2")
}

/// `k * G`; `None` when `k` is zero or not below the order.
pub(super) fn multiply_generator(k: &FieldBytes) -> Option<Point> {
    let bytes = StaticPrivateKey::from_bytes(k).ok()?.public_key_uncompressed();
    let (x, y) = bytes[1..].split_at(32);
    Some(Point { x: x.to_vec(), y: y.to_vec() })
}

/// `k * P`; `None` when `P` is not on the curve, `k` is not below the order, or the product is the point at infinity.
pub(super) fn multiply(k: &FieldBytes, x: &FieldBytes, y: &FieldBytes) -> Option<Point> {
    let mut uncompressed = [4; 65];
    uncompressed[1..33].copy_from_slice(x);
    uncompressed[33..].copy_from_slice(y);
    let point = PublicKey::from_x962_uncompressed(&uncompressed).ok()?;
    let product_x = shared(k, &point)?;
    let itself = Point { x: x.to_vec(), y: y.to_vec() };
    // The library keeps the product's y to itself. Which of the two that fit its x is the right one shows when P is added:
    // that has to give the x of (k + 1) * P. For k = 1 and k = -1 there is nothing to be asked, and nothing to be found.
    let one = Scalar::ONE;
    let scalar = Scalar::reduce(k);
    if scalar == one {
        return Some(itself);
    }
    if scalar == -one {
        return negate(Curve::P256, &itself);
    }
    let next_x = shared(&(scalar + one).into(), &point)?;
    let candidate = AffinePoint::decompress(&product_x, Choice::from(0)).into_option()?;
    let itself = AffinePoint::from_coordinates(x, y).into_option()?;
    let sum = (ProjectivePoint::from(candidate) + itself).to_affine();
    let product = if sum.x() == next_x { candidate } else { -candidate };
    Some(Point { x: product.x().to_vec(), y: product.y().to_vec() })
}

fn shared(k: &FieldBytes, point: &PublicKey) -> Option<FieldBytes> {
    let secret = StaticPrivateKey::from_bytes(k).ok()?.diffie_hellman(point).ok()?;
    Some(secret.0.into())
}
