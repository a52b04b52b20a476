//! Which service answers: by host, then by path. A host that is none of the published names (loopback, a test's own)
//! gets whichever service knows the path.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{StatusCode, Uri, header};

use crate::channel::PeerCertificate;
use crate::checks;
use crate::cloud::Cloud;
use crate::fault::Tweaks;
use crate::http::{Call, Reply, text};
use crate::state::State;
use crate::{attestation, autopilot, connect, drs, entra, graph, manage, mdm, sidecar, tpm_vendor};

/// Largest body that any service takes, in bytes. Ours: far above what the dialogues send.
pub(crate) const MAX_BODY: usize = 4 * 1024 * 1024;

type Handler = fn(&mut State, &Call<'_>) -> Option<Reply>;

/// Every service, in the order in which an unknown host asks them.
const SERVICES: [Handler; 10] = [
    connect::handle,
    autopilot::handle,
    entra::handle,
    drs::handle,
    graph::handle,
    mdm::handle,
    manage::handle,
    sidecar::handle,
    attestation::handle,
    tpm_vendor::handle,
];

/// Host names that the cloud answers to, for its TLS certificate.
pub(crate) const HOSTS: [&str; 21] = [
    "www.msftconnecttest.com",
    "login.live.com",
    "ztd.dds.microsoft.com",
    "cs.dds.microsoft.com",
    "login.microsoftonline.com",
    "login.windows.net",
    "sts.windows.net",
    "device.login.microsoftonline.com",
    "enterpriseregistration.windows.net",
    "graph.microsoft.com",
    "enrollment.manage.microsoft.com",
    "portal.manage.microsoft.com",
    "r.manage.microsoft.com",
    "manage.microsoft.com",
    "fef.manage.microsoft.com",
    crate::sidecar::CONTENT_HOST,
    "*.microsoftaik.azure.net",
    "ekop.intel.com",
    "ekcert.spserv.microsoft.com",
    "ftpm.amd.com",
    "localhost",
];

fn services_of(host: &str) -> &'static [Handler] {
    match host {
        "www.msftconnecttest.com" => &[connect::handle],
        "login.live.com" | "ztd.dds.microsoft.com" | "cs.dds.microsoft.com" => &[autopilot::handle],
        "login.microsoftonline.com"
        | "login.windows.net"
        | "sts.windows.net"
        | "device.login.microsoftonline.com" => &[entra::handle],
        "graph.microsoft.com" => &[graph::handle],
        "enrollment.manage.microsoft.com" | "portal.manage.microsoft.com" => &[mdm::handle],
        "r.manage.microsoft.com" => &[manage::handle],
        "manage.microsoft.com" | "fef.manage.microsoft.com" | crate::sidecar::CONTENT_HOST => {
            &[sidecar::handle]
        }
        "ekop.intel.com" | "ekcert.spserv.microsoft.com" | "ftpm.amd.com" => &[tpm_vendor::handle],
        _ if host.ends_with(".microsoftaik.azure.net") => &[attestation::handle],
        _ if host.starts_with("enterpriseregistration.") => &[drs::handle],
        _ if host.starts_with("enterpriseenrollment.") => &[mdm::handle],
        _ => &SERVICES,
    }
}

/// The host of a request: of its address when that is absolute, else of its Host header. Lower case, no port.
pub(crate) fn host_of(uri: &Uri, headers: &axum::http::HeaderMap) -> String {
    let named = headers.get(header::HOST).and_then(|h| h.to_str().ok());
    let host = uri.host().or(named).unwrap_or_default();
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    host.to_ascii_lowercase()
}

/// Refuses a body that is too long, or broke off.
pub(crate) fn too_large(cloud: &Cloud) -> Reply {
    cloud.with(|state| {
        let why = format!("the body is longer than {MAX_BODY} bytes, or broke off");
        let _ = state.journal.check(checks::BODY_SIZE, Some(why));
    });
    text(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large")
}

/// Answers one request. It never waits: the body is taken as far as it has come with the request.
pub(crate) async fn answer(cloud: &Cloud, request: Request) -> Reply {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return too_large(cloud);
    };
    let host = host_of(&parts.uri, &parts.headers);
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or_default();
    let call = Call {
        method: &parts.method,
        host: &host,
        path,
        lower_path: &path.to_ascii_lowercase(),
        raw_query: parts.uri.query(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: &parts.headers,
        body: &body,
        peer: parts.extensions.get::<PeerCertificate>(),
        tweaks: parts.extensions.get::<Arc<Tweaks>>().map_or(Tweaks::NONE, |tweaks| tweaks),
    };
    cloud.with(|state| {
        services_of(&host).iter().find_map(|service| service(state, &call)).unwrap_or_else(|| {
            let why = format!("{} {host}{path}", call.method);
            let _ = state.journal.check(checks::ROUTE, Some(why));
            text(StatusCode::NOT_FOUND, "there is nothing here")
        })
    })
}
