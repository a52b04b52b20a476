//! What the device checks until the user is signed in: internet, profile, directory, token.

use oobe_agent::flow::Stage;
use oobe_agent::io::HttpRequest;
use oobe_agent::io::{Note, NoteFault};
use oobe_catalog::rules;
use oobe_mock_cloud::{FaultKind, Matcher, TokenTweak};
use oobe_wire::crypto::{KeyKind, PrivateKey};
use oobe_wire::jwt;
use oobe_wire::rng::Stream;
use serde_json::{Value, json};

use crate::edit::{json, url};
use crate::harness::Trial;

/// The token that the user signs in with goes wrong once.
fn sign_in_with(tweak: TokenTweak) -> Trial {
    let matcher = Matcher { operation: Some("grant_type=password".into()), ..Matcher::default() };
    Trial::new().fault(matcher, FaultKind::Token { tweak })
}

/// The request for the token that the user signs in with.
fn by_password(request: &HttpRequest) -> bool {
    String::from_utf8_lossy(&request.body).contains("grant_type=password")
}

/// The sign-in ends in "Something went wrong" without a code (NET-008); nothing is joined; the second try succeeds.
fn refused_at_sign_in(mut trial: Trial, check: &str) {
    trial.until_screen("entra.error");
    trial.refused_only(check).told(NoteFault::PeerBrokeProtocol, None).shows_error(None).not_joined();
    trial.at(Stage::SetupError);
    let by_rule = |note: &Note| matches!(note, Note::Decided { rule, .. } if rule == rules::NET_008.id);
    assert!(trial.notes().any(by_rule));
    assert_eq!(trial.reaches_the_desktop().refusals(check), 1);
}

#[test]
fn device_refuses_connect_test_text() {
    let mut trial = Trial::new().meddle_once(url("/connecttest.txt"), |_, reply| {
        reply.body = b"<html>Welcome to the hotel. Please accept our terms.</html>".to_vec();
        true
    });
    // Without internet region and keyboard come first (NET-001); then the network is looked for again.
    trial.until_screen("oobe.region").refused_only("connect-test-text");
    assert_eq!(trial.device().disk().profile, None);
    trial.reaches_the_desktop();
}

#[test]
fn device_refuses_profile_shape() {
    let spoil = |reply: &mut _| json(reply, |profile| profile["CloudAssignedOobeConfig"] = json!("many"));
    let mut once = Trial::new().meddle_once(url("/ztd/v1/profile"), move |_, reply| spoil(reply));
    once.until_refused("profile-shape").told(NoteFault::PeerBrokeProtocol, None);
    assert_eq!(once.device().disk().profile, None);
    assert!(once.device().disk().ticket.is_none());
    // PRO-029: the download is tried again.
    once.until_screen("entra.signin").reaches_the_desktop().refused_only("profile-shape");

    let mut always = Trial::new().meddle(u32::MAX, url("/ztd/v1/profile"), move |_, reply| spoil(reply));
    // NET-003: without a profile the device is like any other.
    always.until_screen("plain.personal-or-work").refused_only("profile-shape");
    assert_eq!(always.refusals("profile-shape"), 3);
    assert_eq!(always.device().disk().profile, None);
}

#[test]
fn device_refuses_device_credential_shape() {
    for body in ["", "{}", "<html>Welcome to the hotel.</html>"] {
        let mut trial = Trial::new().meddle_once(url("/deviceaddcredential.srf"), move |_, reply| {
            reply.body = body.into();
            true
        });
        trial.until_refused("device-credential-shape").told(NoteFault::PeerBrokeProtocol, None);
        assert!(trial.device().disk().ticket.is_none() && trial.device().disk().profile.is_none());
        // PRO-029: the download is tried again.
        trial.until_screen("entra.signin").reaches_the_desktop().refused_only("device-credential-shape");
    }
}

#[test]
fn device_refuses_json_reply() {
    for body in ["", "{\"cut\":", "<html>Welcome to the hotel.</html>"] {
        for part in ["/UserRealm/", "/openid-configuration", "/discovery/keys"] {
            let trial = Trial::new().meddle_once(url(part), move |_, reply| {
                reply.body = body.into();
                true
            });
            refused_at_sign_in(trial, "json-reply");
        }
        let trial = Trial::new().meddle_once(by_password, move |_, reply| {
            reply.body = body.into();
            true
        });
        refused_at_sign_in(trial, "json-reply");
    }
}

#[test]
fn device_refuses_openid_configuration_shape() {
    for member in ["issuer", "token_endpoint", "jwks_uri"] {
        let trial = Trial::new().meddle_once(url("/openid-configuration"), move |_, reply| {
            json(reply, |configuration| configuration[member] = json!(null))
        });
        refused_at_sign_in(trial, "openid-configuration-shape");
    }
}

#[test]
fn device_refuses_openid_key_set() {
    for keys in [json!(null), json!([]), json!(["no key"])] {
        let trial = Trial::new().meddle_once(url("/discovery/keys"), move |_, reply| {
            json(reply, |set| set["keys"] = keys.clone())
        });
        refused_at_sign_in(trial, "openid-key-set");
    }
}

#[test]
fn device_refuses_token_reply() {
    for member in ["access_token", "refresh_token"] {
        let trial = Trial::new()
            .meddle_once(by_password, move |_, reply| json(reply, |tokens| tokens[member] = json!(null)));
        refused_at_sign_in(trial, "token-reply");
    }
}

#[test]
fn device_refuses_token_user() {
    // A whole token, but of nobody: signed with a key that the authority lists in place of its own.
    for members in [&["oid"][..], &["upn", "preferred_username"]] {
        let key = PrivateKey::generate(KeyKind::P256, &mut Stream::new(1, &["another key"]));
        let trial = Trial::new().meddle(
            2,
            |request| by_password(request) || request.url.contains("/discovery/keys"),
            move |request, reply| {
                json(reply, |answer| {
                    if by_password(request) {
                        let token = jwt::parse(answer["access_token"].as_str().unwrap_or_default());
                        let mut token = token.expect("the cloud gives a token");
                        let claims = token.claims.as_object_mut().expect("claims are an object");
                        claims.retain(|name, _| !members.contains(&name.as_str()));
                        answer["access_token"] = json!(jwt::sign(&token.header, &token.claims, &key));
                    } else {
                        for listed in answer["keys"].as_array_mut().into_iter().flatten() {
                            let mut own: Value = json!(key.public().to_jwk());
                            own["kid"] = listed["kid"].take();
                            *listed = own;
                        }
                    }
                })
            },
        );
        refused_at_sign_in(trial, "token-user");
    }
}

#[test]
fn device_refuses_openid_configuration_host() {
    let elsewhere = "https://login.somebody.else.test/oauth2/token";
    for (member, address) in [
        ("token_endpoint", elsewhere),
        ("jwks_uri", elsewhere),
        ("token_endpoint", "http://login.microsoftonline.com/common/oauth2/token"),
    ] {
        let trial = Trial::new().meddle_once(url("/openid-configuration"), move |_, reply| {
            json(reply, |configuration| configuration[member] = json!(address))
        });
        refused_at_sign_in(trial, "openid-configuration-host");
    }
}

#[test]
fn device_tells_no_password_to_another_host() {
    let mut trial = Trial::new().meddle_once(url("/openid-configuration"), |_, reply| {
        json(reply, |configuration| {
            configuration["token_endpoint"] = json!("https://somebody.else.test/token");
        })
    });
    trial.reaches_the_desktop();
    assert!(!trial.asked("somebody.else.test"));
}

#[test]
fn device_refuses_token_shape() {
    for text in ["", "x", "not.a.token", "a.b.c.d"] {
        let trial = Trial::new().meddle_once(by_password, move |_, reply| {
            json(reply, |tokens| tokens["access_token"] = json!(text))
        });
        refused_at_sign_in(trial, "token-shape");
    }
}

#[test]
fn device_refuses_token_signing_key() {
    // The authority lists the key under another name than the token gives.
    let trial = Trial::new().meddle_once(url("/discovery/keys"), |_, reply| {
        json(reply, |keys| keys["keys"][0]["kid"] = json!("the key of somebody else"))
    });
    refused_at_sign_in(trial, "token-signing-key");
}

#[test]
fn device_refuses_token_signature() {
    for tweak in [TokenTweak::BadSignature, TokenTweak::OtherKey] {
        refused_at_sign_in(sign_in_with(tweak), "token-signature");
    }
}

#[test]
fn device_refuses_token_audience() {
    refused_at_sign_in(sign_in_with(TokenTweak::WrongAudience), "token-audience");
}

#[test]
fn device_refuses_token_tenant() {
    refused_at_sign_in(sign_in_with(TokenTweak::NoTenant), "token-tenant");
}

#[test]
fn device_refuses_token_issuer() {
    for tweak in [TokenTweak::WrongIssuer, TokenTweak::WrongTenant] {
        refused_at_sign_in(sign_in_with(tweak), "token-issuer");
    }
}

#[test]
fn device_refuses_token_expiry() {
    refused_at_sign_in(sign_in_with(TokenTweak::Expired), "token-expiry");
}

#[test]
fn device_refuses_token_not_yet_valid() {
    refused_at_sign_in(sign_in_with(TokenTweak::NotYetValid), "token-not-yet-valid");
}

#[test]
fn device_with_a_wrong_clock_believes_no_token() {
    // Within the validity of the server's certificate, so that TLS comes about.
    for (skew, check) in [("20d", "token-expiry"), ("-20d", "token-not-yet-valid")] {
        let mut trial = Trial::with(&[&format!("device.pc.clock_skew={skew}")]);
        trial.until_screen("entra.error").refused_only(check).not_joined();
    }
}

#[test]
fn device_turns_away_a_whole_token_of_another_tenant() {
    let mut trial = sign_in_with(TokenTweak::ForeignTenant);
    trial.until_screen("entra.wrong-org").not_joined();
    trial.reaches_the_desktop();
}
