//! Policies from the caller's side: digests, tickets, time, signatures, branches.
#![allow(missing_docs)]

mod support;

use support::*;
use tpm_sim::Tpm;
use tpm_sim::crypto::HashAlg;

/// fixedTPM, fixedParent, sensitiveDataOrigin, sign: the policy alone authorises.
const BY_POLICY: u32 = 0x0004_0032;
const SIGNER: u32 = 0x0004_0072;

fn extend(digest: &[u8], code: u32, arguments: &[u8]) -> Vec<u8> {
    HashAlg::Sha256.digest(&[digest, &code.to_be_bytes(), arguments])
}

fn digest(tpm: &mut Tpm, session: u32) -> Vec<u8> {
    let out = plain(tpm, 0x189, &[session], &[]).unwrap();
    take(&mut out.as_slice()).to_vec()
}

fn key(tpm: &mut Tpm, policy: &[u8], auth: &[u8]) -> u32 {
    primary(tpm, OWNER, &ecc(BY_POLICY, policy, &NO_ALG, &NO_ALG), auth).0
}

fn sign_by(tpm: &mut Tpm, key: u32, session: u32, hmac: &[u8]) -> Result<(), u32> {
    let area = [&session.to_be_bytes()[..], &[0, 0, 1], &sized(hmac)].concat();
    run(tpm, &frame(0x15d, &[key], Some(&area), &sign_params())).map(drop)
}

#[test]
fn or_takes_either_branch_and_begins_anew_after_use() {
    let mut tpm = started(b"or");
    let zero = [0; 32];
    let code = extend(&zero, 0x16c, &0x15d_u32.to_be_bytes());
    let locality = extend(&zero, 0x16f, &[2]);
    let branches = [&[0, 0, 0, 2][..], &sized(&code), &sized(&locality)].concat();
    let either = extend(&zero, 0x171, &[&code[..], &locality].concat());
    let key = key(&mut tpm, &either, &[]);
    let session = start(&mut tpm, 1);
    assert_eq!(plain(&mut tpm, 0x171, &[session], &branches), Err(0x1c4), "TPM_RC_VALUE: neither branch");
    plain(&mut tpm, 0x16c, &[session], &0x15d_u32.to_be_bytes()).unwrap();
    plain(&mut tpm, 0x171, &[session], &branches).unwrap();
    assert_eq!(digest(&mut tpm, session), either);
    sign_by(&mut tpm, key, session, &[]).unwrap();
    assert_eq!(digest(&mut tpm, session), zero);
    plain(&mut tpm, 0x16f, &[session], &[2]).unwrap();
    plain(&mut tpm, 0x171, &[session], &branches).unwrap();
    assert_eq!(sign_by(&mut tpm, key, session, &[]), Err(0x907), "TPM_RC_LOCALITY");
    tpm.set_locality(1);
    sign_by(&mut tpm, key, session, &[]).unwrap();
}

#[test]
fn pcrs_must_not_change_between_assertion_and_use() {
    let mut tpm = started(b"pcr");
    let selection = [0, 0, 0, 1, 0, 0x0b, 3, 0x20, 0, 0];
    let values = HashAlg::Sha256.digest(&[&[0; 32]]);
    let policy = extend(&[0; 32], 0x17f, &[&selection[..], &values].concat());
    let key = key(&mut tpm, &policy, &[]);
    let session = start(&mut tpm, 1);
    let params = [&[0, 0][..], &selection].concat();
    plain(&mut tpm, 0x17f, &[session], &params).unwrap();
    assert_eq!(digest(&mut tpm, session), policy);
    let measurement = [&[0, 0, 0, 1, 0, 0x0b][..], &[9; 32]].concat();
    with(&mut tpm, 0x182, &[5], &[&[]], &measurement).unwrap();
    assert_eq!(sign_by(&mut tpm, key, session, &[]), Err(0x128), "TPM_RC_PCR_CHANGED");
    plain(&mut tpm, 0x180, &[session], &[]).unwrap();
    plain(&mut tpm, 0x17f, &[session], &params).unwrap();
    assert_eq!(sign_by(&mut tpm, key, session, &[]), Err(0x99d), "TPM_RC_POLICY_FAIL, session 1");
}

#[test]
fn a_secret_expires_and_its_ticket_with_it() {
    let mut tpm = started(b"secret");
    let policy = extend(&[0; 32], 0x151, &ENDORSEMENT.to_be_bytes());
    let policy = HashAlg::Sha256.digest(&[&policy, b"ref"]);
    let key = key(&mut tpm, &policy, &[]);
    let session = start(&mut tpm, 1);
    let params = [&[0, 0, 0, 0][..], &sized(b"ref"), &(-60_i32).to_be_bytes()].concat();
    assert_eq!(with(&mut tpm, 0x151, &[ENDORSEMENT, session], &[b"bad"], &params), Err(0x9a2));
    let out = with(&mut tpm, 0x151, &[ENDORSEMENT, session], &[b""], &params).unwrap();
    let mut rest = &out[4..];
    let timeout = take(&mut rest).to_vec();
    let ticket = rest[..rest.len() - 5].to_vec();
    sign_by(&mut tpm, key, session, &[]).unwrap();
    let params = |policy_ref: &[u8]| {
        [&sized(&timeout)[..], &[0, 0], &sized(policy_ref), &sized(&ENDORSEMENT.to_be_bytes()), &ticket]
            .concat()
    };
    assert_eq!(
        plain(&mut tpm, 0x172, &[session], &params(b"other")),
        Err(0x5e0),
        "TPM_RC_TICKET, parameter 5"
    );
    plain(&mut tpm, 0x172, &[session], &params(b"ref")).unwrap();
    sign_by(&mut tpm, key, session, &[]).unwrap();
    plain(&mut tpm, 0x172, &[session], &params(b"ref")).unwrap();
    tpm.advance(60_001);
    assert_eq!(sign_by(&mut tpm, key, session, &[]), Err(0x9a3), "TPM_RC_EXPIRED, session 1");
    plain(&mut tpm, 0x180, &[session], &[]).unwrap();
    assert_eq!(
        plain(&mut tpm, 0x172, &[session], &params(b"ref")),
        Err(0x1e3),
        "TPM_RC_EXPIRED, parameter 1"
    );
}

#[test]
fn a_signature_authorises_for_its_nonce_alone_and_approves_policies() {
    let mut tpm = started(b"signed");
    let (signer, public) = primary(&mut tpm, OWNER, &signing(SIGNER), &[]);
    let sign = |tpm: &mut Tpm, digest: &[u8]| {
        let params = [&sized(digest)[..], &ECDSA, &[0x80, 0x24], &NULL.to_be_bytes(), &[0, 0]].concat();
        let out = with(tpm, 0x15d, &[signer], &[&[]], &params).unwrap();
        out[4..out.len() - 5].to_vec()
    };
    let session = start(&mut tpm, 1);
    let nonce = tpm.state.sessions.get(session).unwrap().nonce_tpm.clone();
    let signature = sign(&mut tpm, &HashAlg::Sha256.digest(&[&nonce, &[0; 4]]));
    let params = |nonce: &[u8]| [&sized(nonce)[..], &[0; 8], &signature].concat();
    plain(&mut tpm, 0x160, &[signer, session], &params(&nonce)).unwrap();
    let want = HashAlg::Sha256.digest(&[&extend(&[0; 32], 0x160, &name(&public))]);
    assert_eq!(digest(&mut tpm, session), want);
    assert_eq!(plain(&mut tpm, 0x160, &[signer, session], &params(&[])), Err(0x5db), "TPM_RC_SIGNATURE");
    assert_eq!(plain(&mut tpm, 0x160, &[signer, session], &params(&[1; 16])), Err(0x1cf), "TPM_RC_NONCE");
    // The signer approves the digest that the session has reached; PolicyAuthorize puts his name in its place.
    let approval = HashAlg::Sha256.digest(&[&want, b"ref"]);
    let signature = sign(&mut tpm, &approval);
    let ticket = plain(&mut tpm, 0x177, &[signer], &[sized(&approval), signature].concat()).unwrap();
    let approve =
        |policy_ref: &[u8]| [&sized(&want)[..], &sized(policy_ref), &sized(&name(&public)), &ticket].concat();
    assert_eq!(
        plain(&mut tpm, 0x16a, &[session], &approve(b"other")),
        Err(0x4c4),
        "TPM_RC_VALUE, parameter 4"
    );
    plain(&mut tpm, 0x16a, &[session], &approve(b"ref")).unwrap();
    let want = HashAlg::Sha256.digest(&[&extend(&[0; 32], 0x16a, &name(&public)), b"ref"]);
    assert_eq!(digest(&mut tpm, session), want);
}

#[test]
fn password_and_value_are_the_same_policy_with_different_proofs() {
    let mut tpm = started(b"password");
    let policy = extend(&[0; 32], 0x16b, &[]);
    let key = key(&mut tpm, &policy, b"pw");
    let session = start(&mut tpm, 1);
    plain(&mut tpm, 0x18c, &[session], &[]).unwrap();
    assert_eq!(sign_by(&mut tpm, key, session, b"bad"), Err(0x98e), "TPM_RC_AUTH_FAIL, session 1");
    sign_by(&mut tpm, key, session, b"pw").unwrap();
    plain(&mut tpm, 0x16b, &[session], &[]).unwrap();
    assert_eq!(sign_by(&mut tpm, key, session, b"pw"), Err(0x98e), "an HMAC is wanted");
    let trial = start(&mut tpm, 3);
    plain(&mut tpm, 0x16b, &[trial], &[]).unwrap();
    assert_eq!(digest(&mut tpm, trial), policy);
    assert_eq!(
        sign_by(&mut tpm, key, trial, &[]),
        Err(0x982),
        "TPM_RC_ATTRIBUTES: trial sessions authorise nothing"
    );
}
