//! The HMACs of sessions (part 1, "Session-Based HMAC").

use super::CallAuth;
use crate::Tpm;
use crate::crypto;
use crate::state::sessions::Session;
use tpm2_protocol::data::TpmaSession;

/// Key of a session's HMAC: session key, and the entity's authorisation value where it belongs in.
fn key(tpm: &Tpm, session: &Session, entity: Option<u32>, include_auth: bool) -> Vec<u8> {
    let mut key = session.key.clone();
    if let Some(entity) = entity
        && include_auth
    {
        key.extend(tpm.auth_value(entity));
    }
    key
}

/// The HMAC that a command's session should carry; empty for a session without any key that carries none.
pub(super) fn command(tpm: &Tpm, auth: &CallAuth, index: usize, session: &Session) -> Vec<u8> {
    let used = &auth.uses[index];
    let key = key(tpm, session, used.entity, used.include_auth);
    if key.is_empty() && used.hmac.is_empty() {
        return Vec::new();
    }
    // The first session vouches for the nonces of those that encrypt, unless it does that itself.
    let mut nonces = Vec::new();
    if index == 0 {
        let decrypt = auth.with(TpmaSession::DECRYPT).filter(|(index, _)| *index != 0);
        let encrypt = auth.with(TpmaSession::ENCRYPT).filter(|(index, _)| *index != 0);
        let encrypt = encrypt.filter(|(index, _)| decrypt.is_none_or(|(other, _)| other != *index));
        for (_, other) in decrypt.into_iter().chain(encrypt) {
            nonces.extend(
                tpm.state
                    .sessions
                    .get(other.handle)
                    .map(|state| state.nonce_tpm.as_slice())
                    .unwrap_or_default(),
            );
        }
    }
    let cp_hash = &auth.cp_hashes[&session.hash];
    let parts: [&[u8]; 5] =
        [cp_hash, &used.nonce_caller, &session.nonce_tpm, &nonces, &[used.attributes.bits()]];
    crypto::hmac(session.hash, &key, &parts)
}

/// The HMAC of a response's session; `session` has the new nonceTPM already.
pub(super) fn response(
    tpm: &Tpm,
    auth: &CallAuth,
    index: usize,
    session: &Session,
    rp_hash: &[u8],
    attributes: TpmaSession,
) -> Vec<u8> {
    let used = &auth.uses[index];
    let key = key(tpm, session, used.entity, used.include_auth);
    if used.password || key.is_empty() && used.hmac.is_empty() {
        return Vec::new();
    }
    let parts: [&[u8]; 4] = [rp_hash, &session.nonce_tpm, &used.nonce_caller, &[attributes.bits()]];
    crypto::hmac(session.hash, &key, &parts)
}
