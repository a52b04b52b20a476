//! What a handle stands for: authorisation value, policy, Name, presence (part 1, "Handles", "Names").

use crate::Tpm;
use crate::command::HandleKind;
use crate::object::Object;
use crate::rc::Rc;
use crate::state::limits::{MAX_ACTIVE_SESSIONS, MAX_LOADED_OBJECTS};
use crate::state::nv::{NvAttributes, NvIndex};
use crate::state::objects::{PERSISTENT_FIRST, PERSISTENT_LAST, TRANSIENT_FIRST};
use crate::state::pcr::PCR_COUNT;
use crate::state::sessions::Found;
use std::sync::Arc;
use tpm2_protocol::data::TpmRh;

/// TPM_RH_NULL as a raw handle.
pub const RH_NULL: u32 = TpmRh::Null as u32;
/// TPM_RS_PW as a raw handle.
pub const RS_PW: u32 = TpmRh::Pw as u32;

/// The first byte of a handle (TPM_HT).
pub const fn handle_type(handle: u32) -> u8 {
    (handle >> 24) as u8
}

/// TPM_HT_PCR.
pub const HT_PCR: u8 = 0x00;
/// TPM_HT_NV_INDEX.
pub const HT_NV_INDEX: u8 = 0x01;
/// TPM_HT_HMAC_SESSION.
pub const HT_HMAC_SESSION: u8 = 0x02;
/// TPM_HT_POLICY_SESSION.
pub const HT_POLICY_SESSION: u8 = 0x03;
/// TPM_HT_PERMANENT.
pub const HT_PERMANENT: u8 = 0x40;
/// TPM_HT_TRANSIENT.
pub const HT_TRANSIENT: u8 = 0x80;
/// Last handle of a transient object (TRANSIENT_LAST of the reference implementation: there are as many as slots).
#[allow(clippy::cast_possible_truncation)] // a handful
pub const TRANSIENT_LAST: u32 = TRANSIENT_FIRST + MAX_LOADED_OBJECTS as u32 - 1;
/// Last number of a session within its type (HMAC_SESSION_LAST, POLICY_SESSION_LAST).
#[allow(clippy::cast_possible_truncation)] // a handful
const SESSION_LAST: u32 = MAX_ACTIVE_SESSIONS as u32 - 1;
/// TPM_HT_PERSISTENT.
pub const HT_PERSISTENT: u8 = 0x81;

impl Tpm {
    /// The object of a transient or persistent handle. TPM_RC_HANDLE (without number) for a sequence and for TPM_RH_NULL.
    pub fn object(&self, handle: u32) -> Result<Arc<Object>, Rc> {
        self.state.objects.object(handle).cloned().ok_or(Rc::HANDLE)
    }

    /// The NV index of a handle that the dispatcher has checked.
    pub fn nv_index(&self, handle: u32) -> Result<&NvIndex, Rc> {
        self.state.nv.get(handle).ok_or(Rc::HANDLE)
    }

    /// The Name of an entity (part 1, "Names"): of PCRs, sessions and permanent handles the handle itself; of NV indexes
    /// and objects `nameAlg` and digest; empty for sequences.
    pub fn name(&self, handle: u32) -> Vec<u8> {
        match handle_type(handle) {
            HT_NV_INDEX => self.state.nv.get(handle).map(NvIndex::name).unwrap_or_default(),
            HT_TRANSIENT | HT_PERSISTENT => {
                self.state.objects.object(handle).map(|object| object.name.clone()).unwrap_or_default()
            }
            _ => handle.to_be_bytes().to_vec(),
        }
    }

    /// The authorisation value of an entity; empty for what has none or is gone.
    pub fn auth_value(&self, handle: u32) -> &[u8] {
        match handle_type(handle) {
            HT_PCR => self.state.pcr.auth(handle),
            HT_NV_INDEX => self.state.nv.get(handle).map_or(&[], |index| &index.auth),
            HT_TRANSIENT | HT_PERSISTENT => match self.state.objects.sequence(handle) {
                Some(sequence) => &sequence.auth_value,
                None => self.state.objects.object(handle).map_or(&[], |object| object.auth_value()),
            },
            _ => TpmRh::try_from(handle)
                .ok()
                .and_then(|rh| self.state.hierarchies.get(rh))
                .map_or(&[], |hierarchy| &hierarchy.auth_value),
        }
    }
}

impl HandleKind {
    /// Whether a handle is of this kind, by its value alone.
    pub fn allows(self, handle: u32) -> bool {
        use TpmRh::{Endorsement, Lockout, Null, Owner, Platform};
        let rh = TpmRh::try_from(handle).ok();
        let permanent = |allowed: &[TpmRh]| rh.is_some_and(|rh| allowed.contains(&rh));
        let transient = (TRANSIENT_FIRST..=TRANSIENT_LAST).contains(&handle);
        let object = transient || (PERSISTENT_FIRST..=PERSISTENT_LAST).contains(&handle);
        let nv = handle_type(handle) == HT_NV_INDEX;
        let pcr = handle < PCR_COUNT;
        let session = handle & 0x00ff_ffff <= SESSION_LAST;
        let hmac = handle_type(handle) == HT_HMAC_SESSION && session;
        let policy = handle_type(handle) == HT_POLICY_SESSION && session;
        match self {
            Self::Object => object,
            Self::ObjectOrNull => object || permanent(&[Null]),
            Self::Parent => object || permanent(&[Owner, Platform, Endorsement, Null]),
            Self::Entity => object || nv || pcr || permanent(&[Owner, Platform, Endorsement, Lockout]),
            Self::EntityOrNull => {
                object || nv || pcr || permanent(&[Owner, Platform, Endorsement, Lockout, Null])
            }
            Self::Pcr => pcr,
            Self::PcrOrNull => pcr || permanent(&[Null]),
            Self::Context => hmac || policy || transient,
            Self::HmacSession => hmac,
            Self::PolicySession => policy,
            Self::HierarchyOrNull => permanent(&[Owner, Platform, Endorsement, Null]),
            Self::Hierarchy => permanent(&[Owner, Platform, Endorsement]),
            Self::HierarchyAuth => permanent(&[Owner, Platform, Endorsement, Lockout]),
            Self::Platform => permanent(&[Platform]),
            Self::Endorsement => permanent(&[Endorsement]),
            Self::Provision => permanent(&[Owner, Platform]),
            Self::Clear => permanent(&[Lockout, Platform]),
            Self::Lockout => permanent(&[Lockout]),
            Self::NvAuth => nv || permanent(&[Owner, Platform]),
            Self::NvIndex => nv,
        }
    }
}

impl Tpm {
    /// Whether what the handles stand for is there and may be used (part 1, "Handle Area Validation").
    pub(crate) fn check_loaded(&mut self, handles: &[u32]) -> Result<(), Rc> {
        for (index, &handle) in (0..).zip(handles) {
            self.materialise(handle);
            self.check_one(handle, index).map_err(|rc| rc.handle(index + 1))?;
        }
        Ok(())
    }

    fn check_one(&self, handle: u32, index: u32) -> Result<(), Rc> {
        let state = &self.state;
        let enabled = |rh| state.hierarchies.get(rh).is_none_or(|hierarchy| hierarchy.enabled);
        match handle_type(handle) {
            HT_PERMANENT => match TpmRh::try_from(handle) {
                Ok(rh) if !enabled(rh) => Err(Rc::HIERARCHY),
                _ => Ok(()),
            },
            HT_TRANSIENT if !state.objects.transient.contains_key(&handle) => {
                Err(Rc::REFERENCE_H0.plus(index))
            }
            HT_PERSISTENT => match state.objects.persistent.get(&handle) {
                Some(object) if enabled(object.hierarchy) => Ok(()),
                _ => Err(Rc::HANDLE),
            },
            HT_HMAC_SESSION | HT_POLICY_SESSION => match state.sessions.look_up(handle) {
                Found::Loaded(_) => Ok(()),
                Found::OfOtherKind => Err(Rc::HANDLE),
                Found::NotLoaded => Err(Rc::REFERENCE_H0.plus(index)),
            },
            HT_NV_INDEX => {
                let index = state.nv.get(handle).ok_or(Rc::HANDLE)?;
                let platform = index.attributes.has(NvAttributes::PLATFORMCREATE);
                let enabled =
                    if platform { state.hierarchies.platform_nv } else { state.hierarchies.owner.enabled };
                if enabled { Ok(()) } else { Err(Rc::HANDLE) }
            }
            _ => Ok(()),
        }
    }

    /// Makes what the factory left to be made when it is first needed (EK certificates): an NV index of the manufacturer.
    pub(crate) fn materialise(&mut self, handle: u32) {
        self.fill_provisioned(handle);
    }
}
