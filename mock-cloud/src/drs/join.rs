//! Joining a device (reference: protocols, A.3).

use axum::http::StatusCode;
use oobe_wire::encoding::base64_encode;
use oobe_wire::ids::{Guid, entra_sid};
use oobe_wire::time::Utc;
use oobe_wire::x509::{DeviceExtensions, Name, Profile};
use serde_json::{Value, json};

use super::attested;
use super::error::DrsError;
use super::request::{JoinRequest, read};
use crate::autopilot::{Found, look_up, ticket_known};
use crate::checks;
use crate::directory::{Device, Joined};
use crate::entra::{Audience, Bearer, TokenChecks, verify};
use crate::fault::FaultKind;
use crate::http::{Call, Reply, json as json_reply};
use crate::journal::Service;
use crate::proved::Issuer;
use crate::setup::JoinPolicy;
use crate::state::State;

const TOKEN_CHECKS: TokenChecks = TokenChecks {
    signature: checks::DRS_TOKEN_SIGNATURE,
    issuer: checks::DRS_TOKEN_ISSUER,
    audience: checks::DRS_TOKEN_AUDIENCE,
    times: checks::DRS_TOKEN_TIMES,
};

/// A device certificate lasts about ten years, and begins a little before it was made: clocks differ (*model*: 5 min).
const CERTIFICATE_DAYS: i64 = 3650;
const BACKDATED_SECONDS: i64 = 300;

/// `POST /EnrollmentServer/device/`.
pub(super) fn join(state: &mut State, call: &Call<'_>) -> Result<Reply, DrsError> {
    let (bearer, user) = caller(state, call)?;
    let request = read(state, call)?;
    let registration = registration(state, &request, bearer.tenant)?;
    if let Some(grant) = &bearer.grant {
        attested::prove(state, grant, &request, registration.map(|(_, registration)| registration))?;
    }
    let id = device_id(state, &request, bearer.tenant, registration)?;
    if let Some(user) = user {
        allowed(state, bearer.tenant, user, id)?;
    }

    let certificate = certificate(state, call, &request, &bearer, user, id);
    let thumbprint = oobe_wire::encoding::hex_upper(&oobe_wire::crypto::sha1(&certificate));
    let device = Device {
        id,
        tenant: bearer.tenant,
        display_name: request.display_name.clone(),
        os_version: request.os_version.clone(),
        enabled: true,
        registration: registration.map(|(_, registration)| registration),
        joined: Some(Joined {
            at: state.now,
            join_type: request.join_type,
            owner: user,
            thumbprint: thumbprint.clone(),
            transport_key: request.transport_key.clone(),
        }),
    };
    state.devices.insert(id, device);
    state.journal.tell(Service::Drs, "device-joined", format!("{id} to tenant {}", bearer.tenant));

    let upn = state.tenant_by_id(bearer.tenant).and_then(|t| t.user(user?)).map(|u| u.setup.upn.clone());
    let mut answer = json!({
        "Certificate": { "RawBody": base64_encode(&certificate), "Thumbprint": thumbprint },
        "User": { "Upn": upn },
    });
    if request.wants_sids {
        answer["MembershipChanges"] = membership(state.seed, bearer.tenant);
    }
    Ok(json_reply(StatusCode::OK, &answer))
}

/// Who calls: the token, and its user; none for a device with a token of the attestation service.
fn caller(state: &mut State, call: &Call<'_>) -> Result<(Bearer, Option<Guid>), DrsError> {
    let token = call.bearer().ok_or("the request has no bearer token");
    let token = state.journal.need(checks::DRS_TOKEN_PRESENT, token).map_err(DrsError::authentication)?;
    let bearer = verify(state, token, &[Audience::DeviceRegistration], &TOKEN_CHECKS)
        .map_err(DrsError::authentication)?;
    if let Some(grant) = &bearer.grant {
        attested::redeem(state, grant)?;
        return Ok((bearer, None));
    }
    let user = bearer.user.ok_or("the token has no user");
    let user = user.and_then(|id| match state.tenant_by_id(bearer.tenant).and_then(|t| t.user(id)) {
        Some(user) if user.setup.enabled => Ok(id),
        Some(_) => Err("the account is disabled"),
        None => Err("the account is not there"),
    });
    let user = state.journal.need(checks::DRS_USER, user).map_err(DrsError::authentication)?;
    Ok((bearer, Some(user)))
}

/// The registration behind the device ticket: tenant and id. A device that another tenant has registered joins like one
/// that nobody has (REG-037).
fn registration(
    state: &mut State,
    request: &JoinRequest,
    tenant: Guid,
) -> Result<Option<(Guid, Guid)>, DrsError> {
    let Some(ticket) = &request.ticket else { return Ok(None) };
    let hardware = ticket_known(state, ticket);
    let hardware =
        state.journal.need(checks::DRS_DEVICE_TICKET, hardware).map_err(DrsError::authentication)?;
    Ok(match look_up(state, &hardware) {
        Found::Device { tenant: owner, registration, .. } if owner == tenant => Some((owner, registration)),
        Found::Device { .. } => {
            let rule = Some(oobe_catalog::rules::REG_037.id);
            let detail = "another tenant has registered this hardware: it joins as if nobody had";
            state.journal.tell_by(Service::Drs, "registered-elsewhere", rule, detail);
            None
        }
        _ => None,
    })
}

/// The device object to join as: the one that the registration made, or one for this key.
fn device_id(
    state: &mut State,
    request: &JoinRequest,
    tenant: Guid,
    registration: Option<(Guid, Guid)>,
) -> Result<Guid, DrsError> {
    let Some((_, registration)) = registration else {
        let key = request.csr.public_key.thumbprint();
        return Ok(Guid::derive(state.seed, &["entra-device", &tenant.to_string(), &key]));
    };
    let object = state
        .tenant_by_id(tenant)
        .and_then(|t| t.registrations.iter().find(|r| r.id == registration))
        .map(|r| r.device)
        .filter(|id| state.devices.contains_key(id));
    state
        .journal
        .need(checks::DRS_DEVICE_OBJECT, object.ok_or("the object that the registration made was deleted"))
        .map_err(DrsError::no_object)
}

/// Whether that user may join (another) device.
fn allowed(state: &mut State, tenant: Guid, user: Guid, device: Guid) -> Result<(), DrsError> {
    let State { tenants, devices, journal, .. } = state;
    let tenant = tenants.iter().find(|t| t.id == tenant).expect("the token's tenant was looked up");
    let account = tenant.user(user).expect("the token's user was looked up");
    let may = match tenant.join.policy {
        JoinPolicy::All => true,
        JoinPolicy::Selected => account.setup.may_join,
        JoinPolicy::None => false,
    };
    journal
        .expect(checks::DRS_JOIN_POLICY, may, || "this user may not join devices".into())
        .map_err(DrsError::not_allowed)?;
    let mine = |d: &&Device| d.id != device && d.joined.as_ref().is_some_and(|j| j.owner == Some(user));
    let joined = devices.values().filter(mine).count() as u64 + u64::from(account.setup.devices_joined);
    let quota = u64::from(tenant.join.quota);
    journal
        .expect(checks::DRS_QUOTA, joined < quota, || {
            format!("this user has joined {joined} devices, {quota} are allowed")
        })
        .map_err(DrsError::quota)
}

/// The device certificate. An injected fault may have it made for another key or by another CA.
fn certificate(
    state: &mut State,
    call: &Call<'_>,
    request: &JoinRequest,
    bearer: &Bearer,
    user: Option<Guid>,
    id: Guid,
) -> Vec<u8> {
    let authority = state.authority();
    let region = state.tenant_by_id(bearer.tenant).map(|t| t.region.clone());
    let extensions = DeviceExtensions {
        device_id: id,
        // A device that joined on its own stands in for the user (reference: protocols, A.3).
        user_id: user.unwrap_or(id),
        tenant_id: bearer.tenant,
        join_type: request.join_type,
        region: region.filter(|r| !r.is_empty()),
    };
    let key_label = request.csr.public_key.thumbprint();
    let serial = Guid::derive(state.seed, &["device-certificate", &id.to_string(), &key_label]);
    let profile = Profile { extensions: extensions.encode(), ..Profile::client() };
    let start = Utc::from_unix_seconds(state.now.unix_seconds()).plus_seconds(-BACKDATED_SECONDS);
    let foreign = call.tweaks.applies(&FaultKind::ForeignChain);
    let ca = if foreign { &authority.foreign } else { &authority.devices };
    let key = if call.tweaks.applies(&FaultKind::CertificateForAnotherKey) {
        authority.foreign.key.public()
    } else {
        &request.csr.public_key
    };
    let subject = Name::common_name(id.to_string());
    let validity = (start, start.plus_days(CERTIFICATE_DAYS));
    let certificate = ca.issue(serial, subject, key, validity, profile);
    if !foreign {
        state.proved.issued(Issuer::Devices, &certificate, validity);
    }
    certificate
}

/// The local administrators: two roles of the tenant (reference: protocols, A.3).
fn membership(seed: u64, tenant: Guid) -> Value {
    let role = |name: &str| entra_sid(Guid::derive(seed, &["role", &tenant.to_string(), name]));
    json!([{
        "LocalSID": "S-1-5-32-544",
        "AddSIDs": [role("Global Administrator"), role("Microsoft Entra Joined Device Local Administrator")],
    }])
}
