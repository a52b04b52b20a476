//! Making keys and using them.

use oobe_agent::keys::{KeyName, SignatureForm};
use oobe_agent::tpm::{KeyPurpose, TpmError, TpmReply};
use oobe_wire::crypto::{KeyKind, PublicKey, sha256};
use oobe_wire::secret::Secret;
use tss_esapi::constants::tss::{TPM2_RH_NULL, TPM2_ST_HASHCHECK};
use tss_esapi::handles::KeyHandle;
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::interface_types::resource_handles::Hierarchy;
use tss_esapi::structures::{
    Data, Digest, EccParameter, EccPoint, HashScheme, HashcheckTicket, MaxBuffer, Private, Public,
    PublicKeyRsa, RsaDecryptionScheme, SignatureScheme,
};
use tss_esapi::tss2_esys::TPMT_TK_HASHCHECK;

use crate::convert::{fitting, in_form, public_area, whole};
use crate::{EsapiTpm, template};

/// TPM_RC_REFERENCE_H0: there is no such key.
const NO_SUCH_KEY: TpmError = TpmError::Code(0x910);

/// A key: both halves as the TPM gave them.
#[derive(Clone)]
pub(crate) struct Container {
    pub(crate) public: Public,
    private: Private,
}

/// A key in the TPM.
pub(crate) struct Loaded {
    pub(crate) handle: KeyHandle,
    pub(crate) kind: KeyKind,
    restricted: bool,
}

impl EsapiTpm {
    fn storage_root(&mut self) -> Result<KeyHandle, TpmError> {
        let public = template::storage_root()?;
        let made = self.call_with_password("TPM2_CreatePrimary", |context| {
            context.create_primary(Hierarchy::Owner, public, None, None, None, None)
        })?;
        self.loaded.push(made.key_handle.into());
        Ok(made.key_handle)
    }

    /// Makes room: the parent has done its work.
    fn close(&mut self, handle: KeyHandle) {
        self.loaded.retain(|loaded| *loaded != handle.into());
        let _ = self.call("TPM2_FlushContext", |context| context.flush_context(handle.into()));
    }

    fn make(&mut self, name: &KeyName, public: Public) -> Result<Public, TpmError> {
        let parent = self.storage_root()?;
        let made = self.call_with_password("TPM2_Create", |context| {
            context.create(parent, public, None, None, None, None)
        })?;
        let container = Container { public: made.out_public.clone(), private: made.out_private };
        self.containers.insert(name.clone(), container);
        Ok(made.out_public)
    }

    pub(crate) fn load(&mut self, name: &KeyName) -> Result<Loaded, TpmError> {
        let Container { public, private } = self.containers.get(name).ok_or(NO_SUCH_KEY)?.clone();
        let kind = public_area(&public)?.0.kind();
        let restricted = public.object_attributes().restricted();
        let parent = self.storage_root()?;
        let handle = self.call_with_password("TPM2_Load", |context| context.load(parent, private, public))?;
        self.loaded.push(handle.into());
        self.close(parent);
        Ok(Loaded { handle, kind, restricted })
    }

    pub(crate) fn create_aik(&mut self, aik: &KeyName, kind: KeyKind) -> Result<TpmReply, TpmError> {
        let public = self.make(aik, template::attestation_key(kind)?)?;
        let (key, public_area) = public_area(&public)?;
        Ok(TpmReply::Aik { key, public_area })
    }

    pub(crate) fn create_key(
        &mut self,
        key: &KeyName,
        kind: KeyKind,
        purpose: KeyPurpose,
    ) -> Result<TpmReply, TpmError> {
        self.make(key, template::device_key(kind, purpose)?)?;
        self.public(key)
    }

    pub(crate) fn public(&mut self, key: &KeyName) -> Result<TpmReply, TpmError> {
        let container = self.containers.get(key).ok_or(NO_SUCH_KEY)?;
        let (key, public_area) = public_area(&container.public)?;
        Ok(TpmReply::Key { key, public_area })
    }

    pub(crate) fn delete(&mut self, key: &KeyName) -> Result<TpmReply, TpmError> {
        self.containers.remove(key).map(|_| TpmReply::Done).ok_or(NO_SUCH_KEY)
    }

    pub(crate) fn sign(
        &mut self,
        key: &KeyName,
        message: &[u8],
        form: SignatureForm,
    ) -> Result<TpmReply, TpmError> {
        let key = self.load(key)?;
        let (digest, ticket) = if key.restricted {
            // The library has no sequences: what fits into one command is all that an attestation key signs here.
            let data: MaxBuffer = fitting(message)?;
            self.call("TPM2_Hash", |context| context.hash(data, HashingAlgorithm::Sha256, Hierarchy::Owner))?
        } else {
            let none = TPMT_TK_HASHCHECK {
                tag: TPM2_ST_HASHCHECK,
                hierarchy: TPM2_RH_NULL,
                digest: Digest::default().into(),
            };
            let digest: Digest = fitting(&sha256(message))?;
            (digest, HashcheckTicket::try_from(none).map_err(|_| TpmError::Transport)?)
        };
        let hash_scheme = HashScheme::new(HashingAlgorithm::Sha256);
        let scheme = match key.kind {
            KeyKind::Rsa2048 => SignatureScheme::RsaSsa { hash_scheme },
            KeyKind::P256 => SignatureScheme::EcDsa { hash_scheme },
        };
        let signature =
            self.call_with_password("TPM2_Sign", |context| context.sign(key.handle, digest, scheme, ticket))?;
        Ok(TpmReply::Signature { bytes: in_form(&signature, form)?.into() })
    }

    pub(crate) fn decrypt(&mut self, key: &KeyName, ciphertext: &[u8]) -> Result<TpmReply, TpmError> {
        let ciphertext: PublicKeyRsa = fitting(ciphertext)?;
        let key = self.load(key)?;
        let scheme = RsaDecryptionScheme::Oaep(HashScheme::new(HashingAlgorithm::Sha1));
        let plain = self.call_with_password("TPM2_RSA_Decrypt", |context| {
            context.rsa_decrypt(key.handle, ciphertext, scheme, Data::default())
        })?;
        Ok(TpmReply::Plain { bytes: Secret::new(plain.value().to_vec()) })
    }

    pub(crate) fn ecdh(&mut self, key: &KeyName, ephemeral: &PublicKey) -> Result<TpmReply, TpmError> {
        // TPM_RC_CURVE: a key of another kind is no point.
        let PublicKey::P256 { x, y, .. } = ephemeral else { return Err(TpmError::Code(0xa6)) };
        let point = EccPoint::new(fitting::<EccParameter>(x)?, fitting::<EccParameter>(y)?);
        let key = self.load(key)?;
        let shared =
            self.call_with_password("TPM2_ECDH_ZGen", |context| context.ecdh_z_gen(key.handle, point))?;
        let x = whole(shared.x().value()).ok_or(TpmError::Transport)?;
        Ok(TpmReply::Plain { bytes: Secret::new(x.to_vec()) })
    }
}
