//! Client certificates. In process a certificate is proved by signing a nonce of the channel with its key, in place of
//! a TLS handshake (MOD-006); on the wire the TLS acceptor does the like. Handlers see the same [`PeerCertificate`].

use oobe_wire::x509::{ChainError, parse_certificate};

use crate::checks;
use crate::journal::Refused;
use crate::proved::Issuer;
use crate::state::State;

/// The client certificate (DER) of a channel, proved. The transport puts it into the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCertificate(pub Vec<u8>);

/// Why a channel with a client certificate does not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ChannelError {
    /// The certificate cannot be read.
    #[error("the client certificate is malformed")]
    Malformed,
    /// Whoever shows the certificate does not have its key.
    #[error("the client does not have the certificate's key")]
    BadSignature,
    /// It was issued neither by the device CA nor by the MDM CA.
    #[error("the client certificate is not trusted")]
    UntrustedChain,
    /// It is not valid any more.
    #[error("the client certificate has expired")]
    Expired,
    /// It is not valid yet.
    #[error("the client certificate is not valid yet")]
    NotYetValid,
}

/// Opens a channel for whoever holds `certificate`.
pub(crate) fn open(
    state: &mut State,
    certificate: &[u8],
    nonce: &[u8],
    signature: &[u8],
) -> Result<PeerCertificate, ChannelError> {
    let parsed = state
        .journal
        .need(checks::CHANNEL_CERTIFICATE, parse_certificate(certificate))
        .map_err(|Refused { .. }| ChannelError::Malformed)?;
    let signed = parsed.public_key.verify_x509(nonce, signature);
    state
        .journal
        .need(checks::CHANNEL_SIGNATURE, signed)
        .map_err(|Refused { .. }| ChannelError::BadSignature)?;
    // The issuer's name only tells which authority to ask; whether it really issued the certificate is what it tells.
    let ours = parsed.issuer == state.authority().devices.name;
    let issuer = if ours { Issuer::Devices } else { Issuer::Mdm };
    match state.verify_chain(issuer, &parsed) {
        Ok(()) => {
            let _ = state.journal.check(checks::CHANNEL_CHAIN, None);
            let _ = state.journal.check(checks::CHANNEL_VALIDITY, None);
            Ok(PeerCertificate(certificate.to_vec()))
        }
        Err(error) => {
            let (check, outcome) = match error {
                ChainError::Expired => (checks::CHANNEL_VALIDITY, ChannelError::Expired),
                ChainError::NotYetValid => (checks::CHANNEL_VALIDITY, ChannelError::NotYetValid),
                _ => (checks::CHANNEL_CHAIN, ChannelError::UntrustedChain),
            };
            let _ = state.journal.check(check, Some(error.to_string()));
            Err(outcome)
        }
    }
}
