//! Contexts and persistent objects (part 3, chapter 28).

use crate::Tpm;
use crate::command::Call;
use crate::command::HandleKind;
use crate::crypto::{equal, hmac, kdf::kdfa};
use crate::entity::{HT_PERSISTENT, HT_TRANSIENT, handle_type};
use crate::object::protection::{BLOCK, cfb};
use crate::params::{self, Param, put_2b, take_2b};
use crate::rc::Rc;
use crate::state::limits::{CONTEXT_HASH, CONTEXT_SYM_BITS, MAX_LOADED_SESSIONS, MAX_PERSISTENT_OBJECTS};
use crate::state::objects::{
    PERSISTENT_FIRST, PERSISTENT_LAST, PLATFORM_PERSISTENT, TRANSIENT_FIRST, Transient,
};
use crate::state::sessions::{Session, Slot};
use tpm2_protocol::data::{TpmRh, TpmaObject};

/// savedHandle of an ordinary object, of a sequence, and of an object with stClear (part 2, section 14.6).
const SAVED_OBJECT: u32 = TRANSIENT_FIRST;
const SAVED_SEQUENCE: u32 = TRANSIENT_FIRST + 1;
const SAVED_ST_CLEAR: u32 = TRANSIENT_FIRST + 2;
/// Most bytes of a context's blob.
const MAX_CONTEXT: usize = 4096;

/// TPMS_CONTEXT.
struct Context {
    sequence: u64,
    saved_handle: u32,
    hierarchy: TpmRh,
    blob: Vec<u8>,
}

impl Param for Context {
    fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
        let sequence = u64::read(buf)?;
        let saved_handle = u32::read(buf)?;
        let object = handle_type(saved_handle) == HT_TRANSIENT;
        if !HandleKind::Context.allows(saved_handle) || object && saved_handle > SAVED_ST_CLEAR {
            return Err(Rc::VALUE);
        }
        let hierarchy = params::hierarchy(buf)?;
        let blob = take_2b(buf, MAX_CONTEXT)?.to_vec();
        Ok(Self { sequence, saved_handle, hierarchy, blob })
    }
}

impl Context {
    /// A context around serialised data.
    fn seal(tpm: &Tpm, sequence: u64, saved_handle: u32, hierarchy: TpmRh, mut data: Vec<u8>) -> Self {
        let mut context = Self { sequence, saved_handle, hierarchy, blob: Vec::new() };
        let (key, iv) = context.key(tpm);
        cfb(&key, &iv, &mut data, false);
        let integrity = context.integrity(tpm, &data);
        put_2b(&mut context.blob, &integrity);
        context.blob.extend(data);
        context
    }

    /// The data: TPM_RC_SIZE for what is no blob, TPM_RC_INTEGRITY for one that this TPM did not make since its reset.
    fn open(&self, tpm: &Tpm) -> Result<Vec<u8>, Rc> {
        let mut rest = self.blob.as_slice();
        let integrity = take_2b(&mut rest, CONTEXT_HASH.size())?;
        if !equal(integrity, &self.integrity(tpm, rest)) {
            return Err(Rc::INTEGRITY.param(1));
        }
        let mut data = rest.to_vec();
        let (key, iv) = self.key(tpm);
        cfb(&key, &iv, &mut data, true);
        Ok(data)
    }

    fn head(&self) -> Vec<u8> {
        let mut head = self.sequence.to_be_bytes().to_vec();
        head.extend(self.saved_handle.to_be_bytes());
        head
    }

    fn key(&self, tpm: &Tpm) -> (Vec<u8>, Vec<u8>) {
        let proof = tpm.state.hierarchies.proof(self.hierarchy);
        let bits = u32::from(CONTEXT_SYM_BITS) + 128;
        let mut key = kdfa(CONTEXT_HASH, proof, b"CONTEXT", &self.head(), &[], bits);
        let iv = key.split_off(key.len() - BLOCK);
        (key, iv)
    }

    fn integrity(&self, tpm: &Tpm, encrypted: &[u8]) -> Vec<u8> {
        let proof = tpm.state.hierarchies.proof(self.hierarchy);
        let resets = tpm.state.total_resets.to_be_bytes();
        let clears = if self.saved_handle == SAVED_ST_CLEAR { tpm.state.total_clears } else { 0 };
        hmac(CONTEXT_HASH, proof, &[&resets, &clears.to_be_bytes(), &self.head(), encrypted])
    }

    fn answer(&self, call: &mut Call) {
        call.out.put_int(self.sequence);
        call.out.put_int(self.saved_handle);
        call.out.put_int(self.hierarchy.value());
        call.out.put_2b(&self.blob);
    }
}

/// TPM2_ContextSave.
pub fn context_save(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    let handle = call.handles[0];
    let context = if handle_type(handle) == HT_TRANSIENT {
        save_object(tpm, handle)?
    } else {
        save_session(tpm, handle)?
    };
    context.answer(call);
    Ok(())
}

fn save_object(tpm: &mut Tpm, handle: u32) -> Result<Context, Rc> {
    let transient = tpm.state.objects.transient.get(&handle).ok_or(Rc::REFERENCE_H0)?;
    let (saved_handle, hierarchy) = match transient {
        Transient::Sequence(_) => (SAVED_SEQUENCE, TpmRh::Null),
        Transient::Object(object) if object.st_clear => (SAVED_ST_CLEAR, object.hierarchy),
        Transient::Object(object) => (SAVED_OBJECT, object.hierarchy),
    };
    let data = postcard::to_allocvec(transient).expect("plain data in memory serialises");
    tpm.state.sessions.object_context_counter += 1;
    let sequence = tpm.state.sessions.object_context_counter;
    Ok(Context::seal(tpm, sequence, saved_handle, hierarchy, data))
}

fn save_session(tpm: &mut Tpm, handle: u32) -> Result<Context, Rc> {
    let sessions = &mut tpm.state.sessions;
    if sessions.gap_full() {
        return Err(Rc::CONTEXT_GAP);
    }
    let session = sessions.get(handle).ok_or(Rc::REFERENCE_H0)?;
    let data = postcard::to_allocvec(session).expect("plain data in memory serialises");
    let policy = session.is_policy();
    sessions.context_counter += 1;
    let sequence = sessions.context_counter;
    sessions.slots.insert(handle & 0x00ff_ffff, Slot::Saved { policy, sequence });
    Ok(Context::seal(tpm, sequence, handle, TpmRh::Null, data))
}

/// TPM2_ContextLoad.
pub fn context_load(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let context: Context = call.params.read()?;
    call.params.finish()?;
    let handle = if handle_type(context.saved_handle) == HT_TRANSIENT {
        load_object(tpm, &context)?
    } else {
        load_session(tpm, &context)?
    };
    call.out.handle(handle);
    Ok(())
}

fn load_object(tpm: &mut Tpm, context: &Context) -> Result<u32, Rc> {
    let data = context.open(tpm)?;
    let hierarchy = tpm.state.hierarchies.get(context.hierarchy);
    if !hierarchy.is_some_and(|hierarchy| hierarchy.enabled) {
        return Err(Rc::HIERARCHY.param(1));
    }
    let transient = postcard::from_bytes(&data).map_err(|_| Rc::INTEGRITY.param(1))?;
    let handle = tpm.state.objects.free_handle()?;
    tpm.state.objects.transient.insert(handle, transient);
    Ok(handle)
}

fn load_session(tpm: &mut Tpm, context: &Context) -> Result<u32, Rc> {
    let data = context.open(tpm)?;
    let handle = context.saved_handle;
    let sessions = &mut tpm.state.sessions;
    // Each context loads once: what was saved later, or loaded, or flushed, has another sequence or none.
    let current = match sessions.slots.get(&(handle & 0x00ff_ffff)) {
        Some(Slot::Saved { sequence, .. }) => *sequence == context.sequence && sessions.is_saved(handle),
        _ => false,
    };
    if !current {
        return Err(Rc::HANDLE.param(1));
    }
    if sessions.loaded() >= MAX_LOADED_SESSIONS {
        return Err(Rc::SESSION_MEMORY);
    }
    // Beyond the gap the oldest context is the one that may be loaded.
    if sessions.gap_full() && sessions.oldest_saved() != Some(context.sequence) {
        return Err(Rc::CONTEXT_GAP);
    }
    let session: Session = postcard::from_bytes(&data).map_err(|_| Rc::INTEGRITY.param(1))?;
    sessions.slots.insert(handle & 0x00ff_ffff, Slot::Loaded(Box::new(session)));
    Ok(handle)
}

/// TPM2_FlushContext. Its handle stands in the parameter area.
pub fn flush_context(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let handle = call.params.read_with(|buf| {
        let handle = u32::read(buf)?;
        if HandleKind::Context.allows(handle) { Ok(handle) } else { Err(Rc::VALUE) }
    })?;
    call.params.finish()?;
    if handle_type(handle) == HT_TRANSIENT {
        tpm.state.objects.transient.remove(&handle).ok_or(Rc::HANDLE.param(1))?;
        return Ok(());
    }
    // The type of the handle is of no account here: GetCapability gives saved sessions the type of HMAC sessions.
    let sessions = &mut tpm.state.sessions;
    let mut all = sessions.handles(true).into_iter().chain(sessions.handles(false));
    let session = all.find(|session| session << 8 == handle << 8).ok_or(Rc::HANDLE.param(1))?;
    sessions.flush(session);
    Ok(())
}

/// TPM2_EvictControl.
pub fn evict_control(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let persistent = call.params.read_with(|buf| {
        let handle = u32::read(buf)?;
        if (PERSISTENT_FIRST..=PERSISTENT_LAST).contains(&handle) { Ok(handle) } else { Err(Rc::VALUE) }
    })?;
    call.params.finish()?;
    let (auth, handle) = (call.handles[0], call.handles[1]);
    let platform = auth == TpmRh::Platform as u32;
    let object = tpm.object(handle).map_err(|_| Rc::ATTRIBUTES.handle(2))?;
    let temporary = object.hierarchy == TpmRh::Null || object.st_clear || object.has(TpmaObject::ST_CLEAR);
    if temporary || object.external || object.sensitive.is_none() {
        return Err(Rc::ATTRIBUTES.handle(2));
    }
    let objects = &mut tpm.state.objects;
    if handle_type(handle) == HT_PERSISTENT {
        // The owner evicts his own, the platform everybody's.
        if !platform && object.hierarchy == TpmRh::Platform {
            return Err(Rc::HIERARCHY.handle(2));
        }
        if handle != persistent {
            return Err(Rc::HANDLE.handle(2));
        }
        objects.persistent.remove(&handle);
        return Ok(());
    }
    if platform != (object.hierarchy == TpmRh::Platform) {
        return Err(Rc::HIERARCHY.handle(2));
    }
    if platform != (persistent >= PLATFORM_PERSISTENT) {
        return Err(Rc::RANGE.param(1));
    }
    if objects.persistent.contains_key(&persistent) {
        return Err(Rc::NV_DEFINED);
    }
    if objects.persistent.len() >= MAX_PERSISTENT_OBJECTS {
        return Err(Rc::NV_SPACE);
    }
    objects.persistent.insert(persistent, object);
    Ok(())
}
