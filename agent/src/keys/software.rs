//! Keys in software: what stands in for a TPM where there is none. A pure value: commands in, replies out; it lives
//! with the device's disk and draws from a stream of its own, so the same commands make the same keys.

use std::collections::BTreeMap;
use std::fmt;

use oobe_wire::crypto::PrivateKey;
use oobe_wire::encoding::{base64_decode, base64_encode};
use oobe_wire::rng::Stream;
use serde::{Deserialize, Serialize};

use super::{KeyCommand, KeyError, KeyName, KeyReply, SignatureForm};

/// A key store in software (reference: design, "keys are handles").
#[derive(Clone, Serialize, Deserialize)]
#[serde(into = "Stored", try_from = "serde_json::Value")]
pub struct SoftwareKeyStore {
    stream: Stream,
    keys: BTreeMap<KeyName, PrivateKey>,
}

impl SoftwareKeyStore {
    /// An empty store of the device called `device` in the world of `seed`.
    pub fn new(seed: u64, device: &str) -> Self {
        Self { stream: Stream::new(seed, &["keys", device]), keys: BTreeMap::new() }
    }

    /// Carries out one command.
    pub fn execute(&mut self, command: &KeyCommand) -> Result<KeyReply, KeyError> {
        match command {
            KeyCommand::Create { key, kind } => {
                let made = PrivateKey::generate(*kind, &mut self.stream);
                Ok(self.keep(key, made))
            }
            KeyCommand::Public { key } => Ok(KeyReply::Public { key: self.find(key)?.public().clone() }),
            KeyCommand::Sign { key, message, form } => {
                let key = self.find(key)?;
                let bytes = match form {
                    SignatureForm::X509 => key.sign_x509(message),
                    SignatureForm::Jws => key.sign_jws(message),
                };
                Ok(KeyReply::Signature { bytes })
            }
            KeyCommand::Unwrap { key, wrapped } => {
                let key = self.find(key)?;
                let wrapped = wrapped.as_ref().ok_or(KeyError::BadData)?;
                key.unwrap(wrapped).map(|key| KeyReply::Unwrapped { key }).map_err(|error| match error {
                    oobe_wire::crypto::CryptoError::WrongKeyKind => KeyError::WrongUse,
                    _ => KeyError::BadData,
                })
            }
            KeyCommand::Import { key, pkcs8 } => {
                let imported = PrivateKey::from_pkcs8_der(pkcs8).map_err(|_| KeyError::BadData)?;
                Ok(self.keep(key, imported))
            }
            KeyCommand::Delete { key } => {
                self.keys.remove(key).map(|_| KeyReply::Done).ok_or(KeyError::NoSuchKey)
            }
        }
    }

    /// Names of the keys in the store, ordered.
    pub fn names(&self) -> impl Iterator<Item = &KeyName> {
        self.keys.keys()
    }

    fn find(&self, name: &KeyName) -> Result<&PrivateKey, KeyError> {
        self.keys.get(name).ok_or(KeyError::NoSuchKey)
    }

    fn keep(&mut self, name: &KeyName, key: PrivateKey) -> KeyReply {
        let public = key.public().clone();
        self.keys.insert(name.clone(), key);
        KeyReply::Public { key: public }
    }
}

impl fmt::Debug for SoftwareKeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoftwareKeyStore").field("keys", &self.keys.keys()).finish_non_exhaustive()
    }
}

/// Version of the stored form that this program writes.
pub const KEYS_VERSION: u32 = 1;

/// How a store is kept: keys as PKCS#8 in base64.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(default)]
    version: u32,
    stream: Stream,
    keys: BTreeMap<KeyName, String>,
}

/// Why a stored key store can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// Written by a later program.
    #[error("the stored key store has version {0}; this program knows up to {KEYS_VERSION}")]
    TooNew(u64),
    /// Not a key store.
    #[error("no stored key store: {0}")]
    Malformed(String),
    /// No key.
    #[error("a stored key is base64 of PKCS#8")]
    BadKey,
}

impl From<SoftwareKeyStore> for Stored {
    fn from(store: SoftwareKeyStore) -> Self {
        let keys = store.keys.into_iter().map(|(name, key)| (name, base64_encode(&key.to_pkcs8_der())));
        Self { version: KEYS_VERSION, stream: store.stream, keys: keys.collect() }
    }
}

impl TryFrom<serde_json::Value> for SoftwareKeyStore {
    type Error = KeysError;

    fn try_from(value: serde_json::Value) -> Result<Self, Self::Error> {
        // The first form did not say which it is. Later versions add their migrations here.
        let version = value.get("version").and_then(serde_json::Value::as_u64).unwrap_or(1);
        if version > u64::from(KEYS_VERSION) {
            return Err(KeysError::TooNew(version));
        }
        let stored: Stored =
            serde_json::from_value(value).map_err(|e| KeysError::Malformed(e.to_string()))?;
        let mut keys = BTreeMap::new();
        for (name, text) in stored.keys {
            let der = base64_decode(&text).map_err(|_| KeysError::BadKey)?;
            keys.insert(name, PrivateKey::from_pkcs8_der(&der).map_err(|_| KeysError::BadKey)?);
        }
        Ok(Self { stream: stored.stream, keys })
    }
}

#[cfg(test)]
mod tests {
    use oobe_wire::crypto::KeyKind;
    use oobe_wire::jwe::WrappedKey;

    use super::*;

    fn create(store: &mut SoftwareKeyStore, name: &str) -> KeyReply {
        let command = KeyCommand::Create { key: KeyName::new(name), kind: KeyKind::P256 };
        store.execute(&command).unwrap()
    }

    #[test]
    fn the_same_commands_make_the_same_keys() {
        let mut one = SoftwareKeyStore::new(1, "pc");
        let mut two = SoftwareKeyStore::new(1, "pc");
        assert_eq!(create(&mut one, "a"), create(&mut two, "a"));
        assert_ne!(create(&mut one, "b"), create(&mut SoftwareKeyStore::new(1, "other"), "b"));
    }

    #[test]
    fn a_stored_store_goes_on_where_it_was() {
        let mut store = SoftwareKeyStore::new(1, "pc");
        let first = create(&mut store, "a");
        let mut again: SoftwareKeyStore =
            serde_json::from_str(&serde_json::to_string(&store).unwrap()).unwrap();
        assert_eq!(again.execute(&KeyCommand::Public { key: KeyName::new("a") }), Ok(first));
        assert_eq!(create(&mut store, "b"), create(&mut again, "b"));
    }

    #[test]
    fn unwraps_only_what_was_wrapped_for_it() {
        let mut store = SoftwareKeyStore::new(1, "pc");
        let KeyReply::Public { key } = create(&mut store, "a") else { panic!("a public key") };
        create(&mut store, "b");
        let wrapped = Some(WrappedKey::wrap(&key, &mut Stream::new(1, &["x"]), &[7; 32]));
        let unwrap = |store: &mut SoftwareKeyStore, name: &str| {
            store.execute(&KeyCommand::Unwrap { key: KeyName::new(name), wrapped: wrapped.clone() })
        };
        assert_eq!(unwrap(&mut store, "a"), Ok(KeyReply::Unwrapped { key: [7; 32] }));
        assert_eq!(unwrap(&mut store, "b"), Err(KeyError::BadData));
        assert_eq!(unwrap(&mut store, "c"), Err(KeyError::NoSuchKey));
    }

    #[test]
    fn nothing_secret_is_printed() {
        let mut store = SoftwareKeyStore::new(1, "pc");
        create(&mut store, "a");
        assert_eq!(format!("{store:?}"), r#"SoftwareKeyStore { keys: [KeyName("a")], .. }"#);
    }
}
