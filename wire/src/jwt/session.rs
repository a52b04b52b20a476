//! Signing keys derived from a session key (reference: protocols, A.5).

use serde_json::Value;

use super::{Header, sign_hs256};
use crate::crypto::{kdf_sp800_108, sha256};
use crate::encoding::base64_encode;

/// The label of every key derived from a session key (reference: protocols, A.5).
pub const SESSION_LABEL: &[u8] = b"AzureAD-SecureConversation";

/// The signing key derived from a session key. Version 1 of the derivation takes `ctx` as context, version 2
/// the SHA-256 of `ctx` and the raw claims.
pub fn derived_key(session_key: &[u8; 32], ctx: &[u8], version: KdfVersion<'_>) -> [u8; 32] {
    match version {
        KdfVersion::V1 => kdf_sp800_108(session_key, SESSION_LABEL, ctx),
        KdfVersion::V2 { raw_payload } => {
            let context = sha256(&[ctx, raw_payload].concat());
            kdf_sp800_108(session_key, SESSION_LABEL, &context)
        }
    }
}

/// Which derivation a token uses.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum KdfVersion<'a> {
    /// No `kdf_ver` in the header.
    V1,
    /// `kdf_ver` 2.
    V2 {
        /// The claims' bytes as sent.
        raw_payload: &'a [u8],
    },
}

/// Makes a token signed with a key that is derived from a session key: sets `alg` and `ctx`, and follows the
/// header's `kdf_ver`.
pub fn sign_with_session_key(header: &Header, claims: &Value, session_key: &[u8; 32], ctx: &[u8]) -> String {
    let header = Header { ctx: Some(base64_encode(ctx)), ..header.clone() };
    let payload = claims.to_string();
    let version = kdf_version(&header, payload.as_bytes());
    sign_hs256(&header, claims, &derived_key(session_key, ctx, version))
}

pub(super) fn kdf_version<'a>(header: &Header, raw_payload: &'a [u8]) -> KdfVersion<'a> {
    if header.kdf_ver == Some(2) { KdfVersion::V2 { raw_payload } } else { KdfVersion::V1 }
}
