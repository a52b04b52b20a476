//! NV indexes come and go (part 3, 31.3 to 31.5).

use tpm2_protocol::data::{Tpm2bAuth, Tpm2bDigest};

use super::{OWNER, PLATFORM};
use crate::Tpm;
use crate::command::Call;
use crate::crypto::HashAlg;
use crate::entity::{HT_NV_INDEX, handle_type};
use crate::object::sensitive::trim_auth;
use crate::params::{Param, take_2b};
use crate::rc::Rc;
use crate::state::limits::MAX_NV_BUFFER_SIZE;
use crate::state::nv::{DefineError, MAX_INDEX_SIZE, NvAttributes, NvIndex, NvKind};

/// The public area of an index (TPMS_NV_PUBLIC), read.
struct Wanted {
    handle: u32,
    name_alg: HashAlg,
    attributes: NvAttributes,
    policy: Vec<u8>,
    size: u16,
}

impl Param for Wanted {
    fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
        let handle = u32::read(buf)?;
        if handle_type(handle) != HT_NV_INDEX {
            return Err(Rc::VALUE);
        }
        let name_alg = HashAlg::read(buf)?;
        let attributes = NvAttributes(u32::read(buf)?);
        if attributes.has_any(NvAttributes::RESERVED) {
            return Err(Rc::RESERVED_BITS);
        }
        let policy = Tpm2bDigest::read(buf)?.to_vec();
        let size = u16::read(buf)?;
        if size > MAX_INDEX_SIZE {
            return Err(Rc::SIZE);
        }
        Ok(Self { handle, name_alg, attributes, policy, size })
    }
}

impl Wanted {
    /// Whether size and attributes fit each other: TPM_RC_SIZE, TPM_RC_ATTRIBUTES.
    fn check(&self) -> Result<(), Rc> {
        use NvAttributes as A;
        let has_any = |bits: A| self.attributes.has_any(bits);
        let has = |bits: A| self.attributes.has(bits);
        if !self.policy.is_empty() && self.policy.len() != self.name_alg.size() {
            return Err(Rc::SIZE);
        }
        let kind = self.attributes.kind().ok_or(Rc::ATTRIBUTES)?;
        let fits = match kind {
            NvKind::Ordinary => true,
            NvKind::Extend => usize::from(self.size) == self.name_alg.size(),
            NvKind::Counter | NvKind::Bits | NvKind::PinFail | NvKind::PinPass => self.size == 8,
        };
        if !fits {
            return Err(Rc::SIZE);
        }
        let allowed = match kind {
            NvKind::Counter => !has(A::CLEAR_STCLEAR),
            NvKind::PinFail => has(A::NO_DA) && !has_any(A::AUTHWRITE | A::GLOBALLOCK | A::WRITEDEFINE),
            NvKind::PinPass => !has_any(A::AUTHWRITE | A::GLOBALLOCK | A::WRITEDEFINE),
            NvKind::Ordinary | NvKind::Bits | NvKind::Extend => true,
        };
        let readable = has_any(A::PPREAD | A::OWNERREAD | A::AUTHREAD | A::POLICYREAD);
        let writable = has_any(A::PPWRITE | A::OWNERWRITE | A::AUTHWRITE | A::POLICYWRITE);
        let fresh = !has_any(A::WRITTEN | A::WRITELOCKED | A::READLOCKED);
        let lasting = !has(A::CLEAR_STCLEAR | A::WRITEDEFINE);
        if !(allowed && readable && writable && fresh && lasting) {
            return Err(Rc::ATTRIBUTES);
        }
        // What must be written whole must fit into one command.
        if has(A::WRITEALL) && usize::from(self.size) > MAX_NV_BUFFER_SIZE { Err(Rc::SIZE) } else { Ok(()) }
    }
}

/// TPM2_NV_DefineSpace.
pub fn define_space(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let auth: Tpm2bAuth = call.params.read()?;
    let wanted = call.params.read_with(|buf| {
        // TPM2B_NV_PUBLIC: size 0 is TPM_RC_SIZE, and so is a size that is not that of what is in it.
        let mut whole = *buf;
        let inside = take_2b(&mut whole, usize::from(u16::MAX));
        let size = u16::read(buf)?;
        if size == 0 {
            return Err(Rc::SIZE);
        }
        let wanted = Wanted::read(buf)?;
        if inside.is_ok() && whole.len() == buf.len() { Ok(wanted) } else { Err(Rc::SIZE) }
    })?;
    call.params.finish()?;
    let platform = call.handles[0] == PLATFORM;
    let for_platform = wanted.attributes.has(NvAttributes::PLATFORMCREATE);
    if platform && !tpm.state.hierarchies.platform_nv {
        return Err(Rc::HIERARCHY.handle(1));
    }
    wanted.check().map_err(|rc| rc.param(2))?;
    if platform != for_platform {
        return Err(Rc::ATTRIBUTES.handle(1));
    }
    if wanted.attributes.has(NvAttributes::POLICY_DELETE) && !platform {
        return Err(Rc::ATTRIBUTES.param(2));
    }
    let auth = trim_auth(&auth);
    if auth.len() > wanted.name_alg.size() {
        return Err(Rc::SIZE.param(1));
    }
    let Wanted { handle, name_alg, attributes, policy, size } = wanted;
    let index = NvIndex::new(handle, name_alg, attributes, policy, size, auth);
    tpm.state.nv.define(index).map_err(|error| match error {
        DefineError::Defined => Rc::NV_DEFINED,
        DefineError::NoSpace => Rc::NV_SPACE,
    })
}

/// TPM2_NV_UndefineSpace.
pub fn undefine_space(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    let attributes = tpm.nv_index(call.handles[1])?.attributes;
    if attributes.has(NvAttributes::POLICY_DELETE) {
        return Err(Rc::ATTRIBUTES.handle(2));
    }
    if call.handles[0] == OWNER && attributes.has(NvAttributes::PLATFORMCREATE) {
        return Err(Rc::NV_AUTHORIZATION);
    }
    tpm.state.nv.undefine(call.handles[1]);
    Ok(())
}

/// TPM2_NV_UndefineSpaceSpecial.
pub fn undefine_space_special(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    if !tpm.nv_index(call.handles[0])?.attributes.has(NvAttributes::POLICY_DELETE) {
        return Err(Rc::ATTRIBUTES.handle(1));
    }
    tpm.state.nv.undefine(call.handles[0]);
    Ok(())
}
