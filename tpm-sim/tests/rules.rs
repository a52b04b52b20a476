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

/// HMAC and policy sessions share their numbers. A handle of the one kind with the number of the other is TPM_RC_HANDLE, in the
/// handle area (part 3, 5.4) and in the authorisation area (part 3, 5.5); one with no session's number is not loaded.
#[test]
fn a_session_is_not_found_under_the_other_kinds_handle() {
    let mut tpm = started(b"kinds");
    let (hmac, policy) = (start(&mut tpm, 0), start(&mut tpm, 1));
    let (as_policy, as_hmac) = (hmac | 0x0100_0000, policy & !0x0100_0000);
    assert_eq!(
        plain(&mut tpm, 0x189, &[as_policy], &[]),
        Err(0x18b),
        "PolicyGetDigest: TPM_RC_HANDLE, handle 1"
    );
    assert_eq!(plain(&mut tpm, 0x162, &[as_hmac], &[]), Err(0x18b), "ContextSave");
    assert_eq!(
        plain(&mut tpm, 0x189, &[0x0300_0005], &[]),
        Err(0x910),
        "TPM_RC_REFERENCE_H0: none of this number"
    );
    let audited = |handle: u32| [&handle.to_be_bytes()[..], &[0, 0, 0x81, 0, 0]].concat();
    for handle in [as_policy, as_hmac] {
        let refused = run(&mut tpm, &frame(0x17b, &[], Some(&audited(handle)), &[0, 8]));
        assert_eq!(refused, Err(0x98b), "TPM_RC_HANDLE, session 1");
    }
    let second = [password(&[]), audited(as_hmac)].concat();
    assert_eq!(run(&mut tpm, &frame(0x126, &[LOCKOUT], Some(&second), &[])), Err(0xa8b), "… session 2");
    let none = run(&mut tpm, &frame(0x17b, &[], Some(&audited(0x0200_0009)), &[0, 8]));
    assert_eq!(none, Err(0x918), "TPM_RC_REFERENCE_S0");
}

/// Shutdown(STATE), what `between` does, power off and on, Startup(STATE): its response code.
fn resumed(tpm: &mut Tpm, between: impl FnOnce(&mut Tpm)) -> u32 {
    plain(tpm, 0x145, &[], &[0, 1]).unwrap();
    between(tpm);
    tpm.power_off();
    tpm.power_on();
    let resumed = plain(tpm, 0x144, &[], &[0, 1]).map_or_else(|rc| rc, |_| 0);
    if resumed != 0 {
        plain(tpm, 0x144, &[], &[0, 0]).unwrap();
    }
    resumed
}

/// TPM_RH_PLATFORM_NV.
const PLATFORM_NV: u32 = 0x4000_000d;

/// HierarchyControl that finds what it is to bring about changes nothing, and so leaves what Shutdown has saved in force
/// (part 3, 9.4: only a change of it ends the orderly state; 24.2).
#[test]
fn a_hierarchy_that_is_enabled_already_can_be_enabled_after_shutdown() {
    let control = |tpm: &mut Tpm, of: u32, state: u8| {
        let params = [&of.to_be_bytes()[..], &[state]].concat();
        with(tpm, 0x121, &[PLATFORM], &[&[]], &params).unwrap();
    };
    let mut tpm = started(b"hierarchies");
    for of in [OWNER, ENDORSEMENT, PLATFORM, PLATFORM_NV] {
        assert_eq!(resumed(&mut tpm, |tpm| control(tpm, of, 1)), 0, "{of:#x} was enabled");
        assert_eq!(resumed(&mut tpm, |tpm| control(tpm, of, 0)), 0x1c4, "{of:#x} was disabled: TPM_RC_VALUE");
    }
}

/// A use of what has DA protection after Shutdown is noted in NV: a loss of power then is none in order, and counts as a
/// failure, because a failure may be what was cut off (part 1, 19.8.6).
#[test]
fn a_guess_after_shutdown_can_not_be_cut_off() {
    for (auth, answer, tries) in [(&b"pw"[..], None, 1), (b"bad", Some(0x98e), 2)] {
        let mut tpm = started(b"guess");
        let (key, _) = primary(&mut tpm, OWNER, &signing(0x0004_0072), b"pw");
        let refused = resumed(&mut tpm, |tpm| {
            assert_eq!(with(tpm, 0x15d, &[key], &[auth], &sign_params()).err(), answer);
        });
        assert_eq!(refused, 0x1c4, "there is nothing to resume");
        assert_eq!(tpm.state.da.failed_tries, tries);
        // Without DA protection nothing of the kind happens.
        let mut tpm = started(b"guess");
        let (key, _) = primary(&mut tpm, OWNER, &signing(0x0004_0472), b"pw");
        let resumed = resumed(&mut tpm, |tpm| {
            let _ = with(tpm, 0x15d, &[key], &[auth], &sign_params());
        });
        assert_eq!((resumed, tpm.state.da.failed_tries), (0, 0));
    }
}

/// The authorisation area is checked in this order: whether the command may have sessions (TPM_RC_AUTH_CONTEXT), whether the
/// size is one that an area can have (TPM_RC_AUTHSIZE), the sessions (part 3, 5.5). A handle that is not loaded goes before
/// all of it (part 3, 5.4), the mode before that (part 3, 5.3).
#[test]
fn the_authorisation_area_is_checked_in_its_order() {
    let mut tpm = started(b"order");
    let with_size = |code: u32, handles: &[u32], size: &[u8], area: &[u8]| {
        let mut command = frame(code, handles, None, &[size, area].concat());
        command[1] = 2;
        command
    };
    for (size, area) in [
        (&[][..], &[][..]),
        (&[0, 0], &[]),
        (&[0, 0, 0, 0], &[]),
        (&[0, 0, 0, 8], &[0; 8]),
        (&[0, 0, 0, 9], &[0; 4]),
        (&[0, 0, 0, 255], &[0; 9]),
    ] {
        assert_eq!(run(&mut tpm, &with_size(0x126, &[LOCKOUT], size, area)), Err(0x144), "{size:?}");
        assert_eq!(
            run(&mut tpm, &with_size(0x165, &[], size, area)),
            Err(0x145),
            "FlushContext has no sessions"
        );
        assert_eq!(run(&mut tpm, &with_size(0x173, &[0x8000_0000], size, area)), Err(0x910), "not loaded");
        assert_eq!(run(&mut tpm, &with_size(0x144, &[], size, area)), Err(0x100), "started already");
    }
}

/// PolicyTemplate: what the session is restricted to already comes before the size of the digest. Another template is
/// TPM_RC_VALUE, a restriction of another kind TPM_RC_CPHASH (part 3, 23.21, in the reference implementation's order).
#[test]
fn a_template_is_compared_before_it_is_measured() {
    let mut tpm = started(b"template");
    let (one, two, short) = (sized(&[1; 32]), sized(&[2; 32]), sized(&[1; 20]));
    for (before, then, answer) in [
        (None, &short, Err(0x1d5)),
        (Some((0x190, &one)), &one, Ok(Vec::new())),
        (Some((0x190, &one)), &two, Err(0x1c4)),
        (Some((0x190, &one)), &short, Err(0x1c4)),
        (Some((0x16e, &one)), &one, Err(0x151)),
        (Some((0x16e, &one)), &short, Err(0x151)),
        (Some((0x170, &one)), &two, Err(0x151)),
    ] {
        let session = start(&mut tpm, 1);
        if let Some((code, digest)) = before {
            plain(&mut tpm, code, &[session], digest).unwrap();
        }
        assert_eq!(plain(&mut tpm, 0x190, &[session], then), answer, "{before:02x?}, then {then:02x?}");
        flush(&mut tpm, session).unwrap();
    }
}

/// The items of TPM_CAP_ALGS or TPM_CAP_ECC_CURVES, of `size` bytes each.
fn capability(tpm: &mut Tpm, capability: u32, size: usize) -> Vec<u16> {
    let asked = [capability, 0, 1000].map(u32::to_be_bytes).concat();
    let out = plain(tpm, 0x17a, &[], &asked).unwrap();
    out[9..].chunks(size).map(|item| u16::from_be_bytes([item[0], item[1]])).collect()
}

/// Key derivations that TestParms accepts are among the algorithms that GetCapability lists (part 2, 6.12; part 3, 30.2 and
/// 30.3), and no others.
#[test]
fn what_is_accepted_is_listed() {
    let mut tpm = started(b"algorithms");
    let listed = capability(&mut tpm, 0, 6);
    for kdf in 0..0x50_u16 {
        // ECC, no cipher, no scheme, P-256, the key derivation with SHA-256.
        let parameters = [&[0, 0x23, 0, 0x10, 0, 0x10, 0, 3][..], &kdf.to_be_bytes(), &[0, 0x0b]].concat();
        if plain(&mut tpm, 0x18a, &[], &parameters).is_ok() {
            assert!(listed.contains(&kdf), "{kdf:#06x} is accepted and not listed");
        }
    }
    for kdf in [0x07, 0x20, 0x21, 0x22] {
        assert!(listed.contains(&kdf));
    }
}

/// TPM_CAP_ECC_CURVES lists the curves that this TPM has (part 3, 30.2), and a key on another is TPM_RC_CURVE wherever it comes
/// from (part 2, 11.2.5.5).
#[test]
fn a_profile_has_its_own_curves() {
    use tpm_sim::manufacture::new_tpm;
    for (profile, known) in
        [("simulator", &[1, 2, 3, 4, 5, 0x10][..]), ("infineon-slb9670", &[3, 4]), ("hyper-v", &[3, 4])]
    {
        let mut tpm = new_tpm(Some(profile), None).unwrap();
        tpm.power_on();
        plain(&mut tpm, 0x144, &[], &[0, 0]).unwrap();
        assert_eq!(capability(&mut tpm, 8, 2), known, "{profile}");
        for curve in [1_u16, 2, 3, 4, 5, 0x10] {
            let known = known.contains(&curve);
            let expect = |answer: Result<Vec<u8>, u32>, refusal: u32, what: &str| {
                assert_eq!(answer.err(), (!known).then_some(refusal), "{profile}, curve {curve:#x}: {what}");
            };
            let id = curve.to_be_bytes();
            let parameters = [&[0, 0x23, 0, 0x10, 0, 0x10][..], &id, &[0, 0x10]].concat();
            expect(plain(&mut tpm, 0x18a, &[], &parameters), 0x1e6, "TestParms");
            expect(plain(&mut tpm, 0x178, &[], &id), 0x1e6, "ECC_Parameters");
            expect(plain(&mut tpm, 0x18e, &[], &id), 0x1e6, "EC_Ephemeral");
            let mut template = signing(0x0004_0072);
            let at = template.len() - 8;
            template[at..at + 2].copy_from_slice(&id);
            let create = [sensitive(&[], &[]), sized(&template), vec![0; 6]].concat();
            let made = with(&mut tpm, 0x131, &[OWNER], &[&[]], &create);
            if let Ok(out) = &made {
                flush(&mut tpm, number(out)).unwrap();
            }
            expect(made, 0x2e6, "CreatePrimary");
        }
    }
}

/// Handles beyond the last of their type stand for nothing that could be loaded: they are wrong values, as swtpm has them.
#[test]
fn a_handle_beyond_the_last_of_its_type_is_a_wrong_value() {
    let mut tpm = started(b"handles");
    let persistent = 0x8100_0001_u32.to_be_bytes();
    assert_eq!(with(&mut tpm, 0x120, &[OWNER, 0x8000_0003], &[&[]], &persistent), Err(0x284), "TPM_RC_VALUE");
    assert_eq!(with(&mut tpm, 0x120, &[OWNER, 0x8000_0002], &[&[]], &persistent), Err(0x911), "not loaded");
    for (handle, refused) in [(0x8000_0009_u32, 0x184), (0x0200_0040, 0x184), (0x0200_003f, 0x910)] {
        let save = [&[0x80, 1, 0, 0, 0, 14, 0, 0, 1, 0x62][..], &handle.to_be_bytes()].concat();
        assert_eq!(tpm.execute(&save)[6..], u32::to_be_bytes(refused), "{handle:#x}");
    }
    for (session, refused) in [(0x0200_ffff_u32, 0x984), (0x0200_003f, 0x918)] {
        let area = [&[0, 0, 0, 9][..], &session.to_be_bytes(), &[0; 5]].concat();
        let clear =
            [&[0x80, 2, 0, 0, 0, 27, 0, 0, 1, 0x26][..], &0x4000_000a_u32.to_be_bytes(), &area].concat();
        assert_eq!(tpm.execute(&clear)[6..], u32::to_be_bytes(refused), "{session:#x}");
    }
}

/// PCR 18 takes what comes at localities 3 and 4; there is none at 5 to 31.
#[test]
fn a_locality_that_there_is_not_is_the_lowest() {
    let mut tpm = started(b"locality");
    let digest = [&[0, 0, 0, 1, 0, 0x0b][..], &[1; 32]].concat();
    for (locality, answer) in [(3, Ok(())), (5, Err(0x907)), (31, Err(0x907))] {
        tpm.set_locality(locality);
        assert_eq!(with(&mut tpm, 0x182, &[18], &[&[]], &digest).map(drop), answer, "{locality}");
    }
    for (set, kept) in [(4, 4), (5, 0), (31, 0), (32, 32), (255, 255)] {
        tpm.set_locality(set);
        assert_eq!(tpm.state.locality, kept);
    }
}
