//! One line of a trace. Everything observable is here (design, rule 6); UI, reports, expectations and tests read
//! nothing else. The format is versioned and written as JSON lines; readers skip fields and kinds they don't know.

use std::borrow::Cow;
use std::sync::Arc;

use oobe_agent::eventlog::EventRecord;
use oobe_agent::io::{Act, Correlation, Fault, Link, Note, Timer};
use oobe_agent::registry::RegistryWrite;
use oobe_agent::screen::Screen;
use oobe_agent::time::{Span, VirtualTime};
use oobe_agent::tpm::{TpmCommand, TpmExchange, TpmReply};
use serde::{Deserialize, Serialize};

/// Version of the trace format. Raised when an old reader could misread a new trace; new fields and kinds don't.
pub const TRACE_VERSION: u32 = 1;

/// First line of a trace: what produced it. Enough to run it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceHeader {
    /// Always `oobe-trace`.
    pub format: String,
    /// [`TRACE_VERSION`].
    pub version: u32,
    /// Scenario name.
    pub scenario: String,
    /// SHA-256 of the scenario file, hex.
    pub scenario_sha256: String,
    /// World seed.
    pub seed: u64,
    /// `p256` or `rsa`.
    pub keys: String,
    /// Date the world stands at, ISO.
    pub as_of: String,
    /// UTC at virtual time zero, RFC 3339.
    pub epoch: String,
    /// Program version.
    pub program: String,
}

/// One thing that was observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Milliseconds of virtual time.
    pub t: VirtualTime,
    /// Position in the trace, from 0.
    pub n: u64,
    /// Whose: device name, `cloud`, or `world`.
    pub who: Arc<str>,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// Where a fault of the scenario lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultPlace {
    /// Between device and service.
    Network,
    /// In the service.
    Service,
    /// In the device.
    Machine,
    /// Nowhere: an answer was put in place of the real one.
    Force,
}

/// What of a scenario can come to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScenarioPart {
    /// A `[[fault]]`.
    Fault,
    /// A `[[when]]`.
    When,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the shape that serde asks for
fn is_no_time(span: &Span) -> bool {
    *span == Span::ZERO
}

/// What was observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum What {
    /// Someone switched the device on.
    PowerOn,
    /// Power went.
    PowerLost,
    /// The device restarts by itself.
    Restart {
        /// Why.
        why: String,
    },
    /// The device switched itself off.
    PowerOff {
        /// Why.
        why: String,
    },
    /// A screen, or new contents of the one that is up.
    Screen {
        /// The screen.
        screen: Box<Screen>,
    },
    /// The person did something.
    Act {
        /// Who, e.g. `alice@contoso.test`.
        person: String,
        /// What; secrets masked.
        act: Act,
    },
    /// A request left the device.
    Request {
        /// Correlation.
        id: Correlation,
        /// Method.
        method: String,
        /// URL; query secrets masked.
        url: String,
        /// Body size in bytes.
        bytes: u64,
        /// SHA-256 of the body, hex, first 16 digits.
        digest: String,
        /// Subject of the client certificate, when one was shown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<String>,
        /// Why, in words.
        why: String,
    },
    /// An answer reached it.
    Reply {
        /// Correlation.
        id: Correlation,
        /// HTTP status; absent when there was no answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// Body size in bytes.
        bytes: u64,
        /// SHA-256 of the body, hex, first 16 digits.
        digest: String,
        /// Why there was none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// Virtual time since the request.
        took: Span,
    },
    /// The management server asked for a session by a push notification.
    Push {
        /// Whether the device heard it: it is on, up, and has a network.
        heard: bool,
    },
    /// A key was made, used or destroyed.
    Key {
        /// Correlation.
        id: Correlation,
        /// `create device`, `sign transport`, ...
        command: String,
        /// `ok`, or why not.
        result: String,
    },
    /// A TPM command.
    Tpm {
        /// Correlation.
        id: Correlation,
        /// Command.
        command: TpmCommand,
        /// Reply.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply: Option<TpmReply>,
        /// Why there was none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// The TPM 2.0 commands that it took, with their response codes.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ran: Vec<TpmExchange>,
        /// Virtual time that it took.
        #[serde(default, skip_serializing_if = "is_no_time")]
        took: Span,
    },
    /// A timer was set.
    TimerSet {
        /// Which.
        timer: Timer,
        /// How long.
        after: Span,
        /// Why.
        why: String,
    },
    /// A timer was cancelled.
    TimerCancelled {
        /// Which.
        timer: Timer,
    },
    /// A timer fired.
    TimerFired {
        /// Which.
        timer: Timer,
    },
    /// A record of the Windows event log.
    Event {
        /// The record.
        event: EventRecord,
    },
    /// A registry value was written.
    Registry {
        /// The write.
        write: RegistryWrite,
    },
    /// The device tells what it decided, and why.
    Note {
        /// The note.
        note: Note,
    },
    /// The network link changed.
    Link {
        /// New link.
        link: Link,
    },
    /// A fault struck the device.
    Fault {
        /// Which.
        fault: Fault,
    },
    /// A fault of the scenario struck: what comes of it has its cause here, whomever the device blames. It stands after the
    /// request that meets it.
    Injected {
        /// Which, as the scenario names it.
        fault: String,
        /// Where it lives.
        place: FaultPlace,
        /// What it does, in words.
        does: String,
        /// The request that meets it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<Correlation>,
    },
    /// A fault of the scenario that never struck, or a trigger that never fired: the run does not show what it is about.
    Unused {
        /// Which of the two.
        part: ScenarioPart,
        /// What the scenario calls it.
        name: String,
    },
    /// A trigger of the scenario fired, and what it did.
    Trigger {
        /// Which, as the scenario names it.
        trigger: String,
        /// What it did.
        action: String,
    },
    /// The cloud decided something: a check that held or failed, a token issued, a device registered.
    Cloud {
        /// Service: `entra`, `drs`, `mdm`, `ztd`, ...
        service: Cow<'static, str>,
        /// Name of the check or action, e.g. `nonce-single-use`, `device-registered`.
        what: Cow<'static, str>,
        /// Whether it was allowed.
        ok: bool,
        /// In words.
        detail: String,
        /// Rule it rests on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<Cow<'static, str>>,
    },
    /// The run ended.
    End {
        /// `desktop`, `quiet` (nothing more can happen), `time-limit`, ...
        outcome: String,
        /// In words.
        detail: String,
    },
}
