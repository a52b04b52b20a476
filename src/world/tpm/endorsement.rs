//! The endorsement key: its certificate in NV memory, and the one thing it does.

use oobe_agent::keys::KeyName;
use oobe_agent::tpm::{Blob, TpmError, TpmReply};
use oobe_wire::crypto::KeyKind;
use oobe_wire::rng::Stream;
use oobe_wire::secret::Secret;
use tpm_sim::manufacture::EkTemplate;
use tpm2_protocol::basic::{TpmHandle, TpmInt32, TpmUint16};
use tpm2_protocol::data::{
    Tpm2bDigest, Tpm2bEncryptedSecret, Tpm2bIdObject, Tpm2bNonce, TpmAlgId, TpmRh, TpmSe, TpmaNv,
    TpmsAuthCommand, TpmtSymDefObject,
};
use tpm2_protocol::frame::{
    TpmActivateCredentialCommand, TpmActivateCredentialResponse, TpmNvReadCommand, TpmNvReadPublicCommand,
    TpmNvReadPublicResponse, TpmNvReadResponse, TpmPolicySecretCommand, TpmPolicySecretResponse,
    TpmStartAuthSessionCommand, TpmStartAuthSessionResponse,
};

use super::container::{Containers, public_key};
use super::conversation::{Conversation, bytes_of, password, permanent, policy, sized, whole};
use super::primary;

/// Where the CA's certificates lie (EK Credential Profile 2.5, 2.2.1.4).
const CHAIN: std::ops::RangeInclusive<u32> = 0x01c0_0100..=0x01c0_01ff;
/// So much of an index is read at once: the least TPM_PT_NV_BUFFER_MAX that is about.
const CHUNK: u16 = 512;

/// The endorsement keys of a kind, the one to take at the front: low range, high range (EK Credential Profile 2.5, 2.2.1.4
/// and 2.2.1.5). RSA 3072 and P-384 are of neither kind (SDM-028).
const fn templates(kind: KeyKind) -> [EkTemplate; 2] {
    match kind {
        KeyKind::Rsa2048 => [EkTemplate::L1, EkTemplate::H1],
        KeyKind::P256 => [EkTemplate::L2, EkTemplate::H2],
    }
}

/// The template whose certificate lies in NV memory, with what NV says of it; that of the low range when none does.
fn choose(
    tpm: &mut Conversation<'_>,
    kind: KeyKind,
) -> Result<(EkTemplate, Option<TpmNvReadPublicResponse>), TpmError> {
    for template in templates(kind) {
        let look = TpmNvReadPublicCommand { handles: [TpmHandle::new(template.certificate_index())] };
        match tpm.run::<_, TpmNvReadPublicResponse>(&look, &[]) {
            Ok(index) if index.nv_public.inner.attributes.contains(TpmaNv::WRITTEN) => {
                return Ok((template, Some(index)));
            }
            Ok(_) | Err(TpmError::Code(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok((templates(kind)[0], None))
}

/// Reads the certificate, and makes the key.
pub(super) fn read_certificate(tpm: &mut Conversation<'_>, kind: KeyKind) -> Result<TpmReply, TpmError> {
    let (template, index) = choose(tpm, kind)?;
    let (certificate, chain) = match index {
        None => (None, Vec::new()),
        Some(index) => {
            let content = read_index(tpm, template.certificate_index(), &index)?;
            (certificates(&content).next().map(Blob), read_chain(tpm)?)
        }
    };
    let key = primary::endorsement_key(tpm, template)?;
    Ok(TpmReply::EkCertificate {
        certificate,
        chain,
        key: public_key(&key.public)?,
        public_area: Blob(bytes_of(&key.public)),
    })
}

/// The certificates of the CA that the maker put into NV memory: one after the other, in as many indexes as it takes.
fn read_chain(tpm: &mut Conversation<'_>) -> Result<Vec<Blob>, TpmError> {
    let mut content = Vec::new();
    for index in CHAIN {
        let look = TpmNvReadPublicCommand { handles: [TpmHandle::new(index)] };
        match tpm.run::<_, TpmNvReadPublicResponse>(&look, &[]) {
            Ok(found) => content.extend(read_index(tpm, index, &found)?),
            Err(TpmError::Code(_)) => break,
            Err(other) => return Err(other),
        }
    }
    Ok(certificates(&content).map(Blob).collect())
}

fn read_index(
    tpm: &mut Conversation<'_>,
    index: u32,
    public: &TpmNvReadPublicResponse,
) -> Result<Vec<u8>, TpmError> {
    let public = &public.nv_public.inner;
    let handle = TpmHandle::new(index);
    // By its own empty authorisation, which everybody has; the owner's where the maker wants that.
    let by_itself = public.attributes.contains(TpmaNv::AUTHREAD);
    let authority = if by_itself { handle } else { permanent(TpmRh::Owner) };
    let size = public.data_size.value();
    let mut content = Vec::with_capacity(usize::from(size));
    let mut offset = 0;
    while offset < size {
        let part = CHUNK.min(size - offset);
        let read = TpmNvReadCommand {
            handles: [authority, handle],
            size: TpmUint16::new(part),
            offset: TpmUint16::new(offset),
        };
        let answer: TpmNvReadResponse = tpm.run(&read, &[password()])?;
        content.extend_from_slice(&answer.data);
        offset += part;
    }
    Ok(content)
}

/// The DER sequences in what an index holds. Some makers give it more room than they need, and fill that up.
fn certificates(mut content: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    std::iter::from_fn(move || {
        let length = match content {
            [0x30, short @ 0..=0x7f, ..] => 2 + usize::from(*short),
            [0x30, 0x81, one, ..] => 3 + usize::from(*one),
            [0x30, 0x82, high, low, ..] => 4 + usize::from(u16::from_be_bytes([*high, *low])),
            _ => return None,
        };
        let (certificate, rest) = content.split_at_checked(length)?;
        content = rest;
        Some(certificate.to_vec())
    })
}

/// Opens a credential. The key is used under its policy: a session that TPM2_PolicySecret shows the endorsement
/// hierarchy's authorisation to. Keys of the high range take their own, empty, authorisation too (EK Credential Profile
/// 2.5, B.3.2: userWithAuth is set).
pub(super) fn activate(
    tpm: &mut Conversation<'_>,
    containers: &Containers,
    random: &mut Stream,
    (aik, kind): (&KeyName, KeyKind),
    credential_blob: &[u8],
    encrypted_secret: &[u8],
) -> Result<TpmReply, TpmError> {
    let credential_blob: Tpm2bIdObject = whole(credential_blob)?;
    let secret: Tpm2bEncryptedSecret = whole(encrypted_secret)?;
    let (template, _) = choose(tpm, kind)?;
    let aik = containers.load(tpm, aik)?;
    let key = primary::endorsement_key(tpm, template)?;
    let low_range = matches!(template, EkTemplate::L1 | EkTemplate::L2);
    let session = if low_range { Some(endorsement_policy(tpm, random)?) } else { None };
    let activate =
        TpmActivateCredentialCommand { handles: [aik.handle, key.handle], credential_blob, secret };
    let authority: TpmsAuthCommand = session.map_or_else(password, policy);
    let opened: TpmActivateCredentialResponse = tpm.run(&activate, &[password(), authority])?;
    if let Some(session) = session {
        tpm.gone(session);
    }
    Ok(TpmReply::Activated { secret: Secret::new(opened.cert_info.to_vec()) })
}

/// A policy session with PolicyA of the profile: PolicySecret(TPM_RH_ENDORSEMENT).
fn endorsement_policy(tpm: &mut Conversation<'_>, random: &mut Stream) -> Result<TpmHandle, TpmError> {
    let nonce: [u8; 32] = random.bytes();
    let null = permanent(TpmRh::Null);
    let start = TpmStartAuthSessionCommand {
        handles: [null, null],
        nonce_caller: sized::<Tpm2bNonce>(&nonce)?,
        encrypted_salt: Tpm2bEncryptedSecret::new(),
        session_type: TpmSe::Policy,
        symmetric: TpmtSymDefObject::default(),
        auth_hash: TpmAlgId::Sha256,
    };
    let started: TpmStartAuthSessionResponse = tpm.run(&start, &[])?;
    let session = tpm.opened(started.handles[0]);
    let secret = TpmPolicySecretCommand {
        handles: [permanent(TpmRh::Endorsement), session],
        nonce_tpm: Tpm2bNonce::new(),
        cp_hash_a: Tpm2bDigest::new(),
        policy_ref: Tpm2bNonce::new(),
        expiration: TpmInt32::new(0),
    };
    tpm.run::<_, TpmPolicySecretResponse>(&secret, &[password()])?;
    Ok(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_behind_a_certificate_is_left_out() {
        let long = [vec![0x30, 0x82, 1, 0], vec![7; 256]].concat();
        let read = |content: &[u8]| certificates(content).map(|c| c.len()).collect::<Vec<_>>();
        assert_eq!(read(&[&long[..], &[0xff; 40]].concat()), [260]);
        assert_eq!(read(&[&long[..], &[0x30, 1, 5], &[0x30, 0x81, 2, 1, 1]].concat()), [260, 3, 5]);
        assert_eq!(read(&[0x30, 0x82, 0xff]), [0; 0]);
        assert_eq!(read(&[0x30, 0x82, 1, 0, 7]), [0; 0]);
        assert_eq!(read(&[]), [0; 0]);
    }
}
