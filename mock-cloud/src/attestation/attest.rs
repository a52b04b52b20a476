//! The second request: the opened credential, the quote, the log; and the certificate that they earn.

use oobe_wire::attestation::{AttestReply, AttestRequest};
use oobe_wire::crypto::sha256;
use oobe_wire::ids::Guid;
use oobe_wire::time::Utc;
use oobe_wire::tpm::event_log::initial;
use oobe_wire::tpm::{Attest, Attested, EventLog, PublicArea, verify_signature};
use oobe_wire::x509::{Extension, Name, Profile, Usage};

use super::challenge::selection;
use super::refusal::Refusal;
use super::store::{CertifiedAik, Challenge, fresh};
use super::{ask, read};
use crate::checks;
use crate::fault::FaultKind;
use crate::http::Call;
use crate::journal::Service;
use crate::proved::Issuer;
use crate::state::State;

/// A certificate lasts so long (MOD-018), and begins a little before it was made: clocks differ (MOD-015).
const CERTIFICATE_DAYS: i64 = 90;
const BACKDATED_SECONDS: i64 = 300;

/// `POST /aik/v1/attest`.
pub(super) fn attest(state: &mut State, call: &Call<'_>) -> Result<AttestReply, Refusal> {
    let request: AttestRequest = read(state, call, |r: &AttestRequest| r.version)?;
    let challenge = challenge(state, request.request_id)?;
    ask::hold(state, checks::ATTEST_SECRET, request.secret == challenge.secret, || {
        "the credential was not opened: the AIK is not in the TPM of that endorsement key".into()
    })?;
    let aik = PublicArea::parse(&challenge.aik_public).map_err(|e| e.to_string());
    // It was read at the challenge.
    let aik = ask::part(state, checks::ATTEST_AIK_ATTRIBUTES, aik)?;
    quote(state, &request, &challenge, &aik)?;
    log(state, &request)?;

    let (certificate, nonce) = certify(state, call, &challenge, &aik);
    let kept = CertifiedAik {
        tenant: challenge.tenant,
        registration: challenge.registration,
        nonce,
        issued: state.now,
        used: false,
    };
    state.attestation.keys.insert(aik.key.thumbprint(), kept);
    let told = format!("{} for {}", challenge.tpm.manufacturer, challenge.registration);
    state.journal.tell(Service::Attestation, "aik-certified", told);
    Ok(AttestReply {
        aik_certificate: certificate,
        chain: vec![state.authority().aik.certificate.clone()],
        nonce: nonce.to_vec(),
    })
}

/// The challenge that is answered: known, unused, fresh. Used up afterwards, however the rest ends.
fn challenge(state: &mut State, id: Guid) -> Result<Challenge, Refusal> {
    let known = match state.attestation.challenges.get_mut(&id) {
        Some(challenge) => {
            let before = challenge.clone();
            challenge.used = true;
            Ok(before)
        }
        None => Err("this challenge was not given out here"),
    };
    let challenge = ask::proof(state, checks::ATTEST_CHALLENGE_KNOWN, known)?;
    ask::hold(state, checks::ATTEST_CHALLENGE_SINGLE_USE, !challenge.used, || {
        "this challenge was answered before".into()
    })?;
    let now = state.now;
    ask::hold(state, checks::ATTEST_CHALLENGE_FRESH, fresh(challenge.issued, now), || {
        format!("this challenge was given out at {}", challenge.issued)
    })?;
    Ok(challenge)
}

/// The quote: the AIK's signature, our nonce, our registers, and the values that the device says.
fn quote(
    state: &mut State,
    request: &AttestRequest,
    challenge: &Challenge,
    aik: &PublicArea,
) -> Result<(), Refusal> {
    // The signature comes first: what is not the TPM's is not looked at.
    let signed = verify_signature(&aik.key, &request.quote, &request.signature);
    ask::proof(state, checks::ATTEST_QUOTE_SIGNATURE, signed)?;
    let quote = Attest::parse(&request.quote).map_err(|e| e.to_string());
    let quote = quote.and_then(|quote| match quote.attested {
        Attested::Quote { selection, digest } => Ok((quote.extra_data, selection, digest)),
        _ => Err("the TPM states something else than a quote".to_owned()),
    });
    let (extra_data, quoted, digest) = ask::proof(state, checks::ATTEST_QUOTE, quote)?;
    ask::hold(state, checks::ATTEST_QUOTE_NONCE, extra_data == challenge.nonce, || {
        "the quote is over another nonce".into()
    })?;
    let wanted = selection();
    let right = quoted == [(wanted.bank.alg(), wanted.pcrs.clone())];
    ask::hold(state, checks::ATTEST_PCR_SELECTION, right, || {
        format!("the quote is over other registers: {quoted:?}")
    })?;
    let named: Vec<u8> = request.pcrs.iter().map(|pcr| pcr.index).collect();
    let values: Vec<u8> = request.pcrs.iter().flat_map(|pcr| pcr.digest.iter().copied()).collect();
    let lengths = request.pcrs.iter().all(|pcr| pcr.digest.len() == wanted.bank.digest_len());
    let same = named == wanted.pcrs && lengths && sha256(&values).as_slice() == digest;
    ask::hold(state, checks::ATTEST_PCR_DIGEST, same, || {
        "the values of the registers are not those that were quoted".into()
    })
}

/// The log: readable, and the cause of the quoted values.
fn log(state: &mut State, request: &AttestRequest) -> Result<(), Refusal> {
    let bank = selection().bank;
    let log = EventLog::parse(&request.event_log).map_err(|e| e.to_string()).and_then(|log| {
        let values = log.replay(bank).ok_or_else(|| format!("the log has no digests of bank {bank:?}"))?;
        Ok((log.startup_locality, values))
    });
    let (locality, values) = ask::proof(state, checks::ATTEST_EVENT_LOG, log)?;
    let differs = request.pcrs.iter().find(|pcr| match values.get(&pcr.index) {
        Some(value) => *value != pcr.digest,
        None => initial(bank, pcr.index, locality) != pcr.digest,
    });
    ask::hold(state, checks::ATTEST_EVENT_LOG_REPLAY, differs.is_none(), || {
        let number = differs.map(|pcr| pcr.index).unwrap_or_default();
        format!("the log does not lead to the quoted value of register {number}")
    })
}

/// The AIK's certificate, and the nonce of the certification that is to come.
fn certify(
    state: &mut State,
    call: &Call<'_>,
    challenge: &Challenge,
    aik: &PublicArea,
) -> (Vec<u8>, [u8; 32]) {
    let mut stream = state.draw("aik-certificate", &challenge.registration.to_string());
    let (serial, nonce) = (stream.guid(), stream.bytes());
    let usage = Extension::extended_key_usage(&[Usage::AttestationKey], false);
    let profile = Profile { extensions: vec![usage, challenge.tpm.subject_alt_name()], ..Profile::default() };
    let start = Utc::from_unix_seconds(state.now.unix_seconds()).plus_seconds(-BACKDATED_SECONDS);
    let validity = (start, start.plus_days(CERTIFICATE_DAYS));
    // No subject: the alternative names say which TPM it is, and are critical for that.
    let foreign = call.tweaks.applies(&FaultKind::ForeignChain);
    let authority = state.authority();
    let ca = if foreign { &authority.foreign } else { &authority.aik };
    let certificate = ca.issue(serial, Name::default(), &aik.key, validity, profile);
    if !foreign {
        state.proved.issued(Issuer::Aik, &certificate, validity);
    }
    (certificate, nonce)
}
