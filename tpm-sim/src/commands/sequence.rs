//! Hash, HMAC and event sequences (part 3, chapter 17): digests of more data than a command holds. A sequence stands in the slot
//! of a transient object until it is completed.

use super::symmetric::{GENERATED, hmac_hash, max_buffer, put_hashcheck};
use crate::Tpm;
use crate::command::Call;
use crate::crypto::{HashAlg, Hasher, Hmac};
use crate::object::sensitive::trim_auth;
use crate::params;
use crate::rc::Rc;
use crate::signature;
use serde::{Deserialize, Serialize};
use tpm2_protocol::data::{Tpm2bAuth, TpmRh};

/// A hash, HMAC or event sequence in a transient slot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sequence {
    /// Its authorisation value, without trailing zeros.
    pub auth_value: Vec<u8>,
    /// What it computes.
    pub kind: SequenceKind,
}

/// What a sequence computes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum SequenceKind {
    /// A digest.
    Hash {
        /// Over the data so far.
        hasher: Box<Hasher>,
        /// Whether the first block shows that the data doesn't begin like a structure of the TPM's own; `None` before the
        /// first block.
        safe: Option<bool>,
    },
    /// An HMAC.
    Hmac(Box<Hmac>),
    /// A digest for each hash algorithm, to extend PCRs with.
    Event(Vec<Hasher>),
}

impl Sequence {
    fn update(&mut self, data: &[u8]) {
        match &mut self.kind {
            SequenceKind::Hash { hasher, safe } => {
                safe.get_or_insert_with(|| is_safe(data));
                hasher.update(data);
            }
            SequenceKind::Hmac(hmac) => hmac.update(data),
            SequenceKind::Event(hashers) => hashers.iter_mut().for_each(|hasher| hasher.update(data)),
        }
    }
}

/// Whether a first block can't be the beginning of a structure of the TPM's own; one that is too short to tell might be.
fn is_safe(first: &[u8]) -> bool {
    first.len() >= GENERATED.len() && !first.starts_with(&GENERATED)
}

fn start(tpm: &mut Tpm, call: &mut Call, auth: &[u8], kind: SequenceKind) -> Result<(), Rc> {
    let sequence = Sequence { auth_value: trim_auth(auth), kind };
    let handle = tpm.state.objects.load_sequence(sequence)?;
    call.out.handle(handle);
    Ok(())
}

/// TPM2_HMAC_Start.
pub fn hmac_start(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let auth: Tpm2bAuth = call.params.read()?;
    let asked: Option<HashAlg> = call.params.read()?;
    call.params.finish()?;
    let key = tpm.object(call.handles[0]).map_err(|_| Rc::TYPE.handle(1))?;
    let hash = hmac_hash(&key, asked)?;
    let hmac = Hmac::new(hash, signature::secret(&key)?);
    start(tpm, call, &auth, SequenceKind::Hmac(Box::new(hmac)))
}

/// TPM2_HashSequenceStart; without an algorithm it is an event sequence.
pub fn hash_sequence_start(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let auth: Tpm2bAuth = call.params.read()?;
    let hash: Option<HashAlg> = call.params.read()?;
    call.params.finish()?;
    let kind = match hash {
        Some(hash) => SequenceKind::Hash { hasher: Box::new(Hasher::new(hash)), safe: None },
        None => SequenceKind::Event(HashAlg::ALL.map(Hasher::new).to_vec()),
    };
    start(tpm, call, &auth, kind)
}

/// TPM2_SequenceUpdate.
pub fn sequence_update(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let data = call.params.read_with(max_buffer)?;
    call.params.finish()?;
    tpm.state.objects.sequence_mut(call.handles[0]).ok_or(Rc::MODE.handle(1))?.update(&data);
    Ok(())
}

/// TPM2_SequenceComplete: the digest or HMAC, with a ticket for a digest of data that is not the TPM's own.
pub fn sequence_complete(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let data = call.params.read_with(max_buffer)?;
    let hierarchy = call.params.read_with(params::hierarchy)?;
    call.params.finish()?;
    let handle = call.handles[0];
    let mut sequence = tpm.state.objects.sequence(handle).ok_or(Rc::MODE.handle(1))?.clone();
    sequence.update(&data);
    match sequence.kind {
        SequenceKind::Hash { hasher, safe } => {
            let hash = hasher.alg();
            let digest = hasher.finish();
            call.out.put_2b(&digest);
            let hierarchy = if safe == Some(true) { hierarchy } else { TpmRh::Null };
            put_hashcheck(tpm, call, hierarchy, hash, &digest);
        }
        SequenceKind::Hmac(hmac) => {
            let hash = hmac.alg();
            let mac = hmac.finish();
            call.out.put_2b(&mac);
            put_hashcheck(tpm, call, TpmRh::Null, hash, &mac);
        }
        SequenceKind::Event(_) => return Err(Rc::MODE.handle(1)),
    }
    tpm.state.objects.transient.remove(&handle);
    Ok(())
}

/// TPM2_EventSequenceComplete: a digest for every algorithm, extended into a PCR unless that is TPM_RH_NULL.
pub fn event_sequence_complete(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let data = call.params.read_with(max_buffer)?;
    call.params.finish()?;
    let (pcr, handle) = (call.handles[0], call.handles[1]);
    let mut sequence = tpm.state.objects.sequence(handle).ok_or(Rc::MODE.handle(2))?.clone();
    sequence.update(&data);
    let SequenceKind::Event(hashers) = sequence.kind else { return Err(Rc::MODE.handle(2)) };
    super::pcr::check_extend(tpm, pcr)?;
    let digests: Vec<_> = hashers.into_iter().map(|hasher| (hasher.alg(), hasher.finish())).collect();
    super::pcr::event_digests(tpm, call, pcr, &digests);
    tpm.state.objects.transient.remove(&handle);
    Ok(())
}
