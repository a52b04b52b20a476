//! The commands on keys, hashes and attestations, end to end: bytes in, bytes out.

use crate::Tpm;
use crate::crypto::ecc::{self, Curve, Point};
use crate::crypto::{HashAlg, hmac};
use crate::params::{Param, Params, put_2b, take, take_2b};

const OWNER: u32 = 0x4000_0001;
const NULL: u32 = 0x4000_0007;
const ENDORSEMENT: u32 = 0x4000_000b;
const SHA1: u16 = 4;
const SHA256: u16 = 0x0b;
const NONE: u16 = 0x10;
const RSASSA: u16 = 0x14;
const RSAPSS: u16 = 0x16;
const OAEP: u16 = 0x17;
const ECDSA: u16 = 0x18;
const ECDAA: u16 = 0x1a;
const ECSCHNORR: u16 = 0x1c;
const CFB: u16 = 0x43;
/// fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth.
const BASE: u32 = 0x72;
const RESTRICTED: u32 = 0x1_0000;
const DECRYPT: u32 = 0x2_0000;
const SIGN: u32 = 0x4_0000;

fn tpm() -> Tpm {
    let mut tpm = Tpm::new(b"commands", &[HashAlg::Sha1, HashAlg::Sha256]);
    tpm.power_on();
    assert_eq!(run(&mut tpm, 0x144, &[], &words(&[0])).0, 0);
    tpm
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_2b(&mut out, bytes);
    out
}

/// Runs a command with an empty password for each of its handles that needs one; gives response code, handle, parameters.
fn run(tpm: &mut Tpm, code: u32, handles: &[u32], parameters: &[u8]) -> (u32, u32, Params) {
    let command = crate::command::find(code).expect("the command exists");
    let mut body: Vec<u8> = handles.iter().flat_map(|handle| handle.to_be_bytes()).collect();
    let sessions = command.auth_handles();
    if sessions > 0 {
        body.extend(u32::try_from(9 * sessions).unwrap().to_be_bytes());
        body.extend([0x40, 0, 0, 9, 0, 0, 0, 0, 0].repeat(sessions));
    }
    body.extend(parameters);
    let mut frame = words(&[if sessions > 0 { 0x8002 } else { 0x8001 }]);
    frame.extend(u32::try_from(10 + body.len()).unwrap().to_be_bytes());
    frame.extend(code.to_be_bytes());
    frame.extend(body);
    let response = tpm.execute(&frame);
    let mut rest = &response[6..];
    let rc = u32::read(&mut rest).unwrap();
    if rc != 0 {
        return (rc, 0, Params::default());
    }
    let handle =
        if command.has(crate::command::flag::RETURNS_HANDLE) { u32::read(&mut rest).unwrap() } else { 0 };
    if sessions > 0 {
        let size = u32::read(&mut rest).unwrap() as usize;
        rest = &rest[..size];
    }
    (0, handle, Params::new(rest.to_vec()))
}

fn bytes(params: &mut Params) -> Vec<u8> {
    params.read_with(|buf| Ok(take_2b(buf, 4096)?.to_vec())).unwrap()
}

fn points(params: &mut Params) -> Point {
    let inner = bytes(params);
    let mut inner = Params::new(inner);
    Point { x: bytes(&mut inner), y: bytes(&mut inner) }
}

fn point(point: &Point) -> Vec<u8> {
    sized(&[sized(&point.x), sized(&point.y)].concat())
}

/// A primary of a type with its parameters, and with nothing in `unique`.
fn primary(tpm: &mut Tpm, hierarchy: u32, object_type: u16, attributes: u32, parameters: &[u16]) -> u32 {
    let mut public = words(&[object_type, SHA256]);
    public.extend((BASE | attributes).to_be_bytes());
    public.extend(words(&[0]));
    public.extend(words(parameters));
    public.extend(words(if object_type == 0x23 { &[0, 0] } else { &[0] }));
    let request = [sized(&words(&[0, 0])), sized(&public), words(&[0, 0, 0])].concat();
    let (rc, handle, _) = run(tpm, 0x131, &[hierarchy], &request);
    assert_eq!(rc, 0, "a primary of type {object_type:#x}");
    handle
}

fn ecc_key(tpm: &mut Tpm, hierarchy: u32, attributes: u32, scheme: &[u16]) -> u32 {
    primary(tpm, hierarchy, 0x23, attributes, &[&[NONE], scheme, &[3, NONE]].concat())
}

fn rsa_key(tpm: &mut Tpm, attributes: u32, scheme: &[u16]) -> u32 {
    primary(tpm, OWNER, 1, attributes, &[&[NONE], scheme, &[2048, 0, 0]].concat())
}

fn no_ticket() -> Vec<u8> {
    [words(&[0x8024]), NULL.to_be_bytes().to_vec(), words(&[0])].concat()
}

fn sign(tpm: &mut Tpm, key: u32, digest: &[u8], scheme: &[u16], ticket: &[u8]) -> Result<Vec<u8>, u32> {
    let request = [sized(digest), words(scheme), ticket.to_vec()].concat();
    match run(tpm, 0x15d, &[key], &request) {
        (0, _, signature) => Ok(signature.rest().to_vec()),
        (rc, ..) => Err(rc),
    }
}

fn verify(tpm: &mut Tpm, key: u32, digest: &[u8], signature: &[u8]) -> u32 {
    run(tpm, 0x177, &[key], &[&sized(digest), signature].concat()).0
}

#[test]
fn keys_sign_with_schemes_of_their_type_alone() {
    let mut tpm = tpm();
    let digest = HashAlg::Sha256.digest(&[b"data"]);
    let ecc = ecc_key(&mut tpm, OWNER, SIGN, &[NONE]);
    let rsa = rsa_key(&mut tpm, SIGN, &[NONE]);
    let bound = primary(&mut tpm, OWNER, 8, SIGN, &[5, SHA256]);
    let good = [
        (ecc, [ECDSA, SHA256]),
        (ecc, [ECSCHNORR, SHA256]),
        (rsa, [RSASSA, SHA256]),
        (rsa, [RSAPSS, SHA256]),
    ];
    for (key, scheme) in good {
        let mut signature = sign(&mut tpm, key, &digest, &scheme, &no_ticket()).unwrap();
        assert_eq!(verify(&mut tpm, key, &digest, &signature), 0);
        *signature.last_mut().unwrap() ^= 1;
        assert_eq!(verify(&mut tpm, key, &digest, &signature), 0x2db, "TPM_RC_SIGNATURE");
    }
    let mac = sign(&mut tpm, bound, &digest, &[NONE], &no_ticket()).unwrap();
    assert_eq!(verify(&mut tpm, bound, &digest, &mac), 0);
    assert_eq!(verify(&mut tpm, rsa, &digest, &mac), 0x2d2, "TPM_RC_SCHEME");
    let refused = |tpm: &mut Tpm, key, scheme: &[u16]| sign(tpm, key, &digest, scheme, &no_ticket());
    assert_eq!(refused(&mut tpm, ecc, &[NONE]), Err(0x2d2), "neither key nor command has a scheme");
    assert_eq!(refused(&mut tpm, ecc, &[RSASSA, SHA256]), Err(0x2d2));
    assert_eq!(refused(&mut tpm, bound, &[5, SHA1]), Err(0x2d2), "the key is bound to another hash");
    assert_eq!(refused(&mut tpm, rsa, &[RSASSA, SHA1]), Err(0x1d5), "the digest is of another size");
}

#[test]
fn restricted_keys_sign_what_the_tpm_has_hashed_and_not_made() {
    let mut tpm = tpm();
    let key = ecc_key(&mut tpm, OWNER, SIGN | RESTRICTED, &[ECDSA, SHA256]);
    let mut hash = |data: &[u8]| {
        let request = [sized(data), words(&[SHA256]), OWNER.to_be_bytes().to_vec()].concat();
        let (_, _, mut out) = run(&mut tpm, 0x17d, &[], &request);
        (bytes(&mut out), out.rest().to_vec())
    };
    let (digest, ticket) = hash(b"data");
    let (forged, none) = hash(b"\xffTCG and more");
    assert_eq!(none, no_ticket(), "data that looks like the TPM's own");
    assert!(sign(&mut tpm, key, &digest, &[NONE], &ticket).is_ok());
    assert_eq!(sign(&mut tpm, key, &digest, &[NONE], &no_ticket()), Err(0x3e0), "TPM_RC_TICKET");
    assert_eq!(sign(&mut tpm, key, &forged, &[NONE], &none), Err(0x3e0));
    assert_eq!(sign(&mut tpm, key, &forged, &[NONE], &ticket), Err(0x3e0), "the ticket of another digest");

    // A sequence whose first block is too short to tell gets no ticket.
    for (first, safe) in [(b"da".as_slice(), false), (b"data", true), (b"\xffTCG", false)] {
        let (rc, sequence, _) = run(&mut tpm, 0x186, &[], &words(&[0, SHA256]));
        assert_eq!(rc, 0);
        assert_eq!(run(&mut tpm, 0x15c, &[sequence], &sized(first)).0, 0);
        let request = [sized(b"the rest"), OWNER.to_be_bytes().to_vec()].concat();
        let (_, _, mut out) = run(&mut tpm, 0x13e, &[sequence], &request);
        assert_eq!(bytes(&mut out), HashAlg::Sha256.digest(&[first, b"the rest"]));
        assert_eq!(out.rest() != no_ticket(), safe, "{first:?}");
        assert_eq!(run(&mut tpm, 0x15c, &[sequence], &sized(b"")).0, 0x910, "its slot is free again");
    }
}

#[test]
fn sequences_survive_saving_and_compute_what_the_whole_gives() {
    let mut tpm = tpm();
    let key = primary(&mut tpm, OWNER, 8, SIGN | DECRYPT, &[NONE]);
    let (_, mac, _) = run(&mut tpm, 0x15b, &[key], &words(&[0, SHA1]));
    let (_, event, _) = run(&mut tpm, 0x186, &[], &words(&[0, NONE]));
    for sequence in [mac, event] {
        assert_eq!(run(&mut tpm, 0x15c, &[sequence], &sized(b"first ")).0, 0);
    }
    let mut tpm = Tpm::restore(&tpm.save()).unwrap();
    let (_, _, mut whole) = run(&mut tpm, 0x155, &[key], &[sized(b"first second"), words(&[SHA1])].concat());
    let request = [sized(b"second"), OWNER.to_be_bytes().to_vec()].concat();
    assert_eq!(run(&mut tpm, 0x13e, &[event], &request).0, 0x189, "TPM_RC_MODE: an event sequence");
    let (_, _, mut out) = run(&mut tpm, 0x13e, &[mac], &request);
    assert_eq!(bytes(&mut out), bytes(&mut whole));
    assert_eq!(out.rest(), no_ticket());
    let (rc, _, out) = run(&mut tpm, 0x185, &[16, event], &sized(b"second"));
    assert_eq!(rc, 0);
    assert_eq!(out.rest()[..6], [0, 0, 0, 4, 0, 4], "four digests, SHA-1's first");
    let digest = HashAlg::Sha256.digest(&[b"first second"]);
    let want = HashAlg::Sha256.digest(&[&[0; 32], &digest]);
    assert_eq!(tpm.state.pcr.value(HashAlg::Sha256, 16), Some(want.as_slice()));
    assert_eq!(
        run(&mut tpm, 0x155, &[key], &[sized(b""), words(&[NONE])].concat()).0,
        0x2c4,
        "no hash at all"
    );
}

/// The parts of TPMS_ATTEST that every kind has, and what follows them.
fn attest(out: &mut Params) -> (Vec<u8>, u16, Vec<u8>, u64, Params) {
    let attest = bytes(out);
    let mut params = Params::new(attest.clone());
    assert_eq!(params.read::<u32>(), Ok(0xff54_4347));
    let tag = params.read::<u16>().unwrap();
    let signer = bytes(&mut params);
    assert_eq!(bytes(&mut params), b"nonce");
    params.read_with(|buf| Ok(take(buf, 17)?.to_vec())).unwrap();
    let firmware = params.read::<u64>().unwrap();
    (attest, tag, signer, firmware, params)
}

#[test]
fn a_quote_holds_the_registers_in_order_and_hides_the_tpm_from_owner_keys() {
    let mut tpm = tpm();
    tpm.state.pcr.extend(HashAlg::Sha256, 0, &[1; 32]);
    tpm.state.pcr.extend(HashAlg::Sha256, 23, &[2; 32]);
    let selection = [[0, 0, 0, 1, 0, 0x0b, 3].as_slice(), &[1, 0, 0x80]].concat();
    let quote = |scheme: &[u16]| [sized(b"nonce"), words(scheme), selection.clone()].concat();
    let mut seen = Vec::new();
    for hierarchy in [OWNER, ENDORSEMENT] {
        let key = ecc_key(&mut tpm, hierarchy, SIGN | RESTRICTED, &[ECDSA, SHA256]);
        let (rc, _, mut out) = run(&mut tpm, 0x158, &[key], &quote(&[NONE]));
        assert_eq!(rc, 0);
        let (attested, tag, signer, firmware, mut rest) = attest(&mut out);
        assert_eq!(tag, 0x8018);
        assert_eq!(signer, tpm.object(key).unwrap().qualified_name);
        assert_eq!(rest.read_with(|buf| Ok(take(buf, 10)?.to_vec())).unwrap(), selection);
        let values = [0, 23].map(|pcr| tpm.state.pcr.value(HashAlg::Sha256, pcr).unwrap().to_vec());
        assert_eq!(bytes(&mut rest), HashAlg::Sha256.digest(&[&values[0], &values[1]]));
        let digest = HashAlg::Sha256.digest(&[&attested]);
        assert_eq!(verify(&mut tpm, key, &digest, out.rest()), 0);
        seen.push(firmware == tpm.firmware_version());
    }
    assert_eq!(seen, [false, true], "obfuscated for the owner's key alone");
    assert_eq!(run(&mut tpm, 0x158, &[NULL], &quote(&[NONE])).0, 0x2d2, "no key, no hash");
    let decrypt = ecc_key(&mut tpm, OWNER, DECRYPT, &[NONE]);
    assert_eq!(run(&mut tpm, 0x158, &[decrypt], &quote(&[ECDSA, SHA256])).0, 0x19c, "TPM_RC_KEY");
}

#[test]
fn without_a_key_attestations_are_not_signed() {
    let mut tpm = tpm();
    let request = [sized(b"nonce"), words(&[NONE])].concat();
    let (rc, _, mut out) = run(&mut tpm, 0x14c, &[ENDORSEMENT, NULL], &request);
    assert_eq!(rc, 0);
    let (_, tag, signer, ..) = attest(&mut out);
    assert_eq!((tag, signer), (0x8019, NULL.to_be_bytes().to_vec()));
    assert_eq!(out.rest(), [0, 0x10]);
}

#[test]
fn the_audit_digest_is_signed_once() {
    let mut tpm = tpm();
    let key = ecc_key(&mut tpm, ENDORSEMENT, SIGN, &[ECDSA, SHA256]);
    let set = [words(&[NONE, 0, 1]), 0x17b_u32.to_be_bytes().to_vec(), words(&[0, 0])].concat();
    assert_eq!(run(&mut tpm, 0x140, &[OWNER], &set).0, 0);
    assert_eq!(run(&mut tpm, 0x17b, &[], &words(&[4])).0, 0);
    let digest = |tpm: &mut Tpm| {
        let request = [sized(b"nonce"), words(&[NONE])].concat();
        let (_, _, mut out) = run(tpm, 0x133, &[ENDORSEMENT, key], &request);
        let (_, tag, _, _, mut rest) = attest(&mut out);
        assert_eq!(tag, 0x8015);
        assert_eq!(rest.read_with(|buf| Ok(take(buf, 10)?.to_vec())).unwrap()[8..], [0, 0x0b]);
        bytes(&mut rest)
    };
    assert_eq!(digest(&mut tpm).len(), 32);
    assert_eq!(digest(&mut tpm), [], "nothing was audited since");
    let change = [words(&[SHA1, 0, 1]), 0x17b_u32.to_be_bytes().to_vec(), words(&[0, 0])].concat();
    assert_eq!(run(&mut tpm, 0x140, &[OWNER], &change).0, 0x1c4, "hash and commands at once");
}

#[test]
fn what_rsa_encrypts_it_decrypts() {
    let mut tpm = tpm();
    let key = rsa_key(&mut tpm, DECRYPT, &[OAEP, SHA256]);
    let request = |data: &[u8], label: &[u8]| [sized(data), words(&[NONE]), sized(label)].concat();
    let (_, _, mut out) = run(&mut tpm, 0x174, &[key], &request(b"secret", b"label\0"));
    let sealed = bytes(&mut out);
    let (_, _, mut out) = run(&mut tpm, 0x159, &[key], &request(&sealed, b"label\0"));
    assert_eq!(bytes(&mut out), b"secret");
    assert_eq!(run(&mut tpm, 0x159, &[key], &request(&sealed, b"other\0")).0, 0x84);
    assert_eq!(
        run(&mut tpm, 0x159, &[key], &request(&sealed, b"label")).0,
        0x3c4,
        "the label's zero is missing"
    );
    assert_eq!(run(&mut tpm, 0x159, &[key], &request(&sealed[1..], b"label\0")).0, 0x95);
    let raw = [sized(&sealed), words(&[0x15]), sized(b"")].concat();
    assert_eq!(run(&mut tpm, 0x159, &[key], &raw).0, 0x2d2, "the key is bound to OAEP");
    let ecc = ecc_key(&mut tpm, OWNER, DECRYPT, &[NONE]);
    assert_eq!(run(&mut tpm, 0x174, &[ecc], &request(b"x", b"")).0, 0x19c);
}

#[test]
fn both_sides_of_a_key_exchange_agree() {
    let mut tpm = tpm();
    let key = ecc_key(&mut tpm, OWNER, DECRYPT, &[NONE]);
    let (_, _, mut out) = run(&mut tpm, 0x163, &[key], &[]);
    let (z, ephemeral) = (points(&mut out), points(&mut out));
    let (_, _, mut out) = run(&mut tpm, 0x154, &[key], &point(&ephemeral));
    assert_eq!(points(&mut out), z);
    let off = Point { x: vec![1], y: vec![1] };
    assert_eq!(run(&mut tpm, 0x154, &[key], &point(&off)).0, 0x1e7, "TPM_RC_ECC_POINT");

    let (_, _, mut out) = run(&mut tpm, 0x18e, &[], &words(&[3]));
    let (ours, count) = (points(&mut out), out.read::<u16>().unwrap());
    let mut rng = crate::crypto::rng::Drbg::from_seed(b"peer", "test");
    let (peer_static, peer) = (ecc::generate(Curve::P256, &mut rng), ecc::generate(Curve::P256, &mut rng));
    let request = [point(&peer_static.public), point(&peer.public), words(&[0x19, count])].concat();
    let (_, _, mut out) = run(&mut tpm, 0x18d, &[key], &request);
    let object = tpm.object(key).unwrap();
    let (_, public) = crate::signature::ecc_public(&object).unwrap();
    assert_eq!(Some(points(&mut out)), ecc::ecdh(Curve::P256, &peer_static.private, &public));
    assert_eq!(Some(points(&mut out)), ecc::ecdh(Curve::P256, &peer.private, &ours));
    assert_eq!(run(&mut tpm, 0x18d, &[key], &request).0, 0x4c4, "an ephemeral key serves once");
}

#[test]
fn a_commitment_becomes_one_anonymous_signature() {
    let mut tpm = tpm();
    let key = ecc_key(&mut tpm, OWNER, SIGN, &[ECDAA, SHA256, 0]);
    let empty = point(&Point { x: vec![], y: vec![] });
    let (rc, _, mut out) = run(&mut tpm, 0x18b, &[key], &[empty, words(&[0, 0])].concat());
    assert_eq!(rc, 0);
    assert!(points(&mut out).x.is_empty() && points(&mut out).x.is_empty(), "K and L");
    let e = points(&mut out);
    let count = out.read::<u16>().unwrap();
    let digest = HashAlg::Sha256.digest(&[b"data"]);
    let signature = sign(&mut tpm, key, &digest, &[ECDAA, SHA256, count], &no_ticket()).unwrap();
    let mut parts = Params::new(signature[4..].to_vec());
    let (nonce, s) = (bytes(&mut parts), bytes(&mut parts));
    // s G = E + T Q, with T from nonce and digest.
    let t = ecc::scalar::reduce(Curve::P256, &HashAlg::Sha256.digest(&[&nonce, &digest]));
    let (_, q) = crate::signature::ecc_public(&tpm.object(key).unwrap()).unwrap();
    let right = ecc::add(Curve::P256, &e, &ecc::multiply(Curve::P256, &t, &q).unwrap());
    assert_eq!(ecc::multiply_generator(Curve::P256, &s), right);
    let again = sign(&mut tpm, key, &digest, &[ECDAA, SHA256, count], &no_ticket());
    assert_eq!(again, Err(0x84), "the commitment is used up");
}

#[test]
fn symmetric_keys_encrypt_with_their_mode() {
    let mut tpm = tpm();
    let key = primary(&mut tpm, OWNER, 0x25, SIGN | DECRYPT, &[6, 128, CFB]);
    let iv = [7; 16];
    let request = |data: &[u8], decrypt: u8, mode: u16, iv: &[u8]| {
        [sized(data), vec![decrypt], words(&[mode]), sized(iv)].concat()
    };
    let (_, _, mut out) = run(&mut tpm, 0x193, &[key], &request(b"twenty bytes of data", 0, NONE, &iv));
    let (sealed, chain) = (bytes(&mut out), bytes(&mut out));
    assert_eq!((sealed.len(), chain.len()), (20, 16));
    let (_, _, mut out) = run(&mut tpm, 0x193, &[key], &request(&sealed, 1, CFB, &iv));
    assert_eq!(bytes(&mut out), b"twenty bytes of data");
    assert_eq!(run(&mut tpm, 0x193, &[key], &request(&sealed, 1, 0x42, &iv)).0, 0x3c9, "TPM_RC_MODE");
    assert_eq!(run(&mut tpm, 0x193, &[key], &request(&sealed, 1, CFB, &iv[1..])).0, 0x4d5, "TPM_RC_SIZE");
    let mac_key = primary(&mut tpm, OWNER, 8, SIGN, &[5, SHA256]);
    assert_eq!(run(&mut tpm, 0x193, &[mac_key], &request(&sealed, 1, CFB, &iv)).0, 0x19c);
    let (_, _, mut out) = run(&mut tpm, 0x155, &[mac_key], &[sized(b"data"), words(&[NONE])].concat());
    let object = tpm.object(mac_key).unwrap();
    assert_eq!(
        bytes(&mut out),
        hmac(HashAlg::Sha256, crate::signature::secret(&object).unwrap(), &[b"data"])
    );
}

#[test]
fn the_clock_goes_forward_only_and_at_the_rate_it_is_told() {
    let mut tpm = tpm();
    tpm.advance(1000);
    let clock = |tpm: &mut Tpm| {
        let (_, _, mut out) = run(tpm, 0x181, &[], &[]);
        (out.read::<u64>().unwrap(), out.read::<u64>().unwrap())
    };
    assert_eq!(clock(&mut tpm), (1000, 1000));
    assert_eq!(run(&mut tpm, 0x128, &[OWNER], &999_u64.to_be_bytes()).0, 0x1c4);
    assert_eq!(run(&mut tpm, 0x128, &[OWNER], &5000_u64.to_be_bytes()).0, 0);
    assert_eq!(clock(&mut tpm), (1000, 5000));
    assert_eq!(run(&mut tpm, 0x130, &[OWNER], &[3]).0, 0);
    tpm.advance(1000);
    assert_eq!(clock(&mut tpm), (2010, 6010), "one per cent faster");
    assert_eq!(run(&mut tpm, 0x130, &[OWNER], &[4]).0, 0x1c4);
}
