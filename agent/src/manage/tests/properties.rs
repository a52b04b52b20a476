//! Whatever comes from outside, in whatever order: no panic, and a tree that stays a tree.

use proptest::prelude::*;

use super::device_phase::intune;
use super::fixtures::setup;
use super::peer::{Peer, ok};
use super::world::World;
use crate::cx::Answer;
use crate::io::{HttpReply, Slot, Timer, TransportError};
use crate::keys::{KeyError, KeyReply};
use crate::manage::INTUNE_PROVIDER;
use crate::manage::csp::{Facts, LocUri, Node, Request, Scope, Tree, Verb, execute};

const SEEDS: [&str; 14] = [
    ".",
    "./Vendor/MSFT",
    "./DevInfo/Man",
    "./DevDetail/Ext/Microsoft/DeviceName",
    "./Device/Vendor/MSFT/DMClient/Provider/X",
    "./Device/Vendor/MSFT/DMClient/Provider/X/FirstSyncStatus/IsSyncDone",
    "./User/Vendor/MSFT/DMClient/Provider/X/FirstSyncStatus/ServerHasFinishedProvisioning",
    "./Vendor/MSFT/Policy/Config/A/B",
    "./Vendor/MSFT/Policy/Result/A/B",
    "./Vendor/MSFT/WiFi/Profile/a/b/c",
    "./Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B1%7D/DownloadInstall",
    "./Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/1/PFXCertPassword",
    "./Vendor/MSFT/EnrollmentStatusTracking/Setup/Apps/Tracking/Sidecar/App/InstallationState",
    "./Vendor/MSFT/RootCATrustedCertificates/Root/AA/EncodedCertificate",
];

fn uri() -> impl Strategy<Value = String> {
    let seed = prop::sample::select(SEEDS.to_vec());
    prop_oneof![
        4 => seed.clone().prop_map(str::to_owned),
        3 => (seed.clone(), "[A-Za-z0-9%/]{0,12}").prop_map(|(seed, tail)| format!("{seed}/{tail}")),
        2 => (seed, 0_usize..60).prop_map(|(seed, cut)| seed.chars().take(cut).collect()),
        1 => ".*",
    ]
}

fn verb() -> impl Strategy<Value = Verb> {
    prop::sample::select(vec![Verb::Get, Verb::Add, Verb::Replace, Verb::Delete, Verb::Exec])
}

fn data() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("true".to_owned()),
        Just("1".to_owned()),
        Just("0".to_owned()),
        Just("node".to_owned()),
        ".{0,20}"
    ]
}

/// No node has an empty name, and every LocURI of a node leads back to it.
fn is_a_tree(tree: &Tree) {
    fn walk(tree: &Tree, uri: &LocUri, node: &Node) {
        assert_eq!(LocUri::parse(&uri.to_string()).as_ref(), Ok(uri));
        assert_eq!(tree.find(uri), Some(node));
        for name in node.names() {
            assert!(!name.is_empty());
            let child = uri.child(name);
            walk(tree, &child, tree.find(&child).expect("a listed name is there"));
        }
    }
    for scope in [Scope::Device, Scope::User] {
        if let Some(root) = tree.root(scope) {
            walk(tree, &LocUri { scope, names: Vec::new(), query: None }, root);
        }
    }
    for permanent in ["DevInfo/Man", "Vendor/MSFT/Policy/Config", "Vendor/MSFT/DMClient/Provider"] {
        assert!(tree.find(&LocUri::device(permanent)).is_some(), "{permanent}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_commands_leave_a_tree(commands in prop::collection::vec((verb(), uri(), data(), any::<bool>()), 0..40), user: bool) {
        let mut tree = Tree::default();
        if user {
            tree.switch_user(Some("alice"));
        }
        let setup = setup();
        let facts = Facts { setup: &setup, device_id: "D", device_name: "PC", utc: super::fixtures::EPOCH };
        for (verb, uri, data, node) in &commands {
            let before = tree.clone();
            let format = node.then_some("node");
            let outcome = execute(&mut tree, Request { verb: *verb, uri, format, data: Some(data) }, &facts);
            let refused = !outcome.status.is_success();
            prop_assert!((200..=599).contains(&outcome.status.0));
            prop_assert!(!refused || tree == before, "a refused command changes nothing: {verb:?} {uri}");
            prop_assert!(!refused || outcome.change.is_none());
            prop_assert!(outcome.found.is_none() || (*verb == Verb::Get && !outcome.secret));
        }
        is_a_tree(&tree);
        let stored = serde_json::to_string(&tree).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Tree>(&stored).unwrap(), &tree);
    }

    #[test]
    fn any_bytes_are_lived_with(body in prop::collection::vec(any::<u8>(), 0..200), xml: bool) {
        let mut peer = Peer::default();
        let kind = if xml { "application/vnd.syncml.dm+xml" } else { "text/html" };
        peer.instead.insert(1, ok(kind, body));
        let mut world = World::new("X", peer);
        world.until(|w| w.peer.heard.len() > 1);
    }

    #[test]
    fn any_syncml_is_lived_with(parts in prop::collection::vec(fragment(), 0..12)) {
        let mut peer = Peer::default();
        let text = super::peer::syncml("1", "1", "D", &parts.concat());
        peer.instead.insert(1, ok("application/vnd.syncml.dm+xml", text));
        let mut world = World::new("X", peer);
        for _ in 0..20 {
            world.step();
        }
        is_a_tree(world.management.tree());
    }

    #[test]
    fn any_order_of_timers_and_answers(start in 0_usize..80, chaos in prop::collection::vec(chaos(), 0..60)) {
        let mut world = World::new(INTUNE_PROVIDER, intune("DeviceLock/X"));
        for _ in 0..start {
            world.step();
        }
        for happening in chaos {
            match happening {
                Chaos::Step => { world.step(); }
                Chaos::Restart => world.restart(),
                Chaos::Timer(timer) => { world.with(|m, a, cx| m.timer(a, cx, timer)); }
                Chaos::Answer(slot, answer) => { world.with(|m, a, cx| m.answer(a, cx, slot, answer)); }
                Chaos::Retry => {
                    if let Some(phase) = world.phase {
                        world.with(|m, a, cx| m.retry(a, cx, phase));
                    }
                }
                Chaos::Finish => world.with(crate::manage::Management::finish),
            }
            // Debug builds hold the page that is kept against one put together anew.
            let _ = world.management.page(&mut world.activity);
        }
        is_a_tree(world.management.tree());
        let text = serde_json::to_string(&world.management).unwrap();
        prop_assert_eq!(&serde_json::from_str::<crate::manage::Management>(&text).unwrap(), &world.management);
    }
}

fn fragment() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "Get", "Add", "Replace", "Delete", "Exec", "Alert", "Status", "Results", "Odd",
    ]);
    let leaf = (name, prop::option::of(0_u32..9), uri(), data()).prop_map(|(name, id, uri, data)| {
        let id = id.map(|id| format!("<CmdID>{id}</CmdID>")).unwrap_or_default();
        let uri = oobe_wire::xml::escape_text(&uri).into_owned();
        let data = oobe_wire::xml::escape_text(&data).into_owned();
        format!(
            "<{name}>{id}<Item><Target><LocURI>{uri}</LocURI></Target><Data>{data}</Data></Item></{name}>"
        )
    });
    let leaf = leaf.boxed();
    let group = (prop::sample::select(vec!["Atomic", "Sequence"]), prop::collection::vec(leaf.clone(), 0..4))
        .prop_map(|(name, members)| format!("<{name}><CmdID>7</CmdID>{}</{name}>", members.concat()));
    prop_oneof![3 => leaf, 1 => group]
}

#[derive(Debug, Clone)]
enum Chaos {
    Step,
    Restart,
    Timer(Timer),
    Answer(Slot, Answer),
    Retry,
    Finish,
}

fn slot() -> impl Strategy<Value = Slot> {
    prop_oneof![
        Just(Slot::Session),
        Just(Slot::SideCar),
        (0_u16..3).prop_map(Slot::Msi),
        (0_u16..3).prop_map(Slot::Win32),
        (0_u16..2).prop_map(Slot::Certificate),
    ]
}

fn chaos() -> impl Strategy<Value = Chaos> {
    let timer = prop_oneof![
        Just(Timer::UserContext),
        Just(Timer::Poll),
        Just(Timer::EspLimit),
        Just(Timer::EspLook),
        Just(Timer::ProviderLimit),
        (0_u16..4).prop_map(Timer::Row),
        slot().prop_map(Timer::Retry),
        slot().prop_map(Timer::Installer),
    ];
    let answer = prop_oneof![
        Just(Answer::Http(Err(TransportError::Reset))),
        Just(Answer::Keys(Err(KeyError::WrongUse))),
        Just(Answer::Keys(Ok(KeyReply::Unwrapped { key: [0; 32] }))),
        Just(Answer::Keys(Ok(KeyReply::Done))),
        prop::collection::vec(any::<u8>(), 0..40)
            .prop_map(|body| { Answer::Http(Ok(HttpReply { status: 200, headers: Vec::new(), body })) }),
    ];
    prop_oneof![
        8 => Just(Chaos::Step),
        1 => Just(Chaos::Restart),
        3 => timer.prop_map(Chaos::Timer),
        3 => (slot(), answer).prop_map(|(slot, answer)| Chaos::Answer(slot, answer)),
        1 => Just(Chaos::Retry),
        1 => Just(Chaos::Finish),
    ]
}
