//! GetPolicies (B.4). The answer uses a prefix it never declares, as a real server does (G4).

use super::fault::Fault;
use super::http::Request;
use super::route::{self, Desk};
use super::seen::What;
use super::soap::{self, XCEP};
use std::collections::BTreeSet;

/// The answer's body, `xcep` undeclared.
const BODY: &str = "<xcep:GetPoliciesResponse><xcep:response><xcep:policyID/><xcep:policies><xcep:policy>\
    <xcep:policyOIDReference>0</xcep:policyOIDReference><xcep:attributes><xcep:policySchema>3</xcep:policySchema>\
    <xcep:certificateValidity><xcep:validityPeriodSeconds>31536000</xcep:validityPeriodSeconds>\
    <xcep:renewalPeriodSeconds>3628800</xcep:renewalPeriodSeconds></xcep:certificateValidity>\
    <xcep:permission><xcep:enroll>true</xcep:enroll><xcep:autoEnroll>false</xcep:autoEnroll></xcep:permission>\
    <xcep:privateKeyAttributes><xcep:minimalKeyLength>2048</xcep:minimalKeyLength></xcep:privateKeyAttributes>\
    <xcep:revision><xcep:majorRevision>101</xcep:majorRevision><xcep:minorRevision>0</xcep:minorRevision>\
    </xcep:revision><xcep:hashAlgorithmOIDReference>1</xcep:hashAlgorithmOIDReference>\
    </xcep:attributes></xcep:policy></xcep:policies></xcep:response><xcep:oIDs><xcep:oID>\
    <xcep:value>2.16.840.1.101.3.4.2.1</xcep:value><xcep:group>1</xcep:group>\
    <xcep:oIDReferenceID>1</xcep:oIDReferenceID><xcep:defaultName>szOID_NIST_sha256</xcep:defaultName>\
    </xcep:oID></xcep:oIDs></xcep:GetPoliciesResponse>";

/// Answers GetPolicies.
pub(crate) fn answer(
    desk: &Desk,
    request: &Request,
    message_ids: &mut BTreeSet<String>,
) -> Result<route::Answer, Fault> {
    let action = format!("{XCEP}/IPolicy/GetPolicies");
    let mut envelope = soap::read(request, &desk.url(route::POLICY), &action, message_ids)?;
    let remarks = std::mem::take(&mut envelope.remarks);
    let user = desk.admit(envelope.credentials()?)?.to_owned();
    let asked = envelope.body(&["GetPolicies"]).ok_or_else(|| Fault::format("no GetPolicies"))?;
    if asked.child("client").is_none() || asked.child("requestFilter").is_none() {
        return Err(Fault::format("GetPolicies lacks client or requestFilter"));
    }
    let action = format!("{XCEP}/IPolicy/GetPoliciesResponse");
    let response = soap::response(200, &action, &envelope.message_id, BODY);
    Ok(route::Answer { what: What::GetPolicies(user), response, remarks })
}
