//! Requests as handlers see them, and the replies they make.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use serde::Serialize;

use crate::channel::PeerCertificate;
use crate::fault::Tweaks;

/// A reply.
pub(crate) type Reply = Response<Body>;

/// A request, taken apart.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    /// Host that was asked, in lower case.
    pub(crate) host: &'a str,
    /// Path as sent.
    pub(crate) path: &'a str,
    /// Path in lower case: clients differ in theirs (reference: protocols, A.1).
    pub(crate) lower_path: &'a str,
    /// Query as sent.
    pub(crate) raw_query: Option<&'a str>,
    /// Query pairs, decoded.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    /// Client certificate of the channel.
    pub(crate) peer: Option<&'a PeerCertificate>,
    /// Injected faults that change what a service does.
    pub(crate) tweaks: &'a Tweaks,
}

impl Call<'_> {
    /// The path's segments in lower case, empty ones left out.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.lower_path.split('/').filter(|s| !s.is_empty()).collect()
    }

    /// The first query value of that name, whatever the name's case.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// The bearer token.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let value = self.header("authorization")?;
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The fields of a form body.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.body).into_owned().collect()
    }
}

/// A reply with a body.
pub(crate) fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Reply {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

/// A reply without a body.
pub(crate) fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Body::empty());
    *reply.status_mut() = status;
    reply
}

/// JSON.
pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Reply {
    let body = serde_json::to_vec(value).expect("replies hold only what JSON can carry");
    reply(status, "application/json; charset=utf-8", body)
}

/// Plain text.
pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Reply {
    reply(status, "text/plain", text.into())
}

/// A redirection; a location that is no header value becomes a plain refusal.
pub(crate) fn redirect(location: &str, html: String) -> Reply {
    let Ok(value) = HeaderValue::from_str(location) else {
        return text(StatusCode::BAD_REQUEST, "the redirection is not an address");
    };
    let mut reply = reply(StatusCode::FOUND, "text/html; charset=utf-8", html);
    reply.headers_mut().insert(header::LOCATION, value);
    reply
}
