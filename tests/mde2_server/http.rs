//! HTTP/1.1 by hand, so that answers can be wrong in the ways that matter.

use std::fmt::Write as _;
use std::io;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

/// No request of a device is larger.
const LARGEST: usize = 4 << 20;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Method.
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Headers in order, names as written.
    pub(crate) headers: Vec<(String, String)>,
    /// Body.
    pub(crate) body: String,
}

impl Request {
    /// A header by name, whatever its case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The target up to `?`.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    /// Status code.
    pub(crate) status: u16,
    /// Content type and others.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Body.
    pub(crate) body: Vec<u8>,
    /// How many bytes more than it sends it announces; the connection closes after such an answer.
    pub(crate) announced_too_much: usize,
}

impl Response {
    /// An answer with a body.
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type", content_type.to_owned())];
        Self { status, headers, body: body.into(), announced_too_much: 0 }
    }

    /// An answer without body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), announced_too_much: 0 }
    }
}

/// Reads one request; `None` when the peer closed between requests.
pub(crate) async fn read<S>(stream: &mut BufReader<S>) -> io::Result<Option<Request>>
where
    S: AsyncRead + Unpin,
{
    let first = line(stream).await?;
    if first.is_empty() {
        return Ok(None);
    }
    let mut words = first.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(io::Error::other(format!("request line {first:?}")));
    };
    let (method, target) = (method.to_owned(), target.to_owned());
    let mut headers = Vec::new();
    loop {
        let line = line(stream).await?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| io::Error::other("header without colon"))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let body = body(stream, &headers).await?;
    let body = String::from_utf8(body).map_err(io::Error::other)?;
    Ok(Some(Request { method, target, headers, body }))
}

/// Writes one answer; says whether the connection may go on.
pub(crate) async fn write<S>(stream: &mut S, response: &Response) -> io::Result<bool>
where
    S: AsyncWrite + Unpin,
{
    let goes_on = response.announced_too_much == 0;
    let length = response.body.len() + response.announced_too_much;
    let mut head =
        format!("HTTP/1.1 {} Status\r\nServer: oobetest\r\nContent-Length: {length}\r\n", response.status);
    for (name, value) in &response.headers {
        write!(head, "{name}: {value}\r\n").expect("a String takes it");
    }
    head.push_str(if goes_on { "\r\n" } else { "Connection: close\r\n\r\n" });
    stream.write_all(&[head.as_bytes(), &response.body].concat()).await?;
    stream.flush().await?;
    Ok(goes_on)
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

async fn line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<String> {
    let mut line = String::new();
    stream.take(64 << 10).read_line(&mut line).await?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

async fn body<S>(stream: &mut BufReader<S>, headers: &[(String, String)]) -> io::Result<Vec<u8>>
where
    S: AsyncRead + Unpin,
{
    if header(headers, "Transfer-Encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
        return chunks(stream).await;
    }
    let length = header(headers, "Content-Length").map_or(Ok(0), str::parse).map_err(io::Error::other)?;
    exactly(stream, length).await
}

async fn chunks<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let size = line(stream).await?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
        whole.extend(exactly(stream, size).await?);
        line(stream).await?;
        if size == 0 {
            return Ok(whole);
        }
    }
}

async fn exactly<S: AsyncRead + Unpin>(stream: &mut BufReader<S>, length: usize) -> io::Result<Vec<u8>> {
    if length > LARGEST {
        return Err(io::Error::other("body too large"));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}
