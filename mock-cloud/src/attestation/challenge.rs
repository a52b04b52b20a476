//! The first request: whose TPM that is, and a credential that it alone opens.

use oobe_catalog::codes;
use oobe_wire::attestation::{ChallengeReply, ChallengeRequest, PcrHash, PcrSelection};
use oobe_wire::bcrypt::encode_public;
use oobe_wire::ids::Guid;
use oobe_wire::tpm::{EkCertificate, PublicArea, TpmIdentity, VendorCertificateError, make_credential};

use super::refusal::Refusal;
use super::store::Challenge;
use super::{ask, read};
use crate::autopilot::{Found, look_up, ticket_known};
use crate::checks;
use crate::http::Call;
use crate::journal::Service;
use crate::state::State;

/// What is quoted (MOD-018): firmware and boot manager (0 to 7), and what Windows measures of itself (11, 12, 14).
const QUOTED: [u8; 11] = [0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 14];

/// The selection of every quote.
pub(super) fn selection() -> PcrSelection {
    PcrSelection { bank: PcrHash::Sha256, pcrs: QUOTED.to_vec() }
}

/// `POST /aik/v1/challenge`.
pub(super) fn challenge(state: &mut State, call: &Call<'_>) -> Result<ChallengeReply, Refusal> {
    let request: ChallengeRequest = read(state, call, |r: &ChallengeRequest| r.version)?;
    let (tenant, registration) = registered(state, &request)?;
    let endorsement_key = endorsement_key(state, &request)?;
    let tpm = certificate(state, &request, &endorsement_key)?;
    same_tpm(state, registration, &endorsement_key)?;
    firmware(state, &request, &tpm)?;
    let aik = PublicArea::parse(&request.aik_public).map_err(|e| e.to_string()).and_then(|area| {
        if area.attributes.attestation_key() {
            Ok(area)
        } else {
            Err(format!("the key is none that attests: {:?}", area.attributes))
        }
    });
    let aik = ask::proof(state, checks::ATTEST_AIK_ATTRIBUTES, aik)?;

    let mut stream = state.draw("attestation-challenge", &registration.to_string());
    let (request_id, secret, nonce) = (stream.guid(), stream.bytes(), stream.bytes());
    let credential = make_credential(&endorsement_key, aik.name(), &secret, &mut stream);
    // Told above when it held: what is left to fail is a key that nothing can be encrypted for.
    let credential = ask::part(state, checks::ATTEST_EK_PUBLIC, credential)?;
    let now = state.now;
    state.attestation.tidy(now);
    let challenge = Challenge {
        tenant,
        registration,
        aik_public: request.aik_public,
        tpm,
        secret,
        nonce,
        issued: now,
        used: false,
    };
    state.attestation.challenges.insert(request_id, challenge);
    state.journal.tell(Service::Attestation, "attestation-challenge-issued", registration.to_string());
    Ok(ChallengeReply {
        request_id,
        credential_blob: credential.blob,
        encrypted_secret: credential.encrypted_secret,
        nonce: nonce.to_vec(),
        pcr_selection: selection(),
        server_time: now.to_rfc3339(),
    })
}

/// The registration: the one that the device names, and the one that its hardware leads to. Tenant and id.
fn registered(state: &mut State, request: &ChallengeRequest) -> Result<(Guid, Guid), Refusal> {
    let hardware = ticket_known(state, &request.device_ticket);
    let hardware = ask::proof(state, checks::ATTEST_DEVICE_TICKET, hardware)?;
    let named = request.ztd_registration_id;
    let found = match look_up(state, &hardware) {
        Found::Device { tenant, registration, .. } if registration == named => Ok((tenant, registration)),
        Found::Device { .. } => Err("the hardware is registered under another id"),
        Found::SerialNumberMismatch { .. } => Err("the serial number is not the registered one"),
        Found::Nothing => Err("no tenant has registered this hardware"),
    };
    ask::proof(state, checks::ATTEST_REGISTERED, found)
}

/// The endorsement key as the TPM shows it.
fn endorsement_key(state: &mut State, request: &ChallengeRequest) -> Result<PublicArea, Refusal> {
    let area = PublicArea::parse(&request.ek_public).map_err(|e| e.to_string()).and_then(|area| {
        if area.attributes.storage_key() && area.symmetric.is_some() {
            Ok(area)
        } else {
            Err(format!("the key is no endorsement key: {:?}", area.attributes))
        }
    });
    ask::proof(state, checks::ATTEST_EK_PUBLIC, area)
}

/// The certificate: readable, a trusted vendor's, valid now, about that key.
fn certificate(
    state: &mut State,
    request: &ChallengeRequest,
    key: &PublicArea,
) -> Result<TpmIdentity, Refusal> {
    let certificate = request
        .ek_certificate
        .as_deref()
        .ok_or_else(|| "the TPM has no endorsement key certificate".to_owned())
        .and_then(|der| EkCertificate::parse(der).map_err(|e| e.to_string()));
    let certificate = ask::proof(state, checks::ATTEST_EK_CERTIFICATE, certificate)?;
    let known = &state.attestation.intermediates;
    let intermediates: Vec<&[u8]> = request.ek_chain.iter().chain(known).map(Vec::as_slice).collect();
    let roots: Vec<&[u8]> = state.attestation.roots.iter().map(Vec::as_slice).collect();
    let (chain, validity) = match certificate.verify(&intermediates, &roots, state.now) {
        Ok(()) => (Ok(()), Ok(())),
        Err(VendorCertificateError::Validity(error)) => (Ok(()), Err(error)),
        Err(VendorCertificateError::Chain(error)) => (Err(error), Ok(())),
    };
    ask::proof(state, checks::ATTEST_EK_CHAIN, chain)?;
    ask::proof(state, checks::ATTEST_EK_VALIDITY, validity)?;
    ask::hold(state, checks::ATTEST_EK_KEY, certificate.certificate.public_key == key.key, || {
        "the certificate is about another endorsement key than the one shown".into()
    })?;
    Ok(certificate.identity)
}

/// Whether the TPM is the one in the registered hardware hash (record 25).
fn same_tpm(state: &mut State, registration: Guid, key: &PublicArea) -> Result<(), Refusal> {
    let registered = state
        .tenants
        .iter()
        .flat_map(|t| &t.registrations)
        .find(|r| r.id == registration)
        .and_then(|r| r.hardware.tpm_ek_pub.as_deref());
    let same = match registered {
        None => Err("the registered hardware hash has no endorsement key"),
        Some(blob) if blob == encode_public(&key.key) => Ok(()),
        Some(_) => Err("the registered hardware hash has another endorsement key"),
    };
    ask::proof(state, checks::ATTEST_EK_REGISTERED, same)
}

/// Whether the firmware is free of known vulnerabilities, by what the TPM says it is; the vendor is the certificate's.
fn firmware(state: &mut State, request: &ChallengeRequest, tpm: &TpmIdentity) -> Result<(), Refusal> {
    let version = &request.tpm.firmware;
    let listed = state.attestation.vulnerability(&tpm.manufacturer, version).map(|entry| {
        let until = if entry.fixed_in.is_empty() { "there is no mended one" } else { &entry.fixed_in };
        format!("{} firmware {version} has known vulnerabilities; mended in: {until}", tpm.manufacturer)
    });
    ask::proof(state, checks::ATTEST_FIRMWARE_VULNERABLE, listed.map_or(Ok(()), Err))
        .map_err(|refusal| refusal.coded(codes::AUTOPILOT_TPM_VULNERABLE_FIRMWARE))
}
