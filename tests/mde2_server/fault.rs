//! SOAP faults of enrolment (B.7).

use super::http::Response;
use super::soap::{self, WSTEP};

/// Why a request fails.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// Subcode, e.g. `s:Authentication`.
    pub(crate) subcode: &'static str,
    /// `ErrorType` of the detail.
    pub(crate) kind: Option<&'static str>,
    /// Reason.
    pub(crate) why: String,
}

impl Fault {
    /// `s:MessageFormat`: 0x80180001.
    pub(crate) fn format(why: impl Into<String>) -> Self {
        Self { subcode: "s:MessageFormat", kind: None, why: why.into() }
    }

    /// `s:Authentication`: 0x80180002.
    pub(crate) fn authentication(why: impl Into<String>) -> Self {
        Self { subcode: "s:Authentication", kind: None, why: why.into() }
    }

    /// `s:CertificateRequest`: 0x80180004.
    pub(crate) fn request(why: impl Into<String>) -> Self {
        Self { subcode: "s:CertificateRequest", kind: None, why: why.into() }
    }

    /// Subcode `s:Authorization` (0x80180003) with the detail `DeviceCapReached`, which wins: 0x80180013.
    pub(crate) fn cap_reached() -> Self {
        let why = "This user has as many devices as allowed".into();
        Self { subcode: "s:Authorization", kind: Some("DeviceCapReached"), why }
    }

    /// As an answer.
    pub(crate) fn response(&self, status: u16, relates_to: &str) -> Response {
        let why = super::xml::escape(&self.why);
        let detail = self.kind.map_or_else(String::new, |kind| {
            format!(
                "<s:Detail><DeviceEnrollmentServiceError xmlns=\"{WSTEP}\"><ErrorType>{kind}</ErrorType>\
                 <Message>{why}</Message><TraceId>2493ee37-beeb-4cb9-833c-cadde9067645</TraceId>\
                 </DeviceEnrollmentServiceError></s:Detail>"
            )
        });
        let body = format!(
            "<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{}</s:Value></s:Subcode></s:Code>\
             <s:Reason><s:Text xml:lang=\"en-US\">{why}</s:Text></s:Reason>{detail}</s:Fault>",
            self.subcode
        );
        soap::response(status, &format!("{WSTEP}/RSTRC/wstep"), relates_to, &body)
    }
}
