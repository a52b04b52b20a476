//! The parameter area: a reader that takes one parameter at a time, so that its errors carry the parameter's number, and
//! the writer of the response (part 1, "Command/Response Structure"; part 2 for what each type refuses with).

use crate::crypto::HashAlg;
use crate::rc::Rc;
use crate::state::pcr::PcrSelection;
use tpm2_protocol::basic::{TpmBuffer, TpmUint32};
use tpm2_protocol::data::{
    Tpm2bDigest, TpmAlgId, TpmRh, TpmSt, TpmsEccPoint, TpmsSignatureEcc, TpmsSignatureRsa, TpmtHa,
    TpmtSignature, TpmtTkAuth, TpmtTkCreation, TpmtTkHashcheck, TpmtTkVerified, TpmuHa, TpmuSignature,
};
use tpm2_protocol::{TpmMarshal, TpmSized, TpmWriter};

pub mod wire_serde;

/// A type that can stand in the parameter area.
pub trait Param: Sized {
    /// Reads one value from the front of `buf` and takes it off. Errors carry no parameter number yet.
    fn read(buf: &mut &[u8]) -> Result<Self, Rc>;
}

/// The parameters of a command, read from front to back.
#[derive(Debug, Clone, Default)]
pub struct Params {
    bytes: Vec<u8>,
    at: usize,
    number: u32,
}

impl Params {
    /// A parameter area.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, at: 0, number: 0 }
    }

    /// The next parameter; errors carry its number.
    pub fn read<T: Param>(&mut self) -> Result<T, Rc> {
        self.read_with(T::read)
    }

    /// The next parameter, a structure inside a TPM2B (TPM2B_PUBLIC and its like): an empty buffer and a size that is not
    /// that of the structure are TPM_RC_SIZE.
    pub fn read_sized<T: Param>(&mut self) -> Result<T, Rc> {
        self.read_with(sized)
    }

    /// The next parameter by a function of the caller's.
    pub fn read_with<T>(&mut self, read: impl FnOnce(&mut &[u8]) -> Result<T, Rc>) -> Result<T, Rc> {
        self.number += 1;
        let mut rest = &self.bytes[self.at..];
        let value = read(&mut rest).map_err(|rc| rc.param(self.number))?;
        self.at = self.bytes.len() - rest.len();
        Ok(value)
    }

    /// All parameters have been read: what is left over is TPM_RC_SIZE.
    pub fn finish(&self) -> Result<(), Rc> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(Rc::SIZE) }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &[u8] {
        &self.bytes[self.at..]
    }
}

/// The response under construction: its handle and its parameters.
#[derive(Debug, Clone, Default)]
pub struct Out {
    /// The handle, for commands that return one.
    pub handle: Option<u32>,
    /// The parameter area.
    pub bytes: Vec<u8>,
}

impl Out {
    /// Sets the handle of the response.
    pub fn handle(&mut self, handle: u32) {
        self.handle = Some(handle);
    }

    /// Appends a value.
    pub fn put<T: TpmMarshal + TpmSized>(&mut self, value: &T) {
        put(&mut self.bytes, value);
    }

    /// Appends a structure inside a TPM2B.
    pub fn put_sized<T: TpmMarshal + TpmSized>(&mut self, value: &T) {
        self.put_2b(&marshal(value));
    }

    /// Appends bytes behind their size (any TPM2B).
    pub fn put_2b(&mut self, bytes: &[u8]) {
        put_2b(&mut self.bytes, bytes);
    }

    /// Appends an unsigned integer (`u8` to `u64`), most significant byte first.
    pub fn put_int(&mut self, value: impl Int) {
        value.append(&mut self.bytes);
    }
}

/// An unsigned integer of the wire.
pub trait Int {
    /// Appends it, most significant byte first.
    fn append(self, out: &mut Vec<u8>);
}

macro_rules! int {
    ($($int:ty),*) => { $(
        impl Int for $int {
            fn append(self, out: &mut Vec<u8>) {
                out.extend(self.to_be_bytes());
            }
        }
        impl Param for $int {
            fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
                let bytes = take(buf, size_of::<Self>())?;
                Ok(Self::from_be_bytes(bytes.try_into().expect("take gives as many bytes as asked for")))
            }
        }
    )* };
}
int!(u8, u16, u32, u64, i8);

/// Appends a value to a buffer.
pub fn put<T: TpmMarshal + TpmSized>(out: &mut Vec<u8>, value: &T) {
    let start = out.len();
    out.resize(start + value.len(), 0);
    let mut writer = TpmWriter::new(&mut out[start..]);
    value
        .marshal(&mut writer)
        .expect("the buffer has the value's own length, and its tags are set with their unions");
    let written = writer.len();
    out.truncate(start + written);
}

/// Appends bytes behind their 16-bit size.
pub fn put_2b(out: &mut Vec<u8>, bytes: &[u8]) {
    let size = u16::try_from(bytes.len()).expect("no TPM2B of this library reaches 64 KiB");
    out.extend(size.to_be_bytes());
    out.extend(bytes);
}

/// A value's wire bytes.
pub fn marshal<T: TpmMarshal + TpmSized>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, value);
    out
}

/// A TPM2B of tpm2-protocol from bytes that are known to fit.
pub fn buffer<const N: usize>(bytes: &[u8]) -> TpmBuffer<N> {
    TpmBuffer::try_from(bytes).expect("callers only put in what the type has room for")
}

/// Takes `n` bytes off the front; TPM_RC_INSUFFICIENT when there are fewer.
pub fn take<'a>(buf: &mut &'a [u8], n: usize) -> Result<&'a [u8], Rc> {
    let (head, tail) = buf.split_at_checked(n).ok_or(Rc::INSUFFICIENT)?;
    *buf = tail;
    Ok(head)
}

/// Reads a TPM2B of at most `max` bytes: TPM_RC_SIZE when it says more.
pub fn take_2b<'a>(buf: &mut &'a [u8], max: usize) -> Result<&'a [u8], Rc> {
    let size = usize::from(u16::read(buf)?);
    if size > max {
        return Err(Rc::SIZE);
    }
    take(buf, size)
}

/// Reads a structure inside a TPM2B. As in the reference implementation the structure may read on past the size it was
/// given, and is refused with TPM_RC_SIZE afterwards: a structure that is cut short fails by what it says, not by its end.
pub fn sized<T: Param>(buf: &mut &[u8]) -> Result<T, Rc> {
    let size = usize::from(u16::read(buf)?);
    if size == 0 {
        return Err(Rc::SIZE);
    }
    let before = buf.len();
    let value = T::read(buf)?;
    if before - buf.len() == size { Ok(value) } else { Err(Rc::SIZE) }
}

/// An algorithm identifier; what the crate does not know is the given error.
pub fn alg(buf: &mut &[u8], refuse: Rc) -> Result<TpmAlgId, Rc> {
    TpmAlgId::try_from(u16::read(buf)?).map_err(|_| refuse)
}

impl Param for bool {
    /// TPMI_YES_NO: anything but 0 and 1 is TPM_RC_VALUE.
    fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
        match u8::read(buf)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Rc::VALUE),
        }
    }
}

impl<const N: usize> Param for TpmBuffer<N> {
    /// Any TPM2B of plain bytes: TPM_RC_SIZE beyond its capacity.
    fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
        Ok(buffer(take_2b(buf, N)?))
    }
}

impl Param for HashAlg {
    /// TPMI_ALG_HASH: TPM_RC_HASH for everything else, TPM_ALG_NULL included.
    fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
        Self::from_alg(alg(buf, Rc::HASH)?).ok_or(Rc::HASH)
    }
}

impl Param for Option<HashAlg> {
    /// TPMI_ALG_HASH+: TPM_ALG_NULL is `None`.
    fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
        match alg(buf, Rc::HASH)? {
            TpmAlgId::Null => Ok(None),
            other => HashAlg::from_alg(other).map(Some).ok_or(Rc::HASH),
        }
    }
}

/// Fewest bytes of a PCR selection (PCR_SELECT_MIN, part 2): 24 PCRs.
pub const PCR_SELECT_MIN: usize = 3;

impl Param for PcrSelection {
    /// TPMS_PCR_SELECTION: TPM_RC_HASH for the bank, TPM_RC_VALUE for a bitmap that is not of three bytes.
    fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
        let hash = HashAlg::read(buf)?;
        if usize::from(u8::read(buf)?) != PCR_SELECT_MIN {
            return Err(Rc::VALUE);
        }
        let map = take(buf, PCR_SELECT_MIN)?;
        Ok(Self { hash, pcrs: u32::from_le_bytes([map[0], map[1], map[2], 0]) })
    }
}

/// TPML_PCR_SELECTION: TPM_RC_SIZE for more selections than there are hash algorithms.
pub fn pcr_selections(buf: &mut &[u8]) -> Result<Vec<PcrSelection>, Rc> {
    list(buf, HashAlg::ALL.len())
}

/// Reads a list of at most `max` items (any TPML): TPM_RC_SIZE when it says more.
pub fn list<T: Param>(buf: &mut &[u8], max: usize) -> Result<Vec<T>, Rc> {
    let count = u32::read(buf)? as usize;
    if count > max {
        return Err(Rc::SIZE);
    }
    (0..count).map(|_| T::read(buf)).collect()
}

impl Param for TpmtHa {
    /// TPMT_HA without TPM_ALG_NULL.
    fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
        let hash = HashAlg::read(buf)?;
        let digest = buffer(take(buf, hash.size())?);
        Ok(Self { hash_alg: hash.alg(), digest: TpmuHa::Digest(digest) })
    }
}

impl Param for TpmsEccPoint {
    fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
        Ok(Self { x: Param::read(buf)?, y: Param::read(buf)? })
    }
}

impl Param for TpmtSignature {
    /// TPM_RC_SCHEME for an unknown algorithm or TPM_ALG_NULL.
    fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
        let sig_alg = alg(buf, Rc::SCHEME)?;
        let signature = match sig_alg {
            TpmAlgId::Rsassa => TpmuSignature::Rsassa(rsa_signature(buf)?),
            TpmAlgId::Rsapss => TpmuSignature::Rsapss(rsa_signature(buf)?),
            TpmAlgId::Ecdsa => TpmuSignature::Ecdsa(ecc_signature(buf)?),
            TpmAlgId::Ecdaa => TpmuSignature::Ecdaa(ecc_signature(buf)?),
            TpmAlgId::Ecschnorr => TpmuSignature::Ecschnorr(ecc_signature(buf)?),
            TpmAlgId::Hmac => TpmuSignature::Hmac(TpmtHa::read(buf)?),
            _ => return Err(Rc::SCHEME),
        };
        Ok(Self { sig_alg, signature })
    }
}

fn rsa_signature(buf: &mut &[u8]) -> Result<TpmsSignatureRsa, Rc> {
    Ok(TpmsSignatureRsa { hash: HashAlg::read(buf)?.alg(), sig: Param::read(buf)? })
}

fn ecc_signature(buf: &mut &[u8]) -> Result<TpmsSignatureEcc, Rc> {
    Ok(TpmsSignatureEcc {
        hash: HashAlg::read(buf)?.alg(),
        signature_r: Param::read(buf)?,
        signature_s: Param::read(buf)?,
    })
}

/// TPMI_RH_HIERARCHY+: owner, platform, endorsement or null; anything else is TPM_RC_VALUE.
pub fn hierarchy(buf: &mut &[u8]) -> Result<TpmRh, Rc> {
    match TpmRh::try_from(u32::read(buf)?) {
        Ok(rh @ (TpmRh::Owner | TpmRh::Platform | TpmRh::Endorsement | TpmRh::Null)) => Ok(rh),
        _ => Err(Rc::VALUE),
    }
}

fn ticket(buf: &mut &[u8], tags: &[TpmSt]) -> Result<(TpmSt, TpmRh, Tpm2bDigest), Rc> {
    let tag = TpmSt::try_from(u16::read(buf)?).map_err(|_| Rc::TAG)?;
    if !tags.contains(&tag) {
        return Err(Rc::TAG);
    }
    Ok((tag, hierarchy(buf)?, Param::read(buf)?))
}

macro_rules! tickets {
    ($($ticket:ident: $($tag:ident)|+;)*) => { $(
        impl Param for $ticket {
            /// TPM_RC_TAG for another ticket's tag, TPM_RC_VALUE for a hierarchy that is none.
            fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
                let (tag, hierarchy, digest) = ticket(buf, &[$(TpmSt::$tag),+])?;
                Ok(Self { tag, hierarchy, digest })
            }
        }
    )* };
}
tickets! {
    TpmtTkCreation: Creation;
    TpmtTkVerified: Verified;
    TpmtTkAuth: AuthSecret | AuthSigned;
    TpmtTkHashcheck: HashCheck;
}

impl Param for TpmUint32 {
    fn read(buf: &mut &[u8]) -> Result<Self, Rc> {
        Ok(u32::read(buf)?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_carry_the_number_of_their_parameter() {
        let mut params = Params::new(vec![0, 1, 7, 2]);
        assert_eq!(params.read::<u16>(), Ok(1));
        assert_eq!(params.read::<u8>(), Ok(7));
        assert_eq!(params.finish(), Err(Rc::SIZE));
        assert_eq!(params.read::<bool>(), Err(Rc::VALUE.param(3)));
        let mut short = Params::new(vec![0, 9, 1]);
        assert_eq!(short.read::<Tpm2bDigest>().unwrap_err(), Rc::INSUFFICIENT.param(1));
        let mut long = Params::new(vec![0, 65]);
        assert_eq!(long.read::<Tpm2bDigest>().unwrap_err(), Rc::SIZE.param(1));
    }

    #[test]
    fn a_structure_must_fill_its_buffer() {
        let point = [0, 6, 0, 1, 5, 0, 1, 6];
        assert!(sized::<TpmsEccPoint>(&mut &point[..]).is_ok());
        let mut wrong = point;
        wrong[1] = 5;
        assert_eq!(sized::<TpmsEccPoint>(&mut &wrong[..]).unwrap_err(), Rc::SIZE);
        assert_eq!(sized::<TpmsEccPoint>(&mut &[0, 0][..]).unwrap_err(), Rc::SIZE);
    }
}
