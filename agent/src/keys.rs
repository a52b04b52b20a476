//! Keys as handles. The device never holds a private key: it names one and asks its store to use it. The store is
//! the TPM where there is one, the software key store ([`SoftwareKeyStore`]) where there is none; either may take
//! its time, so every use is a command and a later reply.

mod software;

use std::fmt;

use oobe_wire::crypto::{KeyKind, PublicKey};
use oobe_wire::jwe::WrappedKey;
use serde::{Deserialize, Serialize};

pub use software::{KEYS_VERSION, KeysError, SoftwareKeyStore};

/// A key by its container name, e.g. `device` or `transport`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyName(pub String);

impl KeyName {
    /// A key called `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What signature encoding is wanted: the two differ for ECDSA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureForm {
    /// As certificates and requests carry it (ECDSA: DER sequence).
    X509,
    /// As JSON Web Signatures carry it (ECDSA: r and s side by side).
    Jws,
}

/// One thing a key store can do. All hash with SHA-256; all signatures are deterministic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum KeyCommand {
    /// Make a key; one of that name is replaced.
    Create {
        /// Name.
        key: KeyName,
        /// Kind.
        kind: KeyKind,
    },
    /// Tell the public part.
    Public {
        /// Name.
        key: KeyName,
    },
    /// Sign a message.
    Sign {
        /// Name.
        key: KeyName,
        /// The message itself, not its hash.
        #[serde(skip)]
        message: Vec<u8>,
        /// Encoding.
        form: SignatureForm,
    },
    /// Unwrap a 32-byte symmetric key that was wrapped to this key.
    Unwrap {
        /// Name.
        key: KeyName,
        /// What arrived.
        #[serde(skip, default = "no_wrapped_key")]
        wrapped: Option<WrappedKey>,
    },
    /// Take in a private key that came from outside (a PFX).
    Import {
        /// Name.
        key: KeyName,
        /// PKCS#8 DER.
        #[serde(skip)]
        pkcs8: Vec<u8>,
    },
    /// Destroy a key.
    Delete {
        /// Name.
        key: KeyName,
    },
}

fn no_wrapped_key() -> Option<WrappedKey> {
    None
}

/// What a key store answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum KeyReply {
    /// The public part of the key (answer to `Create`, `Public`, `Import`).
    Public {
        /// The key.
        #[serde(with = "public_key_der")]
        key: PublicKey,
    },
    /// A signature.
    Signature {
        /// Bytes, in the form asked for.
        bytes: Vec<u8>,
    },
    /// An unwrapped symmetric key: kept out of every log.
    Unwrapped {
        /// The key.
        #[serde(skip)]
        key: [u8; 32],
    },
    /// Done.
    Done,
}

/// Why a key store refuses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyError {
    /// No key of that name.
    #[error("there is no such key")]
    NoSuchKey,
    /// The key can't do that (an ECDSA key asked to decrypt).
    #[error("this key can't do that")]
    WrongUse,
    /// What was to be unwrapped or imported is damaged, or meant for another key.
    #[error("the data does not belong to this key")]
    BadData,
    /// The key is in the TPM, and that gave no answer.
    #[error("{0}")]
    Tpm(crate::tpm::TpmError),
}

pub(crate) mod public_key_der {
    use oobe_wire::crypto::PublicKey;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(key: &PublicKey, s: S) -> Result<S::Ok, S::Error> {
        key.to_spki_der().serialize(s)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<PublicKey, D::Error> {
        PublicKey::from_spki_der(&Vec::<u8>::deserialize(d)?).map_err(D::Error::custom)
    }
}
