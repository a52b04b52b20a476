//! Everything that can happen to a device.

use serde::{Deserialize, Serialize};

use super::{Correlation, HttpReply, Timer, TransportError};
use crate::keys::{KeyError, KeyReply};
use crate::tpm::{TpmError, TpmReply};

/// One thing that happened to the device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "kebab-case")]
pub enum Input {
    /// Someone pressed the power button of a device that is off.
    PowerPressed,
    /// Power went, at once: memory is lost, the disk stays.
    PowerLost,
    /// A timer ran out. Timers of an earlier boot are dropped by their generation.
    TimerFired {
        /// Which one.
        timer: Timer,
        /// The boot that set it.
        boot: u32,
    },
    /// A request was answered, or will not be.
    HttpReplied {
        /// The request.
        id: Correlation,
        /// Answer, or why there is none.
        result: Result<HttpReply, TransportError>,
    },
    /// The key store answered.
    KeysReplied {
        /// The command.
        id: Correlation,
        /// Answer or refusal.
        result: Result<KeyReply, KeyError>,
    },
    /// The TPM answered.
    TpmReplied {
        /// The command.
        id: Correlation,
        /// Answer or refusal.
        result: Result<TpmReply, TpmError>,
    },
    /// The person at the keyboard did something.
    Acted(Act),
    /// The network link changed.
    LinkChanged(Link),
    /// A push notification came: the management server asks for a session.
    Pushed,
    /// A fault struck the device itself.
    Struck(Fault),
}

/// What a person can do to the screen in front of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Act {
    /// Presses a button, by its caption.
    Press {
        /// Caption as the screen shows it, e.g. `Sign in`.
        button: String,
    },
    /// Fills a field.
    Fill {
        /// Field name as the screen lists it, e.g. `password`.
        field: String,
        /// What is typed. Secrets are masked in the trace by the field's own kind.
        text: String,
    },
    /// Presses a key combination that the screen lists, e.g. `Shift+F10`.
    Key {
        /// Key name as in `screens.toml`.
        key: String,
    },
    /// Opens a command prompt (Shift+F10), types a line, and closes it.
    Command {
        /// The line, e.g. `w32tm /resync /force`.
        line: String,
    },
}

/// The network link, as the device's adapter sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// No link.
    Down,
    /// Cable.
    Ethernet,
    /// Wireless, once the person picked a network.
    WiFi,
}

/// Faults that live in the device itself (design, rule 5). Network and service faults are not inputs: they live
/// where they happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// The real-time clock jumps.
    ClockSet {
        /// New error of the clock in milliseconds; positive runs ahead.
        skew_ms: i64,
    },
    /// Somebody restarts the device, the way `shutdown /r /t 0` does.
    Restart,
    /// Somebody wipes the device: Windows is installed anew, and OOBE begins as on a new device.
    Wiped,
}
