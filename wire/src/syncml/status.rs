//! Status codes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A SyncML status code (reference: protocols, C.2).
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StatusCode(pub u16);

impl StatusCode {
    /// Done.
    pub const OK: Self = Self(200);
    /// Accepted; work goes on in the background.
    pub const ACCEPTED: Self = Self(202);
    /// Authenticated for the session.
    pub const AUTHENTICATED: Self = Self(212);
    /// A chunk of a larger object was accepted.
    pub const CHUNK_ACCEPTED: Self = Self(213);
    /// Cancelled.
    pub const CANCELLED: Self = Self(214);
    /// Not executed, because an earlier command of the same Atomic failed.
    pub const NOT_EXECUTED: Self = Self(215);
    /// Executed and rolled back, because a later command of the same Atomic failed.
    pub const ATOMIC_ROLLED_BACK: Self = Self(216);
    /// Malformed.
    pub const BAD_REQUEST: Self = Self(400);
    /// Credentials are wrong; a Chal comes with it.
    pub const UNAUTHORIZED: Self = Self(401);
    /// Refused.
    pub const FORBIDDEN: Self = Self(403);
    /// No such node.
    pub const NOT_FOUND: Self = Self(404);
    /// The node does not allow that command.
    pub const COMMAND_NOT_ALLOWED: Self = Self(405);
    /// An optional feature that is not supported.
    pub const FEATURE_NOT_SUPPORTED: Self = Self(406);
    /// Credentials are needed.
    pub const CREDENTIALS_NEEDED: Self = Self(407);
    /// The command lacks something.
    pub const INCOMPLETE: Self = Self(412);
    /// Too large.
    pub const TOO_LARGE: Self = Self(413);
    /// Wrong type or format.
    pub const UNSUPPORTED_TYPE: Self = Self(415);
    /// The node exists already.
    pub const ALREADY_EXISTS: Self = Self(418);
    /// No space left on the device.
    pub const DEVICE_FULL: Self = Self(420);
    /// The access control list refuses.
    pub const PERMISSION_DENIED: Self = Self(425);
    /// Failed.
    pub const COMMAND_FAILED: Self = Self(500);
    /// An Atomic failed.
    pub const ATOMIC_FAILED: Self = Self(507);
    /// The data store failed.
    pub const DATA_STORE_FAILURE: Self = Self(510);
    /// An Atomic failed, and so did rolling back.
    pub const ATOMIC_ROLLBACK_FAILED: Self = Self(516);

    /// 200 to 299, except for the two that say that nothing was done (214, 215) or that it was undone (216).
    pub const fn is_success(self) -> bool {
        matches!(self.0, 200..=213 | 217..=299)
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
