//! NV indexes (part 3, chapter 31). The order of the checks is the reference implementation's.

mod define;

pub use define::{define_space, undefine_space, undefine_space_special};

use tpm2_protocol::data::{Tpm2bAuth, Tpm2bData, Tpm2bMaxNvBuffer, TpmRh, TpmSt};

use crate::Tpm;
use crate::attest::{self, Signer};
use crate::command::Call;
use crate::object::Scheme;
use crate::object::sensitive::trim_auth;
use crate::params::put_2b;
use crate::rc::Rc;
use crate::state::Shutdown;
use crate::state::limits::MAX_NV_BUFFER_SIZE;
use crate::state::nv::{NvAttributes, NvIndex, NvKind};

const OWNER: u32 = TpmRh::Owner as u32;
const PLATFORM: u32 = TpmRh::Platform as u32;

/// The index of a handle that the dispatcher has found, to change it. An orderly one is in RAM: its change ends the state
/// that the last TPM2_Shutdown left.
fn index_mut(tpm: &mut Tpm, handle: u32) -> Result<&mut NvIndex, Rc> {
    let index = tpm.state.nv.get_mut(handle).ok_or(Rc::HANDLE)?;
    if index.is_orderly() {
        tpm.state.shutdown = Shutdown::None;
    }
    Ok(index)
}

/// Whether who authorised may use the index: the owner and the platform need their attribute, anybody else must be the
/// index itself. That the index allows its value or its policy is checked with the authorisation.
fn check_authority(
    index: &NvIndex,
    authority: u32,
    owner: NvAttributes,
    platform: NvAttributes,
) -> Result<(), Rc> {
    let allowed = match authority {
        OWNER => index.attributes.has(owner),
        PLATFORM => index.attributes.has(platform),
        other => other == index.handle,
    };
    if allowed { Ok(()) } else { Err(Rc::NV_AUTHORIZATION) }
}

/// Whether the index can be read: TPM_RC_NV_LOCKED, TPM_RC_NV_AUTHORIZATION, TPM_RC_NV_UNINITIALIZED.
pub(crate) fn check_read(tpm: &Tpm, authority: u32, handle: u32) -> Result<(), Rc> {
    let index = tpm.nv_index(handle)?;
    if index.attributes.has(NvAttributes::READLOCKED) {
        return Err(Rc::NV_LOCKED);
    }
    check_authority(index, authority, NvAttributes::OWNERREAD, NvAttributes::PPREAD)?;
    if index.is_written() { Ok(()) } else { Err(Rc::NV_UNINITIALIZED) }
}

/// Whether the index can be written: TPM_RC_NV_LOCKED, TPM_RC_NV_AUTHORIZATION.
fn check_write(tpm: &Tpm, authority: u32, handle: u32) -> Result<(), Rc> {
    let index = tpm.nv_index(handle)?;
    if index.attributes.has(NvAttributes::WRITELOCKED) {
        return Err(Rc::NV_LOCKED);
    }
    check_authority(index, authority, NvAttributes::OWNERWRITE, NvAttributes::PPWRITE)
}

/// The index, of which the command takes only one kind: TPM_RC_ATTRIBUTES about the second handle.
fn writable_of_kind<'a>(tpm: &'a Tpm, call: &Call, kind: NvKind) -> Result<&'a NvIndex, Rc> {
    check_write(tpm, call.handles[0], call.handles[1])?;
    let index = tpm.nv_index(call.handles[1])?;
    if index.kind() == kind { Ok(index) } else { Err(Rc::ATTRIBUTES.handle(2)) }
}

/// TPM2_NV_ReadPublic.
pub fn read_public(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    let index = tpm.nv_index(call.handles[0])?;
    call.out.put_2b(&index.public_area());
    call.out.put_2b(&index.name());
    Ok(())
}

/// TPM2_NV_Write.
pub fn write(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let data: Tpm2bMaxNvBuffer = call.params.read()?;
    let offset: u16 = call.params.read()?;
    call.params.finish()?;
    check_write(tpm, call.handles[0], call.handles[1])?;
    let index = tpm.nv_index(call.handles[1])?;
    if matches!(index.kind(), NvKind::Counter | NvKind::Bits | NvKind::Extend) {
        return Err(Rc::ATTRIBUTES);
    }
    let room = index.size.checked_sub(offset).ok_or(Rc::VALUE.param(2))?;
    let whole = data.len() == usize::from(index.size);
    if data.len() > usize::from(room) || (index.attributes.has(NvAttributes::WRITEALL) && !whole) {
        return Err(Rc::NV_RANGE);
    }
    index_mut(tpm, call.handles[1])?.write(offset, &data);
    Ok(())
}

/// TPM2_NV_Increment.
pub fn increment(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    if writable_of_kind(tpm, call, NvKind::Counter)?.is_orderly() {
        tpm.state.shutdown = Shutdown::None;
    }
    tpm.state.nv.increment(call.handles[1]);
    Ok(())
}

/// TPM2_NV_Extend.
pub fn extend(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let data: Tpm2bMaxNvBuffer = call.params.read()?;
    call.params.finish()?;
    let index = writable_of_kind(tpm, call, NvKind::Extend)?;
    let old = match index.read(0, index.size) {
        Some(old) if index.is_written() => old,
        _ => vec![0; usize::from(index.size)],
    };
    let new = index.name_alg.digest(&[&old, &data]);
    index_mut(tpm, call.handles[1])?.write(0, &new);
    Ok(())
}

/// TPM2_NV_SetBits.
pub fn set_bits(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let bits: u64 = call.params.read()?;
    call.params.finish()?;
    let new = writable_of_kind(tpm, call, NvKind::Bits)?.number() | bits;
    index_mut(tpm, call.handles[1])?.write(0, &new.to_be_bytes());
    Ok(())
}

/// TPM2_NV_WriteLock.
pub fn write_lock(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    match check_write(tpm, call.handles[0], call.handles[1]) {
        // Locked already: that is what was asked for.
        Err(Rc::NV_LOCKED) => return Ok(()),
        checked => checked?,
    }
    let lockable = NvAttributes::WRITEDEFINE | NvAttributes::WRITE_STCLEAR;
    if !tpm.nv_index(call.handles[1])?.attributes.has_any(lockable) {
        return Err(Rc::ATTRIBUTES.handle(2));
    }
    let index = index_mut(tpm, call.handles[1])?;
    index.attributes = index.attributes.with(NvAttributes::WRITELOCKED);
    Ok(())
}

/// TPM2_NV_GlobalWriteLock.
pub fn global_write_lock(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    for index in tpm.state.nv.iter_mut().filter(|index| index.attributes.has(NvAttributes::GLOBALLOCK)) {
        index.attributes = index.attributes.with(NvAttributes::WRITELOCKED);
    }
    Ok(())
}

/// TPM2_NV_Read.
pub fn read(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let size: u16 = call.params.read()?;
    let offset: u16 = call.params.read()?;
    call.params.finish()?;
    check_read(tpm, call.handles[0], call.handles[1])?;
    if usize::from(size) > MAX_NV_BUFFER_SIZE {
        return Err(Rc::VALUE.param(1));
    }
    let index = tpm.nv_index(call.handles[1])?;
    if offset > index.size {
        return Err(Rc::VALUE.param(2));
    }
    call.out.put_2b(&index.read(offset, size).ok_or(Rc::NV_RANGE)?);
    Ok(())
}

/// TPM2_NV_ReadLock.
pub fn read_lock(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    match check_read(tpm, call.handles[0], call.handles[1]) {
        Err(Rc::NV_LOCKED) => return Ok(()),
        // What was never written can be locked too.
        Err(Rc::NV_UNINITIALIZED) => (),
        checked => checked?,
    }
    if !tpm.nv_index(call.handles[1])?.attributes.has(NvAttributes::READ_STCLEAR) {
        return Err(Rc::ATTRIBUTES.handle(2));
    }
    let index = index_mut(tpm, call.handles[1])?;
    index.attributes = index.attributes.with(NvAttributes::READLOCKED);
    Ok(())
}

/// TPM2_NV_ChangeAuth.
pub fn change_auth(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let auth: Tpm2bAuth = call.params.read()?;
    call.params.finish()?;
    let auth = trim_auth(&auth);
    if auth.len() > tpm.nv_index(call.handles[0])?.name_alg.size() {
        return Err(Rc::SIZE.param(1));
    }
    index_mut(tpm, call.handles[0])?.auth = auth;
    Ok(())
}

/// TPM2_NV_Certify: bytes of an index; with size and offset zero, the digest of all of them.
pub fn certify(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let qualifying: Tpm2bData = call.params.read()?;
    let asked = call.params.read_with(Scheme::read_signing)?;
    let size: u16 = call.params.read()?;
    let offset: u16 = call.params.read()?;
    call.params.finish()?;
    let signer = Signer::new(tpm, (call.handles[0], 1), (asked, 2))?;
    check_read(tpm, call.handles[1], call.handles[2])?;
    let index = tpm.nv_index(call.handles[2])?;
    let mut attested = Vec::new();
    put_2b(&mut attested, &index.name());
    let tag = if (size, offset) == (0, 0) {
        let whole = index.read(0, index.size).ok_or(Rc::NV_RANGE)?;
        let digest = signer.scheme.hash.map_or_else(Vec::new, |hash| hash.digest(&[&whole]));
        put_2b(&mut attested, &digest);
        TpmSt::AttestNvDigest
    } else {
        let contents = index.read(offset, size).ok_or(Rc::NV_RANGE)?;
        if usize::from(size) > MAX_NV_BUFFER_SIZE {
            return Err(Rc::VALUE.param(3));
        }
        attested.extend(offset.to_be_bytes());
        put_2b(&mut attested, &contents);
        TpmSt::AttestNv
    };
    attest::answer(tpm, call, &signer, &qualifying, tag, &attested)
}

#[cfg(test)]
mod tests;
