//! Everything a device can do to the world.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{HttpRequest, Note};
use crate::eventlog::EventRecord;
use crate::keys::KeyCommand;
use crate::registry::RegistryWrite;
use crate::screen::Screen;
use crate::time::Span;
use crate::tpm::TpmCommand;

/// One thing the device wants done, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    /// Send a request; the answer comes as [`Input::HttpReplied`](super::Input::HttpReplied).
    Send {
        /// To tell the answer by.
        id: Correlation,
        /// What to send.
        request: HttpRequest,
        /// Why, in words a person reads: "asking for the Autopilot profile".
        why: String,
    },
    /// Have the key store do something.
    AskKeys {
        /// To tell the answer by.
        id: Correlation,
        /// What to do.
        command: KeyCommand,
    },
    /// Have the TPM do something.
    AskTpm {
        /// To tell the answer by.
        id: Correlation,
        /// What to do.
        command: TpmCommand,
    },
    /// Set a timer (replacing one of the same name).
    SetTimer {
        /// Which.
        timer: Timer,
        /// From now.
        after: Span,
        /// Boot generation, to be handed back when it fires.
        boot: u32,
        /// Why it runs, in words a person reads.
        why: String,
    },
    /// Cancel a timer if it runs.
    CancelTimer {
        /// Which.
        timer: Timer,
    },
    /// Put a screen in front of the person. The same screen again with other contents is an update.
    ShowScreen(Box<Screen>),
    /// Write a record to the Windows event log.
    WriteEvent(EventRecord),
    /// Write a registry value.
    WriteRegistry(RegistryWrite),
    /// Tell what was decided, and on which rule.
    Note(Note),
    /// Restart: memory is lost, the boot timer brings the device back.
    Restart {
        /// Why, in words a person reads.
        why: String,
    },
    /// Power off; only a person or the scenario turns it on again.
    ShutDown {
        /// Why, in words a person reads.
        why: String,
    },
}

/// Which conversation a request or key command belongs to. One conversation of a kind runs at a time, save where a
/// number tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slot {
    /// Looking at the TPM at power-on.
    Hardware,
    /// Connectivity probe.
    Probe,
    /// Device ticket and Autopilot profile.
    Profile,
    /// Home realm, OIDC discovery, keys, token grant.
    SignIn,
    /// The TPM proved to the attestation service.
    Attest,
    /// Device registration with Entra ID.
    Join,
    /// MDM discovery, policy, enrolment.
    Enrol,
    /// OMA-DM session.
    Session,
    /// The user's primary refresh token at Windows sign-on.
    Prt,
    /// Intune management extension.
    SideCar,
    /// An MSI job of EnterpriseDesktopAppManagement, by its number.
    Msi(u16),
    /// A Win32 app of the management extension, by its number.
    Win32(u16),
    /// A certificate being installed, by its number.
    Certificate(u16),
    /// The time service.
    Time,
}

/// Names a request so that its answer finds its way: the boot it was asked in (an answer from before a restart is
/// dropped), the conversation, and a serial number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Correlation {
    /// Boot generation: how often the device had started when it asked.
    pub boot: u32,
    /// Conversation.
    pub slot: Slot,
    /// Serial number within the boot.
    pub serial: u32,
}

impl fmt::Display for Correlation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:?}/{}", self.boot, self.slot, self.serial)
    }
}

/// The device's timers, by name: at most one of each runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timer {
    /// Power-on or restart until the first screen.
    Boot,
    /// A request of this conversation has waited long enough.
    RequestLimit(Slot),
    /// Probe the network again, ask for the profile again, sync again: the next try of this conversation.
    Retry(Slot),
    /// The TPM is at work: a key operation of this conversation waits for it.
    TpmReady(Slot),
    /// The TPM has so long to be attested.
    AttestLimit,
    /// Critical updates are being looked for.
    Updates,
    /// The user's MDM context comes up after sign-on.
    UserContext,
    /// The next OMA-DM session by the poll schedule.
    Poll,
    /// The time limit of the Enrollment Status Page.
    EspLimit,
    /// A policy provider of Device preparation may take this long.
    ProviderLimit,
    /// The page looks at what it waits for (every half second in Windows; reference: artifacts, 4.3).
    EspLook,
    /// A row of the page is being worked on (applying policies, certificates, networks).
    Row(u16),
    /// An installer runs, by job number.
    Installer(Slot),
    /// A short wait between two pages (first sign-in animation, restart notice).
    Page,
}
