//! The third request: the key that will join lives in the proven TPM; here is the authority to join, once.

use axum::http::StatusCode;
use oobe_wire::attestation::{DeviceTokenReply, DeviceTokenRequest, KeyAttestation};
use oobe_wire::x509::parse_certificate;

use super::refusal::Refusal;
use super::store::{DeviceToken, fresh};
use super::{StatementChecks, ask, certified_key, read};
use crate::checks;
use crate::entra::{JOIN_TOKEN_SECONDS, JoinGrant, join_token};
use crate::http::Call;
use crate::journal::Service;
use crate::proved::Issuer;
use crate::state::State;

const STATEMENT: StatementChecks = StatementChecks {
    signature: checks::TOKEN_CERTIFICATION_SIGNATURE,
    key: checks::TOKEN_CERTIFICATION_KEY,
    attributes: checks::TOKEN_KEY_ATTRIBUTES,
};

/// `POST /aik/v1/devicetoken`.
pub(super) fn device_token(state: &mut State, call: &Call<'_>) -> Result<DeviceTokenReply, Refusal> {
    let request: DeviceTokenRequest = read(state, call, |r: &DeviceTokenRequest| r.version)?;
    let certificate =
        parse_certificate(&request.aik_certificate).map_err(|e| e.to_string()).and_then(|certificate| {
            state.verify_chain(Issuer::Aik, &certificate).map_err(|e| e.to_string())?;
            Ok(certificate)
        });
    let certificate = ask::proof(state, checks::TOKEN_AIK_CERTIFICATE, certificate)?;
    let aik = certificate.public_key.thumbprint();
    let known = match state.attestation.keys.get(&aik) {
        Some(kept) if kept.registration == request.ztd_registration_id => Ok(kept.clone()),
        Some(_) => Err("the attestation key is another device's"),
        None => Err("the attestation key was not certified here"),
    };
    let kept = ask::proof(state, checks::TOKEN_AIK_REGISTRATION, known)?;

    let statement = KeyAttestation {
        public: request.key_public,
        attest: request.certification,
        signature: request.signature,
    };
    let certified = certified_key(state, &certificate.public_key, &statement, &STATEMENT)
        .map_err(|(check, refused)| Refusal::new(StatusCode::FORBIDDEN, check, refused))?;
    ask::hold(state, checks::TOKEN_NONCE, certified.nonce == kept.nonce, || {
        "the certification is over another nonce".into()
    })?;
    if let Some(kept) = state.attestation.keys.get_mut(&aik) {
        kept.used = true;
    }
    ask::hold(state, checks::TOKEN_NONCE_SINGLE_USE, !kept.used, || {
        "a device token was given for this nonce before".into()
    })?;
    let now = state.now;
    ask::hold(state, checks::TOKEN_NONCE_FRESH, fresh(kept.issued, now), || {
        format!("the nonce was given out at {}", kept.issued)
    })?;

    let grant = JoinGrant {
        id: state.draw("device-token", &kept.registration.to_string()).guid(),
        registration: kept.registration,
        aik,
        key: certified.key.thumbprint(),
    };
    let token = DeviceToken { registration: kept.registration, issued: now, used: false };
    state.attestation.tokens.insert(grant.id, token);
    let device_token = join_token(state, call, kept.tenant, &grant);
    state.journal.tell(Service::Attestation, "join-token-issued", kept.registration.to_string());
    Ok(DeviceTokenReply { device_token, expires_in: JOIN_TOKEN_SECONDS })
}
