//! The wire: the mock cloud on loopback, real TLS in between. The driver waits for each answer before it goes on, so
//! that the trace is the one of the run in process.

use std::sync::Arc;

use oobe_agent::io::HttpRequest;
use oobe_mock_cloud::Cloud;

use super::Exchange;
use super::client::{Clients, ToLoopback, WIRE_LIMIT};
use super::server::Server;
use crate::world::host::Host;

/// The transport.
pub(in crate::world) struct Wire {
    cloud: Cloud,
    server: Server,
    clients: Clients,
}

impl Wire {
    pub(super) fn new(cloud: &Cloud) -> std::io::Result<Self> {
        let server = Server::start(cloud)?;
        let resolver = ToLoopback { https: server.https, http: server.http };
        Ok(Self {
            clients: Clients::new(Some(Arc::new(resolver)), WIRE_LIMIT)?,
            server,
            cloud: cloud.clone(),
        })
    }

    pub(super) fn exchange(&mut self, host: &mut Host, request: &HttpRequest) -> Exchange {
        let now = host.device.clock();
        // TLS reads the device's own clock; the cloud's was set by the world.
        let utc = self.cloud.now().plus_ms(now.skew_ms);
        self.clients.exchange(host, request, utc, Some(&self.server.silence))
    }
}
