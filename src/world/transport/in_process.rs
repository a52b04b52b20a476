//! The cloud's Router, polled in place. Handlers never wait, so every future is ready when first polled.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::body::Body;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use oobe_agent::io::{ClientIdentity, HttpReply, HttpRequest, TlsFailure, TransportError};
use oobe_mock_cloud::{ChannelError, Cloud, PeerCertificate, Silence};
use oobe_wire::crypto::sha256;
use oobe_wire::encoding::hex_lower;
use oobe_wire::time::Utc;
use oobe_wire::x509::{ChainError, Usage, parse_certificate, verify_chain};
use tower::ServiceExt;

use super::{Exchange, incomplete};
use crate::expect::host_and_path;
use crate::world::host::{Host, KeyRing};

/// A channel with a client certificate: device, boot, digest of the certificate. All hosts are one cloud, which a device
/// tells once for each start who it is; TLS tells it to each host.
type ChannelKey = (String, u32, [u8; 32]);

/// The transport.
pub(in crate::world) struct InProcess {
    cloud: Cloud,
    router: Router,
    /// Channels that were proved: like a kept-alive connection, a channel is proved once.
    channels: BTreeMap<ChannelKey, PeerCertificate>,
    /// The server certificate that TLS would show.
    server: Vec<Vec<u8>>,
    /// Connections of devices that are kept alive: device, its start, and the host. The server certificate is looked at when
    /// one begins, as on the wire.
    connected: BTreeSet<(String, u32, String)>,
    /// Devices that found its signatures good, and from when to when all of the chain is valid: what is left to look at when
    /// the next connection begins.
    trusting: BTreeMap<String, (Utc, Utc)>,
}

impl InProcess {
    pub(super) fn new(cloud: Cloud) -> Self {
        let server = cloud.tls_chain(&[]);
        Self {
            router: cloud.router(),
            cloud,
            channels: BTreeMap::new(),
            server,
            connected: BTreeSet::new(),
            trusting: BTreeMap::new(),
        }
    }

    pub(super) fn fork(&self, cloud: Cloud) -> Self {
        Self {
            router: cloud.router(),
            cloud,
            channels: self.channels.clone(),
            server: self.server.clone(),
            connected: self.connected.clone(),
            trusting: self.trusting.clone(),
        }
    }

    pub(super) fn exchange(&mut self, host: &mut Host, request: &HttpRequest) -> Exchange {
        if request.url.starts_with("https:")
            && let Err(failure) = self.server_certificate(host, &request.url)
        {
            return Exchange::Answered(Err(TransportError::Tls(failure)));
        }
        let peer = match &request.identity {
            None => None,
            Some(identity) => match self.channel(host, identity) {
                Ok(peer) => Some(peer),
                Err(error) => return Exchange::Answered(Err(error)),
            },
        };
        let Some(call) = call(request, peer) else {
            return Exchange::Answered(Err(TransportError::Malformed));
        };
        let response = self
            .router
            .clone()
            .oneshot(call)
            .now_or_never()
            .expect("handlers of the mock cloud never wait: they lock, compute and answer")
            .unwrap_or_else(|never| match never {});
        if response.extensions().get::<Silence>().is_some() {
            return Exchange::Silence;
        }
        Exchange::Answered(reply(response))
    }

    /// The check that TLS makes on the device's side: chain and validity, by the device's own clock.
    fn server_certificate(&mut self, host: &Host, url: &str) -> Result<(), TlsFailure> {
        let setup = host.device.setup();
        let connection = (setup.name.clone(), host.device.disk().boots, host_and_path(url).0.to_owned());
        if self.connected.contains(&connection) {
            return Ok(());
        }
        let at = self.cloud.now().plus_ms(host.device.clock().skew_ms);
        if let Some((from, until)) = self.trusting.get(&setup.name) {
            if at.unix_seconds() < from.unix_seconds() || until.unix_seconds() < at.unix_seconds() {
                return Err(TlsFailure::CertificateDate);
            }
            self.connected.insert(connection);
            return Ok(());
        }
        let roots: Vec<&[u8]> = setup.trusted_roots.iter().map(Vec::as_slice).collect();
        let Some((leaf, chain)) = self.server.split_first() else { return Err(TlsFailure::Handshake) };
        let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
        match verify_chain(leaf, &chain, &roots, at, Usage::ServerAuth) {
            Ok(()) => {
                self.trusting.insert(setup.name.clone(), validity(&self.server));
                self.connected.insert(connection);
                Ok(())
            }
            Err(ChainError::Expired | ChainError::NotYetValid) => Err(TlsFailure::CertificateDate),
            Err(_) => Err(TlsFailure::UntrustedRoot),
        }
    }

    /// Proves the client certificate by having its key sign a nonce of the channel (MOD-006).
    fn channel(
        &mut self,
        host: &mut Host,
        identity: &ClientIdentity,
    ) -> Result<PeerCertificate, TransportError> {
        let device = host.device.setup().name.clone();
        let key: ChannelKey = (device, host.device.disk().boots, sha256(&identity.certificate));
        if let Some(peer) = self.channels.get(&key) {
            return Ok(peer.clone());
        }
        let nonce = self.cloud.channel_nonce(&format!("{}/{}/{}", key.0, key.1, hex_lower(&key.2)));
        let Ok(bytes) = KeyRing::of(host, &identity.key).sign(&identity.key, &nonce) else {
            return Err(TransportError::Tls(TlsFailure::Handshake));
        };
        let peer = self.cloud.open_channel(&identity.certificate, &nonce, &bytes).map_err(refused)?;
        self.channels.insert(key, peer.clone());
        Ok(peer)
    }
}

/// From when to when all certificates of a chain that was verified are valid.
fn validity(chain: &[Vec<u8>]) -> (Utc, Utc) {
    let read = |der: &Vec<u8>| parse_certificate(der).expect("the chain was verified just now");
    let all: Vec<_> = chain.iter().map(read).map(|one| (one.not_before, one.not_after)).collect();
    let from = all.iter().map(|(from, _)| *from).max().expect("a chain has a leaf");
    let until = all.iter().map(|(_, until)| *until).min().expect("a chain has a leaf");
    (from, until)
}

/// A TLS acceptor tells the client little about why; the device sees that its certificate was refused.
fn refused(error: ChannelError) -> TransportError {
    match error {
        ChannelError::BadSignature => TransportError::Tls(TlsFailure::Handshake),
        _ => TransportError::Tls(TlsFailure::ClientCertificateRefused),
    }
}

fn call(request: &HttpRequest, peer: Option<PeerCertificate>) -> Option<http::Request<Body>> {
    let method: http::Method = request.method.to_string().parse().ok()?;
    let mut call = http::Request::builder().method(method).uri(&request.url);
    for (name, value) in &request.headers {
        call = call.header(name, value);
    }
    let mut call = call.body(Body::from(request.body.clone())).ok()?;
    if let Some(peer) = peer {
        call.extensions_mut().insert(peer);
    }
    Some(call)
}

fn reply(response: http::Response<Body>) -> Result<HttpReply, TransportError> {
    let (parts, body) = response.into_parts();
    let headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let body = body
        .collect()
        .now_or_never()
        .expect("bodies of the mock cloud are whole in memory")
        .map_err(|_| TransportError::Malformed)?
        .to_bytes();
    if body.len() > HttpReply::MAX_BODY {
        return Err(TransportError::BodyTooLarge);
    }
    let announced =
        headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, v)| v.parse().ok());
    let reply = HttpReply { status: parts.status.as_u16(), headers, body: body.to_vec() };
    if announced.is_some_and(|length: usize| length > reply.body.len()) {
        incomplete(reply)
    } else {
        Ok(reply)
    }
}
