//! How requests reach their service. In process the cloud's Router is polled in place; on the wire the same Router
//! stands behind TLS on loopback. The same bytes go either way, and the same closed error comes back.

mod client;
mod in_process;
mod server;
mod tls;
mod wire;

use oobe_agent::io::{HttpReply, HttpRequest, TransportError};
use oobe_mock_cloud::Cloud;
use oobe_wire::syncml;

use super::host::Host;

pub(crate) use client::wall_clock;
pub use client::{Allowed, Foreign};
use in_process::InProcess;
pub use server::Server;
use wire::Wire;

/// Which transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TransportKind {
    /// The Router is polled in place.
    #[default]
    InProcess,
    /// Over loopback, through TLS.
    Wire,
}

/// A transport.
pub(super) enum Transport {
    InProcess(Box<InProcess>),
    Wire(Box<Wire>),
    Foreign(Box<Foreign>),
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Exchange {
    /// An answer, or the news that there is none.
    Answered(Result<HttpReply, TransportError>),
    /// Nothing, for ever: the device's own patience decides.
    Silence,
}

impl Transport {
    pub(super) fn new(kind: TransportKind, cloud: &Cloud) -> std::io::Result<Self> {
        Ok(match kind {
            TransportKind::InProcess => Self::InProcess(Box::new(InProcess::new(cloud.clone()))),
            TransportKind::Wire => Self::Wire(Box::new(Wire::new(cloud)?)),
        })
    }

    /// Sends a request and waits for what comes of it: one after the other, so that a run on the wire is the run in
    /// process.
    pub(super) fn exchange(&mut self, host: &mut Host, request: &HttpRequest) -> Exchange {
        match self {
            Self::InProcess(transport) => transport.exchange(host, request),
            Self::Wire(transport) => transport.exchange(host, request),
            Self::Foreign(transport) => transport.exchange(host, request),
        }
    }

    /// The same transport for a forked world; sockets can't be forked.
    pub(super) fn fork(&self, cloud: &Cloud) -> Option<Self> {
        match self {
            Self::InProcess(transport) => Some(Self::InProcess(Box::new(transport.fork(cloud.clone())))),
            Self::Wire(_) | Self::Foreign(_) => None,
        }
    }
}

/// A body that broke off: kept when it is a whole SyncML message all the same (some servers announce more than they
/// send; reference: protocols, G item 5), malformed otherwise.
pub(super) fn incomplete(reply: HttpReply) -> Result<HttpReply, TransportError> {
    if syncml::complete_enough(&reply.body) { Ok(reply) } else { Err(TransportError::Malformed) }
}
