//! What the server saw, for tests to look at.

use super::http::Request;
use super::plan::Step;
use std::collections::BTreeMap;

/// One thing that reached the server.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The request; absent when TLS failed.
    pub(crate) request: Option<Request>,
    /// SHA-1 of the client certificate, hex.
    pub(crate) client: Option<String>,
    /// HTTP status of the answer; absent when there was none.
    pub(crate) answer: Option<u16>,
    /// What it was.
    pub(crate) what: What,
    /// What a real server would have stumbled over, or Windows writes differently.
    pub(crate) remarks: Vec<String>,
}

/// What it was.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// GET on the discovery URL.
    Probe,
    /// POST on the discovery URL.
    Discover(Discover),
    /// GetPolicies of this user.
    GetPolicies(String),
    /// RequestSecurityToken.
    Enrol(Enrol),
    /// A SyncML message.
    Manage(Box<Manage>),
    /// Refused, and why.
    Refused(Step, String),
    /// Met by [`super::Trouble`] before it was looked at.
    Struck(Step),
    /// TLS did not come about, and why. At the management endpoint: no certificate, or none of ours.
    NoTls(Step, String),
    /// No such path.
    Elsewhere,
}

/// A discovery request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Discover {
    /// `EmailAddress`.
    pub(crate) email: String,
    /// `RequestVersion`.
    pub(crate) version: String,
    /// `AuthPolicies`.
    pub(crate) policies: Vec<String>,
}

/// A granted enrolment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Enrol {
    /// Who.
    pub(crate) user: String,
    /// Context items by name, values in order.
    pub(crate) context: BTreeMap<String, Vec<String>>,
    /// Subject of the request.
    pub(crate) subject: String,
    /// Key, e.g. `RSA-2048`.
    pub(crate) key: String,
}

/// A SyncML message of the device.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manage {
    /// Session, counted by the server from 1.
    pub(crate) session: usize,
    /// `SessionID` as written.
    pub(crate) session_id: String,
    /// `MsgID`.
    pub(crate) number: u32,
    /// Alerts: code and, for 1224 and 1226, type and data.
    pub(crate) alerts: Vec<(String, String, String)>,
    /// Replaced nodes (`DevInfo`).
    pub(crate) replaced: BTreeMap<String, String>,
    /// What became of the server's commands.
    pub(crate) outcomes: Vec<Outcome>,
    /// Results: node and data.
    pub(crate) results: BTreeMap<String, String>,
}

impl Manage {
    fn line(&self) -> String {
        let statuses: Vec<String> =
            self.outcomes.iter().map(|o| format!("{} {}={} {}", o.verb, o.uri, o.data, o.status)).collect();
        let place = format!("{} (id {}) message {}", self.session, self.session_id, self.number);
        format!("session {place} {:?} {}", self.alerts, statuses.join(", "))
    }
}

/// What became of a command of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Command, e.g. `Replace`.
    pub(crate) verb: String,
    /// Node.
    pub(crate) uri: String,
    /// Data sent.
    pub(crate) data: String,
    /// Status.
    pub(crate) status: u16,
}

/// Everything that was seen, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(pub(crate) Vec<Seen>);

impl Ledger {
    /// Remarks, with the place in the dialogue.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let numbered = self.0.iter().enumerate();
        numbered
            .flat_map(|(n, seen)| seen.remarks.iter().map(move |r| format!("{n} {}: {r}", seen.name())))
            .collect()
    }

    /// Reasons for which something was refused.
    pub(crate) fn refusals(&self) -> Vec<String> {
        let refusal = |seen: &Seen| match &seen.what {
            What::Refused(step, why) => Some(format!("{step:?}: {why}")),
            _ => None,
        };
        self.0.iter().filter_map(refusal).collect()
    }

    /// Granted enrolments.
    pub(crate) fn enrolments(&self) -> Vec<&Enrol> {
        self.0.iter().filter_map(|s| if let What::Enrol(e) = &s.what { Some(e) } else { None }).collect()
    }

    /// SyncML messages.
    pub(crate) fn messages(&self) -> Vec<&Manage> {
        self.0.iter().filter_map(|s| if let What::Manage(m) = &s.what { Some(&**m) } else { None }).collect()
    }

    /// How many sessions there were.
    pub(crate) fn sessions(&self) -> usize {
        self.messages().iter().map(|m| m.session).max().unwrap_or(0)
    }

    /// Session and status of every command of that name on that node.
    pub(crate) fn statuses(&self, verb: &str, uri: &str) -> Vec<(usize, u16)> {
        let of = |m: &Manage| {
            let hits = m.outcomes.iter().filter(|o| o.verb == verb && o.uri == uri);
            hits.map(|o| (m.session, o.status)).collect::<Vec<_>>()
        };
        self.messages().iter().flat_map(|m| of(m)).collect()
    }

    /// `LoginStatus` by session.
    pub(crate) fn login(&self) -> Vec<(usize, String)> {
        let of = |m: &Manage| {
            let logins = m.alerts.iter().filter(|a| a.1.ends_with("MDM/LoginStatus"));
            logins.map(|a| (m.session, a.2.clone())).collect::<Vec<_>>()
        };
        self.messages().iter().flat_map(|m| of(m)).collect()
    }

    /// Everything, a line each, for messages.
    pub(crate) fn story(&self) -> String {
        self.0.iter().map(|seen| seen.line() + "\n").collect()
    }

    /// The steps in short, for comparing: `probe discover policies enrol manage ...`.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(Seen::name).collect()
    }
}

impl Seen {
    fn line(&self) -> String {
        let request =
            self.request.as_ref().map_or_else(String::new, |r| format!("{} {}", r.method, r.target));
        let client = self.client.as_deref().map_or_else(String::new, |c| format!(" as {c}"));
        let answer = self.answer.map_or_else(|| "silence".to_owned(), |status| status.to_string());
        let what = match &self.what {
            What::Discover(d) => format!("{} {} {:?}", d.email, d.version, d.policies),
            What::GetPolicies(user) => user.clone(),
            What::Enrol(e) => format!("{} {} {}", e.user, e.subject, e.key),
            What::Manage(m) => m.line(),
            What::Refused(step, why) | What::NoTls(step, why) => format!("{step:?}: {why}"),
            What::Struck(step) => format!("{step:?}"),
            What::Probe | What::Elsewhere => String::new(),
        };
        format!("{}: {request}{client} -> {answer} {what} {:?}", self.name(), self.remarks)
    }

    /// In one word.
    pub(crate) fn name(&self) -> &'static str {
        match self.what {
            What::Probe => "probe",
            What::Discover(_) => "discover",
            What::GetPolicies(_) => "policies",
            What::Enrol(_) => "enrol",
            What::Manage(_) => "manage",
            What::Refused(..) => "refused",
            What::Struck(_) => "struck",
            What::NoTls(..) => "no-tls",
            What::Elsewhere => "elsewhere",
        }
    }
}
