//! What a test asks of the server.

/// The MDM provider name it gives itself.
pub(crate) const PROVIDER: &str = "OOBETEST";

/// How the server behaves.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The one user it knows.
    pub(crate) user: String,
    /// That user's password.
    pub(crate) password: String,
    /// How it lets the device go.
    pub(crate) release: Release,
    /// What it does wrong.
    pub(crate) trouble: Option<Trouble>,
    /// Sessions in which it only holds the device on the status page.
    pub(crate) hold_sessions: usize,
    /// `BlockInStatusPage`: 1 reset, 2 try again, 4 continue anyway.
    pub(crate) mask: u8,
    /// `TimeOutUntilSyncFailure`, minutes.
    pub(crate) limit_minutes: u32,
    /// Minutes between polls.
    pub(crate) poll_minutes: u32,
    /// `CustomErrorText`.
    pub(crate) error_text: String,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            user: "alice@foreign.test".into(),
            password: "Correct-Horse-1".into(),
            release: Release::Behaves,
            trouble: None,
            hold_sessions: 2,
            mask: 5,
            limit_minutes: 60,
            poll_minutes: 1,
            error_text: "Call the OOBETEST help desk, room 5".into(),
        }
    }
}

impl Plan {
    /// A server that does one thing wrong.
    pub(crate) fn with(trouble: Trouble) -> Self {
        Self { trouble: Some(trouble), ..Self::default() }
    }
}

/// How the server ends the status page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    /// Waits for `LoginStatus` = `user` before the user-scope write, and repeats that write until it gives 200.
    Behaves,
    /// Writes the user-scope release in the batch of the device-scope one, before a user context can exist
    /// (field bug 1).
    TooEarly {
        /// Whether it looks at the 405 and writes again in later sessions.
        retries: bool,
    },
}

/// A place in the dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// `Discovery.svc`.
    Discovery,
    /// GetPolicies.
    Policy,
    /// RequestSecurityToken.
    Enrol,
    /// A SyncML session.
    Manage,
}

/// What the server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Answers the enrolment with HTTP 200 and a SOAP fault: subcode `Authorization`, detail `DeviceCapReached`.
    FaultWith200,
    /// Answers with bytes that are nothing.
    Garbage(Step),
    /// Answers with 200 and no body.
    Empty(Step),
    /// Issues a certificate for another key.
    OtherKey,
    /// Issues a certificate that a foreign CA signed.
    ForeignCa,
    /// Announces more bytes than it sends in SyncML replies; the text is whole.
    ShortBody,
    /// As [`Trouble::ShortBody`], but the text is cut in the middle.
    CutBody,
    /// Takes the request and never answers.
    Silence(Step),
    /// Answers 429 with `Retry-After`.
    TooMany {
        /// Where.
        at: Step,
        /// `Retry-After`, seconds.
        seconds: u32,
        /// How many times before it serves.
        times: u32,
    },
}

impl Trouble {
    /// The step whose answers are replaced outright.
    pub(crate) fn strikes(self) -> Option<Step> {
        match self {
            Self::Garbage(step) | Self::Empty(step) | Self::Silence(step) => Some(step),
            Self::TooMany { at, .. } => Some(at),
            Self::FaultWith200 => Some(Step::Enrol),
            Self::OtherKey | Self::ForeignCa | Self::ShortBody | Self::CutBody => None,
        }
    }
}
