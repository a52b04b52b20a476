//! What a server has the whole device do: restart, be wiped (reference: protocols, D.7; MOD-026). The answer only says that
//! it was accepted; it is done when the session is over, so that the server hears of it.

use oobe_catalog::rules;
use serde::{Deserialize, Serialize};

use super::csp::LocUri;
use super::{Activity, ManageEvent, Management};
use crate::cx::Cx;

/// Something that the device does as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Remote {
    /// Restart.
    Restart,
    /// Windows is installed anew; nothing is kept.
    Wipe,
}

impl Remote {
    /// What running that node does. The wipes that keep something, and Autopilot Reset, are not simulated.
    pub(crate) fn of(uri: &LocUri) -> Option<Self> {
        match uri.path()[..] {
            ["Vendor", "MSFT", "Reboot", "RebootNow"] => Some(Self::Restart),
            ["Vendor", "MSFT", "RemoteWipe", "doWipe" | "doWipeProtected" | "doWipeCloud"] => {
                Some(Self::Wipe)
            }
            _ => None,
        }
    }
}

impl Management {
    /// A server had it run; a wipe outweighs a restart.
    pub(super) fn remote_asked(&mut self, remote: Remote) {
        if self.remote != Some(Remote::Wipe) {
            self.remote = Some(remote);
        }
    }

    /// The session is over: does what was accepted in it. Whether anything was.
    pub(super) fn obey(&mut self, a: &mut Activity, cx: &mut Cx<'_>) -> bool {
        let Some(remote) = self.remote.take() else { return false };
        let (what, event) = match remote {
            Remote::Restart => (
                "the server asked for a restart, and the session is over",
                ManageEvent::RestartNeeded { why: "the management server asks for it".into() },
            ),
            Remote::Wipe => {
                ("the server had the device wiped, and the session is over", ManageEvent::WipeOrdered)
            }
        };
        cx.decided(rules::MOD_026, what);
        a.tell(event);
        true
    }

    /// Windows starts: whether a wipe was accepted that power or an orderly shutdown came before. A restart is had by now.
    pub fn take_overdue_wipe(&mut self, cx: &mut Cx<'_>) -> bool {
        let due = self.remote.take() == Some(Remote::Wipe);
        if due {
            cx.decided(rules::MOD_026, "the server had the device wiped before it was switched off");
        }
        due
    }
}
