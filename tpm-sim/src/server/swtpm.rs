//! The protocol of swtpm: commands and responses as they are on one port, and a control channel.
//!
//! A control request is a number of four bytes and what belongs to it, a reply begins with a result of four bytes, 0 for
//! success. All numbers have their most significant byte first. Requests that are unknown are answered with
//! TPM_BAD_ORDINAL and end the connection, since nothing says where the next one begins.

use std::io::{self, ErrorKind, Read, Write};

use super::Host;
use super::frame::{self, Announced, read_announced, read_u8, read_u32, read_u32_or_end, send};
use crate::Rc;

/// Requests of the control channel, and the bits of those in the answer to the first of them.
mod request {
    pub(super) const GET_CAPABILITY: u32 = 1;
    pub(super) const INIT: u32 = 2;
    pub(super) const SHUTDOWN: u32 = 3;
    pub(super) const GET_TPMESTABLISHED: u32 = 4;
    pub(super) const SET_LOCALITY: u32 = 5;
    pub(super) const HASH_START: u32 = 6;
    pub(super) const HASH_DATA: u32 = 7;
    pub(super) const HASH_END: u32 = 8;
    pub(super) const CANCEL_TPM_CMD: u32 = 9;
    pub(super) const STORE_VOLATILE: u32 = 10;
    pub(super) const RESET_TPMESTABLISHED: u32 = 11;
    pub(super) const GET_STATEBLOB: u32 = 12;
    pub(super) const SET_STATEBLOB: u32 = 13;
    pub(super) const STOP: u32 = 14;
    pub(super) const GET_CONFIG: u32 = 15;
    pub(super) const SET_BUFFERSIZE: u32 = 17;
    pub(super) const GET_INFO: u32 = 18;

    /// Bit *n* - 1 for request *n*: 1 to 15, without the descriptor that can't be passed over TCP (16), and 17 and 18, which
    /// have the bits 13 and 14.
    pub(super) const CAPABILITIES: u32 = 0x0fff | 1 << 13 | 1 << 14;
}

/// Results.
mod result {
    pub(super) const OK: [u8; 4] = [0; 4];
    pub(super) const BAD_PARAMETER: [u8; 4] = [0, 0, 0, 3];
    pub(super) const FAIL: [u8; 4] = [0, 0, 0, 9];
    pub(super) const BAD_ORDINAL: [u8; 4] = [0, 0, 0, 10];
    pub(super) const BAD_LOCALITY: [u8; 4] = [0, 0, 0, 61];
}

/// INIT: the volatile state that was put aside is deleted once it has been read.
const INIT_DELETE_VOLATILE: u32 = 1;
/// State blobs.
const BLOB_PERMANENT: u32 = 1;
const BLOB_VOLATILE: u32 = 2;
const BLOB_SAVED: u32 = 3;
/// Most bytes of a state blob that a client may bring.
const MOST_STATE: usize = 1 << 20;
/// Most bytes of one measurement.
const MOST_DATA: usize = 64 * 1024;
/// What GET_INFO tells.
const INFO: &str = concat!(
    r#"{"TPMSpecification":{"family":"2.0","level":0,"revision":159},"TPMAttributes":{"version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}}"#
);

/// Serves one connection to the data port, until the client ends it.
pub fn data(stream: &mut (impl Read + Write), host: &Host) -> io::Result<()> {
    while let Some(response) = next_response(stream, host)? {
        send(stream, &[&response])?;
        // The size can't be trusted, so there is no next command to be found in the stream.
        if response == frame::response_code(Rc::COMMAND_SIZE) {
            break;
        }
    }
    Ok(())
}

/// Serves one connection to the data port and then ends the server, unless the client only looked whether somebody is there.
pub fn data_once(stream: &mut (impl Read + Write), host: &Host) -> io::Result<()> {
    let Some(first) = next_response(stream, host)? else { return Ok(()) };
    let served = send(stream, &[&first]).and_then(|()| data(stream, host));
    host.stop();
    served
}

/// The response to the next command; `None` when the client closes the connection, or there is nobody to answer.
fn next_response(stream: &mut impl Read, host: &Host) -> io::Result<Option<Vec<u8>>> {
    let mut header = [0; frame::HEADER];
    loop {
        match stream.read(&mut header) {
            Ok(0) => return Ok(None),
            Ok(count) => {
                stream.read_exact(&mut header[count..])?;
                break;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let size = u32::from_be_bytes(header[2..6].try_into().expect("four bytes of ten"));
    let Some(rest) = (size as usize).checked_sub(frame::HEADER).and_then(|rest| u32::try_from(rest).ok())
    else {
        return Ok(Some(frame::response_code(Rc::COMMAND_SIZE).to_vec()));
    };
    let Announced::Whole(rest) = read_announced(stream, rest, frame::MAX_COMMAND - frame::HEADER)? else {
        return Ok(Some(frame::response_code(Rc::COMMAND_SIZE).to_vec()));
    };
    let command = [&header[..], &rest].concat();
    // The data port exists without power; what answers there then is the platform's bus, which fails.
    Ok(Some(host.execute(None, &command).unwrap_or_else(|| frame::response_code(Rc::FAILURE).to_vec())))
}

/// Serves one connection to the control channel, until the client ends it.
pub fn control(stream: &mut (impl Read + Write), host: &Host) -> io::Result<()> {
    while let Some(code) = read_u32_or_end(stream)? {
        let reply = match code {
            request::GET_CAPABILITY => [result::OK, request::CAPABILITIES.to_be_bytes()].concat(),
            request::INIT => {
                let flags = read_u32(stream)?;
                outcome(matches!(host.resume(flags & INIT_DELETE_VOLATILE != 0), Ok(true)))
            }
            request::SHUTDOWN => {
                send(stream, &[&result::OK])?;
                host.stop();
                return Ok(());
            }
            // The bit, and three bytes that fill up the structure.
            request::GET_TPMESTABLISHED => [result::OK, [u8::from(host.is_established()), 0, 0, 0]].concat(),
            request::SET_LOCALITY => match read_u8(stream)? {
                locality @ 0..=4 => {
                    host.set_locality(locality);
                    result::OK.to_vec()
                }
                _ => result::BAD_LOCALITY.to_vec(),
            },
            request::RESET_TPMESTABLISHED => match read_u8(stream)? {
                3 | 4 => {
                    host.reset_established();
                    result::OK.to_vec()
                }
                _ => result::BAD_LOCALITY.to_vec(),
            },
            request::HASH_START => running(host, Host::hash_start),
            request::HASH_DATA => {
                let length = read_u32(stream)?;
                let Announced::Whole(data) = read_announced(stream, length, MOST_DATA)? else {
                    return send(stream, &[&result::BAD_PARAMETER]);
                };
                running(host, |host| host.hash_data(&data))
            }
            request::HASH_END => running(host, Host::hash_end),
            // Commands are over before a cancellation could reach them.
            request::CANCEL_TPM_CMD => result::OK.to_vec(),
            request::STORE_VOLATILE => outcome(matches!(host.store_volatile(), Ok(true))),
            request::STOP => {
                host.halt();
                result::OK.to_vec()
            }
            // No encryption of the state, so no keys of it.
            request::GET_CONFIG => [result::OK, [0; 4]].concat(),
            request::SET_BUFFERSIZE => {
                let _wanted = read_u32(stream)?;
                let size = u32::try_from(frame::MAX_COMMAND).expect("a few kilobytes").to_be_bytes();
                [result::OK, size, size, size].concat()
            }
            request::GET_INFO => info(stream)?,
            request::GET_STATEBLOB => state_blob(stream, host)?,
            request::SET_STATEBLOB => match set_state_blob(stream, host)? {
                Some(reply) => reply,
                None => return send(stream, &[&result::BAD_PARAMETER]),
            },
            _ => return send(stream, &[&result::BAD_ORDINAL]),
        };
        send(stream, &[&reply])?;
    }
    Ok(())
}

fn outcome(success: bool) -> Vec<u8> {
    if success { result::OK.to_vec() } else { result::FAIL.to_vec() }
}

/// What only a TPM that runs can do.
fn running(host: &Host, act: impl FnOnce(&Host)) -> Vec<u8> {
    if !host.is_running() {
        return result::BAD_ORDINAL.to_vec();
    }
    act(host);
    result::OK.to_vec()
}

/// Request: flags (8 bytes), offset, padding. Reply: result, length in all, length here, text.
fn info(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let _flags = (read_u32(stream)?, read_u32(stream)?);
    let offset = read_u32(stream)? as usize;
    let _padding = read_u32(stream)?;
    // With its zero, as C has it.
    let text = [INFO.as_bytes(), &[0]].concat();
    let Some(rest) = text.get(offset..) else { return Ok(result::BAD_PARAMETER.to_vec()) };
    Ok([&result::OK[..], &length(text.len()), &length(rest.len()), rest].concat())
}

/// Request: flags, kind, offset. Reply: result, flags, length in all, length here, bytes.
fn state_blob(stream: &mut impl Read, host: &Host) -> io::Result<Vec<u8>> {
    let _flags = read_u32(stream)?;
    let kind = read_u32(stream)?;
    let offset = read_u32(stream)? as usize;
    let blob = match kind {
        BLOB_PERMANENT => host.save(true),
        BLOB_VOLATILE => host.save(false),
        // What TPM2_Shutdown(STATE) saved is part of the permanent state.
        BLOB_SAVED => Vec::new(),
        _ => return Ok([result::BAD_PARAMETER, [0; 4], [0; 4], [0; 4]].concat()),
    };
    let rest = blob.get(offset..).unwrap_or_default();
    Ok([&result::OK[..], &[0; 4], &length(blob.len()), &length(rest.len()), rest].concat())
}

/// Request: flags, kind, length, bytes. A blob may come in several requests, each with the bytes that follow; INIT puts it in
/// force. `None` when a length is beyond all reason.
fn set_state_blob(stream: &mut impl Read, host: &Host) -> io::Result<Option<Vec<u8>>> {
    let _flags = read_u32(stream)?;
    let kind = read_u32(stream)?;
    let announced = read_u32(stream)?;
    let Announced::Whole(bytes) = read_announced(stream, announced, MOST_STATE)? else { return Ok(None) };
    if host.is_running() {
        // Only a TPM that has been stopped can become another.
        return Ok(Some(result::BAD_ORDINAL.to_vec()));
    }
    match kind {
        BLOB_PERMANENT | BLOB_VOLATILE => {
            Ok(host.bring(kind == BLOB_PERMANENT, &bytes, MOST_STATE).then(|| result::OK.to_vec()))
        }
        BLOB_SAVED => Ok(Some(outcome(bytes.is_empty()))),
        _ => Ok(Some(result::BAD_PARAMETER.to_vec())),
    }
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).expect("state and texts are below a megabyte").to_be_bytes()
}
