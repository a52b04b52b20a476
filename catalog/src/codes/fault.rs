//! SOAP faults of MDM enrolment.

use super::{ALL, MENROLL_E_DEVICE_UNKNOWN_ERROR, ResultCode};

/// The code that Windows shows for a fault of the enrolment service. The `ErrorType` of the detail wins over the subcode;
/// a prefix such as `s:` does not matter.
pub fn from_fault(subcode: &str, detail: Option<&str>) -> &'static ResultCode {
    let by = |part: &str, name: &str| {
        let name = name.rsplit(':').next().unwrap_or(name).trim();
        ALL.iter().find(|entry| {
            let wire = entry.wire.and_then(|wire| wire.strip_prefix(part));
            wire.is_some_and(|w| w.rsplit(':').next() == Some(name))
        })
    };
    detail
        .and_then(|error_type| by("detail ", error_type))
        .or_else(|| by("subcode ", subcode))
        .unwrap_or(MENROLL_E_DEVICE_UNKNOWN_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;

    #[test]
    fn detail_wins_over_subcode() {
        let code = from_fault("s:Authorization", Some("DeviceCapReached"));
        assert_eq!(code, codes::MENROLL_E_DEVICECAPREACHED);
        assert_eq!(from_fault("s:Authorization", None), codes::MENROLL_E_DEVICE_AUTHORIZATION_ERROR);
        assert_eq!(from_fault("a:InternalServiceFault", None), codes::MENROLL_E_DEVICE_INTERNALSERVICE_ERROR);
        assert_eq!(from_fault("s:Unheard", Some("Unheard")), codes::MENROLL_E_DEVICE_UNKNOWN_ERROR);
    }
}
