//! Single rules that suites of tools do not reach, each held against what the specification says.
#![allow(missing_docs)]

mod support;

use support::*;
use tpm_sim::Tpm;

/// PCR_SetAuthPolicy on a register: afterwards its value authorises nothing.
#[test]
fn a_register_with_a_policy_takes_no_password() {
    let mut tpm = started(b"pcr policy");
    let set = [&sized(&[7; 32])[..], &[0, 0x0b], &21_u32.to_be_bytes()].concat();
    with(&mut tpm, 0x12c, &[PLATFORM], &[&[]], &set).unwrap();
    assert_eq!(with(&mut tpm, 0x183, &[21], &[&[]], &sized(b"x")), Err(0x124), "TPM_RC_AUTH_TYPE");
}

/// sensitiveDataOrigin says that the TPM made the key: what the caller gives goes into the derivation, and no further.
#[test]
fn a_key_of_the_tpms_own_is_not_the_callers_bytes() {
    let given = [b'd'; 16];
    // KEYEDHASH: fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, sign; HMAC over SHA-256.
    let template =
        [&[0, 0x08, 0, 0x0b][..], &0x0004_0072_u32.to_be_bytes(), &[0, 0], &[0, 0x05, 0, 0x0b], &[0, 0]]
            .concat();
    let keys = [given.to_vec(), Vec::new()].map(|data| {
        let mut tpm = started(b"origin");
        let params = [&sensitive(&[], &data)[..], &sized(&template), &[0, 0], &[0; 4]].concat();
        let out = with(&mut tpm, 0x131, &[OWNER], &[&[]], &params).unwrap();
        let hmac = [&sized(b"message")[..], &[0, 0x10]].concat();
        let handle = number(&out);
        let mac = with(&mut tpm, 0x155, &[handle], &[&[]], &hmac).unwrap();
        take(&mut &mac[4..]).to_vec()
    });
    let forged = tpm_sim::crypto::hmac(tpm_sim::crypto::HashAlg::Sha256, &given, &[b"message"]);
    assert_ne!(keys[0], forged, "the key is the caller's");
    assert_ne!(keys[0], keys[1], "what the caller gave is part of the derivation");
}

/// Restricted, fixed, and yet of the caller's making: that can be no key.
#[test]
fn a_fixed_derivation_parent_is_made_by_the_tpm() {
    let mut tpm = started(b"derivation parent");
    let (parent, _) = primary(&mut tpm, OWNER, &storage(), &[]);
    // fixedTPM, fixedParent, userWithAuth, restricted, decrypt; XOR with KDF1_SP800_108.
    let template = [
        &[0, 0x08, 0, 0x0b][..],
        &0x0003_0052_u32.to_be_bytes(),
        &[0, 0],
        &[0, 0x0a, 0, 0x0b, 0, 0x22],
        &[0, 0],
    ]
    .concat();
    let params = [&sensitive(&[], &[1; 16])[..], &sized(&template), &[0, 0], &[0; 4]].concat();
    assert_eq!(with(&mut tpm, 0x153, &[parent], &[&[]], &params), Err(0x2c2), "TPM_RC_ATTRIBUTES");
}

/// StartAuthSession: policy, AES-128 CFB, SHA-256.
fn encrypting_policy(tpm: &mut Tpm) -> u32 {
    let params = [&sized(&[1; 16])[..], &[0, 0], &[1], &AES128, &[0, 0x0b]].concat();
    number(&plain(tpm, 0x176, &[NULL, NULL], &params).unwrap())
}

/// A policy session begins anew after any use, also one that authorised nothing.
#[test]
fn a_policy_session_that_encrypted_begins_anew() {
    let mut tpm = started(b"encrypting policy");
    // StartAuthSession: policy, AES-128 CFB, SHA-256.
    let params = [&sized(&[1; 16])[..], &[0, 0], &[1], &[0, 0x06, 0, 0x80, 0, 0x43], &[0, 0x0b]].concat();
    let out = plain(&mut tpm, 0x176, &[NULL, NULL], &params).unwrap();
    let session = number(&out);
    plain(&mut tpm, 0x16c, &[session], &0x15d_u32.to_be_bytes()).unwrap();
    let digest = |tpm: &mut Tpm| {
        let out = plain(tpm, 0x189, &[session], &[]).unwrap();
        take(&mut out.as_slice()).to_vec()
    };
    assert_ne!(digest(&mut tpm), [0; 32]);
    // GetRandom, its answer encrypted: continueSession and encrypt. A policy session without a value signs nothing.
    let area = [&session.to_be_bytes()[..], &[0, 0, 0x41], &[0, 0]].concat();
    run(&mut tpm, &frame(0x17b, &[], Some(&area), &[0, 8])).unwrap();
    assert_eq!(digest(&mut tpm), [0; 32]);
}

/// Expirations that name nonceTPM count from when that nonce was made, not from the session's start.
#[test]
fn an_expiration_counts_from_the_nonce_that_it_names() {
    let mut tpm = started(b"expiration");
    let session = encrypting_policy(&mut tpm);
    tpm.advance(3_000);
    // Any use rolls the nonce: GetRandom's answer, encrypted.
    let area = [&session.to_be_bytes()[..], &[0, 0, 0x41], &[0, 0]].concat();
    let out = run(&mut tpm, &frame(0x17b, &[], Some(&area), &[0, 8])).unwrap();
    let nonce = sized(take(&mut &out[4 + 10..]));
    let terms = |seconds: i32| [&nonce[..], &[0, 0], &[0, 0], &seconds.to_be_bytes()].concat();
    with(&mut tpm, 0x151, &[OWNER, session], &[&[]], &terms(2)).unwrap();
    tpm.advance(3_000);
    assert_eq!(with(&mut tpm, 0x151, &[OWNER, session], &[&[]], &terms(2)), Err(0x4e3), "TPM_RC_EXPIRED");
}

/// Other parameters do not forgive what was tried.
#[test]
fn new_parameters_keep_the_count_of_failed_tries() {
    let mut tpm = started(b"tries");
    let template = ecc(0x0004_0072 & !0x400, &[], &NO_ALG, &NO_ALG);
    let (key, _) = primary(&mut tpm, OWNER, &template, b"right");
    for _ in 0..2 {
        let wrong = with(&mut tpm, 0x15d, &[key], &[b"wrong"], &sign_params());
        assert_eq!(wrong, Err(0x98e), "TPM_RC_AUTH_FAIL");
    }
    let strict = [1_u32, 1_000, 1_000].map(u32::to_be_bytes).concat();
    with(&mut tpm, 0x13a, &[LOCKOUT], &[&[]], &strict).unwrap();
    assert_eq!(with(&mut tpm, 0x15d, &[key], &[b"right"], &sign_params()), Err(0x921), "TPM_RC_LOCKOUT");
}
