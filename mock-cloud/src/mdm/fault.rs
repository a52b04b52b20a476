//! Refusals of the enrolment service, as SOAP faults (reference: protocols, B.7).

use oobe_wire::soap::{EnrollmentFault, Fault};

use crate::journal::Refused;

/// A refusal.
#[derive(Debug, Clone)]
pub(super) struct EnrolError {
    failure: EnrollmentFault,
    reason: String,
}

macro_rules! refusals {
    ($($name:ident => $failure:ident,)*) => {
        $(pub(super) fn $name(refused: Refused) -> Self {
            Self { failure: EnrollmentFault::$failure, reason: refused.why }
        })*
    };
}

impl EnrolError {
    refusals! {
        message_format => MessageFormat,
        authentication => Authentication,
        authorization => Authorization,
        certificate_request => CertificateRequest,
        invalid_security => InvalidSecurity,
        device_cap => DeviceCapReached,
        enrollment_server => EnrollmentServer,
        device_not_supported => DeviceNotSupported,
        not_supported => NotSupported,
        user_license => UserLicense,
        invalid_enrollment_data => InvalidEnrollmentData,
    }

    pub(super) fn fault(&self, trace: &str) -> Fault {
        Fault::of(&self.failure, self.reason.clone(), trace)
    }
}
