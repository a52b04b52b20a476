//! Discovery: which services enrol this user's devices (reference: protocols, B.2).

use serde::{Deserialize, Serialize};

use super::envelope::{Prefixes, request, response};
use super::{Envelope, ReplyError, RequestHeader, ResponseHeader, SoapError, ns};

/// How a server wants its users to authenticate.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AuthPolicy {
    /// User name and password in the request.
    OnPremise,
    /// A token: from a sign-in page, or from Entra ID.
    #[default]
    Federated,
    /// A certificate.
    Certificate,
}

impl AuthPolicy {
    /// The text on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnPremise => "OnPremise",
            Self::Federated => "Federated",
            Self::Certificate => "Certificate",
        }
    }

    /// From the text on the wire, whatever its case.
    pub fn from_wire(text: &str) -> Option<Self> {
        [Self::OnPremise, Self::Federated, Self::Certificate]
            .into_iter()
            .find(|policy| policy.as_str().eq_ignore_ascii_case(text.trim()))
    }
}

/// A Discover request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discover {
    /// The header; Windows sends no security in it.
    pub header: RequestHeader,
    /// `EmailAddress`: the user's UPN; may be empty.
    pub email: String,
    /// `RequestVersion`: `4.0` to `7.0`.
    pub request_version: String,
    /// `DeviceType`: `CIMClient_Windows`.
    pub device_type: String,
    /// `ApplicationVersion`: dotted quad.
    pub application_version: String,
    /// `OSEdition`: SKU number.
    pub os_edition: u32,
    /// `AuthPolicies`: what the device can do, best first.
    pub auth_policies: Vec<AuthPolicy>,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiscoverResult {
    /// `AuthPolicy`.
    pub auth_policy: AuthPolicy,
    /// `EnrollmentVersion`: `3.0` to `7.0`.
    pub enrollment_version: String,
    /// `EnrollmentPolicyServiceUrl`; without it there is no GetPolicies.
    pub policy_url: Option<String>,
    /// `EnrollmentServiceUrl`.
    pub enrollment_url: String,
    /// `AuthenticationServiceUrl`: the sign-in page of a federated server.
    pub authentication_url: Option<String>,
}

impl Discover {
    /// Writes the request.
    pub fn write(&self) -> String {
        request(Prefixes::Plain, ns::ACTION_DISCOVER, &self.header, |writer| {
            writer
                .start("Discover", &[("xmlns", ns::ENROLL)])
                .start("request", &[("xmlns:i", ns::XSI)])
                .leaf("EmailAddress", &[], &self.email)
                .leaf("RequestVersion", &[], &self.request_version)
                .leaf("DeviceType", &[], &self.device_type)
                .leaf("ApplicationVersion", &[], &self.application_version)
                .leaf("OSEdition", &[], &self.os_edition.to_string())
                .start("AuthPolicies", &[]);
            for policy in &self.auth_policies {
                writer.leaf("AuthPolicy", &[], policy.as_str());
            }
        })
    }

    /// Reads a request.
    pub fn parse(xml: &[u8]) -> Result<Self, SoapError> {
        let envelope = Envelope::parse(xml)?;
        let discover =
            envelope.body.path(&["Discover", "request"]).ok_or(SoapError::Missing("Discover/request"))?;
        let text = |name| discover.text_at(&[name]).unwrap_or_default();
        let policies = discover.child("AuthPolicies");
        Ok(Self {
            header: envelope.request_header(),
            email: text("EmailAddress"),
            request_version: text("RequestVersion"),
            device_type: text("DeviceType"),
            application_version: text("ApplicationVersion"),
            os_edition: text("OSEdition").parse().unwrap_or_default(),
            auth_policies: policies
                .into_iter()
                .flat_map(|list| list.children_named("AuthPolicy"))
                .filter_map(|policy| AuthPolicy::from_wire(&policy.text()))
                .collect(),
        })
    }
}

impl DiscoverResult {
    /// Writes the response.
    pub fn write(&self, header: &ResponseHeader) -> String {
        response(ns::ACTION_DISCOVER_RESPONSE, header, |writer| {
            writer
                .start("DiscoverResponse", &[("xmlns", ns::ENROLL)])
                .start("DiscoverResult", &[])
                .leaf("AuthPolicy", &[], self.auth_policy.as_str())
                .leaf("EnrollmentVersion", &[], &self.enrollment_version);
            if let Some(url) = &self.policy_url {
                writer.leaf("EnrollmentPolicyServiceUrl", &[], url);
            }
            writer.leaf("EnrollmentServiceUrl", &[], &self.enrollment_url);
            if let Some(url) = &self.authentication_url {
                writer.leaf("AuthenticationServiceUrl", &[], url);
            }
        })
    }

    /// Reads a response, or the fault that came instead.
    pub fn parse(xml: &[u8]) -> Result<Self, ReplyError> {
        let envelope = Envelope::parse_reply(xml)?;
        let result = envelope
            .body
            .path(&["DiscoverResponse", "DiscoverResult"])
            .ok_or(SoapError::Missing("DiscoverResponse/DiscoverResult"))?;
        // An empty URL is as good as none.
        let url = |name| result.text_at(&[name]).filter(|text| !text.is_empty());
        let policy = result.text_at(&["AuthPolicy"]).ok_or(SoapError::Missing("AuthPolicy"))?;
        Ok(Self {
            auth_policy: AuthPolicy::from_wire(&policy).ok_or(SoapError::Value("AuthPolicy"))?,
            enrollment_version: result.text_at(&["EnrollmentVersion"]).unwrap_or_default(),
            policy_url: url("EnrollmentPolicyServiceUrl"),
            enrollment_url: url("EnrollmentServiceUrl").ok_or(SoapError::Missing("EnrollmentServiceUrl"))?,
            authentication_url: url("AuthenticationServiceUrl"),
        })
    }
}
