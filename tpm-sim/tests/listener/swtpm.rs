//! swtpm's protocol.

use std::io::Write;
use std::net::TcpStream;

use tpm_sim::server::{Protocol, Readiness};

use crate::client::{OWN, RANDOM, Running, STARTUP, code, extend, pcr, raw, read, rest};

fn on() -> Running {
    Running::new(Protocol::Swtpm, Readiness::On, None)
}

fn started() -> Running {
    Running::new(Protocol::Swtpm, Readiness::Started, None)
}

/// A control request; a reply of `length` bytes.
fn ask(stream: &mut TcpStream, request: u32, body: &[u8], length: usize) -> Vec<u8> {
    stream.write_all(&[&request.to_be_bytes()[..], body].concat()).unwrap();
    read(stream, length)
}

const OK: [u8; 4] = [0; 4];

/// Kinds of state blobs: what outlives a loss of power, and all of it.
const PERMANENT: u8 = 1;
const VOLATILE: u8 = 2;

fn get_blob(control: &mut TcpStream, kind: u8) -> Vec<u8> {
    let reply = ask(control, 12, &[0, 0, 0, 0, 0, 0, 0, kind, 0, 0, 0, 0], 16);
    let length = u32::from_be_bytes(reply[12..].try_into().unwrap()) as usize;
    read(control, length)
}

fn set_blob(control: &mut TcpStream, kind: u8, blob: &[u8]) -> Vec<u8> {
    let length = u32::try_from(blob.len()).unwrap().to_be_bytes();
    ask(control, 13, &[&[0, 0, 0, 0, 0, 0, 0, kind], &length[..], blob].concat(), 4)
}

#[test]
fn commands_are_raw() {
    let server = on();
    let mut data = server.data();
    assert_eq!(code(&raw(&mut data, &RANDOM)), 0x100);
    assert_eq!(code(&raw(&mut data, &STARTUP)), 0);
    // In pieces, and two at once.
    for byte in RANDOM {
        data.write_all(&[byte]).unwrap();
    }
    assert_eq!(read(&mut data, 20)[..6], [0x80, 1, 0, 0, 0, 20]);
    data.write_all(&[RANDOM, RANDOM].concat()).unwrap();
    let two = read(&mut data, 40);
    assert_ne!(two[12..20], two[32..40]);
}

#[test]
fn sizes_that_can_not_be_are_answered_and_end_the_connection() {
    let server = started();
    for size in [0u32, 9, 4097, u32::MAX] {
        let mut data = server.data();
        let mut command = RANDOM;
        command[2..6].copy_from_slice(&size.to_be_bytes());
        data.write_all(&command[..10]).unwrap();
        assert_eq!(code(&rest(&mut data)), 0x142, "size {size}");
    }
    for end in [1, 9, 11] {
        let mut data = server.data();
        data.write_all(&RANDOM[..end]).unwrap();
        drop(data);
    }
    let mut data = server.data();
    data.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(code(&rest(&mut data)), 0x142);
    assert_eq!(code(&raw(&mut server.data(), &RANDOM)), 0);
}

#[test]
fn localities_are_set_on_the_control_channel() {
    let server = started();
    let (mut data, mut control) = (server.data(), server.control());
    assert_eq!(code(&raw(&mut data, &extend(18, 1))), 0x907);
    assert_eq!(ask(&mut control, 5, &[3], 4), OK);
    assert_eq!(code(&raw(&mut data, &extend(18, 1))), 0);
    assert_eq!(ask(&mut control, 5, &[5], 4), [0, 0, 0, 61]);
    assert_eq!(code(&raw(&mut data, &extend(18, 1))), 0, "a locality that there isn't changes nothing");
}

#[test]
fn control_requests_answer_in_their_forms() {
    let server = started();
    let mut control = server.control();
    assert_eq!(ask(&mut control, 1, &[], 8), [0, 0, 0, 0, 0, 0, 0x6f, 0xff]);
    assert_eq!(ask(&mut control, 4, &[], 8), [0; 8]);
    assert_eq!(ask(&mut control, 15, &[], 8), [0; 8]);
    assert_eq!(ask(&mut control, 9, &[], 4), OK);
    assert_eq!(ask(&mut control, 10, &[], 4), [0, 0, 0, 9], "nowhere to put it");
    assert_eq!(ask(&mut control, 17, &[0; 4], 16)[..8], [0, 0, 0, 0, 0, 0, 0x10, 0]);
    let info = ask(&mut control, 18, &[0; 16], 12);
    let length = u32::from_be_bytes(info[8..].try_into().unwrap()) as usize;
    assert_eq!(info[4..8], info[8..12]);
    let text = String::from_utf8(read(&mut control, length)).unwrap();
    assert!(text.starts_with("{\"TPMSpecification\"") && text.ends_with("}\0"), "{text}");
    assert_eq!(ask(&mut control, 99, &[], 4), [0, 0, 0, 10]);
    assert_eq!(rest(&mut control), []);
}

#[test]
fn a_launch_is_measured_and_established() {
    let server = started();
    let (mut data, mut control) = (server.data(), server.control());
    assert_eq!(ask(&mut control, 6, &[], 4), OK);
    assert_eq!(ask(&mut control, 7, &[0, 0, 0, 3, b'a', b'b', b'c'], 4), OK);
    assert_eq!(ask(&mut control, 8, &[], 4), OK);
    assert_ne!(pcr(17, |command| raw(&mut data, command)), [0xff; 32]);
    assert_eq!(ask(&mut control, 4, &[], 8)[4], 1);
    assert_eq!(ask(&mut control, 11, &[2], 4), [0, 0, 0, 61]);
    assert_eq!(ask(&mut control, 11, &[3], 4), OK);
    assert_eq!(ask(&mut control, 4, &[], 8)[4], 0);
}

#[test]
fn a_stopped_tpm_can_become_another() {
    let server = started();
    let (mut data, mut control) = (server.data(), server.control());
    assert_eq!(code(&raw(&mut data, &extend(16, 1))), 0);
    let extended = pcr(16, |command| raw(&mut data, command));
    let blobs = [PERMANENT, VOLATILE].map(|kind| get_blob(&mut control, kind));
    assert_eq!(set_blob(&mut control, PERMANENT, &blobs[0]), [0, 0, 0, 10], "not while it runs");
    assert_eq!(code(&raw(&mut data, &extend(16, 1))), 0);
    assert_eq!(ask(&mut control, 14, &[], 4), OK);
    assert_eq!(code(&raw(&mut data, &RANDOM)), 0x101);
    assert_eq!(ask(&mut control, 6, &[], 4), [0, 0, 0, 10], "no launch without a TPM");

    // In two pieces, as large blobs come.
    let (first, second) = blobs[0].split_at(100);
    assert_eq!(set_blob(&mut control, PERMANENT, first), OK);
    assert_eq!(set_blob(&mut control, PERMANENT, second), OK);
    assert_eq!(set_blob(&mut control, VOLATILE, &blobs[1]), OK);
    assert_eq!(ask(&mut control, 2, &[0; 4], 4), OK);
    assert_eq!(pcr(16, |command| raw(&mut data, command)), extended);

    assert_eq!(ask(&mut control, 14, &[], 4), OK);
    assert_eq!(set_blob(&mut control, PERMANENT, b"no TPM at all"), OK);
    assert_eq!(ask(&mut control, 2, &[0; 4], 4), [0, 0, 0, 9]);
    assert_eq!(ask(&mut control, 2, &[0; 4], 4), OK, "what was brought is forgotten");
    assert_eq!(code(&raw(&mut data, &STARTUP)), 0);
}

#[test]
fn a_tpm_that_is_brought_does_not_go_on_from_what_was_put_aside_of_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let server = Running::new(Protocol::Swtpm, Readiness::Started, Some(dir.path().to_owned()));
    let (mut data, mut control) = (server.data(), server.control());
    let without_owner = get_blob(&mut control, PERMANENT);
    assert_eq!(code(&raw(&mut data, &OWN)), 0);
    assert_eq!(ask(&mut control, 10, &[], 4), OK);
    assert_eq!(ask(&mut control, 14, &[], 4), OK);
    // Nobody has brought anything: it goes on where it was put aside.
    assert_eq!(ask(&mut control, 2, &[0; 4], 4), OK);
    assert_eq!(code(&raw(&mut data, &OWN)), 0x9a2, "the owner has a password");

    assert_eq!(ask(&mut control, 10, &[], 4), OK);
    assert_eq!(ask(&mut control, 14, &[], 4), OK);
    assert_eq!(set_blob(&mut control, PERMANENT, &without_owner), OK);
    assert_eq!(ask(&mut control, 2, &[0; 4], 4), OK);
    assert_eq!(code(&raw(&mut data, &STARTUP)), 0, "power was off");
    assert_eq!(code(&raw(&mut data, &OWN)), 0, "the owner has no password yet");
    assert!(!dir.path().join("tpm.volatile").exists());
}

#[test]
fn lengths_beyond_reason_end_the_control_channel() {
    let server = started();
    for (request, body) in [(7u32, &[0xff; 4][..]), (13, &[0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff])] {
        let mut control = server.control();
        control.write_all(&[&request.to_be_bytes()[..], body].concat()).unwrap();
        assert_eq!(rest(&mut control), [0, 0, 0, 3]);
    }
    assert_eq!(code(&raw(&mut server.data(), &RANDOM)), 0);
}

#[test]
fn shutdown_ends_the_server() {
    let server = started();
    let mut control = server.control();
    assert_eq!(ask(&mut control, 3, &[], 4), OK);
    server.join();
}
