//! The dialogue: how messages look, and what happens to a peer that breaks it.

use super::peer::{Peer, between, cmd, hold, ok, syncml};
use super::world::World;
use crate::io::{Effect, HttpReply, Slot, Timer, TransportError};
use crate::manage::csp::LocUri;

const XML: &str = "application/vnd.syncml.dm+xml";

fn policy(name: &str) -> LocUri {
    LocUri::device("Vendor/MSFT/Policy/Config/Browser").child(name)
}

fn write(name: &str) -> String {
    cmd(50, "Replace", &format!("./Vendor/MSFT/Policy/Config/Browser/{name}"), "int", "1")
}

#[test]
fn the_first_message_is_numbered_as_windows_numbers_it() {
    let mut world = World::new("X", Peer::default());
    world.until(|w| !w.peer.heard.is_empty());
    let first = &world.peer.heard[0];
    let order = [
        "<Alert><CmdID>2</CmdID><Data>1201</Data>",
        "<Alert><CmdID>3</CmdID><Data>1224</Data>",
        "<Replace><CmdID>4</CmdID>",
    ];
    let at: Vec<Option<usize>> = order.iter().map(|part| first.find(part)).collect();
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{at:?} {first}");
    assert!(first.contains("com.microsoft/MDM/LoginStatus") && first.contains("<Data>none</Data>"));
    assert!(first.contains("</Target><Source><LocURI>00112233445566778899AABBCCDDEEFF</LocURI>"));
    assert!(first.contains("<Source><LocURI>./DevInfo/DevId</LocURI></Source>"));
    assert!(!first.contains("AADUserToken"));
}

#[test]
fn the_request_looks_as_windows_makes_it() {
    let world = World::new("X", Peer::default());
    let sent = world.effects.iter().any(|e| matches!(e, Effect::Send { .. }));
    assert!(!sent, "the core sends, not management");
    let request = world
        .pending
        .iter()
        .find_map(|(slot, ask)| match ask {
            crate::cx::Ask::Http { request, .. } if *slot == Slot::Session => Some(request.clone()),
            _ => None,
        })
        .unwrap();
    assert_eq!(request.url, "https://mdm.test/manage?mode=Maintenance&Platform=WoA");
    assert!(request.identity.is_some());
    for name in ["content-type", "accept", "user-agent", "ms-cv", "client-request-id"] {
        assert!(request.headers.iter().any(|(n, _)| n == name), "{name}");
    }
}

#[test]
fn the_session_ends_when_the_server_has_no_commands() {
    let mut world = World::new("X", Peer::default().session(1, &[&write("A"), &write("B")]));
    world.until(|w| !w.events.is_empty());
    assert_eq!(world.peer.heard.len(), 3, "two answers, and none to a message without commands");
    assert!(world.peer.heard[2].contains("<MsgID>3</MsgID>"));
}

/// The first request is answered with `answer`; the first session has to come about all the same.
fn survives(answer: Result<HttpReply, TransportError>) -> World {
    let mut peer = Peer::default().session(1, &[&hold("X")]).session(2, &[&write("A")]);
    peer.instead.insert(1, answer);
    let mut world = World::new("X", peer);
    world.until(|w| w.management.tree().find(&policy("A")).is_some());
    assert!(world.events.is_empty() || world.peer.heard.len() > 1);
    world
}

#[test]
fn a_body_that_is_no_syncml() {
    for body in ["", "   ", "Bad Request", "<html><body>no</body></html>", "{\"a\":1}", "\u{feff}<SyncML/>"] {
        let world = survives(ok(XML, body));
        assert!(world.failed_checks().contains(&"syncml-parse"), "{body:?}");
    }
}

#[test]
fn a_message_that_breaks_off() {
    let whole = syncml("1", "1", "D", &write("A"));
    let world = survives(ok(XML, &whole.as_bytes()[..whole.len() - 20]));
    assert!(world.failed_checks().contains(&"syncml-parse"));
}

#[test]
fn wbxml_is_not_spoken() {
    let world = survives(ok("application/vnd.syncml.dm+wbxml", &b"\x02\xa4\x01"[..]));
    assert!(world.failed_checks().contains(&"syncml-content-type"));
}

#[test]
fn another_content_type_is_told_and_lived_with() {
    let mut peer = Peer::default();
    peer.instead.insert(1, ok("text/xml", syncml("1", "1", "00112233445566778899AABBCCDDEEFF", &write("A"))));
    let mut world = World::new("X", peer);
    world.until(|w| w.management.tree().find(&policy("A")).is_some() && w.peer.heard.len() > 1);
    assert!(world.failed_checks().contains(&"syncml-content-type"));
    assert_eq!(world.peer.heard[1].matches("<MsgID>2</MsgID>").count(), 1);
}

#[test]
fn wrong_references_are_told_and_lived_with() {
    let status = "<Status><CmdID>1</CmdID><MsgRef>7</MsgRef><CmdRef>99</CmdRef><Cmd>Alert</Cmd><Data>200</Data></Status>";
    let mut peer = Peer::default();
    peer.instead.insert(1, ok(XML, syncml("42", "9", "someone else", &(status.to_owned() + &write("A")))));
    let mut world = World::new("X", peer);
    world.until(|w| w.management.tree().find(&policy("A")).is_some() && w.peer.heard.len() > 1);
    for check in ["syncml-session-id", "syncml-target", "syncml-msg-ref", "syncml-cmd-ref", "syncml-answered"]
    {
        assert!(world.failed_checks().contains(&check), "{check}");
    }
    // What the device answers refers to the number that the server used.
    assert_eq!(between(&world.peer.heard[1], "<MsgRef>", "</MsgRef>"), "9");
}

#[test]
fn a_header_status_of_401_ends_the_session() {
    let status = "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>401</Data></Status>";
    let world = survives(ok(XML, syncml("1", "1", "D", status)));
    assert!(world.failed_checks().contains(&"syncml-header-status"));
}

#[test]
fn http_errors_and_silence_are_tried_again() {
    for status in [401, 403, 404, 500, 503] {
        survives(Ok(HttpReply { status, headers: Vec::new(), body: Vec::new() }));
    }
    for error in [
        TransportError::TimedOut,
        TransportError::Refused,
        TransportError::Malformed,
        TransportError::BodyTooLarge,
    ] {
        survives(Err(error));
    }
}

#[test]
fn too_many_requests_are_waited_out_as_long_as_the_server_says() {
    let headers = vec![("retry-after".to_owned(), "90".to_owned())];
    let mut peer = Peer::default();
    peer.instead.insert(1, Ok(HttpReply { status: 429, headers, body: Vec::new() }));
    let mut world = World::new("X", peer);
    world.step();
    assert_eq!(world.timers[&Timer::Retry(Slot::Session)].as_millis(), 90_000);
}

#[test]
fn tries_come_later_and_later() {
    let mut peer = Peer::default();
    for n in 1..=5 {
        peer.instead.insert(n, Err(TransportError::Refused));
    }
    let mut world = World::new("X", peer);
    let mut at = Vec::new();
    while world.events.is_empty() {
        let before = world.peer.heard.len();
        world.step();
        if world.peer.heard.len() > before {
            at.push(world.now.as_millis() / 1_000);
        }
    }
    assert_eq!(at[..6], [0, 30, 90, 210, 330, 450], "doubled up to MAXBACKOFFTIME");
}

#[test]
fn a_server_that_never_ends_is_let_go() {
    let mut peer = Peer::default();
    peer.sessions.insert(1, (0..500).map(|_| write("A")).collect());
    let mut world = World::new("X", peer);
    world.until(|w| w.failed_checks().contains(&"syncml-session-length"));
    assert_eq!(world.peer.heard.len(), 200);
}

#[test]
fn a_message_without_final_is_asked_for_its_rest() {
    let text = syncml("1", "1", "D", &write("A")).replace("<Final/>", "");
    let mut peer = Peer::default().session(1, &[&write("B"), &write("C")]);
    peer.instead.insert(1, ok(XML, text));
    let mut world = World::new("X", peer);
    world.until(|w| w.peer.heard.len() >= 2);
    assert!(world.peer.heard[1].contains("<Data>1222</Data>"));
    assert!(world.failed_checks().contains(&"syncml-final"));
}

#[test]
fn the_schedule_of_the_server_counts() {
    let poll = "./Vendor/MSFT/DMClient/Provider/X/Poll";
    let batch = [
        cmd(60, "Replace", &format!("{poll}/NumberOfFirstRetries"), "int", "2"),
        cmd(61, "Replace", &format!("{poll}/IntervalForFirstSetOfRetries"), "int", "3"),
        cmd(62, "Replace", &format!("{poll}/NumberOfSecondRetries"), "int", "1"),
        cmd(63, "Replace", &format!("{poll}/IntervalForSecondSetOfRetries"), "int", "15"),
        cmd(64, "Replace", &format!("{poll}/IntervalForRemainingScheduledRetries"), "int", "60"),
    ]
    .concat();
    let mut world = World::new("X", Peer::default().session(1, &[&batch]));
    let mut at = Vec::new();
    while at.len() < 6 {
        let before = world.peer.heard.len();
        world.step();
        let first = world.peer.heard.last().is_some_and(|m| m.contains("<MsgID>1</MsgID>"));
        if world.peer.heard.len() > before && first {
            at.push(world.now.as_millis() / 60_000);
        }
    }
    assert_eq!(at, [0, 3, 6, 21, 81, 141]);
}

#[test]
fn session_ids_turn_hexadecimal_with_version_2() {
    let version =
        cmd(60, "Replace", "./Vendor/MSFT/DMClient/Provider/X/SyncApplicationVersion", "chr", "4.0");
    let mut world = World::new("X", Peer::default().session(1, &[&(hold("X") + &version)]));
    world.until(|w| w.peer.heard.last().is_some_and(|m| m.contains("<SessionID>A</SessionID>")));
}

#[test]
fn a_large_object_comes_in_parts() {
    let part = |data: &str, more: bool| {
        let uri = "./Vendor/MSFT/Policy/Config/Browser/A";
        let more = if more { "<MoreData/>" } else { "" };
        format!(
            "<Replace><CmdID>50</CmdID><Item><Target><LocURI>{uri}</LocURI></Target><Data>{data}</Data>{more}</Item></Replace>"
        )
    };
    let mut world = World::new(
        "X",
        Peer::default().session(1, &[&part("one ", true), &part("two ", true), &part("three", false)]),
    );
    world.until(|w| !w.events.is_empty());
    assert_eq!(world.management.tree().read(&policy("A")), Some("one two three"));
    assert!(world.peer.heard[1].contains("<Data>213</Data>"));
}
