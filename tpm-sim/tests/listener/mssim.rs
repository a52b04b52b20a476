//! The reference simulator's protocol.

use std::io::Write;

use tpm_sim::server::{Protocol, Readiness};

use crate::client::{
    RANDOM, READ_CLOCK, Running, STARTUP, code, extend, mssim, pcr, read, read_u32, rest, signal,
};

fn off() -> Running {
    Running::new(Protocol::Mssim, Readiness::Off, None)
}

fn started() -> Running {
    Running::new(Protocol::Mssim, Readiness::Started, None)
}

#[test]
fn power_and_reset_are_signals_of_the_platform() {
    let server = off();
    let (mut data, mut platform) = (server.data(), server.control());
    assert_eq!(mssim(&mut data, 0, &STARTUP), [], "a TPM without power says nothing");
    signal(&mut platform, 1);
    signal(&mut platform, 11);
    assert_eq!(code(&mssim(&mut data, 0, &RANDOM)), 0x100);
    assert_eq!(code(&mssim(&mut data, 0, &STARTUP)), 0);
    signal(&mut platform, 1);
    assert_eq!(code(&mssim(&mut data, 0, &RANDOM)), 0, "power that is on stays on");
    assert_eq!(code(&mssim(&mut data, 0, &extend(16, 7))), 0);
    signal(&mut platform, 17);
    assert_eq!(code(&mssim(&mut data, 0, &RANDOM)), 0x100, "reset");
    assert_eq!(code(&mssim(&mut data, 0, &STARTUP)), 0);
    assert_eq!(pcr(16, |command| mssim(&mut data, 0, command)), [0; 32]);
    signal(&mut platform, 2);
    assert_eq!(mssim(&mut data, 0, &RANDOM), []);
}

#[test]
fn a_command_carries_its_locality() {
    let server = started();
    let mut data = server.data();
    assert_eq!(code(&mssim(&mut data, 0, &extend(18, 1))), 0x907);
    assert_eq!(code(&mssim(&mut data, 3, &extend(18, 1))), 0);
    assert_eq!(code(&mssim(&mut data, 0, &extend(18, 1))), 0x907);
}

#[test]
fn a_launch_is_measured_on_either_port() {
    let server = started();
    let (mut data, mut platform) = (server.data(), server.control());
    let mut values = Vec::new();
    for stream in [server.data(), server.control()] {
        let mut stream = stream;
        signal(&mut stream, 5);
        stream.write_all(&[&6u32.to_be_bytes()[..], &3u32.to_be_bytes(), b"abc"].concat()).unwrap();
        assert_eq!(read_u32(&mut stream), 0);
        signal(&mut stream, 7);
        values.push(pcr(17, |command| mssim(&mut data, 0, command)));
    }
    assert_eq!(values[0], values[1]);
    assert_ne!(values[0], [0xff; 32]);
    signal(&mut platform, 2);
}

#[test]
fn handshake_and_the_smaller_requests() {
    let server = started();
    let (mut data, mut platform) = (server.data(), server.control());
    data.write_all(&[15u32.to_be_bytes(), 1u32.to_be_bytes()].concat()).unwrap();
    assert_eq!(read(&mut data, 12), [0, 0, 0, 1, 0, 0, 0, 13, 0, 0, 0, 0]);
    data.write_all(&[16u32.to_be_bytes(), 7u32.to_be_bytes()].concat()).unwrap();
    assert_eq!(read_u32(&mut data), 0);
    for code in [3, 4, 9, 10, 11, 12, 13, 14] {
        signal(&mut platform, code);
    }
    platform.write_all(&25u32.to_be_bytes()).unwrap();
    assert_eq!(read(&mut platform, 12), [0, 0, 0x10, 0, 0, 0, 0x10, 0, 0, 0, 0, 0]);
    platform.write_all(&[26u32.to_be_bytes(), 0x4000_0110u32.to_be_bytes()].concat()).unwrap();
    assert_eq!(read(&mut platform, 8), [0; 8]);
    signal(&mut platform, 30);
    assert_eq!(code(&mssim(&mut data, 0, &RANDOM)), 0x101, "failure mode");
    let test_result = mssim(&mut data, 0, &[0x80, 1, 0, 0, 0, 10, 0, 0, 1, 0x7c]);
    assert_eq!(test_result[6..], [0, 0, 0, 0, 0, 0, 0, 0, 1, 1], "TPM_RC_FAILURE is the result");
    let maker =
        mssim(&mut data, 0, &[0x80, 1, 0, 0, 0, 22, 0, 0, 1, 0x7a, 0, 0, 0, 6, 0, 0, 1, 5, 0, 0, 0, 1]);
    assert_eq!(maker[6..23], [0, 0, 0, 0, 1, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 1, 5]);
    signal(&mut platform, 17);
    assert_eq!(code(&mssim(&mut data, 0, &STARTUP)), 0, "until it is initialised");
    data.write_all(&20u32.to_be_bytes()).unwrap();
    assert_eq!(rest(&mut data), []);
}

#[test]
fn frames_that_are_too_large_are_refused_by_code() {
    let server = started();
    let mut data = server.data();
    let mut large = vec![0; 5000];
    large[..10].copy_from_slice(&[0x80, 1, 0, 0, 0x13, 0x88, 0, 0, 1, 0x7b]);
    assert_eq!(code(&mssim(&mut data, 0, &large)), 0x142, "more than a TPM takes");
    assert_eq!(code(&mssim(&mut data, 0, &RANDOM)), 0, "the connection goes on");
    assert_eq!(code(&mssim(&mut data, 0, &RANDOM[..11])), 0x142, "less than its header says");

    // Four gigabytes are announced: an answer, and the end of the connection.
    data.write_all(&[&8u32.to_be_bytes()[..], &[0], &[0xff; 4]].concat()).unwrap();
    let answer = rest(&mut data);
    assert_eq!((answer.len(), code(&answer[4..])), (18, 0x142));
    assert_eq!(code(&mssim(&mut server.data(), 0, &RANDOM)), 0);
}

#[test]
fn clients_that_vanish_or_talk_nonsense_end_only_themselves() {
    let server = started();
    // In the middle of a command, of a length, of a number; and with an answer on its way.
    for end in [1, 3, 4, 5, 7, 9, 12, 20] {
        let mut stream = server.data();
        let whole = [&8u32.to_be_bytes()[..], &[0], &12u32.to_be_bytes(), &RANDOM].concat();
        stream.write_all(&whole[..end]).unwrap();
        drop(stream);
    }
    let mut stream = server.data();
    stream.write_all(&[&8u32.to_be_bytes()[..], &[0], &12u32.to_be_bytes(), &RANDOM].concat()).unwrap();
    drop(stream);
    for nonsense in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 64], &[0; 64]] {
        for mut stream in [server.data(), server.control()] {
            stream.write_all(nonsense).unwrap();
            assert_eq!(rest(&mut stream), [], "{nonsense:?}");
        }
    }
    let mut platform = server.control();
    platform.write_all(&[&6u32.to_be_bytes()[..], &[0xff; 4]].concat()).unwrap();
    assert_eq!(rest(&mut platform), []);
    assert_eq!(code(&mssim(&mut server.data(), 0, &RANDOM)), 0);
}

#[test]
fn clients_share_the_tpm() {
    let server = started();
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = server.data();
            std::thread::spawn(move || {
                for _ in 0..20 {
                    assert_eq!(code(&mssim(&mut stream, 0, &extend(16, 1))), 0);
                }
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    let mut data = server.data();
    let together = pcr(16, |command| mssim(&mut data, 0, command));
    let alone = started();
    let mut data = alone.data();
    for _ in 0..160 {
        mssim(&mut data, 0, &extend(16, 1));
    }
    assert_eq!(pcr(16, |command| mssim(&mut data, 0, command)), together);
}

#[test]
fn the_clock_is_the_walls() {
    let server = started();
    let mut data = server.data();
    let mut clock = || {
        let response = mssim(&mut data, 0, &READ_CLOCK);
        u64::from_be_bytes(response[10..18].try_into().unwrap())
    };
    let before = clock();
    std::thread::sleep(std::time::Duration::from_millis(60));
    let passed = clock() - before;
    assert!((50..10_000).contains(&passed), "{passed} ms");
}

#[test]
fn stop_ends_the_server() {
    for on_platform in [false, true] {
        let server = started();
        // Somebody who only waits doesn't hold it up.
        let mut waiting = server.data();
        assert_eq!(code(&mssim(&mut waiting, 0, &RANDOM)), 0);
        let mut stream = if on_platform { server.control() } else { server.data() };
        stream.write_all(&21u32.to_be_bytes()).unwrap();
        server.join();
        assert_eq!(rest(&mut waiting), []);
    }
}
