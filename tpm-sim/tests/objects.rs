//! Objects from the caller's side: credentials, duplication, contexts, dictionary attack protection.
#![allow(missing_docs)]

mod support;

use support::*;
use tpm_sim::crypto::HashAlg;

/// fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, sign.
const SIGN: u32 = 0x0004_0072;
/// The same with noDA.
const SIGN_NO_DA: u32 = SIGN | 0x400;

/// PolicySecret(TPM_RH_ENDORSEMENT): the policy of EKs.
fn ek_policy() -> Vec<u8> {
    let once = HashAlg::Sha256.digest(&[&[0; 32], &[0, 0, 1, 0x51], &ENDORSEMENT.to_be_bytes()]);
    HashAlg::Sha256.digest(&[&once])
}

#[test]
fn a_credential_activates_with_the_ek_policy_and_not_without() {
    let mut tpm = started(b"credential");
    let (ek, _) = primary(&mut tpm, ENDORSEMENT, &ecc(0x0003_00b2, &ek_policy(), &AES128, &NO_ALG), &[]);
    let (ak, ak_public) = primary(&mut tpm, OWNER, &ecc(SIGN, &[], &NO_ALG, &ECDSA), b"ak");
    let params = [sized(b"the credential"), sized(&name(&ak_public))].concat();
    let blob = plain(&mut tpm, 0x168, &[ek], &params).unwrap();
    let refused = with(&mut tpm, 0x147, &[ak, ek], &[b"ak", b""], &blob);
    assert_eq!(refused, Err(0x12f), "TPM_RC_AUTH_UNAVAILABLE: no userWithAuth");
    let activate = |tpm: &mut tpm_sim::Tpm, secret: bool, blob: &[u8]| {
        let policy = start(tpm, 1);
        if secret {
            with(tpm, 0x151, &[ENDORSEMENT, policy], &[&[]], &[0; 10]).unwrap();
        }
        let area = [password(b"ak"), bare(policy, &[])].concat();
        let out = run(tpm, &frame(0x147, &[ak, ek], Some(&area), blob));
        let _ = flush(tpm, policy);
        out
    };
    assert_eq!(activate(&mut tpm, false, &blob), Err(0xa9d), "TPM_RC_POLICY_FAIL, session 2");
    let out = activate(&mut tpm, true, &blob).unwrap();
    assert_eq!(take(&mut &out[4..]), b"the credential");
    let mut bad = blob.clone();
    bad[40] ^= 1;
    assert_eq!(activate(&mut tpm, true, &bad), Err(0x1df), "TPM_RC_INTEGRITY, parameter 1");
}

#[test]
fn a_duplicate_moves_to_another_tpm_and_works_there() {
    let mut old = started(b"old");
    let mut new = started(b"new");
    let policy = HashAlg::Sha256.digest(&[&[0; 32], &[0, 0, 1, 0x6c], &[0, 0, 1, 0x4b]]);
    let (parent, _) = primary(&mut old, OWNER, &storage(), &[]);
    let (new_parent, new_public) = primary(&mut new, OWNER, &storage(), &[]);
    // sensitiveDataOrigin, userWithAuth, encryptedDuplication, sign.
    let template = ecc(0x0004_0860, &policy, &NO_ALG, &NO_ALG);
    let (private, public) = create(&mut old, parent, &template, b"pw", &[]).unwrap();
    let key = load(&mut old, parent, &private, &public).unwrap();
    let external = [&[0, 0][..], &sized(&new_public), &OWNER.to_be_bytes()].concat();
    let target = number(&plain(&mut old, 0x167, &[], &external).unwrap());
    let session = start(&mut old, 1);
    plain(&mut old, 0x16c, &[session], &[0, 0, 1, 0x4b]).unwrap();
    let params = [&[0, 0][..], &AES128].concat();
    let out = run(&mut old, &frame(0x14b, &[key, target], Some(&bare(session, &[])), &params)).unwrap();
    let mut rest = &out[4..];
    let (inner, duplicate, seed) = (take(&mut rest), take(&mut rest), take(&mut rest));
    let import = |inner: &[u8], duplicate: &[u8]| {
        [&sized(inner)[..], &sized(&public), &sized(duplicate), &sized(seed), &AES128].concat()
    };
    let wrong = with(&mut new, 0x156, &[new_parent], &[&[]], &import(&[0; 16], duplicate)).unwrap_err();
    assert_eq!(wrong & 0xf40, 0x340, "a complaint about parameter 3");
    let out = with(&mut new, 0x156, &[new_parent], &[&[]], &import(inner, duplicate)).unwrap();
    let private = take(&mut &out[4..]).to_vec();
    let key = load(&mut new, new_parent, &private, &public).unwrap();
    with(&mut new, 0x15d, &[key], &[b"pw"], &sign_params()).expect("the imported key signs");
}

#[test]
fn a_context_comes_back_until_the_reset() {
    let mut tpm = started(b"object context");
    let (key, public) = primary(&mut tpm, OWNER, &signing(SIGN), &[]);
    let context = plain(&mut tpm, 0x162, &[key], &[]).unwrap();
    flush(&mut tpm, key).unwrap();
    assert_eq!(plain(&mut tpm, 0x173, &[key], &[]), Err(0x910));
    let loaded = number(&plain(&mut tpm, 0x161, &[], &context).unwrap());
    let out = plain(&mut tpm, 0x173, &[loaded], &[]).unwrap();
    assert_eq!(take(&mut &out[..]), public);
    plain(&mut tpm, 0x145, &[], &[0, 0]).unwrap();
    tpm.power_on();
    plain(&mut tpm, 0x144, &[], &[0, 0]).unwrap();
    assert_eq!(plain(&mut tpm, 0x161, &[], &context), Err(0x1df), "TPM_RC_INTEGRITY, parameter 1");
    let (_, again) = primary(&mut tpm, OWNER, &signing(SIGN), &[]);
    assert_eq!(again, public, "the same template gives the same key");
}

#[test]
fn failures_lock_out_and_time_heals() {
    let mut tpm = started(b"lockout");
    let (key, _) = primary(&mut tpm, OWNER, &signing(SIGN), b"pw");
    let (free, _) = primary(&mut tpm, OWNER, &signing(SIGN_NO_DA), b"pw");
    let sign = |tpm: &mut tpm_sim::Tpm, key, auth: &[u8]| {
        with(tpm, 0x15d, &[key], &[auth], &sign_params()).map(drop)
    };
    for _ in 0..3 {
        assert_eq!(sign(&mut tpm, key, b"bad"), Err(0x98e), "TPM_RC_AUTH_FAIL, session 1");
    }
    assert_eq!(sign(&mut tpm, key, b"pw"), Err(0x921), "TPM_RC_LOCKOUT");
    assert_eq!(sign(&mut tpm, free, b"bad"), Err(0x9a2), "TPM_RC_BAD_AUTH, session 1");
    assert_eq!(sign(&mut tpm, free, b"pw"), Ok(()));
    tpm.advance(999_999);
    assert_eq!(sign(&mut tpm, key, b"pw"), Err(0x921));
    tpm.advance(1);
    assert_eq!(sign(&mut tpm, key, b"pw"), Ok(()), "recoveryTime has passed");
    assert_eq!(tpm.state.da.failed_tries, 2);
    with(&mut tpm, 0x139, &[LOCKOUT], &[&[]], &[]).unwrap();
    assert_eq!(tpm.state.da.failed_tries, 0);
    assert_eq!(with(&mut tpm, 0x139, &[LOCKOUT], &[b"bad"], &[]), Err(0x98e));
    assert_eq!(with(&mut tpm, 0x139, &[LOCKOUT], &[&[]], &[]), Err(0x921), "lockoutAuth is locked too");
    tpm.advance(1_000_000);
    with(&mut tpm, 0x139, &[LOCKOUT], &[&[]], &[]).unwrap();
}
