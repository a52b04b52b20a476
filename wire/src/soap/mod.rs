//! The enrolment dialogue: SOAP 1.2 with MS-MDE2, MS-XCEP and MS-WSTEP bodies (reference: protocols, B).
//!
//! Requests are written exactly as Windows writes them; some servers search the raw text (reference:
//! protocols, G items 1 to 3). Everything is read leniently. A reply is judged by its body: what holds a
//! Fault is one, whatever the HTTP status (G item 8).

mod discover;
mod envelope;
mod fault;
pub mod ns;
mod policies;
#[cfg(test)]
mod tests;
mod token;

pub use discover::{AuthPolicy, Discover, DiscoverResult};
pub use envelope::{Envelope, RequestHeader, ResponseHeader, Security};
pub use fault::{EnrollmentFault, Fault, ServiceError};
pub use policies::{AttestationPolicy, AzureAttestation, GetPolicies, OnAttestationFailure, PoliciesResult};
pub use token::{RequestSecurityToken, RequestType, TokenResponse};

use crate::xml::XmlError;

/// The `Content-Type` of requests.
pub const CONTENT_TYPE: &str = "application/soap+xml; charset=utf-8";
/// The `User-Agent` of requests.
pub const USER_AGENT: &str = "ENROLLClient";

/// Why an envelope cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SoapError {
    /// Not XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// An element without which the message means nothing.
    #[error("the message has no {0}")]
    Missing(&'static str),
    /// An element whose text is not what it should be.
    #[error("the text of {0} cannot be read")]
    Value(&'static str),
}

/// What a reply is when it is not the expected answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The server refused.
    #[error("the server answered with a fault: {0}")]
    Fault(Box<Fault>),
    /// The server sent nothing.
    #[error("the server sent an empty message")]
    Empty,
    /// Neither an answer nor a fault.
    #[error(transparent)]
    Format(#[from] SoapError),
}
