//! MDM enrolment (MS-MDE2 with MS-XCEP and MS-WSTEP; reference: protocols, B), in the shape of Intune.

mod caller;
mod document;
mod enrol;
mod fault;
mod terms;
mod userless;

use axum::http::{Method, StatusCode};
use oobe_wire::soap::{
    self, AuthPolicy, Discover, DiscoverResult, Envelope, PoliciesResult, ResponseHeader, ns,
};

use crate::checks;
use crate::http::{Call, Reply, empty, reply};
use crate::journal::Service;
use crate::state::State;
use fault::EnrolError;

pub(crate) use terms::Acceptance;

/// Where enrolment begins.
pub(crate) const DISCOVERY_URL: &str =
    "https://enrollment.manage.microsoft.com/enrollmentserver/discovery.svc";
const POLICY_URL: &str = "https://enrollment.manage.microsoft.com/enrollmentserver/policy.svc";
const ENROLLMENT_URL: &str = "https://enrollment.manage.microsoft.com/enrollmentserver/enroll.svc";
/// The highest version that is spoken; 5.0 and up would bring key attestation.
const ENROLLMENT_VERSION: &str = "4.0";

/// `enrollment.manage.microsoft.com`, `enterpriseenrollment.{domain}`, and the terms of use on
/// `portal.manage.microsoft.com`. What is asked is told by the SOAP action, not by the address: one client posts its
/// certificate request to the address that Graph lists (reference: protocols, G).
pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Option<Reply> {
    let segments = call.segments();
    match (call.method, segments.as_slice()) {
        (&Method::GET, ["enrollmentserver", "discovery.svc"] | ["api", "mdm", "microsoft", "discovery"]) => {
            Some(empty(StatusCode::OK))
        }
        (
            &Method::POST,
            ["enrollmentserver", "discovery.svc" | "policy.svc" | "enroll.svc"]
            | ["api", "mdm", "microsoft", "discovery" | "policy" | "enroll"],
        ) => Some(answer(state, call)),
        (&Method::GET, ["termsofuse.aspx"]) => Some(terms::page(state, call)),
        (&Method::POST, ["termsofuse.aspx"]) => Some(terms::decide(state, call)),
        _ => None,
    }
}

fn answer(state: &mut State, call: &Call<'_>) -> Reply {
    let activity = state.draw("activity", call.path).guid().to_string();
    let mut header = ResponseHeader { relates_to: None, activity_id: Some(activity.clone()) };
    let envelope = Envelope::parse(call.body);
    let answered =
        state.journal.need(checks::MDM_ENVELOPE, envelope).map_err(EnrolError::message_format).and_then(
            |envelope| {
                header.relates_to.clone_from(&envelope.message_id);
                match envelope.action.as_str() {
                    ns::ACTION_DISCOVER => discover(state, call).map(|result| result.write(&header)),
                    ns::ACTION_GET_POLICIES => policies(state, &envelope).map(|result| result.write(&header)),
                    ns::ACTION_RST => enrol::enrol(state, call, &envelope).map(|r| r.write(&header)),
                    other => {
                        let why = Some(format!("action {other:?} is not served"));
                        state
                            .journal
                            .check(checks::MDM_ACTION, why)
                            .map_err(EnrolError::message_format)
                            .map(|()| String::new())
                    }
                }
            },
        );
    match answered {
        Ok(xml) => reply(StatusCode::OK, soap::CONTENT_TYPE, xml),
        Err(error) => {
            let fault = error.fault(&activity);
            reply(StatusCode::INTERNAL_SERVER_ERROR, soap::CONTENT_TYPE, fault.write(&header))
        }
    }
}

/// Discovery (reference: protocols, B.2).
fn discover(state: &mut State, call: &Call<'_>) -> Result<DiscoverResult, EnrolError> {
    let request = Discover::parse(call.body);
    let request = state.journal.need(checks::MDM_ENVELOPE, request).map_err(EnrolError::message_format)?;
    // The address may be empty (reference: protocols, G item 9).
    let domain = request.email.rsplit_once('@').map(|(_, domain)| domain);
    let known = domain.is_none_or(|domain| state.tenant(domain).is_some());
    state
        .journal
        .expect(checks::MDM_DISCOVERY_USER, known, || "the user's domain is none of ours".into())
        .map_err(EnrolError::authentication)?;
    // The device that was joined to Entra ID can do both, and is to show its token.
    let choice = [AuthPolicy::Federated, AuthPolicy::OnPremise]
        .into_iter()
        .find(|policy| request.auth_policies.contains(policy))
        .ok_or("the client offers no authentication that is served");
    let auth_policy =
        state.journal.need(checks::MDM_AUTH_POLICY, choice).map_err(EnrolError::not_supported)?;
    Ok(DiscoverResult {
        auth_policy,
        enrollment_version: lower_version(&request.request_version),
        policy_url: Some(POLICY_URL.to_owned()),
        enrollment_url: ENROLLMENT_URL.to_owned(),
        authentication_url: None,
    })
}

/// The lower of the client's version and ours.
fn lower_version(theirs: &str) -> String {
    let number = |text: &str| {
        let (major, minor) = text.trim().split_once('.')?;
        Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?))
    };
    match (number(theirs), number(ENROLLMENT_VERSION)) {
        (Some(client), Some(server)) if client < server => theirs.trim().to_owned(),
        _ => ENROLLMENT_VERSION.to_owned(),
    }
}

/// Certificate policy (reference: protocols, B.4).
fn policies(state: &mut State, envelope: &Envelope) -> Result<PoliciesResult, EnrolError> {
    caller::identify(state, &envelope.security)?;
    state.journal.tell(Service::Mdm, "policy-delivered", "");
    Ok(PoliciesResult {
        validity_seconds: Some(enrol::CERTIFICATE_DAYS.unsigned_abs() * 86_400),
        renewal_seconds: Some(42 * 86_400),
        ..PoliciesResult::default()
    })
}
