//! What a verifier makes of a TPM's structures: public areas and their names, credentials, attestations, event logs,
//! endorsement key certificates. The structures are those of the TPM 2.0 Library, part 2, read by `tpm2-protocol`; every
//! reader here takes bytes that anybody may have sent.
//!
//! A TPM is never asked anything from here: this is the other side.

mod attest;
mod credential;
mod ek_certificate;
pub mod event_log;
mod kdf;
mod public;

pub use attest::{Attest, Attested, ClockInfo, verify_signature};
pub use credential::{Credential, CredentialError, make_credential};
pub use ek_certificate::{
    EK_CERTIFICATE_USAGE, EkCertificate, EkCertificateError, TpmIdentity, VendorCertificateError,
};
pub use event_log::{EventLog, EventLogError};
pub use public::{Attributes, PublicArea, Symmetric};

pub use crate::attestation::{PcrHash, PcrSelection};

/// Why a TPM's structure is no good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TpmStructureError {
    /// Not the structure that it should be.
    #[error("not a {0}")]
    Malformed(&'static str),
    /// More bytes than the structure has.
    #[error("there is something behind the {0}")]
    Trailing(&'static str),
    /// An algorithm that is not served here.
    #[error("the {0} is of a kind that is not served")]
    Unsupported(&'static str),
}

/// A whole structure, with nothing behind it.
fn whole<T: tpm2_protocol::TpmUnmarshal>(bytes: &[u8], what: &'static str) -> Result<T, TpmStructureError> {
    let (value, rest) = T::unmarshal(bytes).map_err(|_| TpmStructureError::Malformed(what))?;
    if rest.is_empty() { Ok(value) } else { Err(TpmStructureError::Trailing(what)) }
}
