//! Content delivery: MSI files in the clear (their hash is in the job), Win32 apps encrypted (reference: protocols, F).

use axum::http::StatusCode;
use oobe_wire::content::{Keys, encrypt};
use oobe_wire::ids::Guid;
use oobe_wire::rng::Stream;

use crate::checks;
use crate::directory::App;
use crate::http::{Reply, reply, text};
use crate::journal::Service;
use crate::manage::{ime_package, package};
use crate::setup::AppKind;
use crate::state::State;

/// Host that content comes from.
pub(crate) const CONTENT_HOST: &str = "swda01-mscdn.manage.microsoft.com";

/// Extension of encrypted content.
pub(super) const ENCRYPTED: &str = ".intunewin.bin";

/// The file of the management extension.
const AGENT_FILE: &str = "IntuneWindowsAgent.msi";

/// The address of a file: nobody guesses it who was not told.
pub(crate) fn content_url(seed: u64, file: &str) -> String {
    format!("https://{CONTENT_HOST}/content/{}/{file}", place_of(seed, file))
}

fn place_of(seed: u64, file: &str) -> Guid {
    Guid::derive(seed, &["content", &file.to_lowercase()])
}

/// The keys of an app's content.
pub(super) fn keys(seed: u64, app: &App) -> Keys {
    let mut stream = Stream::new(seed, &["content-keys", &app.id.to_string()]);
    Keys { encryption: stream.bytes(), mac: stream.bytes() }
}

/// `GET /content/{place}/{file}`.
pub(super) fn download(state: &mut State, place: &str, file: &str) -> Reply {
    let known = place.parse::<Guid>().ok() == Some(place_of(state.seed, file));
    let bytes = known.then(|| find(state, file)).flatten();
    let bytes = bytes.ok_or_else(|| format!("there is no {file}"));
    match state.journal.need(checks::CONTENT_EXISTS, bytes) {
        Err(refused) => text(StatusCode::NOT_FOUND, refused.why),
        Ok(bytes) => {
            state.journal.tell(
                Service::Content,
                "content-delivered",
                format!("{file}, {} bytes", bytes.len()),
            );
            reply(StatusCode::OK, "application/octet-stream", bytes)
        }
    }
}

fn find(state: &State, file: &str) -> Option<Vec<u8>> {
    if file.eq_ignore_ascii_case(AGENT_FILE) {
        return Some(ime_package().write());
    }
    let named = |suffix: &str| file.strip_suffix(suffix).and_then(|id| id.parse::<Guid>().ok());
    let app = |id: Guid, kind: AppKind| {
        state.tenants.iter().flat_map(|t| &t.assigned.apps).find(|a| a.id == id && a.setup.kind == kind)
    };
    if let Some(app) = named(".msi").and_then(|id| app(id, AppKind::Msi)) {
        return Some(package(app).write());
    }
    let app = named(ENCRYPTED).and_then(|id| app(id, AppKind::Win32))?;
    let iv = Stream::new(state.seed, &["content-iv", &app.id.to_string()]).bytes();
    Some(encrypt(&keys(state.seed, app), &iv, &package(app).write()))
}
