//! Requests that a device signs: for a primary refresh token, for a token of its own (reference: protocols, A.3, A.4),
//! or, under a session key, for what a primary refresh token buys (A.5).

use oobe_catalog::codes;
use oobe_wire::crypto::PublicKey;
use oobe_wire::ids::Guid;
use oobe_wire::jwt::{Algorithm, Unverified, parse};
use oobe_wire::x509::{DeviceExtensions, parse_certificate};
use serde_json::Value;

use super::error::EntraError;
use super::issue::Subject;
use super::store::redeem_nonce;
use super::token::{Fields, grant_tokens};
use super::{Audience, prt, prt_use};
use crate::checks;
use crate::http::{Call, Reply};
use crate::journal::Service;
use crate::proved::Issuer;
use crate::state::State;

/// Claims of a signed request, by name.
pub(super) struct Claims(pub(super) Value);

impl Claims {
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name).and_then(Value::as_i64)
    }

    /// A claim that must not be empty.
    pub(super) fn need(&self, state: &mut State, name: &str) -> Result<&str, EntraError> {
        let text = self.text(name);
        state
            .journal
            .expect(checks::GRANT_FIELDS, !text.is_empty(), || format!("the signed request has no {name}"))
            .map_err(EntraError::invalid_request)?;
        Ok(text)
    }
}

/// A device that proved itself.
#[derive(Debug, Clone)]
pub(super) struct ProvenDevice {
    pub(super) id: Guid,
    pub(super) tenant: Guid,
    pub(super) transport_key: PublicKey,
}

/// Grant `urn:ietf:params:oauth:grant-type:jwt-bearer`.
pub(super) fn endpoint(
    state: &mut State,
    call: &Call<'_>,
    fields: &Fields,
    tenant: Option<Guid>,
) -> Result<Reply, EntraError> {
    let [request] = fields.need(state, ["request"])?;
    let jwt = state.journal.need(checks::JWT_FORMAT, parse(request)).map_err(EntraError::invalid_request)?;
    if jwt.header.alg == Algorithm::Hs256 {
        return prt_use::endpoint(state, call, &jwt);
    }
    let claims = Claims(jwt.claims.clone());
    let nonce = claims.need(state, "request_nonce")?;
    redeem_nonce(state, nonce).map_err(EntraError::invalid_grant(codes::AADSTS_GRANT_EXPIRED))?;
    let device = prove(state, &jwt)?;
    if let Some(tenant) = tenant {
        let why = || "the device belongs to another tenant".to_owned();
        let same = device.tenant == tenant;
        state.journal.expect(checks::DEVICE_TENANT, same, why).map_err(EntraError::invalid_client)?;
    }
    if claims.text("grant_type") == "device_token" {
        return device_token(state, call, &claims, &device);
    }
    prt::endpoint(state, call, &claims, &device)
}

/// Who signed a request: chain, device object, certificate, and only then the signature.
fn prove(state: &mut State, jwt: &Unverified) -> Result<ProvenDevice, EntraError> {
    let certificate = jwt.header.certificate().ok_or_else(|| "the request carries no certificate".to_owned());
    let certificate = certificate.and_then(|der| {
        let certificate = parse_certificate(&der).map_err(|e| e.to_string())?;
        state.verify_chain(Issuer::Devices, &certificate).map_err(|e| e.to_string())?;
        Ok(certificate)
    });
    let extensions = certificate.and_then(|c| match DeviceExtensions::decode(&c) {
        Ok(extensions) => Ok((c, extensions)),
        Err(error) => Err(error.to_string()),
    });
    let (certificate, extensions) =
        state.journal.need(checks::X5C_CHAIN, extensions).map_err(EntraError::invalid_client)?;

    let device = state.devices.get(&extensions.device_id).cloned();
    let known = device.and_then(|d| d.joined.clone().map(|joined| (d, joined)));
    let (device, joined) = state
        .journal
        .need(checks::DEVICE_KNOWN, known.ok_or("the device object is not there"))
        .map_err(EntraError::invalid_grant(codes::AADSTS_DEVICE_NOT_FOUND))?;
    let current = joined.thumbprint == certificate.sha1_thumbprint_hex_upper();
    state
        .journal
        .expect(checks::DEVICE_CERTIFICATE, current, || {
            "the device has joined again since, with another key".into()
        })
        .map_err(EntraError::invalid_client)?;
    state
        .journal
        .expect(checks::DEVICE_ENABLED, device.enabled, || "the device is disabled".into())
        .map_err(EntraError::invalid_grant(codes::AADSTS_DEVICE_DISABLED))?;
    let signed = jwt.verify(&certificate.public_key);
    state.journal.need(checks::JWT_SIGNATURE, signed).map_err(EntraError::invalid_client)?;
    Ok(ProvenDevice { id: device.id, tenant: device.tenant, transport_key: joined.transport_key })
}

/// A token of the device itself, without a user (reference: protocols, A.3).
fn device_token(
    state: &mut State,
    call: &Call<'_>,
    claims: &Claims,
    device: &ProvenDevice,
) -> Result<Reply, EntraError> {
    let client = claims.need(state, "client_id")?.to_owned();
    let resource = claims.need(state, "resource")?;
    let audience =
        Audience::of_resource(resource).ok_or_else(|| format!("there is no resource {resource:?}"));
    let audience =
        state.journal.need(checks::RESOURCE_EXISTS, audience).map_err(EntraError::invalid_resource)?;
    let subject = Subject {
        tenant: device.tenant,
        user: None,
        client,
        audience,
        device: Some(device.id),
        v2: false,
        id_token: false,
    };
    state.journal.tell(Service::Entra, "device-token", device.id.to_string());
    Ok(grant_tokens(state, call, &subject, "device certificate"))
}
