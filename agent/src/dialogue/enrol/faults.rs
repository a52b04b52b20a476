//! What Windows shows for what goes wrong in an enrolment (reference: protocols, B.7).

use oobe_catalog::codes::{self, ResultCode};
use oobe_catalog::events;
use oobe_wire::soap::{EnrollmentFault, Fault, ReplyError};

use super::Failure;
use crate::cx::Cx;
use crate::io::{HttpReply, NoteFault, TlsFailure, TransportError};

/// No answer.
pub(super) fn transport(doing: &'static str, error: &TransportError) -> Failure {
    let code = match error {
        TransportError::Tls(TlsFailure::CertificateDate) => codes::MENROLL_E_DISCOVERY_SEC_CERT_DATE_INVALID,
        TransportError::Tls(_) => codes::MENROLL_E_INVALIDSSLCERT,
        _ => codes::MENROLL_E_CONNECTIVITY,
    };
    Failure { code: Some(code), ..Failure::transport(doing, error) }
}

/// An answer that is no success. A fault counts whatever the HTTP status (reference: protocols, G item 8). Told as a
/// check is what says that it is the answer, and is not.
pub(super) fn reply(cx: &mut Cx<'_>, doing: &'static str, reply: &HttpReply, error: ReplyError) -> Failure {
    if reply.is_success() && !matches!(error, ReplyError::Fault(_)) {
        cx.checked("enrolment-reply-shape", Some(error.to_string()));
    }
    match error {
        ReplyError::Fault(fault) => {
            let code = code(&fault.meaning());
            Failure { doing, fault: NoteFault::PeerRefused, code: Some(code), detail: fault.to_string() }
        }
        _ if reply.status == 429 => {
            Failure::refused(doing, Some(codes::MENROLL_E_SERVER429), "the server is busy (HTTP 429)")
        }
        ReplyError::Empty if reply.is_success() => {
            Failure::broken(doing, Some(codes::MENROLL_E_EMPTY_MESSAGE), "the server sent nothing")
        }
        error if reply.is_success() => {
            Failure::broken(doing, Some(codes::MENROLL_E_DEVICE_MESSAGE_FORMAT_ERROR), error.to_string())
        }
        _ => {
            let code = Some(codes::MENROLL_E_DEVICE_UNKNOWN_ERROR);
            Failure::refused(doing, code, format!("HTTP {} without a fault", reply.status))
        }
    }
}

/// The management log's record of a fault.
pub(super) fn record(cx: &mut Cx<'_>, reply: &HttpReply) {
    if let Ok(Some(fault)) = Fault::parse(&reply.body) {
        let named = fault.detail.as_ref().map(|d| d.error_type.clone());
        let subcode = named.or_else(|| fault.subcode.clone()).unwrap_or_else(|| fault.code.clone());
        cx.event(events::MDM_52, &[("subcode", &subcode), ("text", &fault.reason)]);
    }
}

fn code(fault: &EnrollmentFault) -> &'static ResultCode {
    match fault {
        EnrollmentFault::MessageFormat => codes::MENROLL_E_DEVICE_MESSAGE_FORMAT_ERROR,
        EnrollmentFault::Authentication => codes::MENROLL_E_DEVICE_AUTHENTICATION_ERROR,
        EnrollmentFault::Authorization => codes::MENROLL_E_DEVICE_AUTHORIZATION_ERROR,
        EnrollmentFault::CertificateRequest => codes::MENROLL_E_DEVICE_CERTIFICATEREQUEST_ERROR,
        EnrollmentFault::EnrollmentServer => codes::MENROLL_E_DEVICE_CONFIGMGRSERVER_ERROR,
        EnrollmentFault::InternalServiceFault => codes::MENROLL_E_DEVICE_INTERNALSERVICE_ERROR,
        EnrollmentFault::InvalidSecurity => codes::MENROLL_E_DEVICE_INVALIDSECURITY_ERROR,
        EnrollmentFault::DeviceCapReached => codes::MENROLL_E_DEVICECAPREACHED,
        EnrollmentFault::DeviceNotSupported => codes::MENROLL_E_DEVICENOTSUPPORTED,
        EnrollmentFault::NotSupported => codes::MENROLL_E_NOT_SUPPORTED,
        EnrollmentFault::NotEligibleToRenew => codes::MENROLL_E_NOTELIGIBLETORENEW,
        EnrollmentFault::InMaintenance => codes::MENROLL_E_INMAINTENANCE,
        EnrollmentFault::UserLicense => codes::MENROLL_E_USER_LICENSE,
        EnrollmentFault::InvalidEnrollmentData => codes::MENROLL_E_ENROLLMENTDATAINVALID,
        EnrollmentFault::CustomServerError(_) => codes::MENROLL_E_CUSTOMSERVERERROR,
        EnrollmentFault::Unknown => codes::MENROLL_E_DEVICE_UNKNOWN_ERROR,
    }
}
