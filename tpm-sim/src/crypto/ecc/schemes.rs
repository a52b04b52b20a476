//! Signature schemes: ECDSA (FIPS 186-5), ECSchnorr and ECDAA as part 1, annex C, has them.

use super::arithmetic::{decode_scalar, field_bytes, multiply, multiply_generator, on_curve, scalar};
use super::{Curve, Point, add, negate, weierstrass};
use crate::crypto::HashAlg;
use crate::crypto::rng::Drbg;
use ecdsa::hazmat;
use p256::elliptic_curve::ff::{Field, PrimeField};
use p256::elliptic_curve::group::Group;
use p256::elliptic_curve::ops::Reduce;
use p256::elliptic_curve::point::AffineCoordinates;
use p256::elliptic_curve::{AffinePoint, Curve as _, NonZeroScalar, ProjectivePoint};
use p256::{FieldBytes, NistP256, Scalar, U256};
use p384::NistP384;
use rfc6979::KGenerator;
use sha2::digest::Digest;
use sha2::digest::block_api::BlockSizeUser;

/// A signature: two numbers, each as long as the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The first: `r`, a challenge, or a commitment.
    pub r: Vec<u8>,
    /// The second.
    pub s: Vec<u8>,
}

/// ECDSA over a digest of any length, with the nonce of RFC 6979 under `alg`: the same key and digest always give the same
/// signature. `None` when `private` is no private key of the curve.
pub fn ecdsa_sign(curve: Curve, private: &[u8], alg: HashAlg, digest: &[u8]) -> Option<Signature> {
    if curve != Curve::P256 {
        return portable_ecdsa_sign(curve, private, alg, digest);
    }
    let d: Scalar = decode_scalar::<NistP256>(private).filter(|d| !bool::from(d.is_zero()))?;
    let signature = match alg {
        HashAlg::Sha1 => p256_sign::<sha1::Sha1>(&d, digest),
        HashAlg::Sha256 => p256_sign::<sha2::Sha256>(&d, digest),
        HashAlg::Sha384 => p256_sign::<sha2::Sha384>(&d, digest),
        HashAlg::Sha512 => p256_sign::<sha2::Sha512>(&d, digest),
    };
    Some(signature)
}

/// ECDSA on P-256, with the multiplication by whichever engine there is, and an inversion in variable time: what that gives
/// away guards a key against whoever measures its owner, and the keys of this TPM guard nothing.
fn p256_sign<D: Digest + BlockSizeUser>(private: &Scalar, digest: &[u8]) -> Signature {
    let mut leftmost = FieldBytes::default();
    let length = digest.len().min(leftmost.len());
    let start = leftmost.len() - length;
    leftmost[start..].copy_from_slice(&digest[..length]);
    let hash = Scalar::reduce(&leftmost);
    let mut nonces = KGenerator::<D, U256>::new(&private.to_repr(), digest, &[], &NistP256::ORDER);
    loop {
        let mut nonce = FieldBytes::default();
        nonces.fill_next_k(&mut nonce);
        let point = multiply_generator(Curve::P256, &nonce).expect("a nonce is neither zero nor the order");
        let x = FieldBytes::try_from(&point.x[..]).expect("a coordinate is as long as the field");
        let r = Scalar::reduce(&x);
        let scalar = decode_scalar::<NistP256>(&nonce).expect("a nonce is below the order");
        let s = scalar.invert_vartime().expect("a nonce is not zero") * (hash + r * private);
        // One pair in 2^256 has a zero in it, and RFC 6979 draws again.
        if !bool::from(r.is_zero() | s.is_zero()) {
            return Signature { r: r.to_repr().to_vec(), s: s.to_repr().to_vec() };
        }
    }
}

/// [`ecdsa_sign`] by the libraries alone.
pub(super) fn portable_ecdsa_sign(
    curve: Curve,
    private: &[u8],
    alg: HashAlg,
    digest: &[u8],
) -> Option<Signature> {
    on_curve!(curve, C => {
        let d: NonZeroScalar<C> = Option::from(NonZeroScalar::new(decode_scalar::<C>(private)?))?;
        let (signature, _) = match alg {
            HashAlg::Sha1 => hazmat::sign_prehashed_rfc6979::<C, sha1::Sha1>(&d, digest, &[]),
            HashAlg::Sha256 => hazmat::sign_prehashed_rfc6979::<C, sha2::Sha256>(&d, digest, &[]),
            HashAlg::Sha384 => hazmat::sign_prehashed_rfc6979::<C, sha2::Sha384>(&d, digest, &[]),
            HashAlg::Sha512 => hazmat::sign_prehashed_rfc6979::<C, sha2::Sha512>(&d, digest, &[]),
        };
        let (r, s) = signature.split_bytes();
        Some(Signature { r: r.to_vec(), s: s.to_vec() })
    }, else weierstrass::ecdsa_sign(curve, private, alg, digest))
}

/// Whether an ECDSA signature over a digest is good.
pub fn ecdsa_verify(curve: Curve, public: &Point, digest: &[u8], signature: &Signature) -> bool {
    on_curve!(curve, C => {
        let verify = || {
            let (x, y) = (field_bytes::<C>(&public.x)?, field_bytes::<C>(&public.y)?);
            let (r, s) = (field_bytes::<C>(&signature.r)?, field_bytes::<C>(&signature.s)?);
            let point: ProjectivePoint<C> = AffinePoint::<C>::from_coordinates(&x, &y).into_option()?.into();
            let signature = ecdsa::Signature::<C>::from_scalars(r, s).ok()?;
            (!bool::from(point.is_identity())).then_some(())?;
            hazmat::verify_prehashed::<C>(&point, digest, &signature).ok()
        };
        verify().is_some()
    }, else weierstrass::ecdsa_verify(curve, public, digest, signature))
}

/// The challenge of ECSchnorr: `H(xE || digest)`, cut to the order's bytes, modulo the order.
fn schnorr_challenge(curve: Curve, alg: HashAlg, e: &Point, digest: &[u8]) -> Vec<u8> {
    let mut hash = alg.digest(&[&e.x, digest]);
    hash.truncate(curve.order_bytes());
    scalar::reduce(curve, &hash)
}

/// ECSchnorr: `E = kG`, `r = H(xE || digest)`, `s = k + r * d mod n`; `k` comes from `rng`. `None` when `private` is no
/// private key of the curve.
pub fn ecschnorr_sign(
    curve: Curve,
    private: &[u8],
    alg: HashAlg,
    digest: &[u8],
    rng: &mut Drbg,
) -> Option<Signature> {
    if !scalar::is_private_key(curve, private) {
        return None;
    }
    loop {
        let k = scalar::from_extra_bits(curve, &rng.bytes(curve.order_bytes() + 8));
        let e = multiply_generator(curve, &k).expect("k is neither zero nor a multiple of the order");
        let r = schnorr_challenge(curve, alg, &e, digest);
        let s = scalar::add(curve, &k, &scalar::multiply(curve, &r, private));
        if !scalar::is_zero(&r) && !scalar::is_zero(&s) {
            return Some(Signature { r, s });
        }
    }
}

/// Whether an ECSchnorr signature is good: `E = sG - rQ` gives the challenge `r` back.
pub fn ecschnorr_verify(
    curve: Curve,
    public: &Point,
    alg: HashAlg,
    digest: &[u8],
    signature: &Signature,
) -> bool {
    let recovered = || {
        let sg = multiply_generator(curve, &signature.s)?;
        let rq = multiply(curve, &signature.r, public)?;
        add(curve, &sg, &negate(curve, &rq)?)
    };
    recovered()
        .is_some_and(|e| schnorr_challenge(curve, alg, &e, digest) == scalar::reduce(curve, &signature.r))
}

/// ECDAA: over a commitment's ephemeral scalar `commit`, a fresh nonce `k` from `rng`, `T = H(k || digest) mod n` and
/// `s = commit + T * d mod n`. The signature is (`k`, `s`). `None` when `private` is no private key of the curve.
pub fn ecdaa_sign(
    curve: Curve,
    private: &[u8],
    commit: &[u8],
    alg: HashAlg,
    digest: &[u8],
    rng: &mut Drbg,
) -> Option<Signature> {
    if !scalar::is_private_key(curve, private) {
        return None;
    }
    loop {
        let nonce = scalar::from_extra_bits(curve, &rng.bytes(curve.order_bytes() + 8));
        let t = scalar::reduce(curve, &alg.digest(&[&nonce, digest]));
        let s = scalar::add(curve, commit, &scalar::multiply(curve, &t, private));
        if !scalar::is_zero(&s) {
            return Some(Signature { r: nonce, s });
        }
    }
}
