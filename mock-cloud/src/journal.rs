//! What the cloud decided, in order: every check it made and every change of its state. The trace carries it.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::changes;

/// Which part of the cloud speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// The channel: client certificates.
    Channel,
    /// Routing and bodies, before any service.
    Http,
    /// Connectivity probe.
    Connect,
    /// Device credential service.
    Live,
    /// Autopilot deployment service.
    Ztd,
    /// Attestation service.
    Attestation,
    /// Vendors of TPMs: their endorsement key certificates.
    TpmVendor,
    /// Entra ID.
    Entra,
    /// Device Registration Service.
    Drs,
    /// Graph.
    Graph,
    /// MDM enrolment.
    Mdm,
    /// Management sessions.
    Dm,
    /// Side-car gateway of the management extension.
    SideCar,
    /// Content delivery.
    Content,
    /// The administrator.
    Admin,
    /// An injected fault.
    Fault,
}

impl Service {
    /// The name in the trace.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Http => "http",
            Self::Connect => "connect",
            Self::Live => "live",
            Self::Ztd => "ztd",
            Self::Attestation => "attestation",
            Self::TpmVendor => "tpm-vendor",
            Self::Entra => "entra",
            Self::Drs => "drs",
            Self::Graph => "graph",
            Self::Mdm => "mdm",
            Self::Dm => "dm",
            Self::SideCar => "side-car",
            Self::Content => "content",
            Self::Admin => "admin",
            Self::Fault => "fault",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing the cloud decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Who.
    pub service: Service,
    /// Name of the check (see [`crate::checks`]) or of the change, e.g. `nonce-single-use`, `device-registered`. Stable.
    pub what: Cow<'static, str>,
    /// Whether a check held; true for a change.
    pub ok: bool,
    /// In words.
    pub detail: String,
    /// Rule of the catalogue that it rests on.
    pub rule: Option<Cow<'static, str>>,
    /// The fault that struck, as whoever injected it calls it; `detail` tells what it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// A check by its stable name. Tests of what is refused are named after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Who makes it.
    pub service: Service,
    /// Its name.
    pub name: &'static str,
    /// Rule of the catalogue that it rests on.
    pub rule: Option<&'static str>,
}

/// A check did not hold; the journal says so already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// What was wrong.
    pub(crate) why: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// The journal as it grows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Journal(Vec<JournalEntry>);

impl Journal {
    /// Writes down how a check came out.
    pub(crate) fn check(&mut self, check: Check, failed: Option<String>) -> Result<(), Refused> {
        let entry = |ok, detail| JournalEntry {
            service: check.service,
            what: Cow::Borrowed(check.name),
            ok,
            detail,
            rule: check.rule.map(Cow::Borrowed),
            fault: None,
        };
        match failed {
            None => {
                self.0.push(entry(true, String::new()));
                Ok(())
            }
            Some(why) => {
                self.0.push(entry(false, why.clone()));
                Err(Refused { why })
            }
        }
    }

    /// Writes down whether a condition held.
    pub(crate) fn expect(
        &mut self,
        check: Check,
        held: bool,
        why_not: impl FnOnce() -> String,
    ) -> Result<(), Refused> {
        self.check(check, (!held).then(why_not))
    }

    /// Writes down whether there was a value, and hands it on.
    pub(crate) fn need<T, E: fmt::Display>(
        &mut self,
        check: Check,
        value: Result<T, E>,
    ) -> Result<T, Refused> {
        match value {
            Ok(value) => self.check(check, None).map(|()| value),
            Err(error) => {
                let why = error.to_string();
                self.check(check, Some(why.clone())).and(Err(Refused { why }))
            }
        }
    }

    /// Like [`Journal::need`], for a part of a check whose good end is told elsewhere: only a failure is written down.
    pub(crate) fn part<T, E: fmt::Display>(
        &mut self,
        check: Check,
        value: Result<T, E>,
    ) -> Result<T, Refused> {
        match value {
            Ok(value) => Ok(value),
            Err(error) => self.need(check, Err(error)),
        }
    }

    /// Writes down a change of state, or anything else that is no check.
    pub(crate) fn tell(&mut self, service: Service, what: &'static str, detail: impl Into<String>) {
        self.tell_by(service, what, None, detail);
    }

    /// Writes down a change that rests on a rule.
    pub(crate) fn tell_by(
        &mut self,
        service: Service,
        what: &'static str,
        rule: Option<&'static str>,
        detail: impl Into<String>,
    ) {
        debug_assert!(changes::ALL.contains(&what), "{what:?} is missing in mock-cloud/src/changes.rs");
        self.0.push(JournalEntry {
            service,
            what: Cow::Borrowed(what),
            ok: true,
            detail: detail.into(),
            rule: rule.map(Cow::Borrowed),
            fault: None,
        });
    }

    /// Writes down that an injected fault struck.
    pub(crate) fn struck(&mut self, fault: &str, does: String) {
        self.0.push(JournalEntry {
            service: Service::Fault,
            what: Cow::Borrowed("fault-struck"),
            ok: true,
            detail: does,
            rule: None,
            fault: Some(fault.to_owned()),
        });
    }

    /// Hands over what was written so far and begins a new page.
    pub(crate) fn drain(&mut self) -> Vec<JournalEntry> {
        std::mem::take(&mut self.0)
    }
}
