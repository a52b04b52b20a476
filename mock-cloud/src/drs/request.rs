//! The join request (reference: protocols, A.3).

use std::collections::BTreeMap;

use oobe_wire::bcrypt::decode_public;
use oobe_wire::crypto::PublicKey;
use oobe_wire::encoding::base64_decode;
use oobe_wire::x509::{ParsedCsr, oid, parse_csr};
use serde::Deserialize;

use super::error::DrsError;
use crate::checks;
use crate::http::Call;
use crate::state::State;

/// Subject of the certificate requests of every join (reference: protocols, section 0).
const JOIN_SUBJECT: &str = "7E980AD9-B86D-4306-9425-9AC066FB014A";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    certificate_request: CertificateRequest,
    transport_key: String,
    #[serde(default)]
    aik_certificate: String,
    #[serde(default)]
    attestation_data: String,
    #[serde(default)]
    device_type: String,
    #[serde(rename = "OSVersion", default)]
    os_version: String,
    #[serde(default)]
    device_display_name: String,
    join_type: u8,
    // One client writes it in lower case (reference: protocols, A.3).
    #[serde(default, alias = "attributes")]
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CertificateRequest {
    #[serde(rename = "Type")]
    kind: String,
    data: String,
}

/// A join request that holds together.
pub(super) struct JoinRequest {
    pub(super) csr: ParsedCsr,
    pub(super) transport_key: PublicKey,
    /// `AikCertificate`, base64; empty for none.
    pub(super) aik_certificate: String,
    /// `AttestationData`, base64; empty for none.
    pub(super) attestation_data: String,
    pub(super) os_version: String,
    pub(super) display_name: String,
    pub(super) join_type: u8,
    /// Whether the SIDs of local administrators are wanted.
    pub(super) wants_sids: bool,
    /// The device ticket in `MSA-DDID`, as it was given out.
    pub(super) ticket: Option<String>,
}

/// Reads and checks everything that can be checked without looking anything up.
pub(super) fn read(state: &mut State, call: &Call<'_>) -> Result<JoinRequest, DrsError> {
    let body: Result<Body, String> = serde_json::from_slice(call.body).map_err(|e| e.to_string());
    let body = body.and_then(|body| match body.certificate_request.kind.as_str() {
        "pkcs10" if body.device_type.eq_ignore_ascii_case("windows") => Ok(body),
        "pkcs10" => Err(format!("device type {:?} is not served", body.device_type)),
        other => Err(format!("certificate request of type {other:?}")),
    });
    let body = state.journal.need(checks::DRS_REQUEST, body).map_err(DrsError::invalid)?;
    // 0 joins, 4 registers; hybrid join comes with the domain controller's half of it, which is not there yet.
    let join_type = body.join_type;
    state
        .journal
        .expect(checks::DRS_JOIN_TYPE, matches!(join_type, 0 | 4), || {
            format!("join type {join_type} is not served")
        })
        .map_err(DrsError::invalid)?;
    let csr = csr(state, &body.certificate_request.data)?;
    let transport_key = transport_key(state, &body.transport_key)?;
    let attribute = |name: &str| {
        body.attributes.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    };
    let ticket = attribute("MSA-DDID").map(|text| {
        base64_decode(text)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .unwrap_or_else(|| text.to_owned())
    });
    Ok(JoinRequest {
        csr,
        transport_key,
        wants_sids: attribute("ReturnClientSid").is_some_and(|v| v.eq_ignore_ascii_case("true")),
        ticket: ticket.filter(|t| !t.is_empty()),
        aik_certificate: body.aik_certificate,
        attestation_data: body.attestation_data,
        os_version: body.os_version,
        display_name: body.device_display_name,
        join_type,
    })
}

fn csr(state: &mut State, data: &str) -> Result<ParsedCsr, DrsError> {
    let csr = base64_decode(data)
        .map_err(|e| e.to_string())
        .and_then(|der| parse_csr(&der).map_err(|e| e.to_string()));
    let csr = state.journal.need(checks::DRS_CSR_FORMAT, csr).map_err(DrsError::invalid)?;
    let subject = csr.subject_cn.eq_ignore_ascii_case(JOIN_SUBJECT);
    state
        .journal
        .expect(checks::DRS_CSR_SUBJECT, subject, || format!("the subject is {:?}", csr.subject_cn))
        .map_err(DrsError::invalid)?;
    state.journal.need(checks::DRS_CSR_SIGNATURE, csr.verify_signature()).map_err(DrsError::invalid)?;
    let kind = csr.public_key.kind();
    let wanted = state.keys;
    state
        .journal
        .expect(checks::DRS_CSR_KEY, kind == wanted, || {
            format!("the key is {kind:?}, this cloud takes {wanted:?}")
        })
        .map_err(DrsError::invalid)?;
    if let Some(extension) = csr.extension(oid::JOIN_NONCE) {
        let nonce = extension.text().unwrap_or_default();
        let held = crate::entra::redeem_nonce(state, &nonce);
        state.journal.need(checks::DRS_CSR_NONCE, held).map_err(DrsError::authentication)?;
    }
    Ok(csr)
}

fn transport_key(state: &mut State, data: &str) -> Result<PublicKey, DrsError> {
    let wanted = state.keys;
    let key = base64_decode(data)
        .map_err(|e| e.to_string())
        .and_then(|blob| decode_public(&blob).map_err(|e| e.to_string()))
        .and_then(|key| match key.kind() {
            kind if kind == wanted => Ok(key),
            kind => Err(format!("the key is {kind:?}, this cloud takes {wanted:?}")),
        });
    state.journal.need(checks::DRS_TRANSPORT_KEY, key).map_err(DrsError::invalid)
}
