//! What an administrator has a managed device do as a whole (MOD-026).

mod common;

use common::device::TestDevice;
use common::session::{TestSession, obedient};
use common::setup::*;
use common::steps::*;
use common::{refused, told};
use oobe_mock_cloud::{AdminAction, AdminError, Cloud, RemoteAction, checks};

const WIPE: &str = "./Device/Vendor/MSFT/RemoteWipe/doWipe";

fn ask(cloud: &Cloud, device: &TestDevice, does: RemoteAction) -> Result<String, AdminError> {
    cloud.administer(AdminAction::Remote { device: device.mdm_id.clone(), does })
}

/// What a session orders; the device answers a wipe or a restart with `status`.
fn ordered(cloud: &Cloud, device: &TestDevice, id: &str, status: u16) -> Vec<String> {
    let mut session = TestSession::new(cloud, device, id);
    let mut usual = obedient();
    session.run(None, &mut |verb, uri, data| {
        if uri == WIPE || uri.ends_with("RebootNow") { (status, None) } else { usual(verb, uri, data) }
    });
    session.orders.iter().map(|(verb, uri, _)| format!("{verb} {uri}")).collect()
}

#[test]
fn a_wipe_is_all_that_a_session_orders_and_the_record_goes_when_it_is_accepted() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    ask(&cloud, &device, RemoteAction::Wipe).unwrap();
    assert_eq!(ordered(&cloud, &device, "1", 200), [format!("Exec {WIPE}")]);
    assert!(told(&cloud.drain_journal(), "device-wiped"));
    let mut after = TestSession::new(&cloud, &device, "2");
    let hello = after.hello(None);
    assert_eq!(after.send(&hello).status, 403);
    refused(&cloud, checks::DM_ENROLLED);
    let again = ask(&cloud, &device, RemoteAction::Wipe);
    assert!(matches!(again, Err(AdminError::NotManaged(_))), "there is nothing left to wipe: {again:?}");
}

#[test]
fn a_wipe_that_is_refused_is_told_and_does_not_keep_the_device_from_its_other_orders() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    ask(&cloud, &device, RemoteAction::Wipe).unwrap();
    for id in ["1", "2", "3"] {
        let orders = ordered(&cloud, &device, id, 406);
        assert_eq!(orders[0], format!("Exec {WIPE}"), "session {id}");
        assert_eq!(orders.iter().filter(|order| order.ends_with("doWipe")).count(), 1);
        assert!(id != "1" || orders.len() > 1, "the rest is ordered too");
        let journal = cloud.drain_journal();
        assert!(told(&journal, "command-refused") && !told(&journal, "device-wiped"));
    }
    let orders = ordered(&cloud, &device, "4", 200);
    assert!(!orders.iter().any(|order| order.ends_with("doWipe")), "it is given up after three sessions");
}

#[test]
fn each_restart_is_ordered_once_and_before_anything_else() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    for id in ["1", "2"] {
        ask(&cloud, &device, RemoteAction::Restart).unwrap();
        let orders = ordered(&cloud, &device, id, 200);
        assert_eq!(orders[0], "Exec ./Device/Vendor/MSFT/Reboot/RebootNow");
        assert_eq!(orders.iter().filter(|order| order.ends_with("RebootNow")).count(), 1);
    }
    assert!(!ordered(&cloud, &device, "3", 200).iter().any(|order| order.ends_with("RebootNow")));
}

#[test]
fn what_was_asked_for_survives_a_save() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    ask(&cloud, &device, RemoteAction::Wipe).unwrap();
    let restored = Cloud::load(cloud.save()).unwrap();
    assert_eq!(ordered(&restored, &device, "1", 200), [format!("Exec {WIPE}")]);
}

#[test]
fn to_check_in_is_all_that_a_sync_asks_for() {
    let cloud = cloud();
    let device = enrolled(&cloud, 1, ALICE);
    let usual = ordered(&cloud.fork(), &device, "1", 200);
    ask(&cloud, &device, RemoteAction::Sync).unwrap();
    assert_eq!(ordered(&cloud, &device, "1", 200), usual);
}
