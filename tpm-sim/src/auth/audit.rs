//! Audit of commands and of sessions (part 1, "Command Audit", "Session Audit").

use super::CallAuth;
use crate::Tpm;
use crate::command::{Command, flag};
use crate::state::sessions::Session;
use tpm2_protocol::data::TpmaSession;

/// Whether TPM2_SetCommandCodeAuditStatus has a command audited.
pub(super) fn is_audited(tpm: &Tpm, code: u32) -> bool {
    tpm.state.audit.commands.contains(&code)
}

/// Takes a command that succeeded into the audit digests. `rp_hash` computes rpHash in an algorithm.
pub(super) fn record(
    tpm: &mut Tpm,
    command: &Command,
    auth: &CallAuth,
    audited: bool,
    rp_hash: impl Fn(crate::crypto::HashAlg) -> Vec<u8>,
) {
    let alg = tpm.state.audit.alg;
    // The audit's own reader is not audited, nor is a command whose auditing has just begun without a cpHash.
    if audited && let Some(cp_hash) = auth.cp_hashes.get(&alg) {
        tpm.state.audit.extend(cp_hash, &rp_hash(alg));
    }
    let sessions = &mut tpm.state.sessions;
    let Some((_, used)) = auth.with(TpmaSession::AUDIT) else {
        if !command.has(flag::NO_SESSIONS) {
            sessions.exclusive = None;
        }
        return;
    };
    let reset = used.has(TpmaSession::AUDIT_RESET);
    let exclusive = sessions.exclusive == Some(used.handle);
    let Some(session) = sessions.get_mut(used.handle) else { return };
    let first = session.audit_digest.is_none();
    extend(session, reset, &auth.cp_hashes[&session.hash], &rp_hash(session.hash));
    sessions.exclusive = (first || reset || exclusive).then_some(used.handle);
}

fn extend(session: &mut Session, reset: bool, cp_hash: &[u8], rp_hash: &[u8]) {
    let before = session.audit_digest.take().filter(|_| !reset);
    let before = before.unwrap_or_else(|| vec![0; session.hash.size()]);
    session.audit_digest = Some(session.hash.digest(&[&before, cp_hash, rp_hash]));
}
