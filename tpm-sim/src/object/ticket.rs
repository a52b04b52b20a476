//! Tickets: the TPM's proof to itself that it has seen something (part 2, section 10.7). A ticket is an HMAC with the proof
//! of a hierarchy, so it ends with the hierarchy's proof.

use crate::Tpm;
use crate::crypto::hmac;
use crate::params::{Out, put_2b};
use crate::state::limits::CONTEXT_HASH;
use tpm2_protocol::data::{TpmAlgId, TpmRh, TpmSt};

fn digest(tpm: &Tpm, hierarchy: TpmRh, tag: TpmSt, parts: &[&[u8]]) -> Vec<u8> {
    let mut message = tag.value().to_be_bytes().to_vec();
    for part in parts {
        put_2b(&mut message, part);
    }
    hmac(CONTEXT_HASH, tpm.state.hierarchies.proof(hierarchy), &[&message])
}

/// Digest of the ticket that says: this TPM made the object of this Name, with creation data of this digest.
pub fn creation(tpm: &Tpm, hierarchy: TpmRh, name: &[u8], creation_hash: &[u8]) -> Vec<u8> {
    digest(tpm, hierarchy, TpmSt::Creation, &[name, creation_hash])
}

/// Digest of the ticket that says: the signature over `message_digest` by the key of this Name is good.
pub fn verified(tpm: &Tpm, hierarchy: TpmRh, message_digest: &[u8], key_name: &[u8]) -> Vec<u8> {
    digest(tpm, hierarchy, TpmSt::Verified, &[message_digest, key_name])
}

/// Digest of the ticket that says: the TPM itself hashed a message with this digest, and it does not begin with
/// TPM_GENERATED_VALUE.
pub fn hashcheck(tpm: &Tpm, hierarchy: TpmRh, alg: TpmAlgId, message_digest: &[u8]) -> Vec<u8> {
    digest(tpm, hierarchy, TpmSt::HashCheck, &[&alg.value().to_be_bytes(), message_digest])
}

/// What a policy ticket (PolicySigned, PolicySecret) stands for.
#[derive(Debug, Clone, Copy)]
pub struct Authorization<'a> {
    /// TPM_ST_AUTH_SIGNED or TPM_ST_AUTH_SECRET.
    pub tag: TpmSt,
    /// The contents of TPM2B_TIMEOUT.
    pub timeout: &'a [u8],
    /// cpHashA.
    pub cp_hash: &'a [u8],
    /// policyRef.
    pub policy_ref: &'a [u8],
    /// Name of the authorising entity.
    pub name: &'a [u8],
}

/// Digest of the ticket of an authorisation.
pub fn auth(tpm: &Tpm, hierarchy: TpmRh, of: Authorization) -> Vec<u8> {
    digest(tpm, hierarchy, of.tag, &[of.timeout, of.cp_hash, of.policy_ref, of.name])
}

/// Appends a ticket to a response. With an empty digest (or the null hierarchy where no ticket is meant) pass
/// [`TpmRh::Null`] and `&[]`.
pub fn put(out: &mut Out, tag: TpmSt, hierarchy: TpmRh, digest: &[u8]) {
    out.put(&tag);
    out.put(&hierarchy);
    out.put_2b(digest);
}
