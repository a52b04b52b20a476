//! A client that builds commands by hand, with sessions of its own: what the TPM computes is computed here a second time.
#![allow(dead_code, missing_docs, unreachable_pub, unused_imports)]

pub mod session;

use tpm_sim::Tpm;
use tpm_sim::crypto::HashAlg;

pub use session::{Cipher, Session};

pub const OWNER: u32 = 0x4000_0001;
pub const NULL: u32 = 0x4000_0007;
pub const PW: u32 = 0x4000_0009;
pub const LOCKOUT: u32 = 0x4000_000a;
pub const ENDORSEMENT: u32 = 0x4000_000b;
pub const PLATFORM: u32 = 0x4000_000c;

pub const STORAGE: u32 = 0x0003_0072;

/// A TPM after Startup(CLEAR).
pub fn started(seed: &[u8]) -> Tpm {
    let mut tpm = Tpm::new(seed, &[HashAlg::Sha1, HashAlg::Sha256, HashAlg::Sha384]);
    tpm.power_on();
    assert_eq!(rc(&tpm.execute(&frame(0x144, &[], None, &[0, 0]))), 0);
    tpm
}

pub fn rc(response: &[u8]) -> u32 {
    u32::from_be_bytes(response[6..10].try_into().unwrap())
}

pub fn sized(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

/// Takes a TPM2B off the front.
pub fn take<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let size = usize::from(u16::from_be_bytes(rest[..2].try_into().unwrap()));
    let (head, tail) = rest[2..].split_at(size);
    *rest = tail;
    head
}

pub fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().unwrap())
}

/// A command; `area` holds its sessions.
pub fn frame(code: u32, handles: &[u32], area: Option<&[u8]>, params: &[u8]) -> Vec<u8> {
    let mut body = code.to_be_bytes().to_vec();
    for handle in handles {
        body.extend(handle.to_be_bytes());
    }
    if let Some(area) = area {
        body.extend(u32::try_from(area.len()).unwrap().to_be_bytes());
        body.extend(area);
    }
    body.extend(params);
    let tag: u16 = if area.is_some() { 0x8002 } else { 0x8001 };
    let size = u32::try_from(body.len() + 6).unwrap();
    [&tag.to_be_bytes()[..], &size.to_be_bytes(), &body].concat()
}

/// A password session.
pub fn password(auth: &[u8]) -> Vec<u8> {
    [&PW.to_be_bytes()[..], &[0, 0, 0], &sized(auth)].concat()
}

/// A policy or other session without HMAC that ends with the command.
pub fn bare(handle: u32, hmac: &[u8]) -> Vec<u8> {
    [&handle.to_be_bytes()[..], &[0, 0, 0], &sized(hmac)].concat()
}

/// Executes a command: the response behind its header, or its response code.
pub fn run(tpm: &mut Tpm, command: &[u8]) -> Result<Vec<u8>, u32> {
    let response = tpm.execute(command);
    assert_eq!(number(&response[2..]) as usize, response.len());
    match rc(&response) {
        0 => Ok(response[10..].to_vec()),
        rc => Err(rc),
    }
}

pub fn plain(tpm: &mut Tpm, code: u32, handles: &[u32], params: &[u8]) -> Result<Vec<u8>, u32> {
    run(tpm, &frame(code, handles, None, params))
}

/// A command with one empty password for each of `passwords`.
pub fn with(
    tpm: &mut Tpm,
    code: u32,
    handles: &[u32],
    passwords: &[&[u8]],
    params: &[u8],
) -> Result<Vec<u8>, u32> {
    let area: Vec<u8> = passwords.iter().flat_map(|auth| password(auth)).collect();
    run(tpm, &frame(code, handles, Some(&area), params))
}

pub fn sensitive(auth: &[u8], data: &[u8]) -> Vec<u8> {
    sized(&[sized(auth), sized(data)].concat())
}

/// A P-256 template.
pub fn ecc(attributes: u32, policy: &[u8], sym: &[u8], scheme: &[u8]) -> Vec<u8> {
    let head = [&[0, 0x23, 0, 0x0b][..], &attributes.to_be_bytes(), &sized(policy)].concat();
    [&head[..], sym, scheme, &[0, 3, 0, 0x10, 0, 0, 0, 0]].concat()
}

pub const AES128: [u8; 6] = [0, 6, 0, 0x80, 0, 0x43];
pub const NO_ALG: [u8; 2] = [0, 0x10];
pub const ECDSA: [u8; 4] = [0, 0x18, 0, 0x0b];

pub fn storage() -> Vec<u8> {
    ecc(STORAGE, &[], &AES128, &NO_ALG)
}

pub fn signing(attributes: u32) -> Vec<u8> {
    ecc(attributes, &[], &NO_ALG, &NO_ALG)
}

/// CreatePrimary: handle and public area.
pub fn primary(tpm: &mut Tpm, hierarchy: u32, template: &[u8], auth: &[u8]) -> (u32, Vec<u8>) {
    let params = [sensitive(auth, &[]), sized(template), vec![0; 6]].concat();
    let out = with(tpm, 0x131, &[hierarchy], &[&[]], &params).unwrap();
    (number(&out), take(&mut &out[8..]).to_vec())
}

/// Create: private and public area.
pub fn create(
    tpm: &mut Tpm,
    parent: u32,
    template: &[u8],
    auth: &[u8],
    data: &[u8],
) -> Result<(Vec<u8>, Vec<u8>), u32> {
    let params = [sensitive(auth, data), sized(template), vec![0; 6]].concat();
    let out = with(tpm, 0x153, &[parent], &[&[]], &params)?;
    let mut rest = &out[4..];
    Ok((take(&mut rest).to_vec(), take(&mut rest).to_vec()))
}

pub fn load(tpm: &mut Tpm, parent: u32, private: &[u8], public: &[u8]) -> Result<u32, u32> {
    let out = with(tpm, 0x157, &[parent], &[&[]], &[sized(private), sized(public)].concat())?;
    Ok(number(&out))
}

pub fn flush(tpm: &mut Tpm, handle: u32) -> Result<(), u32> {
    plain(tpm, 0x165, &[], &handle.to_be_bytes()).map(drop)
}

/// Name of a public area with SHA-256.
pub fn name(public: &[u8]) -> Vec<u8> {
    [&[0, 0x0b][..], &HashAlg::Sha256.digest(&[public])].concat()
}

/// An unsalted, unbound session: `kind` is TPM_SE.
pub fn start(tpm: &mut Tpm, kind: u8) -> u32 {
    let params = [&sized(&[7; 16])[..], &[0, 0, kind, 0, 0x10, 0, 0x0b]].concat();
    number(&plain(tpm, 0x176, &[NULL, NULL], &params).unwrap())
}

/// Sign with TPM_ALG_ECDSA over a digest of ones.
pub fn sign_params() -> Vec<u8> {
    [&sized(&[1; 32])[..], &ECDSA, &[0x80, 0x24], &NULL.to_be_bytes(), &[0, 0]].concat()
}
