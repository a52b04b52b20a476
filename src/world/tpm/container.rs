//! Key containers: what the TPM wrapped, by name, as it lies on the device's disk. Attestation keys lie here too: under the
//! storage root key and not in the endorsement hierarchy, where Windows' platform crypto provider has them, so that one
//! kind of container serves for all and TPM2_Clear, which makes the owner's keys useless, takes the AIK with it.

use std::collections::BTreeMap;

use oobe_agent::keys::KeyName;
use oobe_agent::tpm::{Blob, TpmError, TpmReply};
use oobe_wire::crypto::{KeyKind, PublicKey};
use serde::{Deserialize, Serialize};
use tpm2_protocol::TpmUnmarshal;
use tpm2_protocol::basic::TpmHandle;
use tpm2_protocol::data::{
    Tpm2bData, Tpm2bPrivate, Tpm2bPublic, Tpm2bSensitiveCreate, TpmaObject, TpmlPcrSelection, TpmtPublic,
    TpmuPublicId, TpmuPublicParms,
};
use tpm2_protocol::frame::{TpmCreateCommand, TpmCreateResponse, TpmLoadCommand, TpmLoadResponse};

use super::conversation::{Conversation, bytes_of, garbled, password, sized};
use super::primary;

/// What there is to say of a container that isn't there: TPM_RC_REFERENCE_H0, as of a handle with nothing behind it.
const NO_SUCH_KEY: TpmError = TpmError::Code(0x910);

/// All containers of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Containers {
    keys: BTreeMap<KeyName, Container>,
}

/// One key: both halves as the TPM gave them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Container {
    /// TPMT_PUBLIC.
    public: Blob,
    /// What TPM2B_PRIVATE holds: encrypted, for this TPM alone.
    private: Blob,
}

/// A key in one of the TPM's slots.
pub(super) struct Loaded {
    pub(super) handle: TpmHandle,
    pub(super) kind: KeyKind,
    pub(super) restricted: bool,
}

impl Containers {
    /// Makes a key under the storage root key and keeps it; one of that name is replaced.
    pub(super) fn create(
        &mut self,
        tpm: &mut Conversation<'_>,
        name: &KeyName,
        kind: KeyKind,
        template: TpmtPublic,
    ) -> Result<TpmtPublic, TpmError> {
        let parent = primary::storage_root(tpm)?;
        tpm.key = kind;
        let create = TpmCreateCommand {
            handles: [parent.handle],
            in_sensitive: Tpm2bSensitiveCreate::default(),
            in_public: Tpm2bPublic { inner: template },
            outside_info: Tpm2bData::new(),
            creation_pcr: TpmlPcrSelection::new(),
        };
        let made: TpmCreateResponse = tpm.run(&create, &[password()])?;
        let public = made.out_public.inner;
        let container =
            Container { public: Blob(bytes_of(&public)), private: Blob(made.out_private.to_vec()) };
        self.keys.insert(name.clone(), container);
        Ok(public)
    }

    /// Loads a key into the TPM, until the end of the conversation.
    pub(super) fn load(&self, tpm: &mut Conversation<'_>, name: &KeyName) -> Result<Loaded, TpmError> {
        let container = self.keys.get(name).ok_or(NO_SUCH_KEY)?;
        let public = container.public()?;
        let parent = primary::storage_root(tpm)?;
        let load = TpmLoadCommand {
            handles: [parent.handle],
            in_private: sized::<Tpm2bPrivate>(&container.private)?,
            in_public: Tpm2bPublic { inner: public.clone() },
        };
        let loaded: TpmLoadResponse = tpm.run(&load, &[password()])?;
        let handle = tpm.opened(loaded.handles[0]);
        // A parent that lies in a slot has done its work.
        tpm.close(parent.handle);
        let kind = public_key(&public)?.kind();
        tpm.key = kind;
        Ok(Loaded { handle, kind, restricted: public.object_attributes.contains(TpmaObject::RESTRICTED) })
    }

    /// The public part of a key: it is on the disk.
    pub(super) fn public(&self, name: &KeyName) -> Result<TpmtPublic, TpmError> {
        self.keys.get(name).ok_or(NO_SUCH_KEY)?.public()
    }

    /// Forgets a key: the TPM has nothing of it.
    pub(super) fn delete(&mut self, name: &KeyName) -> Result<TpmReply, TpmError> {
        self.keys.remove(name).map(|_| TpmReply::Done).ok_or(NO_SUCH_KEY)
    }
}

impl Container {
    fn public(&self) -> Result<TpmtPublic, TpmError> {
        let read = TpmtPublic::unmarshal(&self.public);
        read.map(|(public, _)| public).map_err(|error| garbled(&format!("a damaged key container: {error}")))
    }
}

/// The public key, as certificates carry it.
pub(super) fn public_key(public: &TpmtPublic) -> Result<PublicKey, TpmError> {
    let key = match (&public.parameters, &public.unique) {
        (TpmuPublicParms::Rsa(parameters), TpmuPublicId::Rsa(modulus)) => {
            // 0 stands for the usual exponent (Part 2, 12.2.3.5).
            let exponent = match parameters.exponent.value() {
                0 => 65_537,
                other => other,
            };
            let bytes = exponent.to_be_bytes();
            PublicKey::rsa(modulus, &bytes[exponent.leading_zeros() as usize / 8..]).ok()
        }
        (TpmuPublicParms::Ecc(_), TpmuPublicId::Ecc(point)) => {
            coordinate(&point.x).zip(coordinate(&point.y)).and_then(|(x, y)| PublicKey::p256(x, y).ok())
        }
        _ => None,
    };
    key.ok_or_else(|| garbled("the public area is not that of an RSA or P-256 key"))
}

/// A coordinate of P-256 in full length: a TPM may leave out leading zeros.
pub(super) fn coordinate(bytes: &[u8]) -> Option<[u8; 32]> {
    let mut whole = [0; 32];
    whole.get_mut(32_usize.checked_sub(bytes.len())?..)?.copy_from_slice(bytes);
    Some(whole)
}
