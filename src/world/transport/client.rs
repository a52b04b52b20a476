//! The client side of the wire: reqwest over rustls, with the device's roots, clock and keys, answers read up to what a
//! device takes, and every way of failing turned into the one closed error.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oobe_agent::io::{HttpReply, HttpRequest, TlsFailure, TransportError};
use oobe_agent::keys::KeyName;
use oobe_wire::crypto::sha256;
use oobe_wire::time::Utc;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::runtime::Runtime;

use super::tls::{self, SharedKeys, StoreIdentity};
use super::{Exchange, incomplete};
use crate::trace::mask;
use crate::world::host::{Host, KeyRing};

/// Which hosts a device may talk to on a real network. Loopback always.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Hosts that the user named.
    pub hosts: Vec<String>,
}

impl Allowed {
    /// Whether a device may talk to `host`.
    pub fn permits(&self, host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let loopback =
            bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        loopback || self.hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(bare))
    }
}

/// Clients by identity and boot: connections are kept alive within one boot, like a real device's.
pub(super) struct Clients {
    runtime: Runtime,
    resolver: Option<Arc<dyn Resolve>>,
    by_identity: BTreeMap<(String, u32, Option<[u8; 32]>), reqwest::Client>,
    clock: Arc<AtomicI64>,
    keys: BTreeMap<(String, KeyName), SharedKeys>,
    patience: Duration,
}

/// How long a request to our own mock cloud may take at most, in real time. It answers at once or chooses silence, so
/// this only keeps a fault of ours from hanging the program.
pub(super) const WIRE_LIMIT: Duration = Duration::from_secs(20);

impl Clients {
    pub(super) fn new(resolver: Option<Arc<dyn Resolve>>, patience: Duration) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let clock = Arc::new(AtomicI64::new(0));
        Ok(Self { runtime, resolver, by_identity: BTreeMap::new(), clock, keys: BTreeMap::new(), patience })
    }

    /// Sends a request and reads its answer; `silenced` ends the wait when the service chose to say nothing.
    pub(super) fn exchange(
        &mut self,
        host: &mut Host,
        request: &HttpRequest,
        now: Utc,
        silenced: Option<&tokio::sync::Notify>,
    ) -> Exchange {
        self.clock.store(now.0, Ordering::SeqCst);
        let client = match self.client(host, request) {
            Ok(client) => client,
            Err(error) => return Exchange::Answered(Err(error)),
        };
        let patience = self.patience;
        let answer = async {
            tokio::time::timeout(patience, send(&client, request))
                .await
                .unwrap_or(Err(TransportError::TimedOut))
        };
        self.runtime.block_on(async {
            match silenced {
                None => match answer.await {
                    // A real server that never answers: whether and when the device gives up is its own business.
                    Err(TransportError::TimedOut) => Exchange::Silence,
                    result => Exchange::Answered(result),
                },
                Some(silenced) => tokio::select! {
                    biased;
                    () = silenced.notified() => Exchange::Silence,
                    result = answer => Exchange::Answered(result),
                },
            }
        })
    }

    fn client(&mut self, host: &mut Host, request: &HttpRequest) -> Result<reqwest::Client, TransportError> {
        let setup = host.device.setup();
        let boot = host.device.disk().boots;
        let key = (setup.name.clone(), boot, request.identity.as_ref().map(|i| sha256(&i.certificate)));
        // Keys may have been made since: TLS always signs with the store as it is now.
        let identity = request.identity.as_ref().map(|identity| {
            let ring = KeyRing::of(host, &identity.key);
            let keys = self
                .keys
                .entry((setup.name.clone(), identity.key.clone()))
                .or_insert_with(|| Arc::new(Mutex::new(ring.clone())));
            *keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = ring;
            (StoreIdentity::new(&identity.certificate, &identity.key, setup.keys, keys), setup.keys)
        });
        if let Some(client) = self.by_identity.get(&key) {
            return Ok(client.clone());
        }
        let clock = Arc::clone(&self.clock);
        let config = tls::client(&setup.trusted_roots, identity, move || Utc(clock.load(Ordering::SeqCst)))
            .map_err(|_| TransportError::Tls(TlsFailure::Handshake))?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true);
        if let Some(resolver) = &self.resolver {
            builder = builder.dns_resolver(Arc::clone(resolver));
        }
        let client = builder.build().map_err(|_| TransportError::Tls(TlsFailure::Handshake))?;
        self.by_identity.insert(key, client.clone());
        Ok(client)
    }
}

async fn send(client: &reqwest::Client, request: &HttpRequest) -> Result<HttpReply, TransportError> {
    let method: reqwest::Method =
        request.method.to_string().parse().map_err(|_| TransportError::Malformed)?;
    let mut call = client.request(method, &request.url);
    for (name, value) in &request.headers {
        call = call.header(name, value);
    }
    if !request.body.is_empty() {
        call = call.body(request.body.clone());
    }
    let mut response = call.send().await.map_err(|error| {
        let seen = failure(&error);
        // The device sees one of a closed list; whoever tests a server wants what was below it (RUST_LOG=oobe=debug).
        tracing::debug!(url = %mask::url(&request.url), error = ?error.without_url(), %seen, "no answer");
        seen
    })?;
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > HttpReply::MAX_BODY => {
                return Err(TransportError::BodyTooLarge);
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(HttpReply { status, headers, body }),
            Err(error) => {
                let (url, error) = (mask::url(&request.url), error.without_url());
                tracing::debug!(%url, ?error, got = body.len(), "the body broke off");
                return incomplete(HttpReply { status, headers, body });
            }
        }
    }
}

/// Which of the closed errors it was: the causes are looked through, for reqwest wraps them.
fn failure(error: &reqwest::Error) -> TransportError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return TransportError::Tls(tls_failure(tls));
        }
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            if let Some(tls) = inside(io) {
                return TransportError::Tls(tls_failure(tls));
            }
            match io.kind() {
                std::io::ErrorKind::ConnectionRefused => return TransportError::Refused,
                std::io::ErrorKind::ConnectionReset
                | std::io::ErrorKind::BrokenPipe
                | std::io::ErrorKind::UnexpectedEof
                | std::io::ErrorKind::ConnectionAborted => return TransportError::Reset,
                std::io::ErrorKind::TimedOut => return TransportError::TimedOut,
                std::io::ErrorKind::PermissionDenied => return TransportError::NotAllowed,
                std::io::ErrorKind::NotFound => return TransportError::Dns,
                _ => {}
            }
        }
        if let Some(http) = inner.downcast_ref::<hyper::Error>() {
            if http.is_parse() {
                return TransportError::Malformed;
            }
            if http.is_incomplete_message() || http.is_closed() {
                return TransportError::Reset;
            }
        }
        cause = inner.source();
    }
    if looks_like_dns(error) {
        TransportError::Dns
    } else if error.is_timeout() {
        TransportError::TimedOut
    } else if error.is_connect() {
        TransportError::Refused
    } else if error.is_builder() {
        TransportError::Malformed
    } else {
        TransportError::Reset
    }
}

/// The HTTP client says only in words that a name did not resolve.
fn looks_like_dns(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.to_string().contains("dns error") {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// The TLS error inside an I/O error. It may be wrapped more than once, and `source` skips what an I/O error holds.
fn inside(io: &std::io::Error) -> Option<&rustls::Error> {
    let inner = io.get_ref()?;
    inner.downcast_ref::<rustls::Error>().or_else(|| inside(inner.downcast_ref::<std::io::Error>()?))
}

fn tls_failure(error: &rustls::Error) -> TlsFailure {
    use rustls::{AlertDescription, CertificateError, Error};
    match error {
        Error::InvalidCertificate(problem) => match problem {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsFailure::CertificateDate,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsFailure::NameMismatch
            }
            _ => TlsFailure::UntrustedRoot,
        },
        Error::AlertReceived(
            AlertDescription::BadCertificate
            | AlertDescription::CertificateRequired
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRevoked
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError,
        ) => TlsFailure::ClientCertificateRefused,
        _ => TlsFailure::Handshake,
    }
}

/// A server that is not ours, which the user named.
pub struct Foreign {
    clients: Clients,
    allowed: Allowed,
}

impl Foreign {
    /// `patience`: how long a request may take, in real time; then it counts as never answered.
    pub(in crate::world) fn new(allowed: Allowed, patience: Duration) -> std::io::Result<Self> {
        Ok(Self { clients: Clients::new(None, patience)?, allowed })
    }

    pub(in crate::world) fn exchange(&mut self, host: &mut Host, request: &HttpRequest) -> Exchange {
        // The library's parser, the one that also sends the request: what it takes for the host is what is connected to.
        let url = reqwest::Url::parse(&request.url).ok();
        if !url.as_ref().and_then(|u| u.host_str()).is_some_and(|host| self.allowed.permits(host)) {
            return Exchange::Answered(Err(TransportError::NotAllowed));
        }
        let now = wall_clock();
        self.clients.exchange(host, request, now, None)
    }
}

/// The time on the wall: what certificates of a server that is not ours are checked against.
#[allow(clippy::disallowed_methods)] // against a foreign server the epoch is the wall clock (design, rule 2)
pub(crate) fn wall_clock() -> Utc {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Utc(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Sends every name to the mock cloud on loopback: the plain port for the connectivity probe, TLS for the rest.
pub(super) struct ToLoopback {
    pub(super) https: SocketAddr,
    pub(super) http: SocketAddr,
}

impl Resolve for ToLoopback {
    fn resolve(&self, name: Name) -> Resolving {
        let address = if name.as_str().ends_with("msftconnecttest.com") { self.http } else { self.https };
        Box::pin(std::future::ready(Ok(Box::new(std::iter::once(address)) as Addrs)))
    }
}
