//! Sessions (part 3, chapter 11).

use crate::Tpm;
use crate::auth::bind_value;
use crate::command::Call;
use crate::crypto::{HashAlg, kdf::kdfa};
use crate::entity::{HT_NV_INDEX, HT_PERSISTENT, HT_TRANSIENT, RH_NULL, handle_type};
use crate::object::scheme::sym_mode;
use crate::object::secret::{self, label};
use crate::params::{Param, alg};
use crate::rc::Rc;
use crate::state::nv::NvKind;
use crate::state::sessions::{Policy, Session, SessionCipher, SessionKind};
use tpm2_protocol::data::{Tpm2bEncryptedSecret, Tpm2bNonce, TpmAlgId, TpmRh, TpmaObject};

/// Fewest bytes of nonceCaller (part 1, "Session Nonces").
const MIN_NONCE: usize = 16;

/// TPMT_SYM_DEF+.
fn read_cipher(buf: &mut &[u8]) -> Result<SessionCipher, Rc> {
    match alg(buf, Rc::SYMMETRIC)? {
        TpmAlgId::Null => Ok(SessionCipher::Null),
        TpmAlgId::Xor => Ok(SessionCipher::Xor(HashAlg::read(buf)?)),
        TpmAlgId::Aes => {
            let key_bits = u16::read(buf)?;
            if ![128, 192, 256].contains(&key_bits) {
                return Err(Rc::VALUE);
            }
            Ok(SessionCipher::Aes { key_bits, mode: sym_mode(buf)? })
        }
        _ => Err(Rc::SYMMETRIC),
    }
}

/// TPM2_StartAuthSession.
pub fn start_auth_session(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let nonce_caller: Tpm2bNonce = call.params.read()?;
    let salt: Tpm2bEncryptedSecret = call.params.read()?;
    let kind = call.params.read_with(|buf| match u8::read(buf)? {
        0 => Ok(SessionKind::Hmac),
        1 => Ok(SessionKind::Policy),
        3 => Ok(SessionKind::Trial),
        _ => Err(Rc::VALUE),
    })?;
    let cipher = call.params.read_with(read_cipher)?;
    let hash: HashAlg = call.params.read()?;
    call.params.finish()?;
    if nonce_caller.len() < MIN_NONCE || nonce_caller.len() > hash.size() {
        return Err(Rc::SIZE.param(1));
    }
    let salt = recover_salt(tpm, call.handles[0], &nonce_caller, &salt)?;
    let bind = call.handles[1];
    check_bind(tpm, bind)?;
    if matches!(cipher, SessionCipher::Aes { mode, .. } if mode != TpmAlgId::Cfb) {
        return Err(Rc::MODE.param(4));
    }
    let index = tpm.state.sessions.room()?;

    let nonce_tpm = tpm.state.rng.bytes(nonce_caller.len());
    let mut key = Vec::new();
    if bind != RH_NULL || call.handles[0] != RH_NULL {
        let mut secret = tpm.auth_value(bind).to_vec();
        secret.extend(salt);
        let bits = u32::try_from(hash.size() * 8).expect("digests are small");
        key = kdfa(hash, &secret, b"ATH", &nonce_tpm, &nonce_caller, bits);
    }
    // Policy sessions keep no entity that they are bound to: only the session key comes from it.
    let bound = (bind != RH_NULL && kind == SessionKind::Hmac).then(|| bind_value(tpm, bind));
    let session = Session {
        kind,
        hash,
        cipher,
        key,
        nonce_tpm: nonce_tpm.clone(),
        bound,
        bound_da: bind != RH_NULL && crate::auth::has_da(tpm, bind),
        bound_lockout: bind == TpmRh::Lockout as u32,
        audit_digest: None,
        started: (tpm.state.clock.time, tpm.state.clock.epoch),
        policy: Policy::new(hash),
    };
    call.out.handle(tpm.state.sessions.start(index, session));
    call.out.put_2b(&nonce_tpm);
    Ok(())
}

fn recover_salt(tpm: &Tpm, key: u32, nonce: &[u8], encrypted: &[u8]) -> Result<Vec<u8>, Rc> {
    if key == RH_NULL {
        return if encrypted.is_empty() { Ok(Vec::new()) } else { Err(Rc::VALUE.param(2)) };
    }
    let key = tpm.object(key).map_err(|_| Rc::HANDLE.handle(1))?;
    if key.sensitive.is_none() {
        return Err(Rc::HANDLE.handle(1));
    }
    if encrypted.is_empty() {
        return Err(Rc::VALUE.param(2));
    }
    if !key.has(TpmaObject::DECRYPT) {
        return Err(Rc::ATTRIBUTES.handle(1));
    }
    secret::recover(&key, label::SECRET, nonce, encrypted).map_err(|_| Rc::VALUE.param(2))
}

/// What has no authorisation value of its own, or one that changes with its use, can't be bound to.
fn check_bind(tpm: &Tpm, bind: u32) -> Result<(), Rc> {
    let fits = match handle_type(bind) {
        HT_TRANSIENT | HT_PERSISTENT => match tpm.state.objects.object(bind) {
            Some(object) => object.sensitive.is_some(),
            None => true,
        },
        HT_NV_INDEX => tpm
            .state
            .nv
            .get(bind)
            .is_some_and(|index| !matches!(index.kind(), NvKind::PinPass | NvKind::PinFail)),
        _ => true,
    };
    if fits { Ok(()) } else { Err(Rc::HANDLE.handle(2)) }
}

/// TPM2_PolicyRestart.
pub fn policy_restart(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    call.params.finish()?;
    let session = tpm.state.sessions.get_mut(call.handles[0]).ok_or(Rc::HANDLE.handle(1))?;
    session.policy = Policy::new(session.hash);
    Ok(())
}
