//! Primary keys: made from a hierarchy's seed, the same one every time, and kept in the TPM's NV memory under the handles
//! that Windows and the TCG's registry give them, so that they are made once.

use oobe_agent::tpm::TpmError;
use oobe_wire::crypto::KeyKind;
use tpm_sim::manufacture::EkTemplate;
use tpm2_protocol::basic::TpmHandle;
use tpm2_protocol::data::{
    Tpm2bData, Tpm2bPublic, Tpm2bSensitiveCreate, TpmRh, TpmaObject, TpmlPcrSelection, TpmtPublic,
};
use tpm2_protocol::frame::{
    TpmCreatePrimaryCommand, TpmCreatePrimaryResponse, TpmEvictControlCommand, TpmEvictControlResponse,
    TpmReadPublicCommand, TpmReadPublicResponse,
};

use super::backend::Owner;
use super::conversation::{Conversation, password, permanent};
use super::template;

/// Storage root key (TCG Registry of Reserved TPM 2.0 Handles and Localities; Windows keeps its own there too).
const STORAGE_ROOT: u32 = 0x8100_0001;
/// Endorsement keys: RSA, and P-256 (MOD-040).
const ENDORSEMENT: [u32; 2] = [0x8101_0001, 0x8101_0002];

/// A primary key in the TPM.
pub(super) struct Primary {
    pub(super) handle: TpmHandle,
    pub(super) public: TpmtPublic,
}

/// The storage root key.
pub(super) fn storage_root(tpm: &mut Conversation<'_>) -> Result<Primary, TpmError> {
    tpm.key = KeyKind::P256;
    let storage = TpmaObject::RESTRICTED | TpmaObject::DECRYPT;
    // Whatever kind of storage key somebody has put there serves.
    let fits = |found: &TpmtPublic| {
        found.object_attributes.contains(storage)
            && !found.object_attributes.contains(TpmaObject::SIGN_ENCRYPT)
    };
    find_or_make(tpm, TpmHandle::new(STORAGE_ROOT), TpmRh::Owner, &template::storage_root(), fits)
}

/// The endorsement key of a template.
pub(super) fn endorsement_key(tpm: &mut Conversation<'_>, wanted: EkTemplate) -> Result<Primary, TpmError> {
    let [rsa, ecc] = ENDORSEMENT;
    tpm.key = if wanted.is_rsa() { KeyKind::Rsa2048 } else { KeyKind::P256 };
    let template = template::endorsement_key(wanted);
    let fits =
        |found: &TpmtPublic| TpmtPublic { unique: template.unique.clone(), ..found.clone() } == template;
    let handle = TpmHandle::new(if wanted.is_rsa() { rsa } else { ecc });
    find_or_make(tpm, handle, TpmRh::Endorsement, &template, fits)
}

fn find_or_make(
    tpm: &mut Conversation<'_>,
    persistent: TpmHandle,
    hierarchy: TpmRh,
    template: &TpmtPublic,
    fits: impl Fn(&TpmtPublic) -> bool,
) -> Result<Primary, TpmError> {
    let look = TpmReadPublicCommand { handles: [persistent] };
    match tpm.run::<_, TpmReadPublicResponse>(&look, &[]) {
        Ok(found) if fits(&found.out_public.inner) => {
            return Ok(Primary { handle: persistent, public: found.out_public.inner });
        }
        // Nothing there, or something of somebody else's.
        Ok(_) | Err(TpmError::Code(_)) => {}
        Err(other) => return Err(other),
    }
    let command = TpmCreatePrimaryCommand {
        handles: [permanent(hierarchy)],
        in_sensitive: Tpm2bSensitiveCreate::default(),
        in_public: Tpm2bPublic { inner: template.clone() },
        outside_info: Tpm2bData::new(),
        creation_pcr: TpmlPcrSelection::new(),
    };
    let made: TpmCreatePrimaryResponse = tpm.run(&command, &[password()])?;
    let handle = tpm.opened(made.handles[0]);
    let public = made.out_public.inner;
    if tpm.owner() == Owner::Device {
        let keep = TpmEvictControlCommand {
            handles: [permanent(TpmRh::Owner), handle],
            persistent_handle: persistent,
        };
        // No room, or no leave: then it is made again next time.
        if tpm.run::<_, TpmEvictControlResponse>(&keep, &[password()]).is_ok() {
            tpm.close(handle);
            return Ok(Primary { handle: persistent, public });
        }
    }
    Ok(Primary { handle, public })
}
