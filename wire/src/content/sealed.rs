//! A content key sealed for the device's certificate: CMS EnvelopedData for RSA keys, a *model* form for
//! P-256.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use serde::{Deserialize, Serialize};

use crate::crypto::{Jwk, PublicKey, aes_256_cbc_decrypt, aes_256_cbc_encrypt};
use crate::derenc;
use crate::encoding::{base64_decode, base64_encode};
use crate::jwe::WrappedKey;
use crate::rng::Stream;

const ENVELOPED_DATA: &str = "1.2.840.113549.1.7.3";
const DATA: &str = "1.2.840.113549.1.7.1";
const RSAES_OAEP: &str = "1.2.840.113549.1.1.7";
const AES_256_CBC: &str = "2.16.840.1.101.3.4.1.42";

/// Why sealed data cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Neither EnvelopedData nor the model form.
    #[error("not sealed data: {0}")]
    Format(&'static str),
    /// An algorithm other than RSA-OAEP (SHA-1) and AES-256-CBC.
    #[error("algorithm {0} is not supported")]
    Algorithm(String),
    /// The key does not open it.
    #[error("the key does not open it")]
    WrongKey,
}

/// Sealed data: a wrapped key for the key store to unwrap, and what that key opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The key that opens the rest.
    pub wrapped_key: WrappedKey,
    iv: [u8; 16],
    ciphertext: Vec<u8>,
}

/// Seals `plain` for the holder of `recipient`.
pub fn seal_for(recipient: &PublicKey, stream: &mut Stream, plain: &[u8]) -> Vec<u8> {
    let (key, iv) = (stream.bytes::<32>(), stream.bytes::<16>());
    let ciphertext = aes_256_cbc_encrypt(&key, &iv, plain);
    match WrappedKey::wrap(recipient, stream, &key) {
        WrappedKey::RsaOaep { ciphertext: wrapped } => enveloped_data(recipient, &wrapped, &iv, &ciphertext),
        WrappedKey::EcdhModel { ephemeral, wrapped } => {
            let model = Model {
                form: MODEL.to_owned(),
                epk: ephemeral.to_jwk(),
                key: base64_encode(&wrapped),
                iv: base64_encode(&iv),
                data: base64_encode(&ciphertext),
            };
            serde_json::to_vec(&model).expect("strings are plain JSON")
        }
    }
}

/// EnvelopedData of RFC 5652 with one recipient, known by its subject key identifier.
fn enveloped_data(recipient: &PublicKey, wrapped: &[u8], iv: &[u8; 16], ciphertext: &[u8]) -> Vec<u8> {
    let recipient = derenc::sequence(&[
        &derenc::small(2),
        &derenc::context_primitive(0, &recipient.key_identifier()),
        // Without parameters: SHA-1 and MGF1 with SHA-1.
        &derenc::sequence(&[&derenc::oid(RSAES_OAEP), &derenc::sequence(&[])]),
        &derenc::octets(wrapped),
    ]);
    let content = derenc::sequence(&[
        &derenc::oid(DATA),
        &derenc::sequence(&[&derenc::oid(AES_256_CBC), &derenc::octets(iv)]),
        &derenc::context_primitive(0, ciphertext),
    ]);
    let enveloped = derenc::sequence(&[&derenc::small(2), &derenc::set(&[&recipient]), &content]);
    derenc::sequence(&[&derenc::oid(ENVELOPED_DATA), &derenc::context(0, &enveloped)])
}

const MODEL: &str = "oobe-model-sealed-1";

/// The *model* form for P-256 keys: base64 throughout.
#[derive(Serialize, Deserialize)]
struct Model {
    form: String,
    epk: Jwk,
    key: String,
    iv: String,
    data: String,
}

impl Sealed {
    /// Takes sealed data apart.
    pub fn parse(sealed: &[u8]) -> Result<Self, SealError> {
        match sealed.first() {
            Some(b'{') => Self::parse_model(sealed),
            _ => Self::parse_cms(sealed),
        }
    }

    /// Opens it with the unwrapped key.
    pub fn open(&self, key: &[u8; 32]) -> Result<Vec<u8>, SealError> {
        aes_256_cbc_decrypt(key, &self.iv, &self.ciphertext).map_err(|_| SealError::WrongKey)
    }

    fn parse_model(json: &[u8]) -> Result<Self, SealError> {
        let model: Model =
            serde_json::from_slice(json).map_err(|_| SealError::Format("not the model's JSON"))?;
        if model.form != MODEL {
            return Err(SealError::Algorithm(model.form));
        }
        let bytes = |text: &str| base64_decode(text).map_err(|_| SealError::Format("not base64"));
        Ok(Self {
            wrapped_key: WrappedKey::EcdhModel {
                ephemeral: PublicKey::from_jwk(&model.epk)
                    .map_err(|_| SealError::Format("the one-time key is none"))?,
                wrapped: bytes(&model.key)?,
            },
            iv: bytes(&model.iv)?.try_into().map_err(|_| SealError::Format("the IV has not 16 bytes"))?,
            ciphertext: bytes(&model.data)?,
        })
    }

    fn parse_cms(der: &[u8]) -> Result<Self, SealError> {
        let info = sequence(AnyRef::from_der(der).map_err(|_| SealError::Format("not DER"))?)?;
        if oid(part(&info, 0)?)? != ENVELOPED_DATA {
            return Err(SealError::Format("not EnvelopedData"));
        }
        let enveloped = elements(part(&info, 1)?.value())?;
        let enveloped = sequence(part(&enveloped, 0)?)?;
        // Originator information, [0], may stand between the version and the recipients.
        let set =
            enveloped.iter().position(|e| e.tag() == Tag::Set).ok_or(SealError::Format("no recipients"))?;
        let recipients = elements(part(&enveloped, set)?.value())?;
        // There is one device: whichever recipient comes first is meant.
        let recipient = sequence(part(&recipients, 0)?)?;
        expect_algorithm(part(&recipient, 2)?, RSAES_OAEP)?;
        let content = sequence(part(&enveloped, set + 1)?)?;
        let parameters = expect_algorithm(part(&content, 1)?, AES_256_CBC)?;
        let iv = part(&parameters, 1)?.value();
        Ok(Self {
            wrapped_key: WrappedKey::RsaOaep { ciphertext: part(&recipient, 3)?.value().to_vec() },
            iv: iv.try_into().map_err(|_| SealError::Format("the IV has not 16 bytes"))?,
            ciphertext: part(&content, 2)?.value().to_vec(),
        })
    }
}

/// The elements that follow each other in `content`.
fn elements(content: &[u8]) -> Result<Vec<AnyRef<'_>>, SealError> {
    let read = || -> der::Result<Vec<AnyRef<'_>>> {
        let mut reader = SliceReader::new(content)?;
        let mut elements = Vec::new();
        while !reader.is_finished() {
            elements.push(AnyRef::decode(&mut reader)?);
        }
        Ok(elements)
    };
    read().map_err(|_| SealError::Format("malformed DER"))
}

fn sequence(element: AnyRef<'_>) -> Result<Vec<AnyRef<'_>>, SealError> {
    if element.tag() != Tag::Sequence {
        return Err(SealError::Format("a SEQUENCE is missing"));
    }
    elements(element.value())
}

fn part<'a>(parts: &[AnyRef<'a>], index: usize) -> Result<AnyRef<'a>, SealError> {
    parts.get(index).copied().ok_or(SealError::Format("an element is missing"))
}

fn oid(element: AnyRef<'_>) -> Result<String, SealError> {
    let oid = element.decode_as::<ObjectIdentifier>().map_err(|_| SealError::Format("an OID is missing"))?;
    Ok(oid.to_string())
}

/// The parts of an AlgorithmIdentifier, which must name that algorithm.
fn expect_algorithm<'a>(element: AnyRef<'a>, expected: &str) -> Result<Vec<AnyRef<'a>>, SealError> {
    let parts = sequence(element)?;
    let found = oid(part(&parts, 0)?)?;
    if found == expected { Ok(parts) } else { Err(SealError::Algorithm(found)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{KeyKind, PrivateKey};
    use proptest::prelude::*;

    #[test]
    fn opens_with_the_recipients_key_only() {
        for kind in [KeyKind::P256, KeyKind::Rsa2048] {
            let mut stream = Stream::new(1, &["sealed"]);
            let key = PrivateKey::generate(kind, &mut stream);
            let bytes = seal_for(key.public(), &mut stream.clone(), b"{}");
            assert_eq!(bytes, seal_for(key.public(), &mut stream, b"{}"));
            let sealed = Sealed::parse(&bytes).unwrap();
            assert_eq!(sealed.open(&key.unwrap(&sealed.wrapped_key).unwrap()), Ok(b"{}".to_vec()));
            assert_eq!(sealed.open(&[0; 32]), Err(SealError::WrongKey));
            let other = PrivateKey::generate(kind, &mut stream);
            assert!(other.unwrap(&sealed.wrapped_key).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes: Vec<u8>, at: prop::sample::Index, value: u8) {
            let _ = Sealed::parse(&bytes);
            let key = PublicKey::rsa(&[0xff; 256], &[1, 0, 1]).unwrap();
            let mut changed = enveloped_data(&key, &[1; 256], &[2; 16], &[3; 16]);
            let at = at.index(changed.len());
            changed[at] = value;
            let _ = Sealed::parse(&changed);
        }
    }
}
