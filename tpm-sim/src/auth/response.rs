//! The sessions of a response (part 1, "Response Acknowledgement Area"), and what becomes of them.

use super::{audit, encryption, hmac};
use crate::Tpm;
use crate::command::Call;
use crate::crypto::HashAlg;
use crate::entity::RS_PW;
use crate::params::put_2b;
use crate::state::sessions::Policy;
use std::collections::BTreeMap;
use tpm2_protocol::data::{TpmCc, TpmaSession};

/// Rolls nonces, encrypts the first parameter in `call.out`, audits, and gives the response's authorisation area.
pub(crate) fn respond(tpm: &mut Tpm, call: &mut Call) -> Vec<u8> {
    for used in &call.auth.uses {
        if let Some(session) = tpm.state.sessions.get_mut(used.handle) {
            session.nonce_tpm = tpm.state.rng.bytes(session.nonce_tpm.len());
            // Expirations that name the nonce count from when it was made.
            session.started = (tpm.state.clock.time, tpm.state.clock.epoch);
        }
    }
    encryption::encrypt(tpm, &call.auth, &mut call.out.bytes);
    let (code, params) = (call.command.code, &call.out.bytes);
    let rp_hash = |alg: HashAlg| alg.digest(&[&[0; 4], &code.to_be_bytes(), params]);
    let audited = audit::is_audited(tpm, code) && code != TpmCc::GetCommandAuditDigest.value();
    audit::record(tpm, call.command, &call.auth, audited, rp_hash);

    let mut area = Vec::new();
    let mut rp_hashes = BTreeMap::new();
    for (index, used) in call.auth.uses.iter().enumerate() {
        let mut attributes = used.attributes;
        let Some(session) = tpm.state.sessions.get(used.handle).filter(|_| used.handle != RS_PW) else {
            put_2b(&mut area, &[]);
            area.push((attributes | TpmaSession::CONTINUE_SESSION).bits());
            put_2b(&mut area, &[]);
            continue;
        };
        if used.has(TpmaSession::AUDIT) {
            attributes = attributes & !TpmaSession::AUDIT_EXCLUSIVE & !TpmaSession::AUDIT_RESET;
            if tpm.state.sessions.exclusive == Some(used.handle) {
                attributes |= TpmaSession::AUDIT_EXCLUSIVE;
            }
        }
        let rp_hash = rp_hashes.entry(session.hash).or_insert_with(|| rp_hash(session.hash));
        let hmac = hmac::response(tpm, &call.auth, index, session, rp_hash, attributes);
        put_2b(&mut area, &session.nonce_tpm);
        area.push(attributes.bits());
        put_2b(&mut area, &hmac);
    }
    end(tpm, call);
    area
}

/// Sessions that don't go on are flushed; policy sessions that were used for anything begin anew.
fn end(tpm: &mut Tpm, call: &Call) {
    let sessions = &mut tpm.state.sessions;
    for used in &call.auth.uses {
        if !used.has(TpmaSession::CONTINUE_SESSION) {
            if used.handle != RS_PW {
                sessions.flush(used.handle);
            }
        } else if let Some(session) = sessions.get_mut(used.handle)
            && session.is_policy()
        {
            session.policy = Policy::new(session.hash);
        }
    }
}
