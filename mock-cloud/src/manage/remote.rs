//! What an administrator has a managed device do: hold a session, restart, be wiped (MOD-026). How the server asks for a
//! session, by a push notification, is the world's business: only it reaches the device.

use std::fmt;

use oobe_wire::syncml::StatusCode;
use serde::{Deserialize, Serialize};

use super::enrolment::{Enrolment, Sent};
use super::orders::{Leaf, Order, Patience, Stage};
use crate::journal::Service;
use crate::state::State;

/// What a device runs to be wiped.
const WIPE: &str = "./Device/Vendor/MSFT/RemoteWipe/doWipe";

/// Something that a managed device is to do as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemoteAction {
    /// Hold a session.
    Sync,
    /// Restart.
    Restart,
    /// Have Windows installed anew; nothing is kept.
    Wipe,
}

impl RemoteAction {
    /// The name of the change when it is asked for.
    pub(crate) const fn asked(self) -> &'static str {
        match self {
            Self::Sync => "sync-asked",
            Self::Restart => "restart-asked",
            Self::Wipe => "wipe-asked",
        }
    }

    /// What it is called in orders and in words.
    const fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Restart => "restart",
            Self::Wipe => "wipe",
        }
    }

    /// What the server has the device run.
    fn command(self) -> Option<Leaf> {
        match self {
            Self::Sync => None,
            Self::Restart => Some(Leaf::exec("./Device/Vendor/MSFT/Reboot/RebootNow", "null", "")),
            Self::Wipe => Some(Leaf::exec(WIPE, "chr", "0")),
        }
    }

    /// The key of the order, by its place in the list.
    fn key(self, at: usize) -> String {
        format!("{} {}", self.name(), at + 1)
    }
}

impl fmt::Display for RemoteAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether an order has the device wiped.
pub(super) fn is_wipe(order: &Order) -> bool {
    order.leaves.iter().any(|leaf| leaf.uri == WIPE)
}

/// What was asked for and is not settled yet, in order; when a wipe is among it, only that.
pub(super) fn orders(enrolment: &Enrolment) -> Vec<Order> {
    let order = |(at, action): (usize, &RemoteAction)| {
        let key = action.key(at);
        let settled = enrolment.device_orders.get(&key).is_some_and(|progress| progress.settled);
        let leaf = action.command().filter(|_| !settled)?;
        Some(Order::one(key, Stage::Remote, Patience::ThreeTimes, leaf))
    };
    let open: Vec<Order> = enrolment.remote.iter().enumerate().filter_map(order).collect();
    match open.iter().position(is_wipe) {
        Some(at) => open.into_iter().skip(at).take(1).collect(),
        None => open,
    }
}

/// The device answered an order. One that accepted to be wiped is gone from management: its record is taken away, and the
/// session has nothing more to say.
pub(super) fn answered(state: &mut State, device: &str, sent: &Sent, code: StatusCode) {
    let Some(enrolment) = state.enrolments.get_mut(device) else { return };
    if !code.is_success() || enrolment.removed || sent.uri != WIPE {
        return;
    }
    if let Some(session) = &mut enrolment.session {
        session.over = true;
    }
    take_away(state, device);
    state.journal.tell_by(
        Service::Dm,
        "device-wiped",
        Some(oobe_catalog::rules::MOD_026.id),
        format!("{device} is wiped: its record is taken away"),
    );
}

/// Takes the record of a managed device away. One that deployed itself may do so again (SDM-010).
pub(crate) fn take_away(state: &mut State, device: &str) {
    let Some(enrolment) = state.enrolments.get_mut(device) else { return };
    enrolment.removed = true;
    let registration = enrolment.registration;
    let all = state.tenants.iter_mut().flat_map(|tenant| &mut tenant.registrations);
    for record in all.filter(|record| Some(record.id) == registration) {
        if record.deployed.take().is_some() {
            let rule = Some(oobe_catalog::rules::SDM_010.id);
            state.journal.tell_by(Service::Mdm, "may-deploy-again", rule, record.serial.clone());
        }
    }
}
