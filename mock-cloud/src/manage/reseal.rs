//! The page of a device that a technician prepared: it ends twice, once for the technician and once for the user
//! (PRU-001). How Intune learns that it is up again is not public; here the server looks (MOD-024).

use std::collections::BTreeMap;

use super::enrolment::{Enrolment, Progress};
use super::orders::{Leaf, Order, Patience, RELEASE, Stage, provider_node};
use crate::setup::Scope;

/// What tells: the device takes it back when the page opens for the user.
fn node() -> String {
    format!("{}/FirstSyncStatus/ServerHasFinishedProvisioning", provider_node(Scope::Device))
}

/// A look at the page, in every session between the technician's release and the user's.
pub(super) fn look(enrolment: &Enrolment) -> Vec<Order> {
    if !waits(enrolment) {
        return Vec::new();
    }
    vec![Order::one("look at the page", Stage::Look, Patience::EverySession, Leaf::get(node()))]
}

fn waits(enrolment: &Enrolment) -> bool {
    let released = |list: &BTreeMap<String, Progress>| list.get(RELEASE).is_some_and(|p| p.settled);
    enrolment.prepared && released(&enrolment.device_orders) && !enrolment.user_orders.values().any(released)
}

/// The page is up again: the lists of what it waits for, and its release, are sent anew. Whether that was so.
pub(super) fn reopened(enrolment: &mut Enrolment, found: &[(String, String)]) -> bool {
    let (node, open) = (node(), |data: &str| data.trim().eq_ignore_ascii_case("false"));
    let up = found.iter().any(|(uri, data)| uri.eq_ignore_ascii_case(&node) && open(data));
    if !up || !waits(enrolment) {
        return false;
    }
    enrolment.device_orders.retain(|key, _| key != RELEASE && !key.starts_with("expected "));
    true
}
