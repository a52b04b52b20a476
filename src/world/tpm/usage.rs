//! Making keys and using them.

use oobe_agent::keys::{KeyName, SignatureForm};
use oobe_agent::tpm::{Blob, KeyPurpose, TpmError, TpmReply};
use oobe_wire::crypto::{KeyKind, PublicKey, sha256};
use oobe_wire::secret::Secret;
use tpm2_protocol::data::{
    Tpm2bAuth, Tpm2bData, Tpm2bDigest, Tpm2bEccParameter, Tpm2bEccPoint, Tpm2bMaxBuffer, Tpm2bPublicKeyRsa,
    TpmAlgId, TpmRh, TpmSt, TpmsEccPoint, TpmsSchemeHash, TpmtRsaDecrypt, TpmtSigScheme, TpmtTkHashcheck,
    TpmuAsymScheme, TpmuSigScheme,
};
use tpm2_protocol::frame::{
    TpmEcdhZGenCommand, TpmEcdhZGenResponse, TpmHashCommand, TpmHashResponse, TpmHashSequenceStartCommand,
    TpmHashSequenceStartResponse, TpmRsaDecryptCommand, TpmRsaDecryptResponse, TpmSequenceCompleteCommand,
    TpmSequenceCompleteResponse, TpmSequenceUpdateCommand, TpmSequenceUpdateResponse, TpmSignCommand,
    TpmSignResponse,
};

use super::container::{Containers, coordinate, public_key};
use super::conversation::{Conversation, bytes_of, garbled, password, sized};
use super::{signature, template};

/// So much goes into one command (TPM2B_MAX_BUFFER).
const BUFFER: usize = 1024;

/// Makes an attestation key.
pub(super) fn create_aik(
    tpm: &mut Conversation<'_>,
    containers: &mut Containers,
    aik: &KeyName,
    kind: KeyKind,
) -> Result<TpmReply, TpmError> {
    let public = containers.create(tpm, aik, kind, template::attestation_key(kind))?;
    Ok(TpmReply::Aik { key: public_key(&public)?, public_area: Blob(bytes_of(&public)) })
}

/// Makes a key of the device.
pub(super) fn create_key(
    tpm: &mut Conversation<'_>,
    containers: &mut Containers,
    key: &KeyName,
    (kind, purpose): (KeyKind, KeyPurpose),
) -> Result<TpmReply, TpmError> {
    let public = containers.create(tpm, key, kind, template::device_key(kind, purpose))?;
    Ok(TpmReply::Key { key: public_key(&public)?, public_area: Blob(bytes_of(&public)) })
}

/// Tells the public part.
pub(super) fn public(containers: &Containers, key: &KeyName) -> Result<TpmReply, TpmError> {
    let public = containers.public(key)?;
    Ok(TpmReply::Key { key: public_key(&public)?, public_area: Blob(bytes_of(&public)) })
}

/// Signs a message.
pub(super) fn sign(
    tpm: &mut Conversation<'_>,
    containers: &Containers,
    key: &KeyName,
    message: &[u8],
    form: SignatureForm,
) -> Result<TpmReply, TpmError> {
    let key = containers.load(tpm, key)?;
    // A restricted key signs what the TPM has hashed itself, and has a ticket for; any other takes a hash.
    let (digest, validation) =
        if key.restricted { hash_inside(tpm, message)? } else { (sized(&sha256(message))?, no_ticket()) };
    let scheme = match key.kind {
        KeyKind::Rsa2048 => TpmAlgId::Rsassa,
        KeyKind::P256 => TpmAlgId::Ecdsa,
    };
    let hash = TpmsSchemeHash { hash_alg: TpmAlgId::Sha256 };
    let sign = TpmSignCommand {
        handles: [key.handle],
        digest,
        in_scheme: TpmtSigScheme { scheme, details: TpmuSigScheme::Hash(hash) },
        validation,
    };
    let signed: TpmSignResponse = tpm.run(&sign, &[password()])?;
    Ok(TpmReply::Signature { bytes: Blob(signature::in_form(&signed.signature, form)?) })
}

fn no_ticket() -> TpmtTkHashcheck {
    TpmtTkHashcheck { tag: TpmSt::HashCheck, hierarchy: TpmRh::Null, digest: Tpm2bDigest::new() }
}

/// Hashes in the TPM: in one command, or in a sequence when there is more than fits.
fn hash_inside(
    tpm: &mut Conversation<'_>,
    message: &[u8],
) -> Result<(Tpm2bDigest, TpmtTkHashcheck), TpmError> {
    if message.len() <= BUFFER {
        let hash = TpmHashCommand {
            handles: [],
            data: sized::<Tpm2bMaxBuffer>(message)?,
            hash_alg: TpmAlgId::Sha256,
            hierarchy: TpmRh::Owner,
        };
        let hashed: TpmHashResponse = tpm.run(&hash, &[])?;
        return Ok((hashed.out_hash, hashed.validation));
    }
    let start =
        TpmHashSequenceStartCommand { handles: [], auth: Tpm2bAuth::new(), hash_alg: TpmAlgId::Sha256 };
    let started: TpmHashSequenceStartResponse = tpm.run(&start, &[])?;
    let sequence = tpm.opened(started.handles[0]);
    for part in message.chunks(BUFFER) {
        let update = TpmSequenceUpdateCommand { handles: [sequence], buffer: sized::<Tpm2bMaxBuffer>(part)? };
        tpm.run::<_, TpmSequenceUpdateResponse>(&update, &[password()])?;
    }
    let complete = TpmSequenceCompleteCommand {
        handles: [sequence],
        buffer: Tpm2bMaxBuffer::new(),
        hierarchy: TpmRh::Owner,
    };
    let hashed: TpmSequenceCompleteResponse = tpm.run(&complete, &[password()])?;
    tpm.gone(sequence);
    Ok((hashed.result, hashed.validation))
}

/// Decrypts a block: OAEP with SHA-1 (reference: protocols, A.4).
pub(super) fn decrypt(
    tpm: &mut Conversation<'_>,
    containers: &Containers,
    key: &KeyName,
    block: &[u8],
) -> Result<TpmReply, TpmError> {
    let cipher_text = sized::<Tpm2bPublicKeyRsa>(block)?;
    let key = containers.load(tpm, key)?;
    let hash = TpmsSchemeHash { hash_alg: TpmAlgId::Sha1 };
    let decrypt = TpmRsaDecryptCommand {
        handles: [key.handle],
        cipher_text,
        in_scheme: TpmtRsaDecrypt { scheme: TpmAlgId::Oaep, details: TpmuAsymScheme::Hash(hash) },
        label: Tpm2bData::new(),
    };
    let plain: TpmRsaDecryptResponse = tpm.run(&decrypt, &[password()])?;
    Ok(TpmReply::Plain { bytes: Secret::new(plain.message.to_vec()) })
}

/// Agrees on a secret with the sender of a one-time key.
pub(super) fn ecdh(
    tpm: &mut Conversation<'_>,
    containers: &Containers,
    key: &KeyName,
    ephemeral: &PublicKey,
) -> Result<TpmReply, TpmError> {
    /// TPM_RC_CURVE, of the second parameter's place in the command: what the TPM says of a point that isn't one.
    const CURVE: TpmError = TpmError::Code(0xa6);
    let PublicKey::P256 { x, y, .. } = ephemeral else { return Err(CURVE) };
    let key = containers.load(tpm, key)?;
    let point = TpmsEccPoint { x: sized::<Tpm2bEccParameter>(x)?, y: sized::<Tpm2bEccParameter>(y)? };
    let agree = TpmEcdhZGenCommand { handles: [key.handle], in_point: Tpm2bEccPoint { inner: point } };
    let agreed: TpmEcdhZGenResponse = tpm.run(&agree, &[password()])?;
    let shared =
        coordinate(&agreed.out_point.inner.x).ok_or_else(|| garbled("a point that is none of P-256"))?;
    Ok(TpmReply::Plain { bytes: Secret::new(shared.to_vec()) })
}
