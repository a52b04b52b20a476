//! Assertions that rest on somebody's authorisation: PolicySigned, PolicySecret, PolicyTicket, PolicyAuthorize.

use super::{session, session_mut};
use crate::Tpm;
use crate::command::Call;
use crate::crypto::{HashAlg, equal};
use crate::entity::{HT_NV_INDEX, HT_PCR, HT_PERSISTENT, HT_TRANSIENT, handle_type};
use crate::object::ticket::{self, Authorization};
use crate::params::Param;
use crate::rc::Rc;
use crate::signature;
use crate::state::nv::NvAttributes;
use crate::state::sessions::{PolicyHash, Session};
use tpm2_protocol::data::{
    Tpm2bDigest, Tpm2bName, Tpm2bNonce, Tpm2bTimeout, TpmCc, TpmRh, TpmSt, TpmtSignature, TpmtTkAuth,
    TpmtTkVerified, TpmuSignature,
};

/// The parameters that PolicySigned and PolicySecret have in common.
struct Terms {
    nonce: Tpm2bNonce,
    cp_hash: Tpm2bDigest,
    policy_ref: Tpm2bNonce,
    expiration: i32,
}

/// When an authorisation ends: in milliseconds of Time, and whether with the TPM's present epoch.
#[derive(Clone, Copy)]
struct Timeout(u64);

impl Timeout {
    fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl Terms {
    fn read(call: &mut Call) -> Result<Self, Rc> {
        Ok(Self {
            nonce: call.params.read()?,
            cp_hash: call.params.read()?,
            policy_ref: call.params.read()?,
            expiration: call.params.read_with(|buf| Ok(i32::from_be_bytes(u32::read(buf)?.to_be_bytes())))?,
        })
    }

    /// The end of the authorisation: `None` when it has none. With nonceTPM it counts from the session's start.
    fn timeout(&self, session: &Session) -> Option<Timeout> {
        let seconds = u64::from(self.expiration.unsigned_abs());
        let start = if self.nonce.is_empty() { 0 } else { session.started.0 };
        (seconds != 0).then(|| Timeout(start.saturating_add(seconds * 1000)))
    }
}

/// What must hold of an authorisation's terms (part 3, section 23.2.2). The numbers are those of the parameters.
fn check_terms(
    tpm: &Tpm,
    session: &Session,
    nonce: &[u8],
    cp_hash: &[u8],
    timeout: Option<Timeout>,
    numbers: (u32, u32, u32),
) -> Result<(), Rc> {
    let (nonce_number, cp_hash_number, expiration_number) = numbers;
    if !nonce.is_empty() && nonce != session.nonce_tpm {
        return Err(Rc::NONCE.param(nonce_number));
    }
    if let Some(timeout) = timeout
        && timeout.0 < tpm.state.clock.time
    {
        return Err(Rc::EXPIRED.param(expiration_number));
    }
    if !cp_hash.is_empty() {
        if cp_hash.len() != session.hash.size() {
            return Err(Rc::SIZE.param(cp_hash_number));
        }
        if session.policy.hash.as_ref().is_some_and(|hash| hash.digest() != cp_hash) {
            return Err(Rc::CPHASH);
        }
    }
    Ok(())
}

/// What an authorisation adds to the session.
fn record(tpm: &mut Tpm, handle: u32, of: Authorization, timeout: Option<Timeout>) -> Result<(), Rc> {
    let epoch = tpm.state.clock.epoch;
    let code = if of.tag == TpmSt::AuthSigned { TpmCc::PolicySigned } else { TpmCc::PolicySecret };
    let session = session_mut(tpm, handle)?;
    session.update(code, of.name, of.policy_ref);
    if !of.cp_hash.is_empty() {
        session.policy.hash = Some(PolicyHash::CpHash(of.cp_hash.to_vec()));
    }
    session.policy.limit(timeout.map(|timeout| timeout.0), epoch);
    Ok(())
}

/// Digest of a policy ticket; it ends with the TPM's epoch, because Time then begins anew.
fn ticket_digest(tpm: &Tpm, hierarchy: TpmRh, of: Authorization) -> Vec<u8> {
    let mut timeout = of.timeout.to_vec();
    timeout.extend(tpm.state.clock.epoch.to_be_bytes());
    ticket::auth(tpm, hierarchy, Authorization { timeout: &timeout, ..of })
}

/// Appends timeout and ticket: a real one for a negative expiration, else the empty ones.
fn answer(tpm: &Tpm, call: &mut Call, terms: &Terms, entity: u32, of: Authorization, trial: bool) {
    if terms.expiration < 0 && !trial {
        let hierarchy = hierarchy_of(tpm, entity);
        call.out.put_2b(of.timeout);
        let digest = ticket_digest(tpm, hierarchy, of);
        ticket::put(&mut call.out, of.tag, hierarchy, &digest);
    } else {
        call.out.put_2b(&[]);
        ticket::put(&mut call.out, of.tag, TpmRh::Null, &[]);
    }
}

/// The hierarchy that an entity belongs to.
fn hierarchy_of(tpm: &Tpm, entity: u32) -> TpmRh {
    match handle_type(entity) {
        HT_PCR => TpmRh::Owner,
        HT_NV_INDEX => {
            let platform = tpm
                .state
                .nv
                .get(entity)
                .is_some_and(|index| index.attributes.has(NvAttributes::PLATFORMCREATE));
            if platform { TpmRh::Platform } else { TpmRh::Owner }
        }
        HT_TRANSIENT | HT_PERSISTENT => {
            tpm.state.objects.object(entity).map_or(TpmRh::Null, |object| object.hierarchy)
        }
        _ => match TpmRh::try_from(entity) {
            Ok(rh @ (TpmRh::Platform | TpmRh::Endorsement | TpmRh::Null)) => rh,
            _ => TpmRh::Owner,
        },
    }
}

/// TPM2_PolicySigned.
pub fn policy_signed(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let terms = Terms::read(call)?;
    let given: TpmtSignature = call.params.read()?;
    call.params.finish()?;
    let (entity, handle) = (call.handles[0], call.handles[1]);
    let key = tpm.object(entity).map_err(|_| Rc::HANDLE.handle(1))?;
    let state = session(tpm, handle)?;
    let trial = state.is_trial();
    let timeout = terms.timeout(state);
    if !trial {
        check_terms(tpm, state, &terms.nonce, &terms.cp_hash, timeout, (1, 2, 4))?;
        let hash = signature_hash(&given).ok_or(Rc::SIGNATURE.param(5))?;
        let expiration = terms.expiration.to_be_bytes();
        let digest = hash.digest(&[&terms.nonce, &expiration, &terms.cp_hash, &terms.policy_ref]);
        signature::verify(&key, &digest, &given).map_err(|rc| rc.param(5))?;
    }
    finish(tpm, call, &terms, TpmSt::AuthSigned, timeout, trial)
}

/// TPM2_PolicySecret. The session that authorised the entity has been checked.
pub fn policy_secret(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let terms = Terms::read(call)?;
    call.params.finish()?;
    let state = session(tpm, call.handles[1])?;
    let trial = state.is_trial();
    let timeout = terms.timeout(state);
    if !trial {
        check_terms(tpm, state, &terms.nonce, &terms.cp_hash, timeout, (1, 2, 4))?;
    }
    finish(tpm, call, &terms, TpmSt::AuthSecret, timeout, trial)
}

fn finish(
    tpm: &mut Tpm,
    call: &mut Call,
    terms: &Terms,
    tag: TpmSt,
    timeout: Option<Timeout>,
    trial: bool,
) -> Result<(), Rc> {
    let (entity, handle) = (call.handles[0], call.handles[1]);
    let name = tpm.name(entity);
    let bytes = timeout.map_or([0; 8], Timeout::to_bytes);
    let (cp_hash, policy_ref) = (&*terms.cp_hash, &*terms.policy_ref);
    let of = Authorization { tag, timeout: &bytes, cp_hash, policy_ref, name: &name };
    record(tpm, handle, of, timeout)?;
    answer(tpm, call, terms, entity, of, trial);
    Ok(())
}

fn signature_hash(signature: &TpmtSignature) -> Option<HashAlg> {
    HashAlg::from_alg(match &signature.signature {
        TpmuSignature::Rsassa(signature) | TpmuSignature::Rsapss(signature) => signature.hash,
        TpmuSignature::Ecdsa(signature)
        | TpmuSignature::Ecdaa(signature)
        | TpmuSignature::Sm2(signature)
        | TpmuSignature::Ecschnorr(signature) => signature.hash,
        TpmuSignature::Hmac(hmac) => hmac.hash_alg,
        TpmuSignature::Null => return None,
    })
}

/// TPM2_PolicyTicket.
pub fn policy_ticket(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let timeout: Tpm2bTimeout = call.params.read()?;
    let cp_hash: Tpm2bDigest = call.params.read()?;
    let policy_ref: Tpm2bNonce = call.params.read()?;
    let name: Tpm2bName = call.params.read()?;
    let given: TpmtTkAuth = call.params.read()?;
    call.params.finish()?;
    let state = session(tpm, call.handles[0])?;
    if state.is_trial() {
        return Err(Rc::ATTRIBUTES.handle(1));
    }
    let bytes: [u8; 8] = (&*timeout).try_into().map_err(|_| Rc::SIZE.param(1))?;
    let end = Some(Timeout(u64::from_be_bytes(bytes))).filter(|end| end.0 != 0);
    check_terms(tpm, state, &[], &cp_hash, end, (0, 2, 1))?;
    let of = Authorization {
        tag: given.tag,
        timeout: &bytes,
        cp_hash: &cp_hash,
        policy_ref: &policy_ref,
        name: &name,
    };
    if !equal(&given.digest, &ticket_digest(tpm, given.hierarchy, of)) {
        return Err(Rc::TICKET.param(5));
    }
    record(tpm, call.handles[0], of, end)
}

/// TPM2_PolicyAuthorize.
pub fn policy_authorize(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let approved: Tpm2bDigest = call.params.read()?;
    let policy_ref: Tpm2bNonce = call.params.read()?;
    let key_name: Tpm2bName = call.params.read()?;
    let given: TpmtTkVerified = call.params.read()?;
    call.params.finish()?;
    // The hash is that of the key's Name.
    let hash = HashAlg::read(&mut &*key_name).map_err(|_| Rc::HASH.param(3))?;
    if key_name.len() != 2 + hash.size() {
        return Err(Rc::SIZE.param(3));
    }
    let state = session(tpm, call.handles[0])?;
    if !state.is_trial() {
        if *approved != *state.policy.digest {
            return Err(Rc::VALUE.param(1));
        }
        let digest = hash.digest(&[&approved, &policy_ref]);
        if !equal(&given.digest, &ticket::verified(tpm, given.hierarchy, &digest, &key_name)) {
            return Err(Rc::VALUE.param(4));
        }
    }
    let session = session_mut(tpm, call.handles[0])?;
    session.zero();
    session.update(TpmCc::PolicyAuthorize, &key_name, &policy_ref);
    Ok(())
}
