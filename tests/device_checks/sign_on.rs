//! What the device checks when the user signs on to Windows: session key, tenant, encrypted reply, whose token it is.

use oobe_agent::flow::{SignOnFor, Stage};
use oobe_agent::io::{HttpRequest, Note, NoteFault};
use oobe_catalog::codes;
use oobe_mock_cloud::{FaultKind, Matcher, TokenTweak};
use oobe_wire::crypto::{KeyKind, PrivateKey};
use oobe_wire::jwe::{encrypt_reply, wrap_session_key};
use oobe_wire::rng::Stream;
use serde_json::json;

use crate::edit::json as edit_json;
use crate::harness::Trial;

/// Of the requests that are signed (first for the primary refresh token, then with its session key), that one.
fn signed(nth: u32) -> Matcher {
    Matcher { operation: Some("jwt-bearer".into()), nth, ..Matcher::default() }
}

fn is_signed(request: &HttpRequest) -> bool {
    String::from_utf8_lossy(&request.body).contains("jwt-bearer")
}

fn asks_nonce(request: &HttpRequest) -> bool {
    String::from_utf8_lossy(&request.body).contains("srv_challenge")
}

/// The sign-on comes back to its page with that message; nobody is signed on; the second try leads to the desktop.
fn refused_at_sign_on(mut trial: Trial, check: &str, fault: NoteFault, shown: &str) {
    trial.until_refused(check).refused_only(check).at(Stage::SignOn(SignOnFor::AccountSetup));
    let screen = trial.screen();
    assert_eq!((screen.id.as_str(), screen.error.as_deref()), ("winlogon.signin", Some(shown)));
    let told = |note: &Note| matches!(note, Note::Failed { fault: f, .. } if *f == fault);
    assert!(trial.notes().any(told), "{}", trial.tail());
    let management = trial.device().disk().management.as_ref().expect("the device is enrolled");
    assert_eq!(management.tree().user(), None);
    assert_eq!(trial.reaches_the_desktop().refusals(check), 1);
}

/// The peer broke the protocol.
fn broken_at_sign_on(trial: Trial, check: &str) {
    refused_at_sign_on(trial, check, NoteFault::PeerBrokeProtocol, "Something went wrong.");
}

#[test]
fn device_refuses_json_reply_of_the_sign_on() {
    for fits in [asks_nonce, is_signed] {
        let trial = Trial::new().meddle_once(fits, |_, reply| {
            reply.body = b"<html>Welcome to the hotel.</html>".to_vec();
            true
        });
        broken_at_sign_on(trial, "json-reply");
    }
}

#[test]
fn device_refuses_nonce_reply() {
    for nonce in [json!(null), json!(7)] {
        let trial = Trial::new().meddle_once(asks_nonce, move |_, reply| {
            edit_json(reply, |answer| answer["Nonce"] = nonce.clone())
        });
        broken_at_sign_on(trial, "nonce-reply");
    }
}

#[test]
fn device_refuses_token_reply_of_the_sign_on() {
    for member in ["refresh_token", "id_token", "session_key_jwe"] {
        let trial = Trial::new()
            .meddle_once(is_signed, move |_, reply| edit_json(reply, |tokens| tokens[member] = json!(null)));
        broken_at_sign_on(trial, "token-reply");
    }
}

#[test]
fn device_refuses_session_key_shape() {
    for text in ["", "no key", "a.b.c.d.e"] {
        let trial = Trial::new().meddle_once(is_signed, move |_, reply| {
            edit_json(reply, |tokens| tokens["session_key_jwe"] = json!(text))
        });
        broken_at_sign_on(trial, "session-key-shape");
    }
}

#[test]
fn device_refuses_session_key_for_this_device() {
    let trial = Trial::new().meddle_once(is_signed, |_, reply| {
        let stranger = PrivateKey::generate(KeyKind::P256, &mut Stream::new(1, &["another device"]));
        let wrapped = wrap_session_key(stranger.public(), &mut Stream::new(2, &[]), &[7; 32]);
        edit_json(reply, |tokens| tokens["session_key_jwe"] = json!(wrapped))
    });
    broken_at_sign_on(trial, "session-key-for-this-device");
}

#[test]
fn device_refuses_sign_on_tenant() {
    // A whole token, but of a user of somebody else's organization: to the person it is a wrong account.
    let trial = Trial::new().fault(signed(1), FaultKind::Token { tweak: TokenTweak::ForeignTenant });
    let shown = "Your account or password is incorrect.";
    refused_at_sign_on(trial, "sign-on-tenant", NoteFault::Person, shown);
    let mut trial = Trial::new().fault(signed(1), FaultKind::Token { tweak: TokenTweak::ForeignTenant });
    trial.until_refused("sign-on-tenant").told(NoteFault::Person, Some(codes::AADSTS50034));
}

#[test]
fn device_refuses_encrypted_reply() {
    // Under another session key, broken off, or in the clear. (Damage to the tag goes unseen: the form that is spoken
    // has one, but says nothing by it; reference: protocols, A.5.)
    let stranger = Trial::new().meddle_once(is_signed, |_, reply| {
        let encrypted = reply.header("content-type") == Some("application/jose");
        if encrypted {
            reply.body =
                encrypt_reply(&[7; 32], &mut Stream::new(1, &["another session"]), b"{}").into_bytes();
        }
        encrypted
    });
    broken_at_sign_on(stranger, "encrypted-reply");
    let truncated = Trial::new().fault(signed(2), FaultKind::Truncate);
    broken_at_sign_on(truncated, "encrypted-reply");
    let bytes = br#"{"access_token":"in the clear"}"#.to_vec();
    let clear = FaultKind::Body { bytes, content_type: "application/json".into() };
    broken_at_sign_on(Trial::new().fault(signed(2), clear), "encrypted-reply");
}

#[test]
fn device_refuses_token_device() {
    let trial = Trial::new().fault(signed(2), FaultKind::Token { tweak: TokenTweak::WrongDevice });
    broken_at_sign_on(trial, "token-device");
}

#[test]
fn device_checks_the_tokens_of_the_sign_on_too() {
    for (tweak, check) in [
        (TokenTweak::WrongAudience, "token-audience"),
        (TokenTweak::Expired, "token-expiry"),
        (TokenTweak::OtherKey, "token-signature"),
    ] {
        for nth in [1, 2] {
            broken_at_sign_on(Trial::new().fault(signed(nth), FaultKind::Token { tweak }), check);
        }
    }
}
