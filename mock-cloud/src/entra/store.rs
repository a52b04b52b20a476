//! What Entra ID has given out and must know again: nonces, refresh tokens, codes, primary refresh tokens.

use std::collections::BTreeMap;

use oobe_wire::ids::Guid;
use oobe_wire::time::Utc;
use serde::{Deserialize, Serialize};

use super::Audience;
use crate::checks;
use crate::journal::Refused;
use crate::state::State;

/// How long a nonce is good for, minutes (*model*: the documents say "minutes").
const NONCE_MINUTES: i64 = 5;
/// How long a used or expired nonce is remembered, minutes, so that its reuse is called by its name.
const NONCE_MEMORY_MINUTES: i64 = 60;

/// Everything given out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    pub(crate) nonces: BTreeMap<String, Nonce>,
    pub(crate) refresh: BTreeMap<String, RefreshToken>,
    pub(crate) codes: BTreeMap<String, AuthorizationCode>,
    pub(crate) device_codes: BTreeMap<String, DeviceCode>,
    pub(crate) prts: BTreeMap<String, PrimaryRefreshToken>,
}

/// A nonce.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Nonce {
    pub(crate) issued: Utc,
    pub(crate) used: bool,
}

/// A refresh token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RefreshToken {
    pub(crate) tenant: Guid,
    pub(crate) user: Guid,
    pub(crate) client: String,
    pub(crate) audience: Audience,
    pub(crate) device: Option<Guid>,
    pub(crate) issued: Utc,
}

/// An authorization code.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AuthorizationCode {
    pub(crate) tenant: Guid,
    pub(crate) user: Guid,
    pub(crate) client: String,
    pub(crate) redirect: String,
    pub(crate) audience: Audience,
    pub(crate) device: Option<Guid>,
    pub(crate) issued: Utc,
    pub(crate) redeemed: bool,
}

/// A device code (RFC 8628).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DeviceCode {
    pub(crate) user_code: String,
    pub(crate) client: String,
    pub(crate) audience: Audience,
    pub(crate) issued: Utc,
    /// Who signed in with the user code.
    pub(crate) approved: Option<(Guid, Guid)>,
    pub(crate) redeemed: bool,
}

/// A primary refresh token.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PrimaryRefreshToken {
    pub(crate) tenant: Guid,
    pub(crate) user: Guid,
    pub(crate) device: Guid,
    pub(crate) session_key: [u8; 32],
    pub(crate) issued: Utc,
}

impl std::fmt::Debug for PrimaryRefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrimaryRefreshToken").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Gives out a nonce. `subject` says what for.
pub(crate) fn issue_nonce(state: &mut State, subject: &str) -> String {
    let now = state.now;
    state.grants.nonces.retain(|_, nonce| now <= nonce.issued.plus_seconds(NONCE_MEMORY_MINUTES * 60));
    let secret: [u8; 32] = state.draw("nonce", subject).bytes();
    let text = format!("AwAB{}", oobe_wire::encoding::base64url_encode(&secret));
    state.grants.nonces.insert(text.clone(), Nonce { issued: now, used: false });
    text
}

/// Takes a nonce back: known, unused, fresh. Used up afterwards.
pub(crate) fn redeem_nonce(state: &mut State, text: &str) -> Result<(), Refused> {
    let State { grants, journal, now, .. } = state;
    let known = grants.nonces.get_mut(text).ok_or("this nonce was not given out here");
    let nonce = journal.need(checks::NONCE_KNOWN, known)?;
    let used = std::mem::replace(&mut nonce.used, true);
    journal.expect(checks::NONCE_SINGLE_USE, !used, || "this nonce was used before".into())?;
    let fresh = *now <= nonce.issued.plus_seconds(NONCE_MINUTES * 60);
    journal.expect(checks::NONCE_FRESH, fresh, || format!("this nonce was given out at {}", nonce.issued))
}
