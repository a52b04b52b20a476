//! Attestation (part 3, chapter 18).

use crate::Tpm;
use crate::attest::{self, Signer};
use crate::command::Call;
use crate::crypto::equal;
use crate::object::{Scheme, ticket};
use crate::params::{pcr_selections, put, put_2b};
use crate::rc::Rc;
use crate::state::pcr::selections_to_wire;
use tpm2_protocol::data::{Tpm2bData, Tpm2bDigest, TpmSt, TpmtTkCreation};

/// qualifyingData and inScheme, the parameters of most of these commands.
fn read_request(call: &mut Call) -> Result<(Vec<u8>, Scheme), Rc> {
    let qualifying: Tpm2bData = call.params.read()?;
    let asked = call.params.read_with(Scheme::read_signing)?;
    Ok((qualifying.to_vec(), asked))
}

/// TPM2_Certify: an object with its Name and Qualified Name is loaded in this TPM.
pub fn certify(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let (qualifying, asked) = read_request(call)?;
    call.params.finish()?;
    let object = tpm.object(call.handles[0]).map_err(|rc| rc.handle(1))?;
    let signer = Signer::new(tpm, (call.handles[1], 2), (asked, 2))?;
    let mut attested = Vec::new();
    put_2b(&mut attested, &object.name);
    // The place in the hierarchy could be used to link anonymous signatures.
    put_2b(&mut attested, if signer.is_anonymous() { &[] } else { &object.qualified_name });
    attest::answer(tpm, call, &signer, &qualifying, TpmSt::AttestCertify, &attested)
}

/// TPM2_CertifyCreation: the TPM created the object, with these creation data.
pub fn certify_creation(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let qualifying: Tpm2bData = call.params.read()?;
    let creation_hash: Tpm2bDigest = call.params.read()?;
    let asked = call.params.read_with(Scheme::read_signing)?;
    let given: TpmtTkCreation = call.params.read()?;
    call.params.finish()?;
    let object = tpm.object(call.handles[1]).map_err(|rc| rc.handle(2))?;
    let signer = Signer::new(tpm, (call.handles[0], 1), (asked, 3))?;
    if !equal(&ticket::creation(tpm, given.hierarchy, &object.name, &creation_hash), &given.digest) {
        return Err(Rc::TICKET.param(4));
    }
    let mut attested = Vec::new();
    put_2b(&mut attested, &object.name);
    put_2b(&mut attested, &creation_hash);
    attest::answer(tpm, call, &signer, &qualifying, TpmSt::AttestCreation, &attested)
}

/// TPM2_Quote: PCR values, as a digest in the hash of the signature's scheme.
pub fn quote(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let (qualifying, asked) = read_request(call)?;
    let selections = call.params.read_with(pcr_selections)?;
    call.params.finish()?;
    let signer = Signer::new(tpm, (call.handles[0], 1), (asked, 2))?;
    // Without a scheme there is no hash for the digest, with TPM_RH_NULL no scheme.
    let hash = signer.scheme.hash.ok_or(Rc::SCHEME.param(2))?;
    let selections = tpm.state.pcr.filter(&selections);
    let mut attested = selections_to_wire(&selections);
    put_2b(&mut attested, &tpm.state.pcr.digest(hash, &selections));
    attest::answer(tpm, call, &signer, &qualifying, TpmSt::AttestQuote, &attested)
}

/// TPM2_GetSessionAuditDigest: the commands that a session has audited.
pub fn get_session_audit_digest(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let (qualifying, asked) = read_request(call)?;
    call.params.finish()?;
    let handle = call.handles[2];
    let session = tpm.state.sessions.get(handle).ok_or(Rc::TYPE.handle(3))?;
    let digest = session.audit_digest.clone().ok_or(Rc::TYPE.handle(3))?;
    let signer = Signer::new(tpm, (call.handles[1], 2), (asked, 2))?;
    let mut attested = vec![u8::from(tpm.state.sessions.exclusive == Some(handle))];
    put_2b(&mut attested, &digest);
    attest::answer(tpm, call, &signer, &qualifying, TpmSt::AttestSessionAudit, &attested)
}

/// TPM2_GetCommandAuditDigest: the audited commands since the digest was last signed, and which commands are audited.
pub fn get_command_audit_digest(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let (qualifying, asked) = read_request(call)?;
    call.params.finish()?;
    let signer = Signer::new(tpm, (call.handles[1], 2), (asked, 2))?;
    let audit = &tpm.state.audit;
    let codes: Vec<u8> = audit.commands.iter().flat_map(|code| code.to_be_bytes()).collect();
    let mut attested = audit.counter.to_be_bytes().to_vec();
    put(&mut attested, &audit.alg.alg());
    put_2b(&mut attested, &audit.digest);
    put_2b(&mut attested, &audit.alg.digest(&[&codes]));
    attest::answer(tpm, call, &signer, &qualifying, TpmSt::AttestCommandAudit, &attested)?;
    if signer.is_key() {
        tpm.state.audit.digest.clear();
    }
    Ok(())
}

/// TPM2_GetTime: Time and Clock.
pub fn get_time(tpm: &mut Tpm, call: &mut Call) -> Result<(), Rc> {
    let (qualifying, asked) = read_request(call)?;
    call.params.finish()?;
    let signer = Signer::new(tpm, (call.handles[1], 2), (asked, 2))?;
    let mut attested = Vec::new();
    put(&mut attested, &tpm.state.clock.time_info());
    attested.extend(tpm.firmware_version().to_be_bytes());
    attest::answer(tpm, call, &signer, &qualifying, TpmSt::AttestTime, &attested)
}
