//! Signed tokens: JWS in compact form, with the header members that Entra uses.

mod session;
#[cfg(test)]
mod tests;

pub use session::{KdfVersion, SESSION_LABEL, derived_key, sign_with_session_key};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crypto::{KeyKind, PrivateKey, PublicKey, hmac_sha256, hmac_sha256_verify};
use crate::encoding::{base64_decode, base64url_decode, base64url_encode};

/// How a token is signed. `none` is not among them.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSA PKCS#1 v1.5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA P-256 with SHA-256: a *model* dialect wherever Entra uses RS256.
    #[serde(rename = "ES256")]
    Es256,
    /// HMAC with SHA-256.
    #[serde(rename = "HS256")]
    Hs256,
}

impl Algorithm {
    /// The algorithm of keys of that kind.
    pub const fn of(kind: KeyKind) -> Self {
        match kind {
            KeyKind::P256 => Self::Es256,
            KeyKind::Rsa2048 => Self::Rs256,
        }
    }
}

/// A token's header. Members appear in this order; those that are `None` do not appear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// `JWT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typ: Option<String>,
    /// How the token is signed.
    pub alg: Algorithm,
    /// Key id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The signer's certificate (base64 DER), and more of its chain. A bare string is read as a list of one.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "one_or_many")]
    pub x5c: Option<Vec<String>>,
    /// SHA-1 thumbprint of the signer's certificate, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x5t: Option<String>,
    /// Context of the key derivation, standard base64 (reference: protocols, A.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ctx: Option<String>,
    /// Version of the key derivation: 2, or absent for 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kdf_ver: Option<u32>,
    /// `ngc` in a Hello assertion.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<String>,
    /// Any other member.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    let value = Option::<OneOrMany>::deserialize(deserializer)?;
    Ok(value.map(|v| match v {
        OneOrMany::One(text) => vec![text],
        OneOrMany::Many(texts) => texts,
    }))
}

/// Why a token is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Not three dot-separated base64url parts with a JSON header and JSON claims.
    #[error("not a compact JWT: {0}")]
    Format(&'static str),
    /// An algorithm other than RS256, ES256 and HS256.
    #[error("JWT algorithm {0:?} is not supported")]
    Algorithm(String),
    /// The header names an algorithm that the key cannot do.
    #[error("the token says {0:?}, which does not go with the key")]
    AlgorithmMismatch(Algorithm),
    /// The signature does not match.
    #[error("the token's signature does not match")]
    BadSignature,
}

impl Header {
    /// A header with `typ` `JWT` and nothing else.
    pub fn new(alg: Algorithm) -> Self {
        Self {
            typ: Some("JWT".to_owned()),
            alg,
            kid: None,
            x5c: None,
            x5t: None,
            ctx: None,
            kdf_ver: None,
            use_: None,
            other: BTreeMap::new(),
        }
    }

    /// The signer's certificate (DER), when the header carries one.
    pub fn certificate(&self) -> Option<Vec<u8>> {
        self.x5c.as_ref()?.first().and_then(|text| crate::encoding::base64_decode(text).ok())
    }
}

/// A token whose signature nobody has checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Unverified {
    /// The header.
    pub header: Header,
    /// The claims; any JSON.
    pub claims: Value,
    /// The claims' bytes as sent: key derivation version 2 hashes them.
    pub raw_payload: Vec<u8>,
    /// What is signed.
    pub signing_input: String,
    /// The signature.
    pub signature: Vec<u8>,
}

/// A token whose signature was checked. Its times and audience were not.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// The header.
    pub header: Header,
    /// The claims; any JSON.
    pub claims: Value,
}

/// What has to be signed: header and claims. Sign these bytes as JWS does, then [`attach`].
pub fn signing_input(header: &Header, claims: &Value) -> String {
    let header = serde_json::to_vec(header).expect("a header is plain JSON");
    let claims = serde_json::to_vec(claims).expect("a JSON value is JSON");
    format!("{}.{}", base64url_encode(&header), base64url_encode(&claims))
}

/// Puts the signature to its signing input.
pub fn attach(signing_input: &str, signature: &[u8]) -> String {
    format!("{signing_input}.{}", base64url_encode(signature))
}

/// Makes and signs a token; the header's `alg` is set to the key's.
pub fn sign(header: &Header, claims: &Value, key: &PrivateKey) -> String {
    let header = Header { alg: Algorithm::of(key.kind()), ..header.clone() };
    let input = signing_input(&header, claims);
    attach(&input, &key.sign_jws(input.as_bytes()))
}

/// Makes and signs a token with HMAC; the header's `alg` is set to HS256.
pub fn sign_hs256(header: &Header, claims: &Value, key: &[u8]) -> String {
    let header = Header { alg: Algorithm::Hs256, ..header.clone() };
    let input = signing_input(&header, claims);
    attach(&input, &hmac_sha256(key, input.as_bytes()))
}

/// Takes a token apart.
pub fn parse(token: &str) -> Result<Unverified, JwtError> {
    let token = token.trim();
    let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Format("no signature part"))?;
    let (header, payload) = signed.split_once('.').ok_or(JwtError::Format("no claims part"))?;
    let part = |text| base64url_decode(text).map_err(|_| JwtError::Format("a part is not base64url"));
    let raw_payload = part(payload)?;
    Ok(Unverified {
        header: parse_header(&part(header)?)?,
        claims: serde_json::from_slice(&raw_payload)
            .map_err(|_| JwtError::Format("the claims are not JSON"))?,
        raw_payload,
        signing_input: signed.to_owned(),
        signature: part(signature)?,
    })
}

fn parse_header(json: &[u8]) -> Result<Header, JwtError> {
    let value: Value =
        serde_json::from_slice(json).map_err(|_| JwtError::Format("the header is not JSON"))?;
    let alg = value.get("alg").cloned().unwrap_or_default();
    if Algorithm::deserialize(&alg).is_err() {
        return Err(JwtError::Algorithm(alg.as_str().map_or_else(|| alg.to_string(), str::to_owned)));
    }
    serde_json::from_value(value).map_err(|_| JwtError::Format("a header member has another type"))
}

impl Unverified {
    /// Checks the signature; the header's algorithm must be the key's.
    pub fn verify(&self, key: &PublicKey) -> Result<Verified, JwtError> {
        self.expect(Algorithm::of(key.kind()))?;
        key.verify_jws(self.signing_input.as_bytes(), &self.signature).map_err(|_| JwtError::BadSignature)?;
        Ok(self.verified())
    }

    /// Checks an HMAC; the header's algorithm must be HS256.
    pub fn verify_hs256(&self, key: &[u8]) -> Result<Verified, JwtError> {
        self.expect(Algorithm::Hs256)?;
        if !hmac_sha256_verify(key, self.signing_input.as_bytes(), &self.signature) {
            return Err(JwtError::BadSignature);
        }
        Ok(self.verified())
    }

    /// Checks an HMAC made with a key that is derived from a session key, by the header's `ctx` and
    /// `kdf_ver`.
    pub fn verify_with_session_key(&self, session_key: &[u8; 32]) -> Result<Verified, JwtError> {
        let ctx = self.header.ctx.as_deref().ok_or(JwtError::Format("no ctx in the header"))?;
        let ctx = base64_decode(ctx).map_err(|_| JwtError::Format("ctx is not base64"))?;
        let version = session::kdf_version(&self.header, &self.raw_payload);
        self.verify_hs256(&derived_key(session_key, &ctx, version))
    }

    // Without this a public key's bytes would do as an HMAC key.
    fn expect(&self, alg: Algorithm) -> Result<(), JwtError> {
        if self.header.alg == alg { Ok(()) } else { Err(JwtError::AlgorithmMismatch(self.header.alg)) }
    }

    fn verified(&self) -> Verified {
        Verified { header: self.header.clone(), claims: self.claims.clone() }
    }
}
