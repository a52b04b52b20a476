//! Encryption of the first parameter (part 1, "Session-based encryption").

use super::{CallAuth, Use};
use crate::Tpm;
use crate::crypto::{kdf, sym};
use crate::object::protection::cfb;
use crate::state::sessions::{Session, SessionCipher};
use tpm2_protocol::data::TpmaSession;

/// Decrypts the first parameter of a command, if a session says that it is encrypted.
pub(super) fn decrypt(tpm: &Tpm, auth: &CallAuth, params: &mut [u8]) {
    let Some((_, used)) = auth.with(TpmaSession::DECRYPT) else { return };
    let session = tpm.state.sessions.get(used.handle).expect("the area was read with the session loaded");
    // Too short for its own size: the handler's reader says so with the parameter's number.
    let Some(data) = contents(params) else { return };
    apply(tpm, session, used, &used.nonce_caller, &session.nonce_tpm, data, true);
}

/// Encrypts the first parameter of a response, if a session asks for it; the session has its new nonceTPM.
pub(super) fn encrypt(tpm: &Tpm, auth: &CallAuth, params: &mut [u8]) {
    let Some((_, used)) = auth.with(TpmaSession::ENCRYPT) else { return };
    // The command may have ended its own session (TPM2_FlushContext takes no sessions, TPM2_Clear flushes none).
    let Some(session) = tpm.state.sessions.get(used.handle) else { return };
    let data = contents(params).expect("the responses that may be encrypted begin with a TPM2B");
    apply(tpm, session, used, &session.nonce_tpm, &used.nonce_caller, data, false);
}

fn contents(params: &mut [u8]) -> Option<&mut [u8]> {
    let size = usize::from(u16::from_be_bytes(*params.first_chunk()?));
    params.get_mut(2..2 + size)
}

fn apply(
    tpm: &Tpm,
    session: &Session,
    used: &Use,
    newer: &[u8],
    older: &[u8],
    data: &mut [u8],
    decrypt: bool,
) {
    let mut key = session.key.clone();
    if let Some(entity) = used.entity {
        key.extend(tpm.auth_value(entity));
    }
    match session.cipher {
        SessionCipher::Null => {}
        SessionCipher::Xor(hash) => sym::xor_obfuscate(hash, &key, newer, older, data),
        SessionCipher::Aes { key_bits, .. } => {
            let material = kdf::kdfa(session.hash, &key, b"CFB", newer, older, u32::from(key_bits) + 128);
            let (key, iv) = material.split_at(usize::from(key_bits / 8));
            cfb(key, iv, data, decrypt);
        }
    }
}
