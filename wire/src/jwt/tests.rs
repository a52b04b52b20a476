//! The examples of RFC 7515, and what must not be accepted.

use super::*;
use crate::crypto::Jwk;
use crate::rng::Stream;
use proptest::prelude::*;
use serde_json::json;

const CLAIMS: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

#[test]
fn hs256_example_of_rfc_7515_a_1() {
    let token = format!(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{CLAIMS}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let token = parse(&token).unwrap();
    let verified = token.verify_hs256(&base64url_decode(key).unwrap()).unwrap();
    assert_eq!(verified.claims["iss"], "joe");
    assert_eq!(token.verify_hs256(b"other"), Err(JwtError::BadSignature));
}

#[test]
fn rs256_example_of_rfc_7515_a_2() {
    let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR\
             T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB\
             dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia\
             GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    let jwk = Jwk { kty: "RSA".into(), n: Some(n.into()), e: Some("AQAB".into()), ..Jwk::default() };
    let token = format!(
        "eyJhbGciOiJSUzI1NiJ9.{CLAIMS}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4\
         Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIA\
         RNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6I\
         eYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
    assert!(parse(&token).unwrap().verify(&PublicKey::from_jwk(&jwk).unwrap()).is_ok());
}

#[test]
fn es256_example_of_rfc_7515_a_3() {
    let jwk = Jwk {
        kty: "EC".into(),
        crv: Some("P-256".into()),
        x: Some("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU".into()),
        y: Some("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0".into()),
        ..Jwk::default()
    };
    let token = format!(
        "eyJhbGciOiJFUzI1NiJ9.{CLAIMS}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfK\
         TUJqPP3-Kg6NU1Q"
    );
    let token = parse(&token).unwrap();
    let key = PublicKey::from_jwk(&jwk).unwrap();
    assert!(token.verify(&key).is_ok());
    let mut changed = token;
    changed.signature[5] ^= 1;
    assert_eq!(changed.verify(&key), Err(JwtError::BadSignature));
}

#[test]
fn keys_of_another_kind_are_refused() {
    let key = PrivateKey::generate(KeyKind::P256, &mut Stream::new(1, &["jwt"]));
    let token = sign_hs256(&Header::new(Algorithm::Hs256), &json!({}), b"k");
    assert_eq!(
        parse(&token).unwrap().verify(key.public()),
        Err(JwtError::AlgorithmMismatch(Algorithm::Hs256))
    );
    let token = sign(&Header::new(Algorithm::Rs256), &json!({"a": 1}), &key);
    let token = parse(&token).unwrap();
    assert_eq!(token.header.alg, Algorithm::Es256);
    assert!(token.verify_hs256(&key.public().to_spki_der()).is_err());
    assert!(token.verify(key.public()).is_ok());
}

#[test]
fn none_is_no_algorithm() {
    let token = format!("{}.{CLAIMS}.", base64url_encode(br#"{"alg":"none"}"#));
    assert_eq!(parse(&token), Err(JwtError::Algorithm("none".to_owned())));
}

#[test]
fn x5c_may_be_a_string_or_a_list() {
    for header in [r#"{"alg":"RS256","x5c":"AQI="}"#, r#"{"alg":"RS256","x5c":["AQI="]}"#] {
        let token = format!("{}.e30.AA", base64url_encode(header.as_bytes()));
        assert_eq!(parse(&token).unwrap().header.certificate(), Some(vec![1, 2]));
    }
}

#[test]
fn members_keep_their_order() {
    let header = Header { ctx: Some("Y3R4".into()), kdf_ver: Some(2), ..Header::new(Algorithm::Hs256) };
    let json = serde_json::to_string(&header).unwrap();
    assert_eq!(json, r#"{"typ":"JWT","alg":"HS256","ctx":"Y3R4","kdf_ver":2}"#);
}

#[test]
fn session_keys_sign_in_either_version() {
    let (session_key, ctx) = ([7; 32], [9; 24]);
    let claims = json!({"grant_type": "refresh_token"});
    for kdf_ver in [None, Some(2)] {
        let header = Header { kdf_ver, ..Header::new(Algorithm::Hs256) };
        let token = parse(&sign_with_session_key(&header, &claims, &session_key, &ctx)).unwrap();
        assert!(token.verify_with_session_key(&session_key).is_ok());
        assert!(token.verify_with_session_key(&[8; 32]).is_err());
        assert!(token.verify_hs256(&session_key).is_err());
    }
    // With version 2 the claims are part of the key: they cannot be exchanged even by who knows the
    // derived key.
    let v2 = KdfVersion::V2 { raw_payload: b"{}" };
    assert_ne!(derived_key(&session_key, &ctx, KdfVersion::V1), derived_key(&session_key, &ctx, v2));
}

proptest! {
    #[test]
    fn any_text_is_an_answer(text in ".{0,200}", json in r#"\{"alg":[a-z0-9"\[\]{}:,]{0,40}\}"#) {
        let _ = parse(&text);
        let _ = parse(&format!("{}.e30.", base64url_encode(json.as_bytes())));
    }

    #[test]
    fn what_is_signed_is_read(kid in ".{0,20}", number: i64, text: String, key: Vec<u8>) {
        let header = Header { kid: Some(kid), ..Header::new(Algorithm::Hs256) };
        let claims = json!({"n": number, "t": text});
        let token = parse(&sign_hs256(&header, &claims, &key)).unwrap();
        prop_assert_eq!(&token.header, &header);
        prop_assert_eq!(token.verify_hs256(&key).unwrap().claims, claims);
    }
}
