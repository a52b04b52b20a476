//! Asking for the Autopilot profile: first a device ticket for the hardware (MOD-007), then the profile for the
//! ticket (MOD-001). Request shapes are *model*, the profile's keys are published.

use oobe_catalog::{codes, events, registry, rules};
use oobe_wire::encoding::base64_encode;
use oobe_wire::hwhash;
use oobe_wire::model::{
    AutopilotProfile, DeviceCredentialReply, DeviceCredentialRequest, ProfileRefusal, ProfileRequest,
};
use oobe_wire::secret::Secret;

use super::Failure;
use crate::cx::{Answer, Cx};
use crate::io::{HttpReply, HttpRequest, Slot};
use crate::registry::RegistryValue;

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A profile, and the ticket that names the registration in the join.
    Arrived(Box<AutopilotProfile>, Secret<String>),
    /// The service knows no profile for this hardware.
    None(ProfileRefusal),
    /// The service could not be asked, or its answer was no use.
    Failed(Failure),
}

/// What is being waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum Profile {
    /// The device ticket.
    AwaitTicket,
    /// The profile.
    AwaitProfile {
        /// The ticket.
        ticket: Secret<String>,
    },
}

const TICKET: &str = "getting a device ticket";
const PROFILE: &str = "downloading the Autopilot profile";

impl Profile {
    /// Begins.
    pub fn begin(cx: &mut Cx<'_>) -> Self {
        cx.event(events::AUTOPILOT_100, &[("name", "CloudAssignedTenantDomain")]);
        cx.event(events::AUTOPILOT_164, &[]);
        cx.event(events::AUTOPILOT_160, &[]);
        cx.decided(rules::MOD_007, "the hardware is made known for a device ticket");
        // The scenario refuses hardware whose strings don't fit into a hash, so there is always one.
        let hash = hwhash::encode(&cx.setup.hardware.record, cx.utc, 0).expect(
            "hardware that does not fit into a hardware hash is refused before a device is made of it",
        );
        let body = DeviceCredentialRequest { model_version: 1, hardware_hash: base64_encode(&hash) };
        let url = format!("{}/ppsecure/deviceaddcredential.srf", cx.setup.endpoints.live);
        let request = HttpRequest::post(url, "application/json", to_json(&body));
        cx.send(Slot::Profile, request, TICKET);
        Self::AwaitTicket
    }

    /// Goes on with an answer; `None` while it is not over.
    pub fn resume(&mut self, cx: &mut Cx<'_>, answer: &Answer) -> Option<Outcome> {
        let doing = if *self == Self::AwaitTicket { TICKET } else { PROFILE };
        let reply = match answer {
            Answer::Http(Ok(reply)) => reply,
            Answer::Http(Err(error)) => return Some(Outcome::Failed(Failure::transport(doing, error))),
            _ => return None,
        };
        match self {
            Self::AwaitTicket => self.ticket(cx, reply),
            Self::AwaitProfile { ticket } => Some(profile(cx, reply, ticket.clone())),
        }
    }

    fn ticket(&mut self, cx: &mut Cx<'_>, reply: &HttpReply) -> Option<Outcome> {
        if !reply.is_success() {
            return Some(Outcome::Failed(Failure::refused(TICKET, None, format!("HTTP {}", reply.status))));
        }
        let Ok(answer) = serde_json::from_slice::<DeviceCredentialReply>(&reply.body) else {
            let problem = "the answer is no device credential";
            cx.checked("device-credential-shape", Some(problem.into()));
            return Some(Outcome::Failed(Failure::broken(TICKET, None, problem)));
        };
        cx.decided(rules::MOD_001, "the ticket stands for the hardware hash");
        let body = ProfileRequest { model_version: 1, os_version: format!("10.0.{}", cx.setup.image.build) };
        let url = format!("{}/ztd/v1/profile", cx.setup.endpoints.ztd);
        let request = HttpRequest::post(url, "application/json", to_json(&body))
            .header("x-device-token", answer.device_ticket.clone());
        cx.send(Slot::Profile, request, "asking for the Autopilot profile");
        *self = Self::AwaitProfile { ticket: Secret::new(answer.device_ticket) };
        None
    }
}

fn profile(cx: &mut Cx<'_>, reply: &HttpReply, ticket: Secret<String>) -> Outcome {
    if !reply.is_success() {
        return Outcome::Failed(Failure::refused(PROFILE, None, format!("HTTP {}", reply.status)));
    }
    if let Ok(refusal) = serde_json::from_slice::<ProfileRefusal>(&reply.body) {
        return Outcome::None(refusal);
    }
    match serde_json::from_slice::<AutopilotProfile>(&reply.body) {
        Ok(profile) => {
            cx.checked("profile-shape", None);
            Outcome::Arrived(Box::new(profile), ticket)
        }
        Err(error) => {
            cx.checked("profile-shape", Some(error.to_string()));
            Outcome::Failed(Failure::broken(PROFILE, None, format!("the profile can't be read: {error}")))
        }
    }
}

fn to_json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("model messages hold only strings and numbers, which always serialise")
}

/// What Windows logs and writes when a profile arrived, in the order of the golden sequence (reference: events,
/// "profile downloaded").
pub fn record_arrival(cx: &mut Cx<'_>, profile: &AutopilotProfile) {
    cx.event(events::AUTOPILOT_161, &[]);
    cx.decided(rules::EVT_005, "the profile manager's state changes");
    cx.event(
        events::AUTOPILOT_153,
        &[("old_state", "ProfileState_Unknown"), ("new_state", "ProfileState_Available")],
    );
    record_use(cx, profile);
    write(cx, registry::AUTOPILOT_IS_DISABLED, RegistryValue::Dword(0));
    write(cx, registry::POLICY_CACHE_PROFILE_AVAILABLE, RegistryValue::Dword(1));
    let cached =
        serde_json::to_string(profile).expect("a profile that was read from JSON can be written again");
    write(cx, registry::POLICY_CACHE_JSON, RegistryValue::String(cached));
    write(cx, registry::AUTOPILOT_TENANT_DOMAIN, text(&profile.cloud_assigned_tenant_domain));
    write(cx, registry::AUTOPILOT_TENANT_ID, text(&profile.cloud_assigned_tenant_id.to_string()));
    write(cx, registry::AUTOPILOT_OOBE_CONFIG, RegistryValue::Dword(profile.cloud_assigned_oobe_config));
    write(cx, registry::AUTOPILOT_PROFILE_NAME, text(&profile.deployment_profile_name));
    write(cx, registry::CORRELATION_ZTD_REGISTRATION_ID, text(&profile.ztd_registration_id.to_string()));
}

/// The profile on disk is read and used: after a download, and again after a restart inside OOBE (event 163).
pub fn record_use(cx: &mut Cx<'_>, profile: &AutopilotProfile) {
    cx.event(events::AUTOPILOT_111, &[]);
    let numbers = [
        ("CloudAssignedOobeConfig", profile.cloud_assigned_oobe_config),
        ("CloudAssignedDomainJoinMethod", profile.cloud_assigned_domain_join_method),
        ("CloudAssignedForcedEnrollment", profile.cloud_assigned_forced_enrollment),
    ];
    for (name, value) in numbers {
        cx.event(events::AUTOPILOT_101, &[("setting_name", name), ("value", &value.to_string())]);
    }
    let texts = [
        ("CloudAssignedTenantDomain", profile.cloud_assigned_tenant_domain.clone()),
        ("CloudAssignedTenantId", profile.cloud_assigned_tenant_id.to_string()),
    ];
    for (name, value) in texts {
        cx.event(events::AUTOPILOT_103, &[("name", name), ("value", &value)]);
    }
    let pages = [("OOBE_SKIP_EULA", 16), ("OOBE_SKIP_PRIVACY", 4), ("OOBE_SKIP_KEYBOARD", 1024)];
    for (name, bit) in pages {
        let state = if profile.cloud_assigned_oobe_config & bit == 0 { "show" } else { "hide" };
        cx.event(events::AUTOPILOT_109, &[("setting_name", name), ("state", state)]);
    }
}

/// What Windows logs and writes when there is no profile.
pub fn record_absence(cx: &mut Cx<'_>, refusal: Option<&ProfileRefusal>) {
    let told = [
        (codes::ZTD_PROFILE_DOES_NOT_EXIST, events::AUTOPILOT_809),
        (codes::ZTD_NO_PROFILE_ASSIGNED, events::AUTOPILOT_815),
        (codes::ZTD_HARDWARE_MISMATCH, events::AUTOPILOT_908),
    ];
    if let Some(refusal) = refusal {
        if let Some((_, event)) = told.iter().find(|(code, _)| code.value() == refusal.error_code) {
            cx.event(event, &[]);
        } else {
            cx.decided(rules::EVT_010, "the service knows no such hardware");
            cx.event(events::AUTOPILOT_807, &[]);
        }
    }
    cx.decided(rules::NET_007, "no profile: IsAutopilotDisabled is 1");
    write(cx, registry::AUTOPILOT_IS_DISABLED, RegistryValue::Dword(1));
    write(cx, registry::AUTOPILOT_TENANT_DOMAIN, text(""));
    write(cx, registry::AUTOPILOT_TENANT_ID, text(""));
    write(cx, registry::POLICY_CACHE_PROFILE_AVAILABLE, RegistryValue::Dword(0));
    write(cx, registry::POLICY_CACHE_JSON, text("{\"ZeroTouchConfig\":{}}"));
}

/// The tenant of a device that nobody signed in to: that of its profile.
pub fn record_own_tenant(cx: &mut Cx<'_>, tenant: &str) {
    write(cx, registry::AUTOPILOT_AAD_TENANT_ID, text(tenant));
}

/// The tenant match of a user-driven run (EVT-012, USR-013).
pub fn record_tenant(cx: &mut Cx<'_>, user_tenant: &str, matched: bool) {
    write(cx, registry::AUTOPILOT_AAD_TENANT_ID, text(user_tenant));
    cx.decided(rules::EVT_012, if matched { "the tenants match" } else { "the tenants differ" });
    write(cx, registry::AUTOPILOT_TENANT_MATCHED, RegistryValue::Dword(u32::from(matched)));
}

fn text(value: &str) -> RegistryValue {
    RegistryValue::String(value.to_owned())
}

pub(crate) fn write(cx: &mut Cx<'_>, at: &registry::RegistryFact, value: RegistryValue) {
    cx.write_registry(at.key, at.value, value);
}

/// The service's own code of a refusal, for screens and reports.
pub fn refusal_code(refusal: &ProfileRefusal) -> Option<&'static codes::ResultCode> {
    codes::find(&refusal.error_code.to_string()).into_iter().next()
}
