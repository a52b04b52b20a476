//! What the device tells about itself while it works: for the trace, never for the world.

use std::borrow::Cow;

use oobe_catalog::rules::Rule;
use serde::{Deserialize, Serialize};

/// Who is to blame for something that went wrong, as far as the device can know. That a scenario injected the cause is told
/// by the world, in a record of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The peer broke the protocol: its answer can't be right.
    PeerBrokeProtocol,
    /// The peer said no.
    PeerRefused,
    /// The device itself is at fault (clock, TPM, disk).
    Device,
    /// The network between them.
    Network,
    /// The person (wrong password, declined).
    Person,
}

/// One remark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "kebab-case")]
pub enum Note {
    /// The device moved from one state to another.
    State {
        /// Which machine: `oobe`, `esp.device-setup`, `session`, ...
        machine: String,
        /// State before.
        from: String,
        /// State after.
        to: String,
    },
    /// A decision, and the rule it rests on.
    Decided {
        /// What was decided, in words.
        what: String,
        /// Rule id, e.g. `USR-004`.
        rule: Cow<'static, str>,
    },
    /// A check was made on something that a peer sent.
    Checked {
        /// Name of the check, e.g. `token-audience`.
        check: Cow<'static, str>,
        /// `None` when it held; otherwise what was wrong.
        failed: Option<String>,
    },
    /// A management command was carried out against the CSP tree.
    Csp {
        /// `Add`, `Replace`, `Get`, `Delete`, `Exec`, `Atomic`.
        verb: String,
        /// LocURI.
        uri: String,
        /// SyncML status.
        status: u16,
        /// Value written or read, shortened; masked when secret.
        value: Option<String>,
    },
    /// Something of the job list moved on: an app, a certificate, a policy.
    Progress {
        /// What.
        item: String,
        /// Where it stands now.
        state: String,
    },
    /// Something went wrong, with the result code when there is one.
    Failed {
        /// What was being done.
        doing: String,
        /// Who is at fault.
        fault: Fault,
        /// Result code as the catalogue prints it.
        code: Option<String>,
        /// In words.
        detail: String,
    },
    /// The device reached an end of the run: `desktop`, `sign-in`, ...
    Ended {
        /// Which.
        outcome: String,
    },
    /// Anything else worth a line.
    Remark {
        /// The line.
        text: String,
    },
}

impl Note {
    /// How a run ends at the sign-on screen of a device that deployed itself, unless somebody signs in (SDM-014).
    pub const SIGN_IN: &'static str = "sign-in";

    /// A decision that rests on `rule`.
    pub fn decided(rule: &'static Rule, what: impl Into<String>) -> Self {
        Self::Decided { what: what.into(), rule: rule.id.into() }
    }
}
