//! The mock cloud on loopback: its Router behind TLS (and without, for the connectivity probe). Handlers see the same
//! peer certificate as in process.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use oobe_mock_cloud::{Cloud, PeerCertificate, Silence};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tower::{Layer, Service, ServiceExt};

use super::tls::{Clock, provider};

/// A running server. Dropping it stops it.
pub struct Server {
    /// Where TLS listens.
    pub https: SocketAddr,
    /// Where plain HTTP listens.
    pub http: SocketAddr,
    /// Told whenever a service chose to stay silent: on the wire nothing else tells silence from slowness.
    pub(super) silence: Arc<Notify>,
    runtime: Option<Runtime>,
}

impl Server {
    /// Starts the cloud on free ports of 127.0.0.1.
    pub fn start(cloud: &Cloud) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let acceptor = TlsAcceptor::from(Arc::new(config(cloud).map_err(io::Error::other)?));
        let silence = Arc::new(Notify::new());
        let router = cloud.router();
        let (https, http) = runtime.block_on(async {
            let https = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let http = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let addresses = (https.local_addr()?, http.local_addr()?);
            tokio::spawn(listen(https, Some(acceptor), router.clone(), Arc::clone(&silence)));
            tokio::spawn(listen(http, None, router, Arc::clone(&silence)));
            Ok::<_, io::Error>(addresses)
        })?;
        Ok(Self { https, http, silence, runtime: Some(runtime) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn config(cloud: &Cloud) -> Result<ServerConfig, Box<dyn std::error::Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    for root in cloud.client_roots() {
        roots.add(CertificateDer::from(root))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .allow_unauthenticated()
        .build()?;
    let (chain, key) = cloud.tls_identity(&[]);
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    let clock = cloud.clone();
    Ok(ServerConfig::builder_with_details(provider(), Arc::new(Clock(move || clock.now())))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key)))?)
}

async fn listen(listener: TcpListener, acceptor: Option<TlsAcceptor>, router: Router, silence: Arc<Notify>) {
    loop {
        // A failed accept is one client's bad luck, not the server's end.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true); // without it new connections stall for 40 ms (design, measured)
        tokio::spawn(connection(stream, acceptor.clone(), router.clone(), Arc::clone(&silence)));
    }
}

async fn connection(stream: TcpStream, acceptor: Option<TlsAcceptor>, router: Router, silence: Arc<Notify>) {
    match acceptor {
        None => serve(TokioIo::new(stream), router, None, silence).await,
        Some(acceptor) => {
            let stream = match acceptor.accept(stream).await {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::debug!(%error, "the handshake failed");
                    return;
                }
            };
            let leaf = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
            let peer = leaf.map(|leaf| PeerCertificate(leaf.to_vec()));
            serve(TokioIo::new(stream), router, peer, silence).await;
        }
    }
}

async fn serve<I>(io: I, router: Router, peer: Option<PeerCertificate>, silence: Arc<Notify>)
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let service = Announce { peer, silence }.layer(router);
    // Errors of one connection (the client went away) end with it.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(io, TowerToHyperService::new(service))
        .await;
}

/// Gives every request its peer certificate, and turns a service's silence into no answer.
#[derive(Clone)]
struct Announce {
    peer: Option<PeerCertificate>,
    silence: Arc<Notify>,
}

impl Layer<Router> for Announce {
    type Service = Announced;

    fn layer(&self, router: Router) -> Announced {
        Announced { with: self.clone(), router }
    }
}

#[derive(Clone)]
struct Announced {
    with: Announce,
    router: Router,
}

type Answer = std::pin::Pin<
    Box<dyn Future<Output = Result<axum::response::Response, std::convert::Infallible>> + Send>,
>;

impl Service<http::Request<hyper::body::Incoming>> for Announced {
    type Response = axum::response::Response;
    type Error = std::convert::Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<hyper::body::Incoming>) -> Answer {
        let mut request = request.map(axum::body::Body::new);
        if let Some(peer) = &self.with.peer {
            request.extensions_mut().insert(peer.clone());
        }
        let (router, silence) = (self.router.clone(), Arc::clone(&self.with.silence));
        Box::pin(async move {
            let response = router.oneshot(request).await?;
            if response.extensions().get::<Silence>().is_some() {
                silence.notify_one();
                std::future::pending::<()>().await;
            }
            Ok(response)
        })
    }
}
