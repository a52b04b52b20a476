//! One HTTPS exchange by hand, for the client that is written by hand.

use super::soap::between;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// An answer of the server.
#[derive(Debug)]
pub(crate) struct Reply {
    /// Status.
    pub(crate) status: u16,
    /// Headers.
    pub(crate) head: String,
    /// What came of the body.
    pub(crate) body: String,
    /// Whether as much came as was announced.
    pub(crate) whole: bool,
}

/// TLS that trusts one root and shows a certificate, if there is one, with its key (PKCS#8).
pub(crate) fn tls(
    root: CertificateDer<'static>,
    identity: Option<(CertificateDer<'static>, Vec<u8>)>,
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(root).expect("the root is well formed");
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows TLS 1.2 and 1.3")
        .with_root_certificates(roots);
    Arc::new(match identity {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            let key = PrivatePkcs8KeyDer::from(key);
            config.with_client_auth_cert(vec![certificate], key.into()).expect("a key of ring's")
        }
    })
}

/// Sends a request on a connection of its own. `headers` end with CR LF, each.
pub(crate) fn exchange(
    tls: &Arc<ClientConfig>,
    url: &str,
    method: &str,
    headers: &str,
    body: &str,
) -> io::Result<Reply> {
    let (host, path) = url.trim_start_matches("https://").split_once('/').expect("a URL with a path");
    let tcp = TcpStream::connect(host)?;
    tcp.set_nodelay(true)?;
    tcp.set_read_timeout(Some(Duration::from_secs(10)))?;
    let name = ServerName::try_from("127.0.0.1").expect("an address");
    let connection = ClientConnection::new(tls.clone(), name).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, tcp);
    let length = body.len();
    let head =
        format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes())?;
    receive(&mut stream)
}

fn receive(stream: &mut impl Read) -> io::Result<Reply> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let announced = between(head, "Content-Length: ", "\r\n").and_then(|n| n.parse().ok()).unwrap_or(0);
        if text.contains("\r\n\r\n") && body.len() >= announced {
            return Ok(reply(head, body, true));
        }
        match stream.read(&mut part)? {
            0 if bytes.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
            0 => return Ok(reply(head, body, false)),
            count => bytes.extend_from_slice(&part[..count]),
        }
    }
}

fn reply(head: &str, body: &str, whole: bool) -> Reply {
    let status = head.split_whitespace().nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    Reply { status, head: head.to_owned(), body: body.to_owned(), whole }
}
