//! The profile download (MOD-001). The profile's keys are the published ones (reference: protocols, E.2).

use axum::http::StatusCode;
use oobe_catalog::codes::{self, Code};
use oobe_catalog::rules;
use oobe_wire::ids::Guid;
use oobe_wire::model::{AutopilotProfile, ProfileRefusal, ProfileRequest};
use serde_json::json;

use super::{Found, look_up};
use crate::checks;
use crate::directory::{Registration, Tenant};
use crate::entra::INTUNE_APP;
use crate::http::{Call, Reply, json as json_reply};
use crate::journal::{Refused, Service};
use crate::setup::ProfileSetup;
use crate::state::State;

enum NoProfile {
    /// The request is not one that can be answered.
    Request(StatusCode, Refused),
    /// The service has none for this device.
    None(&'static Code),
}

/// `POST /ztd/v1/profile`.
pub(crate) fn download(state: &mut State, call: &Call<'_>) -> Reply {
    match try_download(state, call) {
        Ok(profile) => json_reply(StatusCode::OK, &profile),
        Err(NoProfile::Request(status, refused)) => json_reply(status, &json!({ "error": refused.why })),
        Err(NoProfile::None(code)) => {
            let reason = code.label().to_owned();
            json_reply(StatusCode::OK, &ProfileRefusal { error_code: code.value(), error_reason: reason })
        }
    }
}

fn try_download(state: &mut State, call: &Call<'_>) -> Result<AutopilotProfile, NoProfile> {
    let bad = |refused| NoProfile::Request(StatusCode::BAD_REQUEST, refused);
    let unauthorized = |refused| NoProfile::Request(StatusCode::UNAUTHORIZED, refused);
    let none = |code| move |_: Refused| NoProfile::None(code);

    let _: ProfileRequest =
        state.journal.need(checks::ZTD_REQUEST, serde_json::from_slice(call.body)).map_err(bad)?;
    let ticket = call.header("x-device-token").and_then(|token| state.tickets.get(token)).cloned();
    let ticket = ticket.ok_or("this device token was not given out here");
    let ticket = state.journal.need(checks::ZTD_DEVICE_TOKEN, ticket).map_err(unauthorized)?;
    let fresh = !ticket.expired(state.now);
    state
        .journal
        .expect(checks::ZTD_TOKEN_EXPIRY, fresh, || format!("it was given out at {}", ticket.issued))
        .map_err(unauthorized)?;

    let found = look_up(state, &ticket.hardware);
    let registered =
        if found == Found::Nothing { Err("no tenant has registered this hardware") } else { Ok(()) };
    state.journal.need(checks::ZTD_REGISTERED, registered).map_err(none(codes::ZTD_DEVICE_NOT_REGISTERED))?;
    let sound = match found {
        Found::Device { tenant, registration, tenants } => Ok((tenant, registration, tenants)),
        _ => Err("the serial number is not the registered one"),
    };
    let (tenant, registration, tenants) =
        state.journal.need(checks::ZTD_HARDWARE, sound).map_err(none(codes::ZTD_HARDWARE_MISMATCH))?;
    let answer = compose(state, tenant, registration)?;
    if tenants > 1 {
        let detail =
            format!("{tenants} tenants registered hardware that looks like this: the first of them has it");
        state.journal.tell_by(Service::Ztd, "hardware-looks-alike", Some(rules::REG_043.id), detail);
    }
    state.journal.tell(
        Service::Ztd,
        "profile-delivered",
        format!("{:?} to {}", answer.deployment_profile_name, answer.ztd_registration_id),
    );
    Ok(answer)
}

fn compose(state: &mut State, tenant: Guid, registration: Guid) -> Result<AutopilotProfile, NoProfile> {
    let State { tenants, journal, now, .. } = state;
    let tenant = tenants.iter().find(|t| t.id == tenant).expect("the matcher found it in this list");
    let record = tenant
        .registrations
        .iter()
        .find(|r| r.id == registration)
        .expect("the matcher found it in this list");
    journal
        .expect(checks::ZTD_RECORD_SOUND, !record.fix_pending, || "the record awaits repair".into())
        .map_err(|_| NoProfile::None(codes::ZTD_HARDWARE_MISMATCH))?;
    let profile = choose(tenant, record);
    let profile = journal
        .need(checks::ZTD_PROFILE, profile.map_err(|code| code.title))
        .map_err(|_| NoProfile::None(profile.err().unwrap_or(codes::ZTD_NO_PROFILE_ASSIGNED)))?;
    Ok(AutopilotProfile {
        cloud_assigned_tenant_id: tenant.id,
        cloud_assigned_tenant_domain: tenant.domain.clone(),
        cloud_assigned_tenant_upn: record.assigned_user.clone().unwrap_or_default(),
        cloud_assigned_oobe_config: profile.oobe.bits(profile.mode),
        cloud_assigned_domain_join_method: u32::from(profile.join == crate::setup::JoinMethod::Hybrid),
        cloud_assigned_forced_enrollment: 1,
        cloud_assigned_device_name: profile.name_template.clone(),
        cloud_assigned_language: profile.language.clone(),
        cloud_assigned_region: profile.region.clone(),
        cloud_assigned_mdm_id: INTUNE_APP.to_owned(),
        ztd_registration_id: record.id,
        aad_device_id: record.device,
        deployment_profile_name: profile.name.clone(),
        organization_name: tenant.name.clone(),
        sign_in_text: tenant.sign_in_text.clone(),
        autopilot_mode: profile.mode.number(),
        policy_download_date: now.to_rfc3339(),
    })
}

/// The assigned profile, else the oldest one for all devices, else none (reference: flows, sections 1 and 17).
pub(crate) fn choose<'a>(
    tenant: &'a Tenant,
    record: &Registration,
) -> Result<&'a ProfileSetup, &'static Code> {
    match &record.profile {
        Some(name) => tenant.profile(name).ok_or(codes::ZTD_PROFILE_DOES_NOT_EXIST),
        None => tenant.profiles.iter().find(|p| p.assigned_to_all).ok_or(codes::ZTD_NO_PROFILE_ASSIGNED),
    }
}
