//! Faults, and the enrolment failures they mean (reference: protocols, B.7).

use std::fmt;

use super::envelope::response;
use super::{Envelope, ResponseHeader, SoapError, ns};
use crate::xml::Element;

/// A SOAP fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// `Code/Value`: `s:Receiver`, `s:Sender`.
    pub code: String,
    /// `Code/Subcode/Value`, with its prefix: `s:Authentication`, `a:InternalServiceFault`.
    pub subcode: Option<String>,
    /// `Reason/Text`.
    pub reason: String,
    /// `Detail/DeviceEnrollmentServiceError`.
    pub detail: Option<ServiceError>,
}

/// `DeviceEnrollmentServiceError`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceError {
    /// `ErrorType`: `DeviceCapReached`, ...
    pub error_type: String,
    /// `Message`.
    pub message: String,
    /// `TraceId`.
    pub trace_id: String,
}

/// Which failure of an enrolment a fault means. The result codes belong to the table of codes, not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnrollmentFault {
    /// Subcode `s:MessageFormat`.
    MessageFormat,
    /// Subcode `s:Authentication`.
    Authentication,
    /// Subcode `s:Authorization`.
    Authorization,
    /// Subcode `s:CertificateRequest`.
    CertificateRequest,
    /// Subcode `s:EnrollmentServer`.
    EnrollmentServer,
    /// Subcode `a:InternalServiceFault`.
    InternalServiceFault,
    /// Subcode `a:InvalidSecurity`.
    InvalidSecurity,
    /// Detail `DeviceCapReached`.
    DeviceCapReached,
    /// Detail `DeviceNotSupported`.
    DeviceNotSupported,
    /// Detail `NotSupported`.
    NotSupported,
    /// Detail `NotEligibleToRenew`.
    NotEligibleToRenew,
    /// Detail `InMaintenance`.
    InMaintenance,
    /// Detail `UserLicense`.
    UserLicense,
    /// Detail `InvalidEnrollmentData`.
    InvalidEnrollmentData,
    /// Detail `CustomServerError`: the fault's reason is for the user to read.
    CustomServerError(String),
    /// Any other fault.
    Unknown,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.subcode.as_deref().unwrap_or(&self.code))?;
        if let Some(detail) = &self.detail {
            write!(f, " ({})", detail.error_type)?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl Fault {
    /// The fault that makes a client see `failure`. A custom error's own text takes the place of `reason`.
    pub fn of(failure: &EnrollmentFault, reason: impl Into<String>, trace_id: impl Into<String>) -> Self {
        let mut reason = reason.into();
        if let EnrollmentFault::CustomServerError(text) = failure {
            reason.clone_from(text);
        }
        let detail = failure.error_type().map(|error_type| ServiceError {
            error_type: error_type.to_owned(),
            message: reason.clone(),
            trace_id: trace_id.into(),
        });
        // What has a detail type is, by its subcode alone, a refusal.
        let subcode = failure.subcode().unwrap_or("s:Authorization");
        Self { code: "s:Receiver".to_owned(), subcode: Some(subcode.to_owned()), reason, detail }
    }

    /// Which failure it means: the detail's ErrorType wins over the subcode.
    pub fn meaning(&self) -> EnrollmentFault {
        let detail = self.detail.as_ref().map(|detail| detail.error_type.as_str());
        let subcode =
            self.subcode.as_deref().map(|code| code.rsplit_once(':').map_or(code, |(_, local)| local));
        if detail == Some(CUSTOM_SERVER_ERROR) {
            return EnrollmentFault::CustomServerError(self.reason.clone());
        }
        let of_detail = DETAILS.iter().find(|(_, text)| detail == Some(text));
        let of_subcode = SUBCODES.iter().find(|(_, text)| subcode == text.split(':').next_back());
        of_detail.or(of_subcode).map_or(EnrollmentFault::Unknown, |(fault, _)| fault.clone())
    }

    /// Writes the envelope of this fault.
    pub fn write(&self, header: &ResponseHeader) -> String {
        response(ns::ACTION_RSTRC, header, |writer| {
            writer.start("s:Fault", &[]).start("s:Code", &[]).leaf("s:Value", &[], &self.code);
            if let Some(subcode) = &self.subcode {
                writer.start("s:Subcode", &[]).leaf("s:Value", &[], subcode).end();
            }
            writer.end().start("s:Reason", &[]).leaf("s:Text", &[("xml:lang", "en-us")], &self.reason).end();
            if let Some(detail) = &self.detail {
                writer
                    .start("s:Detail", &[])
                    .start("DeviceEnrollmentServiceError", &[("xmlns", ns::WSTEP)])
                    .leaf("ErrorType", &[], &detail.error_type)
                    .leaf("Message", &[], &detail.message)
                    .leaf("TraceId", &[], &detail.trace_id);
            }
        })
    }

    /// Reads an envelope; `None` when it holds no fault.
    pub fn parse(xml: &[u8]) -> Result<Option<Self>, SoapError> {
        Ok(Self::find(&Envelope::parse(xml)?.body))
    }

    pub(super) fn find(body: &Element<'_>) -> Option<Self> {
        let fault = body.child("Fault")?;
        let text = |of: &Element<'_>, path: &[&str]| of.text_at(path).unwrap_or_default();
        let detail = fault.path(&["Detail", "DeviceEnrollmentServiceError"]);
        Some(Self {
            code: text(fault, &["Code", "Value"]),
            subcode: fault.text_at(&["Code", "Subcode", "Value"]),
            reason: text(fault, &["Reason", "Text"]),
            detail: detail.map(|detail| ServiceError {
                error_type: text(detail, &["ErrorType"]),
                message: text(detail, &["Message"]),
                trace_id: text(detail, &["TraceId"]),
            }),
        })
    }
}

const CUSTOM_SERVER_ERROR: &str = "CustomServerError";

const SUBCODES: &[(EnrollmentFault, &str)] = &[
    (EnrollmentFault::MessageFormat, "s:MessageFormat"),
    (EnrollmentFault::Authentication, "s:Authentication"),
    (EnrollmentFault::Authorization, "s:Authorization"),
    (EnrollmentFault::CertificateRequest, "s:CertificateRequest"),
    (EnrollmentFault::EnrollmentServer, "s:EnrollmentServer"),
    (EnrollmentFault::InternalServiceFault, "a:InternalServiceFault"),
    (EnrollmentFault::InvalidSecurity, "a:InvalidSecurity"),
];

const DETAILS: &[(EnrollmentFault, &str)] = &[
    (EnrollmentFault::DeviceCapReached, "DeviceCapReached"),
    (EnrollmentFault::DeviceNotSupported, "DeviceNotSupported"),
    (EnrollmentFault::NotSupported, "NotSupported"),
    (EnrollmentFault::NotEligibleToRenew, "NotEligibleToRenew"),
    (EnrollmentFault::InMaintenance, "InMaintenance"),
    (EnrollmentFault::UserLicense, "UserLicense"),
    (EnrollmentFault::InvalidEnrollmentData, "InvalidEnrollmentData"),
];

impl EnrollmentFault {
    fn subcode(&self) -> Option<&'static str> {
        if *self == Self::Unknown {
            return Some("s:Unknown");
        }
        SUBCODES.iter().find(|(fault, _)| fault == self).map(|(_, text)| *text)
    }

    fn error_type(&self) -> Option<&'static str> {
        if let Self::CustomServerError(_) = self {
            return Some(CUSTOM_SERVER_ERROR);
        }
        DETAILS.iter().find(|(fault, _)| fault == self).map(|(_, text)| *text)
    }
}
