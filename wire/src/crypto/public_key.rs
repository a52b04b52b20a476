//! Public keys.

use const_oid::ObjectIdentifier;
use der::asn1::UintRef;
use der::{Decode, Reader, SliceReader};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use rsa::{BoxedUint, Oaep, RsaPublicKey};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::Sha256;
use spki::SubjectPublicKeyInfoRef;

use super::{CryptoError, KeyKind};
use crate::derenc;
use crate::rng::Stream;

/// Object identifier of RSA keys.
pub(crate) const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// Object identifier of keys on elliptic curves.
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// Object identifier of NIST P-256.
pub(super) const PRIME256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// A public key. Serialises as base64 of its `SubjectPublicKeyInfo`. Made by [`PublicKey::p256`],
/// [`PublicKey::rsa`] and the readers, all of which check it: there is no invalid one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum PublicKey {
    /// A point on NIST P-256, each coordinate big-endian.
    #[non_exhaustive]
    P256 {
        /// First coordinate.
        x: [u8; 32],
        /// Second coordinate.
        y: [u8; 32],
    },
    /// An RSA key; both numbers big-endian without leading zeros.
    #[non_exhaustive]
    Rsa {
        /// Modulus, 2048 to 4096 bits.
        n: Vec<u8>,
        /// Public exponent, usually 65537.
        e: Vec<u8>,
    },
}

impl PublicKey {
    /// A point; must be on the curve.
    pub fn p256(x: [u8; 32], y: [u8; 32]) -> Result<Self, CryptoError> {
        let key = Self::P256 { x, y };
        match p256::PublicKey::from_sec1_bytes(&key.to_sec1()) {
            Ok(_) => Ok(key),
            Err(_) => Err(CryptoError::BadKey),
        }
    }

    /// A modulus of 2048 to 4096 bits and an odd exponent of 3 to 2^32, big-endian; leading zeros are
    /// dropped.
    pub fn rsa(n: &[u8], e: &[u8]) -> Result<Self, CryptoError> {
        let (n, e) = (without_zeros(n), without_zeros(e));
        let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
        let bits = match n.first() {
            Some(first) => n.len() * 8 - first.leading_zeros() as usize,
            None => 0,
        };
        if !(2048..=4096).contains(&bits) || e.len() > 4 || e == [1] || !odd(n) || !odd(e) {
            return Err(CryptoError::BadKey);
        }
        Ok(Self::Rsa { n: n.to_vec(), e: e.to_vec() })
    }

    /// Which kind of key this is.
    pub const fn kind(&self) -> KeyKind {
        match self {
            Self::P256 { .. } => KeyKind::P256,
            Self::Rsa { .. } => KeyKind::Rsa2048,
        }
    }

    /// Reads a `SubjectPublicKeyInfo`; the point must be on the curve, the modulus have 2048 to 4096 bits.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, CryptoError> {
        let spki = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| CryptoError::BadKey)?;
        let key = spki.subject_public_key.as_bytes().ok_or(CryptoError::BadKey)?;
        let algorithm = spki.algorithm.oid;
        if algorithm == RSA_ENCRYPTION {
            return Self::from_pkcs1_der(key);
        }
        let on_p256 = spki.algorithm.parameters_oid().is_ok_and(|curve| curve == PRIME256V1);
        if algorithm != EC_PUBLIC_KEY || !on_p256 {
            return Err(CryptoError::BadKey);
        }
        let point = p256::PublicKey::from_sec1_bytes(key).map_err(|_| CryptoError::BadKey)?;
        let sec1 = point.to_sec1_bytes();
        let coordinate =
            |from: usize| std::array::from_fn(|i| sec1.get(from + i).copied().unwrap_or_default());
        Ok(Self::P256 { x: coordinate(1), y: coordinate(33) })
    }

    fn from_pkcs1_der(der: &[u8]) -> Result<Self, CryptoError> {
        let read = || -> der::Result<(Vec<u8>, Vec<u8>)> {
            let mut reader = SliceReader::new(der)?;
            let numbers = reader.sequence(|reader| {
                let n = UintRef::decode(reader)?.as_bytes().to_vec();
                Ok::<_, der::Error>((n, UintRef::decode(reader)?.as_bytes().to_vec()))
            })?;
            reader.finish()?;
            Ok(numbers)
        };
        let (n, e) = read().map_err(|_| CryptoError::BadKey)?;
        Self::rsa(&n, &e)
    }

    /// Writes a `SubjectPublicKeyInfo`.
    pub fn to_spki_der(&self) -> Vec<u8> {
        let algorithm = match self {
            Self::P256 { .. } => {
                derenc::sequence(&[&derenc::object_id(&EC_PUBLIC_KEY), &derenc::object_id(&PRIME256V1)])
            }
            Self::Rsa { .. } => derenc::sequence(&[&derenc::object_id(&RSA_ENCRYPTION), &derenc::null()]),
        };
        derenc::sequence(&[&algorithm, &derenc::bits(&self.key_bits())])
    }

    /// Checks a signature in the form that certificates carry.
    pub fn verify_x509(&self, message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        self.verify(message, signature, &ECDSA_P256_SHA256_ASN1)
    }

    /// Checks a signature in the form that JWS carries.
    pub fn verify_jws(&self, message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        self.verify(message, signature, &ECDSA_P256_SHA256_FIXED)
    }

    fn verify(
        &self,
        message: &[u8],
        signature: &[u8],
        ecdsa: &'static dyn ring::signature::VerificationAlgorithm,
    ) -> Result<(), CryptoError> {
        super::meter::count(|work| work.verifications += 1);
        let result = match self {
            Self::P256 { .. } => UnparsedPublicKey::new(ecdsa, self.to_sec1()).verify(message, signature),
            Self::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        };
        result.map_err(|_| CryptoError::BadSignature)
    }

    /// Encrypts with RSA-OAEP, SHA-1 and MGF1-SHA-1; the padding's seed comes from `stream`.
    pub fn oaep_sha1_encrypt(&self, stream: &mut Stream, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let Self::Rsa { n, e } = self else { return Err(CryptoError::WrongKeyKind) };
        // Two hashes and two bytes of padding (RFC 8017, 7.1.1).
        if message.len() + 2 * 20 + 2 > n.len() {
            return Err(CryptoError::TooLong);
        }
        let number = |bytes: &[u8]| BoxedUint::from_be_slice_vartime(bytes);
        let key = RsaPublicKey::new(number(n), number(e)).map_err(|_| CryptoError::BadKey)?;
        key.encrypt(stream, Oaep::<Sha1>::new(), message).map_err(|_| CryptoError::BadKey)
    }

    /// Encrypts with RSA-OAEP, SHA-256, MGF1-SHA-256 and a label, as a TPM wants seeds; the padding's seed comes from
    /// `stream`.
    pub fn oaep_sha256_encrypt(
        &self,
        stream: &mut Stream,
        label: &[u8],
        message: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let Self::Rsa { n, e } = self else { return Err(CryptoError::WrongKeyKind) };
        // Two hashes and two bytes of padding (RFC 8017, 7.1.1).
        if message.len() + 2 * 32 + 2 > n.len() {
            return Err(CryptoError::TooLong);
        }
        let number = |bytes: &[u8]| BoxedUint::from_be_slice_vartime(bytes);
        let key = RsaPublicKey::new(number(n), number(e)).map_err(|_| CryptoError::BadKey)?;
        key.encrypt(stream, Oaep::<Sha256>::new_with_label(label), message).map_err(|_| CryptoError::BadKey)
    }

    /// SHA-1 of the key's bits (RFC 5280, 4.2.1.2, first method): what certificates and CMS know the key by.
    pub(crate) fn key_identifier(&self) -> [u8; 20] {
        super::sha1(&self.key_bits())
    }

    /// What the BIT STRING of a `SubjectPublicKeyInfo` holds.
    fn key_bits(&self) -> Vec<u8> {
        match self {
            Self::P256 { .. } => self.to_sec1(),
            Self::Rsa { n, e } => derenc::sequence(&[&derenc::unsigned(n), &derenc::unsigned(e)]),
        }
    }

    /// `04 || x || y`; for RSA keys empty.
    pub(crate) fn to_sec1(&self) -> Vec<u8> {
        match self {
            Self::P256 { x, y } => [&[4], x.as_slice(), y].concat(),
            Self::Rsa { .. } => Vec::new(),
        }
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    &number[number.iter().take_while(|byte| **byte == 0).count()..]
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        crate::encoding::base64_encode(&key.to_spki_der())
    }
}

impl TryFrom<String> for PublicKey {
    type Error = CryptoError;

    fn try_from(text: String) -> Result<Self, CryptoError> {
        let der = crate::encoding::base64_decode(&text).map_err(|_| CryptoError::BadKey)?;
        Self::from_spki_der(&der)
    }
}
