//! Authorisation: the sessions of a command (part 1, "Authorizations and Acknowledgments").
//!
//! A command goes through [`area`] (what its sessions say), [`check`] (whether they authorise its handles), [`encryption`]
//! (its first parameter), then its handler, then [`response`] (nonces, encryption, audit, HMACs, the end of sessions).

mod area;
mod audit;
mod check;
mod encryption;
mod hmac;
mod policy;
mod response;

pub(crate) use check::{bind_value, has_da};
pub(crate) use response::respond;

use crate::Tpm;
use crate::command::{Command, flag};
use crate::crypto::HashAlg;
use crate::rc::Rc;
use std::collections::BTreeMap;
use tpm2_protocol::data::{TpmSt, TpmaSession};

/// One session of a command.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    /// TPM_RS_PW or a loaded session.
    pub(crate) handle: u32,
    /// nonceCaller.
    pub(crate) nonce_caller: Vec<u8>,
    /// sessionAttributes.
    pub(crate) attributes: TpmaSession,
    /// The HMAC, or the password.
    pub(crate) hmac: Vec<u8>,
    /// The handle that it authorises.
    pub(crate) entity: Option<u32>,
    /// The entity's authorisation value is part of the HMAC key.
    pub(crate) include_auth: bool,
    /// A policy session that took a password: the response has no HMAC.
    pub(crate) password: bool,
}

impl Use {
    pub(crate) fn has(&self, attribute: TpmaSession) -> bool {
        self.attributes.contains(attribute)
    }
}

/// What the authorisation of a command leaves for its response.
#[derive(Debug, Clone, Default)]
pub struct CallAuth {
    pub(crate) uses: Vec<Use>,
    /// cpHash by hash algorithm: of every session, and of the command audit if the command is audited.
    pub(crate) cp_hashes: BTreeMap<HashAlg, Vec<u8>>,
}

impl CallAuth {
    /// The session with an attribute, and its index.
    fn with(&self, attribute: TpmaSession) -> Option<(usize, &Use)> {
        self.uses.iter().enumerate().find(|(_, session)| session.has(attribute))
    }
}

/// Reads the authorisation area and lets its sessions authorise the command. `rest` is all behind the handle area; gives
/// the parameters with the first one decrypted.
pub(crate) fn authorize(
    tpm: &mut Tpm,
    tag: TpmSt,
    command: &Command,
    handles: &[u32],
    mut rest: &[u8],
) -> Result<(CallAuth, Vec<u8>), Rc> {
    let mut auth = CallAuth::default();
    if tag == TpmSt::Sessions {
        if command.has(flag::NO_SESSIONS) {
            return Err(Rc::AUTH_CONTEXT);
        }
        auth.uses = area::read(tpm, command, &mut rest)?;
    }
    let needed = command.auth_handles();
    for (session, &handle) in auth.uses.iter_mut().zip(&handles[..needed]) {
        session.entity = Some(handle);
    }
    area::check_exclusive(tpm, &auth)?;
    if auth.uses.len() < needed {
        return Err(Rc::AUTH_MISSING);
    }
    let names: Vec<u8> = handles.iter().flat_map(|&handle| tpm.name(handle)).collect();
    let mut algs: Vec<HashAlg> =
        auth.uses.iter().filter_map(|used| Some(tpm.state.sessions.get(used.handle)?.hash)).collect();
    if audit::is_audited(tpm, command.code) {
        algs.push(tpm.state.audit.alg);
    }
    for alg in algs {
        auth.cp_hashes.entry(alg).or_insert_with(|| alg.digest(&[&command.code.to_be_bytes(), &names, rest]));
    }
    for index in 0..auth.uses.len() {
        let checked = check::session(tpm, command, handles, rest, &mut auth, index);
        checked
            .map_err(|rc| rc.session(u32::try_from(index + 1).expect("there are at most three sessions")))?;
    }
    let mut params = rest.to_vec();
    encryption::decrypt(tpm, &auth, &mut params);
    Ok((auth, params))
}
