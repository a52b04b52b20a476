//! Private keys in software. A key in a TPM never becomes one of these.

use std::fmt;
use std::sync::Arc;

use der::Encode;
use der::asn1::OctetStringRef;

use pkcs8::{AlgorithmIdentifierRef, EncodePrivateKey, PrivateKeyInfoRef};
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::traits::PublicKeyParts;
use rsa::{Oaep, RsaPrivateKey};
use sec1::EcPrivateKey;
use sha1::Sha1;

use super::curve::{Point, Secret};
use super::public_key::{EC_PUBLIC_KEY, PRIME256V1, RSA_ENCRYPTION};
use super::{CryptoError, KeyKind, PublicKey, meter};
use crate::jwe::WrappedKey;
use crate::rng::Stream;

/// Longest PKCS#8 file that is read; RSA-4096 takes 2,400 bytes.
const MAX_PKCS8: usize = 4096;

/// A private key. Signatures are deterministic: RFC 6979 for P-256, PKCS#1 v1.5 for RSA.
#[derive(Clone)]
pub struct PrivateKey {
    public: PublicKey,
    secret: Inner,
}

#[derive(Clone)]
enum Inner {
    P256(Secret),
    Rsa(Arc<Rsa>),
}

/// The same key twice: ring signs (twice as fast), the rsa crate decrypts and writes.
struct Rsa {
    key: RsaPrivateKey,
    signer: RsaKeyPair,
}

impl PrivateKey {
    /// A new key; the same stream gives the same key. RSA takes some 50 ms, P-256 some 0.1 ms.
    pub fn generate(kind: KeyKind, stream: &mut Stream) -> Self {
        match kind {
            KeyKind::P256 => loop {
                // Zero and the few numbers above the group order are no keys; nobody will ever see one.
                if let Some(secret) = Secret::from_bytes(&stream.bytes::<32>()) {
                    return Self::from_p256(secret);
                }
            },
            KeyKind::Rsa2048 => {
                let key = RsaPrivateKey::new(stream, 2048).expect("2048 bits is a supported size");
                Self::from_rsa(key).expect("a fresh key is sound")
            }
        }
    }

    fn from_p256(secret: Secret) -> Self {
        meter::count(|work| work.public_keys += 1);
        let Point { x, y } = secret.public();
        Self { public: PublicKey::P256 { x, y }, secret: Inner::P256(secret) }
    }

    fn from_rsa(key: RsaPrivateKey) -> Result<Self, CryptoError> {
        let public = PublicKey::rsa(&key.n_bytes(), &key.e_bytes())?;
        let der = key.to_pkcs1_der().map_err(|_| CryptoError::BadKey)?;
        let signer = RsaKeyPair::from_der(der.as_bytes()).map_err(|_| CryptoError::BadKey)?;
        Ok(Self { public, secret: Inner::Rsa(Arc::new(Rsa { key, signer })) })
    }

    /// Reads an unencrypted PKCS#8 `PrivateKeyInfo`.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, CryptoError> {
        if der.len() > MAX_PKCS8 {
            return Err(CryptoError::BadKey);
        }
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| CryptoError::BadKey)?;
        if info.algorithm.oid == RSA_ENCRYPTION {
            let key = RsaPrivateKey::try_from(info).map_err(|_| CryptoError::BadKey)?;
            return Self::from_rsa(key);
        }
        Self::from_sec1(&info)
    }

    /// Reads the `ECPrivateKey` (RFC 5915) inside of a PKCS#8 file; a public key in it must be the private key's.
    fn from_sec1(info: &PrivateKeyInfoRef<'_>) -> Result<Self, CryptoError> {
        let curve = info.algorithm.parameters_oid().map_err(|_| CryptoError::BadKey)?;
        if info.algorithm.oid != EC_PUBLIC_KEY || curve != PRIME256V1 {
            return Err(CryptoError::BadKey);
        }
        let file = EcPrivateKey::try_from(info.private_key.as_bytes()).map_err(|_| CryptoError::BadKey)?;
        let of_curve = file.parameters.is_none_or(|p| p.named_curve() == Some(PRIME256V1));
        let secret = file.private_key.try_into().ok().filter(|_| of_curve).and_then(Secret::from_bytes);
        let key = Self::from_p256(secret.ok_or(CryptoError::BadKey)?);
        match file.public_key {
            Some(public) if public != key.public.to_sec1() => Err(CryptoError::BadKey),
            _ => Ok(key),
        }
    }

    /// Writes an unencrypted PKCS#8 `PrivateKeyInfo`.
    pub fn to_pkcs8_der(&self) -> Vec<u8> {
        match &self.secret {
            Inner::P256(secret) => {
                let file = EcPrivateKey {
                    private_key: &secret.to_bytes(),
                    parameters: None,
                    public_key: Some(&self.public.to_sec1()),
                };
                let file = file.to_der().expect("a key of known size can be written");
                let algorithm =
                    AlgorithmIdentifierRef { oid: EC_PUBLIC_KEY, parameters: Some((&PRIME256V1).into()) };
                let file = OctetStringRef::new(&file).expect("a key of known size can be written");
                PrivateKeyInfoRef::new(algorithm, file).to_der().expect("a key of known size can be written")
            }
            Inner::Rsa(rsa) => {
                rsa.key.to_pkcs8_der().expect("a sound key can be written").as_bytes().to_vec()
            }
        }
    }

    /// Which kind of key this is.
    pub const fn kind(&self) -> KeyKind {
        self.public.kind()
    }

    /// The public half.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs `message` (hashed with SHA-256) as certificates carry it: ECDSA as DER, RSA as the plain block.
    pub fn sign_x509(&self, message: &[u8]) -> Vec<u8> {
        meter::count(|work| work.signatures += 1);
        match &self.secret {
            Inner::P256(secret) => secret.sign(message).to_der().as_bytes().to_vec(),
            Inner::Rsa(rsa) => rsa.sign(message),
        }
    }

    /// Signs `message` (hashed with SHA-256) as JWS carries it: ECDSA as `r || s`, RSA as the plain block.
    pub fn sign_jws(&self, message: &[u8]) -> Vec<u8> {
        meter::count(|work| work.signatures += 1);
        match &self.secret {
            Inner::P256(secret) => secret.sign(message).to_vec(),
            Inner::Rsa(rsa) => rsa.sign(message),
        }
    }

    /// Decrypts RSA-OAEP with SHA-1 and MGF1-SHA-1 (reference: protocols, A.4).
    pub fn oaep_sha1_decrypt(&self, ciphertext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        meter::count(|work| work.agreements += 1);
        match &self.secret {
            Inner::P256(_) => Err(CryptoError::WrongKeyKind),
            Inner::Rsa(rsa) => {
                rsa.key.decrypt(Oaep::<Sha1>::new(), ciphertext).map_err(|_| CryptoError::BadCiphertext)
            }
        }
    }

    /// The secret shared with `peer`: the first coordinate of the common point. P-256 only.
    pub fn ecdh(&self, peer: &PublicKey) -> Result<[u8; 32], CryptoError> {
        meter::count(|work| work.agreements += 1);
        match (&self.secret, peer) {
            (Inner::P256(secret), PublicKey::P256 { x, y }) => secret.shared(Point { x: *x, y: *y }),
            _ => Err(CryptoError::WrongKeyKind),
        }
    }

    /// Unwraps a 32-byte key that was wrapped for this key.
    pub fn unwrap(&self, wrapped: &WrappedKey) -> Result<[u8; 32], CryptoError> {
        match wrapped {
            WrappedKey::RsaOaep { ciphertext } => {
                self.oaep_sha1_decrypt(ciphertext)?.try_into().map_err(|_| CryptoError::BadCiphertext)
            }
            WrappedKey::EcdhModel { ephemeral, .. } => {
                wrapped.unwrap_with_shared_secret(&self.ecdh(ephemeral)?)
            }
        }
    }
}

impl Rsa {
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.signer.public().modulus_len()];
        // PKCS#1 v1.5 has no randomness in it: ring wants a source, and does not draw from it.
        let unused = ring::rand::SystemRandom::new();
        self.signer
            .sign(&RSA_PKCS1_SHA256, &unused, message, &mut signature)
            .expect("the buffer has the modulus' length");
        signature
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({:?}, ***)", self.kind())
    }
}

impl PartialEq for PrivateKey {
    /// Two private keys are the same when their public halves are.
    fn eq(&self, other: &Self) -> bool {
        self.public == other.public
    }
}

impl Eq for PrivateKey {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::{hex_decode, hex_lower};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    fn key(kind: KeyKind, label: &str) -> PrivateKey {
        PrivateKey::generate(kind, &mut Stream::new(1, &["key", label]))
    }

    #[test]
    fn ecdsa_vector_of_rfc_6979() {
        let secret = hex_decode("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721").unwrap();
        let key = PrivateKey::from_p256(Secret::from_bytes(&secret.try_into().unwrap()).unwrap());
        assert_eq!(
            hex_lower(&key.sign_jws(b"sample")),
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
             f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
        );
    }

    #[test]
    fn keys_and_signatures_are_deterministic_and_verify() {
        for kind in [KeyKind::P256, KeyKind::Rsa2048] {
            let (first, again) = (key(kind, "a"), key(kind, "a"));
            assert_eq!(first.to_pkcs8_der(), again.to_pkcs8_der());
            assert_ne!(first, key(kind, "b"));
            let (x509, jws) = (first.sign_x509(b"m"), first.sign_jws(b"m"));
            assert_eq!((&x509, &jws), (&again.sign_x509(b"m"), &again.sign_jws(b"m")));
            assert_eq!(first.public().verify_x509(b"m", &x509), Ok(()));
            assert_eq!(first.public().verify_jws(b"m", &jws), Ok(()));
            assert_eq!(first.public().verify_jws(b"n", &jws), Err(CryptoError::BadSignature));
            assert_eq!(first.public().verify_x509(b"m", b""), Err(CryptoError::BadSignature));
        }
    }

    #[test]
    fn keys_round_trip() {
        for kind in [KeyKind::P256, KeyKind::Rsa2048] {
            let key = key(kind, "a");
            let read = PrivateKey::from_pkcs8_der(&key.to_pkcs8_der()).unwrap();
            assert_eq!(read.sign_jws(b"m"), key.sign_jws(b"m"));
            let public = PublicKey::from_spki_der(&key.public().to_spki_der()).unwrap();
            assert_eq!(&public, key.public());
            let json = serde_json::to_string(&public).unwrap();
            assert_eq!(serde_json::from_str::<PublicKey>(&json).unwrap(), public);
            assert_eq!(format!("{key:?}"), format!("PrivateKey({kind:?}, ***)"));
        }
    }

    #[test]
    fn each_kind_does_what_it_can() {
        let (p256, rsa) = (key(KeyKind::P256, "a"), key(KeyKind::Rsa2048, "a"));
        let mut stream = Stream::new(2, &[]);
        let sealed = rsa.public().oaep_sha1_encrypt(&mut stream.clone(), &[1; 214]).unwrap();
        assert_eq!(sealed, rsa.public().oaep_sha1_encrypt(&mut stream, &[1; 214]).unwrap());
        assert_eq!(rsa.oaep_sha1_decrypt(&sealed), Ok(vec![1; 214]));
        assert_eq!(rsa.oaep_sha1_decrypt(&sealed[1..]), Err(CryptoError::BadCiphertext));
        assert_eq!(rsa.public().oaep_sha1_encrypt(&mut stream, &[1; 215]), Err(CryptoError::TooLong));
        let other = key(KeyKind::P256, "b");
        assert_eq!(p256.ecdh(other.public()), other.ecdh(p256.public()));
        for error in [
            rsa.ecdh(p256.public()).err(),
            p256.ecdh(rsa.public()).err(),
            p256.oaep_sha1_decrypt(&sealed).err(),
            p256.public().oaep_sha1_encrypt(&mut stream, &[]).err(),
        ] {
            assert_eq!(error, Some(CryptoError::WrongKeyKind));
        }
    }

    static KEYS: LazyLock<[PrivateKey; 2]> =
        LazyLock::new(|| [KeyKind::P256, KeyKind::Rsa2048].map(|kind| key(kind, "a")));

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_bytes_are_an_answer(bytes: Vec<u8>, rsa: bool, at: prop::sample::Index, value: u8) {
            let _ = (PrivateKey::from_pkcs8_der(&bytes), PublicKey::from_spki_der(&bytes));
            let key = &KEYS[usize::from(rsa)];
            for (mut der, private) in [(key.to_pkcs8_der(), true), (key.public().to_spki_der(), false)] {
                let at = at.index(der.len());
                der[at] = value;
                if private {
                    let _ = PrivateKey::from_pkcs8_der(&der).map(|key| key.sign_x509(b"m"));
                } else {
                    let _ = PublicKey::from_spki_der(&der).map(|key| key.verify_x509(b"m", &bytes));
                }
            }
        }
    }
}
