//! What devices and cloud do, as lines of the trace. Bodies are not kept: their size and digest are.

use oobe_agent::io::{Correlation, HttpReply, HttpRequest, TransportError};
use oobe_agent::keys::{KeyCommand, KeyError, KeyReply};
use oobe_agent::time::Span;
use oobe_agent::tpm::{TpmCommand, TpmExecuted};
use oobe_mock_cloud::JournalEntry;
use oobe_wire::crypto::sha256;
use oobe_wire::encoding::hex_lower;
use oobe_wire::x509::parse_certificate;

use crate::trace::mask;
use crate::trace::record::What;

/// First 16 hex digits of the SHA-256 of a body.
fn digest(body: &[u8]) -> String {
    hex_lower(&sha256(body)[..8])
}

/// Whom a client certificate names.
pub(super) fn client(certificate: &[u8]) -> String {
    parse_certificate(certificate).map_or_else(|_| "unreadable".to_owned(), |c| c.subject_cn)
}

pub(super) fn request(id: Correlation, request: &HttpRequest, client: Option<String>, why: String) -> What {
    What::Request {
        id,
        method: request.method.to_string(),
        url: mask::url(&request.url).into_owned(),
        bytes: request.body.len() as u64,
        digest: digest(&request.body),
        client,
        why,
    }
}

pub(super) fn reply(id: Correlation, result: &Result<HttpReply, TransportError>, took: Span) -> What {
    match result {
        Ok(reply) => What::Reply {
            id,
            status: Some(reply.status),
            bytes: reply.body.len() as u64,
            digest: digest(&reply.body),
            error: None,
            took,
        },
        Err(error) => What::Reply {
            id,
            status: None,
            bytes: 0,
            digest: String::new(),
            error: Some(error.to_string()),
            took,
        },
    }
}

pub(super) fn key(id: Correlation, command: &KeyCommand, result: &Result<KeyReply, KeyError>) -> What {
    let command = match command {
        KeyCommand::Create { key, .. } => format!("create {key}"),
        KeyCommand::Public { key } => format!("public {key}"),
        KeyCommand::Sign { key, .. } => format!("sign {key}"),
        KeyCommand::Unwrap { key, .. } => format!("unwrap {key}"),
        KeyCommand::Import { key, .. } => format!("import {key}"),
        KeyCommand::Delete { key } => format!("delete {key}"),
    };
    let result = result.as_ref().map_or_else(ToString::to_string, |_| "ok".to_owned());
    What::Key { id, command, result }
}

pub(super) fn tpm(id: Correlation, command: TpmCommand, executed: &TpmExecuted) -> What {
    What::Tpm {
        id,
        command,
        reply: executed.result.as_ref().ok().cloned(),
        error: executed.result.as_ref().err().map(ToString::to_string),
        ran: executed.ran.clone(),
        took: executed.took,
    }
}

pub(super) fn cloud(entry: JournalEntry) -> What {
    What::Cloud {
        service: entry.service.as_str().into(),
        what: entry.what,
        ok: entry.ok,
        detail: entry.detail,
        rule: entry.rule,
    }
}
