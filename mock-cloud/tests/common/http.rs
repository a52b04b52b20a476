//! Requests to the router, answered in place.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use futures_util::FutureExt;
use oobe_mock_cloud::{Cloud, PeerCertificate};
use serde_json::Value;
use tower::ServiceExt;

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub silent: bool,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.text());
        self
    }

    /// The OAuth error and its numbers.
    pub fn oauth(&self) -> (String, Vec<u64>) {
        let json = self.json();
        let numbers = json["error_codes"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        (json["error"].as_str().unwrap().to_owned(), numbers)
    }
}

/// A request on its way.
pub struct Call {
    method: &'static str,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    peer: Option<Vec<u8>>,
}

pub fn call(method: &'static str, url: impl Into<String>) -> Call {
    Call { method, url: url.into(), headers: Vec::new(), body: Vec::new(), peer: None }
}

pub fn get(url: impl Into<String>) -> Call {
    call("GET", url)
}

pub fn post(url: impl Into<String>, content_type: &str, body: impl Into<Vec<u8>>) -> Call {
    call("POST", url).header("content-type", content_type).body(body)
}

pub fn form(url: impl Into<String>, fields: &[(&str, &str)]) -> Call {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    post(url, "application/x-www-form-urlencoded", body)
}

impl Call {
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub fn peer(mut self, certificate: &[u8]) -> Self {
        self.peer = Some(certificate.to_vec());
        self
    }

    #[track_caller]
    pub fn send(self, cloud: &Cloud) -> Answer {
        let mut builder = Request::builder().method(self.method).uri(&self.url);
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        let mut request = builder.body(Body::from(self.body)).unwrap();
        if let Some(certificate) = self.peer {
            request.extensions_mut().insert(PeerCertificate(certificate));
        }
        // Polled in place, once: a handler that waits fails here.
        let response = cloud.router().oneshot(request).now_or_never().expect("handlers never wait").unwrap();
        let silent = response.extensions().get::<oobe_mock_cloud::Silence>().is_some();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).now_or_never().expect("bodies are there").unwrap().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body, silent }
    }
}
