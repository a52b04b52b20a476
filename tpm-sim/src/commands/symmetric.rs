//! Symmetric primitives (part 3, chapter 15).

use crate::Tpm;
use crate::command::Call;
use crate::crypto::sym::{self, BLOCK, Mode};
use crate::crypto::{HashAlg, hmac as mac};
use crate::object::{Object, Parameters, scheme, ticket};
use crate::params::{self, take_2b};
use crate::rc::Rc;
use crate::signature;
use crate::state::limits::MAX_DIGEST_BUFFER;
use tpm2_protocol::data::{TpmAlgId, TpmRh, TpmSt, TpmaObject};

/// TPM_GENERATED_VALUE: what every structure that the TPM signs begins with.
pub(crate) const GENERATED: [u8; 4] = [0xff, b'T', b'C', b'G'];

/// TPM2B_MAX_BUFFER.
pub(crate) fn max_buffer(buf: &mut &[u8]) -> Result<Vec<u8>, Rc> {
    Ok(take_2b(buf, MAX_DIGEST_BUFFER)?.to_vec())
}

/// The hash that an HMAC key works with in TPM2_HMAC and TPM2_HMAC_Start, where `asked` is parameter 2. The same command codes
/// are TPM2_MAC and TPM2_MAC_Start, which would take a symmetric key for a block cipher's MAC; there is none here.
pub(crate) fn hmac_hash(key: &Object, asked: Option<HashAlg>) -> Result<HashAlg, Rc> {
    let own = match key.public.parameters {
        Parameters::KeyedHash(own) => own.hash.filter(|_| !own.is_null()),
        Parameters::SymCipher(_) => return Err(if asked.is_none() { Rc::SCHEME } else { Rc::VALUE }.param(2)),
        _ => return Err(Rc::TYPE.handle(1)),
    };
    let hash = match (own, asked) {
        (None, Some(hash)) | (Some(hash), None) => hash,
        (Some(own), Some(asked)) if own == asked => own,
        _ => return Err(Rc::VALUE.param(2)),
    };
    if key.has(TpmaObject::RESTRICTED) {
        return Err(Rc::ATTRIBUTES.handle(1));
    }
    if !key.has(TpmaObject::SIGN_ENCRYPT) {
        return Err(Rc::KEY.handle(1));
    }
    Ok(hash)
}

/// TPM2_HMAC.
pub fn hmac(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let data = call.params.read_with(max_buffer)?;
    let asked: Option<HashAlg> = call.params.read()?;
    call.params.finish()?;
    let key = tpm.object(call.handles[0]).map_err(|_| Rc::TYPE.handle(1))?;
    let hash = hmac_hash(&key, asked)?;
    call.out.put_2b(&mac(hash, signature::secret(&key)?, &[&data]));
    Ok(())
}

/// TPM2_Hash. There is a ticket for the digest unless the data looks like a structure of the TPM's own.
pub fn hash(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let data = call.params.read_with(max_buffer)?;
    let hash: HashAlg = call.params.read()?;
    let hierarchy = call.params.read_with(params::hierarchy)?;
    call.params.finish()?;
    let digest = hash.digest(&[&data]);
    call.out.put_2b(&digest);
    let hierarchy = if data.starts_with(&GENERATED) { TpmRh::Null } else { hierarchy };
    put_hashcheck(tpm, call, hierarchy, hash, &digest);
    Ok(())
}

/// Answers with the ticket for a digest; the null hierarchy has none.
pub(crate) fn put_hashcheck(tpm: &Tpm, call: &mut Call, hierarchy: TpmRh, hash: HashAlg, digest: &[u8]) {
    let ticket = match hierarchy {
        TpmRh::Null => Vec::new(),
        _ => ticket::hashcheck(tpm, hierarchy, hash.alg(), digest),
    };
    ticket::put(&mut call.out, TpmSt::HashCheck, hierarchy, &ticket);
}

/// Parameters of TPM2_EncryptDecrypt and TPM2_EncryptDecrypt2, with their numbers in the command.
struct Request {
    decrypt: bool,
    mode: (TpmAlgId, u32),
    iv: (Vec<u8>, u32),
    data: (Vec<u8>, u32),
}

/// TPM2B_IV.
fn iv(buf: &mut &[u8]) -> Result<Vec<u8>, Rc> {
    Ok(take_2b(buf, BLOCK)?.to_vec())
}

/// TPM2_EncryptDecrypt.
pub fn encrypt_decrypt(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let decrypt = call.params.read()?;
    let mode = call.params.read_with(scheme::sym_mode)?;
    let iv = call.params.read_with(iv)?;
    let data = call.params.read_with(max_buffer)?;
    run_cipher(tpm, call, Request { decrypt, mode: (mode, 2), iv: (iv, 3), data: (data, 4) })
}

/// TPM2_EncryptDecrypt2: the data comes first, so that a session can encrypt it.
pub fn encrypt_decrypt2(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let data = call.params.read_with(max_buffer)?;
    let decrypt = call.params.read()?;
    let mode = call.params.read_with(scheme::sym_mode)?;
    let iv = call.params.read_with(iv)?;
    run_cipher(tpm, call, Request { decrypt, mode: (mode, 3), iv: (iv, 4), data: (data, 1) })
}

fn run_cipher(tpm: &Tpm, call: &mut Call, request: Request) -> Result<(), Rc> {
    call.params.finish()?;
    let key = tpm.object(call.handles[0]).map_err(|_| Rc::KEY.handle(1))?;
    let Parameters::SymCipher(own) = key.public.parameters else { return Err(Rc::KEY.handle(1)) };
    let needed = if request.decrypt { TpmaObject::DECRYPT } else { TpmaObject::SIGN_ENCRYPT };
    if key.has(TpmaObject::RESTRICTED) || !key.has(needed) {
        return Err(Rc::ATTRIBUTES.handle(1));
    }
    let mode = match (own.mode, request.mode.0) {
        (TpmAlgId::Null, asked) => asked,
        (own, TpmAlgId::Null) => own,
        (own, asked) if own == asked => own,
        _ => TpmAlgId::Null,
    };
    let mode = Mode::from_alg(mode).ok_or(Rc::MODE.param(request.mode.1))?;
    let (mut data, mut chain) = (request.data.0, [0; BLOCK]);
    let size = Rc::SIZE.param(request.iv.1);
    if mode != Mode::Ecb {
        chain = request.iv.0.try_into().map_err(|_| size)?;
    } else if !request.iv.0.is_empty() {
        return Err(size);
    }
    let run = if request.decrypt { sym::decrypt } else { sym::encrypt };
    run(mode, signature::secret(&key)?, &mut chain, &mut data).map_err(|error| match error {
        sym::SymError::DataSize(_) => Rc::SIZE.param(request.data.1),
        sym::SymError::KeySize(_) => Rc::KEY_SIZE.handle(1),
    })?;
    call.out.put_2b(&data);
    call.out.put_2b(if mode == Mode::Ecb { &[] } else { &chain });
    Ok(())
}
