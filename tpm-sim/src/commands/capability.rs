//! Capabilities (part 3, chapter 30): what the TPM can do, and what it holds.

mod algorithms;
mod properties;

use tpm2_protocol::data::{TpmAlgId, TpmCap, TpmCc, TpmRh};

use crate::Tpm;
use crate::command::{COMMANDS, Call};
use crate::entity::{
    HT_HMAC_SESSION, HT_NV_INDEX, HT_PCR, HT_PERMANENT, HT_PERSISTENT, HT_POLICY_SESSION, HT_TRANSIENT,
    handle_type,
};
use crate::object::Parameters;
use crate::object::public::read_type;
use crate::rc::Rc;
use crate::state::pcr::{self, PCR_COUNT, SELECT_SIZE};

/// Bytes of a list in a response (MAX_CAP_DATA): TPM_PT_MAX_CAP_BUFFER without capability and count.
const MAX_CAP_DATA: usize = 1024 - 8;

/// TPM_CAP_PCRS.
const PCRS: u32 = 5;

/// Permanent handles that the TPM has, reserved ones of TPM 1.2 left out.
const PERMANENT: [u32; 7] = [
    TpmRh::Owner as u32,
    TpmRh::Null as u32,
    TpmRh::Pw as u32,
    TpmRh::Lockout as u32,
    TpmRh::Endorsement as u32,
    TpmRh::Platform as u32,
    TpmRh::PlatformNv as u32,
];

/// A list of a capability: items in order, each with the property that it answers.
type Items = Vec<(u32, Vec<u8>)>;

/// TPM2_GetCapability.
pub fn get_capability(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let capability: u32 = call.params.read()?;
    let property: u32 = call.params.read()?;
    let count: u32 = call.params.read()?;
    call.params.finish()?;
    // The largest item of the list says how many there can be.
    let (items, item_size) = items(tpm, capability, property)?;
    // Banks are answered whole, whatever the count, as the reference implementation does.
    let count = if capability == PCRS { u32::MAX } else { count };
    let most = (count as usize).min(MAX_CAP_DATA / item_size);
    let found = items.iter().filter(|(at, _)| *at >= property);
    let page: Vec<&[u8]> = found.clone().take(most).map(|(_, item)| item.as_slice()).collect();
    call.out.bytes.extend(page_of(capability, &page, found.count() > page.len()));
    Ok(())
}

/// moreData and TPMS_CAPABILITY_DATA.
fn page_of(capability: u32, page: &[&[u8]], more: bool) -> Vec<u8> {
    let count = u32::try_from(page.len()).expect("a page has a kilobyte at most");
    [&[u8::from(more)], &capability.to_be_bytes()[..], &count.to_be_bytes(), &page.concat()].concat()
}

/// What TPM2_GetCapability answers in failure mode, where the TPM has to tell its maker, its kind and its firmware, and nothing
/// else (part 3, 30.2.1): properties from TPM_PT_FAMILY_INDICATOR to TPM_PT_FIRMWARE_VERSION_2. The reference implementation
/// begins at TPM_PT_MANUFACTURER; the five before it are constants too.
pub(crate) fn identity(tpm: &Tpm, property: u32, count: u32) -> Vec<u8> {
    let known = properties::identity(tpm);
    let items: Vec<&[u8]> =
        known.iter().filter(|(at, _)| *at >= property).map(|(_, item)| item.as_slice()).collect();
    let page = &items[..items.len().min(count as usize)];
    page_of(TpmCap::TpmProperties as u32, page, page.len() < items.len())
}

/// All items of a capability from `property` on (TPM_CAP, part 2, 6.12), and the size of the largest that it can have.
fn items(tpm: &Tpm, capability: u32, property: u32) -> Result<(Items, usize), Rc> {
    let state = &tpm.state;
    let u32s = |values: &mut dyn Iterator<Item = u32>| -> Items {
        values.map(|value| (value, value.to_be_bytes().to_vec())).collect()
    };
    Ok(match capability {
        0 => (algorithms::algorithms(), 6),
        1 => (handles(tpm, property)?, 4),
        2 => (COMMANDS.iter().map(|c| (c.code, c.attributes().to_be_bytes().to_vec())).collect(), 4),
        3 => {
            // TPM2_PP_Commands itself always needs physical presence (part 3, 26.2).
            let mut commands = state.pp_commands.clone();
            commands.insert(TpmCc::PpCommands as u32);
            (u32s(&mut commands.iter().copied()), 4)
        }
        4 => (u32s(&mut state.audit.commands.iter().copied()), 4),
        PCRS if property == 0 => {
            let banks = state.pcr.allocation();
            (banks.iter().map(|bank| (0, bank.to_wire().to_vec())).collect(), 6)
        }
        6 => (properties::properties(tpm, property), 8),
        7 => (pcr_properties(), 5 + SELECT_SIZE),
        8 => (algorithms::curves(tpm), 2),
        9 if handle_type(property) == HT_PERMANENT => (policies(tpm), 4 + 2 + 64),
        // No authenticated countdown timers.
        10 if property >> 4 == 0x0400_0011 => (Items::new(), 12),
        PCRS | 9 | 10 => return Err(Rc::VALUE.param(2)),
        _ => return Err(Rc::VALUE.param(1)),
    })
}

/// Handles of the kind of `property` (TPM_CAP_HANDLES).
fn handles(tpm: &Tpm, property: u32) -> Result<Items, Rc> {
    let state = &tpm.state;
    let numbered = |handles: Vec<u32>| -> Items {
        handles.into_iter().map(|handle| (handle, handle.to_be_bytes().to_vec())).collect()
    };
    // Loaded sessions have the type of their kind, saved ones that of HMAC sessions, as in the reference implementation;
    // what counts for paging is the number.
    let sessions = |loaded: bool| -> Items {
        let first = u32::from(handle_type(property)) << 24;
        let shown = |handle: u32| {
            if loaded { handle } else { handle & 0x00ff_ffff | u32::from(HT_HMAC_SESSION) << 24 }
        };
        let handles = state.sessions.handles(loaded).into_iter();
        handles.map(|handle| (handle & 0x00ff_ffff | first, shown(handle).to_be_bytes().to_vec())).collect()
    };
    Ok(match handle_type(property) {
        HT_PCR => numbered((0..PCR_COUNT).collect()),
        HT_NV_INDEX => numbered(state.nv.handles()),
        HT_HMAC_SESSION => sessions(true),
        HT_POLICY_SESSION => sessions(false),
        HT_PERMANENT => numbered(PERMANENT.to_vec()),
        HT_TRANSIENT => numbered(state.objects.transient.keys().copied().collect()),
        HT_PERSISTENT => numbered(state.objects.persistent.keys().copied().collect()),
        _ => return Err(Rc::HANDLE.param(2)),
    })
}

/// TPM_CAP_PCR_PROPERTIES.
fn pcr_properties() -> Items {
    pcr::PROPERTIES
        .into_iter()
        .filter_map(|tag| {
            let map = pcr::property(tag)?.to_le_bytes();
            let mut item = tag.to_be_bytes().to_vec();
            item.push(u8::try_from(SELECT_SIZE).expect("three"));
            item.extend_from_slice(&map[..SELECT_SIZE]);
            Some((tag, item))
        })
        .collect()
}

/// TPM_CAP_AUTH_POLICIES: policies of the hierarchies and of lockout.
fn policies(tpm: &Tpm) -> Items {
    [TpmRh::Owner, TpmRh::Lockout, TpmRh::Endorsement, TpmRh::Platform]
        .into_iter()
        .map(|handle| {
            let policy = tpm.state.hierarchies.get(handle).and_then(|hierarchy| hierarchy.policy.as_ref());
            let mut item = (handle as u32).to_be_bytes().to_vec();
            let alg = policy.map_or(TpmAlgId::Null, |(hash, _)| hash.alg());
            item.extend_from_slice(&(alg as u16).to_be_bytes());
            item.extend_from_slice(policy.map_or(&[], |(_, digest)| digest));
            (handle as u32, item)
        })
        .collect()
}

/// TPM2_TestParms.
pub fn test_parms(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let parameters = call.params.read_with(|buf| {
        let object_type = read_type(buf)?;
        Parameters::read(buf, object_type)
    })?;
    call.params.finish()?;
    tpm.check_curve(&parameters).map_err(|rc| rc.param(1))
}

#[cfg(test)]
mod tests;
