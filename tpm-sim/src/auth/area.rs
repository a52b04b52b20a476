//! The authorisation area (part 1, "Authorization Area"; part 3, section 5.5).

use super::{CallAuth, Use};
use crate::Tpm;
use crate::command::{Command, HandleKind, flag};
use crate::crypto::HashAlg;
use crate::entity::RS_PW;
use crate::params::{Param, take, take_2b};
use crate::rc::Rc;
use crate::state::limits::MAX_SESSION_NUM;
use crate::state::sessions::{Found, SessionCipher, SessionKind};
use tpm2_protocol::data::TpmaSession;

/// Least bytes of an authorisation area: handle, empty nonce, attributes, empty HMAC.
const MIN_SIZE: usize = 9;
/// Bits 3 and 4 of TPMA_SESSION.
const RESERVED: u8 = 0x18;

/// Reads the area's size and its sessions, and takes them off `rest`.
pub(super) fn read(tpm: &Tpm, command: &Command, rest: &mut &[u8]) -> Result<Vec<Use>, Rc> {
    let size = u32::read(rest).map_err(|_| Rc::AUTHSIZE)? as usize;
    if size < MIN_SIZE || size > rest.len() {
        return Err(Rc::AUTHSIZE);
    }
    let mut area = take(rest, size)?;
    let mut uses: Vec<Use> = Vec::new();
    while !area.is_empty() {
        let number = u32::try_from(uses.len() + 1).expect("there are at most three sessions");
        if uses.len() == MAX_SESSION_NUM {
            return Err(Rc::SIZE.session(number));
        }
        let session = read_one(&mut area).map_err(|rc| rc.session(number))?;
        check_one(tpm, command, &uses, &session, number).map_err(|rc| rc.session(number))?;
        uses.push(session);
    }
    Ok(uses)
}

fn read_one(area: &mut &[u8]) -> Result<Use, Rc> {
    let handle = u32::read(area)?;
    if handle != RS_PW && !HandleKind::HmacSession.allows(handle) && !HandleKind::PolicySession.allows(handle)
    {
        return Err(Rc::VALUE);
    }
    let nonce_caller = take_2b(area, HashAlg::MAX_SIZE)?.to_vec();
    let attributes = u8::read(area)?;
    if attributes & RESERVED != 0 {
        return Err(Rc::RESERVED_BITS);
    }
    let hmac = take_2b(area, HashAlg::MAX_SIZE)?.to_vec();
    let attributes = TpmaSession::from_bits_truncate(attributes);
    Ok(Use { handle, nonce_caller, attributes, hmac, entity: None, include_auth: false, password: false })
}

/// What can be said of a session by itself and those before it.
fn check_one(tpm: &Tpm, command: &Command, before: &[Use], session: &Use, number: u32) -> Result<(), Rc> {
    use TpmaSession as A;
    if session.handle == RS_PW {
        if session.attributes.bits() & !A::CONTINUE_SESSION.bits() != 0 {
            return Err(Rc::ATTRIBUTES);
        }
        return if session.nonce_caller.is_empty() { Ok(()) } else { Err(Rc::NONCE) };
    }
    let state = match tpm.state.sessions.look_up(session.handle) {
        Found::Loaded(state) => state,
        Found::OfOtherKind => return Err(Rc::HANDLE),
        Found::NotLoaded => return Err(Rc::REFERENCE_S0.plus(number - 1)),
    };
    if before.iter().any(|other| other.handle == session.handle) {
        return Err(Rc::HANDLE);
    }
    if state.kind == SessionKind::Trial {
        return Err(Rc::ATTRIBUTES);
    }
    for attribute in [A::DECRYPT, A::ENCRYPT, A::AUDIT] {
        if session.has(attribute) && before.iter().any(|other| other.has(attribute)) {
            return Err(Rc::ATTRIBUTES);
        }
    }
    for (attribute, allowed) in [(A::DECRYPT, flag::DECRYPT), (A::ENCRYPT, flag::ENCRYPT)] {
        if session.has(attribute) {
            if !command.has(allowed) {
                return Err(Rc::ATTRIBUTES);
            }
            if state.cipher == SessionCipher::Null {
                return Err(Rc::SYMMETRIC);
            }
        }
    }
    if session.has(A::AUDIT) {
        if state.is_policy() {
            return Err(Rc::ATTRIBUTES);
        }
    } else if session.has(A::AUDIT_EXCLUSIVE) || session.has(A::AUDIT_RESET) {
        return Err(Rc::ATTRIBUTES);
    }
    Ok(())
}

/// Whether the audit session that must be exclusive is.
pub(super) fn check_exclusive(tpm: &Tpm, auth: &CallAuth) -> Result<(), Rc> {
    use TpmaSession as A;
    if let Some((_, session)) = auth.with(A::AUDIT)
        && session.has(A::AUDIT_EXCLUSIVE)
        && !session.has(A::AUDIT_RESET)
        && tpm.state.sessions.get(session.handle).is_some_and(|state| state.audit_digest.is_some())
        && tpm.state.sessions.exclusive != Some(session.handle)
    {
        return Err(Rc::EXCLUSIVE);
    }
    Ok(())
}
