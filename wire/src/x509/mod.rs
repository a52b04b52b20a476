//! Certificates and certificate requests.

mod certificate;
mod chain;
mod csr;
mod device_extensions;
mod extension;
mod issue;
mod name;
pub mod oid;
mod signature_algorithm;

pub use certificate::{ParsedCertificate, parse_certificate};
pub use chain::{ChainError, verify_chain};
pub use csr::{ParsedCsr, assemble_csr, csr_to_be_signed, make_csr, parse_csr};
pub use device_extensions::DeviceExtensions;
pub use extension::{Extension, Usage};
pub use issue::{IssueRequest, Profile, issue};
pub use name::{AttributeType, Name};

/// Why a certificate or a request cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum X509Error {
    /// Not the DER structure that it should be.
    #[error("malformed: {0}")]
    Malformed(String),
    /// The key in it is not P-256 or RSA of 2048 to 4096 bits.
    #[error("the public key is of no supported kind")]
    UnsupportedKey,
    /// The signature algorithm is neither ECDSA nor PKCS#1 v1.5 with SHA-256.
    #[error("the signature algorithm is not supported")]
    UnsupportedSignature,
    /// The signature does not match.
    #[error("the signature does not match")]
    BadSignature,
    /// An extension that was asked for is not there.
    #[error("extension {0} is missing")]
    MissingExtension(&'static str),
}
