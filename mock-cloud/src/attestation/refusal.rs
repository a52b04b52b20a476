//! How the service says no.

use axum::http::StatusCode;
use oobe_catalog::codes::ResultCode;
use oobe_wire::attestation::AttestationRefusal;

use crate::http::{Reply, json};
use crate::journal::{Check, Refused};

/// A refusal: the check that did not hold, and the result code where the documents name one for it (MOD-019).
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    status: StatusCode,
    body: AttestationRefusal,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, check: Check, refused: Refused) -> Self {
        Self {
            status,
            body: AttestationRefusal { check: check.name.to_owned(), message: refused.why, code: None },
        }
    }

    /// The same, with a result code.
    pub(super) fn coded(mut self, code: &ResultCode) -> Self {
        self.body.code = Some(code.value());
        self
    }

    pub(super) fn reply(&self) -> Reply {
        json(self.status, &self.body)
    }
}
