//! What the tree answers, command by command (reference: protocols, C.2).

use super::fixtures::setup;
use super::peer::{P, Peer, cmd, hold, release};
use super::world::World;
use crate::manage::INTUNE_PROVIDER;
use crate::manage::csp::{Facts, Outcome, Request, Tree, Verb, execute};

fn run(tree: &mut Tree, verb: Verb, uri: &str, data: &str) -> Outcome {
    let setup = setup();
    let facts = Facts { setup: &setup, device_id: "D1", device_name: "PC", utc: super::fixtures::EPOCH };
    execute(tree, Request { verb, uri, format: None, data: Some(data) }, &facts)
}

fn status(tree: &mut Tree, verb: Verb, uri: &str, data: &str) -> u16 {
    run(tree, verb, uri, data).status.0
}

#[test]
fn reading() {
    let mut tree = Tree::default();
    let mut get = |uri: &str| {
        let outcome = run(&mut tree, Verb::Get, uri, "");
        (outcome.status.0, outcome.found.map(|v| v.data).unwrap_or_default())
    };
    assert_eq!(get("./DevInfo/Man"), (200, "Contoso".into()));
    assert_eq!(get("./DevDetail/SwV"), (200, "10.0.26200.8655".into()));
    assert_eq!(get("./Device/DevDetail/Ext/Microsoft/SMBIOSSerialNumber"), (200, "SN-1".into()));
    assert_eq!(get("./DevInfo"), (200, "DevId/DmV/Lang/Man/Mod".into()));
    assert_eq!(get("./Vendor/MSFT/DMClient/Provider"), (200, String::new()));
    assert_eq!(get("./Vendor/MSFT/NoSuchCsp/X"), (404, String::new()));
    assert_eq!(get("./Vendor/MSFT/Policy/Config/A/B"), (404, String::new()));
    assert_eq!(get("/DevInfo/Man").0, 400);
    assert_eq!(get("./DevInfo/Man?prop=Format"), (200, "chr".into()));
    assert_eq!(get("./DevInfo/Man?list=StructData").0, 406);
    let (code, hash) = get("./DevDetail/Ext/DeviceHardwareData");
    assert_eq!((code, hash.len()), (200, 4_000));
}

#[test]
fn writing() {
    let mut tree = Tree::default();
    let policy = "./Vendor/MSFT/Policy/Config/Browser/AllowPopups";
    assert_eq!(status(&mut tree, Verb::Replace, policy, "1"), 200, "implicitly added");
    assert_eq!(status(&mut tree, Verb::Add, policy, "1"), 418);
    assert_eq!(status(&mut tree, Verb::Delete, policy, ""), 200);
    assert_eq!(status(&mut tree, Verb::Delete, policy, ""), 404);
    assert_eq!(status(&mut tree, Verb::Replace, "./DevInfo/Man", "x"), 405);
    assert_eq!(status(&mut tree, Verb::Delete, "./Vendor/MSFT/Policy", ""), 405, "permanent");
    assert_eq!(status(&mut tree, Verb::Exec, policy, ""), 405);
    assert_eq!(status(&mut tree, Verb::Add, "./Vendor/MSFT/NoSuchCsp", ""), 404);
    assert_eq!(status(&mut tree, Verb::Replace, "./Vendor/MSFT/Policy/Result/A/B", "1"), 405);
    let escaped = "./Vendor/MSFT/WiFi/Profile/My%20Net/WlanXml";
    assert_eq!(status(&mut tree, Verb::Add, escaped, "<xml/>"), 200);
    let listed = run(&mut tree, Verb::Get, "./Vendor/MSFT/WiFi/Profile", "").found.unwrap();
    assert_eq!(listed.data, "My%20Net");
}

#[test]
fn values_have_to_fit_their_format() {
    let mut tree = Tree::default();
    let provider = "./Vendor/MSFT/DMClient/Provider/X";
    assert_eq!(status(&mut tree, Verb::Add, provider, ""), 200);
    let poll = format!("{provider}/Poll/IntervalForFirstSetOfRetries");
    assert_eq!(status(&mut tree, Verb::Replace, &poll, "three"), 415);
    assert_eq!(status(&mut tree, Verb::Replace, &poll, " 3 "), 200);
    assert_eq!(run(&mut tree, Verb::Get, &poll, "").found.unwrap().data, "3");
    let skip = format!("{provider}/FirstSyncStatus/SkipDeviceStatusPage");
    assert_eq!(status(&mut tree, Verb::Replace, &skip, "maybe"), 415);
    assert_eq!(status(&mut tree, Verb::Replace, &skip, "FALSE"), 200);
}

#[test]
fn nothing_below_a_provider_that_is_not_there() {
    let mut tree = Tree::default();
    let leaf = "./Vendor/MSFT/DMClient/Provider/Y/FirstSyncStatus/CustomErrorText";
    let outcome = run(&mut tree, Verb::Replace, leaf, "x");
    assert_eq!((outcome.status.0, outcome.rule.unwrap().0.id), (405, "WIR-002"));
}

#[test]
fn without_a_user_context_the_user_half_refuses() {
    let mut tree = Tree::default();
    let provider = "./User/Vendor/MSFT/DMClient/Provider/X";
    assert_eq!(status(&mut tree, Verb::Add, provider, ""), 500);
    assert_eq!(
        status(&mut tree, Verb::Replace, &format!("{provider}/FirstSyncStatus/IsSyncDone"), "true"),
        405
    );
    assert_eq!(status(&mut tree, Verb::Get, provider, ""), 404);
    tree.switch_user(Some("alice"));
    assert_eq!(
        status(&mut tree, Verb::Replace, &format!("{provider}/FirstSyncStatus/IsSyncDone"), "true"),
        405
    );
    assert_eq!(status(&mut tree, Verb::Add, provider, ""), 200);
    assert_eq!(
        status(&mut tree, Verb::Replace, &format!("{provider}/FirstSyncStatus/IsSyncDone"), "true"),
        200
    );
    assert_eq!(
        status(&mut tree, Verb::Replace, &format!("{provider}/FirstSyncStatus/BlockInStatusPage"), "1"),
        404
    );
}

#[test]
fn what_has_to_be_added_can_not_be_run_before() {
    let mut tree = Tree::default();
    let node = "./Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B1%7D/DownloadInstall";
    let outcome = run(&mut tree, Verb::Exec, node, "<MsiInstallJob/>");
    assert_eq!((outcome.status.0, outcome.rule.unwrap().0.id), (404, "WIR-008"));
    assert_eq!(status(&mut tree, Verb::Add, node, ""), 200);
    assert_eq!(status(&mut tree, Verb::Exec, node, "<MsiInstallJob/>"), 500, "no job");
}

/// The answer only says that the device will (MOD-026); what is not simulated is not accepted (MOD-012).
#[test]
fn only_what_the_device_really_does_is_accepted() {
    let mut tree = Tree::default();
    let wipe = "./Device/Vendor/MSFT/RemoteWipe";
    for node in ["Reboot/RebootNow", "RemoteWipe/doWipe", "RemoteWipe/doWipeProtected"] {
        assert_eq!(status(&mut tree, Verb::Exec, &format!("./Vendor/MSFT/{node}"), ""), 200, "{node}");
    }
    for node in ["doWipePersistUserData", "AutomaticRedeployment/doAutomaticRedeployment"] {
        let outcome = run(&mut tree, Verb::Exec, &format!("{wipe}/{node}"), "");
        assert_eq!((outcome.status.0, outcome.rule.unwrap().0.id), (406, "MOD-012"), "{node}");
        assert_eq!(outcome.change, None);
    }
    assert_eq!(status(&mut tree, Verb::Exec, &format!("{wipe}/doSomethingElse"), ""), 404);
}

/// One session with these commands; gives the statuses that the device sent back, by CmdRef.
fn answered(commands: &str) -> (World, Vec<(String, String, String)>) {
    let batch = [hold("X"), commands.to_owned()].concat();
    let mut world = World::new("X", Peer::default().session(1, &[&batch]));
    world.until(|w| w.peer.heard.len() >= 2);
    let reply = world.peer.heard[1].clone();
    let statuses = reply
        .split("<Status>")
        .skip(1)
        .map(|status| {
            let field = |name: &str| {
                super::peer::between(status, &format!("<{name}>"), &format!("</{name}>")).to_owned()
            };
            (field("CmdRef"), field("Cmd"), field("Data"))
        })
        .collect();
    (world, statuses)
}

fn of<'s>(statuses: &'s [(String, String, String)], id: &str) -> &'s str {
    statuses.iter().find(|(cmd_ref, ..)| cmd_ref == id).map_or("none", |(_, _, data)| data.as_str())
}

const POLICY: &str = "./Vendor/MSFT/Policy/Config/Browser";

#[test]
fn an_atomic_is_all_or_nothing() {
    let members = [
        cmd(81, "Add", &format!("{POLICY}/One"), "int", "1"),
        cmd(82, "Replace", "./DevInfo/Man", "chr", "x"),
        cmd(83, "Add", &format!("{POLICY}/Two"), "int", "1"),
    ]
    .concat();
    let (world, statuses) = answered(&format!("<Atomic><CmdID>80</CmdID>{members}</Atomic>"));
    let codes = ["80", "81", "82", "83"].map(|id| of(&statuses, id));
    assert_eq!(codes, ["507", "216", "405", "215"]);
    let one = crate::manage::csp::LocUri::parse(&format!("{POLICY}/One")).unwrap();
    assert_eq!(world.management.tree().find(&one), None, "really undone");
}

#[test]
fn an_atomic_that_succeeds() {
    let members = [
        cmd(81, "Add", &format!("{POLICY}/One"), "int", "1"),
        cmd(82, "Add", &format!("{POLICY}/Two"), "int", "2"),
    ]
    .concat();
    let (mut world, statuses) = answered(&format!("<Atomic><CmdID>80</CmdID>{members}</Atomic>"));
    assert_eq!(["80", "81", "82"].map(|id| of(&statuses, id)), ["200", "200", "200"]);
    let result = crate::manage::csp::LocUri::parse("./Vendor/MSFT/Policy/Result/Browser/Two").unwrap();
    world.until(|w| w.management.tree().read(&result) == Some("2"));
}

#[test]
fn neither_get_nor_atomic_inside_an_atomic() {
    let get = cmd(81, "Get", "./DevInfo/Man", "", "");
    let (_, statuses) = answered(&format!("<Atomic><CmdID>80</CmdID>{get}</Atomic>"));
    assert_eq!(["80", "81"].map(|id| of(&statuses, id)), ["507", "500"]);
    let inner =
        format!("<Atomic><CmdID>81</CmdID>{}</Atomic>", cmd(82, "Add", &format!("{POLICY}/One"), "int", "1"));
    let (_, statuses) = answered(&format!("<Atomic><CmdID>80</CmdID>{inner}</Atomic>"));
    assert_eq!(["80", "81"].map(|id| of(&statuses, id)), ["507", "500"]);
}

#[test]
fn user_content_in_an_atomic_before_the_sign_in_is_rolled_back() {
    let members = [
        cmd(81, "Add", &format!("{POLICY}/One"), "int", "1"),
        cmd(82, "Add", "./User/Vendor/MSFT/Policy/Config/Browser/Two", "int", "1"),
    ]
    .concat();
    let (world, statuses) = answered(&format!("<Atomic><CmdID>80</CmdID>{members}</Atomic>"));
    assert_eq!(["80", "81", "82"].map(|id| of(&statuses, id)), ["507", "216", "500"]);
    assert!(world.rules().contains(&"WIR-006"));
}

#[test]
fn a_sequence_goes_on_whatever_happens() {
    let members = [
        cmd(81, "Replace", "./DevInfo/Man", "chr", "x"),
        cmd(82, "Add", &format!("{POLICY}/One"), "int", "1"),
    ]
    .concat();
    let (_, statuses) = answered(&format!("<Sequence><CmdID>80</CmdID>{members}</Sequence>"));
    assert_eq!(["80", "81", "82"].map(|id| of(&statuses, id)), ["200", "405", "200"]);
}

#[test]
fn what_is_no_command_is_a_bad_request() {
    let odd = "<Frobnicate><CmdID>80</CmdID></Frobnicate><Get><Item><Target><LocURI>./DevInfo/Man</LocURI></Target></Item></Get>\
               <Get><CmdID>82</CmdID></Get>";
    let (world, statuses) = answered(odd);
    assert_eq!(["80", "", "82"].map(|id| of(&statuses, id)), ["400", "400", "412"]);
    for check in ["syncml-cmd-id", "syncml-command"] {
        assert!(world.failed_checks().contains(&check), "{check}");
    }
}

#[test]
fn statuses_come_in_order_and_results_behind_them() {
    let gets = [cmd(81, "Get", "./DevInfo/Man", "", ""), cmd(82, "Get", "./DevInfo/Nope", "", "")].concat();
    let (world, statuses) = answered(&gets);
    let order: Vec<&str> = statuses.iter().map(|(id, ..)| id.as_str()).collect();
    assert_eq!(order, ["0", "20", "21", "22", "23", "81", "82"]);
    assert_eq!(of(&statuses, "82"), "404");
    let reply = &world.peer.heard[1];
    assert_eq!(reply.matches("<Results>").count(), 1);
    assert!(super::peer::between(reply, "<Results>", "</Results>").contains("Contoso"));
}

#[test]
fn an_add_that_is_repeated_is_normal() {
    let add = cmd(80, "Add", &format!("{P}/X"), "node", "");
    let (world, statuses) = answered(&add);
    assert_eq!(of(&statuses, "80"), "418");
    assert!(world.rules().contains(&"WIR-005"));
    assert!(!world.event_ids().contains(&404));
}

#[test]
fn a_refused_write_is_in_the_event_log_with_its_rule() {
    let twice = [
        release(80, "Device", INTUNE_PROVIDER).replace("MS%20DM%20Server", "X"),
        cmd(81, "Replace", &format!("{P}/X/FirstSyncStatus/ServerHasFinishedProvisioning"), "bool", "false"),
        cmd(82, "Replace", &format!("{P}/X/FirstSyncStatus/TimeOutUntilSyncFailure"), "int", "10800"),
    ]
    .concat();
    let (world, statuses) = answered(&twice);
    assert_eq!(["80", "81", "82"].map(|id| of(&statuses, id)), ["200", "405", "405"]);
    assert!(world.event_ids().contains(&404));
    for rule in ["ESS-025", "ESS-024"] {
        assert!(world.rules().contains(&rule), "{rule}");
    }
}

#[test]
fn add_then_replace_of_one_node_inside_an_atomic_is_told() {
    let members = [
        cmd(81, "Add", &format!("{POLICY}/One"), "int", "1"),
        cmd(82, "Replace", &format!("{POLICY}/One"), "int", "2"),
    ];
    let (world, _) = answered(&format!("<Atomic><CmdID>80</CmdID>{}</Atomic>", members.concat()));
    assert!(world.failed_checks().contains(&"syncml-atomic-add-then-replace"));
}

#[test]
fn children_of_an_expected_list_are_no_parameter() {
    let child = cmd(80, "Add", &format!("{P}/X/FirstSyncStatus/ExpectedPolicies/one"), "chr", "./x");
    let (world, statuses) = answered(&child);
    assert_eq!(of(&statuses, "80"), "500");
    assert!(world.rules().contains(&"ESS-028"));
}
