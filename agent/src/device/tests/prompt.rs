//! The command prompt of OOBE: a clock that is off, and the command that sets it.

use oobe_wire::ntp::Packet;
use oobe_wire::time::Utc;

use super::*;
use crate::dialogue::clock;
use crate::io::HttpReply;
use crate::testing::EPOCH;

/// The cloud, and a time service that knows the time and has `say` change its answers.
fn service(say: impl Fn(Packet) -> Packet + 'static) -> impl FnMut(&HttpRequest) -> Heard {
    move |request| {
        if !request.url.starts_with("udp://time.windows.com:123") {
            return whole(request);
        }
        let question = Packet::parse(&request.body).expect("a client's packet");
        // Its clock is right: ahead of the device's by what that one is slow.
        let right = question.transmit + (1_200 << 32);
        let answer = Packet { receive: right, transmit: right, ..Packet::answer(&question, EPOCH) };
        let answer = say(answer);
        Ok(HttpReply { status: 200, headers: Vec::new(), body: answer.encode().to_vec() })
    }
}

/// A device whose clock is 20 minutes slow, on its first page.
fn slow(say: impl Fn(Packet) -> Packet + 'static) -> Pc {
    let mut pc = Pc::new(ScriptedTpm::sound(), service(say));
    pc.until(|stage| stage == Stage::Probing);
    pc.input(Input::Struck(crate::io::Fault::ClockSet { skew_ms: -1_200_000 }));
    pc
}

fn types(pc: &mut Pc, line: &str) {
    pc.input(Input::Acted(Act::Command { line: line.to_owned() }));
}

fn off_by_ms(pc: &Pc) -> i64 {
    let right = EPOCH.plus_ms(i64::try_from(pc.now.as_millis()).unwrap());
    let Utc(shown) = pc.device.clock().utc(pc.now);
    shown - right.0
}

#[test]
fn resync_sets_the_clock() {
    let mut pc = slow(|packet| packet);
    types(&mut pc, " W32TM  /resync /force ");
    while off_by_ms(&pc) < -1_000_000 {
        pc.next();
    }
    // What is left is what the way took.
    assert!(off_by_ms(&pc).abs() < 2_000, "{}", off_by_ms(&pc));
}

#[test]
fn device_refuses_time_reply() {
    let mut pc = slow(|packet| Packet { originate: packet.originate ^ 1, ..packet });
    types(&mut pc, clock::COMMAND);
    let refused = |pc: &Pc| {
        pc.effects.iter().any(
            |e| matches!(e, Effect::Note(Note::Checked { check, failed: Some(_) }) if check == "time-reply"),
        )
    };
    while !refused(&pc) {
        pc.next();
    }
    assert_eq!(off_by_ms(&pc), -1_200_000);
}

#[test]
fn no_prompt_opens_at_the_sign_on_screen() {
    let mut pc = Pc::new(ScriptedTpm::sound(), whole);
    pc.reach_sign_on();
    let boots = pc.device.disk().boots;
    types(&mut pc, "shutdown /r /t 0");
    assert_eq!((pc.stage(), pc.device.disk().boots), (Stage::SignOn(SignOnFor::FirstUser), boots));
}

#[test]
fn shutdown_restarts_and_other_lines_do_nothing() {
    let mut pc = slow(|packet| packet);
    let boots = pc.device.disk().boots;
    types(&mut pc, "format c:");
    assert_eq!(pc.device.disk().boots, boots);
    types(&mut pc, "shutdown /r /t 0");
    pc.until(|stage| stage == Stage::Probing);
    assert_eq!(pc.device.disk().boots, boots + 1);
}
