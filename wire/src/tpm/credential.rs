//! The service's half of `TPM2_ActivateCredential`: a secret that one TPM alone opens, and only when it holds the named key
//! (part 1, "Credential Protection"; part 3, `TPM2_MakeCredential`).

use super::kdf::{cfb_encrypt, kdfa, kdfe};
use super::public::PublicArea;
use crate::crypto::{CryptoError, KeyKind, PrivateKey, PublicKey, hmac_sha256};
use crate::rng::Stream;

/// What the TPM is given to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// TPM2B_ID_OBJECT: integrity and encrypted secret.
    pub blob: Vec<u8>,
    /// TPM2B_ENCRYPTED_SECRET: the seed, for the endorsement key.
    pub encrypted_secret: Vec<u8>,
}

/// Why no credential can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The key is not one that credentials are made for.
    #[error("the endorsement key is no restricted storage key with a cipher")]
    NotAStorageKey,
    /// More than the TPM takes: the digest of the endorsement key's name algorithm.
    #[error("the secret has more than 32 bytes")]
    SecretTooLong,
    /// The key cannot encrypt.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

const IDENTITY: &str = "IDENTITY";
const SEED_BITS: u32 = 256;

/// Makes a credential that holds `secret` for the TPM of `endorsement_key`, to be opened only with an object of that
/// `name` loaded. An RSA key gets the seed by OAEP with SHA-256, an ECC key by an ephemeral key agreement and KDFe.
pub fn make_credential(
    endorsement_key: &PublicArea,
    name: &[u8],
    secret: &[u8],
    stream: &mut Stream,
) -> Result<Credential, CredentialError> {
    let cipher = endorsement_key.symmetric.filter(|_| endorsement_key.attributes.storage_key());
    let cipher = cipher.ok_or(CredentialError::NotAStorageKey)?;
    if secret.len() > 32 {
        return Err(CredentialError::SecretTooLong);
    }
    let (seed, encrypted_secret) = seed(&endorsement_key.key, stream)?;
    let key = kdfa(&seed, "STORAGE", name, &[], cipher.bits());
    let mut identity = sized(secret);
    cfb_encrypt(cipher, &key, &mut identity);
    let key = kdfa(&seed, "INTEGRITY", &[], &[], SEED_BITS);
    let integrity = hmac_sha256(&key, &[identity.as_slice(), name].concat());
    Ok(Credential {
        blob: sized(&[sized(&integrity), identity].concat()),
        encrypted_secret: sized(&encrypted_secret),
    })
}

/// A seed, and how it is sent to the holder of that key.
fn seed(key: &PublicKey, stream: &mut Stream) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
    match key {
        PublicKey::Rsa { .. } => {
            let seed: [u8; 32] = stream.bytes();
            let label = [IDENTITY.as_bytes(), &[0]].concat();
            let encrypted = key.oaep_sha256_encrypt(stream, &label, &seed)?;
            Ok((seed.to_vec(), encrypted))
        }
        PublicKey::P256 { x, .. } => {
            let ephemeral = PrivateKey::generate(KeyKind::P256, stream);
            let z = ephemeral.ecdh(key)?;
            let PublicKey::P256 { x: ours, y } = ephemeral.public() else {
                return Err(CryptoError::WrongKeyKind);
            };
            let seed = kdfe(&z, IDENTITY, ours, x, SEED_BITS);
            Ok((seed, [sized(ours), sized(y)].concat()))
        }
    }
}

/// A TPM2B: length, then bytes.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("what is written here has at most a few hundred bytes");
    [&length.to_be_bytes(), bytes].concat()
}
