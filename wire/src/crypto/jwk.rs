//! JSON Web Keys (RFC 7517), public ones only.

use serde::{Deserialize, Serialize};

use super::{CryptoError, PublicKey};
use crate::encoding::{base64url_decode, base64url_encode};

/// A public key as JSON. Members that a key kind does not have are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Jwk {
    /// `RSA` or `EC`.
    pub kty: String,
    /// RSA modulus, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// RSA exponent, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// `P-256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// First coordinate, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Second coordinate, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// Key id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// `sig` or `enc`.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<String>,
    /// `RS256`, `ES256`, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// Certificate chain, base64 DER.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x5c: Option<Vec<String>>,
}

impl PublicKey {
    /// As a JSON Web Key, without `kid`, `use` and `alg`.
    pub fn to_jwk(&self) -> Jwk {
        match self {
            Self::P256 { x, y } => Jwk {
                kty: "EC".to_owned(),
                crv: Some("P-256".to_owned()),
                x: Some(base64url_encode(x)),
                y: Some(base64url_encode(y)),
                ..Jwk::default()
            },
            Self::Rsa { n, e } => Jwk {
                kty: "RSA".to_owned(),
                n: Some(base64url_encode(n)),
                e: Some(base64url_encode(e)),
                ..Jwk::default()
            },
        }
    }

    /// From a JSON Web Key.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, CryptoError> {
        let number = |member: &Option<String>| {
            base64url_decode(member.as_deref().unwrap_or_default()).map_err(|_| CryptoError::BadKey)
        };
        match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => Self::rsa(&number(&jwk.n)?, &number(&jwk.e)?),
            ("EC", Some("P-256")) => {
                let coordinate =
                    |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).map_err(|_| CryptoError::BadKey);
                Self::p256(coordinate(number(&jwk.x)?)?, coordinate(number(&jwk.y)?)?)
            }
            _ => Err(CryptoError::BadKey),
        }
    }

    /// The JWK thumbprint of RFC 7638: base64url of SHA-256, 43 characters.
    pub fn thumbprint(&self) -> String {
        // The members that identify the key, in alphabetical order, without white space.
        let json = match self {
            Self::P256 { x, y } => {
                let (x, y) = (base64url_encode(x), base64url_encode(y));
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Self::Rsa { n, e } => {
                let (n, e) = (base64url_encode(n), base64url_encode(e));
                format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
            }
        };
        base64url_encode(&super::sha256(json.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{KeyKind, PrivateKey};
    use crate::rng::Stream;

    #[test]
    fn thumbprint_of_the_example_in_rfc_7638() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRX\
                 jBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSq\
                 zs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHa\
                 Q-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let jwk = Jwk { kty: "RSA".into(), n: Some(n.into()), e: Some("AQAB".into()), ..Jwk::default() };
        let key = PublicKey::from_jwk(&jwk).unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!(key.to_jwk(), jwk);
    }

    #[test]
    fn round_trips_through_json() {
        let key = PrivateKey::generate(KeyKind::P256, &mut Stream::new(1, &["jwk"])).public().clone();
        let json = serde_json::to_string(&key.to_jwk()).unwrap();
        assert_eq!(PublicKey::from_jwk(&serde_json::from_str(&json).unwrap()), Ok(key));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let json = [
            r#"{"kty":"oct","k":"AA"}"#,
            r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#,
            r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
            r#"{"kty":"EC","crv":"P-384"}"#,
            "{}",
        ];
        for text in json {
            assert_eq!(PublicKey::from_jwk(&serde_json::from_str(text).unwrap()), Err(CryptoError::BadKey));
        }
    }
}
