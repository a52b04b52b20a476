//! HTTP as the device asks for it and as answers come back. One request shape and one closed error for every
//! transport (design, rule 3).

use std::fmt;

use oobe_catalog::codes::{self, ResultCode};
use serde::{Deserialize, Serialize};

use super::NoteFault;
use crate::keys::KeyName;

/// The methods that the dialogues use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Read.
    Get,
    /// Send a body, get an answer.
    Post,
    /// Replace (side-car sessions).
    Put,
    /// Remove (leaving Entra).
    Delete,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        })
    }
}

/// A certificate to authenticate the channel with, and the key that proves it. The transport asks the key to sign:
/// in process a channel nonce, on the wire the TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientIdentity {
    /// DER of the leaf certificate.
    pub certificate: Vec<u8>,
    /// The private key, by name; it never leaves its store.
    pub key: KeyName,
}

/// One request. The URL is absolute; the transport decides where that host really is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// Method.
    pub method: Method,
    /// Absolute URL, scheme included.
    pub url: String,
    /// Header names (lower case) and values, in the order in which they are written.
    pub headers: Vec<(String, String)>,
    /// Body bytes; empty for none.
    pub body: Vec<u8>,
    /// Client certificate, where the peer wants one.
    pub identity: Option<ClientIdentity>,
}

impl HttpRequest {
    /// A GET without headers.
    pub fn get(url: impl Into<String>) -> Self {
        Self { method: Method::Get, url: url.into(), headers: Vec::new(), body: Vec::new(), identity: None }
    }

    /// A POST of `body` as `content_type`.
    pub fn post(url: impl Into<String>, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: Method::Post,
            url: url.into(),
            headers: vec![("content-type".into(), content_type.into())],
            body: body.into(),
            identity: None,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// Authenticates the channel with a client certificate.
    #[must_use]
    pub fn identity(mut self, identity: ClientIdentity) -> Self {
        self.identity = Some(identity);
        self
    }
}

/// What came back: any status counts as an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpReply {
    /// HTTP status code.
    pub status: u16,
    /// Header names (lower case) and values.
    pub headers: Vec<(String, String)>,
    /// Body bytes, at most [`HttpReply::MAX_BODY`].
    pub body: Vec<u8>,
}

impl HttpReply {
    /// The largest body a device takes, in bytes; a larger one is [`TransportError::BodyTooLarge`]. Ours: nothing
    /// the dialogues fetch comes near, and a peer must not be able to fill the device's memory.
    pub const MAX_BODY: usize = 8 * 1024 * 1024;

    /// The first header of that name, compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Why no answer came: the one closed error of both transports.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "error", content = "detail", rename_all = "kebab-case")]
pub enum TransportError {
    /// Nothing listens there.
    #[error("connection refused")]
    Refused,
    /// The peer hung up in the middle.
    #[error("connection reset")]
    Reset,
    /// No answer within the time the device waits.
    #[error("timed out")]
    TimedOut,
    /// The name does not resolve.
    #[error("the host name does not resolve")]
    Dns,
    /// The device has no network link at all.
    #[error("no network")]
    NoNetwork,
    /// TLS did not come about.
    #[error("TLS: {0}")]
    Tls(TlsFailure),
    /// A proxy stands in between and refuses.
    #[error("refused by a proxy (status {0})")]
    Proxy(u16),
    /// The body is larger than [`HttpReply::MAX_BODY`].
    #[error("the body is too large")]
    BodyTooLarge,
    /// The answer is no HTTP, or its body broke off (after what could be kept was kept).
    #[error("malformed answer")]
    Malformed,
    /// The user did not allow that host (loopback only unless told otherwise).
    #[error("this host is not allowed")]
    NotAllowed,
}

impl TransportError {
    /// Who is at fault.
    pub const fn blames(&self) -> NoteFault {
        match self {
            Self::Tls(TlsFailure::ClientCertificateRefused) => NoteFault::PeerRefused,
            // By the device's clock, which is what is wrong more often than the certificate.
            Self::Tls(TlsFailure::CertificateDate) => NoteFault::Device,
            Self::Tls(TlsFailure::UntrustedRoot | TlsFailure::NameMismatch | TlsFailure::Handshake)
            | Self::BodyTooLarge
            | Self::Malformed => NoteFault::PeerBrokeProtocol,
            Self::Refused
            | Self::Reset
            | Self::TimedOut
            | Self::Dns
            | Self::NoNetwork
            | Self::Proxy(_)
            | Self::NotAllowed => NoteFault::Network,
        }
    }

    /// The result code that Windows has for it, outside the enrolment (which has its own). Which codes there are is public;
    /// that every page shows just these is not documented. `None` where the answer came and can't be right, and where the
    /// catalogue has no code: a client certificate that is refused.
    pub const fn code(&self) -> Option<&'static ResultCode> {
        match self {
            Self::TimedOut => Some(codes::WININET_E_TIMEOUT),
            Self::Dns | Self::NoNetwork => Some(codes::WININET_E_NAME_NOT_RESOLVED),
            Self::Refused | Self::Reset | Self::Proxy(_) | Self::NotAllowed => {
                Some(codes::WININET_E_CANNOT_CONNECT)
            }
            Self::Tls(TlsFailure::ClientCertificateRefused) | Self::BodyTooLarge | Self::Malformed => None,
            Self::Tls(_) => Some(codes::WININET_E_DECODING_FAILED),
        }
    }
}

/// What was wrong with TLS, from the device's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsFailure {
    /// The server's certificate is not valid yet, or no more, by the device's clock.
    #[error("the server's certificate is outside its validity")]
    CertificateDate,
    /// The chain ends in a root that the device does not trust.
    #[error("the server's certificate is not trusted")]
    UntrustedRoot,
    /// The certificate is for another name.
    #[error("the server's certificate is for another name")]
    NameMismatch,
    /// The peer refused our client certificate.
    #[error("the client certificate was refused")]
    ClientCertificateRefused,
    /// Anything else.
    #[error("the handshake failed")]
    Handshake,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way for an answer not to come, who is at fault, and the code that is told.
    #[test]
    fn each_transport_error_has_its_fault_and_its_code() {
        use NoteFault::{Device, Network, PeerBrokeProtocol, PeerRefused};
        let all = [
            (TransportError::Refused, Network, "0x80072EFD"),
            (TransportError::Reset, Network, "0x80072EFD"),
            (TransportError::TimedOut, Network, "0x80072EE2"),
            (TransportError::Dns, Network, "0x80072EE7"),
            (TransportError::NoNetwork, Network, "0x80072EE7"),
            (TransportError::Proxy(407), Network, "0x80072EFD"),
            (TransportError::NotAllowed, Network, "0x80072EFD"),
            (TransportError::Tls(TlsFailure::CertificateDate), Device, "0x80072F8F"),
            (TransportError::Tls(TlsFailure::UntrustedRoot), PeerBrokeProtocol, "0x80072F8F"),
            (TransportError::Tls(TlsFailure::NameMismatch), PeerBrokeProtocol, "0x80072F8F"),
            (TransportError::Tls(TlsFailure::Handshake), PeerBrokeProtocol, "0x80072F8F"),
            (TransportError::Tls(TlsFailure::ClientCertificateRefused), PeerRefused, ""),
            (TransportError::BodyTooLarge, PeerBrokeProtocol, ""),
            (TransportError::Malformed, PeerBrokeProtocol, ""),
        ];
        for (error, fault, code) in all {
            let told = error.code().map(ToString::to_string).unwrap_or_default();
            assert_eq!((error.blames(), told.as_str()), (fault, code), "{error}");
        }
    }
}
