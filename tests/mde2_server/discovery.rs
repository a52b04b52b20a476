//! Discovery (B.2).

use super::fault::Fault;
use super::http::{Request, Response};
use super::route::{self, Desk};
use super::seen::{Discover, What};
use super::soap::{self, ENROLL};
use std::collections::BTreeSet;

/// The version this server speaks; the lower of the two counts.
const VERSION: &str = "4.0";

/// Answers a discovery request.
pub(crate) fn answer(
    desk: &Desk,
    request: &Request,
    message_ids: &mut BTreeSet<String>,
) -> Result<route::Answer, Fault> {
    let url = desk.url(route::DISCOVERY);
    let action = format!("{ENROLL}/IDiscoveryService/Discover");
    let mut envelope = soap::read(request, &url, &action, message_ids)?;
    let asked =
        envelope.body(&["Discover", "request"]).ok_or_else(|| Fault::format("no Discover/request"))?;
    let policies = asked.child("AuthPolicies").ok_or_else(|| Fault::format("no AuthPolicies"))?;
    let discover = Discover {
        email: asked.text_at(&["EmailAddress"]).to_owned(),
        version: asked.text_at(&["RequestVersion"]).to_owned(),
        policies: policies.all("AuthPolicy").map(|p| p.text.trim().to_owned()).collect(),
    };
    if asked.text_at(&["DeviceType"]) != "CIMClient_Windows" {
        return Err(Fault::format("DeviceType is not CIMClient_Windows"));
    }
    if !["4.0", "5.0", "6.0", "7.0"].contains(&discover.version.as_str()) {
        return Err(Fault::format(format!("RequestVersion is {:?}", discover.version)));
    }
    if !discover.policies.iter().any(|p| p == "OnPremise") {
        return Err(Fault::format("OnPremise is not among the AuthPolicies"));
    }
    let mut remarks = std::mem::take(&mut envelope.remarks);
    let asked = envelope.body(&["Discover", "request"]).unwrap_or(&envelope.tree);
    if !is_dotted_quad(asked.text_at(&["ApplicationVersion"])) {
        remarks.push("ApplicationVersion is not a dotted quad".into());
    }
    if asked.text_at(&["OSEdition"]).parse::<u32>().is_err() {
        remarks.push("OSEdition is not a number".into());
    }
    if !discover.email.is_empty() && discover.email != desk.plan.user {
        remarks.push(format!("EmailAddress is {:?}", discover.email));
    }
    if discover.policies.len() > 3 {
        remarks.push("more than three AuthPolicies".into());
    }
    let response = respond(desk, &envelope.message_id);
    Ok(route::Answer { what: What::Discover(discover), response, remarks })
}

/// Whether a text is four numbers with dots.
pub(crate) fn is_dotted_quad(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 4 && parts.iter().all(|p| p.parse::<u32>().is_ok())
}

fn respond(desk: &Desk, relates_to: &str) -> Response {
    let body = format!(
        "<DiscoverResponse xmlns=\"{ENROLL}\"><DiscoverResult><AuthPolicy>OnPremise</AuthPolicy>\
         <EnrollmentVersion>{VERSION}</EnrollmentVersion>\
         <EnrollmentPolicyServiceUrl>{}</EnrollmentPolicyServiceUrl>\
         <EnrollmentServiceUrl>{}</EnrollmentServiceUrl></DiscoverResult></DiscoverResponse>",
        desk.url(route::POLICY),
        desk.url(route::ENROL)
    );
    soap::response(200, &format!("{ENROLL}/IDiscoveryService/DiscoverResponse"), relates_to, &body)
}
