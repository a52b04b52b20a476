//! Sessions from the caller's side: HMACs, salt, binding, encryption, audit, contexts.
#![allow(missing_docs)]

mod support;

use support::session::{AUDIT, CONTINUE, DECRYPT, ENCRYPT, EXCLUSIVE, Use};
use support::*;
use tpm_sim::crypto::HashAlg;
use tpm_sim::crypto::ecc::Point;

fn point(public: &[u8]) -> Point {
    let mut rest = &public[public.len() - 68..];
    Point { x: take(&mut rest).to_vec(), y: take(&mut rest).to_vec() }
}

#[test]
fn salted_and_bound_sessions_encrypt_both_ways() {
    let mut tpm = started(b"salted");
    let (key, public) = primary(&mut tpm, OWNER, &storage(), b"auth");
    let ciphers = [Cipher::Xor, Cipher::Aes(128), Cipher::Aes(256)];
    for hash in [HashAlg::Sha1, HashAlg::Sha256, HashAlg::Sha384, HashAlg::Sha512] {
        for (cipher, bound) in ciphers.into_iter().flat_map(|cipher| [(cipher, false), (cipher, true)]) {
            let bind = bound.then_some((key, &b"auth"[..]));
            let mut session = Session::start(&mut tpm, hash, cipher, Some((key, &point(&public))), bind);
            // GetRandom: an encrypted response without authorisation.
            let random = Use {
                code: 0x17b,
                handles: &[],
                names: &[],
                auth: None,
                encryption_auth: &[],
                attributes: CONTINUE | ENCRYPT,
            };
            let (out, _) = session.run(&mut tpm, &random, &[0, 16], false).unwrap();
            assert_eq!(out.len(), 18);
            // Create and unseal: secrets both ways, authorised by the session itself.
            let names = name(&public);
            let of = Use {
                code: 0x153,
                handles: &[key],
                names: &names,
                auth: (!bound).then_some(b"auth"),
                encryption_auth: b"auth",
                attributes: CONTINUE | DECRYPT | ENCRYPT,
            };
            let template = [&[0, 8, 0, 0x0b, 0, 0, 0, 0x52, 0, 0][..], &[0, 0x10, 0, 0]].concat();
            let params = [sensitive(b"pw", b"a secret"), sized(&template), vec![0; 6]].concat();
            let (out, _) = session.run(&mut tpm, &of, &params, false).unwrap();
            let mut rest = out.as_slice();
            let (private, sealed) = (take(&mut rest).to_vec(), take(&mut rest).to_vec());
            flush(&mut tpm, session.handle).unwrap();
            let params = [sized(&private), sized(&sealed)].concat();
            let loaded = number(&with(&mut tpm, 0x157, &[key], &[b"auth"], &params).unwrap());
            let out = with(&mut tpm, 0x15e, &[loaded], &[b"pw"], &[]).unwrap();
            assert_eq!(take(&mut &out[4..]), b"a secret");
            flush(&mut tpm, loaded).unwrap();
        }
    }
}

#[test]
fn a_replayed_command_is_refused_and_a_session_without_continue_ends() {
    let mut tpm = started(b"replay");
    let mut session = Session::start(&mut tpm, HashAlg::Sha256, Cipher::None, None, Some((OWNER, b"")));
    let names = OWNER.to_be_bytes();
    let of = Use {
        code: 0x129,
        handles: &[OWNER],
        names: &names,
        auth: None,
        encryption_auth: b"",
        attributes: CONTINUE,
    };
    let command = session.command(&of, &[0, 0]);
    session.finish(&tpm.execute(&command), &of, false).unwrap();
    assert_eq!(rc(&tpm.execute(&command)), 0x9a2, "TPM_RC_BAD_AUTH, session 1");
    let last = Use { attributes: 0, ..of };
    session.run(&mut tpm, &last, &[0, 0], false).unwrap();
    assert_eq!(session.run(&mut tpm, &last, &[0, 0], false), Err(0x918), "TPM_RC_REFERENCE_S0");
}

#[test]
fn a_new_authorisation_value_is_in_the_hmac_of_its_own_response() {
    let mut tpm = started(b"change");
    let mut session = Session::start(&mut tpm, HashAlg::Sha256, Cipher::None, None, None);
    let names = OWNER.to_be_bytes();
    let of = Use {
        code: 0x129,
        handles: &[OWNER],
        names: &names,
        auth: Some(b""),
        encryption_auth: b"",
        attributes: CONTINUE,
    };
    let command = session.command(&of, &sized(b"new"));
    let response = tpm.execute(&command);
    let new = Use { auth: Some(b"new"), encryption_auth: b"new", ..of };
    session.finish(&response, &new, false).unwrap();
    session.run(&mut tpm, &new, &sized(b"new"), false).unwrap();
}

#[test]
fn an_audit_session_is_exclusive_until_something_else_happens() {
    let mut tpm = started(b"audit");
    let mut session = Session::start(&mut tpm, HashAlg::Sha256, Cipher::None, None, Some((OWNER, b"")));
    let of = Use {
        code: 0x17b,
        handles: &[],
        names: &[],
        auth: None,
        encryption_auth: &[],
        attributes: CONTINUE | AUDIT,
    };
    let (first, attributes) = session.run(&mut tpm, &of, &[0, 4], false).unwrap();
    assert_eq!(attributes, CONTINUE | AUDIT | EXCLUSIVE);
    let cp = HashAlg::Sha256.digest(&[&[0, 0, 1, 0x7b, 0, 4]]);
    let rp = HashAlg::Sha256.digest(&[&[0, 0, 0, 0, 0, 0, 1, 0x7b], &first]);
    let digest = HashAlg::Sha256.digest(&[&[0; 32], &cp, &rp]);
    assert_eq!(tpm.state.sessions.get(session.handle).unwrap().audit_digest.as_deref(), Some(&digest[..]));
    let want = Use { attributes: CONTINUE | AUDIT | EXCLUSIVE, ..of };
    session.run(&mut tpm, &want, &[0, 4], false).unwrap();
    plain(&mut tpm, 0x17b, &[], &[0, 4]).unwrap();
    assert_eq!(session.run(&mut tpm, &want, &[0, 4], false), Err(0x121), "TPM_RC_EXCLUSIVE");
    let (_, attributes) = session.run(&mut tpm, &of, &[0, 4], false).unwrap();
    assert_eq!(attributes, CONTINUE | AUDIT);
}

#[test]
fn a_saved_session_loads_once_and_goes_on() {
    let mut tpm = started(b"context");
    let handle = start(&mut tpm, 1);
    plain(&mut tpm, 0x16b, &[handle], &[]).unwrap();
    let context = plain(&mut tpm, 0x162, &[handle], &[]).unwrap();
    assert_eq!(plain(&mut tpm, 0x16b, &[handle], &[]), Err(0x910), "TPM_RC_REFERENCE_H0");
    let mut bad = context.clone();
    *bad.last_mut().unwrap() ^= 1;
    assert_eq!(plain(&mut tpm, 0x161, &[], &bad), Err(0x1df), "TPM_RC_INTEGRITY, parameter 1");
    assert_eq!(number(&plain(&mut tpm, 0x161, &[], &context).unwrap()), handle);
    assert_eq!(plain(&mut tpm, 0x161, &[], &context), Err(0x1cb), "TPM_RC_HANDLE, parameter 1");
    let digest = plain(&mut tpm, 0x189, &[handle], &[]).unwrap();
    assert_eq!(digest[2..], HashAlg::Sha256.digest(&[&[0; 32], &[0, 0, 1, 0x6b]]));
}

#[test]
fn sessions_run_out_and_come_back() {
    let mut tpm = started(b"many");
    let handles: Vec<u32> = (0..3).map(|_| start(&mut tpm, 0)).collect();
    let params = [&sized(&[7; 16])[..], &[0, 0, 0, 0, 0x10, 0, 0x0b]].concat();
    assert_eq!(plain(&mut tpm, 0x176, &[NULL, NULL], &params), Err(0x903), "TPM_RC_SESSION_MEMORY");
    for &handle in &handles {
        plain(&mut tpm, 0x162, &[handle], &[]).unwrap();
    }
    for _ in 3..64 {
        let handle = start(&mut tpm, 0);
        plain(&mut tpm, 0x162, &[handle], &[]).unwrap();
    }
    assert_eq!(plain(&mut tpm, 0x176, &[NULL, NULL], &params), Err(0x905), "TPM_RC_SESSION_HANDLES");
    flush(&mut tpm, handles[1]).unwrap();
    assert_eq!(start(&mut tpm, 0), handles[1]);
}
