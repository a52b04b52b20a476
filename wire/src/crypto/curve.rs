//! Arithmetic on NIST P-256, which is half of what a deployment in process costs.
//!
//! Two engines give the same bytes: RustCrypto's, which runs everywhere, and graviola's assembly, which takes a sixth
//! of the time for a multiple of the base point and a quarter for any other, and wants a processor of the last ten
//! years. Which one runs is asked of the processor; no answer depends on it, and the tests hold the two together.

use p256::ecdsa::Signature;
use p256::elliptic_curve::Curve;
use p256::elliptic_curve::ff::PrimeField;
use p256::elliptic_curve::ops::Reduce;
use p256::{FieldBytes, NistP256, Scalar, U256};
use rfc6979::KGenerator;
use sha2::Sha256;

use super::CryptoError;

/// An affine point, each coordinate big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) x: [u8; 32],
    pub(super) y: [u8; 32],
}

impl Point {
    /// Reads `04 || x || y`, the uncompressed form; says nothing about the curve.
    fn from_sec1(bytes: &[u8]) -> Option<Self> {
        let (&[4], coordinates) = bytes.split_first_chunk()? else { return None };
        let (x, y) = coordinates.split_first_chunk()?;
        Some(Self { x: *x, y: y.try_into().ok()? })
    }

    /// Writes `04 || x || y`.
    pub(super) fn to_sec1(self) -> [u8; 65] {
        let mut bytes = [4; 65];
        bytes[1..33].copy_from_slice(&self.x);
        bytes[33..].copy_from_slice(&self.y);
        bytes
    }
}

/// A private scalar between one and the order of the group.
#[derive(Clone)]
pub(super) struct Secret(Scalar);

impl Secret {
    /// Nothing for zero and for the few numbers from the group's order up: they are no keys.
    pub(super) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let scalar = Scalar::from_repr(FieldBytes::from(*bytes)).into_option()?;
        (scalar != Scalar::ZERO).then_some(Self(scalar))
    }

    /// The scalar, big-endian.
    pub(super) fn to_bytes(&self) -> [u8; 32] {
        self.0.to_repr().into()
    }

    /// The public key: this multiple of the base point.
    pub(super) fn public(&self) -> Point {
        engine::multiple_of_base(&self.to_bytes())
    }

    /// First coordinate of this multiple of `peer` (ECDH); `peer` must be on the curve.
    pub(super) fn shared(&self, peer: Point) -> Result<[u8; 32], CryptoError> {
        engine::multiple(&self.to_bytes(), peer).ok_or(CryptoError::BadKey)
    }

    /// ECDSA over SHA-256 of `message` with the nonce of RFC 6979.
    pub(super) fn sign(&self, message: &[u8]) -> Signature {
        let digest = super::sha256(message);
        let hash = Scalar::reduce(&FieldBytes::from(digest));
        let mut nonces = KGenerator::<Sha256, U256>::new(&self.0.to_repr(), &digest, &[], &NistP256::ORDER);
        loop {
            let mut nonce = FieldBytes::default();
            nonces.fill_next_k(&mut nonce);
            let Some(nonce) = Self::from_bytes(&nonce.into()) else { continue };
            let r = Scalar::reduce(&FieldBytes::from(nonce.public().x));
            // What variable time gives away guards a key against whoever measures its owner; these are keys of
            // devices that do not exist.
            let Some(inverse) = nonce.0.invert_vartime().into_option() else { continue };
            // One pair in 2^256 has a zero in it, and RFC 6979 draws again.
            if let Ok(signature) = Signature::from_scalars(r, inverse * (hash + r * self.0)) {
                return signature;
            }
        }
    }
}

/// Which engine this processor gets, and the two sums that are dear.
mod engine {
    use super::{Point, portable};

    pub(super) fn multiple_of_base(secret: &[u8; 32]) -> Point {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        if let Some(point) = super::assembly::multiple_of_base(secret) {
            return point;
        }
        portable::multiple_of_base(secret)
    }

    pub(super) fn multiple(secret: &[u8; 32], of: Point) -> Option<[u8; 32]> {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        if super::assembly::runs_here() {
            return super::assembly::multiple(secret, of);
        }
        portable::multiple(secret, of)
    }
}

/// RustCrypto's engine.
mod portable {
    use super::Point;
    use p256::{PublicKey, SecretKey};

    pub(super) fn multiple_of_base(secret: &[u8; 32]) -> Point {
        let key = SecretKey::from_slice(secret).expect("a `Secret` is a scalar of the group and not zero");
        Point::from_sec1(&key.public_key().to_sec1_bytes()).expect("a public key is written uncompressed")
    }

    pub(super) fn multiple(secret: &[u8; 32], of: Point) -> Option<[u8; 32]> {
        let key = SecretKey::from_slice(secret).expect("a `Secret` is a scalar of the group and not zero");
        let peer = PublicKey::from_sec1_bytes(&of.to_sec1()).ok()?;
        let shared = p256::ecdh::diffie_hellman(key.to_nonzero_scalar(), peer.as_affine());
        Some((*shared.raw_secret_bytes()).into())
    }
}

/// graviola's engine: assembly that stops the program on a processor that lacks what it is written with, so it is asked
/// for first.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod assembly {
    use super::Point;
    use graviola::key_agreement::p256::{PublicKey, StaticPrivateKey};

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

    #[cfg(target_arch = "aarch64")]
    pub(super) fn runs_here() -> bool {
        use std::arch::is_aarch64_feature_detected as has;
        has!("neon") && has!("aes") && has!("pmull") && has!("sha2")
    }

    pub(super) fn multiple_of_base(secret: &[u8; 32]) -> Option<Point> {
        if !runs_here() {
            return None;
        }
        Point::from_sec1(&StaticPrivateKey::from_bytes(secret).ok()?.public_key_uncompressed())
    }

    pub(super) fn multiple(secret: &[u8; 32], of: Point) -> Option<[u8; 32]> {
        let peer = PublicKey::from_x962_uncompressed(&of.to_sec1()).ok()?;
        let shared = StaticPrivateKey::from_bytes(secret).ok()?.diffie_hellman(&peer).ok()?;
        Some(shared.0)
    }
}

#[cfg(test)]
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({})", crate::encoding::hex_lower(&self.to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::SigningKey;
    use p256::ecdsa::signature::Signer;
    use proptest::prelude::*;

    fn secret() -> impl Strategy<Value = Secret> {
        any::<[u8; 32]>().prop_filter_map("no scalar", |bytes| Secret::from_bytes(&bytes))
    }

    #[test]
    fn zero_and_the_order_are_no_secrets() {
        let order =
            crate::encoding::hex_decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
        let order: [u8; 32] = order.unwrap().try_into().unwrap();
        assert!(Secret::from_bytes(&[0; 32]).is_none());
        assert!(Secret::from_bytes(&order).is_none());
        assert!(Secret::from_bytes(&[0xff; 32]).is_none());
        let mut last = order;
        last[31] -= 1;
        assert!(Secret::from_bytes(&last).is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn signatures_are_those_of_the_library(secret in secret(), message: Vec<u8>) {
            let expected: Signature = SigningKey::from_slice(&secret.to_bytes()).unwrap().sign(&message);
            prop_assert_eq!(secret.sign(&message), expected);
        }

        #[test]
        fn the_engines_agree(one in secret(), two in secret()) {
            let (one_bytes, point) = (one.to_bytes(), portable::multiple_of_base(&two.to_bytes()));
            prop_assert_eq!(two.public(), point);
            prop_assert_eq!(one.shared(point).ok(), portable::multiple(&one_bytes, point));
            prop_assert_eq!(one.shared(two.public()).unwrap(), two.shared(one.public()).unwrap());
        }

        #[test]
        fn a_point_off_the_curve_is_refused(one in secret(), x: [u8; 32], y: [u8; 32]) {
            let point = Point { x, y };
            prop_assert_eq!(one.shared(point), Err(CryptoError::BadKey));
            prop_assert_eq!(portable::multiple(&one.to_bytes(), point), None);
        }
    }
}
