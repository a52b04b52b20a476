//! Encrypted tokens: the wrapped session key, and replies under a key derived from it (reference: protocols,
//! A.4, A.5).

use serde_json::{Value, json};

use crate::crypto::{
    CryptoError, Jwk, KeyKind, PrivateKey, PublicKey, aes_256_cbc_decrypt, aes_256_cbc_encrypt,
    aes_256_gcm_decrypt, aes_256_gcm_encrypt, sha256,
};
use crate::encoding::{base64_decode, base64_encode, base64url_decode, base64url_encode};
use crate::jwt::{KdfVersion, derived_key};
use crate::rng::Stream;

/// `alg` of the P-256 dialect. Not a registered name, so that nobody takes it for one.
const ECDH_MODEL: &str = "OOBE-ECDH-P256";

/// Why an encrypted token gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JweError {
    /// Not five dot-separated base64url parts with a JSON header.
    #[error("not a compact JWE: {0}")]
    Format(&'static str),
    /// `alg` or `enc` that is not supported.
    #[error("JWE algorithm {0:?} is not supported")]
    Algorithm(String),
    /// Key and content do not belong together.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// A 32-byte key encrypted for a public key, as it travels: what a key store or TPM needs to unwrap it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrappedKey {
    /// RSA-OAEP with SHA-1, as published.
    RsaOaep {
        /// One RSA block.
        ciphertext: Vec<u8>,
    },
    /// *Model*: ECDH with an ephemeral P-256 key, then AES-256-GCM under a hash of the shared secret.
    EcdhModel {
        /// The sender's one-time public key.
        ephemeral: PublicKey,
        /// The key, encrypted, and 16 bytes of tag.
        wrapped: Vec<u8>,
    },
}

impl WrappedKey {
    /// Wraps `key` for `recipient`.
    pub fn wrap(recipient: &PublicKey, stream: &mut Stream, key: &[u8; 32]) -> Self {
        match recipient.kind() {
            KeyKind::Rsa2048 => {
                let ciphertext = recipient.oaep_sha1_encrypt(stream, key);
                Self::RsaOaep {
                    ciphertext: ciphertext.expect("32 bytes fit into any RSA key that is accepted"),
                }
            }
            KeyKind::P256 => {
                let one_time = PrivateKey::generate(KeyKind::P256, stream);
                let shared = one_time.ecdh(recipient).expect("public keys are points on the curve");
                let ephemeral = one_time.public().clone();
                let wrapped = aes_256_gcm_encrypt(&model_key(&ephemeral, &shared), &[0; 12], key, &[]);
                Self::EcdhModel { ephemeral, wrapped }
            }
        }
    }

    /// Reads the key part of a `session_key_jwe`.
    pub fn parse(compact: &str) -> Result<Self, JweError> {
        let parts = Parts::read(compact)?;
        match parts.algorithm() {
            "RSA-OAEP" => Ok(Self::RsaOaep { ciphertext: parts.encrypted_key }),
            ECDH_MODEL => {
                let epk = parts.header.get("epk").cloned().unwrap_or_default();
                let epk: Jwk =
                    serde_json::from_value(epk).map_err(|_| JweError::Format("epk is not a key"))?;
                Ok(Self::EcdhModel { ephemeral: PublicKey::from_jwk(&epk)?, wrapped: parts.encrypted_key })
            }
            other => Err(JweError::Algorithm(other.to_owned())),
        }
    }

    /// Unwraps with the shared secret that a key store computed by ECDH with [`WrappedKey::EcdhModel`]'s
    /// ephemeral key.
    pub fn unwrap_with_shared_secret(&self, shared: &[u8; 32]) -> Result<[u8; 32], CryptoError> {
        let Self::EcdhModel { ephemeral, wrapped } = self else { return Err(CryptoError::WrongKeyKind) };
        aes_256_gcm_decrypt(&model_key(ephemeral, shared), &[0; 12], wrapped, &[])?
            .try_into()
            .map_err(|_| CryptoError::BadCiphertext)
    }
}

/// The key of one wrapping. It is used once, so the nonce can be fixed.
fn model_key(ephemeral: &PublicKey, shared: &[u8; 32]) -> [u8; 32] {
    sha256(&[b"oobe model key wrap\0".as_slice(), shared, &ephemeral.to_sec1()].concat())
}

/// A `session_key_jwe`: `{"alg":"RSA-OAEP","enc":"A256GCM"}` for RSA keys, a *model* header for P-256.
/// Clients take the second part only; the rest is an empty message under that key, so that the whole is a
/// sound JWE.
pub fn wrap_session_key(transport: &PublicKey, stream: &mut Stream, key: &[u8; 32]) -> String {
    let (header, encrypted_key) = match WrappedKey::wrap(transport, stream, key) {
        WrappedKey::RsaOaep { ciphertext } => (json!({"alg": "RSA-OAEP", "enc": "A256GCM"}), ciphertext),
        WrappedKey::EcdhModel { ephemeral, wrapped } => {
            (json!({"alg": ECDH_MODEL, "enc": "A256GCM", "epk": ephemeral.to_jwk()}), wrapped)
        }
    };
    let header = base64url_encode(header.to_string().as_bytes());
    let nonce = stream.bytes::<12>();
    let tag = aes_256_gcm_encrypt(key, &nonce, &[], header.as_bytes());
    format!(
        "{header}.{}.{}..{}",
        base64url_encode(&encrypted_key),
        base64url_encode(&nonce),
        base64url_encode(&tag)
    )
}

/// An encrypted token reply: `{"alg":"dir","enc":"A256GCM"}` by its label, AES-256-CBC with a 16-byte IV in
/// fact.
pub fn encrypt_reply(session_key: &[u8; 32], stream: &mut Stream, json: &[u8]) -> String {
    let (ctx, iv, tag) = (stream.bytes::<24>(), stream.bytes::<16>(), stream.bytes::<16>());
    let header = json!({"alg": "dir", "enc": "A256GCM", "ctx": base64_encode(&ctx)}).to_string();
    let ciphertext = aes_256_cbc_encrypt(&derived_key(session_key, &ctx, KdfVersion::V1), &iv, json);
    let [header, iv, ciphertext, tag] =
        [header.as_bytes(), iv.as_slice(), &ciphertext, &tag].map(base64url_encode);
    format!("{header}..{iv}.{ciphertext}.{tag}")
}

/// Reads an encrypted token reply; a 12-byte IV means that it really is GCM.
pub fn decrypt_reply(session_key: &[u8; 32], compact: &str) -> Result<Vec<u8>, JweError> {
    let parts = Parts::read(compact)?;
    if parts.algorithm() != "dir" {
        return Err(JweError::Algorithm(parts.algorithm().to_owned()));
    }
    let ctx =
        parts.header.get("ctx").and_then(Value::as_str).ok_or(JweError::Format("no ctx in the header"))?;
    let ctx = base64_decode(ctx).map_err(|_| JweError::Format("ctx is not base64"))?;
    let key = derived_key(session_key, &ctx, KdfVersion::V1);
    if let Ok(iv) = <[u8; 16]>::try_from(parts.iv.as_slice()) {
        return Ok(aes_256_cbc_decrypt(&key, &iv, &parts.ciphertext)?);
    }
    let nonce =
        <[u8; 12]>::try_from(parts.iv).map_err(|_| JweError::Format("the IV has neither 12 nor 16 bytes"))?;
    let sealed = [parts.ciphertext, parts.tag].concat();
    Ok(aes_256_gcm_decrypt(&key, &nonce, &sealed, parts.raw_header.as_bytes())?)
}

/// The five parts of a compact JWE.
struct Parts {
    raw_header: String,
    header: Value,
    encrypted_key: Vec<u8>,
    iv: Vec<u8>,
    ciphertext: Vec<u8>,
    tag: Vec<u8>,
}

impl Parts {
    fn read(compact: &str) -> Result<Self, JweError> {
        let parts: Vec<&str> = compact.trim().split('.').collect();
        let &[raw_header, encrypted_key, iv, ciphertext, tag] = parts.as_slice() else {
            return Err(JweError::Format("not five parts"));
        };
        let bytes = |text| base64url_decode(text).map_err(|_| JweError::Format("a part is not base64url"));
        Ok(Self {
            raw_header: raw_header.to_owned(),
            header: serde_json::from_slice(&bytes(raw_header)?)
                .map_err(|_| JweError::Format("the header is not JSON"))?,
            encrypted_key: bytes(encrypted_key)?,
            iv: bytes(iv)?,
            ciphertext: bytes(ciphertext)?,
            tag: bytes(tag)?,
        })
    }

    fn algorithm(&self) -> &str {
        self.header.get("alg").and_then(Value::as_str).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn session_keys_travel_to_either_kind_of_key() {
        for kind in [KeyKind::P256, KeyKind::Rsa2048] {
            let mut stream = Stream::new(1, &["jwe"]);
            let transport = PrivateKey::generate(kind, &mut stream);
            let jwe = wrap_session_key(transport.public(), &mut stream.clone(), &[5; 32]);
            assert_eq!(jwe, wrap_session_key(transport.public(), &mut stream, &[5; 32]));
            let wrapped = WrappedKey::parse(&jwe).unwrap();
            assert_eq!(transport.unwrap(&wrapped), Ok([5; 32]));
            let other = PrivateKey::generate(kind, &mut stream);
            assert_eq!(other.unwrap(&wrapped), Err(CryptoError::BadCiphertext));
        }
    }

    #[test]
    fn rsa_header_is_the_published_one() {
        let mut stream = Stream::new(1, &["jwe"]);
        let transport = PrivateKey::generate(KeyKind::Rsa2048, &mut stream);
        let jwe = wrap_session_key(transport.public(), &mut stream, &[5; 32]);
        let header = base64url_decode(jwe.split('.').next().unwrap()).unwrap();
        assert_eq!(header, br#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#);
    }

    #[test]
    fn real_gcm_is_read_too() {
        let (session_key, ctx) = ([3; 32], [1; 24]);
        let header = json!({"alg": "dir", "enc": "A256GCM", "ctx": base64_encode(&ctx)}).to_string();
        let header = base64url_encode(header.as_bytes());
        let key = derived_key(&session_key, &ctx, KdfVersion::V1);
        let sealed = aes_256_gcm_encrypt(&key, &[2; 12], b"{}", header.as_bytes());
        let (ciphertext, tag) = sealed.split_at(2);
        let [iv, ciphertext, tag] = [[2_u8; 12].as_slice(), ciphertext, tag].map(base64url_encode);
        assert_eq!(
            decrypt_reply(&session_key, &format!("{header}..{iv}.{ciphertext}.{tag}")),
            Ok(b"{}".to_vec())
        );
    }

    proptest! {
        #[test]
        fn replies_round_trip(session_key: [u8; 32], seed: u64, json: Vec<u8>) {
            let jwe = encrypt_reply(&session_key, &mut Stream::new(seed, &[]), &json);
            prop_assert_eq!(decrypt_reply(&session_key, &jwe), Ok(json));
        }

        #[test]
        fn any_text_is_an_answer(text in ".{0,100}", parts in "([A-Za-z0-9_-]{0,30}\\.){4}[A-Za-z0-9_-]{0,30}") {
            let _ = (WrappedKey::parse(&text), WrappedKey::parse(&parts));
            let _ = (decrypt_reply(&[0; 32], &text), decrypt_reply(&[0; 32], &parts));
        }
    }
}
