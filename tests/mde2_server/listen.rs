//! The server in a thread of its own: two TLS listeners on loopback.

use super::http;
use super::pki::{Authority, thumbprint};
use super::plan::{Plan, Step};
use super::route::{Book, DISCOVERY, Desk};
use super::seen::{Ledger, Seen, What};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::io;
use std::net::TcpListener as Bound;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// A running server; dropping it stops it.
pub(crate) struct Server {
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    desk: Desk,
    book: Mutex<Book>,
}

impl Server {
    /// Starts a server on two free ports of 127.0.0.1.
    pub(crate) fn start(plan: Plan) -> Self {
        let authority = Authority::new("OOBE test root");
        let (enrolment, enrolment_port) = bind();
        let (management, management_port) = bind();
        let open = acceptor(&authority, false);
        let closed = acceptor(&authority, true);
        let foreign = Authority::new("A root of somebody else");
        let desk = Desk { plan, authority, foreign, enrolment_port, management_port };
        let shared = Arc::new(Shared { desk, book: Mutex::default() });
        let (stop, stopped) = oneshot::channel();
        let inside = shared.clone();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
            runtime.block_on(async {
                tokio::select! {
                    () = listen(enrolment, open, inside.clone(), false) => {}
                    () = listen(management, closed, inside.clone(), true) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { shared, stop: Some(stop), thread: Some(thread) }
    }

    /// Where a device begins.
    pub(crate) fn discovery_url(&self) -> String {
        self.shared.desk.url(DISCOVERY)
    }

    /// Where the device of that id is managed: `ADDR` of the provisioning document.
    pub(crate) fn management_url(&self, device_id: &str) -> String {
        self.shared.desk.management_url(device_id)
    }

    /// The root certificate, PEM.
    pub(crate) fn root_pem(&self) -> String {
        self.shared.desk.authority.pem()
    }

    /// The root certificate, DER.
    pub(crate) fn root(&self) -> CertificateDer<'static> {
        self.shared.desk.authority.der()
    }

    /// The CA that nobody trusts.
    pub(crate) fn foreign(&self) -> &Authority {
        &self.shared.desk.foreign
    }

    /// What the test asked for.
    pub(crate) fn plan(&self) -> &Plan {
        &self.shared.desk.plan
    }

    /// Everything seen so far.
    pub(crate) fn ledger(&self) -> Ledger {
        self.shared.book().ledger.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may have ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server thread panicked");
        }
    }
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("no handler panics")
    }
}

fn bind() -> (Bound, u16) {
    let bound = Bound::bind("127.0.0.1:0").expect("loopback has a free port");
    bound.set_nonblocking(true).expect("a socket can be made non-blocking");
    let port = bound.local_addr().expect("a bound socket has an address").port();
    (bound, port)
}

fn acceptor(authority: &Authority, demand: bool) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring knows TLS 1.2 and 1.3");
    let config = if demand {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der()).expect("our own root is well formed");
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .expect("there is a root");
        config.with_client_cert_verifier(verifier)
    } else {
        config.with_no_client_auth()
    };
    let (leaf, key): (CertificateDer<'static>, PrivateKeyDer<'static>) = authority.server();
    let config =
        config.with_single_cert(vec![leaf, authority.der()], key).expect("key and leaf belong together");
    TlsAcceptor::from(Arc::new(config))
}

async fn listen(bound: Bound, acceptor: TlsAcceptor, shared: Arc<Shared>, at_management: bool) {
    let listener = TcpListener::from_std(bound).expect("the socket is non-blocking");
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(connection(stream, acceptor.clone(), shared.clone(), at_management));
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, shared: Arc<Shared>, at_management: bool) {
    // Without it a reply can wait for a delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let tls = match acceptor.accept(stream).await {
        Ok(tls) => tls,
        Err(why) => {
            let step = if at_management { Step::Manage } else { Step::Discovery };
            let what = What::NoTls(step, why.to_string());
            let seen = Seen { request: None, client: None, answer: None, what, remarks: Vec::new() };
            shared.book().ledger.0.push(seen);
            return;
        }
    };
    let client = tls.get_ref().1.peer_certificates().and_then(|c| c.first()).map(|c| thumbprint(c));
    let mut stream = BufReader::new(tls);
    // A peer that goes away in the middle is no matter of ours.
    let _: io::Result<()> = async {
        while let Some(request) = http::read(&mut stream).await? {
            let response = shared.book().serve(&shared.desk, at_management, &request, client.clone());
            let Some(response) = response else { return std::future::pending().await };
            if !http::write(stream.get_mut(), &response).await? {
                break;
            }
        }
        stream.get_mut().shutdown().await
    }
    .await;
}
